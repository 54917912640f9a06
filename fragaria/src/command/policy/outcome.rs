//! What became of what a case expects, for people and machines.

use super::cases::Expected;
use super::stand::Stand;
use super::telling;
use super::trial::done;
use crate::snippet::{self, Texts};
use engine::Explanation;
use model::Place;
use serde_json::{Value, json};

/// Longest document that is told of, in characters.
const DOCUMENT_MAX: usize = 60;

/// What became of one expectation.
pub(super) struct Outcome {
    pub(super) place: Place,
    /// What is expected, in words.
    pub(super) says: String,
    pub(super) failed: Option<Failed>,
}

/// Something else than what was expected.
#[derive(Clone)]
pub(super) struct Failed {
    pub(super) expected: String,
    pub(super) got: String,
    /// Why it came so.
    pub(super) why: Vec<String>,
}

impl Failed {
    pub(super) fn of(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            got: got.into(),
            why: Vec::new(),
        }
    }

    /// The same, with what the rules come to.
    pub(super) fn because(self, stand: &Stand, explanation: &Explanation) -> Self {
        Self {
            why: telling::lines(stand, explanation),
            ..self
        }
    }
}

impl Outcome {
    /// For a person; nothing where it came as expected.
    pub(super) fn lines(&self, texts: &Texts) -> Vec<String> {
        let Some(failed) = &self.failed else {
            return Vec::new();
        };
        let place = snippet::named(&self.place, texts);
        let mut lines = vec![
            format!("        {place}  {}", self.says),
            format!("          expected  {}", failed.expected),
            format!("          got       {}", failed.got),
        ];
        let why = failed.why.iter().filter(|line| !line.is_empty());
        lines.extend(why.map(|line| format!("            {line}")));
        lines
    }

    /// For a machine.
    pub(super) fn machine(&self, texts: &Texts) -> Value {
        let position = snippet::position(&self.place, texts);
        let failed = self.failed.as_ref();
        json!({
            "says": self.says,
            "file": self.place.file,
            "line": position.map(|(line, _)| line),
            "passes": failed.is_none(),
            "expected": failed.map(|failed| &failed.expected),
            "got": failed.map(|failed| &failed.got),
            "why": failed.map(|failed| &failed.why),
        })
    }
}

/// What is expected, in words.
pub(super) fn title(expected: &Expected) -> String {
    match expected {
        Expected::Sees(row) => format!("sees {} {}", row.type_name, telling::key(&row.id)),
        Expected::DoesNotSee(row) => {
            format!("does_not_see {} {}", row.type_name, telling::key(&row.id))
        }
        Expected::May(write) | Expected::MayNot(write) => {
            let word = match expected {
                Expected::May(_) => "may",
                _ => "may_not",
            };
            let (action, type_name) = done(write);
            let id = write.id.iter().map(|id| format!(" {}", telling::key(id)));
            let id = id.collect::<String>();
            format!("{word} {} {type_name}{id}", action.name())
        }
        Expected::Asks(question) => {
            let words: Vec<_> = question.document.split_whitespace().collect();
            let document = words.join(" ");
            let shown: String = document.chars().take(DOCUMENT_MAX).collect();
            let rest = if shown.len() < document.len() {
                "…"
            } else {
                ""
            };
            format!("asks {shown}{rest}")
        }
    }
}

/// The first place at which two answers differ, as a pointer.
pub(super) fn difference(expected: &Value, got: &Value) -> String {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let names = expected.keys().chain(got.keys());
            let mut inside = names.filter_map(|name| match (expected.get(name), got.get(name)) {
                (Some(one), Some(other)) if one == other => None,
                (Some(one), Some(other)) => Some(format!("/{name}{}", difference(one, other))),
                _ => Some(format!("/{name}")),
            });
            inside.next().unwrap_or_default()
        }
        (Value::Array(expected), Value::Array(got)) => {
            let pairs = expected.iter().zip(got).enumerate();
            let mut unlike = pairs.filter(|(_, (one, other))| one != other);
            match unlike.next() {
                Some((index, (one, other))) => format!("/{index}{}", difference(one, other)),
                None => format!("/{}", expected.len().min(got.len())),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_differ_at_the_first_place_where_they_do() {
        let one = json!({ "a": [{ "b": 1 }, { "b": 2 }], "c": 3 });
        for (other, place) in [
            (json!({ "a": [{ "b": 1 }, { "b": 3 }], "c": 3 }), "/a/1/b"),
            (json!({ "a": [{ "b": 1 }], "c": 3 }), "/a/1"),
            (json!({ "a": [{ "b": 1 }, { "b": 2 }] }), "/c"),
            (json!({ "a": null, "c": 3 }), "/a"),
        ] {
            assert_eq!(difference(&one, &other), place);
        }
    }
}
