//! What of a table the caller sees to whom its API is shown.

use model::Action;
use model::schema::{Choice, Column, Form, Relation, Rest, Schema, Table, Variants};
use std::collections::BTreeSet;

/// Whether rows of it are seen at all.
pub(crate) fn is_seen(table: &Table) -> bool {
    table.grant.allows(Action::Read)
}

/// The columns that are seen, with their positions.
pub(crate) fn columns(table: &Table) -> impl Iterator<Item = (usize, &Column)> + Clone {
    let columns = table.columns.iter().enumerate();
    columns.filter(|(_, column)| column.grant.allows(Action::Read))
}

/// Those of them that may be compared, ordered by, and counted: nothing of theirs is masked.
pub(crate) fn compared(table: &Table) -> impl Iterator<Item = &Column> + Clone {
    let columns = columns(table).map(|(_, column)| column);
    columns.filter(|column| !column.grant.is_masked())
}

/// The relations that are seen.
pub(crate) fn relations(table: &Table) -> impl Iterator<Item = &Relation> {
    let relations = table.relations.iter();
    relations.filter(|relation| relation.grant.allows(Action::Read))
}

/// Whether a field of a union is seen: all it goes by must be.
pub(crate) fn is_choice_seen(table: &Table, choice: &Choice) -> bool {
    let mut relations = choice.relations.iter();
    relations.all(|relation| table.relations[*relation].grant.allows(Action::Read))
}

/// Whether each of its rows can be told from the others: it has ids and pages.
pub(crate) fn is_identified(table: &Table) -> bool {
    !table.key.is_empty() && is_key_seen(table, &table.key)
}

/// Whether the columns of a key are seen in every row that is.
pub(crate) fn is_key_seen(table: &Table, key: &[usize]) -> bool {
    let mut key = key.iter();
    key.all(|column| table.columns[*column].grant.reads_whole())
}

/// Whether all columns are seen in every row that is.
pub(crate) fn is_whole(table: &Table) -> bool {
    table
        .columns
        .iter()
        .all(|column| column.grant.reads_whole())
}

/// Tables that hold parts of rows of several types, other than their own.
pub(crate) fn besides(variants: &Variants) -> impl Iterator<Item = usize> {
    variants
        .types
        .iter()
        .filter_map(|variant| match variant.rest {
            Rest::Beside { table, .. } => Some(table),
            Rest::Here { .. } => None,
        })
}

/// Tables that hold other parts of the rows of a table, and the columns they are told by: (ours,
/// theirs).
pub(crate) fn parts(table: &Table) -> impl Iterator<Item = (usize, &[(usize, usize)])> {
    let types = table.variants.iter().flat_map(|variants| &variants.types);
    let beside = types.filter_map(|variant| match &variant.rest {
        Rest::Beside { table, columns } => Some((*table, columns.as_slice())),
        Rest::Here { .. } => None,
    });
    let base = table.base.iter().map(|base| {
        let relation = &table.relations[base.relation];
        (base.table, relation.columns.as_slice())
    });
    beside.chain(base)
}

/// A type that columns and functions may have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    Enum(usize),
    Scalar(usize),
    Shape(usize),
}

/// Types that only something has which is not seen: nobody needs to know of them.
pub(super) struct Unseen(BTreeSet<Named>);

impl Unseen {
    pub(super) fn of(schema: &Schema) -> Self {
        let (mut seen, mut unseen) = (BTreeSet::new(), BTreeSet::new());
        for table in &schema.tables {
            for column in &table.columns {
                let is_seen = is_seen(table) && column.grant.allows(Action::Read);
                gather(
                    schema,
                    column,
                    if is_seen { &mut seen } else { &mut unseen },
                );
            }
        }
        for function in &schema.functions {
            let into = if function.is_hidden {
                &mut unseen
            } else {
                &mut seen
            };
            for column in function.arguments.iter().chain(function.result()) {
                gather(schema, column, into);
            }
        }
        Self(&unseen - &seen)
    }

    pub(super) fn has(&self, named: Named) -> bool {
        self.0.contains(&named)
    }
}

fn gather(schema: &Schema, column: &Column, into: &mut BTreeSet<Named>) {
    into.extend(column.enumeration.map(Named::Enum));
    into.extend(column.custom.map(Named::Scalar));
    if let Some(form) = &column.form {
        gather_form(schema, form, into);
    }
}

fn gather_form(schema: &Schema, form: &Form, into: &mut BTreeSet<Named>) {
    match form {
        Form::Scalar(_) => {}
        Form::Enum(index) => {
            into.insert(Named::Enum(*index));
        }
        Form::List(item) => gather_form(schema, &item.form, into),
        Form::Shape(index) => {
            if into.insert(Named::Shape(*index)) {
                for member in &schema.shapes[*index].members {
                    gather_form(schema, &member.value.form, into);
                }
            }
        }
    }
}
