//! What a PostgreSQL database holds, read from `pg_catalog` in one snapshot.

mod functions;
pub(super) mod row_security;
mod sql;
pub(super) mod statistics;

use super::session::Session;
use crate::Error;
use crate::snag::Snag;
use futures_util::TryStreamExt;
use model::Dialect;
use model::catalog::{
    Catalog, Column, Composite, Constraint, Enum, ForeignKey, Kind, Search, Table,
};
use std::borrow::Cow;
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

/// Tables by the object id of their relation.
type Tables = HashMap<u32, Table>;

/// Where types stand in the catalog, by object id.
#[derive(Default)]
struct Types {
    enums: HashMap<u32, usize>,
    composites: HashMap<u32, usize>,
    /// Composite types by the object id of their relation.
    relations: HashMap<u32, usize>,
}

impl Types {
    /// A column of a type; an array has the id of its items.
    fn column(&self, name: String, native: String, id: u32) -> Column {
        // An array of composite values is no such value.
        let composite = self.composites.get(&id).copied();
        let composite = composite.filter(|_| !native.ends_with(']'));
        Column {
            name,
            native,
            enumeration: self.enums.get(&id).copied(),
            composite,
            nullable: true,
            default: None,
            generated: false,
            nondeterministic: false,
            comment: None,
        }
    }
}

/// How much of a database is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All schemas.
    All,
    /// The first schema on the search path, however many others there are.
    Own,
}

/// Reads all that an API can be made from.
pub(super) async fn read(session: &Session, extent: Extent) -> Result<Catalog, Snag> {
    session.client.batch_execute(sql::BEGIN).await?;
    let mut order = Vec::new();
    let mut tables = Tables::new();
    let (mut enums, mut composites) = (Vec::new(), Vec::new());
    for row in rows(session, extent, sql::TABLES).await? {
        let id = get(&row, 0)?;
        order.push(id);
        tables.insert(id, table(&row)?);
    }
    let mut types = Types::default();
    for row in rows(session, extent, sql::ENUMS).await? {
        types.enums.insert(get(&row, 0)?, types.enums.len());
        enums.push(enumeration(&row)?);
    }
    for row in rows(session, extent, sql::COMPOSITES).await? {
        types.composites.insert(get(&row, 0)?, composites.len());
        types.relations.insert(get(&row, 1)?, composites.len());
        composites.push(composite(&row)?);
    }
    for row in rows(session, extent, sql::COLUMNS).await? {
        let column = column(&row, &types)?;
        let composite = types.relations.get(&get(&row, 0)?);
        match composite.and_then(|index| composites.get_mut(*index)) {
            Some(composite) => composite.attributes.push(column),
            None => with(&mut tables, &row, |table| table.columns.push(column))?,
        }
    }
    constraints(session, extent, &mut tables).await?;
    let functions = functions::read(session, extent, (&types, &order)).await?;
    session.client.batch_execute("COMMIT").await?;
    Ok(Catalog {
        dialect: Dialect::Postgres,
        tables: order
            .into_iter()
            .filter_map(|id| tables.remove(&id))
            .collect(),
        enums,
        composites,
        functions,
    })
}

/// Adds what holds of the rows of tables, and what their words are found by.
async fn constraints(session: &Session, extent: Extent, tables: &mut Tables) -> Result<(), Snag> {
    for row in rows(session, extent, sql::KEYS).await? {
        let columns = get(&row, 2)?;
        if get(&row, 1)? {
            with(tables, &row, |table| table.primary_key = columns)?;
        } else {
            with(tables, &row, |table| {
                if !table.uniques.contains(&columns) {
                    table.uniques.push(columns);
                }
            })?;
        }
    }
    for row in rows(session, extent, sql::FOREIGN_KEYS).await? {
        let target = tables
            .get(&get(&row, 1)?)
            .map(|to| (to.schema.clone(), to.name.clone()));
        if let Some(target) = target {
            let key = foreign_key(&row, target)?;
            with(tables, &row, |table| table.foreign_keys.push(key))?;
        }
    }
    for row in rows(session, extent, sql::CONSTRAINTS).await? {
        let (name, told) = (get(&row, 1)?, get(&row, 2)?);
        let constraint = Constraint { name, told };
        with(tables, &row, |table| table.constraints.push(constraint))?;
    }
    for row in rows(session, extent, sql::SEARCHES).await? {
        let search = search(&row)?;
        with(tables, &row, |table| table.searches.push(search))?;
    }
    Ok(())
}

async fn rows(session: &Session, extent: Extent, sql: &str) -> Result<Vec<Row>, Snag> {
    let sql: Cow<'_, str> = match extent {
        Extent::All => sql.into(),
        Extent::Own => sql::own(sql).into(),
    };
    Ok(session.fetch(&sql).await?.try_collect().await?)
}

fn get<T: FromSqlOwned>(row: &Row, column: usize) -> Result<T, Error> {
    row.try_get(column)
        .map_err(|error| Error::Internal(format!("column {column} of the catalog: {error}")))
}

/// Changes the table whose object id stands first in a row; those left out are passed over.
fn with(tables: &mut Tables, row: &Row, change: impl FnOnce(&mut Table)) -> Result<(), Error> {
    if let Some(table) = tables.get_mut(&get(row, 0)?) {
        change(table);
    }
    Ok(())
}

fn table(row: &Row) -> Result<Table, Error> {
    Ok(Table {
        schema: get(row, 1)?,
        name: get(row, 2)?,
        kind: match get::<String>(row, 3)?.as_str() {
            "v" => Kind::View,
            "m" => Kind::MaterializedView,
            _ => Kind::Table,
        },
        comment: get(row, 4)?,
        readable: get(row, 5)?,
        columns: Vec::new(),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        searches: Vec::new(),
        constraints: Vec::new(),
    })
}

fn enumeration(row: &Row) -> Result<Enum, Error> {
    Ok(Enum {
        schema: get(row, 1)?,
        name: get(row, 2)?,
        comment: get(row, 3)?,
        labels: get(row, 4)?,
    })
}

fn composite(row: &Row) -> Result<Composite, Error> {
    Ok(Composite {
        schema: get(row, 2)?,
        name: get(row, 3)?,
        comment: get(row, 4)?,
        attributes: Vec::new(),
    })
}

fn column(row: &Row, types: &Types) -> Result<Column, Error> {
    let (name, native, id) = (get(row, 1)?, get(row, 2)?, get(row, 3)?);
    Ok(Column {
        nullable: get(row, 4)?,
        default: get(row, 5)?,
        generated: get(row, 6)?,
        comment: get(row, 7)?,
        nondeterministic: get(row, 8)?,
        ..types.column(name, native, id)
    })
}

fn search(row: &Row) -> Result<Search, Error> {
    let mut configurations: Vec<String> = vec![get(row, 2)?];
    configurations.extend(get::<Vec<String>>(row, 4)?);
    Ok(Search {
        name: Some(get(row, 1)?),
        columns: Vec::new(),
        configurations,
        indexed: get(row, 3)?,
    })
}

fn foreign_key(row: &Row, target: (Option<String>, String)) -> Result<ForeignKey, Error> {
    Ok(ForeignKey {
        columns: get(row, 2)?,
        target_schema: target.0,
        target: target.1,
        target_columns: get(row, 3)?,
    })
}
