//! What a MariaDB database holds, read from `information_schema`.
//!
//! The schema of another database is none of ours, so names carry none.

mod functions;
mod native;
mod sql;
pub(super) mod statistics;

use super::session::Session;
use crate::Error;
use crate::snag::Snag;
use model::Dialect;
use model::catalog::{Catalog, Column, Constraint, Enum, ForeignKey, Kind, Search, Table};
use std::collections::{HashMap, HashSet};

/// Tables by name.
type Tables = HashMap<String, Table>;

/// One row of an answer, all of it text.
struct Answer(Vec<Option<String>>);

/// Reads all that an API can be made from.
pub(super) async fn read(session: &mut Session) -> Result<Catalog, Snag> {
    session.control(sql::BEGIN).await?;
    let mut order = Vec::new();
    let mut tables = Tables::new();
    for row in rows(session, sql::TABLES).await? {
        let table = table(&row)?;
        order.push(table.name.clone());
        tables.insert(table.name.clone(), table);
    }
    let json = json(session).await?;
    let mut enums = Vec::new();
    for row in rows(session, sql::COLUMNS).await? {
        let column = column(&row, &json, &mut enums)?;
        let readable = row.text(8)?.split(',').any(|right| right == "select");
        with(&mut tables, &row, |table| {
            table.columns.push(column);
            table.readable |= readable;
        })?;
    }
    for row in rows(session, sql::KEYS).await? {
        key(&mut tables, &row)?;
    }
    for row in rows(session, sql::SEARCHES).await? {
        search(&mut tables, &row)?;
    }
    for row in rows(session, sql::FOREIGN_KEYS).await? {
        foreign_key(&mut tables, &row)?;
    }
    for row in rows(session, sql::CONSTRAINTS).await? {
        let name = row.text(1)?.to_owned();
        let constraint = Constraint { name, told: true };
        with(&mut tables, &row, |table| {
            table.constraints.push(constraint);
        })?;
    }
    let functions = functions::read(session).await?;
    session.control("COMMIT").await?;
    Ok(Catalog {
        dialect: Dialect::Mariadb,
        tables: order
            .iter()
            .filter_map(|name| tables.remove(name))
            .map(finished)
            .collect(),
        enums,
        composites: Vec::new(),
        functions,
    })
}

/// Tables and columns of type JSON.
async fn json(session: &mut Session) -> Result<HashSet<(String, String)>, Snag> {
    let mut json = HashSet::new();
    for row in rows(session, sql::TEXTS).await? {
        let table = row.text(0)?;
        let created = match rows(session, &sql::creation(table)).await {
            // Who may see some of its columns only is not told; nor is anybody of what went away.
            Err(snag) if matches!(snag.error, Error::Denied(_) | Error::Schema(_)) => continue,
            created => created?,
        };
        for made in created {
            let columns = native::json_columns(made.text(1)?).into_iter();
            json.extend(columns.map(|column| (table.to_owned(), column)));
        }
    }
    Ok(json)
}

async fn rows(session: &mut Session, sql: &str) -> Result<Vec<Answer>, Snag> {
    session.ask(sql).await?;
    let mut rows = Vec::new();
    while let Some(row) = session.next().await? {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let cells = (0..row.width()).map(|column| Ok(row.text(column)?.map(text)));
        rows.push(Answer(cells.collect::<Result<_, Error>>()?));
    }
    Ok(rows)
}

impl Answer {
    fn text(&self, column: usize) -> Result<&str, Error> {
        let text = self.given(column);
        text.ok_or_else(|| Error::Internal(format!("column {column} of the catalog is missing")))
    }

    /// The text, if there is some.
    fn given(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// The text, if it is not empty.
    fn said(&self, column: usize) -> Option<String> {
        self.given(column)
            .filter(|text| !text.is_empty())
            .map(Into::into)
    }
}

/// Changes the table whose name stands first in a row; those left out are passed over.
fn with(tables: &mut Tables, row: &Answer, change: impl FnOnce(&mut Table)) -> Result<(), Error> {
    if let Some(table) = tables.get_mut(row.text(0)?) {
        change(table);
    }
    Ok(())
}

fn table(row: &Answer) -> Result<Table, Error> {
    let kind = if row.text(1)? == "VIEW" {
        Kind::View
    } else {
        Kind::Table
    };
    Ok(Table {
        schema: None,
        name: row.text(0)?.into(),
        kind,
        readable: false,
        // A view has no comment, but the word.
        comment: row.said(2).filter(|_| kind == Kind::Table),
        columns: Vec::new(),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        searches: Vec::new(),
        constraints: Vec::new(),
    })
}

fn column(
    row: &Answer,
    json: &HashSet<(String, String)>,
    enums: &mut Vec<Enum>,
) -> Result<Column, Error> {
    let (table, name, native) = (row.text(0)?, row.text(1)?, row.text(2)?);
    let extra = row.text(5)?;
    let is_json = native == "longtext" && json.contains(&(table.into(), name.into()));
    let enumeration = native::labels(native).map(|labels| {
        enums.push(Enum {
            schema: None,
            name: format!("{table}_{name}"),
            comment: None,
            labels,
        });
        enums.len() - 1
    });
    let generated = row.text(6)? == "ALWAYS";
    let default = if extra.contains("auto_increment") {
        Some("AUTO_INCREMENT".into())
    } else {
        // Without a default, a column that may be NULL has the word for one.
        row.said(4).filter(|text| text != "NULL" && !generated)
    };
    Ok(Column {
        name: name.into(),
        native: if is_json { "json" } else { native }.into(),
        enumeration,
        composite: None,
        nullable: row.text(3)? == "YES",
        default,
        generated,
        nondeterministic: false,
        comment: row.said(7),
    })
}

/// Adds a column to the key it is a part of, which its table has last if it is not a new one.
fn key(tables: &mut Tables, row: &Answer) -> Result<(), Error> {
    let (index, first, name) = (row.text(1)?, row.text(2)? == "1", row.text(3)?.to_owned());
    with(tables, row, |table| {
        if index == "PRIMARY" {
            table.primary_key.push(name);
        } else if first {
            table.uniques.push(vec![name]);
        } else if let Some(last) = table.uniques.last_mut() {
            last.push(name);
        }
    })
}

/// Adds a column to the full-text index it is a part of, which its table has last if it is not new.
fn search(tables: &mut Tables, row: &Answer) -> Result<(), Error> {
    let (first, column) = (row.text(2)? == "1", row.text(3)?.to_owned());
    with(tables, row, |table| match table.searches.last_mut() {
        Some(last) if !first => last.columns.push(column),
        _ => table.searches.push(Search {
            name: None,
            columns: vec![column],
            configurations: Vec::new(),
            indexed: true,
        }),
    })
}

/// Adds a column to the foreign key it is a part of, which its table has last if it is not new.
fn foreign_key(tables: &mut Tables, row: &Answer) -> Result<(), Error> {
    let (first, target) = (row.text(1)? == "1", row.text(3)?.to_owned());
    let (column, target_column) = (row.text(2)?.to_owned(), row.text(4)?.to_owned());
    with(tables, row, |table| {
        if first {
            table.foreign_keys.push(ForeignKey {
                columns: vec![column],
                target_schema: None,
                target,
                target_columns: vec![target_column],
            });
        } else if let Some(last) = table.foreign_keys.last_mut() {
            last.columns.push(column);
            last.target_columns.push(target_column);
        }
    })
}

/// Each set of unique columns once, and not the primary key's again.
fn finished(mut table: Table) -> Table {
    let mut kept: Vec<Vec<String>> = Vec::new();
    for unique in table.uniques {
        if unique != table.primary_key && !kept.contains(&unique) {
            kept.push(unique);
        }
    }
    table.uniques = kept;
    table
}
