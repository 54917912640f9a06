//! The calendar of the evaluator: the Gregorian one, in every year from 1 on.

/// Where a bucket of time begins, in the form of the date or the date and time that is in it.
pub(crate) fn begin(text: &str, bucket: &str) -> String {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-');
    let (year, month, day) = match bucket {
        "YEAR" => (year, 1, 1),
        "QUARTER" => (year, (month - 1) / 3 * 3 + 1, 1),
        "MONTH" => (year, month, 1),
        "WEEK" => {
            let number = number(year, month, day);
            // Day 0, the first of January of the year 1, was a Monday.
            date_of(number - number.rem_euclid(7))
        }
        _ => (year, month, day),
    };
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some(time) = time else {
        return date;
    };
    let mut clock = time.split(':');
    let mut part = || clock.next().expect("times have hours and minutes");
    let (hour, minute) = (part(), part());
    match bucket {
        "HOUR" => format!("{date}T{hour}:00:00"),
        "MINUTE" => format!("{date}T{hour}:{minute}:00"),
        _ => format!("{date}T00:00:00"),
    }
}

/// What a clock shows that is so many minutes ahead of another, or nothing where the years end.
pub(crate) fn ahead(text: &str, minutes: i64) -> Option<String> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-');
    let (clock, rest) = time.split_at_checked(5)?;
    let [hour, minute] = numbers(clock, ':');
    let shown = (number(year, month, day) * 24 + hour) * 60 + minute + minutes;
    let (days, minute) = (shown.div_euclid(24 * 60), shown.rem_euclid(24 * 60));
    let last = number(9999, 12, 31);
    (0..=last).contains(&days).then(|| {
        let (year, month, day) = date_of(days);
        let (hour, minute) = (minute / 60, minute % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}{rest}")
    })
}

/// The numbers of a text.
fn numbers<const N: usize>(text: &str, between: char) -> [i64; N] {
    let mut parts = text.split(between).map(|part| part.parse().ok());
    [(); N].map(|()| {
        parts
            .next()
            .flatten()
            .expect("dates and times have numbers")
    })
}

const MONTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn length(year: i64, month: i64) -> i64 {
    let usual = MONTHS[usize::try_from(month - 1).expect("months begin with 1")];
    usual + i64::from(month == 2 && is_leap(year))
}

/// Days from the first of January of the year 1.
fn number(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = before * 365 + before / 4 - before / 100 + before / 400;
    let months: i64 = (1..month).map(|month| length(year, month)).sum();
    years + months + day - 1
}

fn date_of(number: i64) -> (i64, i64, i64) {
    let mut year = number / 366 + 1;
    while self::number(year + 1, 1, 1) <= number {
        year += 1;
    }
    let mut left = number - self::number(year, 1, 1);
    let mut month = 1;
    while left >= length(year, month) {
        left -= length(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_where_the_calendar_says() {
        for (text, bucket, expected) in [
            ("2024-02-29", "YEAR", "2024-01-01"),
            ("2024-12-30", "QUARTER", "2024-10-01"),
            ("2024-02-29", "MONTH", "2024-02-01"),
            // A week that ends in another year.
            ("2024-12-31", "WEEK", "2024-12-30"),
            ("2023-01-01", "WEEK", "2022-12-26"),
            ("0001-01-01", "WEEK", "0001-01-01"),
            ("1582-10-10", "WEEK", "1582-10-04"),
            ("9999-12-31", "WEEK", "9999-12-27"),
            ("2024-02-29T08:30:00.45", "DAY", "2024-02-29T00:00:00"),
            ("2024-02-29T08:30:00.45", "HOUR", "2024-02-29T08:00:00"),
            ("2024-02-29T08:30:00.45", "MINUTE", "2024-02-29T08:30:00"),
        ] {
            assert_eq!(begin(text, bucket), expected, "{text} {bucket}");
        }
    }

    #[test]
    fn clocks_show_other_days_ahead_and_behind() {
        for (text, minutes, expected) in [
            (
                "2024-02-28T23:30:00.45",
                120,
                Some("2024-02-29T01:30:00.45"),
            ),
            ("2024-01-01T00:00:00", -570, Some("2023-12-31T14:30:00")),
            ("0001-01-01T00:00:00", -1, None),
            ("9999-12-31T23:59:59", 1, None),
        ] {
            assert_eq!(ahead(text, minutes).as_deref(), expected, "{text}");
        }
    }
}
