//! The map of the threat model leads to defences, attacks and tests that are there.

use super::{attacks, fronts};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_control_and_test_of_the_threat_model_is_there() {
    let fronts = fronts();
    let names: BTreeSet<_> = attacks(&fronts).map(|attack| &*attack.name).collect();
    let defences: BTreeSet<_> = attacks(&fronts).map(|attack| &*attack.defence).collect();
    let functions = functions(&house());
    let page = fs::read_to_string(house().join("docs/security/threat-model.md")).unwrap();
    let (mut wrong, mut named, mut tried) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (threat, control, test) in rows(&page) {
        for defence in quoted(control) {
            if !defences.contains(defence) {
                wrong.push(format!("{threat}: there is no defence {defence}"));
            }
            named.insert(defence);
        }
        for name in quoted(test) {
            let of = named_by(name, &names);
            if of.is_empty() && !functions.contains(name) {
                wrong.push(format!("{threat}: there is no test {name}"));
            }
            tried.extend(of);
        }
        if quoted(test).next().is_none() {
            wrong.push(format!("{threat} has no test"));
        }
    }
    let unnamed = defences.difference(&named);
    wrong.extend(unnamed.map(|defence| format!("{defence} is no control of any threat")));
    let stray = names.difference(&tried);
    wrong.extend(stray.map(|attack| format!("{attack} is of no threat")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The attacks of a name, or those that begin so.
fn named_by<'a>(name: &str, attacks: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let is_one = |attack: &&&str| match name.strip_suffix('*') {
        Some(begin) => attack.starts_with(begin),
        None => **attack == name,
    };
    attacks.iter().filter(is_one).copied().collect()
}

/// The threats of the tables, each with its control and its test.
fn rows(page: &str) -> Vec<(&str, &str, &str)> {
    let cells = page.lines().map(|line| line.split('|').collect::<Vec<_>>());
    let rows: Vec<_> = cells
        .filter_map(|cells| match cells[..] {
            ["", threat, _, control, test, ""] => Some((threat.trim(), control, test)),
            _ => None,
        })
        .filter(|(threat, ..)| threat.ends_with(|last: char| last.is_ascii_digit()))
        .collect();
    assert!(rows.len() > 30, "only {} threats", rows.len());
    rows
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The functions of all sources, by name.
fn functions(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for room in ["engine", "store", "guard", "observe", "model", "fragaria"] {
        for part in ["src", "tests"] {
            collect(&folder.join(room).join(part), &mut found);
        }
    }
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| {
                let (_, behind) = line.split_once("fn ")?;
                behind.split(['(', '<']).next()
            });
            found.extend(names.map(str::to_owned));
        }
    }
}

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}
