//! Changes of interfaces and unions: what they are, their types, and what these show.

use super::{Changes, by_name};
use model::Schema;
use model::schema::{Rest, Shown, Table, Variants};

/// What a further type means to those that know them all.
const LEARN: &str = "clients that tell all types apart must learn it";

/// Compares the types that rows of a table are of.
pub(super) fn compare(
    (old, was): (&Schema, &Table),
    (new, is): (&Schema, &Table),
    changes: &mut Changes,
) {
    let name = is.type_name.as_str();
    let (from, to) = (kind(was), kind(is));
    if from != to {
        changes.breaking(name, format!("the type is {to}, was {from}"));
    }
    fields(name, &inherited(old, was), &inherited(new, is), changes);
    let (Some(before), Some(after)) = (&was.variants, &is.variants) else {
        return;
    };
    if let (Some(before), Some(after)) = (&before.shared, &after.shared) {
        fields(name, &names(was, before), &names(is, after), changes);
    }
    let (before, after) = (types(old, was, before), types(new, is, after));
    for (member, sides) in by_name(&before, &after, |member| &member.0) {
        match sides {
            (Some(_), None) => {
                changes.breaking(name, format!("no row is of the type {member} any more"));
            }
            (None, Some(_)) => {
                let what = format!("rows may be of the type {member}");
                changes.safe(name, format!("{what}; {LEARN}"));
            }
            (Some(was), Some(is)) => fields(member, &was.1, &is.1, changes),
            (None, None) => {}
        }
    }
}

/// The types that rows of a table are of, and what those without a table of their own show of it.
fn types(schema: &Schema, table: &Table, variants: &Variants) -> Vec<(String, Vec<String>)> {
    let types = variants.types.iter().map(|variant| {
        let shown = match &variant.rest {
            Rest::Here { shown, .. } => names(table, shown),
            Rest::Beside { .. } => Vec::new(),
        };
        (variant.type_name(schema).to_owned(), shown)
    });
    types.collect()
}

/// What a type shows of the table it shares with others.
fn inherited(schema: &Schema, table: &Table) -> Vec<String> {
    let base = table.base.as_ref();
    base.map(|base| names(&schema.tables[base.table], &base.shown))
        .unwrap_or_default()
}

/// Compares unions of tables.
pub(super) fn unions(old: &Schema, new: &Schema, changes: &mut Changes) {
    for (name, sides) in by_name(&old.unions, &new.unions, |union| &union.type_name) {
        match sides {
            (Some(_), None) => changes.breaking(name, "the union is removed"),
            (None, Some(_)) => changes.safe(name, "the union is new"),
            (Some(was), Some(is)) => {
                let types = |schema: &Schema, types: &[usize]| -> Vec<String> {
                    let types = types.iter();
                    types
                        .map(|table| schema.tables[*table].type_name.clone())
                        .collect()
                };
                let (was, is) = (types(old, &was.types), types(new, &is.types));
                for member in was.iter().filter(|member| !is.contains(member)) {
                    changes.breaking(name, format!("{member} is no longer in the union"));
                }
                for member in is.iter().filter(|member| !was.contains(member)) {
                    changes.safe(name, format!("{member} is in the union; {LEARN}"));
                }
            }
            (None, None) => {}
        }
    }
}

fn kind(table: &Table) -> &'static str {
    match &table.variants {
        None => "an object type",
        Some(variants) if variants.shared.is_some() => "an interface",
        Some(_) => "a union",
    }
}

/// The fields that are shown of a table.
fn names(table: &Table, shown: &Shown) -> Vec<String> {
    let columns = shown.columns.iter();
    let columns = columns.map(|column| table.columns[*column].field.clone());
    let relations = shown.relations.iter();
    let relations = relations.map(|relation| table.relations[*relation].field.clone());
    let choices = shown.choices.iter();
    let choices = choices.map(|choice| table.choices[*choice].field.clone());
    columns.chain(relations).chain(choices).collect()
}

/// Compares which fields of the table a type shows; what they are is compared with the table.
fn fields(name: &str, was: &[String], is: &[String], changes: &mut Changes) {
    for field in was.iter().filter(|field| !is.contains(field)) {
        changes.breaking(
            format!("{name}.{field}"),
            "the type no longer has the field",
        );
    }
    for field in is.iter().filter(|field| !was.contains(field)) {
        changes.safe(format!("{name}.{field}"), "the type has the field now");
    }
}
