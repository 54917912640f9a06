//! Changes of fields that call functions.

use super::{Changes, by_name};
use crate::api::value_type;
use model::Schema;
use model::schema::{Column, Function, Outcome};

pub(super) fn compare(old: &Schema, new: &Schema, changes: &mut Changes) {
    let placed = |schema: &Schema| -> Vec<(String, Function)> {
        let functions = schema.functions.iter();
        functions
            .map(|function| (function.place(schema), function.clone()))
            .collect()
    };
    let (was, is) = (placed(old), placed(new));
    for (at, sides) in by_name(&was, &is, |placed| &placed.0) {
        match sides {
            (Some(_), None) => changes.breaking(at, "the field is removed"),
            (None, Some(_)) => changes.safe(at, "the field is new"),
            (Some(was), Some(is)) => both(at, (old, &was.1), (new, &is.1), changes),
            (None, None) => {}
        }
    }
}

fn both(
    at: &str,
    (old, was): (&Schema, &Function),
    (new, is): (&Schema, &Function),
    changes: &mut Changes,
) {
    let results = (result(old, &was.outcome), result(new, &is.outcome));
    if results.0 != results.1 {
        changes.breaking(at, format!("the type is {}, was {}", results.1, results.0));
    }
    let sides = by_name(&was.arguments, &is.arguments, |column| &column.field);
    for (name, sides) in sides {
        let at = format!("{at}({name}:)");
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
