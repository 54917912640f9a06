//! Text as a JSON string: runs are copied, eight bytes are looked at together.

use crate::Error;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Writes UTF-8 as a JSON string; other bytes are an error.
pub(crate) fn text(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if !bytes.is_ascii() && std::str::from_utf8(bytes).is_err() {
        return Err(Error::Conversion("text is not valid UTF-8".into()));
    }
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut rest = bytes;
    loop {
        let run = plain(rest);
        let (copied, tail) = rest.split_at(run);
        out.extend_from_slice(copied);
        let Some((special, tail)) = tail.split_first() else {
            break;
        };
        escape(*special, out);
        rest = tail;
    }
    out.push(b'"');
    Ok(())
}

/// Writes text that is known to need no escapes, such as digits, in quotes.
pub(crate) fn ascii(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Length of the run before the first byte that must be escaped.
fn plain(bytes: &[u8]) -> usize {
    let mut words = bytes.chunks_exact(8);
    let mut passed = 0;
    for word in words.by_ref() {
        if word
            .try_into()
            .is_ok_and(|word| marked(u64::from_le_bytes(word)))
        {
            break;
        }
        passed += 8;
    }
    let tail = bytes.get(passed..).unwrap_or_default();
    let found = tail.iter().position(|byte| is_special(*byte));
    passed + found.unwrap_or(tail.len())
}

/// Whether one of eight bytes must be escaped.
///
/// The classic zero-byte test on the word, on it xor `"` and xor `\`; it may mark a byte above a
/// marked one wrongly, which does not matter, as only "some" or "none" is asked.
fn marked(word: u64) -> bool {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    (control | quote | backslash) & HIGH != 0
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(input: &[u8]) -> String {
        let mut out = Vec::new();
        text(input, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_is_written_as_serde_json_writes_it() {
        for special in (0..=0x250)
            .filter_map(char::from_u32)
            .chain(['\u{2028}', '😀'])
        {
            for length in 0..20 {
                for at in 0..=length {
                    let mut input = "x".repeat(length);
                    input.insert(at, special);
                    let expected = serde_json::to_string(&input).unwrap();
                    assert_eq!(written(input.as_bytes()), expected);
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error() {
        assert!(text(b"abc\xff", &mut Vec::new()).is_err());
        assert!(text(b"\xed\xa0\x80", &mut Vec::new()).is_err());
    }
}
