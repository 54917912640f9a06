//! One PostgreSQL value in its binary form, as JSON or as a kept [`Value`].
//!
//! Built-in types must be among those their scalar is declared for. Types of users (enums,
//! domains, extensions) have no fixed number; they are read as the schema says, and checked by
//! their length.

mod list;

use super::numeric;
use crate::json::Sheet;
use crate::{Error, json};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, civil};
use model::{Codec, Scalar, Value};

/// Object ids from here on belong to types that users and extensions made.
const FIRST_USER_TYPE: u32 = 16_384;
/// 2000-01-01, from which PostgreSQL counts, in microseconds since 1970-01-01.
const EPOCH: i64 = 946_684_800_000_000;
const DAY: i64 = 86_400_000_000;
/// The Gregorian calendar repeats itself after so many microseconds: 400 years.
const CYCLE: i64 = 146_097 * DAY;

/// A value and its type; NULL has no bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datum<'a> {
    /// Object id of the type.
    pub(super) kind: u32,
    pub(super) bytes: Option<&'a [u8]>,
}

impl Datum<'_> {
    /// Writes it by its codec; NULL is `null`.
    pub(super) fn write(self, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
        let Some(bytes) = self.bytes else {
            json::null(&mut sheet.text);
            return Ok(());
        };
        self.admit(codec)?;
        sheet.admit(bytes.len())?;
        match codec {
            Codec::Scalar(scalar) => write(*scalar, bytes, &mut sheet.text),
            Codec::Enum(names) => json::enumeration(names, bytes, &mut sheet.text),
            Codec::List(item) => list::write(bytes, item, sheet),
            Codec::Scaled(_) => Err(Error::Internal("PostgreSQL needs no scaled codec".into())),
        }
    }

    /// The same value, to be bound to a later statement.
    pub(super) fn keep(self, codec: &Codec) -> Result<Value, Error> {
        let Some(bytes) = self.bytes else {
            return Ok(Value::Null);
        };
        self.admit(codec)?;
        Ok(match codec {
            Codec::Scalar(Scalar::Boolean) => Value::Boolean(boolean(bytes)?),
            Codec::Scalar(Scalar::Int | Scalar::BigInt) => Value::Integer(integer(bytes)?),
            Codec::Scalar(Scalar::Float) => Value::Float(float(bytes)?),
            Codec::Scalar(Scalar::Bytes) => Value::Bytes(bytes.into()),
            Codec::Scalar(Scalar::String) | Codec::Enum(_) => Value::Text(utf8(bytes.to_vec())?),
            Codec::Scalar(Scalar::Json) => Value::Text(utf8(document(bytes).to_vec())?),
            Codec::Scalar(scalar) => Value::Text(unquoted(*scalar, bytes)?),
            Codec::Scaled(_) => {
                return Err(Error::Internal("PostgreSQL needs no scaled codec".into()));
            }
            Codec::List(_) => return Err(Error::Internal("lists are not kept".into())),
        })
    }

    /// An integer that is not NULL.
    pub(super) fn integer(self) -> Result<i64, Error> {
        integer(self.bytes.ok_or_else(|| garbled("an integer is NULL"))?)
    }

    /// A boolean; NULL is false.
    pub(super) fn boolean(self) -> Result<bool, Error> {
        self.bytes.map_or(Ok(false), boolean)
    }

    /// Refuses a built-in type the codec is not meant for.
    fn admit(self, codec: &Codec) -> Result<(), Error> {
        if self.kind >= FIRST_USER_TYPE || of_kind(codec, self.kind) {
            return Ok(());
        }
        Err(Error::Conversion(format!(
            "a column of the type with object id {} is declared {codec:?}",
            self.kind
        )))
    }
}

/// Whether a codec reads the built-in type of that object id (`pg_type.dat` of PostgreSQL).
fn of_kind(codec: &Codec, kind: u32) -> bool {
    match codec {
        Codec::List(_) => list::is_list(kind),
        Codec::Enum(_) | Codec::Scaled(_) | Codec::Scalar(Scalar::String) => {
            matches!(kind, 25 | 1043 | 1042 | 19)
        }
        Codec::Scalar(Scalar::Int | Scalar::BigInt) => matches!(kind, 23 | 20 | 21),
        Codec::Scalar(Scalar::Boolean) => kind == 16,
        Codec::Scalar(Scalar::Float) => matches!(kind, 701 | 700),
        Codec::Scalar(Scalar::Decimal) => kind == 1700,
        Codec::Scalar(Scalar::Uuid) => kind == 2950,
        Codec::Scalar(Scalar::Date) => kind == 1082,
        Codec::Scalar(Scalar::LocalTime) => kind == 1083,
        Codec::Scalar(Scalar::LocalDateTime) => kind == 1114,
        Codec::Scalar(Scalar::DateTime) => kind == 1184,
        Codec::Scalar(Scalar::Json) => matches!(kind, 3802 | 114),
        Codec::Scalar(Scalar::Bytes) => kind == 17,
    }
}

fn write(scalar: Scalar, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    match scalar {
        Scalar::Boolean => json::boolean(boolean(bytes)?, out),
        Scalar::Int => json::int(integer(bytes)?, out)?,
        Scalar::BigInt => json::bigint(integer(bytes)?, out),
        Scalar::Float => write_float(bytes, out)?,
        Scalar::Decimal => decimal(bytes, out)?,
        Scalar::String => json::text(bytes, out)?,
        Scalar::Uuid => uuid(bytes, out)?,
        Scalar::Date => json::date(date(bytes)?, out)?,
        Scalar::LocalTime => json::local_time(time(bytes)?, out),
        Scalar::LocalDateTime => json::local_date_time(timestamp(bytes)?, out)?,
        Scalar::DateTime => json::date_time(timestamp(bytes)?, out)?,
        // The database has parsed it already.
        Scalar::Json => out.extend_from_slice(document(bytes)),
        Scalar::Bytes => json::base64(bytes, out)?,
    }
    Ok(())
}

/// What the JSON form says between its quotes.
fn unquoted(scalar: Scalar, bytes: &[u8]) -> Result<Box<str>, Error> {
    let mut quoted = Vec::new();
    write(scalar, bytes, &mut quoted)?;
    quoted.pop();
    quoted.drain(..1);
    utf8(quoted)
}

fn boolean(bytes: &[u8]) -> Result<bool, Error> {
    match bytes {
        [byte] => Ok(*byte != 0),
        _ => Err(garbled("a boolean is not one byte")),
    }
}

fn integer(bytes: &[u8]) -> Result<i64, Error> {
    let read = match bytes.len() {
        2 => bytes.try_into().map(|two| i16::from_be_bytes(two).into()),
        4 => bytes.try_into().map(|four| i32::from_be_bytes(four).into()),
        _ => bytes.try_into().map(i64::from_be_bytes),
    };
    read.map_err(|_| garbled("an integer has an odd length"))
}

fn float(bytes: &[u8]) -> Result<f64, Error> {
    let read = match bytes.len() {
        4 => bytes.try_into().map(|four| f32::from_be_bytes(four).into()),
        _ => bytes.try_into().map(f64::from_be_bytes),
    };
    read.map_err(|_| garbled("a float has an odd length"))
}

/// A `real` is shown by its own shortest form, which is shorter than that of its 64-bit double.
fn write_float(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    match bytes.try_into().map(f32::from_be_bytes) {
        Ok(single) if single.is_finite() => {
            out.extend_from_slice(ryu::Buffer::new().format_finite(single).as_bytes());
            Ok(())
        }
        _ => json::float(float(bytes)?, out),
    }
}

fn decimal(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'"');
    numeric::write(bytes, out).ok_or(Error::OutOfRange(json::NOT_FINITE))?;
    out.push(b'"');
    Ok(())
}

fn uuid(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if bytes.len() != 16 {
        return Err(garbled("a UUID is not 16 bytes"));
    }
    out.push(b'"');
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    out.push(b'"');
    Ok(())
}

fn date(bytes: &[u8]) -> Result<civil::Date, Error> {
    let four = bytes.try_into();
    let days = four
        .map(i32::from_be_bytes)
        .map_err(|_| garbled("a date is not four bytes"))?;
    // The infinities are days so far off that their microseconds have no number.
    Ok(moment(i64::from(days).saturating_mul(DAY))?.date())
}

fn time(bytes: &[u8]) -> Result<civil::Time, Error> {
    let micros = micros(bytes)?;
    civil::Time::midnight()
        .checked_add(SignedDuration::from_micros(micros))
        .ok()
        .filter(|_| micros >= 0)
        .ok_or(Error::OutOfRange(
            "a time of day is 24:00:00, which has no form in RFC 3339",
        ))
}

fn timestamp(bytes: &[u8]) -> Result<civil::DateTime, Error> {
    moment(micros(bytes)?)
}

fn micros(bytes: &[u8]) -> Result<i64, Error> {
    let eight = bytes
        .try_into()
        .map_err(|_| garbled("a time is not eight bytes"))?;
    Ok(i64::from_be_bytes(eight))
}

/// What a clock in UTC shows so many microseconds after the start of 2000.
fn moment(micros: i64) -> Result<civil::DateTime, Error> {
    shown(micros).ok_or(Error::OutOfRange(
        "a date is infinite or outside the years 1 to 9999 and has no form in RFC 3339",
    ))
}

/// The way leads over the same day 400 years earlier, since the last days of the year 9999 are
/// beyond the timestamps of the library; the calendar is the same.
fn shown(micros: i64) -> Option<civil::DateTime> {
    let earlier = micros.checked_add(EPOCH)?.checked_sub(CYCLE)?;
    let earlier = Offset::UTC.to_datetime(Timestamp::from_microsecond(earlier).ok()?);
    let year = earlier.year() + 400;
    let date = civil::Date::new(year, earlier.month(), earlier.day()).ok()?;
    (year >= 1).then(|| date.to_datetime(earlier.time()))
}

/// The text of a `json` or, behind its version byte, a `jsonb`.
fn document(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[1]).unwrap_or(bytes)
}

fn utf8(bytes: Vec<u8>) -> Result<Box<str>, Error> {
    String::from_utf8(bytes)
        .map(String::into_boxed_str)
        .map_err(|_| garbled("text is not valid UTF-8"))
}

/// Bytes that are not of the type the server said they are.
pub(super) fn garbled(what: &str) -> Error {
    Error::Conversion(what.into())
}
