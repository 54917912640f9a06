//! The words of the schema files: their directives, how their texts are quoted, what was meant.

mod near;
mod quote;

pub(crate) use near::{did_you_mean, nearest};
pub(crate) use quote::{comment, describe, list, string};

/// Definitions every schema file may use.
pub(crate) const PRELUDE: &str = include_str!("sdl/prelude.graphql");

/// A text short enough for a message.
pub(crate) fn clip(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let clean: String = text
        .chars()
        .filter(|letter| !letter.is_control())
        .take(SHOWN_MAX)
        .collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        format!("{clean}…")
    } else {
        clean
    }
}
