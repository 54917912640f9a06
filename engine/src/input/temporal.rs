//! Dates and times: checked against the calendar and brought to their canonical text.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;

/// Digits after the point of a second that both databases keep.
const FRACTION_DIGITS_MAX: usize = 6;

/// `2026-11-23`.
pub(crate) fn date(text: &str) -> Result<String, String> {
    let expected = "expected a Date like 2026-11-23";
    let date: Date = only(text, 10..=10, expected)?
        .parse()
        .map_err(|_| expected.to_owned())?;
    in_range(date.to_string())
}

/// `18:12:18.5`.
pub(crate) fn time(text: &str) -> Result<String, String> {
    let expected = "expected a LocalTime like 18:12:18.5";
    let text = only(text, 5..=15, expected)?;
    let time: Time = text.parse().map_err(|_| expected.to_owned())?;
    Ok(time.to_string())
}

/// `2026-11-23T18:12:18.5`.
pub(crate) fn local(text: &str) -> Result<String, String> {
    let expected = "expected a LocalDateTime like 2026-11-23T18:12:18.5, without a zone";
    let text = only(text, 16..=26, expected)?;
    let moment: DateTime = text.parse().map_err(|_| expected.to_owned())?;
    in_range(moment.to_string())
}

/// `2026-11-23T18:12:18.5Z`; an offset is turned into UTC.
pub(crate) fn moment(text: &str) -> Result<String, String> {
    let expected = "expected a DateTime like 2026-11-23T18:12:18.5Z, with an offset or Z";
    let text = only(text, 17..=32, expected)?;
    let moment = utc(text).ok_or_else(|| expected.to_owned())?;
    in_range(format!("{moment}Z"))
}

/// What a clock in UTC shows; the library's own timestamps end two days before the year 9999 does.
fn utc(text: &str) -> Option<DateTime> {
    let pieces = Pieces::parse(text).ok()?;
    let shown = pieces.date().to_datetime(pieces.time()?);
    let ahead = pieces.to_numeric_offset()?.seconds();
    shown
        .checked_sub(SignedDuration::from_secs(ahead.into()))
        .ok()
}

/// Refuses text of another length, with brackets (zone names), or with too fine a fraction.
fn only<'a>(
    text: &'a str,
    length: std::ops::RangeInclusive<usize>,
    expected: &str,
) -> Result<&'a str, String> {
    let fraction = text.split_once(['.', ',']).map_or(0, |(_, rest)| {
        rest.bytes().take_while(u8::is_ascii_digit).count()
    });
    if fraction > FRACTION_DIGITS_MAX {
        return Err(format!(
            "at most {FRACTION_DIGITS_MAX} digits of a second are kept"
        ));
    }
    if text.contains(":60") {
        return Err("leap seconds are not kept: give 59 or the next minute".to_owned());
    }
    let known = |byte: u8| byte.is_ascii_digit() || b"-+:.TZtz ".contains(&byte);
    if length.contains(&text.len()) && text.bytes().all(known) {
        Ok(text)
    } else {
        Err(expected.to_owned())
    }
}

/// Refuses years outside 1 to 9999, which RFC 3339 cannot write or SQL has not.
fn in_range(text: String) -> Result<String, String> {
    if text.starts_with('-') || text.starts_with("0000") {
        return Err("years before 1 are not supported".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_has_no_trailing_zeros_and_no_offset() {
        assert_eq!(date("1968-02-29").as_deref(), Ok("1968-02-29"));
        assert_eq!(time("18:12:18.500").as_deref(), Ok("18:12:18.5"));
        assert_eq!(
            local("2026-11-23T18:12:18").as_deref(),
            Ok("2026-11-23T18:12:18")
        );
        assert_eq!(
            moment("2026-11-23T18:12:18.120+02:00").as_deref(),
            Ok("2026-11-23T16:12:18.12Z")
        );
        assert_eq!(
            moment("1969-12-31T23:59:59.5Z").as_deref(),
            Ok("1969-12-31T23:59:59.5Z")
        );
    }

    #[test]
    fn leap_seconds_are_refused() {
        let told = Err("leap seconds are not kept: give 59 or the next minute".to_owned());
        assert_eq!(time("23:59:60"), told);
        assert_eq!(local("2016-12-31T23:59:60.5"), told);
        assert_eq!(moment("2016-12-31T23:59:60Z"), told);
    }

    #[test]
    fn moments_reach_from_the_first_to_the_last_of_four_digits() {
        for (given, wanted) in [
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("9999-12-31T23:59:59-00:00", "9999-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00-02:30", "0001-01-01T02:30:00Z"),
        ] {
            assert_eq!(moment(given).as_deref(), Ok(wanted), "{given}");
        }
        assert!(moment("9999-12-31T23:59:59-01:00").is_err());
        assert!(moment("0001-01-01T00:00:00+01:00").is_err());
        assert!(moment("2026-11-23+02:00:00").is_err());
    }

    #[test]
    fn what_the_calendar_lacks_is_refused() {
        assert!(date("2023-02-29").is_err());
        assert!(date("20230228").is_err());
        assert!(date("0000-01-01").is_err());
        assert!(time("25:00:00").is_err());
        assert!(local("2026-11-23T18:12:18Z").is_err());
        assert!(moment("2026-11-23T18:12:18").is_err());
        assert!(moment("2026-11-23T18:12:18.1234567Z").is_err());
        assert!(moment("2026-11-23T18:12:18Z[Europe/Bern]").is_err());
    }
}
