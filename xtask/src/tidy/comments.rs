//! What comments must say and what they must not.

use super::Finding;
use crate::rust::Rust;

/// A file without a first sentence that says what it holds.
pub(super) fn opening(rust: &Rust) -> Vec<Finding> {
    let first = rust.text.lines().next().unwrap_or_default();
    let says_something = first
        .strip_prefix("//! ")
        .is_some_and(|text| !text.trim().is_empty());
    if says_something {
        return Vec::new();
    }
    let message = "the file opens without a `//!` line: say in one sentence what it holds";
    vec![Finding::new(rust.path, 1, message)]
}

/// Code that was put aside in a comment.
pub(super) fn code(rust: &Rust) -> Vec<Finding> {
    let numbered = rust.text.lines().enumerate();
    let aside = numbered.filter(|(_, line)| comment(line).is_some_and(is_code));
    aside
        .map(|(index, _)| {
            let message = "code in a comment: remove it, history keeps it";
            Finding::new(rust.path, index + 1, message)
        })
        .collect()
}

/// The text of a line that is all comment and no documentation.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim().strip_prefix("//")?;
    (!text.starts_with('/') && !text.starts_with('!')).then_some(text.trim())
}

/// A sentence seldom ends like a statement; one that also parses as one is code.
fn is_code(text: &str) -> bool {
    let statement = text.ends_with(';') || text.ends_with('}');
    text == "}"
        || statement && text.contains(['(', '=', ':']) && parses(text)
        || text.ends_with('{') && parses(&format!("{text}}}"))
}

fn parses(text: &str) -> bool {
    syn::parse_str::<syn::Stmt>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn a_file_opens_with_a_sentence() {
        assert!(found(opening, "a.rs", "//! What it holds.\n").is_empty());
        for text in ["", "use a;\n", "//!\n", "\n//! Late.\n"] {
            assert_eq!(found(opening, "a.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn code_put_aside_is_found() {
        for text in [
            "// let a = b();",
            "    // if a.is_some() {",
            "// }",
            "// use a::b;",
            "// c(1)?;",
        ] {
            assert_eq!(found(code, "a.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn sentences_and_documentation_are_left_alone() {
        for text in [
            "// The first wins; the rest is dropped.",
            "// why it is so:",
            "/// let a = b();\nstruct A;",
            "//! let a = b();",
            "// either of the two;",
        ] {
            assert!(found(code, "a.rs", text).is_empty(), "{text:?}");
        }
    }
}
