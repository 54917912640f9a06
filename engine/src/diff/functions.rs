//! Changes of root fields that call functions.

use super::{Changes, by_name};
use crate::api::value_type;
use model::Schema;
use model::schema::{Column, Function, Outcome};

pub(super) fn compare(old: &Schema, new: &Schema, changes: &mut Changes) {
    for (name, sides) in by_name(&old.functions, &new.functions, |function| &function.field) {
        match sides {
            (Some(was), None) => changes.breaking(at(was), "the field is removed"),
            (None, Some(is)) => changes.safe(at(is), "the field is new"),
            (Some(was), Some(is)) if was.writes != is.writes => {
                changes.breaking(at(was), format!("the field `{name}` is now {}", at(is)));
            }
            (Some(was), Some(is)) => both((old, was), (new, is), changes),
            (None, None) => {}
        }
    }
}

fn at(function: &Function) -> String {
    let root = if function.writes { "Mutation" } else { "Query" };
    format!("{root}.{}", function.field)
}

fn both((old, was): (&Schema, &Function), (new, is): (&Schema, &Function), changes: &mut Changes) {
    let results = (result(old, &was.outcome), result(new, &is.outcome));
    if results.0 != results.1 {
        changes.breaking(
            at(is),
            format!("the type is {}, was {}", results.1, results.0),
        );
    }
    let sides = by_name(&was.arguments, &is.arguments, |column| &column.field);
    for (name, sides) in sides {
        let at = format!("{}({name}:)", at(is));
        match sides {
            (Some(_), None) => changes.breaking(at, "the argument is removed"),
            (None, Some(is)) if is.nullable => changes.safe(at, "the argument is new"),
            (None, Some(_)) => changes.breaking(at, "the argument is new, and required"),
            (Some(was), Some(is)) => {
                let types = (value(old, was), value(new, is));
                let widened = types.0 == format!("{}!", types.1);
                match types.0 == types.1 {
                    true => {}
                    false if widened => changes.safe(at, "the argument may be left out"),
                    false => {
                        let what = format!("the type is {}, was {}", types.1, types.0);
                        changes.breaking(at, what);
                    }
                }
            }
            (None, None) => {}
        }
    }
}

fn result(schema: &Schema, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(column) => value(schema, column),
        Outcome::Row(table) => schema.tables[*table].type_name.clone(),
        Outcome::Rows(table) => format!("[{}!]!", schema.tables[*table].type_name),
    }
}

fn value(schema: &Schema, column: &Column) -> String {
    let name = value_type(schema, column);
    let required = if column.nullable { "" } else { "!" };
    format!("{name}{required}")
}
