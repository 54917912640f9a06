//! Dates and times as RFC 3339 writes them, fractions of a second without trailing zeros.

use crate::Error;
use jiff::civil::{Date, DateTime, Time};

/// Writes `2026-11-23`.
pub(crate) fn date(value: Date, out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'"');
    push_date(value, out)?;
    out.push(b'"');
    Ok(())
}

/// Writes `18:12:18.5`.
pub(crate) fn local_time(value: Time, out: &mut Vec<u8>) {
    out.push(b'"');
    push_time(value, out);
    out.push(b'"');
}

/// Writes `2026-11-23T18:12:18.5`.
pub(crate) fn local_date_time(value: DateTime, out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'"');
    push_date(value.date(), out)?;
    out.push(b'T');
    push_time(value.time(), out);
    out.push(b'"');
    Ok(())
}

/// Writes `2026-11-23T18:12:18.5Z` from what a clock in UTC shows.
pub(crate) fn date_time(value: DateTime, out: &mut Vec<u8>) -> Result<(), Error> {
    local_date_time(value, out)?;
    out.pop();
    out.extend_from_slice(b"Z\"");
    Ok(())
}

/// RFC 3339 knows the years 0000 to 9999 only.
fn push_date(value: Date, out: &mut Vec<u8>) -> Result<(), Error> {
    let year = u16::try_from(value.year()).map_err(|_| {
        Error::OutOfRange("a date lies before the year 0 and has no form in RFC 3339")
    })?;
    push_two(year / 100, out);
    push_two(year % 100, out);
    for part in [value.month(), value.day()] {
        out.push(b'-');
        push_two(part.unsigned_abs().into(), out);
    }
    Ok(())
}

fn push_time(value: Time, out: &mut Vec<u8>) {
    push_two(value.hour().unsigned_abs().into(), out);
    for part in [value.minute(), value.second()] {
        out.push(b':');
        push_two(part.unsigned_abs().into(), out);
    }
    let mut fraction = value.subsec_nanosecond().unsigned_abs();
    let mut unit = 100_000_000;
    if fraction > 0 {
        out.push(b'.');
    }
    while fraction > 0 {
        out.push(digit(fraction / unit));
        fraction %= unit;
        unit /= 10;
    }
}

fn push_two(value: u16, out: &mut Vec<u8>) {
    out.extend([digit((value / 10).into()), digit((value % 10).into())]);
}

fn digit(value: u32) -> u8 {
    b"0123456789"[(value % 10) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> String {
        let mut out = Vec::new();
        date_time(value.parse().unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fractions_lose_their_trailing_zeros_and_keep_the_leading_ones() {
        for (given, expected) in [
            ("2026-11-23T18:12:18", "\"2026-11-23T18:12:18Z\""),
            ("2026-11-23T18:12:18.500", "\"2026-11-23T18:12:18.5Z\""),
            (
                "0001-01-02T03:04:05.000001",
                "\"0001-01-02T03:04:05.000001Z\"",
            ),
            (
                "9999-12-31T23:59:59.999999999",
                "\"9999-12-31T23:59:59.999999999Z\"",
            ),
        ] {
            assert_eq!(written(given), expected);
        }
    }

    #[test]
    fn a_date_before_the_year_zero_is_an_error() {
        assert!(date(Date::new(-1, 1, 1).unwrap(), &mut Vec::new()).is_err());
    }
}
