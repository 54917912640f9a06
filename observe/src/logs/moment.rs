//! The moment of a line, as RFC 3339 has it; what is the same for a whole second is written once.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime as _;

/// The digits behind the point: microseconds.
const DIGITS: usize = 6;

thread_local! {
    /// The second that was last written here, and its text: `2026-11-27T03:31:42`.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// Writes a moment in UTC.
pub(super) fn write(writer: &mut String, now: SystemTime) -> fmt::Result {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let Some((since, second)) = since.ok().and_then(|since| Some((since, second(since)?))) else {
        // A clock that stands outside of the calendar.
        return tracing_subscriber::fmt::time::SystemTime.format_time(&mut Writer::new(writer));
    };
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != since.as_secs() {
            text.clear();
            write!(text, "{}", second.strftime("%Y-%m-%dT%H:%M:%S"))?;
            *known = since.as_secs();
        }
        writer.write_str(text)
    })?;
    let mut micros = itoa::Buffer::new();
    let micros = micros.format(since.subsec_micros());
    writer.write_char('.')?;
    for _ in micros.len()..DIGITS {
        writer.write_char('0')?;
    }
    writer.write_str(micros)?;
    writer.write_char('Z')
}

fn second(since: Duration) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(since: Duration) -> String {
        let mut text = String::new();
        write(&mut text, SystemTime::UNIX_EPOCH + since).unwrap();
        text
    }

    #[test]
    fn a_moment_has_its_microseconds_and_the_next_second_its_own_text() {
        let last = Duration::new(1_795_750_302, 12_345_678);
        assert_eq!(text(last), "2026-11-27T03:31:42.012345Z");
        assert_eq!(text(last), "2026-11-27T03:31:42.012345Z");
        let next = last + Duration::from_secs(18);
        assert_eq!(text(next), "2026-11-27T03:32:00.012345Z");
        assert_eq!(text(Duration::ZERO), "1970-01-01T00:00:00.000000Z");
    }
}
