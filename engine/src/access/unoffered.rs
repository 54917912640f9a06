//! What rules let a role do and the API has no way to: that nobody takes a rule for a right.

use crate::api;
use model::schema::{Function, Relation, Schema, Table};
use model::{Action, Grant};

/// Why the API of some callers has no field by which they do that with rows of a table, though rules
/// let them. The schema is as it is shown to them.
pub(crate) fn action(shown: &Schema, table: &Table, action: Action) -> Option<String> {
    if !api::is_seen(table) {
        return Some(unseen(table, action));
    }
    let is_offered = action == Action::Read || api::is_written(table);
    match action {
        Action::Create if is_offered => missing(table),
        Action::Update if is_offered && !is_changed(shown, table) => {
            Some("no column of it may be given a value".to_owned())
        }
        _ if is_offered && table.grant.allows(action) => None,
        _ => Some("the database gives all of its columns".to_owned()),
    }
}

/// Why it is not shown where a relation leads, though rules let it.
pub(crate) fn relation(shown: &Schema, relation: &Relation) -> Option<String> {
    if relation.grant != Grant::NOTHING {
        return None;
    }
    let between = relation.through.as_ref().map(|through| through.table);
    let passed = std::iter::once(relation.target).chain(between);
    let mut passed = passed.map(|table| &shown.tables[table]);
    let hidden = passed.find(|table| !api::is_seen(table))?;
    let name = &hidden.type_name;
    Some(format!("nothing is seen of {name}, which it goes by"))
}

/// Why a function is not called, though rules let it.
pub(crate) fn function(shown: &Schema, function: &Function) -> Option<String> {
    let mut tables = function.tables().into_iter();
    let hidden = tables.find(|table| !api::is_seen(&shown.tables[*table]))?;
    let name = &shown.tables[hidden].type_name;
    Some(format!("nothing is seen of {name}, whose rows it is about"))
}

fn unseen(table: &Table, action: Action) -> String {
    let reads = |grant: Grant| grant.allows(Action::Read);
    if table.columns.iter().any(|column| reads(column.grant)) {
        return "rows of several types are seen by who may READ all their tables".to_owned();
    }
    match action {
        Action::Read => "no column of it may be seen".to_owned(),
        _ => "only rows that are seen are written, and READ of no column is allowed".to_owned(),
    }
}

/// The columns that a new row needs and nobody gives.
fn missing(table: &Table) -> Option<String> {
    let columns = table.columns.iter();
    let needed = columns
        .filter(|column| api::is_required(column) && !column.grant.allows(Action::Create))
        .map(|column| column.field.as_str());
    let needed: Vec<_> = needed.collect();
    (!needed.is_empty()).then(|| format!("a new row needs {}, to be given", needed.join(", ")))
}

/// Whether something of a row can be given another value.
fn is_changed(shown: &Schema, table: &Table) -> bool {
    api::settable(table).next().is_some() || api::written_relations(shown, table).next().is_some()
}
