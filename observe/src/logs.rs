//! Where events go: one JSON object a line for machines, or coloured text for people.

mod json;
mod line;
mod lines;
mod moment;

use crate::Error;
use json::Json;
use line::OneLine;
use lines::{Lines, Metrics, Scribe};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::LazyLock;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

/// The rooms whose events follow the configured level; foreign crates only warn.
const ROOMS: [&str; 6] = ["fragaria", "engine", "store", "guard", "observe", "model"];

/// What is logged, and how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The least important level that is written: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: Level,
    /// `json`, `text`, or `auto`: text in `dev` and on a terminal, JSON otherwise.
    pub format: Format,
    /// What the line of a request tells of who asked: `name`, `roles` or `nothing`.
    pub callers: Callers,
}

/// What is told of who asked. Tokens, keys and other claims never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Callers {
    /// Its name, which may be that of a person, and its roles.
    #[default]
    Name,
    /// Its roles alone.
    Roles,
    /// Neither.
    Nothing,
}

/// How important an event is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warn,
    /// One line a request, and the changes of state.
    #[default]
    Info,
    /// What helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Decided by who reads it.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Text for people.
    Text,
}

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// A person, at a terminal or in development.
    pub person: bool,
    /// Whether colours reach the reader and are wanted.
    pub colour: bool,
}

/// The log of this process; what is still to be written is written when it goes.
#[must_use = "the log ends where it is dropped"]
pub struct Log {
    _scribe: Scribe,
}

/// There is one log in a process, whatever servers it has.
static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// Declares what is counted of the log of this process.
pub fn declare(registry: &mut model::metric::Registry) {
    METRICS.register(registry);
}

/// Sends all events of this process to standard error from now on, on a thread of their own.
pub fn install(config: Config, reader: Reader) -> Result<Log, Error> {
    let (writer, scribe) =
        Lines::written_to(io::stderr(), METRICS.clone()).map_err(Error::LogThread)?;
    Registry::default()
        .with(layer(config, reader, writer))
        .try_init()
        .map_err(|_| Error::LogsInstalled)?;
    Ok(Log { _scribe: scribe })
}

/// The layer that writes events of a configuration for a reader.
fn layer<W>(config: Config, reader: Reader, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer();
    let filter = filter(config.level);
    if is_text(config.format, reader) {
        let colour = reader.colour;
        return lines
            .with_writer(OneLine(writer))
            .with_ansi(colour)
            .with_target(false)
            .with_filter(filter)
            .boxed();
    }
    lines
        .with_writer(writer)
        .event_format(Json)
        .with_filter(filter)
        .boxed()
}

fn is_text(format: Format, reader: Reader) -> bool {
    match format {
        Format::Auto => reader.person,
        Format::Json => false,
        Format::Text => true,
    }
}

fn filter(level: Level) -> Targets {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_targets(ROOMS.map(|room| (room, level)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(config: Config, reader: Reader) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = Registry::default().with(layer(config, reader, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(answer = 42, "said");
            tracing::debug!("hidden");
            tracing::info!(target: "hyper", "foreign");
        });
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    const MACHINE: Reader = Reader {
        person: false,
        colour: false,
    };
    const PERSON: Reader = Reader {
        person: true,
        colour: true,
    };

    #[test]
    fn a_machine_reads_one_json_object_a_line() {
        let text = written(Config::default(), MACHINE);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "said");
        assert_eq!(line["answer"], 42);
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn whatever_is_quoted_is_a_json_string() {
        let page = Page::default();
        let writer = page.clone();
        let layer = layer(Config::default(), MACHINE, move || writer.clone());
        let quoted = "\"a\\\r\n\t\u{1}\u{7f}é\u{1f353}";
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let (none, some) = (None::<u64>, Some(-7_i64));
            tracing::warn!(text = quoted, shown = %quoted, debugged = ?quoted, none, some,
                yes = true, part = 0.25, whole = 2.0, endless = f64::NAN, r#type = "t", "said");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "text": quoted, "shown": quoted, "debugged": format!("{quoted:?}"), "some": -7,
            "yes": true, "part": 0.25, "whole": 2.0, "endless": null, "type": "t", "message": "said",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(
                line[name].to_string(),
                value.to_string().replace("2.0", "2"),
                "{name}"
            );
        }
        assert!(line.get("none").is_none(), "{text}");
    }

    #[test]
    fn a_person_reads_coloured_text_unless_colour_is_unwanted() {
        assert!(written(Config::default(), PERSON).contains('\u{1b}'));
        let plain = Reader {
            colour: false,
            ..PERSON
        };
        let text = written(Config::default(), plain);
        assert!(
            text.contains("said answer=42") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn an_event_is_one_line_whatever_it_quotes() {
        let page = Page::default();
        let writer = page.clone();
        let layer = layer(Config::default(), PERSON, move || writer.clone());
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let quoted = "a\r\n2026-11-25T20:00:00Z ERROR b";
            tracing::warn!(detail = %quoted, "refused");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("a\\r\\n2026"), "{text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        assert!(text.ends_with('\n') && !text.contains('\r'), "{text}");
    }

    #[test]
    fn the_level_is_for_the_rooms_and_foreign_crates_only_warn() {
        let config = Config {
            level: Level::Debug,
            ..Config::default()
        };
        let text = written(config, MACHINE);
        assert!(text.contains("hidden") && !text.contains("foreign"));
    }
}
