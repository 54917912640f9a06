//! A value as SQLite stores it, written by its codec; SQLite lets any column hold any kind.

use super::decimal::{Decimal, with_digits_of};
use super::number;
use super::rows::Packed;
use crate::json::Sheet;
use crate::{Error, json, temporal};
use model::{Codec, Scalar};
use rusqlite::types::ValueRef;

/// A row of cells, live in a statement or packed in a blob.
pub(super) trait Cells {
    /// The stored value of a column.
    fn value(&self, column: usize) -> Result<ValueRef<'_>, Error>;
}

/// A row of a running statement.
pub(super) struct Live<'r, 's>(pub(super) &'r rusqlite::Row<'s>);

impl Cells for Live<'_, '_> {
    fn value(&self, column: usize) -> Result<ValueRef<'_>, Error> {
        self.0
            .get_ref(column)
            .map_err(|error| Error::Internal(error.to_string()))
    }
}

impl<C: Cells> json::Row for C {
    type Packed<'a>
        = Packed<'a>
    where
        Self: 'a;

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        Ok(self.value(column)? == ValueRef::Null)
    }

    fn scalar(&self, column: usize, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
        let value = self.value(column)?;
        if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = value {
            sheet.admit(bytes.len())?;
        }
        write(value, codec, &mut sheet.text)
    }

    fn integer(&self, column: usize) -> Result<i64, Error> {
        integer(self.value(column)?, Scalar::Int)
    }

    fn boolean(&self, column: usize) -> Result<bool, Error> {
        match self.value(column)? {
            ValueRef::Null => Ok(false),
            value => boolean(value),
        }
    }

    fn packed(&self, column: usize) -> Result<Packed<'_>, Error> {
        match self.value(column)? {
            ValueRef::Null => Ok(Packed::default()),
            ValueRef::Blob(blob) => Packed::open(blob),
            other => Err(mismatch(other, "a list")),
        }
    }
}

fn write(value: ValueRef<'_>, codec: &Codec, out: &mut Vec<u8>) -> Result<(), Error> {
    match (codec, value) {
        (_, ValueRef::Null) => json::null(out),
        (Codec::Scalar(scalar), value) => return write_scalar(value, *scalar, out),
        (Codec::Scaled(scale), value) => return write_decimal(value, Some(*scale), out),
        (Codec::Enum(names), ValueRef::Text(label)) => return json::enumeration(names, label, out),
        (Codec::Enum(_), value) => return Err(mismatch(value, "an enum")),
        (Codec::List(_), _) => return Err(Error::Internal("SQLite has no lists".into())),
    }
    Ok(())
}

fn write_scalar(value: ValueRef<'_>, scalar: Scalar, out: &mut Vec<u8>) -> Result<(), Error> {
    match scalar {
        Scalar::Boolean => json::boolean(boolean(value)?, out),
        Scalar::Int => return json::int(integer(value, scalar)?, out),
        Scalar::BigInt => json::bigint(integer(value, scalar)?, out),
        Scalar::Float => return json::float(float(value)?, out),
        Scalar::Decimal => return write_decimal(value, None, out),
        Scalar::String => return write_text(value, out),
        Scalar::Uuid => return write_uuid(value, out),
        Scalar::Json => return write_json(value, out),
        Scalar::Bytes => return write_bytes(value, out),
        Scalar::Date | Scalar::LocalTime | Scalar::LocalDateTime | Scalar::DateTime => {
            let ValueRef::Text(text) = value else {
                return Err(mismatch(value, scalar.name()));
            };
            return match scalar {
                Scalar::Date => temporal::write_date(text, out),
                Scalar::LocalTime => temporal::write_time(text, out),
                Scalar::LocalDateTime => temporal::write_local_date_time(text, out),
                _ => temporal::write_date_time(text, out),
            };
        }
    }
    Ok(())
}

fn boolean(value: ValueRef<'_>) -> Result<bool, Error> {
    match integer(value, Scalar::Boolean)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(mismatch(value, "Boolean")),
    }
}

/// An integer however it is stored, as long as nothing is lost.
fn integer(value: ValueRef<'_>, scalar: Scalar) -> Result<i64, Error> {
    let exact = match value {
        ValueRef::Integer(value) => Some(value),
        ValueRef::Real(value) => whole(value),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    };
    exact.ok_or_else(|| mismatch(value, scalar.name()))
}

/// The integer a float stands for exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked before"
)]
fn whole(value: f64) -> Option<i64> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-EDGE..EDGE).contains(&value)).then_some(value as i64)
}

fn float(value: ValueRef<'_>) -> Result<f64, Error> {
    let read = match value {
        ValueRef::Real(value) => Some(value),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a Float has 53 bits by definition"
        )]
        ValueRef::Integer(value) => Some(value as f64),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    };
    read.ok_or_else(|| mismatch(value, "Float"))
}

fn write_decimal(value: ValueRef<'_>, scale: Option<u8>, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut write = |digits: &[u8]| {
        let decimal = Decimal::parse(digits).ok_or_else(|| mismatch(value, "Decimal"))?;
        out.push(b'"');
        match scale {
            Some(scale) => decimal.write_rounded(scale.into(), out),
            None => decimal.write(out),
        }
        out.push(b'"');
        Ok(())
    };
    match value {
        ValueRef::Text(text) => write(text),
        ValueRef::Integer(value) => write(itoa::Buffer::new().format(value).as_bytes()),
        ValueRef::Real(value) if value.is_finite() => with_digits_of(value, |digits| {
            // A float without fraction is an integer, which has no point.
            write(digits.strip_suffix(b".0").unwrap_or(digits))
        }),
        ValueRef::Real(_) => Err(Error::OutOfRange(json::NOT_FINITE)),
        other => Err(mismatch(other, "Decimal")),
    }
}

fn write_text(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        ValueRef::Text(text) => return json::text(text, out),
        ValueRef::Integer(value) => json::ascii(itoa::Buffer::new().format(value), out),
        ValueRef::Real(value) if value.is_finite() => {
            json::ascii(ryu::Buffer::new().format_finite(value), out);
        }
        other => return Err(mismatch(other, "String")),
    }
    Ok(())
}

fn write_uuid(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let uuid = match value {
        ValueRef::Text(text) => uuid::Uuid::try_parse_ascii(text),
        ValueRef::Blob(bytes) => uuid::Uuid::from_slice(bytes),
        other => return Err(mismatch(other, "UUID")),
    };
    let uuid = uuid.map_err(|_| mismatch(value, "UUID"))?;
    let mut buffer = uuid::Uuid::encode_buffer();
    json::ascii(uuid.hyphenated().encode_lower(&mut buffer), out);
    Ok(())
}

/// Columns declared JSON have numeric affinity, so a bare number is stored as one.
fn write_json(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        ValueRef::Text(text) => json::json(text, out),
        ValueRef::Integer(value) => {
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            Ok(())
        }
        ValueRef::Real(value) => json::float(value, out),
        ValueRef::Blob(blob) => match number::text(blob) {
            Some(text) => json::json(text, out),
            None => Err(mismatch(value, "JSON")),
        },
        ValueRef::Null => Err(mismatch(value, "JSON")),
    }
}

fn write_bytes(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => json::base64(bytes, out),
        other => Err(mismatch(other, "Bytes")),
    }
}

#[cold]
fn mismatch(value: ValueRef<'_>, wanted: &str) -> Error {
    let kind = value.data_type();
    Error::Conversion(format!("a stored value of kind {kind} is no {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueRef::{Blob, Integer, Real, Text};

    fn written(value: ValueRef<'_>, codec: &Codec) -> Result<String, Error> {
        let mut out = Vec::new();
        write(value, codec, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_scalar_is_read_from_every_storage_it_can_have() {
        for (scalar, value, expected) in [
            (Scalar::Boolean, Integer(1), "true"),
            (Scalar::Boolean, Real(0.0), "false"),
            (Scalar::Int, Integer(-2_147_483_648), "-2147483648"),
            (Scalar::Int, Real(5.0), "5"),
            (Scalar::Int, Text(b"12"), "12"),
            (
                Scalar::BigInt,
                Integer(i64::MIN),
                "\"-9223372036854775808\"",
            ),
            (Scalar::Float, Real(0.1), "0.1"),
            (Scalar::Float, Integer(5), "5.0"),
            (Scalar::Decimal, Text(b"1.00"), "\"1.00\""),
            (Scalar::Decimal, Text(b".5"), "\"0.5\""),
            (Scalar::Decimal, Integer(7), "\"7\""),
            (Scalar::Decimal, Real(7.0), "\"7\""),
            (Scalar::Decimal, Real(1e-7), "\"0.0000001\""),
            (Scalar::String, Text("ä\n".as_bytes()), "\"ä\\n\""),
            (Scalar::String, Integer(5), "\"5\""),
            (
                Scalar::Uuid,
                Text(b"0191E3A7-0000-7ABC-8DEF-0123456789AB"),
                "\"0191e3a7-0000-7abc-8def-0123456789ab\"",
            ),
            (
                Scalar::Uuid,
                Blob(&[17; 16]),
                "\"11111111-1111-1111-1111-111111111111\"",
            ),
            (Scalar::Json, Text(b"{\"a\": [1.50]}"), "{\"a\": [1.50]}"),
            (Scalar::Json, Integer(5), "5"),
            (Scalar::Json, Blob(b" 1.10"), "1.10"),
            (Scalar::Bytes, Blob(&[0, 255]), "\"AP8=\""),
            (Scalar::Bytes, Blob(&[]), "\"\""),
            (Scalar::Date, Text(b"2009-01-01 00:00:00"), "\"2009-01-01\""),
        ] {
            let codec = Codec::Scalar(scalar);
            assert_eq!(
                written(value, &codec).unwrap(),
                expected,
                "{scalar} {value:?}"
            );
            assert_eq!(written(ValueRef::Null, &codec).unwrap(), "null");
        }
    }

    #[test]
    fn what_would_lose_something_is_an_error() {
        for (scalar, value) in [
            (Scalar::Boolean, Integer(2)),
            (Scalar::Boolean, Text(b"yes")),
            (Scalar::Int, Integer(1 << 31)),
            (Scalar::Int, Real(1.5)),
            (Scalar::BigInt, Real(9.3e18)),
            (Scalar::BigInt, Text(b"1.5")),
            (Scalar::Float, Real(f64::INFINITY)),
            (Scalar::Float, Text(b"abc")),
            (Scalar::Decimal, Text(b"1e5")),
            (Scalar::Decimal, Blob(b"1")),
            (Scalar::String, Blob(b"abc")),
            (Scalar::String, Text(b"\xff")),
            (Scalar::Uuid, Text(b"0191e3a7")),
            (Scalar::Json, Text(b"{\"a\":")),
            (Scalar::Json, Text(b"\"\xff\"")),
            (Scalar::Json, Blob(b"31")),
            (Scalar::Json, Blob(b" 1.1x")),
            (Scalar::Date, Integer(20_090_101)),
        ] {
            assert!(
                written(value, &Codec::Scalar(scalar)).is_err(),
                "{scalar} {value:?}"
            );
        }
    }

    #[test]
    fn scaled_decimals_have_just_that_many_digits() {
        for (value, expected) in [
            (Real(0.99), "\"0.99\""),
            (Real(0.1 + 0.2), "\"0.30\""),
            (Integer(5), "\"5.00\""),
            (Text(b"2.675"), "\"2.68\""),
        ] {
            assert_eq!(written(value, &Codec::Scaled(2)).unwrap(), expected);
        }
        assert_eq!(written(Real(5.5), &Codec::Scaled(0)).unwrap(), "\"6\"");
    }

    #[test]
    fn enum_labels_get_their_names_and_unknown_ones_are_errors() {
        let codec = Codec::Enum([("in transit".into(), "IN_TRANSIT".into())].into());
        assert_eq!(
            written(Text(b"in transit"), &codec).unwrap(),
            "\"IN_TRANSIT\""
        );
        assert!(written(Text(b"lost"), &codec).is_err());
        assert!(written(Integer(1), &codec).is_err());
    }
}
