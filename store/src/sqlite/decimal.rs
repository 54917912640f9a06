//! Decimals as SQLite holds them: plain digits in text, compared and rounded without loss.

use std::cmp::Ordering;

/// A decimal taken apart; borrowed, so that comparing two of them allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: &'a [u8],
    /// Digits after the point, as they are written.
    fraction: &'a [u8],
}

impl<'a> Decimal<'a> {
    /// Reads `-12.50`, `+3`, `.5` and `5.`; an exponent, a blank or anything else is not a decimal.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        let point = digits.iter().position(|byte| *byte == b'.');
        let (whole, fraction) = match point {
            Some(point) => (digits.get(..point)?, digits.get(point + 1..)?),
            None => (digits, &[][..]),
        };
        let plain = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if whole.len() + fraction.len() == 0 || !plain(whole) || !plain(fraction) {
            return None;
        }
        Some(Self {
            negative,
            whole: strip_front(whole),
            fraction,
        })
    }

    /// The number of digits after the point.
    pub(super) fn scale(&self) -> u32 {
        u32::try_from(self.fraction.len()).unwrap_or(u32::MAX)
    }

    /// The number as an integer of units of 10^-scale, if it fits.
    pub(super) fn units(&self) -> Option<(i128, u32)> {
        let mut units = 0_i128;
        for digit in self.whole.iter().chain(self.fraction) {
            units = units
                .checked_mul(10)?
                .checked_add(i128::from(digit - b'0'))?;
        }
        Some((if self.negative { -units } else { units }, self.scale()))
    }

    /// Writes it with all its digits.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.sign(out);
        out.extend_from_slice(or_zero(self.whole));
        if !self.fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(self.fraction);
        }
    }

    /// Writes it with just `scale` digits after the point, rounding half away from zero.
    pub(super) fn write_rounded(&self, scale: usize, out: &mut Vec<u8>) {
        let start = out.len();
        self.sign(out);
        let digits = out.len();
        out.extend_from_slice(or_zero(self.whole));
        if scale > 0 {
            out.push(b'.');
        }
        let shown = self.fraction.len().min(scale);
        let (kept, cut) = self.fraction.split_at(shown);
        out.extend_from_slice(kept);
        out.resize(out.len() + scale - shown, b'0');
        if cut.first().is_some_and(|digit| *digit >= b'5') && !increment(out, digits) {
            out.insert(digits, b'1');
        }
        // A small negative number may have become zero, which has no sign.
        if digits > start
            && out
                .iter()
                .skip(digits)
                .all(|byte| matches!(byte, b'0' | b'.'))
        {
            out.remove(start);
        }
    }

    /// Whether, rounded to `scale` digits after the point, it has at most `whole` before it.
    pub(super) fn fits(&self, whole: usize, scale: usize) -> bool {
        let mut rounded = Vec::new();
        self.write_rounded(scale, &mut rounded);
        Decimal::parse(&rounded).is_some_and(|rounded| rounded.whole.len() <= whole)
    }

    fn sign(&self, out: &mut Vec<u8>) {
        if self.negative && !self.is_zero() {
            out.push(b'-');
        }
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.iter().all(|digit| *digit == b'0')
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let length = self.whole.len().cmp(&other.whole.len());
        let whole = length.then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| strip_back(self.fraction).cmp(strip_back(other.fraction)))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let below = |decimal: &Self| decimal.negative && !decimal.is_zero();
        match (below(self), below(other)) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of the collation `fragaria_decimal`: numbers by value, then all other text by bytes.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    match (Decimal::parse(left), Decimal::parse(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// Gives the shortest digits of a finite float that read back as the same float.
pub(super) fn with_digits_of<T>(value: f64, use_digits: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = ryu::Buffer::new();
    let short = buffer.format_finite(value);
    if short.contains('e') {
        return use_digits(value.to_string().as_bytes());
    }
    use_digits(short.as_bytes())
}

/// Adds one to the last digit and carries; false when the carry leaves the first digit.
fn increment(out: &mut [u8], first: usize) -> bool {
    for byte in out.iter_mut().skip(first).rev() {
        match *byte {
            b'.' => {}
            b'9' => *byte = b'0',
            _ => {
                *byte += 1;
                return true;
            }
        }
    }
    false
}

fn or_zero(digits: &[u8]) -> &[u8] {
    if digits.is_empty() { b"0" } else { digits }
}

fn strip_front(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn strip_back(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(text: &str, scale: usize) -> String {
        let mut out = b"x".to_vec();
        Decimal::parse(text.as_bytes())
            .unwrap()
            .write_rounded(scale, &mut out);
        String::from_utf8(out).unwrap().split_off(1)
    }

    #[test]
    fn numbers_order_by_value_and_not_by_their_digits() {
        let ascending = [
            "-99999999999999999999999999999999999999",
            "-10",
            "-9.5",
            "-1",
            "-0.01",
            "0",
            "0.001",
            "1",
            "9",
            "10",
            "10.5",
            "99999999999999999999999999999999999999.1",
            "99999999999999999999999999999999999999.2",
            "",
            "1e5",
            "NaN",
            "abc",
        ];
        for (left_at, left) in ascending.iter().enumerate() {
            for (right_at, right) in ascending.iter().enumerate() {
                assert_eq!(
                    compare(left, right),
                    left_at.cmp(&right_at),
                    "{left} {right}"
                );
            }
        }
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for (left, right) in [
            ("1.0", "1.00"),
            ("-0", "0.0"),
            ("+7", "007"),
            (".5", "0.50"),
        ] {
            assert_eq!(compare(left, right), Ordering::Equal, "{left} {right}");
        }
    }

    #[test]
    fn rounding_goes_half_away_from_zero_and_pads() {
        for (text, scale, expected) in [
            ("0.99", 2, "0.99"),
            ("5", 2, "5.00"),
            ("2.675", 2, "2.68"),
            ("-2.675", 2, "-2.68"),
            ("9.995", 2, "10.00"),
            ("-0.004", 2, "0.00"),
            ("0.5", 0, "1"),
            ("99.5", 0, "100"),
            ("0.30000000000000004", 2, "0.30"),
            (
                "99999999999999999999999999999999999999.95",
                1,
                "100000000000000000000000000000000000000.0",
            ),
        ] {
            assert_eq!(rounded(text, scale), expected, "{text}");
        }
    }

    #[test]
    fn floats_give_their_shortest_digits_without_an_exponent() {
        for (value, expected) in [
            (0.1, "0.1"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
        ] {
            with_digits_of(value, |digits| assert_eq!(digits, expected.as_bytes()));
        }
    }
}
