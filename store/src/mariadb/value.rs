//! One MariaDB value, as JSON or as a kept [`Value`].
//!
//! Whatever a column's type, it must be one its scalar can be read from without a loss; what has
//! no form in the API, such as a date of zeros or a time of 25 hours, is an error.

use crate::{Error, json, temporal};
use jiff::civil::{Date, DateTime, Time};
use model::{Codec, Scalar, Value};

/// Hour, minute, second and microsecond.
type Clock = (u8, u8, u8, u32);

/// A value in the form it came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Datum<'a> {
    Null,
    Integer(i64),
    /// One that fits no integer with a sign.
    Unsigned(u64),
    Single(f32),
    Double(f64),
    /// A date, or a date and time: year, month and day; hour, minute, second and microsecond.
    Moment((u16, u8, u8), Clock),
    /// A time, if it is one of a day.
    Time(Option<Clock>),
    /// Text, decimals, enums, JSON or bytes, just as they are.
    Text(&'a [u8]),
    /// Anything as text from a packed row, bytes as hexadecimal digits.
    Packed(&'a [u8]),
}

impl Datum<'_> {
    /// Writes it by its codec; NULL is `null`.
    pub(super) fn write(self, codec: &Codec, out: &mut Vec<u8>) -> Result<(), Error> {
        match (codec, self) {
            (_, Self::Null) => {
                json::null(out);
                Ok(())
            }
            (Codec::Scalar(scalar), value) => value.write_scalar(*scalar, out),
            (Codec::Enum(names), Self::Text(label) | Self::Packed(label)) => {
                json::enumeration(names, label, out)
            }
            (Codec::Enum(_), _) => Err(mismatch("an enum")),
            (Codec::Scaled(_), _) => Err(Error::Internal("MariaDB needs no scaled codec".into())),
            (Codec::List(_), _) => Err(Error::Internal("MariaDB has no lists".into())),
        }
    }

    fn write_scalar(self, scalar: Scalar, out: &mut Vec<u8>) -> Result<(), Error> {
        match scalar {
            Scalar::Boolean => json::boolean(self.boolean()?, out),
            Scalar::Int => return self.write_int(out),
            Scalar::BigInt => return self.write_bigint(out),
            Scalar::Float => return self.write_float(out),
            Scalar::Decimal => return self.write_decimal(out),
            Scalar::String => return self.write_text(out),
            Scalar::Uuid => return self.write_uuid(out),
            Scalar::Bytes => return self.write_bytes(out),
            Scalar::Json => match self {
                Self::Text(text) | Self::Packed(text) => return json::json(text, out),
                _ => return Err(mismatch("JSON")),
            },
            Scalar::Date | Scalar::LocalTime | Scalar::LocalDateTime | Scalar::DateTime => {
                return self.write_temporal(scalar, out);
            }
        }
        Ok(())
    }

    /// The same value, to be bound to a later statement.
    pub(super) fn keep(self, codec: &Codec) -> Result<Value, Error> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Integer(value) => Value::Integer(value),
            Self::Unsigned(value) => Value::Text(value.to_string().into()),
            Self::Single(value) => Value::Float(value.into()),
            Self::Double(value) => Value::Float(value),
            Self::Moment(date, clock) => Value::Text(spelled(date_time(date, clock)?)),
            Self::Time(clock) => Value::Text(time(clock)?.to_string().into()),
            Self::Text(bytes) | Self::Packed(bytes) => match codec {
                Codec::Scalar(Scalar::Bytes) => Value::Bytes(bytes.into()),
                // A UUID in a column of 16 bytes.
                Codec::Scalar(Scalar::Uuid) if bytes.len() == 16 => Value::Bytes(bytes.into()),
                _ => Value::Text(utf8(bytes)?.into()),
            },
        })
    }

    /// An integer that is not NULL.
    pub(super) fn integer(self) -> Result<i64, Error> {
        let exact = match self {
            Self::Integer(value) => Some(value),
            Self::Text(text) | Self::Packed(text) => utf8(text)?.parse().ok(),
            _ => None,
        };
        exact.ok_or_else(|| mismatch("an integer"))
    }

    /// Whether it is true; NULL is not.
    pub(super) fn is_true(self) -> Result<bool, Error> {
        match self {
            Self::Null => Ok(false),
            value => value.boolean(),
        }
    }

    fn boolean(self) -> Result<bool, Error> {
        match self.integer() {
            Ok(0) => Ok(false),
            Ok(1) => Ok(true),
            _ => Err(mismatch("Boolean")),
        }
    }

    fn write_int(self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Unsigned(_) => json::int(i64::MAX, out),
            value => json::int(value.integer()?, out),
        }
    }

    /// Digits beyond those of 64 bits, or of an unsigned column, are kept as they are.
    fn write_bigint(self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Unsigned(value) => json::ascii(itoa::Buffer::new().format(value), out),
            Self::Text(text) | Self::Packed(text) if text.iter().all(u8::is_ascii_digit) => {
                let value: u64 = utf8(text)?.parse().map_err(|_| mismatch("BigInt"))?;
                json::ascii(itoa::Buffer::new().format(value), out);
            }
            value => json::bigint(value.integer()?, out),
        }
        Ok(())
    }

    /// A FLOAT is shown by its own shortest form, which is shorter than that of its 64-bit double.
    fn write_float(self, out: &mut Vec<u8>) -> Result<(), Error> {
        let value = match self {
            Self::Single(single) if single.is_finite() => {
                out.extend_from_slice(ryu::Buffer::new().format_finite(single).as_bytes());
                return Ok(());
            }
            Self::Single(single) => single.into(),
            Self::Double(double) => double,
            #[expect(
                clippy::cast_precision_loss,
                reason = "a Float has 53 bits by definition"
            )]
            Self::Integer(value) => value as f64,
            Self::Text(text) | Self::Packed(text) => {
                utf8(text)?.parse().map_err(|_| mismatch("Float"))?
            }
            _ => return Err(mismatch("Float")),
        };
        json::float(value, out)
    }

    fn write_decimal(self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Integer(value) => json::ascii(itoa::Buffer::new().format(value), out),
            Self::Unsigned(value) => json::ascii(itoa::Buffer::new().format(value), out),
            Self::Text(text) | Self::Packed(text) if is_decimal(text) => {
                json::ascii(utf8(text)?, out);
            }
            _ => return Err(mismatch("Decimal")),
        }
        Ok(())
    }

    fn write_text(self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Text(text) | Self::Packed(text) => return json::text(text, out),
            Self::Integer(value) => json::ascii(itoa::Buffer::new().format(value), out),
            Self::Unsigned(value) => json::ascii(itoa::Buffer::new().format(value), out),
            Self::Single(value) if value.is_finite() => {
                json::ascii(ryu::Buffer::new().format_finite(value), out);
            }
            Self::Double(value) if value.is_finite() => {
                json::ascii(ryu::Buffer::new().format_finite(value), out);
            }
            Self::Moment(date, clock) => json::ascii(&spelled(date_time(date, clock)?), out),
            Self::Time(clock) => json::ascii(&time(clock)?.to_string(), out),
            _ => return Err(mismatch("String")),
        }
        Ok(())
    }

    fn write_uuid(self, out: &mut Vec<u8>) -> Result<(), Error> {
        let uuid = match self {
            Self::Text(bytes) if bytes.len() == 16 => uuid::Uuid::from_slice(bytes),
            Self::Text(text) | Self::Packed(text) => uuid::Uuid::try_parse_ascii(text),
            _ => return Err(mismatch("UUID")),
        };
        let uuid = uuid.map_err(|_| mismatch("UUID"))?;
        let mut buffer = uuid::Uuid::encode_buffer();
        json::ascii(uuid.hyphenated().encode_lower(&mut buffer), out);
        Ok(())
    }

    fn write_bytes(self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Text(bytes) => json::base64(bytes, out),
            Self::Packed(digits) => json::base64(&unhex(digits)?, out),
            _ => Err(mismatch("Bytes")),
        }
    }

    fn write_temporal(self, scalar: Scalar, out: &mut Vec<u8>) -> Result<(), Error> {
        match (scalar, self) {
            (Scalar::LocalTime, Self::Time(clock)) => json::local_time(time(clock)?, out),
            (Scalar::Date, Self::Moment(date, clock)) => {
                let value = date_time(date, clock)?;
                if value.time() != Time::midnight() {
                    return Err(none("a date"));
                }
                return json::date(value.date(), out);
            }
            (Scalar::LocalDateTime, Self::Moment(date, clock)) => {
                return json::local_date_time(date_time(date, clock)?, out);
            }
            (Scalar::DateTime, Self::Moment(date, clock)) => {
                return json::date_time(date_time(date, clock)?, out);
            }
            (scalar, Self::Text(text) | Self::Packed(text)) => {
                return match scalar {
                    Scalar::Date => temporal::write_date(text, out),
                    Scalar::LocalTime => temporal::write_time(text, out),
                    Scalar::LocalDateTime => temporal::write_local_date_time(text, out),
                    _ => temporal::write_date_time(text, out),
                };
            }
            (scalar, _) => return Err(mismatch(scalar.name())),
        }
        Ok(())
    }
}

/// A date and time; one of zeros is none.
fn date_time((year, month, day): (u16, u8, u8), clock: Clock) -> Result<DateTime, Error> {
    let year = i16::try_from(year).map_err(|_| none("a date"))?;
    let date = Date::new(year, month.cast_signed(), day.cast_signed());
    let date = date.map_err(|_| none("a date"))?;
    Ok(date.to_datetime(time(Some(clock))?))
}

/// A time of day; one that is negative or of more than a day is none.
fn time(clock: Option<Clock>) -> Result<Time, Error> {
    let (hour, minute, second, micros) = clock.ok_or_else(|| none("a time of day"))?;
    let nanos = i32::try_from(micros).ok();
    let nanos = nanos.and_then(|micros| micros.checked_mul(1_000));
    let [hour, minute, second] = [hour, minute, second].map(u8::cast_signed);
    nanos
        .and_then(|nanos| Time::new(hour, minute, second, nanos).ok())
        .ok_or_else(|| none("a time of day"))
}

/// As MariaDB spells it, `2026-11-23 18:12:18.5`.
fn spelled(value: DateTime) -> Box<str> {
    value.to_string().replacen('T', " ", 1).into()
}

fn none(what: &str) -> Error {
    Error::Conversion(format!("a stored value is not {what}"))
}

fn garbled(what: &str) -> Error {
    Error::Internal(what.into())
}

/// Digits with a sign before and one point among them, perhaps.
fn is_decimal(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = text.split(|byte| *byte == b'.');
    let is_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    parts.next().is_some_and(is_digits)
        && parts.next().is_none_or(is_digits)
        && parts.next().is_none()
}

fn unhex(digits: &[u8]) -> Result<Vec<u8>, Error> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = digits.as_chunks();
    let bytes = pairs.iter().map(|[high, low]| {
        let value = digit(*high)? << 4 | digit(*low)?;
        u8::try_from(value).ok()
    });
    bytes
        .collect::<Option<Vec<u8>>>()
        .filter(|_| rest.is_empty())
        .ok_or_else(|| garbled("bytes are not hexadecimal digits"))
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::Conversion("text is not valid UTF-8".into()))
}

#[cold]
fn mismatch(wanted: &str) -> Error {
    Error::Conversion(format!("a stored value is no {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Datum::{Double, Integer, Moment, Null, Packed, Single, Text, Time, Unsigned};

    fn written(value: Datum<'_>, scalar: Scalar) -> Result<String, Error> {
        let mut out = Vec::new();
        value.write(&Codec::Scalar(scalar), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// A scalar, a form it can have, and its JSON.
    const FORMS: &[(Scalar, Datum<'static>, &str)] = &[
        (Scalar::Boolean, Integer(1), "true"),
        (Scalar::Boolean, Packed(b"0"), "false"),
        (Scalar::Int, Integer(-7), "-7"),
        (Scalar::Int, Packed(b"7"), "7"),
        (
            Scalar::BigInt,
            Unsigned(u64::MAX),
            "\"18446744073709551615\"",
        ),
        (
            Scalar::BigInt,
            Packed(b"18446744073709551615"),
            "\"18446744073709551615\"",
        ),
        (Scalar::BigInt, Packed(b"-5"), "\"-5\""),
        (Scalar::Float, Single(0.1), "0.1"),
        (Scalar::Float, Double(-0.0), "-0.0"),
        (Scalar::Float, Packed(b"1e-7"), "1e-7"),
        (Scalar::Float, Integer(5), "5.0"),
        (Scalar::Decimal, Text(b"-1.50"), "\"-1.50\""),
        (
            Scalar::Decimal,
            Unsigned(u64::MAX),
            "\"18446744073709551615\"",
        ),
        (Scalar::String, Text("ä\n".as_bytes()), "\"ä\\n\""),
        (
            Scalar::Uuid,
            Text(&[17; 16]),
            "\"11111111-1111-1111-1111-111111111111\"",
        ),
        (
            Scalar::Uuid,
            Packed(b"11111111111111111111111111111111"),
            "\"11111111-1111-1111-1111-111111111111\"",
        ),
        (Scalar::Json, Text(b"{\"a\": [1.50]}"), "{\"a\": [1.50]}"),
        (Scalar::Bytes, Text(&[0, 255]), "\"AP8=\""),
        (Scalar::Bytes, Packed(b"00fF"), "\"AP8=\""),
        (
            Scalar::Date,
            Moment((2026, 11, 23), (0, 0, 0, 0)),
            "\"2026-11-23\"",
        ),
        (Scalar::Date, Packed(b"2026-11-23"), "\"2026-11-23\""),
        (
            Scalar::LocalDateTime,
            Moment((2026, 11, 23), (18, 12, 18, 500_000)),
            "\"2026-11-23T18:12:18.5\"",
        ),
        (
            Scalar::DateTime,
            Moment((2026, 11, 23), (0, 0, 0, 0)),
            "\"2026-11-23T00:00:00Z\"",
        ),
        (
            Scalar::DateTime,
            Packed(b"2026-11-23 18:12:18.500000"),
            "\"2026-11-23T18:12:18.5Z\"",
        ),
        (Scalar::LocalTime, Time(Some((0, 0, 0, 0))), "\"00:00:00\""),
        (
            Scalar::LocalTime,
            Time(Some((23, 59, 58, 0))),
            "\"23:59:58\"",
        ),
    ];

    #[test]
    fn every_scalar_is_read_from_every_form_it_can_have() {
        for (scalar, value, expected) in FORMS.iter().copied() {
            assert_eq!(written(value, scalar).unwrap(), expected, "{value:?}");
            assert_eq!(written(Null, scalar).unwrap(), "null");
        }
    }

    #[test]
    fn what_would_lose_something_is_an_error() {
        for (scalar, value) in [
            (Scalar::Boolean, Integer(2)),
            (Scalar::Boolean, Packed(b"")),
            (Scalar::Int, Integer(1 << 31)),
            (Scalar::Int, Unsigned(u64::MAX)),
            (Scalar::Int, Double(1.5)),
            (Scalar::BigInt, Text(b"1.5")),
            (Scalar::BigInt, Text(b"99999999999999999999")),
            (Scalar::Float, Double(f64::NAN)),
            (Scalar::Decimal, Text(b"1e5")),
            (Scalar::Decimal, Text(b".")),
            (Scalar::Decimal, Text(b"")),
            (Scalar::String, Text(b"\xff")),
            (Scalar::Uuid, Text(b"0191e3a7")),
            (Scalar::Json, Text(b"{\"a\":")),
            (Scalar::Bytes, Packed(b"0")),
            (Scalar::Bytes, Packed(b"0g")),
            (Scalar::Date, Moment((0, 0, 0), (0, 0, 0, 0))),
            (Scalar::Date, Moment((2026, 0, 0), (0, 0, 0, 0))),
            (Scalar::Date, Moment((2026, 11, 23), (1, 0, 0, 0))),
            (Scalar::Date, Packed(b"0000-00-00")),
            (Scalar::LocalTime, Time(None)),
            (Scalar::LocalTime, Packed(b"-01:00:00")),
            (Scalar::LocalTime, Packed(b"25:00:00")),
        ] {
            assert!(written(value, scalar).is_err(), "{scalar} {value:?}");
        }
    }

    #[test]
    fn kept_values_are_spelled_as_the_database_spells_them() {
        let codec = |scalar| Codec::Scalar(scalar);
        let moment = Moment((2026, 11, 23), (18, 12, 18, 500_000));
        assert_eq!(
            moment.keep(&codec(Scalar::DateTime)).unwrap(),
            Value::Text("2026-11-23 18:12:18.5".into())
        );
        assert_eq!(
            Unsigned(u64::MAX).keep(&codec(Scalar::BigInt)).unwrap(),
            Value::Text("18446744073709551615".into())
        );
        assert_eq!(
            Text(&[0, 255]).keep(&codec(Scalar::Bytes)).unwrap(),
            Value::Bytes([0, 255].into())
        );
    }
}
