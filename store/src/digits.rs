//! Bytes as hexadecimal digits.

/// The digits in lower case.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half & 15)]);
    let digits = |byte: &u8| [digit(byte >> 4), digit(*byte)];
    bytes.iter().flat_map(digits).collect()
}
