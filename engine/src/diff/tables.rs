//! Changes of tables: their root fields, keys, columns and relations.

use super::{Changes, by_name, variants};
use crate::api::shown_type;
use model::Schema;
use model::schema::{Cardinality, Choice, Column, Relation, Table};

pub(super) fn compare(old: &Schema, new: &Schema, changes: &mut Changes) {
    for (name, sides) in by_name(&old.tables, &new.tables, |table| &table.type_name) {
        match sides {
            (Some(_), None) => changes.breaking(name, "the type is removed"),
            (None, Some(_)) => changes.safe(name, "the type is new"),
            (Some(was), Some(is)) => {
                roots(was, is, changes);
                keys(was, is, changes);
                searches(was, is, changes);
                constraints(was, is, changes);
                let (was, is) = (
                    Side {
                        schema: old,
                        table: was,
                    },
                    Side {
                        schema: new,
                        table: is,
                    },
                );
                fields(&was, &is, changes);
                variants::compare((old, was.table), (new, is.table), changes);
            }
            (None, None) => {}
        }
    }
}

/// A table with the schema its indexes lead into.
struct Side<'a> {
    schema: &'a Schema,
    table: &'a Table,
}

fn roots(old: &Table, new: &Table, changes: &mut Changes) {
    let name = new.type_name.as_str();
    for (was, is) in [(&old.singular, &new.singular), (&old.plural, &new.plural)] {
        if was != is {
            changes.breaking(name, format!("the root field `{was}` is now `{is}`"));
        }
    }
    match (old.writable, new.writable) {
        (true, false) => changes.breaking(name, "rows can no longer be written"),
        (false, true) => changes.safe(name, "rows can be written"),
        _ => {}
    }
}

fn keys(old: &Table, new: &Table, changes: &mut Changes) {
    let name = new.type_name.as_str();
    let (was, is) = (names(old, &old.key), names(new, &new.key));
    match (was.as_str(), is.as_str()) {
        _ if was == is => {}
        ("", _) => changes.safe(name, format!("the key is ({is}); there was none")),
        (_, "") => changes.breaking(name, format!("the key ({was}) is removed")),
        _ => changes.breaking(
            name,
            format!("the key is ({is}), was ({was}); global ids change"),
        ),
    }
    let uniques = |table: &Table| -> Vec<String> {
        table.uniques.iter().map(|key| names(table, key)).collect()
    };
    let (was, is) = (uniques(old), uniques(new));
    for key in was.iter().filter(|key| !is.contains(key)) {
        changes.breaking(name, format!("({key}) is no longer unique"));
    }
    for key in is.iter().filter(|key| !was.contains(key)) {
        changes.safe(name, format!("({key}) is unique"));
    }
}

fn searches(old: &Table, new: &Table, changes: &mut Changes) {
    let name = new.type_name.as_str();
    match (&old.search, &new.search) {
        (Some(_), None) => changes.breaking(name, "rows can no longer be searched for words"),
        (None, Some(_)) => changes.safe(name, "rows can be searched for words"),
        _ => {}
    }
}

/// What clients are told of refused rows: who tells them apart by their codes must know.
fn constraints(old: &Table, new: &Table, changes: &mut Changes) {
    let name = new.type_name.as_str();
    for (constraint, sides) in by_name(&old.constraints, &new.constraints, |one| &one.name) {
        let told = |code: &str| format!("the constraint {constraint:?} is told as {code}");
        match sides {
            (Some(was), Some(is)) if was.code != is.code => {
                changes.breaking(name, format!("{}, was {}", told(&is.code), was.code));
            }
            (Some(was), None) => {
                changes.breaking(
                    name,
                    format!("{constraint:?} is no longer told as {}", was.code),
                );
            }
            (None, Some(is)) => changes.breaking(name, told(&is.code)),
            _ => {}
        }
    }
}

fn names(table: &Table, columns: &[usize]) -> String {
    let names = columns
        .iter()
        .map(|column| table.columns[*column].field.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// What a field is on one side.
#[derive(Clone, Copy)]
enum Field<'a> {
    Column(&'a Column),
    Relation(&'a Relation),
    Choice(&'a Choice),
}

fn fields(old: &Side<'_>, new: &Side<'_>, changes: &mut Changes) {
    let (was, is) = (members(old.table), members(new.table));
    let name = |member: &(&str, Field<'_>)| -> String { member.0.to_owned() };
    let mut all: Vec<String> = was.iter().chain(&is).map(name).collect();
    all.sort();
    all.dedup();
    for field in all {
        let at = format!("{}.{field}", new.table.type_name);
        let find =
            |members: &[(&str, Field<'_>)]| members.iter().position(|member| member.0 == field);
        match (
            find(&was).map(|index| was[index].1),
            find(&is).map(|index| is[index].1),
        ) {
            (Some(_), None) => changes.breaking(at, "the field is removed"),
            (None, Some(Field::Column(column))) => added(at, new, column, changes),
            (None, Some(Field::Relation(_))) => changes.safe(at, "the relation is new"),
            (Some(Field::Column(was)), Some(Field::Column(is))) => {
                columns(&at, (old, was), (new, is), changes);
            }
            (None, Some(Field::Choice(_))) => changes.safe(at, "the field is new"),
            (Some(Field::Choice(was)), Some(Field::Choice(is))) => {
                let union = |side: &Side<'_>, choice: &Choice| {
                    side.schema.unions[choice.union].type_name.clone()
                };
                let (from, to) = (union(old, was), union(new, is));
                if from != to {
                    changes.breaking(at, format!("the type is {to}, was {from}"));
                }
            }
            (Some(Field::Relation(was)), Some(Field::Relation(is))) => {
                relations(&at, (old, was), (new, is), changes);
            }
            (Some(Field::Choice(_)), Some(Field::Column(_))) => {
                changes.breaking(at, "the field of a union is now a column");
            }
            (Some(_), Some(Field::Column(_))) => {
                changes.breaking(at, "the relation is now a column");
            }
            (Some(Field::Choice(_)), Some(Field::Relation(_))) => {
                changes.breaking(at, "the field of a union is now a relation");
            }
            (Some(_), Some(Field::Choice(_))) => {
                changes.breaking(at, "the field is now of a union");
            }
            (Some(_), Some(Field::Relation(_))) => {
                changes.breaking(at, "the column is now a relation");
            }
            (None, None) => {}
        }
    }
}

fn members(table: &Table) -> Vec<(&str, Field<'_>)> {
    let columns = table
        .columns
        .iter()
        .map(|column| (column.field.as_str(), Field::Column(column)));
    let relations = table
        .relations
        .iter()
        .map(|relation| (relation.field.as_str(), Field::Relation(relation)));
    let choices = table
        .choices
        .iter()
        .map(|choice| (choice.field.as_str(), Field::Choice(choice)));
    columns.chain(relations).chain(choices).collect()
}

fn added(at: String, side: &Side<'_>, column: &Column, changes: &mut Changes) {
    if is_required(side.table, column) {
        changes.breaking(at, "the field is new, and every new row must give it");
    } else {
        changes.safe(at, "the field is new");
    }
}

/// Whether a new row must give the column.
fn is_required(table: &Table, column: &Column) -> bool {
    table.writable && !column.nullable && !column.defaulted && !column.generated
}

fn columns(
    at: &str,
    (old, was): (&Side<'_>, &Column),
    (new, is): (&Side<'_>, &Column),
    changes: &mut Changes,
) {
    let types = (shown_type(old.schema, was), shown_type(new.schema, is));
    if types.0 != types.1 {
        changes.breaking(at, format!("the type is {}, was {}", types.1, types.0));
    }
    match (was.nullable, is.nullable) {
        (false, true) => changes.breaking(at, "the field may now be null"),
        (true, false) => changes.safe(at, "the field is never null"),
        _ => {}
    }
    // A table that becomes read-only, or writable, has been reported as a whole.
    if !(old.table.writable && new.table.writable) {
        return;
    }
    match (was.generated, is.generated) {
        (false, true) => changes.breaking(at, "the field can no longer be written"),
        (true, false) => changes.safe(at, "the field can be written"),
        _ => {}
    }
    match (is_required(old.table, was), is_required(new.table, is)) {
        (false, true) => changes.breaking(at, "every new row must now give the field"),
        (true, false) if !is.generated => changes.safe(at, "new rows may leave the field out"),
        _ => {}
    }
    let accepts_null = |column: &Column| column.nullable && !column.generated;
    if accepts_null(was) && !accepts_null(is) && !is.generated && !is_required(new.table, is) {
        changes.breaking(at, "null can no longer be written");
    }
}

fn relations(
    at: &str,
    (old, was): (&Side<'_>, &Relation),
    (new, is): (&Side<'_>, &Relation),
    changes: &mut Changes,
) {
    let (from, to) = (
        &old.schema.tables[was.target].type_name,
        &new.schema.tables[is.target].type_name,
    );
    if from != to {
        changes.breaking(at, format!("the relation leads to {to}, led to {from}"));
    }
    match (was.cardinality, is.cardinality) {
        (was, is) if was == is => {}
        (Cardinality::One, Cardinality::Maybe) => {
            changes.breaking(at, "the relation may now be null");
        }
        (Cardinality::Maybe, Cardinality::One) => changes.safe(at, "the relation is never null"),
        (_, Cardinality::Many) => changes.breaking(at, "the relation is now a list"),
        _ => changes.breaking(at, "the relation is no longer a list"),
    }
}
