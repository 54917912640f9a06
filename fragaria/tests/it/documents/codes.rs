//! Every stable code of the sources is in a table of the guide, and every code there is real.

use super::{root, text};
use crate::project::Project;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The pages with the tables.
const PAGES: [&str; 2] = ["docs/guide.md", "docs/guide/diagnostics.md"];

/// The rooms whose faults and diagnostics reach people.
const ROOMS: [&str; 6] = ["model", "engine", "store", "guard", "observe", "fragaria"];

/// The example's data is full of names with a point in them.
const DATA: &str = "example";

/// Ends of file names, which look like codes.
const FILES: [&str; 4] = ["graphql", "toml", "json", "db"];

#[test]
fn the_guide_lists_just_the_codes_there_are() {
    let keys = keys();
    let said: BTreeSet<_> = ROOMS
        .iter()
        .flat_map(|room| literals(&root().join(room).join("src")))
        .filter(|code| !keys.contains(code))
        .collect();
    let listed: BTreeSet<_> = PAGES.iter().flat_map(|page| rows(&text(page))).collect();
    assert!(said.len() > 50, "{said:?}");
    let missing: Vec<_> = said.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&said).collect();
    assert!(missing.is_empty(), "not in the guide: {missing:?}");
    assert!(gone.is_empty(), "in the guide only: {gone:?}");
}

/// Keys of the configuration, which look like codes.
fn keys() -> BTreeSet<String> {
    let told = Project::empty().run(&["config", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    told.as_object().unwrap().keys().cloned().collect()
}

/// The string literals of a folder's sources that have the form of a code.
fn literals(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != DATA {
            found.extend(literals(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") && name != "tests.rs" {
            found.extend(in_source(&fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn in_source(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    quoted
        .filter(|text| is_code(text))
        .map(str::to_owned)
        .collect()
}

/// The codes in the first column of tables.
fn rows(page: &str) -> Vec<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let codes = cells.filter_map(|rest| rest.split('`').next());
    codes
        .filter(|text| is_code(text))
        .map(str::to_owned)
        .collect()
}

fn is_code(text: &str) -> bool {
    let is_word = |word: &str| {
        let mut letters = word.bytes();
        letters
            .next()
            .is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    text.split_once('.')
        .is_some_and(|(room, word)| is_word(room) && is_word(word) && !FILES.contains(&word))
}

#[test]
fn a_code_is_two_words_and_no_file() {
    for code in ["engine.syntax", "http.utf8", "sdl.no_key"] {
        assert!(is_code(code), "{code}");
    }
    for other in ["fragaria.toml", "a.b.c", "Product.price", "e.g. this", "x."] {
        assert!(!is_code(other), "{other}");
    }
    let source = "// \"a.b\"\nlet x = (\"c.d\", 1, \"e.f\");\n#[cfg(test)]\n\"g.h\"";
    assert_eq!(in_source(source), ["c.d", "e.f"]);
    assert_eq!(rows("| `a.b` | x |\n| c | `d.e` |\n"), ["a.b"]);
}
