//! Rows that somebody gives who has the database in hand: inserted as they are, keys and all.

use super::planner::Planner;
use super::{Inserts, Plan};
use crate::config::Config;
use crate::input::{Source, Variables};
use crate::prepare::Operation;
use crate::sql::{Change, Tree};
use model::{Dialect, Fault, Kind, Use, Value};

/// A table and the columns of a row of it.
pub(crate) type Row = (usize, Vec<(usize, Value)>);

/// Plans the inserts of rows one by one, in their order.
pub(crate) fn given(config: &Config, operation: &Operation, rows: &[Row]) -> Result<Plan, Fault> {
    let none = Variables::none(Dialect::Sqlite);
    let mut planner = Planner::new(config, operation.asked(), (&none, Inserts::Apart));
    if planner.access.is_some() {
        let message = "rows are given by those who are held to no rule";
        return Err(Fault::new("engine.internal", Kind::Internal, message));
    }
    let root_type = operation.definition.object_type();
    let chosen = planner.choose(&[&operation.definition.selection_set], root_type)?;
    for chosen in chosen.iter().take(1) {
        for (table, values) in rows {
            let stored = values.iter().map(|(column, value)| {
                planner.stored(*table, *column, Source::Constant(value.clone()))
            });
            let stored = stored.collect();
            let insert = Change::Insert {
                table: *table,
                alias: None,
                columns: values.iter().map(|(column, _)| *column).collect(),
                rows: vec![stored],
                condition: None,
                conflict: None,
                returning: Vec::new(),
            };
            planner.push(chosen, &Tree::Change(insert), Use::Discard);
        }
    }
    planner.ended(Vec::new(), true)
}
