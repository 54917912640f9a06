//! What is told to the person, or the machine, that runs a command.

use crate::environment::Environment;
use crate::mend::Mendable;
use crate::snippet::{self, Refused, Texts};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Diagnostic;
use observe::logs::Reader;
use serde_json::Value;
use std::io::{self, Write as _};
use std::time::Duration;

/// Who reads what: answers go to standard output, all else to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Whether a machine asked for the answers.
    pub(crate) json: bool,
    /// Who reads standard output.
    pub(crate) out: Reader,
    /// Who reads standard error.
    pub(crate) err: Reader,
}

/// Writes an answer and a line end; a reader who went away, as `head` does, is no failure.
pub(crate) fn answer(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Tells something beside the answer. Where standard error is closed nobody listens, and nothing
/// can be done about it.
pub(crate) fn aside(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

impl Terminal {
    /// The terminal of this process.
    pub(crate) fn new(environment: &Environment, json: bool) -> Self {
        Self {
            json,
            out: environment.out,
            err: environment.err,
        }
    }

    /// Writes an answer for a machine, or its telling for a person.
    pub(crate) fn either(self, machine: &Value, told: impl FnOnce() -> String) -> io::Result<()> {
        if self.json {
            answer(&machine.to_string())
        } else {
            answer(&told())
        }
    }

    /// Tells findings: drawn for people, one JSON array for machines.
    pub(crate) fn findings(self, diagnostics: &[Diagnostic], texts: &Texts) {
        if diagnostics.is_empty() {
            return;
        }
        if self.json {
            aside(&snippet::json(diagnostics, texts).to_string());
        } else {
            aside(&snippet::draw(diagnostics, texts, self.err.colour));
            aside("");
        }
    }

    /// Tells a person something beside the answer that a machine reads from the answer.
    pub(crate) fn remark(self, text: &str) {
        if !self.json {
            aside(text);
        }
    }

    /// Tells why something failed.
    pub(crate) fn failure(self, error: &anyhow::Error) {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return self.findings(&refused.diagnostics, &refused.texts);
        }
        let help = error
            .downcast_ref::<Mendable>()
            .map(|mendable| &*mendable.help);
        let told = match (self.json, help) {
            (true, _) => snippet::failure(&format!("{error:#}"), help).to_string(),
            (false, Some(help)) => format!("error: {error:#}\n  = help: {help}"),
            (false, None) => format!("error: {error:#}"),
        };
        aside(&told);
    }

    /// A text made bold where answers may be coloured.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.out.colour {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Shows that long work goes on, to people only; it disappears when dropped.
    pub(crate) fn progress(self, doing: &'static str) -> Progress {
        let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner());
        self.shown(bar, doing)
    }

    /// The same for work of so many steps.
    pub(crate) fn steps(self, doing: &'static str, count: usize) -> Progress {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(count as u64).with_style(style);
        self.shown(bar, doing)
    }

    fn shown(self, bar: ProgressBar, doing: &'static str) -> Progress {
        if !self.err.person || self.json {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar.set_message(doing);
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }
}

/// A sign of life on standard error.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// One step is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    /// Writes an answer beside it.
    pub(crate) fn answer(&self, text: &str) -> io::Result<()> {
        self.0.suspend(|| answer(text))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
