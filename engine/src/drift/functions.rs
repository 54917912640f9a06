//! Functions: whether one that a query calls may write.

use super::in_schema;
use crate::sdl;
use model::schema::Function;
use model::{Catalog, Diagnostic, Dialect, Schema, catalog};

/// Functions of MariaDB may write for all that it says; there a trial of each tells.
pub(super) fn compare(schema: &Schema, catalog: &Catalog, findings: &mut Vec<Diagnostic>) {
    if schema.dialect != Dialect::Postgres {
        return;
    }
    let readers = schema.functions.iter().filter(|function| !function.writes);
    for function in readers {
        // Of several with one name the database takes the one that fits; where all may write, so
        // may that one.
        let mut called = catalog
            .functions
            .iter()
            .filter(|found| may_be(function, found, catalog))
            .peekable();
        if called.peek().is_some() && called.all(|found| found.writes) {
            findings.push(volatile(schema, function));
        }
    }
}

/// Whether a function of the database may be the one that a field calls.
fn may_be(function: &Function, found: &catalog::Function, catalog: &Catalog) -> bool {
    let wanted = function.schema.as_deref();
    let is_there = wanted.is_none()
        || in_schema(catalog.dialect, wanted, |schema| {
            (found.schema.as_deref() == schema).then_some(())
        })
        .is_some();
    let given = arguments(function);
    let needed = found
        .arguments
        .iter()
        .filter(|argument| argument.default.is_none());
    let last = found.arguments.last();
    let takes_any = last.is_some_and(|argument| argument.native.ends_with("[]"));
    let takes = given >= needed.count() && (takes_any || given <= found.arguments.len());
    found.name == function.name && is_there && takes
}

/// How many arguments a call has, those of the row included.
fn arguments(function: &Function) -> usize {
    let of_row = function.receiver.as_ref();
    let of_row = of_row.map_or(0, |receiver| receiver.columns.len().max(1));
    of_row + function.arguments.len()
}

fn volatile(schema: &Schema, function: &Function) -> Diagnostic {
    let message = format!(
        "`{}` calls {:?}, which is VOLATILE in the database: it may write, and here it must not",
        function.place(schema),
        sdl::clip(&function.name)
    );
    Diagnostic::error("drift.volatile", message)
        .help("ALTER FUNCTION … STABLE where it only reads; one that writes is a field of Mutation")
}
