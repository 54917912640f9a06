//! The stored functions and procedures of a MariaDB database.

use super::{Answer, Session, rows, sql};
use crate::Error;
use crate::snag::Snag;
use model::catalog::{Column, Function, Unfit};

/// Reads the functions.
pub(super) async fn read(session: &mut Session) -> Result<Vec<Function>, Snag> {
    let mut functions = Vec::new();
    for row in rows(session, sql::ROUTINES).await? {
        functions.push(function(&row)?);
    }
    for row in rows(session, sql::PARAMETERS).await? {
        let name = row.text(0)?;
        let mut known = functions.iter_mut();
        let is_meant = |function: &&mut Function| {
            function.name == name && function.unfit != Some(Unfit::Procedure)
        };
        let Some(function) = known.find(is_meant) else {
            continue;
        };
        let operand = operand(&row)?;
        match row.given(2) {
            None => function.result = Some(operand),
            Some("IN") => function.arguments.push(operand),
            Some(_) => function.unfit = Some(Unfit::Outputs),
        }
    }
    Ok(functions)
}

/// What it does with data is what it was declared with: without a word it may write, unless it gives
/// the same for the same.
fn function(row: &Answer) -> Result<Function, Error> {
    let (is_procedure, is_aggregate) = (row.text(1)? == "PROCEDURE", row.text(5)? == "1");
    let is_fixed = row.text(3)? == "YES";
    Ok(Function {
        schema: None,
        name: row.text(0)?.into(),
        comment: row.said(4),
        unfit: match (is_procedure, is_aggregate) {
            (true, _) => Some(Unfit::Procedure),
            (false, true) => Some(Unfit::Aggregate),
            (false, false) => None,
        },
        writes: match row.text(2)? {
            "READS SQL DATA" | "NO SQL" => false,
            "CONTAINS SQL" => !is_fixed,
            _ => true,
        },
        receiver: None,
        arguments: Vec::new(),
        rows: None,
        result: None,
        several: false,
    })
}

fn operand(row: &Answer) -> Result<Column, Error> {
    Ok(Column {
        name: row.given(1).unwrap_or_default().into(),
        native: row.text(3)?.into(),
        enumeration: None,
        composite: None,
        nullable: true,
        default: None,
        generated: false,
        nondeterministic: false,
        comment: None,
    })
}
