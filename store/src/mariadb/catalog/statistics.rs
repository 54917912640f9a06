//! How large tables are, and their indexes, as `information_schema` tells.

use super::{Answer, Session, Snag, rows, sql};
use crate::Error;
use model::{Index, IndexPart, Relation, Statistics, TableStatistics};
use std::collections::HashMap;

/// Name and rows of tables; the engines count as they go.
const TABLES: &str = "
SELECT table_name, table_rows
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND table_name NOT LIKE 'fragaria\\_%'
ORDER BY BINARY table_name";

/// Table and column where an index can hold but the beginning of a value.
const LONG: &str = "
SELECT table_name, column_name
FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name NOT LIKE 'fragaria\\_%'
  AND (data_type IN ('tinytext', 'text', 'mediumtext', 'longtext', 'json',
                     'tinyblob', 'blob', 'mediumblob', 'longblob')
       OR character_octet_length > 3072)
ORDER BY BINARY table_name, ordinal_position";

/// Table, index, column, direction, how much of the column is in it, kind.
const INDEXES: &str = "
SELECT table_name, index_name, column_name, collation, sub_part, index_type
FROM information_schema.statistics
WHERE table_schema = DATABASE() AND table_name NOT LIKE 'fragaria\\_%'
ORDER BY BINARY table_name, BINARY index_name, seq_in_index";

/// Reads them.
pub(crate) async fn read(session: &mut Session) -> Result<Statistics, Snag> {
    session.control(sql::BEGIN).await?;
    let mut tables = Vec::new();
    let mut places = HashMap::new();
    for row in rows(session, TABLES).await? {
        let name = row.text(0)?.to_owned();
        let count = row.given(1).and_then(|count| count.parse().ok());
        places.insert(name.clone(), tables.len());
        tables.push(TableStatistics {
            relation: Relation { schema: None, name },
            rows: count,
            is_analysed: count.is_some(),
            indexes: Vec::new(),
            long_columns: Vec::new(),
        });
    }
    for row in rows(session, LONG).await? {
        let place = places.get(row.text(0)?);
        if let Some(table) = place.and_then(|place| tables.get_mut(*place)) {
            table.long_columns.push(row.text(1)?.to_owned());
        }
    }
    for row in rows(session, INDEXES).await? {
        let place = places.get(row.text(0)?);
        if let Some(table) = place.and_then(|place| tables.get_mut(*place)) {
            part(&mut table.indexes, &row)?;
        }
    }
    let mut version = rows(session, "SELECT VERSION()").await?;
    let version = version.pop().and_then(|row| row.said(0));
    session.control("COMMIT").await?;
    Ok(Statistics {
        tables,
        server: format!("MariaDB {}", version.unwrap_or_default()),
    })
}

/// Adds a part to the index it is of, which stands last.
fn part(indexes: &mut Vec<Index>, row: &Answer) -> Result<(), Error> {
    let name = row.text(1)?;
    if indexes.last().is_none_or(|index| index.name != name) {
        indexes.push(Index {
            name: name.to_owned(),
            parts: Vec::new(),
            is_whole: row.text(5)? == "BTREE",
        });
    }
    let is_cut = row.said(4).is_some();
    if let Some(index) = indexes.last_mut() {
        index.parts.push(IndexPart {
            column: row.said(2).filter(|_| !is_cut),
            descending: row.given(3) == Some("D"),
        });
    }
    Ok(())
}
