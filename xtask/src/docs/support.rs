//! The page of what is supported where, from the record of what the matrix found on each database.

mod record;

use anyhow::Result;
use record::{Group, Record, Type};
use std::fmt::Write as _;

pub(super) use record::write as record;

const OPENING: &str = "\
# Support

Written by `cargo xtask docs` from a [record](support.json) of what `fragaria verify api` found on SQLite, PostgreSQL and
MariaDB; do not edit it. The tests run the same command and refuse a record that says anything else.
[Run it](../guide.md#trying-a-database) to try all of it on a database of yours.

**yes**: on every column type that is such a scalar, in every shape of request, the answer was the one an evaluator of its own
gives. **some types**: the same, but not every column type can have it. **–**: the API does not offer it.

";

/// The page.
pub(super) fn page() -> Result<String> {
    let record = record::read()?;
    let mut text = OPENING.to_owned();
    for group in names(all_groups(&record).map(|group| &group.title)) {
        write!(text, "## {}\n\n", capitalized(group))?;
        text.push_str(&table(&record, group));
        text.push_str(&reasons(&record, group));
    }
    text.push_str("## Column types\n\nEach is tried as every scalar it can be served as.\n\n");
    text.push_str(&types(&record));
    Ok(text)
}

/// The types every server has; what others need is told beside them.
fn usual(types: &[Type]) -> impl Iterator<Item = &Type> {
    types.iter().filter(|kind| kind.needs.is_none())
}

fn all_types(record: &Record) -> impl Iterator<Item = &Type> {
    record.iter().flat_map(|(_, types)| usual(types))
}

fn all_groups(record: &Record) -> impl Iterator<Item = &Group> {
    all_types(record).flat_map(|kind| &kind.groups)
}

/// Each name once, in the order they come.
fn names<'r>(all: impl Iterator<Item = &'r String>) -> Vec<&'r str> {
    let mut names: Vec<&str> = Vec::new();
    for name in all {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// A row for each scalar, a column for each operator of a group.
fn table(record: &Record, group: &str) -> String {
    let of_group = all_groups(record).filter(|of| of.title == group);
    let operators = names(of_group.flat_map(|of| &of.pass));
    let mut lines = vec![
        format!("| | `{}` |", operators.join("` | `")),
        format!("|---{}|", "|---".repeat(operators.len())),
    ];
    for scalar in scalars(record) {
        let cells = operators
            .iter()
            .map(|operator| cell(record, scalar, (group, operator)));
        let cells = cells.collect::<Vec<_>>().join(" | ");
        lines.push(format!("| {} | {cells} |", shown(scalar)));
    }
    lines.join("\n") + "\n\n"
}

fn scalars(record: &Record) -> Vec<&str> {
    names(all_types(record).map(|kind| &kind.scalar))
}

/// The enum of the matrix stands for all enums.
fn shown(scalar: &str) -> String {
    match scalar {
        "Mood" => "an enum".to_owned(),
        scalar => format!("`{scalar}`"),
    }
}

/// What holds of an operator on a scalar; where databases differ, each for itself.
fn cell(record: &Record, scalar: &str, (group, operator): (&str, &str)) -> String {
    let each = record.iter().map(|(_, types)| {
        let types = usual(types).filter(|kind| kind.scalar == scalar);
        let groups = types.flat_map(|kind| &kind.groups);
        let groups = groups.filter(|of| of.title == group);
        let outcomes: Vec<_> = groups
            .map(|of| of.pass.iter().any(|own| own == operator))
            .collect();
        match (outcomes.contains(&true), outcomes.contains(&false)) {
            (true, false) => "yes",
            (true, true) => "some types",
            (false, _) => "–",
        }
    });
    let each: Vec<_> = each.collect();
    if each.iter().all(|word| *word == each[0]) {
        return each[0].to_owned();
    }
    let told = record.iter().zip(each);
    let told = told.map(|((database, _), word)| format!("{}: {word}", name(database)));
    told.collect::<Vec<_>>().join(", ")
}

/// Why operators of a group are not offered.
fn reasons(record: &Record, group: &str) -> String {
    let of_group = || all_groups(record).filter(|of| of.title == group);
    let missing = || of_group().flat_map(|of| &of.not_supported);
    let reasons = names(missing().map(|missing| &missing.reason)).into_iter();
    let lines = reasons.map(|reason| {
        let own = missing().filter(|missing| missing.reason == reason);
        let operators = names(own.flat_map(|missing| &missing.operators));
        format!("- `{}`: {reason}\n", operators.join("`, `"))
    });
    let text: String = lines.collect();
    if text.is_empty() { text } else { text + "\n" }
}

/// The column types of each database by scalar.
fn types(record: &Record) -> String {
    let heads = record.iter().map(|(database, _)| name(database));
    let heads = heads.collect::<Vec<_>>().join(" | ");
    let mut text = format!("| | {heads} |\n|---|---|---|---|\n");
    for scalar in scalars(record) {
        let cells = record.iter().map(|(_, types)| {
            let own = types.iter().filter(|kind| kind.scalar == scalar);
            let own = own.map(|kind| match (&kind.needs, kind.tried) {
                (Some(needs), true) => format!("`{}` (needs {needs})", kind.text),
                (Some(needs), false) => {
                    format!("`{}` (needs {needs}, not tried)", kind.text)
                }
                (None, _) => format!("`{}`", kind.text),
            });
            own.collect::<Vec<_>>().join(", ")
        });
        let cells = cells.collect::<Vec<_>>().join(" | ");
        let _ = writeln!(text, "| {} | {cells} |", shown(scalar));
    }
    text
}

fn name(database: &str) -> &str {
    match database {
        "sqlite" => "SQLite",
        "postgres" => "PostgreSQL",
        "mariadb" => "MariaDB",
        other => other,
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(passes: [&str; 2]) -> Vec<Type> {
        let types = passes.map(|pass| {
            let text = format!(
                r#"{{"type": "text", "scalar": "String", "needs": null, "tried": true, "groups":
                [{{"group": "keys", "pass": [{pass}], "fail": [], "notSupported": []}}]}}"#
            );
            serde_json::from_str(&text).unwrap()
        });
        types.into()
    }

    #[test]
    fn databases_are_told_apart_only_where_they_differ() {
        let place = ("keys", "by key");
        let (all, some, none) = ([r#""by key""#; 2], [r#""by key""#, ""], [""; 2]);
        let cell = |record: &Record| cell(record, "String", place);
        let of = |name: &str, passes| (name.to_owned(), told(passes));
        assert_eq!(cell(&vec![of("sqlite", all), of("postgres", all)]), "yes");
        assert_eq!(
            cell(&vec![of("sqlite", all), of("mariadb", some)]),
            "SQLite: yes, MariaDB: some types"
        );
        assert_eq!(cell(&vec![of("sqlite", none)]), "–");
    }
}
