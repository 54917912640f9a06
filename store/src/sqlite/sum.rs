//! The aggregates `fragaria_decimal_sum` and `fragaria_decimal_avg`: exact sums of any length.

use super::decimal::{Decimal, with_digits_of};
use super::functions;
use crate::json::NOT_FINITE;
use bigdecimal::num_bigint::{BigInt, BigUint, Sign};
use bigdecimal::{BigDecimal, Zero as _};
use rusqlite::functions::{Aggregate, Context};
use rusqlite::types::ValueRef;
use rusqlite::{Error, Result};
use std::str::FromStr as _;

/// Digits after the point of an average, as PostgreSQL's `round(avg(x), 6)` has.
const AVERAGE_SCALE: u32 = 6;

/// What has been added up: a machine integer while it fits, digits without end beside it.
#[derive(Default)]
pub(super) struct Sum {
    units: i128,
    scale: u32,
    rest: BigDecimal,
    /// Digits after the point of the value that has most of them.
    digits: u32,
    count: u64,
}

/// `fragaria_decimal_sum(x)`: NULL over no values.
pub(super) struct Total;

/// `fragaria_decimal_avg(x)`: NULL over no values.
pub(super) struct Average;

impl Aggregate<Sum, Option<String>> for Total {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        sum.add(context.get_raw(0))
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Option<String>> {
        Ok(sum.and_then(Sum::total))
    }
}

impl Aggregate<Sum, Option<String>> for Average {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        sum.add(context.get_raw(0))
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Option<String>> {
        Ok(sum.and_then(Sum::average))
    }
}

impl Sum {
    fn add(&mut self, value: ValueRef<'_>) -> Result<()> {
        match value {
            ValueRef::Null => return Ok(()),
            ValueRef::Integer(value) => self.add_units(value.into(), 0),
            ValueRef::Text(text) => self.add_text(text)?,
            ValueRef::Real(value) if value.is_finite() => {
                with_digits_of(value, |digits| self.add_text(digits))?;
            }
            ValueRef::Real(_) => return Err(functions::out_of_range(NOT_FINITE)),
            ValueRef::Blob(_) => return Err(refusal()),
        }
        self.count += 1;
        Ok(())
    }

    fn add_text(&mut self, text: &[u8]) -> Result<()> {
        let decimal = Decimal::parse(text).ok_or_else(refusal)?;
        self.digits = self.digits.max(decimal.scale());
        if let Some((units, scale)) = decimal.units() {
            self.add_units(units, scale);
            return Ok(());
        }
        let mut digits = Vec::with_capacity(text.len() + 1);
        decimal.write(&mut digits);
        let digits = String::from_utf8_lossy(&digits);
        self.rest += BigDecimal::from_str(&digits).map_err(|_| refusal())?;
        Ok(())
    }

    fn add_units(&mut self, units: i128, scale: u32) {
        let widest = self.scale.max(scale);
        let sum = (|| {
            let own = self.units.checked_mul(power_of_ten(widest - self.scale)?)?;
            own.checked_add(units.checked_mul(power_of_ten(widest - scale)?)?)
        })();
        if let Some(sum) = sum {
            self.units = sum;
            self.scale = widest;
        } else {
            self.set_aside();
            self.units = units;
            self.scale = scale;
        }
    }

    /// Moves the machine integer over to the digits without end.
    fn set_aside(&mut self) {
        self.rest += BigDecimal::new(self.units.into(), self.scale.into());
        self.units = 0;
    }

    fn whole(mut self) -> BigDecimal {
        self.set_aside();
        self.rest
    }

    /// With all digits of its longest value, even where they are zeros.
    fn total(self) -> Option<String> {
        let digits = i64::from(self.digits);
        (self.count > 0).then(|| self.whole().with_scale(digits).to_plain_string())
    }

    /// The quotient at the fixed scale, rounded half away from zero from the exact fraction.
    fn average(self) -> Option<String> {
        let count = self.count;
        if count == 0 {
            return None;
        }
        let (units, scale) = self.whole().into_bigint_and_exponent();
        let scale = u32::try_from(scale).ok()?;
        let (sign, magnitude) = units.into_parts();
        let dividend = magnitude * BigUint::from(10_u8).pow(AVERAGE_SCALE);
        let divisor = BigUint::from(10_u8).pow(scale) * BigUint::from(count);
        let quotient = (dividend * 2_u8 + &divisor) / (divisor * 2_u8);
        let sign = if quotient.is_zero() {
            Sign::NoSign
        } else {
            sign
        };
        let rounded = BigInt::from_biguint(sign, quotient);
        Some(BigDecimal::new(rounded, AVERAGE_SCALE.into()).to_plain_string())
    }
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

fn refusal() -> Error {
    functions::refusal("what is to be added up is not a decimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[ValueRef<'_>]) -> Sum {
        let mut sum = Sum::default();
        for value in values {
            sum.add(*value).unwrap();
        }
        sum
    }

    fn texts(values: &[&'static str]) -> Sum {
        let values: Vec<_> = values
            .iter()
            .map(|text| ValueRef::Text(text.as_bytes()))
            .collect();
        sum(&values)
    }

    #[test]
    fn a_sum_of_38_digits_loses_none() {
        let nines = "99999999999999999999999999999999999999";
        let total = texts(&[nines, nines, "0.01", nines]).total();
        assert_eq!(total.unwrap(), "299999999999999999999999999999999999997.01");
        let long = "123456789012345678901234567890123456789012345678901234567890.5";
        let total = texts(&[long, "-0.5", long, "1"]).total();
        let expected = "246913578024691357802469135780246913578024691357802469135781.5";
        assert_eq!(total.unwrap(), expected);
    }

    #[test]
    fn a_sum_has_as_many_digits_as_its_longest_value() {
        for (values, total) in [
            (&["0.00"][..], "0.00"),
            (&["0", "0.0"], "0.0"),
            (&["1.5", "-1.50"], "0.00"),
            (&["-1.000", "2"], "1.000"),
            (&["100"], "100"),
        ] {
            assert_eq!(texts(values).total().unwrap(), total, "{values:?}");
        }
    }

    #[test]
    fn a_sum_takes_text_integers_and_floats_together() {
        let total = sum(&[
            ValueRef::Text(b"0.10"),
            ValueRef::Integer(2),
            ValueRef::Real(0.2),
            ValueRef::Null,
            ValueRef::Real(1e-7),
        ]);
        assert_eq!(total.total().unwrap(), "2.3000001");
    }

    #[test]
    fn no_values_have_no_sum_and_no_average() {
        assert_eq!(sum(&[ValueRef::Null]).total(), None);
        assert_eq!(sum(&[]).average(), None);
    }

    #[test]
    fn an_average_has_six_digits_rounded_half_away_from_zero() {
        assert_eq!(texts(&["1", "2"]).average().unwrap(), "1.500000");
        assert_eq!(texts(&["1", "1", "0"]).average().unwrap(), "0.666667");
        assert_eq!(texts(&["-0.000001", "0"]).average().unwrap(), "-0.000001");
        assert_eq!(texts(&["-0.0000001", "0"]).average().unwrap(), "0.000000");
        assert_eq!(texts(&["0.0000005"]).average().unwrap(), "0.000001");
    }

    #[test]
    fn what_is_not_a_decimal_is_refused() {
        for value in [
            ValueRef::Text(b"1e5"),
            ValueRef::Real(f64::INFINITY),
            ValueRef::Blob(b"1"),
        ] {
            assert!(Sum::default().add(value).is_err());
        }
    }
}
