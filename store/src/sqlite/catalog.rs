//! What a SQLite database holds, from its own pragmas.

mod keys;
mod searches;
mod texts;

use super::constraints;
use super::session::Session;
use super::translate::translate;
use crate::Error;
use model::Dialect;
use model::catalog::{Catalog, Column, Kind, Table};
use rusqlite::{Connection, Result};
use texts::Texts;

/// Reads the catalog in one snapshot; SQLite's own tables and ours are no part of it.
pub(super) fn read(session: &Session) -> std::result::Result<Catalog, Error> {
    let tables = session
        .connection
        .unchecked_transaction()
        .and_then(|snapshot| tables(&snapshot));
    Ok(Catalog {
        dialect: Dialect::Sqlite,
        tables: tables.map_err(|error| translate(error, &session.watch))?,
        enums: Vec::new(),
        composites: Vec::new(),
        functions: Vec::new(),
    })
}

fn tables(connection: &Connection) -> Result<Vec<Table>> {
    let mut statement = connection.prepare(
        "SELECT name, type, wr FROM pragma_table_list \
         WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT LIKE 'fragaria\\_%' ESCAPE '\\' \
         ORDER BY name",
    )?;
    let listed = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
    })?;
    let (texts, mut tables) = (Texts::read(connection)?, Vec::new());
    for entry in listed {
        let (name, kind, without_rowid): (String, String, bool) = entry?;
        // Virtual tables are written through their modules only, if at all.
        let kind = if kind == "table" {
            Kind::Table
        } else {
            Kind::View
        };
        tables.push(table((connection, &texts), name, kind, without_rowid)?);
    }
    keys::resolve((connection, &texts), &mut tables)?;
    searches::resolve(connection, &mut tables)?;
    Ok(tables)
}

fn table(
    (connection, texts): (&Connection, &Texts),
    name: String,
    kind: Kind,
    without_rowid: bool,
) -> Result<Table> {
    let (mut columns, primary_key) = columns(connection, &name)?;
    let has_index = texts.has_index(&name);
    let (uniques, has_key_index) = if has_index {
        keys::uniques(connection, &name)?
    } else {
        (Vec::new(), false)
    };
    let constraints = constraints::read((connection, has_index), (&name, texts.of(&name)))?;
    // A primary key without an index of its own is the rowid itself.
    let is_rowid = primary_key.len() == 1 && !without_rowid && !has_key_index;
    for column in columns.iter_mut().filter(|c| primary_key.contains(&c.name)) {
        // SQLite lets NULL into some primary keys; as an identity it would be of no use.
        column.nullable = false;
        if is_rowid {
            column.default = Some("rowid".into());
        }
    }
    Ok(Table {
        schema: None,
        name,
        kind,
        readable: true,
        comment: None,
        columns,
        uniques: keys::distinct(uniques, &primary_key),
        primary_key,
        foreign_keys: Vec::new(),
        searches: Vec::new(),
        constraints,
    })
}

/// Columns in order, and those of the primary key in key order.
fn columns(connection: &Connection, table: &str) -> Result<(Vec<Column>, Vec<String>)> {
    /// Hidden columns of virtual tables.
    const HIDDEN: i64 = 1;
    let mut statement = connection.prepare_cached(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) \
         ORDER BY cid",
    )?;
    let mut rows = statement.query([table])?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (name, position, hidden): (String, i64, i64) = (row.get(0)?, row.get(4)?, row.get(5)?);
        if hidden == HIDDEN {
            continue;
        }
        if position > 0 {
            key.push((position, name.clone()));
        }
        columns.push(Column {
            name,
            native: row.get(1)?,
            enumeration: None,
            composite: None,
            nullable: !row.get::<_, bool>(2)?,
            default: row.get(3)?,
            generated: hidden != 0,
            nondeterministic: false,
            comment: None,
        });
    }
    key.sort();
    Ok((columns, key.into_iter().map(|(_, name)| name).collect()))
}
