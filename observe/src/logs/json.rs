//! An event as one JSON object on a line, written as it is visited: no map is made of it before.

use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// What every record of the `log` crate has, and says nothing: its level and target are the event's.
const OF_LOG: &str = "log.";

/// The format of lines for machines.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> tracing_subscriber::fmt::FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let of_log = event.normalized_metadata();
        let metadata = of_log.as_ref().unwrap_or_else(|| event.metadata());
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "\",\"level\":\"{}\"", metadata.level())?;
        let mut members = Members {
            writer: &mut writer,
            outcome: Ok(()),
        };
        event.record(&mut members);
        members.outcome?;
        writer.write_str(",\"target\":")?;
        string(&mut writer, metadata.target())?;
        writer.write_str("}\n")
    }
}

/// Writes the fields of an event as members.
struct Members<'w, 'a> {
    writer: &'w mut Writer<'a>,
    outcome: fmt::Result,
}

impl Members<'_, '_> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let name = field.name();
        if self.outcome.is_err() || name.starts_with(OF_LOG) {
            return;
        }
        let writer = &mut *self.writer;
        self.outcome = writer
            .write_char(',')
            .and_then(|()| string(writer, name.strip_prefix("r#").unwrap_or(name)))
            .and_then(|()| writer.write_char(':'))
            .and_then(|()| value(writer));
    }
}

impl Visit for Members<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |writer| string(writer, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, |writer| {
            if value.is_finite() {
                write!(writer, "{value}")
            } else {
                writer.write_str("null")
            }
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field, |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }
}

fn string(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// Writes the inside of a JSON string.
struct Escaped<'w, 'a>(&'w mut Writer<'a>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |letter: char| matches!(letter, '"' | '\\' | '\0'..='\u{1f}');
        let mut rest = text;
        while let Some(at) = rest.find(is_special) {
            let (plain, special) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut letters = special.chars();
            match letters.next() {
                Some('"') => self.0.write_str("\\\"")?,
                Some('\\') => self.0.write_str("\\\\")?,
                Some('\n') => self.0.write_str("\\n")?,
                Some(letter) => write!(self.0, "\\u{:04x}", u32::from(letter))?,
                None => {}
            }
            rest = letters.as_str();
        }
        self.0.write_str(rest)
    }
}
