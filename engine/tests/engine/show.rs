//! Findings as a person sees them: the line, the place under it, the mend.

use engine::{Source, compile};
use model::{Diagnostic, Dialect, Level, Place, Schema};

pub(crate) fn source(text: &str) -> Vec<Source> {
    vec![Source {
        name: "schema.graphql".to_owned(),
        text: text.to_owned(),
    }]
}

/// The schema of a text that has nothing wrong.
pub(crate) fn schema(text: &str, dialect: Dialect) -> Schema {
    match compile(&source(text), dialect) {
        Ok(compiled) => compiled.schema,
        Err(findings) => panic!("{}\n{text}", findings_of(text, &findings)),
    }
}

/// The findings of a text that has something wrong, or warnings of one that has not.
pub(crate) fn findings(text: &str, dialect: Dialect) -> String {
    let findings = match compile(&source(text), dialect) {
        Ok(compiled) => compiled.warnings,
        Err(findings) => findings,
    };
    findings_of(text, &findings)
}

pub(crate) fn findings_of(text: &str, findings: &[Diagnostic]) -> String {
    findings
        .iter()
        .map(|finding| show(text, finding))
        .collect::<Vec<_>>()
        .join("\n")
}

fn show(text: &str, finding: &Diagnostic) -> String {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let head = format!("{level}[{}]: {}\n", finding.code, finding.message);
    let excerpt = finding.place.as_ref().map(|place| excerpt(text, place));
    let help = finding
        .help
        .as_ref()
        .map(|help| format!("  help: {help}\n"));
    [Some(head), excerpt, help].into_iter().flatten().collect()
}

/// The line of a place, and marks under what it is about.
fn excerpt(text: &str, place: &Place) -> String {
    let (before, rest) = text
        .split_at_checked(place.span.start)
        .expect("a place in the text");
    let about = rest.get(..place.span.len()).unwrap_or(rest);
    let lead = before.rsplit('\n').next().unwrap_or_default();
    let tail = rest.lines().next().unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let indent = " ".repeat(lead.chars().count());
    let width = about.lines().next().unwrap_or_default().chars().count();
    let marks = "^".repeat(width.max(1));
    format!("{number:>3} | {lead}{tail}\n    | {indent}{marks}\n")
}
