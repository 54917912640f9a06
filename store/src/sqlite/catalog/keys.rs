//! Unique and foreign keys; SQLite matches names without regard to case, so they are spelled anew.

use super::texts::Texts;
use model::catalog::{ForeignKey, Kind, Table};
use rusqlite::{Connection, Result};
use std::collections::{BTreeMap, HashMap};

/// Unique indexes that are full and on plain columns; and whether one of them is the primary key's.
pub(super) fn uniques(connection: &Connection, table: &str) -> Result<(Vec<Vec<String>>, bool)> {
    let mut statement = connection.prepare_cached(
        "SELECT i.name, i.origin = 'pk', c.name FROM pragma_index_list(?1) i, \
         pragma_index_xinfo(i.name) c WHERE i.\"unique\" AND NOT i.partial AND c.key \
         ORDER BY i.seq DESC, c.seqno",
    )?;
    let mut rows = statement.query([table])?;
    let mut has_key_index = false;
    let mut indexes: Vec<(String, Option<Vec<String>>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let index: String = row.get(0)?;
        if row.get(1)? {
            has_key_index = true;
            continue;
        }
        // An expression has no column name.
        let column: Option<String> = row.get(2)?;
        match indexes.last_mut() {
            Some((last, columns)) if *last == index => match column {
                Some(column) => columns.iter_mut().for_each(|c| c.push(column.clone())),
                None => *columns = None,
            },
            _ => indexes.push((index, column.map(|column| vec![column]))),
        }
    }
    let plain = indexes.into_iter().filter_map(|(_, columns)| columns);
    Ok((plain.collect(), has_key_index))
}

/// Each set of columns once, and not the primary key's again.
pub(super) fn distinct(uniques: Vec<Vec<String>>, primary_key: &[String]) -> Vec<Vec<String>> {
    let mut kept: Vec<Vec<String>> = Vec::new();
    for unique in uniques {
        if unique != primary_key && !kept.contains(&unique) {
            kept.push(unique);
        }
    }
    kept
}

/// Adds the foreign keys, once all tables are known; one to a missing table or column is left out.
pub(super) fn resolve(
    (connection, texts): (&Connection, &Texts),
    tables: &mut [Table],
) -> Result<()> {
    let known = tables.iter().filter(|table| table.kind == Kind::Table);
    let known = known.map(|table| (table.name.to_ascii_lowercase(), table));
    let known: HashMap<_, _> = known.collect();
    let mut found = Vec::new();
    for table in tables.iter() {
        let declared = if texts.may_refer(&table.name) {
            declared(connection, &table.name)?
        } else {
            Vec::new()
        };
        let keys = declared
            .into_iter()
            .filter_map(|key| key.resolve(table, &known));
        found.push(keys.collect());
    }
    for (table, keys) in tables.iter_mut().zip(found) {
        table.foreign_keys = keys;
    }
    Ok(())
}

/// A foreign key as it was written.
#[derive(Default)]
struct Declared {
    target: String,
    columns: Vec<String>,
    /// Empty where the target's primary key is meant.
    target_columns: Vec<String>,
}

impl Declared {
    fn resolve(self, table: &Table, tables: &HashMap<String, &Table>) -> Option<ForeignKey> {
        let target = tables.get(&self.target.to_ascii_lowercase())?;
        let target_columns = if self.target_columns.is_empty() {
            target.primary_key.clone()
        } else {
            spelled(&self.target_columns, target)?
        };
        let columns = spelled(&self.columns, table)?;
        (columns.len() == target_columns.len()).then(|| ForeignKey {
            columns,
            target_schema: None,
            target: target.name.clone(),
            target_columns,
        })
    }
}

/// In the order they were declared, which is the reverse of the pragma's.
fn declared(connection: &Connection, table: &str) -> Result<Vec<Declared>> {
    let mut statement = connection.prepare_cached(
        "SELECT -id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
    )?;
    let mut rows = statement.query([table])?;
    let mut keys: BTreeMap<i64, Declared> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let key = keys.entry(row.get(0)?).or_default();
        key.target = row.get(1)?;
        key.columns.push(row.get(2)?);
        key.target_columns.extend(row.get::<_, Option<String>>(3)?);
    }
    Ok(keys.into_values().collect())
}

/// Column names as the table spells them.
fn spelled(columns: &[String], table: &Table) -> Option<Vec<String>> {
    let find = |name: &String| {
        let found = table
            .columns
            .iter()
            .find(|c| c.name.eq_ignore_ascii_case(name))?;
        Some(found.name.clone())
    };
    columns.iter().map(find).collect()
}
