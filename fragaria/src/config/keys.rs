//! The known keys, taken from the declaration itself, and dotted paths into tables.

use super::Config;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Every key that can be set, as `section.key`, with its default.
pub(super) struct Keys(BTreeMap<String, Value>);

impl Keys {
    /// The keys of the declaration.
    pub(super) fn known() -> Self {
        Self(leaves(&Config::default()).into_iter().collect())
    }

    /// The default of a key.
    pub(super) fn default_of(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether keys lie below that one.
    pub(super) fn is_section(&self, key: &str) -> bool {
        self.sections().any(|section| section == key)
    }

    /// The first key of a section; `None` where there is no such section.
    pub(super) fn first_in(&self, section: &str) -> Option<&str> {
        let mut keys = self.0.keys().map(String::as_str);
        keys.find(|key| {
            let rest = key.strip_prefix(section);
            rest.is_some_and(|rest| rest.starts_with('.'))
        })
    }

    /// The known key or section most like an unknown one, if any is like it at all.
    pub(super) fn nearest(&self, unknown: &str) -> Option<&str> {
        self.0
            .keys()
            .map(String::as_str)
            .chain(self.sections())
            .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
            .filter(|&(distance, known)| distance <= known.len().max(3) / 3)
            .min()
            .map(|(_, known)| known)
    }

    fn sections(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .flat_map(|key| key.match_indices('.').filter_map(|(dot, _)| key.get(..dot)))
    }
}

/// All keys of a configuration with their values, in order.
pub(super) fn leaves(config: &Config) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    if let Ok(table) = Table::try_from(config) {
        collect("", table, &mut leaves);
    }
    leaves
}

/// Values come before tables, as a TOML file must have them.
fn collect(prefix: &str, table: Table, leaves: &mut Vec<(String, Value)>) {
    let mut tables = Vec::new();
    for (name, value) in table {
        let key = join(prefix, &name);
        match value {
            Value::Table(table) => tables.push((key, table)),
            value => leaves.push((key, value)),
        }
    }
    for (key, table) in tables {
        collect(&key, table, leaves);
    }
}

/// `section` and `key` as `section.key`.
pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// A table that holds just that one value.
pub(super) fn nest(key: &str, value: Value) -> Table {
    let mut table = Table::new();
    put(&mut table, key, value);
    table
}

/// Sets the value at a dotted path; tables on the way are made.
pub(super) fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
