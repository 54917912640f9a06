//! The time in which the shop trades, counted from its first day.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, date};

/// The day it opens.
const FIRST: Date = date(2024, 1, 1);

/// How many days it has traded: up to and with 2026-10-31.
pub(super) const DAYS: i64 = 1_035;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// The date that many days after the first.
pub(super) fn day(days: i64) -> Date {
    FIRST.saturating_add(days.days())
}

/// The moment that many seconds after the beginning of the first day, in UTC.
pub(super) fn moment(seconds: i64) -> DateTime {
    FIRST.at(0, 0, 0, 0).saturating_add(seconds.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_is_in_2026() {
        assert_eq!(day(DAYS - 1), date(2026, 10, 31));
        assert_eq!(moment(DAYS * DAY - 1).to_string(), "2026-10-31T23:59:59");
    }
}
