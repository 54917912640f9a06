//! An event as one JSON object on a line, written as it is visited: no map is made of it before.

use super::moment;
use std::cell::Cell;
use std::fmt::{self, Write};
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// What every record of the `log` crate has, and says nothing: its level and target are the event's.
const OF_LOG: &str = "log.";

/// Bytes of a line that are kept for the next.
const LINE_BYTES_KEPT: usize = 16 * 1024;

thread_local! {
    /// Where the lines of a thread are written, one after the other.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

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
        // A value that logs while it is written finds another line in its place.
        let mut line = LINE.take();
        line.clear();
        let outcome = object(&mut line, event, metadata).and_then(|()| writer.write_str(&line));
        if line.capacity() <= LINE_BYTES_KEPT {
            LINE.set(line);
        }
        outcome
    }
}

fn object(line: &mut String, event: &Event<'_>, metadata: &Metadata<'_>) -> fmt::Result {
    line.push_str("{\"timestamp\":\"");
    moment::write(line, SystemTime::now())?;
    line.push_str("\",\"level\":\"");
    line.push_str(metadata.level().as_str());
    line.push('"');
    let mut members = Members {
        writer: line,
        outcome: Ok(()),
    };
    event.record(&mut members);
    members.outcome?;
    line.push_str(",\"target\":\"");
    line.push_str(metadata.target());
    line.push_str("\"}\n");
    Ok(())
}

/// Writes the fields of an event as members.
struct Members<'w> {
    writer: &'w mut String,
    outcome: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        let name = field.name();
        if self.outcome.is_err() || name.starts_with(OF_LOG) {
            return;
        }
        let writer = &mut *self.writer;
        // The name is a word of the source: nothing in it is special in JSON.
        self.outcome = writer
            .write_str(",\"")
            .and_then(|()| writer.write_str(name.strip_prefix("r#").unwrap_or(name)))
            .and_then(|()| writer.write_str("\":"))
            .and_then(|()| value(writer));
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |writer| string(writer, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |writer| {
            writer.write_str(itoa::Buffer::new().format(value))
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |writer| {
            writer.write_str(itoa::Buffer::new().format(value))
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, |writer| {
            if value.is_finite() {
                let mut digits = ryu::Buffer::new();
                let digits = digits.format_finite(value);
                writer.write_str(digits.strip_suffix(".0").unwrap_or(digits))
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

fn string(writer: &mut String, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// Writes the inside of a JSON string.
struct Escaped<'w>(&'w mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |letter: char| matches!(letter, '"' | '\\' | '\0'..='\u{1f}');
        // Nearly all text is plain, and bytes are looked at in a stride.
        let special = |byte: u8| u8::from(byte < 0x20 || byte == b'"' || byte == b'\\');
        if text.bytes().fold(0, |found, byte| found | special(byte)) == 0 {
            return self.0.write_str(text);
        }
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
