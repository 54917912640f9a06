//! The text of fields that call functions.

use super::super::entity::Entity;
use super::super::functions::{Call, Functions, Outcome};
use super::{Words, arguments};
use crate::sdl;
use std::fmt::Write as _;

/// The fields of the roots, and the functions that no field calls.
///
/// What may write is a comment: an API that changes nothing by surprise is worth a few marks to take
/// away.
pub(super) fn roots(
    functions: &Functions<'_>,
    entities: &[Entity<'_>],
    words: &Words<'_>,
) -> Vec<String> {
    let query = root(functions, entities, words, false);
    let mutation = root(functions, entities, words, true);
    let mutation = mutation.map(|text| {
        let head = "These functions may write. Take the marks away to let clients call them.";
        let lines = text
            .lines()
            .map(|line| format!("{}\n", format!("# {line}").trim_end()));
        format!("{}\n{}", sdl::comment("", head), lines.collect::<String>())
    });
    let left_out = functions
        .left_out
        .iter()
        .map(|(name, why)| sdl::comment("", &format!("left out: {}: {why}", sdl::clip(name))));
    let left_out: String = left_out.collect();
    let left_out = Some(left_out).filter(|text| !text.is_empty());
    [query, mutation, left_out].into_iter().flatten().collect()
}

fn root(
    functions: &Functions<'_>,
    entities: &[Entity<'_>],
    words: &Words<'_>,
    writes: bool,
) -> Option<String> {
    let calls = functions.calls.iter();
    let fields = calls.filter(|call| call.is_of_root(writes));
    let fields: String = fields.map(|call| field(call, entities, words)).collect();
    let name = if writes { "Mutation" } else { "Query" };
    (!fields.is_empty()).then(|| format!("extend type {name} {{\n{fields}}}\n"))
}

/// The fields of the rows of an entity.
pub(super) fn of_rows(
    functions: &Functions<'_>,
    (index, entities): (usize, &[Entity<'_>]),
    words: &Words<'_>,
) -> String {
    let calls = functions.calls.iter();
    let fields = calls.filter(|call| call.receiver == Some(index));
    fields.map(|call| field(call, entities, words)).collect()
}

fn field(call: &Call<'_>, entities: &[Entity<'_>], words: &Words<'_>) -> String {
    let mut text = String::new();
    for column in &call.left_out {
        let value = column.default.as_deref().unwrap_or_default();
        let (name, value) = (sdl::clip(&column.name), sdl::clip(value));
        text += &sdl::comment("  ", &format!("{name} is always {value}"));
    }
    text += &sdl::describe("  ", call.function.comment.as_deref());
    let given = call.arguments.iter().map(|argument| {
        let mark = if argument.required { "!" } else { "" };
        Some(format!(
            "{}: {}{mark}",
            argument.name,
            words.of(&argument.kind).0
        ))
    });
    let result = match &call.outcome {
        Outcome::Value(kind) => words.of(kind).0.to_owned(),
        Outcome::Row(entity) => entities[*entity].type_name.clone(),
        Outcome::Rows(entity) => format!("[{}!]!", entities[*entity].type_name),
    };
    let own = &call.function.name;
    let name = (*own != call.name).then(|| format!("name: {}", sdl::string(own)));
    let schema = call.function.schema.as_deref();
    let schema = schema.map(|schema| format!("schema: {}", sdl::string(schema)));
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  {}{}: {result} @function{}",
        call.name,
        arguments(given),
        arguments([name, schema])
    );
    text
}
