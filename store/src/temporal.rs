//! Dates and times that a database gives as text, of several spellings, written in the canonical one.
//!
//! Text that is canonical already is copied after a look at each character; all else is parsed.

use crate::{Error, json};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use model::Scalar;
use std::borrow::Cow;

const DATE: usize = 10;

/// Writes a date; a time behind it must be midnight.
pub(crate) fn write_date(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if text.len() == DATE && is_date(text) {
        quote(&[text], out);
        return Ok(());
    }
    let value = local(text).ok_or_else(|| mismatch("Date"))?;
    if value.time() != Time::midnight() {
        return Err(mismatch("Date"));
    }
    json::date(value.date(), out)
}

/// Writes a time of day.
pub(crate) fn write_time(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if is_time(text) {
        quote(&[text], out);
        return Ok(());
    }
    let parsed =
        ascii(text).filter(|text| !text.contains(['-', '+', 'Z', 'z', '[', 'T', 't', ' ']));
    let value: Option<Time> = parsed.and_then(|text| text.parse().ok());
    json::local_time(value.ok_or_else(|| mismatch("LocalTime"))?, out);
    Ok(())
}

/// Writes a date and time without zone; a date alone is its midnight.
pub(crate) fn write_local_date_time(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if let Some((date, time)) = canonical(text) {
        quote(&[date, b"T", time], out);
        return Ok(());
    }
    json::local_date_time(local(text).ok_or_else(|| mismatch("LocalDateTime"))?, out)
}

/// Writes a moment in UTC; text without a zone is in UTC, as SQLite's own functions have it.
pub(crate) fn write_date_time(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let without_zone = text
        .strip_suffix(b"Z")
        .or_else(|| text.strip_suffix(b"+00:00"));
    if let Some((date, time)) = canonical(without_zone.unwrap_or(text)) {
        quote(&[date, b"T", time, b"Z"], out);
        return Ok(());
    }
    json::date_time(moment(text).ok_or_else(|| mismatch("DateTime"))?, out)
}

/// Text as the functions of SQLite and MariaDB spell it: a blank between date and time, UTC without a suffix.
pub(crate) fn spelled(text: &str, scalar: Scalar) -> Result<Cow<'_, str>, Error> {
    Ok(match scalar {
        Scalar::LocalDateTime => text.replacen('T', " ", 1).into(),
        Scalar::DateTime => bound_date_time(text)?.into(),
        _ => text.into(),
    })
}

/// What a clock in UTC shows at the moment, in the form parameters have.
fn bound_date_time(text: &str) -> Result<String, Error> {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_date_time(text.as_bytes(), &mut out)?;
    let written = String::from_utf8_lossy(&out);
    Ok(written.trim_matches(['"', 'Z']).replacen('T', " ", 1))
}

/// What a clock in UTC shows at the moment; text without a zone is in UTC.
pub(super) fn moment(text: &[u8]) -> Option<DateTime> {
    if let Some(value) = local(text) {
        return Some(value);
    }
    // The library's own timestamps end two days before the year 9999 does.
    let pieces = Pieces::parse(ascii(text)?).ok()?;
    let shown = pieces.date().to_datetime(pieces.time()?);
    let ahead = pieces.to_numeric_offset()?.seconds();
    shown
        .checked_sub(SignedDuration::from_secs(ahead.into()))
        .ok()
}

/// A date and time without zone; a date alone is its midnight.
///
/// A zone would be passed over by the parser, so text with one is turned away first.
pub(super) fn local(text: &[u8]) -> Option<DateTime> {
    let text = ascii(text)?;
    let (_, time) = text.split_at_checked(DATE)?;
    if time.contains(['+', '-', 'Z', 'z', '[']) {
        return None;
    }
    if time.is_empty() {
        let date: Date = text.parse().ok()?;
        return Some(date.at(0, 0, 0, 0));
    }
    text.parse().ok()
}

fn ascii(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text)
        .ok()
        .filter(|text| text.is_ascii())
}

fn quote(parts: &[&[u8]], out: &mut Vec<u8>) {
    out.push(b'"');
    for part in parts {
        out.extend_from_slice(part);
    }
    out.push(b'"');
}

/// Date and time of text that is canonical but for a blank in the place of the `T`.
fn canonical(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (date, time) = text.split_at_checked(DATE)?;
    let (separator, time) = time.split_first()?;
    (matches!(separator, b'T' | b' ') && is_date(date) && is_time(time)).then_some((date, time))
}

/// Whether it is a date in canonical form; the last days of a month are left to the parser.
fn is_date(text: &[u8]) -> bool {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text else {
        return false;
    };
    let digits = [y0, y1, y2, y3, m0, m1, d0, d1];
    digits.iter().all(|digit| digit.is_ascii_digit())
        && (1..=12).contains(&two(*m0, *m1))
        && (1..=28).contains(&two(*d0, *d1))
}

/// Whether it is a time in canonical form, `18:12:18` or `18:12:18.5`.
fn is_time(text: &[u8]) -> bool {
    let [h0, h1, b':', m0, m1, b':', s0, s1, fraction @ ..] = text else {
        return false;
    };
    let digits = [h0, h1, m0, m1, s0, s1];
    digits.iter().all(|digit| digit.is_ascii_digit())
        && two(*h0, *h1) < 24
        && two(*m0, *m1) < 60
        && two(*s0, *s1) < 60
        && is_fraction(fraction)
}

fn is_fraction(text: &[u8]) -> bool {
    let [b'.', digits @ ..] = text else {
        return text.is_empty();
    };
    let ends_well = digits
        .last()
        .is_some_and(|last| (b'1'..=b'9').contains(last));
    ends_well && digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit)
}

fn two(tens: u8, ones: u8) -> u8 {
    (tens - b'0') * 10 + (ones - b'0')
}

#[cold]
fn mismatch(wanted: &str) -> Error {
    Error::Conversion(format!("a stored text is no {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Write = fn(&[u8], &mut Vec<u8>) -> Result<(), Error>;

    fn written(write: Write, text: &str) -> Option<String> {
        let mut out = Vec::new();
        write(text.as_bytes(), &mut out).ok()?;
        Some(String::from_utf8(out).unwrap().trim_matches('"').into())
    }

    #[test]
    fn dates_may_carry_midnight() {
        for (text, expected) in [
            ("2009-01-01", Some("2009-01-01")),
            ("2009-01-31", Some("2009-01-31")),
            ("2009-01-01 00:00:00", Some("2009-01-01")),
            ("2009-01-01T00:00:00.000", Some("2009-01-01")),
            ("2009-01-01 00:00:01", None),
            ("2009-02-29", None),
            ("2009-1-1", None),
            ("0000-13-01", None),
            ("20090101", None),
            ("", None),
        ] {
            assert_eq!(written(write_date, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn local_date_times_take_a_blank_or_a_t_and_no_zone() {
        for (text, expected) in [
            ("2009-01-01 00:00:00", Some("2009-01-01T00:00:00")),
            ("2009-01-31T23:59:59.500", Some("2009-01-31T23:59:59.5")),
            ("2009-01-01 10:20", Some("2009-01-01T10:20:00")),
            ("2009-01-01", Some("2009-01-01T00:00:00")),
            ("2009-01-01T00:00:00Z", None),
            ("2009-01-01T00:00:00+02:00", None),
            ("2009-01-01 25:00:00", None),
            ("ä2009-01-01", None),
        ] {
            assert_eq!(
                written(write_local_date_time, text).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn moments_are_turned_into_utc() {
        for (text, expected) in [
            ("2009-01-01 00:00:00", Some("2009-01-01T00:00:00Z")),
            ("2009-01-01T00:00:00.25Z", Some("2009-01-01T00:00:00.25Z")),
            ("2009-01-01 00:00:00+00:00", Some("2009-01-01T00:00:00Z")),
            ("2009-01-01 00:30:00+02:00", Some("2008-12-31T22:30:00Z")),
            ("2009-01-01T00:30:00-0330", Some("2009-01-01T04:00:00Z")),
            ("2009-01-31", Some("2009-01-31T00:00:00Z")),
            ("9999-12-31 23:59:59Z", Some("9999-12-31T23:59:59Z")),
            ("9999-12-31T23:00:00+01:00", Some("9999-12-31T22:00:00Z")),
            ("9999-12-31T23:00:00-01:00", None),
            ("yesterday", None),
        ] {
            assert_eq!(
                written(write_date_time, text).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn times_of_day_are_only_that() {
        for (text, expected) in [
            ("18:12:18", Some("18:12:18")),
            ("18:12:18.500", Some("18:12:18.5")),
            ("18:12", Some("18:12:00")),
            ("24:00:00", None),
            ("18:12:18Z", None),
            ("2009-01-01 18:12:18", None),
        ] {
            assert_eq!(written(write_time, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_moment_is_bound_in_utc_with_a_blank_and_no_suffix() {
        let bound = bound_date_time("2026-11-23T18:12:18.5Z").unwrap();
        assert_eq!(bound, "2026-11-23 18:12:18.5");
        assert_eq!(
            bound_date_time("2026-11-23T18:12:18+02:00").unwrap(),
            "2026-11-23 16:12:18"
        );
    }
}
