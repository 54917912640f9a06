//! What rules let a role do and the API has no way to: that nobody takes a rule for a right.

use crate::api;
use model::schema::{Function, Relation, Schema, Table};
use model::{Action, Grant};

/// Why something allowed is not to be had, and what to do about it.
pub(crate) struct Lacking {
    pub(crate) why: String,
    pub(crate) mend: &'static str,
}

/// Why the API of some callers has no field by which they do that with rows of a table, though rules
/// let them. The schema is as it is shown to them.
pub(crate) fn action(shown: &Schema, table: &Table, action: Action) -> Option<Lacking> {
    if !api::is_seen(table) {
        return Some(unseen(table, action));
    }
    let is_offered = action == Action::Read || api::is_written(table);
    match action {
        Action::Create if is_offered => missing(table),
        Action::Update if is_offered && !is_changed(shown, table) => Some(Lacking {
            why: "no column of it may be given a value".to_owned(),
            mend: "name a column in `fields` that may be written, or take the action away",
        }),
        _ if is_offered && table.grant.allows(action) => None,
        _ => Some(Lacking {
            why: "the database gives all of its columns".to_owned(),
            mend: "take the action away",
        }),
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

fn unseen(table: &Table, action: Action) -> Lacking {
    let reads = |grant: Grant| grant.allows(Action::Read);
    if table.columns.iter().any(|column| reads(column.grant)) {
        return Lacking {
            why: "rows of several types are seen by who may READ all their tables".to_owned(),
            mend: "let the role READ the other tables of these rows, too",
        };
    }
    match action {
        Action::Read => Lacking {
            why: "no column of it may be seen".to_owned(),
            mend: "name a column in `fields`, too",
        },
        _ => Lacking {
            why: "only rows that are seen are written, and READ of no column is allowed".to_owned(),
            mend: "add READ to a rule of the role; who holds another role with it has all as it is",
        },
    }
}

/// The columns that a new row needs and nobody gives.
fn missing(table: &Table) -> Option<Lacking> {
    let columns = table.columns.iter();
    let needed = columns
        .filter(|column| api::is_required(column) && !column.grant.allows(Action::Create))
        .map(|column| column.field.as_str());
    let needed: Vec<_> = needed.collect();
    (!needed.is_empty()).then(|| Lacking {
        why: format!("a new row needs {}, to be given", needed.join(", ")),
        mend: "add them to `fields` of a rule for CREATE, or give them a value in `set`",
    })
}

/// Whether something of a row can be given another value.
fn is_changed(shown: &Schema, table: &Table) -> bool {
    api::settable(table).next().is_some() || api::written_relations(shown, table).next().is_some()
}
