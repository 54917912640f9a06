//! The functions of a PostgreSQL database.

use super::{Extent, Session, Types, get, rows, sql};
use crate::Error;
use crate::snag::Snag;
use model::catalog::{Column, Function, Unfit};
use std::collections::HashMap;
use tokio_postgres::Row;

/// Reads the functions; `order` are the object ids of the tables, in their order.
pub(super) async fn read(
    session: &Session,
    extent: Extent,
    (types, order): (&Types, &[u32]),
) -> Result<Vec<Function>, Snag> {
    let tables = order.iter().enumerate();
    let tables: HashMap<u32, usize> = tables.map(|(index, id)| (*id, index)).collect();
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut functions = Vec::new();
    for row in rows(session, extent, sql::FUNCTIONS).await? {
        places.insert(get(&row, 0)?, functions.len());
        functions.push(function(&row)?);
    }
    for row in rows(session, extent, sql::OPERANDS).await? {
        let place = places.get(&get(&row, 0)?);
        let Some(function) = place.and_then(|place| functions.get_mut(*place)) else {
            continue;
        };
        let table = tables.get(&get(&row, 7)?).copied();
        let operand = operand(&row, types)?;
        match get::<i32>(&row, 1)? {
            0 => (function.result, function.rows) = (Some(operand), table),
            1 => {
                function.arguments.push(operand);
                function.receiver = table;
            }
            _ => function.arguments.push(operand),
        }
    }
    Ok(functions)
}

fn function(row: &Row) -> Result<Function, Error> {
    Ok(Function {
        schema: get(row, 1)?,
        name: get(row, 2)?,
        comment: get(row, 3)?,
        unfit: get::<Option<String>>(row, 4)?
            .map(|word| unfit(&word))
            .transpose()?,
        writes: get(row, 5)?,
        receiver: None,
        arguments: Vec::new(),
        rows: None,
        result: None,
        several: get(row, 6)?,
    })
}

fn unfit(word: &str) -> Result<Unfit, Error> {
    Ok(match word {
        "procedure" => Unfit::Procedure,
        "aggregate" => Unfit::Aggregate,
        "window" => Unfit::Window,
        "trigger" => Unfit::Trigger,
        "overloaded" => Unfit::Overloaded,
        "outputs" => Unfit::Outputs,
        "variadic" => Unfit::Variadic,
        "forbidden" => Unfit::Forbidden,
        other => return Err(Error::Internal(format!("a function that is {other}"))),
    })
}

fn operand(row: &Row, types: &Types) -> Result<Column, Error> {
    let (name, native, id) = (get(row, 2)?, get(row, 3)?, get(row, 4)?);
    Ok(Column {
        nullable: get(row, 5)?,
        default: get(row, 6)?,
        ..types.column(name, native, id)
    })
}
