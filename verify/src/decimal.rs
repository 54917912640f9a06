//! Decimals by the school book: an integer of units and a number of digits after the point.

use num_bigint::BigInt;
use std::cmp::Ordering;
use std::fmt;

/// A decimal that remembers its digits after the point.
#[derive(Clone, Debug)]
pub struct Decimal {
    units: BigInt,
    scale: u32,
}

impl Decimal {
    /// So many units of the last digit.
    pub fn new(units: impl Into<BigInt>, scale: u32) -> Self {
        Self {
            units: units.into(),
            scale,
        }
    }

    /// The largest number of so many digits, some of them after the point.
    pub fn largest(digits: usize, scale: u32) -> Self {
        let digits = u32::try_from(digits).expect("types have few digits");
        Self::new(power(digits) - 1, scale)
    }

    /// The digits after the point.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.units < BigInt::ZERO
    }

    /// Reads `-12.50`.
    pub fn parse(text: &str) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let units = format!("{whole}{fraction}").parse::<BigInt>();
        let scale = u32::try_from(fraction.len()).expect("texts of the test are short");
        Self::new(units.expect("texts of the test are decimals"), scale)
    }

    /// The same number with more zeros at its end.
    pub fn widened(&self, by: u32) -> Self {
        Self::new(self.at(self.scale + by), self.scale + by)
    }

    /// The sum at the larger scale.
    pub fn plus(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self::new(self.at(scale) + other.at(scale), scale)
    }

    /// The quotient with six digits after the point, rounded half away from zero.
    pub fn over(&self, count: usize) -> Self {
        const SCALE: u32 = 6;
        let dividend = &self.units * power(SCALE);
        let divisor = BigInt::from(count) * power(self.scale);
        let half = if dividend < BigInt::ZERO {
            -&divisor
        } else {
            divisor.clone()
        };
        Self::new((dividend * 2 + half) / (divisor * 2), SCALE)
    }

    fn at(&self, scale: u32) -> BigInt {
        &self.units * power(scale - self.scale)
    }
}

fn power(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.units.magnitude().to_string();
        let scale = usize::try_from(self.scale).map_err(|_| fmt::Error)?;
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.units < BigInt::ZERO { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}
