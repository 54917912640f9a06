//! A command line that was not understood, told to whoever wrote it.

use crate::snippet;
use crate::terminal::aside;
use clap::error::ErrorKind;
use std::process::ExitCode;

/// Help and version are answers; anything else that stops the parser is a usage error.
pub(crate) fn explain(usage: &clap::Error, json: bool) -> ExitCode {
    if !usage.use_stderr() {
        let printed = usage.print();
        return if printed.is_ok() {
            ExitCode::SUCCESS
        } else {
            FAILURE.into()
        };
    }
    if json {
        let (message, help) = told(usage);
        aside(&snippet::failure(&message, Some(&help)).to_string());
    } else {
        let _ = usage.print();
    }
    FAILURE.into()
}

const FAILURE: u8 = 2;

/// What is wrong and what to do, out of the paragraphs that the parser writes for people.
fn told(usage: &clap::Error) -> (String, String) {
    if matches!(
        usage.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let help = "`fragaria --help` lists the commands";
        return ("no command is given".to_owned(), help.to_owned());
    }
    let text = usage.render().to_string();
    let mut paragraphs = text.split("\n\n").map(line);
    let what = paragraphs.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(&what).to_owned();
    let help = paragraphs.next().unwrap_or_default();
    let help = help.strip_prefix("tip: ").unwrap_or(&help).to_owned();
    (what, help)
}

/// A paragraph in one line.
fn line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
