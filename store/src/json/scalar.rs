//! Numbers, enums, bytes and embedded JSON, each in the form its scalar has in the API.

use super::text::{ascii, text};
use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;

/// What is said of an infinity, and of what is not a number.
pub(crate) const NOT_FINITE: &str = "a value is not a finite number and has no form in JSON";

/// Writes `true` or `false`.
pub(crate) fn boolean(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// Writes an `Int`, which has 32 bits.
pub(crate) fn int(value: i64, out: &mut Vec<u8>) -> Result<(), Error> {
    let value = i32::try_from(value).map_err(|_| {
        Error::OutOfRange("a value does not fit Int; declare the field BigInt in the schema")
    })?;
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    Ok(())
}

/// Writes a `BigInt`.
pub(crate) fn bigint(value: i64, out: &mut Vec<u8>) {
    ascii(itoa::Buffer::new().format(value), out);
}

/// Writes a `Float` in its shortest form.
pub(crate) fn float(value: f64, out: &mut Vec<u8>) -> Result<(), Error> {
    if !value.is_finite() {
        return Err(Error::OutOfRange(NOT_FINITE));
    }
    out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    Ok(())
}

/// Writes `Bytes`.
pub(crate) fn base64(value: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'"');
    let start = out.len();
    out.resize(start + value.len().div_ceil(3) * 4, 0);
    let written = STANDARD
        .encode_slice(value, out.get_mut(start..).unwrap_or_default())
        .map_err(|error| Error::Internal(error.to_string()))?;
    out.truncate(start + written);
    out.push(b'"');
    Ok(())
}

/// Writes the API's name of an enum label.
pub(crate) fn enumeration(
    names: &[(Box<str>, Box<str>)],
    label: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    match names.iter().find(|(known, _)| known.as_bytes() == label) {
        Some((_, name)) => text(name.as_bytes(), out),
        None => Err(Error::Conversion(
            "a label is not among the values of its enum in the schema".into(),
        )),
    }
}

/// Embeds JSON text after a look at whether it is some.
pub(crate) fn json(value: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    // The parser skips strings unseen, so their encoding is looked at first.
    let text = std::str::from_utf8(value)
        .map_err(|_| Error::Conversion("JSON text is not valid UTF-8".into()))?;
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| Error::Conversion(format!("text is not JSON: {error}")))?;
    out.extend_from_slice(value);
    Ok(())
}
