//! Whether every index of a schema read from a file leads somewhere.

use model::Schema;
use model::schema::{Column, Function, Outcome, Piece, Relation, Table};

/// The first reference that leads nowhere.
pub(super) fn problem(schema: &Schema) -> Option<String> {
    let table = schema.tables.iter().find(|table| !is_whole(schema, table));
    let wrong = table.map(|table| format!("the table {:?}", table.type_name));
    let function = || {
        let functions = &mut schema.functions.iter();
        let wrong = functions.find(|function| !calls(schema, function))?;
        Some(format!("the function {:?}", wrong.field))
    };
    let wrong = wrong.or_else(function)?;
    Some(format!("{wrong} refers to something that is not there"))
}

fn calls(schema: &Schema, function: &Function) -> bool {
    let known = |column: &Column| {
        column
            .enumeration
            .is_none_or(|index| index < schema.enums.len())
    };
    let outcome = match &function.outcome {
        Outcome::Value(column) => known(column),
        Outcome::Row(table) | Outcome::Rows(table) => *table < schema.tables.len(),
    };
    outcome && function.arguments.iter().all(known)
}

fn is_whole(schema: &Schema, table: &Table) -> bool {
    let has = |column: &usize| *column < table.columns.len();
    let parts = table
        .columns
        .iter()
        .filter_map(|column| column.computed.as_ref());
    let is_stored = |piece: &Piece| match piece {
        Piece::Text(_) => true,
        Piece::Column(index) => {
            let column = table.columns.get(*index);
            column.is_some_and(|column| column.computed.is_none())
        }
    };
    let enums = table.columns.iter().filter_map(|column| column.enumeration);
    table.key.iter().all(has)
        && table.uniques.iter().flatten().all(has)
        && table.version.iter().all(has)
        && parts.flatten().all(is_stored)
        && enums.into_iter().all(|index| index < schema.enums.len())
        && table
            .relations
            .iter()
            .all(|relation| leads(schema, table, relation))
}

fn leads(schema: &Schema, table: &Table, relation: &Relation) -> bool {
    let Some(target) = schema.tables.get(relation.target) else {
        return false;
    };
    match &relation.through {
        None => pairs(table, target, &relation.columns),
        Some(through) => schema.tables.get(through.table).is_some_and(|junction| {
            pairs(table, junction, &relation.columns) && pairs(junction, target, &through.columns)
        }),
    }
}

fn pairs(ours: &Table, theirs: &Table, columns: &[(usize, usize)]) -> bool {
    let is_there =
        |(our, their): &(usize, usize)| *our < ours.columns.len() && *their < theirs.columns.len();
    !columns.is_empty() && columns.iter().all(is_there)
}
