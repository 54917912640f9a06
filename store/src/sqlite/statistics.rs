//! How large tables are, and their indexes, by `sqlite_stat1` and the pragmas; no row is read.

use super::session::Session;
use super::translate::translate;
use crate::Error;
use model::{Index, IndexPart, Relation, Statistics, TableStatistics};
use rusqlite::{Connection, OptionalExtension as _, Result};
use std::collections::HashMap;

/// Reads them in one snapshot.
pub(super) fn read(session: &Session) -> std::result::Result<Statistics, Error> {
    let extents = session
        .connection
        .unchecked_transaction()
        .and_then(|snapshot| extents(&snapshot));
    let tables = extents.map_err(|error| translate(error, &session.watch))?;
    let server = format!("SQLite {}", rusqlite::version());
    Ok(Statistics { tables, server })
}

fn extents(connection: &Connection) -> Result<Vec<TableStatistics>> {
    let mut statement = connection.prepare(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'fragaria\\_%' ESCAPE '\\' \
         ORDER BY name",
    )?;
    let listed = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let counted = counted(connection)?;
    let mut extents = Vec::new();
    for entry in listed {
        let (name, without_rowid): (String, bool) = entry?;
        let known = counted.get(&name).copied();
        let rows = match known {
            None if !without_rowid => last_rowid(connection, &name)?,
            known => known,
        };
        extents.push(TableStatistics {
            rows,
            is_analysed: known.is_some() || rows == Some(0),
            indexes: indexes(connection, &name)?,
            long_columns: Vec::new(),
            relation: Relation { schema: None, name },
        });
    }
    Ok(extents)
}

/// Rows of the tables that `ANALYZE` looked at.
fn counted(connection: &Connection) -> Result<HashMap<String, u64>> {
    let has = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    let mut counted = HashMap::new();
    if has == 0 {
        return Ok(counted);
    }
    let mut statement = connection.prepare("SELECT tbl, stat FROM sqlite_stat1 ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, stat): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
        let first = stat.as_deref().and_then(|stat| stat.split(' ').next());
        if let (Some(table), Some(Ok(count))) = (table, first.map(str::parse::<u64>)) {
            let known = counted.entry(table).or_insert(count);
            // A partial index tells of its own rows alone.
            *known = (*known).max(count);
        }
    }
    Ok(counted)
}

/// The largest number of a row: where rows are not removed, there are so many.
fn last_rowid(connection: &Connection, table: &str) -> Result<Option<u64>> {
    let sql = format!("SELECT max(rowid) FROM {}", quoted(table));
    let last = connection.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0));
    let last = last.optional()?.flatten().unwrap_or(0);
    Ok(Some(u64::try_from(last).unwrap_or(0)))
}

fn indexes(connection: &Connection, table: &str) -> Result<Vec<Index>> {
    let mut statement = connection
        .prepare_cached("SELECT name, partial FROM pragma_index_list(?1) ORDER BY name")?;
    let listed = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut indexes = Vec::new();
    for entry in listed {
        let (name, is_partial): (String, bool) = entry?;
        indexes.push(Index {
            parts: parts(connection, &name)?,
            is_whole: !is_partial,
            name,
        });
    }
    Ok(indexes)
}

fn parts(connection: &Connection, index: &str) -> Result<Vec<IndexPart>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, \"desc\" FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno",
    )?;
    let part = |row: &rusqlite::Row<'_>| {
        Ok(IndexPart {
            column: row.get(0)?,
            descending: row.get(1)?,
        })
    };
    statement.query_map([index], part)?.collect()
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
