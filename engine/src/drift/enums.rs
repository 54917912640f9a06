//! Enum types and their labels.

use super::{about, in_schema};
use crate::sdl;
use model::schema::Enum;
use model::{Catalog, Diagnostic, Schema, catalog};

pub(super) fn compare(schema: &Schema, catalog: &Catalog, findings: &mut Vec<Diagnostic>) {
    for enumeration in &schema.enums {
        let Some(name) = &enumeration.name else {
            continue;
        };
        if let Some(found) = find(enumeration, name, catalog) {
            labels(enumeration, found, findings);
        } else {
            let finding = missing(enumeration, name, catalog);
            findings.push(finding.about(&enumeration.type_name));
        }
    }
}

fn missing(wanted: &Enum, name: &str, catalog: &Catalog) -> Diagnostic {
    let message = format!(
        "the database has no enum {:?} for `{}`",
        sdl::clip(name),
        wanted.type_name
    );
    let names = catalog.enums.iter().map(|found| found.name.as_str());
    let help = sdl::nearest(name, names).map(|near| format!("did you mean {near:?}?"));
    Diagnostic {
        help,
        ..Diagnostic::error("drift.missing_enum", message)
    }
}

/// The enum type the catalog has for one of the schema.
pub(super) fn find<'a>(
    wanted: &Enum,
    name: &str,
    catalog: &'a Catalog,
) -> Option<&'a catalog::Enum> {
    in_schema(catalog.dialect, wanted.schema.as_deref(), |schema| {
        catalog
            .enums
            .iter()
            .find(|found| found.name == name && found.schema.as_deref() == schema)
    })
}

/// A label the database lacks cannot be written, one the schema lacks cannot be shown.
pub(super) fn labels(wanted: &Enum, found: &catalog::Enum, findings: &mut Vec<Diagnostic>) {
    let before = findings.len();
    for value in &wanted.values {
        if !found.labels.contains(&value.label) {
            let message = format!(
                "the database has no label {:?} for `{}.{}`",
                sdl::clip(&value.label),
                wanted.type_name,
                value.name
            );
            let names = found.labels.iter().map(String::as_str);
            let help =
                sdl::nearest(&value.label, names).map(|near| format!("did you mean {near:?}?"));
            let finding = Diagnostic {
                help,
                ..Diagnostic::error("drift.label", message)
            };
            findings.push(finding.about(&format!("{}.{}", wanted.type_name, value.name)));
        }
    }
    for label in &found.labels {
        if !wanted.values.iter().any(|value| value.label == *label) {
            let message = format!(
                "`{}` has no value for the label {:?} of the database",
                wanted.type_name,
                sdl::clip(label)
            );
            findings.push(
                Diagnostic::error("drift.label", message)
                    .help("add the value; rows that hold it could not be shown"),
            );
        }
    }
    about(&wanted.type_name, &mut findings[before..]);
}
