//! The environment is read in one file.

use super::Finding;
use crate::rust::Rust;

/// The one file that may read it.
const READER: &str = "fragaria/src/environment.rs";

/// Functions of `std::env` that read or write variables.
const FUNCTIONS: [&str; 6] = ["var", "var_os", "vars", "vars_os", "set_var", "remove_var"];

/// Environment variables read elsewhere; `xtask`, build scripts and tests are free to.
pub(super) fn check(rust: &Rust) -> Vec<Finding> {
    let is_free =
        rust.path == READER || rust.path.starts_with("xtask/") || rust.path.ends_with("/build.rs");
    if is_free {
        return Vec::new();
    }
    let named = FUNCTIONS
        .iter()
        .flat_map(|name| rust.lines_saying(&["env", ":", ":", name]));
    let mut lines: Vec<_> = named.collect();
    // Imported in a group or whole, its functions would go by names of their own.
    for mark in ["{", "*"] {
        lines.extend(rust.lines_saying(&["std", ":", ":", "env", ":", ":", mark]));
    }
    lines.retain(|line| !rust.is_test(*line));
    let message = format!("the environment is read in {READER} only: take it from there");
    lines
        .into_iter()
        .map(|line| Finding::new(rust.path, line, message.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn reading_the_environment_is_found_outside_its_file() {
        for text in [
            "fn a() { std::env::var(\"A\"); }",
            "use std::env; fn a() { env::vars(); }",
            "use std::env::{self, var};",
            "use std::env::var_os;",
        ] {
            assert_eq!(found(check, "engine/src/a.rs", text).len(), 1, "{text}");
            assert!(found(check, READER, text).is_empty());
            assert!(found(check, "xtask/src/a.rs", text).is_empty());
            assert!(found(check, "engine/tests/a.rs", text).is_empty());
        }
    }

    #[test]
    fn what_the_compiler_knows_is_left_alone() {
        let text = "const A: &str = env!(\"CARGO_PKG_VERSION\"); fn a() { std::env::args(); }";
        assert!(found(check, "fragaria/src/a.rs", text).is_empty());
    }
}
