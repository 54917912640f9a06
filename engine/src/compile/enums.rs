//! Stage: enums and the labels of their values.

use super::directive::{Word, word};
use super::findings::Findings;
use super::tables;
use crate::sdl;
use apollo_compiler::Schema as Document;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{EnumType, ExtendedType};
use model::schema::{Enum, EnumValue};
use model::{Diagnostic, Dialect};
use std::collections::HashMap;

/// An enum and where its name stands.
pub(super) struct EnumDraft {
    pub(super) enumeration: Enum,
    pub(super) span: Option<SourceSpan>,
}

pub(super) fn resolve(
    document: &Document,
    dialect: Dialect,
    findings: &mut Findings,
) -> Vec<EnumDraft> {
    let mut enums = Vec::new();
    for definition in document.types.values() {
        if let ExtendedType::Enum(node) = definition
            && findings.is_theirs(node.name.location())
        {
            let enumeration = enumeration(node, dialect, findings);
            enums.push(EnumDraft {
                enumeration,
                span: node.name.location(),
            });
        }
    }
    enums.sort_by(|a, b| a.enumeration.type_name.cmp(&b.enumeration.type_name));
    enums
}

fn enumeration(node: &EnumType, dialect: Dialect, findings: &mut Findings) -> Enum {
    let directive = node.directives.get("enum");
    let name = directive.and_then(|directive| word(directive, "name"));
    let schema = directive.and_then(|directive| word(directive, "schema"));
    for given in [name, schema].into_iter().flatten() {
        tables::check_name(given, dialect, findings);
    }
    check_directive(name, schema, dialect, findings);
    Enum {
        type_name: node.name.to_string(),
        description: node.description.as_ref().map(ToString::to_string),
        schema: schema.map(|schema| schema.text.to_owned()),
        name: name.map(|name| name.text.to_owned()),
        values: values(node, findings),
    }
}

fn check_directive(
    name: Option<Word<'_>>,
    schema: Option<Word<'_>>,
    dialect: Dialect,
    findings: &mut Findings,
) {
    match (name, schema, dialect) {
        (Some(given), _, Dialect::Sqlite) | (None, Some(given), Dialect::Sqlite) => {
            findings.add(given.span, || {
                Diagnostic::error("sdl.enum", "SQLite has no enum types")
                    .help("leave @enum out: the column is text that holds one of the labels")
            });
        }
        (Some(given), _, Dialect::Mariadb) | (None, Some(given), Dialect::Mariadb) => {
            findings.add(given.span, || {
                Diagnostic::error("sdl.enum", "MariaDB has no enum types with names")
                    .help("leave @enum out, and write @column(type: \"enum\") at the columns that are declared so")
            });
        }
        (None, Some(schema), Dialect::Postgres) => findings.add(schema.span, || {
            Diagnostic::error("sdl.enum", "a schema without the name of an enum type")
                .help("say which type it is, as in @enum(name: \"order_status\")")
        }),
        _ => {}
    }
}

fn values(node: &EnumType, findings: &mut Findings) -> Vec<EnumValue> {
    let mut owners: HashMap<String, &str> = HashMap::new();
    let mut values = Vec::with_capacity(node.values.len());
    for value in node.values.values() {
        let given = value
            .directives
            .get("value")
            .and_then(|directive| word(directive, "name"));
        let label = given.map_or(value.value.as_str(), |given| given.text);
        let span = given
            .and_then(|given| given.span)
            .or_else(|| value.value.location());
        if label.contains('\0') {
            findings.add(span, || {
                Diagnostic::error("sdl.enum", "a label cannot hold a NUL")
            });
        }
        if let Some(owner) = owners.insert(label.to_owned(), &value.value) {
            findings.add(span, || {
                let label = sdl::clip(label);
                let message = format!(
                    "`{owner}` and `{}` have the same label {label:?}",
                    value.value
                );
                Diagnostic::error("sdl.enum", message)
                    .help("each value stands for a label of its own")
            });
        }
        values.push(EnumValue {
            name: value.value.to_string(),
            label: label.to_owned(),
            description: value.description.as_ref().map(ToString::to_string),
        });
    }
    values
}
