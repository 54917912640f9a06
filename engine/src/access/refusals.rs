//! What a caller is told of rows that constraints of the database refuse.

use crate::api;
use model::schema::{Constraint, Part, Table};
use model::{Action, Grant, Refusal, Schema};
use std::sync::Arc;

/// What the schema says of constraints, as far as it is shown.
///
/// Whoever is not shown the table, or the field that stands in the way, is told what everybody is
/// told of such a refusal.
pub(super) fn of(schema: &Schema) -> Arc<[Refusal]> {
    let tables = schema.tables.iter().enumerate();
    let shown = tables.filter(|(_, table)| api::is_seen(table));
    let all = shown.flat_map(|(of, table)| {
        let mut constraints: Vec<_> = table.constraints.iter().collect();
        constraints.retain(|constraint| is_told(table, constraint));
        constraints.into_iter().map(move |constraint| Refusal {
            of,
            schema: table.schema.as_deref().map(Into::into),
            table: table.name.as_str().into(),
            constraint: constraint.name.as_str().into(),
            code: constraint.code.as_str().into(),
            message: constraint.message.as_str().into(),
            field: constraint.field.map(|part| table.part(part).into()),
        })
    });
    all.collect()
}

fn is_told(table: &Table, constraint: &Constraint) -> bool {
    let grant = match constraint.field {
        None => return true,
        Some(Part::Column(column)) => table.columns[column].grant,
        Some(Part::Relation(relation)) => table.relations[relation].grant,
    };
    is_open(grant)
}

/// Whether it is seen, or may be given.
fn is_open(grant: Grant) -> bool {
    let mut actions = [Action::Read, Action::Create, Action::Update].into_iter();
    actions.any(|action| grant.allows(action))
}
