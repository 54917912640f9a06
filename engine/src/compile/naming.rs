//! Stage: names the API needs for itself, and names that two things would share.

use super::draft::Draft;
use super::enums::EnumDraft;
use super::findings::Findings;
use super::functions::FunctionDraft;
use super::scalars::ScalarDraft;
use super::shapes::ShapeDraft;
use super::variants::Family;
use crate::names::api::{self, SEARCH};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::UnionType;
use model::Diagnostic;
use model::schema::Table;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

pub(super) fn check(
    drafts: &[Draft<'_>],
    (families, unions): (&[Family<'_>], &[&UnionType]),
    (enums, scalars, shapes): (&[EnumDraft], &[ScalarDraft], &[ShapeDraft<'_>]),
    functions: &[FunctionDraft],
    findings: &mut Findings,
) {
    check_types(
        drafts,
        (families, unions),
        (enums, scalars, shapes),
        findings,
    );
    check_roots(drafts, functions, findings);
    for draft in drafts {
        check_fields(draft, findings);
        check_keys(draft, findings);
    }
}

/// Types generated for one table must not be those of another.
fn check_types(
    drafts: &[Draft<'_>],
    (families, unions): (&[Family<'_>], &[&UnionType]),
    (enums, scalars, shapes): (&[EnumDraft], &[ScalarDraft], &[ShapeDraft<'_>]),
    findings: &mut Findings,
) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    let tables = drafts
        .iter()
        .map(|draft| (draft.name(), draft.span(), api::table_types(draft.name())));
    let enums = enums.iter().map(|draft| {
        let name = draft.enumeration.type_name.as_str();
        (name, draft.span, api::enum_types(name))
    });
    let shapes = shapes.iter().map(|draft| {
        let name = draft.shape.type_name.as_str();
        (name, draft.span(), api::shape_types(name))
    });
    let scalars = scalars.iter().map(|draft| {
        let name = draft.custom.type_name.as_str();
        (name, draft.span, api::enum_types(name))
    });
    let members = families.iter().flat_map(Family::without_table);
    let members = members.map(|member| {
        let name = member.name.as_str();
        (name, member.name.location(), vec![name.to_owned()])
    });
    let unions = unions.iter().map(|union| {
        let name = union.name.as_str();
        (name, union.name.location(), vec![name.to_owned()])
    });
    let all: Vec<_> = tables
        .chain(enums)
        .chain(scalars)
        .chain(members)
        .chain(unions)
        .chain(shapes)
        .collect();
    for (name, span, types) in &all {
        for generated in types {
            match owners.entry(generated.clone()) {
                Entry::Vacant(free) => {
                    free.insert(name);
                }
                Entry::Occupied(taken) => {
                    findings.add(*span, || collision("type", generated, taken.get(), name));
                }
            }
        }
    }
}

fn check_roots(drafts: &[Draft<'_>], functions: &[FunctionDraft], findings: &mut Findings) {
    let own = api::ROOT_FIELDS
        .iter()
        .map(|name| ((*name).to_owned(), "the API"));
    let mut owners: HashMap<String, &str> = own.collect();
    for draft in drafts {
        let Table {
            singular, plural, ..
        } = &draft.table;
        let uniques: Vec<_> = draft
            .table
            .uniques
            .iter()
            .map(|key| draft.fields_of(key))
            .collect();
        // One finding for each other table is enough.
        let mut others = vec![draft.name()];
        for root in api::root_fields(singular, plural, &uniques) {
            match owners.entry(root) {
                Entry::Vacant(free) => {
                    free.insert(draft.name());
                }
                Entry::Occupied(taken) if others.contains(taken.get()) => {}
                Entry::Occupied(taken) => {
                    others.push(*taken.get());
                    let span = api_span(draft).or_else(|| draft.span());
                    findings.add(span, || {
                        collision("root field", taken.key(), taken.get(), draft.name()).help(
                            "give one of them other root fields: @api(singular: …, plural: …)",
                        )
                    });
                }
            }
        }
    }
    for draft in functions {
        let field = &draft.function.field;
        if draft.function.receiver.is_some() {
            if api::is_reserved_field(field, false) {
                findings.add(draft.span, || reserved(field));
            }
            continue;
        }
        match owners.entry(field.clone()) {
            Entry::Vacant(free) => {
                free.insert("another function");
            }
            Entry::Occupied(taken) => {
                findings.add(draft.span, || {
                    collision("root field", field, taken.get(), field)
                });
            }
        }
    }
}

fn api_span(draft: &Draft<'_>) -> Option<SourceSpan> {
    draft
        .node
        .directives
        .get("api")
        .and_then(|api| api.location())
}

fn check_fields(draft: &Draft<'_>, findings: &mut Findings) {
    for (index, column) in draft.table.columns.iter().enumerate() {
        let is_told = || {
            draft
                .table
                .uniques
                .iter()
                .flatten()
                .any(|told| *told == index)
        };
        let is_version = api::is_version_field(&column.field) && draft.table.version.is_some();
        if api::is_reserved_field(&column.field, draft.table.key.contains(&index))
            || is_version && is_told()
        {
            findings.add(draft.field_span(&column.field), || reserved(&column.field));
        }
    }
    for choice in &draft.choices {
        if api::is_reserved_field(&choice.field.name, false) {
            findings.add(choice.field.name.location(), || {
                reserved(&choice.field.name)
            });
        }
    }
    if let Some(taken) = draft.node.fields.get(SEARCH)
        && draft.table.search.is_some()
    {
        findings.add(taken.name.location(), || reserved(SEARCH));
    }
    for link in &draft.links {
        let field = link.field;
        if api::is_reserved_field(&field.name, false) {
            findings.add(field.name.location(), || reserved(&field.name));
        }
        let beside = api::list_fields(&field.name);
        let mut taken = beside
            .iter()
            .filter(|beside| field.ty.is_list() && draft.slots.contains_key(beside.as_str()));
        if let Some(beside) = taken.next() {
            findings.add(draft.field_span(beside), || {
                collision("field", beside, &field.name, beside)
            });
        }
    }
}

/// Each unique key has a name of its own in the API.
fn check_keys(draft: &Draft<'_>, findings: &mut Findings) {
    let table = &draft.table;
    let mut owners: HashMap<String, &[usize]> = HashMap::new();
    for key in std::iter::once(&table.key).chain(&table.uniques) {
        let name = api::key_value(&draft.fields_of(key));
        let owner = owners.entry(name).or_insert(key);
        if *owner != key.as_slice() {
            findings.add(draft.span(), || {
                let (one, other) = (
                    draft.fields_of(owner).join(", "),
                    draft.fields_of(key).join(", "),
                );
                let message = format!(
                    "the keys ({one}) and ({other}) of `{}` would have the same name",
                    draft.name()
                );
                Diagnostic::error("sdl.name_collision", message).help("rename one of the fields")
            });
        }
    }
}

fn reserved(field: &str) -> Diagnostic {
    Diagnostic::error(
        "sdl.reserved_name",
        format!("the API needs the field name `{field}` for itself"),
    )
    .help(format!(
        "choose another name, as `{field}Column`, and keep the column's in @column(name:)"
    ))
}

fn collision(what: &str, name: &str, owner: &str, other: &str) -> Diagnostic {
    let message = format!("the {what} `{name}` would stand for `{owner}` and for `{other}`");
    Diagnostic::error("sdl.name_collision", message).help("rename one of them")
}
