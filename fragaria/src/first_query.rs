//! A first query for people to try on an API they have not seen.

use model::schema::{Schema, Table};

/// How many scalar fields it asks for.
const FIELDS: usize = 3;

/// A query that works on a schema: a few rows of its most connected table.
pub(crate) fn first_query(schema: &Schema) -> String {
    let tables = schema.tables.iter().rev();
    let connected = tables.max_by_key(|table| table.relations.len());
    match connected {
        Some(table) => format!("{{ {}(limit: 3) {{ {} }} }}", table.plural, fields(table)),
        None => "{ __typename }".to_owned(),
    }
}

fn fields(table: &Table) -> String {
    let fields: Vec<_> = table
        .columns
        .iter()
        .take(FIELDS)
        .map(|column| &*column.field)
        .collect();
    if fields.is_empty() {
        return "__typename".to_owned();
    }
    fields.join(" ")
}
