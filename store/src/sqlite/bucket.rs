//! The function `fragaria_bucket`: where the bucket of time begins that a date or time falls into.

use super::functions;
use crate::temporal::{local, moment};
use jiff::Span;
use jiff::civil::{Date, DateTime, Time};
use rusqlite::functions::Context;
use rusqlite::types::ValueRef;
use rusqlite::{Error, Result};

/// `fragaria_bucket(x, 'month', 'DateTime')`: the start in the form parameters of that scalar
/// have, NULL for NULL.
pub(super) fn bucket(context: &mut Context<'_>) -> Result<Option<String>> {
    let text = match context.get_raw(0) {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) => text,
        _ => return Err(refusal()),
    };
    let (unit, scalar) = (word(context, 1)?, word(context, 2)?);
    let start = match scalar {
        "Date" => date(text).and_then(|date| start(date.at(0, 0, 0, 0), unit)),
        "LocalDateTime" => local(text).and_then(|shown| start(shown, unit)),
        _ => moment(text).and_then(|shown| start(shown, unit)),
    };
    let start = start.ok_or_else(refusal)?;
    Ok(Some(match scalar {
        "Date" => start.date().to_string(),
        _ => start.to_string().replacen('T', " ", 1),
    }))
}

/// A date; a time behind it must be midnight.
fn date(text: &[u8]) -> Option<Date> {
    let shown = local(text)?;
    (shown.time() == Time::midnight()).then(|| shown.date())
}

fn start(shown: DateTime, unit: &str) -> Option<DateTime> {
    let (date, time) = (shown.date(), shown.time());
    let first_of = |month| Date::new(date.year(), month, 1).ok();
    let day = match unit {
        "year" => first_of(1)?,
        "quarter" => first_of((date.month() - 1) / 3 * 3 + 1)?,
        "month" => first_of(date.month())?,
        "week" => {
            let behind = date.weekday().to_monday_zero_offset();
            date.checked_sub(Span::new().days(behind)).ok()?
        }
        _ => date,
    };
    let time = match unit {
        "hour" => Time::new(time.hour(), 0, 0, 0).ok()?,
        "minute" => Time::new(time.hour(), time.minute(), 0, 0).ok()?,
        _ => Time::midnight(),
    };
    Some(day.to_datetime(time))
}

fn word<'a>(context: &'a Context<'_>, index: usize) -> Result<&'a str> {
    context.get_raw(index).as_str().map_err(|_| refusal())
}

fn refusal() -> Error {
    functions::refusal("a text is no date or time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_where_the_calendar_says() {
        for (unit, text, expected) in [
            ("year", "2026-11-23 18:12:18.5", "2026-01-01 00:00:00"),
            ("quarter", "2026-11-23 18:12:18.5", "2026-10-01 00:00:00"),
            ("quarter", "2026-03-31", "2026-01-01 00:00:00"),
            ("month", "2024-02-29T23:59:59", "2024-02-01 00:00:00"),
            ("week", "2026-11-29 23:59:59", "2026-11-23 00:00:00"),
            ("week", "2026-01-01", "2025-12-29 00:00:00"),
            ("week", "0001-01-01", "0001-01-01 00:00:00"),
            ("day", "9999-12-31 23:59:59.999999", "9999-12-31 00:00:00"),
            ("hour", "2026-11-23 18:12:18.5", "2026-11-23 18:00:00"),
            ("minute", "1969-12-31 23:59:59.5", "1969-12-31 23:59:00"),
        ] {
            let begun = start(local(text.as_bytes()).unwrap(), unit).unwrap();
            assert_eq!(begun.to_string().replace('T', " "), expected, "{unit}");
        }
    }

    #[test]
    fn a_moment_is_taken_to_utc_first_and_a_date_has_no_time() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let watch = std::sync::Arc::new(crate::sqlite::watch::Watch::new());
        crate::sqlite::functions::register(&connection, &watch).unwrap();
        let answer = |call: &str| -> Result<Option<String>> {
            connection.query_row(&format!("SELECT fragaria_bucket({call})"), [], |row| {
                row.get(0)
            })
        };
        for (call, expected) in [
            ("NULL, 'day', 'DateTime'", None),
            (
                "'2026-11-01 00:30:00+02:00', 'month', 'DateTime'",
                Some("2026-10-01 00:00:00"),
            ),
            (
                "'2026-11-01 00:30:00', 'hour', 'LocalDateTime'",
                Some("2026-11-01 00:00:00"),
            ),
            ("'2026-11-23 00:00:00', 'month', 'Date'", Some("2026-11-01")),
        ] {
            assert_eq!(answer(call).unwrap().as_deref(), expected, "{call}");
        }
        for call in [
            "'2026-11-23 10:00:00', 'month', 'Date'",
            "'2026-11-01T00:30:00Z', 'hour', 'LocalDateTime'",
            "'soon', 'year', 'DateTime'",
            "7, 'year', 'DateTime'",
        ] {
            assert!(answer(call).is_err(), "{call}");
        }
    }
}
