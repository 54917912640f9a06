//! The names of constraints, which SQLite keeps in the text of a table alone, and which of them
//! refused a row.

mod text;

use super::session::Session;
use crate::Error;
use crate::breach::{Breach, Named};
use model::catalog;
use rusqlite::{Connection, OptionalExtension as _, Result};
use text::{Declared, Of};

/// What has a name in a table, which was made by that text and may have indexes.
pub(super) fn read(
    (connection, has_index): (&Connection, bool),
    (table, made): (&str, &str),
) -> Result<Vec<catalog::Constraint>> {
    let all = if has_index {
        declared(connection, (table, made))?
    } else {
        text::declared(made)
    };
    let constraint = |one: &Declared| catalog::Constraint {
        name: one.name.clone(),
        told: is_told(one, &all),
    };
    let mut found: Vec<_> = all.iter().map(constraint).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// The same error with the constraint it comes from, where that can be told.
pub(super) fn named(error: Error, session: &Session) -> Error {
    let by = |breach: &Breach| {
        by(breach.text(), &session.connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "which constraint refused a row was not found out");
            None
        })
    };
    match error {
        Error::Unique(breach) => {
            let by = by(&breach);
            Error::Unique(breach.by(by))
        }
        Error::Check(breach) => {
            let by = by(&breach);
            Error::Check(breach.by(by))
        }
        error => error,
    }
}

/// The constraint that a message of SQLite is about.
///
/// A check is called by its name and without its table, a unique key by its columns, an index on
/// expressions by its name, and a foreign key not at all.
fn by(message: &str, connection: &Connection) -> Result<Option<Named>> {
    if let Some(name) = message.strip_prefix("CHECK constraint failed: ") {
        return Ok(Some(Named {
            name: name.to_owned(),
            ..Named::default()
        }));
    }
    let Some(key) = message.strip_prefix("UNIQUE constraint failed: ") else {
        return Ok(None);
    };
    let in_table = |table: &str, name: &str| Named {
        schema: Some("main".to_owned()),
        table: Some(table.to_owned()),
        name: name.to_owned(),
    };
    let index = key.strip_prefix("index '");
    if let Some(name) = index.and_then(|name| name.strip_suffix('\'')) {
        let sql = "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?1";
        let table: Option<String> = connection
            .query_row(sql, [name], |row| row.get(0))
            .optional()?;
        return Ok(table.map(|table| in_table(&table, name)));
    }
    let Some((table, _)) = key.split_once('.') else {
        return Ok(None);
    };
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let made: Option<String> = connection
        .query_row(sql, [table], |row| row.get(0))
        .optional()?;
    let all = declared(connection, (table, made.as_deref().unwrap_or_default()))?;
    let is_it = |one: &&Declared| match &one.of {
        Of::Unique(columns) => {
            let columns: Vec<_> = columns.iter().map(|c| format!("{table}.{c}")).collect();
            columns.join(", ").eq_ignore_ascii_case(key) && is_told(one, &all)
        }
        _ => false,
    };
    let one = all.iter().find(is_it);
    Ok(one.map(|one| in_table(table, &one.name)))
}

/// Whether SQLite says that it was this one: keys of the same columns are not told apart.
fn is_told(one: &Declared, all: &[Declared]) -> bool {
    match &one.of {
        Of::Check | Of::Index => true,
        Of::Reference => false,
        Of::Unique(columns) => {
            let same =
                |other: &&Declared| matches!(&other.of, Of::Unique(of) if alike(of, columns));
            all.iter().filter(same).count() == 1
        }
    }
}

/// Whether two lists of columns are the same to SQLite.
fn alike(columns: &[String], others: &[String]) -> bool {
    columns.len() == others.len()
        && columns
            .iter()
            .zip(others)
            .all(|(column, other)| column.eq_ignore_ascii_case(other))
}

/// What the text of a table names, and its unique indexes.
fn declared(connection: &Connection, (table, made): (&str, &str)) -> Result<Vec<Declared>> {
    let mut all = text::declared(made);
    for (index, is_own) in indexes(connection, table)? {
        let columns = columns(connection, &index)?;
        let of = columns.map_or(Of::Index, Of::Unique);
        // The index of a constraint that has a name is that constraint.
        let is_known = !is_own && all.iter().any(|known| known.of.is_key(&of));
        if !is_known {
            all.push(Declared { name: index, of });
        }
    }
    Ok(all)
}

/// Unique indexes, and whether each was made by itself.
fn indexes(connection: &Connection, table: &str) -> Result<Vec<(String, bool)>> {
    let sql =
        "SELECT name, origin = 'c' FROM pragma_index_list(?1) WHERE \"unique\" ORDER BY seq DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The columns of an index, where it is on nothing else.
fn columns(connection: &Connection, index: &str) -> Result<Option<Vec<String>>> {
    let sql = "SELECT name FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([index], |row| row.get(0))?;
    rows.collect()
}

impl Of {
    /// Whether both are the same key.
    fn is_key(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Unique(one), Self::Unique(other)) if alike(one, other))
    }
}
