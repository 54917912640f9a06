//! A scalar or label inside a stored document, in the form it has in the API.

use crate::json::{Number, Words, ascii, base64, bigint, boolean, enumeration, float, int, text};
use crate::temporal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Codec, Scalar};
use std::borrow::Cow;

/// Writes a value that is not null; the error says what it is not.
pub(super) fn leaf(json: &str, codec: &Codec, out: &mut Vec<u8>) -> Result<(), String> {
    let (written, wanted) = match codec {
        Codec::Scalar(scalar) => (write(json, *scalar, out), scalar.name()),
        Codec::Enum(names) => {
            let label = Words::read(json);
            let known = label.and_then(|label| enumeration(names, label.as_bytes(), out).ok());
            (known, "value of its enum")
        }
        // Lists of a document are walked, and have no codec.
        Codec::Scaled(_) | Codec::List(_) => (None, "value of a document"),
    };
    written.ok_or_else(|| format!("is no {wanted}, but {}", shown(json)))
}

fn write(json: &str, scalar: Scalar, out: &mut Vec<u8>) -> Option<()> {
    match scalar {
        Scalar::Boolean => boolean(json.parse().ok()?, out),
        Scalar::Int => int(json.parse().ok()?, out).ok()?,
        Scalar::BigInt => bigint(digits(json)?.parse().ok()?, out),
        Scalar::Float => float(number(json)?.parse().ok()?, out).ok()?,
        Scalar::Decimal => ascii(&decimal(&digits(json)?)?, out),
        Scalar::Json => out.extend_from_slice(json.as_bytes()),
        scalar => return of_text(Words::read(json)?.as_bytes(), scalar, out),
    }
    Some(())
}

fn of_text(words: &[u8], scalar: Scalar, out: &mut Vec<u8>) -> Option<()> {
    let written = match scalar {
        Scalar::Uuid => {
            let uuid = uuid::Uuid::try_parse_ascii(words).ok()?;
            let mut buffer = uuid::Uuid::encode_buffer();
            ascii(uuid.hyphenated().encode_lower(&mut buffer), out);
            Ok(())
        }
        Scalar::Date => temporal::write_date(words, out),
        Scalar::LocalTime => temporal::write_time(words, out),
        Scalar::LocalDateTime => temporal::write_local_date_time(words, out),
        // What a clock shows somewhere is no moment.
        Scalar::DateTime if temporal::local(words).is_some() => return None,
        Scalar::DateTime => temporal::write_date_time(words, out),
        Scalar::Bytes => base64(&STANDARD.decode(words).ok()?, out),
        _ => text(words, out),
    };
    written.ok()
}

/// A number, as it is written.
fn number(json: &str) -> Option<&str> {
    let first = json.as_bytes().first()?;
    (*first == b'-' || first.is_ascii_digit()).then_some(json)
}

/// A number, or the number in a string.
fn digits(json: &str) -> Option<Cow<'_, str>> {
    if json.starts_with('"') {
        return Words::read(json);
    }
    number(json).map(Cow::Borrowed)
}

/// Plain digits; those behind the point are kept as they are where there is no exponent.
fn decimal(digits: &str) -> Option<Cow<'_, str>> {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let parts = unsigned.split_once(['e', 'E']);
    let (mantissa, exponent) = parts.unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = all(whole) && (whole == "0" || !whole.starts_with('0'));
    if !is_whole || !all(fraction) || !all(exponent.trim_start_matches(['+', '-'])) {
        return None;
    }
    if parts.is_some() {
        return Number::read(digits)?.plain().map(Cow::Owned);
    }
    let is_zero = mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    Some(Cow::Borrowed(if is_zero { unsigned } else { digits }))
}

/// What stands there, without showing it.
fn shown(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "some string",
        Some(b't' | b'f') => "a boolean",
        _ => "some number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str, scalar: Scalar) -> Result<String, String> {
        let mut out = Vec::new();
        leaf(json, &Codec::Scalar(scalar), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn each_scalar_comes_in_the_form_it_has_in_the_api() {
        for (json, scalar, expected) in [
            ("true", Scalar::Boolean, "true"),
            ("-2147483648", Scalar::Int, "-2147483648"),
            ("-0", Scalar::Int, "0"),
            (
                "9223372036854775807",
                Scalar::BigInt,
                "\"9223372036854775807\"",
            ),
            ("\"-5\"", Scalar::BigInt, "\"-5\""),
            ("1", Scalar::Float, "1.0"),
            ("1E2", Scalar::Float, "100.0"),
            ("0.10", Scalar::Decimal, "\"0.10\""),
            ("-0.00", Scalar::Decimal, "\"0.00\""),
            ("1.5e3", Scalar::Decimal, "\"1500\""),
            ("-25e-3", Scalar::Decimal, "\"-0.025\""),
            (
                "\"12345678901234567890.5\"",
                Scalar::Decimal,
                "\"12345678901234567890.5\"",
            ),
            (
                r#""\u00e4\n\ud83c\udf53""#,
                Scalar::String,
                "\"ä\\n\u{1f353}\"",
            ),
            (
                "\"6FA459EA-EE8A-3CA4-894E-DB77E160355E\"",
                Scalar::Uuid,
                "\"6fa459ea-ee8a-3ca4-894e-db77e160355e\"",
            ),
            ("\"2026-11-23\"", Scalar::Date, "\"2026-11-23\""),
            ("\"18:12\"", Scalar::LocalTime, "\"18:12:00\""),
            (
                "\"2026-11-23 18:12:18\"",
                Scalar::LocalDateTime,
                "\"2026-11-23T18:12:18\"",
            ),
            (
                "\"2026-11-23T18:12:18+02:00\"",
                Scalar::DateTime,
                "\"2026-11-23T16:12:18Z\"",
            ),
            ("\"AP8=\"", Scalar::Bytes, "\"AP8=\""),
            ("[1, {}]", Scalar::Json, "[1, {}]"),
        ] {
            assert_eq!(written(json, scalar).as_deref(), Ok(expected), "{json}");
        }
    }

    #[test]
    fn what_is_of_another_kind_or_size_is_told_and_not_shown() {
        for (json, scalar, told) in [
            ("1", Scalar::Boolean, "is no Boolean, but some number"),
            ("2147483648", Scalar::Int, "is no Int, but some number"),
            ("1.0", Scalar::Int, "is no Int, but some number"),
            ("\"1\"", Scalar::Int, "is no Int, but some string"),
            (
                "9223372036854775808",
                Scalar::BigInt,
                "is no BigInt, but some number",
            ),
            ("1e999", Scalar::Float, "is no Float, but some number"),
            ("\"1\"", Scalar::Float, "is no Float, but some string"),
            ("true", Scalar::Decimal, "is no Decimal, but a boolean"),
            (
                "1e999999999",
                Scalar::Decimal,
                "is no Decimal, but some number",
            ),
            ("\" 1\"", Scalar::Decimal, "is no Decimal, but some string"),
            ("\"007\"", Scalar::Decimal, "is no Decimal, but some string"),
            ("\"NaN\"", Scalar::Decimal, "is no Decimal, but some string"),
            ("1", Scalar::String, "is no String, but some number"),
            (
                r#""\ud83c""#,
                Scalar::String,
                "is no String, but some string",
            ),
            (
                "\"2026-02-30\"",
                Scalar::Date,
                "is no Date, but some string",
            ),
            (
                "\"2026-11-23T18:12:18\"",
                Scalar::DateTime,
                "is no DateTime, but some string",
            ),
            (
                "\"infinity\"",
                Scalar::DateTime,
                "is no DateTime, but some string",
            ),
            ("\"AP8\"", Scalar::Bytes, "is no Bytes, but some string"),
            ("{}", Scalar::Uuid, "is no UUID, but an object"),
            ("[]", Scalar::Date, "is no Date, but a list"),
        ] {
            assert_eq!(written(json, scalar).unwrap_err(), told, "{json}");
        }
    }
}
