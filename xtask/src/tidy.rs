//! `cargo xtask tidy`: the style of the house as a check.
//!
//! One pass over the repository's files; every check is a function from text to findings.

mod changes;
mod comments;
mod documents;
mod environment;
mod exempt;
mod files;
mod manifests;
mod names;
mod sizes;
mod testing;
mod words;

use crate::house;
use crate::rust::Rust;
use anyhow::Result;
use files::Source;
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

/// Something to mend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Prints every finding; there must be none.
pub(crate) fn run() -> Result<ExitCode> {
    let root = house::root()?;
    let sources = files::read(&root)?;
    let mut findings = check(&sources);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", sources.len(), findings.len());
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = manifests::check(sources);
    findings.extend(exempt::check(sources));
    findings.extend(documents::links(sources));
    findings.extend(testing::binaries(sources));
    for source in sources {
        findings.extend(check_one(source));
    }
    findings.extend(check_code(sources));
    findings
}

fn check_one(source: &Source) -> Vec<Finding> {
    let path = source.path.as_str();
    let mut findings = sizes::bytes(path, source.bytes);
    findings.extend(names::of_file(path));
    let Some(text) = source.text.as_deref() else {
        return findings;
    };
    findings.extend(words::check(path, text));
    findings.extend(changes::check(path, text));
    findings.extend(documents::length(path, text));
    findings
}

/// Checks of everything that is Rust, file by file and room by room.
fn check_code(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rooms: BTreeMap<&str, Vec<Rust>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let text = source.text.as_deref().unwrap_or_default();
        match Rust::parse(&source.path, text) {
            Ok(rust) => {
                findings.extend(check_rust(&rust));
                let room = source.path.split('/').next().unwrap_or_default();
                rooms.entry(room).or_default().push(rust);
            }
            Err(error) => findings.push(Finding::new(&source.path, 1, format!("{error:#}"))),
        }
    }
    findings.extend(rooms.values().flat_map(|room| testing::functions(room)));
    findings
}

fn check_rust(rust: &Rust) -> Vec<Finding> {
    let checks = [
        sizes::file,
        sizes::functions,
        comments::opening,
        comments::code,
        names::of_items,
        testing::switches,
        testing::sleeps,
        environment::check,
        words::macros,
    ];
    checks.iter().flat_map(|check| check(rust)).collect()
}

/// Findings of a check over a made-up file, as text.
#[cfg(test)]
fn found(check: fn(&Rust) -> Vec<Finding>, path: &str, text: &str) -> Vec<String> {
    let rust = Rust::parse(path, text).unwrap();
    check(&rust).iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_rust_is_a_finding() {
        let findings = check(&[Source::new("model/src/a.rs", "//! A.\nfn {\n")]);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn a_finding_reads_as_a_place_and_a_message() {
        let finding = Finding::new("a/b.rs", 3, "too long");
        assert_eq!(finding.to_string(), "a/b.rs:3: too long");
    }
}
