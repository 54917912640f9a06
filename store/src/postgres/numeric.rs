//! PostgreSQL's binary `numeric`, written as decimal digits.
//!
//! The form is `numeric_send`'s: counts and sign as four 16-bit words, then digits of base 10,000,
//! the first of which stands for 10,000 to the power of the weight.

/// Sign word of a negative number; zero is positive, and the rest are NaN and the infinities.
const NEGATIVE: u16 = 0x4000;

/// Appends the number with just as many digits after the point as the database shows.
///
/// `None` for NaN, an infinity or bytes that are not a numeric; then nothing is appended.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let number = Numeric::parse(bytes)?;
    if number.sign == NEGATIVE {
        out.push(b'-');
    }
    number.write_whole(out);
    number.write_fraction(out);
    Some(())
}

struct Numeric<'a> {
    /// Pairs of bytes, each pair a digit of base 10,000.
    digits: &'a [[u8; 2]],
    weight: i16,
    sign: u16,
    /// Decimal digits shown after the point.
    scale: u16,
}

impl<'a> Numeric<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<2>();
        let [count, weight, sign, scale, digits @ ..] = words else {
            return None;
        };
        let number = Self {
            digits,
            weight: i16::from_be_bytes(*weight),
            sign: u16::from_be_bytes(*sign),
            scale: u16::from_be_bytes(*scale),
        };
        let whole = rest.is_empty() && digits.len() == usize::from(u16::from_be_bytes(*count));
        let finite = matches!(number.sign, 0 | NEGATIVE);
        let decimal = digits.iter().all(|pair| u16::from_be_bytes(*pair) < 10_000);
        (whole && finite && decimal).then_some(number)
    }

    /// The digit that stands for 10,000 to that power.
    fn digit(&self, power: i32) -> u16 {
        usize::try_from(i32::from(self.weight) - power)
            .ok()
            .and_then(|index| self.digits.get(index))
            .map_or(0, |pair| u16::from_be_bytes(*pair))
    }

    fn write_whole(&self, out: &mut Vec<u8>) {
        let first = i32::from(self.weight).max(0);
        out.extend_from_slice(itoa::Buffer::new().format(self.digit(first)).as_bytes());
        for power in (0..first).rev() {
            out.extend_from_slice(&decimal(self.digit(power)));
        }
    }

    fn write_fraction(&self, out: &mut Vec<u8>) {
        if self.scale == 0 {
            return;
        }
        out.push(b'.');
        let end = out.len() + usize::from(self.scale);
        for power in 1..=i32::from(self.scale.div_ceil(4)) {
            out.extend_from_slice(&decimal(self.digit(-power)));
        }
        out.truncate(end);
    }
}

/// The four decimal digits of a digit of base 10,000.
fn decimal(digit: u16) -> [u8; 4] {
    [digit / 1000, digit / 100 % 10, digit / 10 % 10, digit % 10]
        .map(|figure| b"0123456789"[usize::from(figure % 10)])
}

#[cfg(test)]
mod tests {
    use super::write;

    fn shown(words: &[u16]) -> Option<String> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut out = Vec::new();
        write(&bytes, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn shows_as_many_digits_as_the_scale_says() {
        assert_eq!(shown(&[0, 0, 0, 0]).unwrap(), "0");
        assert_eq!(shown(&[0, 0, 0, 3]).unwrap(), "0.000");
        assert_eq!(shown(&[2, 0, 0x4000, 2, 12, 3400]).unwrap(), "-12.34");
        assert_eq!(shown(&[1, 0xFFFF, 0, 4, 5]).unwrap(), "0.0005");
        assert_eq!(shown(&[1, 0xFFFE, 0, 9, 5]).unwrap(), "0.000000050");
        assert_eq!(shown(&[1, 2, 0, 1, 7]).unwrap(), "700000000.0");
        assert_eq!(shown(&[3, 2, 0, 0, 1, 23, 456]).unwrap(), "100230456");
    }

    #[test]
    fn refuses_what_json_cannot_hold() {
        assert_eq!(shown(&[0, 0, 0xC000, 0]), None, "NaN");
        assert_eq!(shown(&[0, 0, 0xD000, 0]), None, "infinity");
        assert_eq!(shown(&[0, 0, 0xF000, 0]), None, "minus infinity");
    }

    #[test]
    fn refuses_bytes_that_are_not_a_numeric() {
        assert_eq!(shown(&[1, 0, 0, 0, 10_000]), None, "a digit past the base");
        assert_eq!(shown(&[2, 0, 0, 0, 1]), None, "a digit missing");
        assert_eq!(shown(&[1, 0, 0, 0, 1, 1]), None, "a digit too many");
        let mut out = Vec::new();
        for length in 0..10 {
            assert_eq!(
                write(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0][..length], &mut out),
                None
            );
        }
        assert!(out.is_empty());
    }
}
