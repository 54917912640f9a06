//! Words that mean the work is not done.

use super::{Finding, exempt, files};
use crate::rust::Rust;

/// Spelled in two parts, as this file is read too.
const MARKS: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("HA", "CK"),
];

/// A command whose failure is thrown away.
const SWALLOWED: &str = concat!("|| ", "true");

/// Kinds of file in which a command can stand.
const SCRIPTS: [&str; 5] = ["sh", "yml", "yaml", "json", "toml"];

/// Marks of unfinished work in any file, and swallowed failures in scripts.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    if exempt::is_foreign(path) {
        return Vec::new();
    }
    let is_script =
        text.starts_with("#!") || SCRIPTS.iter().any(|kind| files::has_extension(path, kind));
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut found = |message: String| findings.push(Finding::new(path, index + 1, message));
        for mark in MARKS.iter().filter(|mark| has_word(line, mark)) {
            found(format!(
                "`{mark}`: do it, or write it down where work is planned"
            ));
        }
        if is_script && line.contains(SWALLOWED) {
            found(format!("`{SWALLOWED}` hides a failure: handle it"));
        }
    }
    findings
}

/// Macros left over from looking for a fault or from a draft.
pub(super) fn macros(rust: &Rust) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in ["dbg", concat!("to", "do"), "unimplemented"] {
        for line in rust.lines_saying(&[name, "!"]) {
            findings.push(Finding::new(
                rust.path,
                line,
                format!("`{name}!`: remove it"),
            ));
        }
    }
    for line in rust.lines_saying(&["ok", "(", ")", ".", "unwrap_or_default", "("]) {
        let message = "`.ok().unwrap_or_default()` hides a failure: handle it";
        findings.push(Finding::new(rust.path, line, message));
    }
    findings
}

/// Whether a line holds a word by itself.
fn has_word(line: &str, word: &str) -> bool {
    let is_edge = |letter: Option<char>| !letter.is_some_and(|l| l.is_alphanumeric() || l == '_');
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = line.split_at(start);
        is_edge(before.chars().next_back()) && is_edge(after.chars().nth(word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn marks_of_unfinished_work_are_found_in_any_file() {
        for mark in MARKS {
            assert_eq!(
                check("a.sql", &format!("-- a\n-- {mark}: b")).len(),
                1,
                "{mark}"
            );
            assert_eq!(check("a.rs", &format!("// ({mark})")).len(), 1, "{mark}");
            assert!(
                check("a.rs", &format!("{mark}S a{mark}")).is_empty(),
                "{mark}"
            );
            assert!(check("Cargo.lock", mark).is_empty());
        }
    }

    #[test]
    fn swallowed_failures_are_found_in_scripts() {
        let line = format!("cargo test {SWALLOWED}");
        for path in ["a.sh", ".github/a.yml", "package.json"] {
            assert_eq!(check(path, &line).len(), 1, "{path}");
        }
        assert_eq!(check(".ci/run", &format!("#!/bin/sh\n{line}")).len(), 1);
        assert!(check("a.rs", &format!("a.unwrap_or_else({SWALLOWED})")).is_empty());
    }

    #[test]
    fn drafts_and_hidden_failures_are_found() {
        for text in [
            "dbg!(a)",
            "unimplemented!()",
            "read(a).ok().unwrap_or_default()",
        ] {
            let file = format!("fn a() {{ {text}; }}");
            assert_eq!(found(macros, "a.rs", &file).len(), 1, "{text}");
        }
        assert!(found(macros, "a.rs", "fn a() { b.first().unwrap_or_default(); }").is_empty());
    }
}
