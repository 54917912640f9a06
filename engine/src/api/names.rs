//! Whether the names of a schema can be names of an API; the compiler has refused others, a file may
//! still have them.

use apollo_compiler::Name;
use model::Schema;
use model::schema::{Rest, Table};
use std::collections::HashSet;

/// Refuses what is no name, and types of one name.
pub(super) fn check(schema: &Schema) -> Result<(), String> {
    let mut known = HashSet::with_capacity(schema.tables.len());
    for name in types(schema) {
        if !known.insert(name) {
            return Err(format!("several types are called {name:?}"));
        }
    }
    let tables = schema.tables.iter().flat_map(fields);
    let values = schema.enums.iter().flat_map(|known| &known.values);
    let values = values.map(|value| value.name.as_str());
    let members = schema.shapes.iter().flat_map(|shape| &shape.members);
    let members = members.map(|member| member.field.as_str());
    let functions = schema.functions.iter().flat_map(|function| {
        let arguments = function.arguments.iter();
        let arguments = arguments.map(|argument| argument.field.as_str());
        std::iter::once(function.field.as_str()).chain(arguments)
    });
    let all = types(schema).chain(tables).chain(values);
    let mut all = all.chain(members).chain(functions);
    match all.find(|name| !Name::is_valid_syntax(name)) {
        Some(name) => Err(format!("{name:?} is no name")),
        None => Ok(()),
    }
}

/// The names of types.
fn types(schema: &Schema) -> impl Iterator<Item = &str> {
    let tables = schema.tables.iter().flat_map(|table| {
        let variants = table.variants.iter().flat_map(|variants| &variants.types);
        let here = variants.filter_map(|variant| match &variant.rest {
            Rest::Here { type_name, .. } => Some(type_name.as_str()),
            Rest::Beside { .. } => None,
        });
        std::iter::once(table.type_name.as_str()).chain(here)
    });
    let enums = schema.enums.iter().map(|known| known.type_name.as_str());
    let scalars = schema.scalars.iter().map(|known| known.type_name.as_str());
    let shapes = schema.shapes.iter().map(|known| known.type_name.as_str());
    let unions = schema.unions.iter().map(|known| known.type_name.as_str());
    let of_values = enums.chain(scalars).chain(shapes);
    tables.chain(of_values).chain(unions)
}

/// The names of fields that a table has.
fn fields(table: &Table) -> impl Iterator<Item = &str> {
    let nouns = [table.singular.as_str(), table.plural.as_str()];
    let columns = table.columns.iter().map(|column| column.field.as_str());
    let relations = table
        .relations
        .iter()
        .map(|relation| relation.field.as_str());
    let choices = table.choices.iter().map(|choice| choice.field.as_str());
    let further = relations.chain(choices);
    nouns.into_iter().chain(columns).chain(further)
}
