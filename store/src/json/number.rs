//! Numbers in JSON by their value, without a float on the way.

/// Most places before and behind the point; PostgreSQL has no more.
const PLACES_MAX: usize = 131_072;

/// A number: `0.digits` times ten to the power of `point`.
#[derive(Debug, PartialEq)]
pub(crate) struct Number {
    negative: bool,
    /// Without zeros at either end.
    digits: Box<[u8]>,
    point: i64,
}

impl Number {
    /// Reads a number of JSON (RFC 8259, section 6); `None` where its exponent has no bounds.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.parse().ok()?;
        let digits = [whole.as_bytes(), fraction.as_bytes()].concat();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        let trailing = digits.iter().rev().take_while(|digit| **digit == b'0');
        let end = digits.len() - trailing.count();
        let Some(kept) = digits.get(leading..end).filter(|kept| !kept.is_empty()) else {
            return Some(Self {
                negative: false,
                digits: [].into(),
                point: 0,
            });
        };
        let places = |count: usize| i64::try_from(count).ok();
        let point = places(whole.len())? - places(leading)?;
        Some(Self {
            negative: unsigned.len() < text.len(),
            digits: kept.into(),
            point: point.checked_add(exponent)?,
        })
    }

    /// Its digits without an exponent; `None` where they are too many.
    pub(crate) fn plain(&self) -> Option<String> {
        let digits = std::str::from_utf8(&self.digits).ok()?;
        let places = usize::try_from(self.point.unsigned_abs()).ok()?;
        if places > PLACES_MAX {
            return None;
        }
        let zeros = |count: usize| "0".repeat(count);
        let sign = if self.negative { "-" } else { "" };
        Some(match digits.split_at_checked(places) {
            _ if digits.is_empty() => "0".to_owned(),
            _ if self.point <= 0 => format!("{sign}0.{}{digits}", zeros(places)),
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{digits}{}", zeros(places - digits.len())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_exponent_and_nothing_else() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("1.50", "1.5"),
            ("-12", "-12"),
            ("1200", "1200"),
            ("1e3", "1000"),
            ("1.25E+1", "12.5"),
            ("125e-2", "1.25"),
            ("1e-3", "0.001"),
            ("0.10", "0.1"),
            ("0.001e2", "0.1"),
            (
                "12345678901234567890.12345678901234567890",
                "12345678901234567890.1234567890123456789",
            ),
        ] {
            assert_eq!(
                Number::read(text).unwrap().plain().unwrap(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_has_too_many_digits_is_compared_and_never_written_out() {
        let same =
            |left: &str, right: &str| Number::read(left).unwrap() == Number::read(right).unwrap();
        assert!(same("1e999999999999", "10e999999999998"));
        assert!(!same("1e999999999999", "1e999999999998"));
        assert!(Number::read("1e999999999999").unwrap().plain().is_none());
        assert!(Number::read("1e99999999999999999999").is_none());
        assert!(Number::read("1e-131072").unwrap().plain().is_some());
    }
}
