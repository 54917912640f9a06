//! Findings as a person sees them: the line, the place under it, the mend.

use engine::{Source, compile};
use model::{Diagnostic, Dialect, Level, Schema};

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
    let mut out = format!("{level}[{}]: {}\n", finding.code, finding.message);
    if let Some(place) = &finding.place {
        let before = &text[..place.span.start];
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let width = text[place.span.clone()]
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        let column = text[start..place.span.start].chars().count();
        let number = before.matches('\n').count() + 1;
        out += &format!(
            "{number:>3} | {line}\n    | {}{}\n",
            " ".repeat(column),
            "^".repeat(width.max(1))
        );
    }
    if let Some(help) = &finding.help {
        out += &format!("  help: {help}\n");
    }
    out
}
