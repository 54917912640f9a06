//! Diagnostics drawn for people: the file, the line, a caret, and the mend.

use crate::count::count;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::{Diagnostic, Place};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The texts diagnostics point into, by the name the person knows.
pub(crate) type Texts = BTreeMap<String, String>;

/// Work that was refused, with everything that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}", summary(diagnostics))]
pub(crate) struct Refused {
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The texts it is about.
    pub(crate) texts: Texts,
}

/// Places named of warnings that are not drawn.
const PLACES_MAX: usize = 8;

/// Draws diagnostics one after the other: warnings first, those of one kind together, and errors
/// last, where they are seen.
pub(crate) fn draw(diagnostics: &[Diagnostic], texts: &Texts, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let drawn: Vec<_> = folded(diagnostics, texts)
        .iter()
        .map(|diagnostic| renderer.render(&[group(diagnostic, texts)]))
        .collect();
    drawn.join("\n\n")
}

/// Of warnings that say the same of many places the first, and one for all others; then the errors.
fn folded(diagnostics: &[Diagnostic], texts: &Texts) -> Vec<Diagnostic> {
    let (errors, mut warnings): (Vec<_>, Vec<_>) = diagnostics
        .iter()
        .partition(|diagnostic| diagnostic.level == model::Level::Error);
    let mut shown = Vec::new();
    while let Some(first) = warnings.first().copied() {
        let alike = |other: &&Diagnostic| other.code == first.code && other.help == first.help;
        let (same, others): (Vec<_>, Vec<_>) = warnings.into_iter().partition(alike);
        warnings = others;
        shown.push(first.clone());
        match &same[1..] {
            [] => {}
            [second] => shown.push((*second).clone()),
            more => shown.push(rest(first.code, more, texts)),
        }
    }
    shown.extend(errors.into_iter().cloned());
    shown
}

/// One warning for many more of a kind.
fn rest(code: &'static str, more: &[&Diagnostic], texts: &Texts) -> Diagnostic {
    let place = |diagnostic: &&Diagnostic| match &diagnostic.place {
        Some(place) => named(place, texts),
        // The message begins with what it is about, and its reason was told once.
        None => diagnostic
            .message
            .split(", ")
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    let mut places: Vec<_> = more.iter().take(PLACES_MAX).map(place).collect();
    if let Some(left @ 1..) = more.len().checked_sub(PLACES_MAX) {
        places.push(format!("and {left} more"));
    }
    let message = format!("the same {} more times: {}", more.len(), places.join(", "));
    Diagnostic::warning(code, message)
}

/// The same for machines.
pub(crate) fn json(diagnostics: &[Diagnostic], texts: &Texts) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| object(diagnostic, texts))
        .collect()
}

/// A failure that is about no place, in the same shape.
pub(crate) fn failure(message: &str, help: Option<&str>) -> Value {
    json!([{
        "code": null,
        "level": "error",
        "message": message,
        "file": null,
        "line": null,
        "column": null,
        "help": help,
    }])
}

fn group<'a>(diagnostic: &'a Diagnostic, texts: &'a Texts) -> Group<'a> {
    let level = match diagnostic.level {
        model::Level::Error => Level::ERROR,
        model::Level::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(place) = &diagnostic.place
        && let Some(text) = texts.get(&place.file)
    {
        // A file may have changed, or ended early: the caret stays inside the text.
        let end = place.span.end.min(text.len());
        let annotation = AnnotationKind::Primary.span(place.span.start.min(end)..end);
        group = group.element(
            Snippet::source(text)
                .path(&place.file)
                .annotation(annotation),
        );
    } else if let Some(place) = &diagnostic.place {
        group = group.element(annotate_snippets::Origin::path(&place.file));
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

fn object(diagnostic: &Diagnostic, texts: &Texts) -> Value {
    let place = diagnostic.place.as_ref();
    let position = place.and_then(|place| position(place, texts));
    json!({
        "code": diagnostic.code,
        "level": match diagnostic.level {
            model::Level::Error => "error",
            model::Level::Warning => "warning",
        },
        "message": diagnostic.message,
        "file": place.map(|place| &place.file),
        "line": position.map(|(line, _)| line),
        "column": position.map(|(_, column)| column),
        "help": diagnostic.help,
    })
}

/// A place as people name it: the file, and the line.
pub(crate) fn named(place: &Place, texts: &Texts) -> String {
    match position(place, texts) {
        Some((line, _)) => format!("{}:{line}", place.file),
        None => place.file.clone(),
    }
}

/// Line and column of a place, in characters.
pub(crate) fn position(place: &Place, texts: &Texts) -> Option<(usize, usize)> {
    let before = texts.get(&place.file)?.get(..place.span.start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..)?.chars().count() + 1;
    Some((before.matches('\n').count() + 1, column))
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    match diagnostics {
        [one] => one.message.clone(),
        many => count(many.len(), "error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (Vec<Diagnostic>, Texts) {
        let text = "type A {\n  é: Strin\n}\n".to_owned();
        let at = text.find("Strin").unwrap();
        let diagnostic = Diagnostic::error("sdl.unknown_type", "there is no type Strin")
            .at("schema.graphql", at..at + 5)
            .help("did you mean String?");
        (
            vec![diagnostic],
            Texts::from([("schema.graphql".to_owned(), text)]),
        )
    }

    #[test]
    fn a_diagnostic_shows_the_file_the_line_a_caret_and_the_mend() {
        let (diagnostics, texts) = example();
        let drawn = draw(&diagnostics, &texts, false);
        let expected = "\
error[sdl.unknown_type]: there is no type Strin
 --> schema.graphql:2:6
  |
2 |   é: Strin
  |      ^^^^^
  |
  = help: did you mean String?";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn warnings_of_a_kind_are_one_and_errors_come_last() {
        let (mut diagnostics, mut texts) = example();
        texts.insert("a.graphql".to_owned(), "x\n".repeat(20));
        diagnostics.extend((0..12).map(|line| {
            let warning = Diagnostic::warning("sdl.binary_decimal", format!("`{line}` is a float"));
            warning.at("a.graphql", line * 2..line * 2 + 1)
        }));
        diagnostics.push(Diagnostic::warning("sdl.other", "another"));
        let drawn = draw(&diagnostics, &texts, false);
        let expected = "\
warning[sdl.binary_decimal]: `0` is a float
 --> a.graphql:1:1
  |
1 | x
  | ^

warning[sdl.binary_decimal]: the same 11 more times: a.graphql:2, a.graphql:3, a.graphql:4, \
a.graphql:5, a.graphql:6, a.graphql:7, a.graphql:8, a.graphql:9, and 3 more

warning[sdl.other]: another

error[sdl.unknown_type]";
        assert!(drawn.starts_with(expected), "{drawn}");
    }

    #[test]
    fn a_machine_is_told_line_and_column_in_characters() {
        let (diagnostics, texts) = example();
        let told = json(&diagnostics, &texts);
        assert_eq!(
            (&told[0]["line"], &told[0]["column"]),
            (&json!(2), &json!(6))
        );
    }

    #[test]
    fn a_place_outside_its_text_is_still_drawn() {
        let (mut diagnostics, texts) = example();
        diagnostics[0] = diagnostics[0].clone().at("schema.graphql", 900..950);
        assert!(draw(&diagnostics, &texts, false).contains("schema.graphql"));
        diagnostics[0] = diagnostics[0].clone().at("gone.graphql", 0..1);
        assert!(draw(&diagnostics, &texts, false).contains("gone.graphql"));
    }
}
