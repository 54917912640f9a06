//! One JSON value to one database value, by scalar.

use super::temporal;
use crate::names::article;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Scalar, Value};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Longest decimal that is accepted, in digits; PostgreSQL's limit before the point.
const DECIMAL_DIGITS_MAX: usize = 1_000;

/// Largest exponent of a number in JSON, on either side; PostgreSQL writes it out in digits.
const JSON_EXPONENT_MAX: u32 = 1_000;

/// Longest value that a message shows, in characters.
const SHOWN_CHARACTERS_MAX: usize = 40;

/// A value of JSON as scalars see it: of a list and of an object nothing but that it is one.
#[derive(Debug)]
pub(crate) enum Given<'a> {
    Null,
    Boolean(bool),
    /// A number as `serde_json` keeps it: letter by letter, but for its exponent.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List,
    Object,
}

impl<'a> Given<'a> {
    /// What stands in a text that is known to be JSON: letters stay where they are, unless some of them are
    /// escaped.
    pub(crate) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        let text = text.trim_ascii();
        Ok(match text.as_bytes() {
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                let inner = text
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                Self::Text(inner.unwrap_or_default().into())
            }
            [b'"', ..] => Self::Text(serde_json::from_str::<String>(text)?.into()),
            [b'[', ..] => Self::List,
            [b'{', ..] => Self::Object,
            b"null" => Self::Null,
            b"true" => Self::Boolean(true),
            b"false" => Self::Boolean(false),
            number if number.iter().all(|byte| !matches!(byte, b'e' | b'E')) => {
                Self::Number(text.into())
            }
            _ => {
                let number: serde_json::Number = serde_json::from_str(text)?;
                Self::Number(number.as_str().to_owned().into())
            }
        })
    }

    /// What stands in a tree.
    pub(crate) fn of(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => Self::Number(number.as_str().into()),
            Json::String(text) => Self::Text(text.into()),
            Json::Array(_) => Self::List,
            Json::Object(_) => Self::Object,
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Coerces a JSON value that is not null; the error says what was expected.
pub(crate) fn coerce(scalar: Scalar, json: &Json) -> Result<Value, String> {
    match scalar {
        Scalar::Json => document(json),
        scalar => given(scalar, &Given::of(json)),
    }
}

/// The same of the text of a value, which is known to be JSON.
pub(crate) fn coerce_text(scalar: Scalar, text: &str) -> Result<Value, String> {
    let unread = |error: serde_json::Error| error.to_string();
    match scalar {
        Scalar::Json => document(&serde_json::from_str(text).map_err(unread)?),
        scalar => given(scalar, &Given::read(text).map_err(unread)?),
    }
}

/// Coerces a value that is not null by a scalar that is not JSON, as which nothing is taken here.
pub(super) fn given(scalar: Scalar, given: &Given<'_>) -> Result<Value, String> {
    match (scalar, given) {
        (Scalar::Boolean, Given::Boolean(value)) => Ok(Value::Boolean(*value)),
        (Scalar::Int, _) => integer(given)
            .filter(|_| matches!(given, Given::Number(_)))
            .filter(|value| i32::try_from(*value).is_ok())
            .map(Value::Integer)
            .ok_or_else(|| {
                format!(
                    "expected an Int between -2147483648 and 2147483647, found {}",
                    shown(given)
                )
            }),
        (Scalar::BigInt, _) => integer(given).map(Value::Integer).ok_or_else(|| {
            format!(
                "expected a 64-bit integer (as a string or a number), found {}",
                shown(given)
            )
        }),
        (Scalar::Float, Given::Number(number)) => float(number)
            .map(Value::Float)
            .ok_or_else(|| wrong(scalar, given)),
        (Scalar::Decimal, _) => decimal(given),
        (Scalar::Boolean | Scalar::Float | Scalar::Json, _) => Err(wrong(scalar, given)),
        (text, Given::Text(given)) => from_text(text, given),
        _ => Err(wrong(scalar, given)),
    }
}

fn from_text(scalar: Scalar, text: &str) -> Result<Value, String> {
    let canonical = match scalar {
        Scalar::Uuid => uuid(text),
        Scalar::Date => temporal::date(text),
        Scalar::LocalTime => temporal::time(text),
        Scalar::LocalDateTime => temporal::local(text),
        Scalar::DateTime => temporal::moment(text),
        Scalar::Bytes => {
            return STANDARD
                .decode(text)
                .map(|bytes| Value::Bytes(bytes.into()))
                .map_err(|_| "expected bytes as padded base64".to_owned());
        }
        _ => plain(text),
    };
    canonical.map(|text| Value::Text(text.into()))
}

/// Text as it is; the one character PostgreSQL cannot store is refused for all databases.
fn plain(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("a String must not contain the character U+0000".to_owned());
    }
    Ok(text.to_owned())
}

fn integer(given: &Given<'_>) -> Option<i64> {
    match given {
        Given::Number(number) => number.parse().ok(),
        Given::Text(text) if text.len() <= 20 => text.parse().ok(),
        _ => None,
    }
}

/// SQLite keeps no sign of zero, so that no database is given one.
fn float(number: &str) -> Option<f64> {
    let number = number.parse::<f64>().ok()?;
    number.is_finite().then_some(number + 0.0)
}

/// JSON as it is, unless a number in it has so many digits that a few letters would fill a database.
fn document(json: &Json) -> Result<Value, String> {
    match overlong(json) {
        None => Ok(Value::Text(json.to_string().into())),
        Some(number) => Err(format!(
            "expected numbers in JSON with an exponent of at most {JSON_EXPONENT_MAX}, found {}",
            shown(&Given::of(number))
        )),
    }
}

/// The first number with an exponent beyond any that is accepted.
fn overlong(json: &Json) -> Option<&Json> {
    match json {
        Json::Number(number) => {
            let (_, exponent) = number.as_str().split_once(['e', 'E'])?;
            let exponent = exponent.parse::<i32>().map(i32::unsigned_abs);
            let fits = exponent.is_ok_and(|exponent| exponent <= JSON_EXPONENT_MAX);
            (!fits).then_some(json)
        }
        Json::Array(items) => items.iter().find_map(overlong),
        Json::Object(members) => members.values().find_map(overlong),
        Json::Null | Json::Bool(_) | Json::String(_) => None,
    }
}

/// Plain digits: sign, no exponent, no superfluous leading zeros; trailing zeros are kept.
fn decimal(given: &Given<'_>) -> Result<Value, String> {
    let (Given::Number(text) | Given::Text(text)) = given else {
        return Err(wrong(Scalar::Decimal, given));
    };
    let number = Number::read(text)
        .ok_or_else(|| "expected a Decimal, found a string that is not a number".to_owned())?;
    let digits = number.plain().ok_or_else(|| {
        format!(
            "expected a Decimal of at most {DECIMAL_DIGITS_MAX} digits, found {}",
            shown(given)
        )
    })?;
    Ok(Value::Text(digits.into()))
}

/// A decimal number as it was written.
struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// `0`, or what stands behind the `e`.
    exponent: &'a str,
}

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix('-');
        let negative = unsigned.is_some();
        let unsigned = unsigned.unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let size = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let well_formed = digits(whole) && digits(fraction) && digits(size);
        well_formed.then_some(Self {
            negative,
            whole,
            fraction: if mantissa.contains('.') { fraction } else { "" },
            exponent,
        })
    }

    /// Without the exponent; `None` when that takes too many digits.
    fn plain(&self) -> Option<String> {
        let digits = format!("{}{}", self.whole, self.fraction);
        let exponent = self.exponent.parse::<i32>().ok()?;
        let size = usize::try_from(exponent.unsigned_abs()).ok()?;
        if digits.len() + size > DECIMAL_DIGITS_MAX {
            return None;
        }
        let exponent = (exponent < 0, size);
        Some(shifted(self.negative, &digits, self.whole.len(), exponent))
    }
}

/// Writes digits with the point moved: left when `exponent.0`, else right, by `exponent.1`.
fn shifted(negative: bool, digits: &str, point: usize, exponent: (bool, usize)) -> String {
    let (left, by) = exponent;
    let (mut digits, point) = if left && by >= point {
        (format!("{}{digits}", "0".repeat(by - point + 1)), 1)
    } else if left {
        (digits.to_owned(), point - by)
    } else {
        (digits.to_owned(), point + by)
    };
    while digits.len() < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let zero = digits.bytes().all(|digit| digit == b'0');
    let sign = if negative && !zero { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// The hyphenated lower-case form of 32 hexadecimal digits.
fn uuid(text: &str) -> Result<String, String> {
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !well_formed {
        return Err("expected a UUID like 6fa459ea-ee8a-3ca4-894e-db77e160355e".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

fn wrong(scalar: Scalar, given: &Given<'_>) -> String {
    let article = article(scalar.name());
    format!("expected {article} {scalar}, found {}", shown(given))
}

/// A short, harmless picture of what was given.
fn shown(given: &Given<'_>) -> String {
    match given {
        Given::Null => "null".to_owned(),
        Given::Boolean(_) => "a boolean".to_owned(),
        Given::Number(number) if number.len() <= SHOWN_CHARACTERS_MAX => number.to_string(),
        Given::Number(_) => "a very long number".to_owned(),
        Given::Text(text) if text.chars().count() <= SHOWN_CHARACTERS_MAX => {
            Json::from(&**text).to_string()
        }
        Given::Text(_) => "a longer string".to_owned(),
        Given::List => "a list".to_owned(),
        Given::Object => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(scalar: Scalar, json: &str) -> Result<String, String> {
        match coerce(scalar, &serde_json::from_str(json).unwrap())? {
            Value::Text(text) => Ok(text.into()),
            other => panic!("not text: {other:?}"),
        }
    }

    #[test]
    fn decimals_keep_every_digit_and_lose_their_exponent() {
        let digits = "12345678901234567890123456789012345678.5";
        for (given, wanted) in [
            (digits, digits),
            ("\"-0.10\"", "-0.10"),
            ("1e3", "1000"),
            ("1.25e1", "12.5"),
            ("1.25e-3", "0.00125"),
            ("-0.0", "0.0"),
            ("\"007\"", "7"),
            ("120e-1", "12.0"),
        ] {
            assert_eq!(
                text(Scalar::Decimal, given).as_deref(),
                Ok(wanted),
                "{given}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_told_from_a_number_too_long() {
        let no_number = "expected a Decimal, found a string that is not a number";
        for given in ["NaN", "Infinity", "1,5", "", "1e", "1e+"] {
            let told = text(Scalar::Decimal, &format!("\"{given}\""));
            assert_eq!(told.unwrap_err(), no_number, "{given}");
        }
        let too_long = "expected a Decimal of at most 1000 digits, found ";
        for given in ["1e1000", "1E-99999999999", "\"1e99999999999\""] {
            let told = text(Scalar::Decimal, given).unwrap_err();
            assert!(told.starts_with(too_long), "{told}");
        }
    }

    #[test]
    fn what_is_not_a_decimal_is_refused() {
        for given in [
            "\"\"",
            "\".5\"",
            "\"5.\"",
            "\"1e999999\"",
            "\"NaN\"",
            "\"+1\"",
            "true",
            "\"1_0\"",
            "\"--1\"",
        ] {
            assert!(text(Scalar::Decimal, given).is_err(), "{given}");
        }
    }

    #[test]
    fn integers_outside_their_width_are_refused() {
        let coerce = |scalar, json: &str| coerce(scalar, &serde_json::from_str(json).unwrap());
        assert_eq!(
            coerce(Scalar::Int, "2147483647"),
            Ok(Value::Integer(2_147_483_647))
        );
        assert!(coerce(Scalar::Int, "2147483648").is_err());
        assert!(coerce(Scalar::Int, "1.0").is_err());
        assert!(coerce(Scalar::Int, "\"1\"").is_err());
        assert_eq!(
            coerce(Scalar::BigInt, "\"9223372036854775807\""),
            Ok(Value::Integer(i64::MAX))
        );
        assert!(coerce(Scalar::BigInt, "9223372036854775808").is_err());
    }

    #[test]
    fn uuids_are_lower_case_and_well_formed() {
        let given = "\"6FA459EA-ee8a-3ca4-894e-db77e160355e\"";
        assert_eq!(
            text(Scalar::Uuid, given).as_deref(),
            Ok("6fa459ea-ee8a-3ca4-894e-db77e160355e")
        );
        assert!(text(Scalar::Uuid, "\"6fa459ea\"").is_err());
    }
}
