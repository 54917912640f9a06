//! Stage: primary and other unique keys, and versions.

use super::directive::{Word, words};
use super::draft::{Draft, Slot};
use super::findings::Findings;
use super::tables;
use crate::sdl;
use apollo_compiler::Node;
use apollo_compiler::ast::Directive;
use apollo_compiler::parser::SourceSpan;
use model::{Diagnostic, Scalar};

pub(super) fn resolve(drafts: &mut [Draft<'_>], findings: &mut Findings) {
    for draft in drafts {
        let errors = findings.error_count();
        draft.table.key = primary(draft, findings);
        draft.is_key_broken = findings.error_count() > errors || has_broken_mark(draft);
        draft.table.uniques = uniques(draft, findings);
        draft.table.version = version(draft, findings);
        check_comparable(draft, findings);
    }
}

/// The columns that fields stand for; reports those that stand for none.
pub(super) fn columns(
    draft: &Draft<'_>,
    fields: &[Word<'_>],
    findings: &mut Findings,
) -> Option<Vec<usize>> {
    let mut columns = Vec::with_capacity(fields.len());
    let mut is_whole = true;
    for field in fields {
        match draft.column(field.text) {
            Some((index, column)) if columns.contains(&index) => {
                is_whole = false;
                findings.add(field.span, || {
                    Diagnostic::error(
                        "sdl.unknown_field",
                        format!("`{}` is listed twice", column.field),
                    )
                });
            }
            Some((_, column)) if column.computed.is_some() => {
                is_whole = false;
                findings.add(field.span, || {
                    let message = format!("`{}` is computed, and keys are stored", column.field);
                    Diagnostic::error("sdl.unknown_field", message)
                        .help("name the fields of stored columns")
                });
            }
            Some((index, _)) => columns.push(index),
            None => {
                is_whole = false;
                unknown(draft, *field, findings);
            }
        }
    }
    is_whole.then_some(columns)
}

/// Reports a field that is no column.
pub(super) fn unknown(draft: &Draft<'_>, field: Word<'_>, findings: &mut Findings) {
    let shown = sdl::clip(field.text);
    let name = draft.name();
    match draft.slots.get(field.text) {
        // It has been reported where it is declared.
        Some(Slot::Broken) => {}
        Some(Slot::Function) => findings.add(field.span, || {
            let message = format!("`{shown}` of `{name}` is what a function gives, not a column");
            Diagnostic::error("sdl.unknown_field", message)
                .help("name the fields of stored columns")
        }),
        Some(_) => findings.add(field.span, || {
            Diagnostic::error(
                "sdl.unknown_field",
                format!("`{shown}` of `{name}` is a relation, not a column"),
            )
            .help("name the fields of the columns it goes by")
        }),
        None => {
            let by_name = draft
                .table
                .columns
                .iter()
                .find(|column| column.name == field.text);
            let help = match by_name {
                Some(column) => Some(format!("the field of that column is `{}`", column.field)),
                None => sdl::did_you_mean(field.text, draft.column_fields()),
            };
            findings.add(field.span, || Diagnostic {
                help,
                ..Diagnostic::error(
                    "sdl.unknown_field",
                    format!("`{name}` has no field `{shown}`"),
                )
            });
        }
    }
}

fn primary(draft: &Draft<'_>, findings: &mut Findings) -> Vec<usize> {
    let marked = marked(draft);
    let source = tables::source(draft.node.directives);
    let Some(listed) = source.and_then(|source| words(source, "key")) else {
        // A type without any field has been reported as such, and so has a broken field.
        let is_known = draft.node.fields.is_empty() || has_broken_mark(draft);
        if marked.is_empty() && draft.table.writable && !is_known {
            findings.add(draft.span(), || no_key(draft));
        }
        check_non_null(draft, &marked, findings);
        return marked;
    };
    let Some(key) = columns(draft, &listed, findings) else {
        return marked;
    };
    let span = listed
        .first()
        .and_then(|word| word.span)
        .or_else(|| source.and_then(|source| source.location()));
    check_listed(draft, span, &key, &marked, findings);
    check_non_null(draft, &key, findings);
    key
}

fn marked(draft: &Draft<'_>) -> Vec<usize> {
    let is_marked = |field: &str| {
        draft
            .node
            .fields
            .get(field)
            .is_some_and(|field| field.directives.has("id"))
    };
    let columns = draft.table.columns.iter().enumerate();
    columns
        .filter(|(_, column)| is_marked(&column.field))
        .map(|(index, _)| index)
        .collect()
}

/// Whether a field that should be in the key had errors.
fn has_broken_mark(draft: &Draft<'_>) -> bool {
    draft.node.fields.values().any(|field| {
        let slot = draft.slots.get(field.name.as_str());
        field.directives.has("id") && matches!(slot, Some(Slot::Broken))
    })
}

fn no_key(draft: &Draft<'_>) -> Diagnostic {
    let has_id = draft.column("id").is_some();
    let help = if has_id {
        "mark the fields of its primary key, as in `id: Int! @id`, or make it a @view that is only read"
    } else {
        "mark the fields of its primary key with @id, or make it a @view that is only read"
    };
    Diagnostic::error(
        "sdl.no_key",
        format!("the table `{}` has no key", draft.name()),
    )
    .help(help)
}

/// A key that is listed and marked must be the same both ways.
fn check_listed(
    draft: &Draft<'_>,
    span: Option<SourceSpan>,
    key: &[usize],
    marked: &[usize],
    findings: &mut Findings,
) {
    if key.is_empty() {
        findings.add(span, || {
            Diagnostic::error("sdl.no_key", "a key without fields")
        });
    }
    let agrees = marked.len() == key.len() && marked.iter().all(|column| key.contains(column));
    if !agrees && (draft.table.writable || !marked.is_empty()) {
        findings.add(span, || {
            let marked = draft.fields_of(marked).join(", ");
            let message = format!("`key:` does not list the fields marked @id: {marked}");
            Diagnostic::error("sdl.no_key", message)
                .help("mark each field of the key with @id; `key:` only gives their order")
        });
    }
}

/// The one column that counts the changes of a row.
fn version(draft: &Draft<'_>, findings: &mut Findings) -> Option<usize> {
    let mut found = None;
    for (index, column) in draft.table.columns.iter().enumerate() {
        let field = draft.node.fields.get(column.field.as_str());
        let directive = field.and_then(|field| field.directives.get("version"));
        let Some(directive) = directive else { continue };
        let counts = matches!(column.scalar, Scalar::Int | Scalar::BigInt)
            && !column.list
            && !column.nullable
            && !column.generated
            && !draft.table.key.contains(&index);
        if !counts {
            findings.add(directive.location(), || {
                let message = format!("`{}` cannot count the changes of a row", column.field);
                Diagnostic::error("sdl.version", message)
                    .help("a version is an Int! or BigInt! that is written and not in the key")
            });
        } else if found.is_some() {
            findings.add(directive.location(), || {
                Diagnostic::error("sdl.version", "a row has one version")
                    .help("take one @version away")
            });
        } else if !draft.table.writable {
            findings.add(directive.location(), || {
                Diagnostic::error(
                    "sdl.misplaced_directive",
                    "@version in a view, which is only read",
                )
                .help("leave it out")
            });
        } else {
            found = Some(index);
        }
    }
    found
}

/// JSON has many spellings for one value, and one of PostgreSQL's two kinds knows no equality; lists
/// are no part of a path to a row.
fn check_comparable(draft: &Draft<'_>, findings: &mut Findings) {
    let mut columns: Vec<usize> = draft.table.key.clone();
    columns.extend(draft.table.uniques.iter().flatten());
    columns.sort_unstable();
    columns.dedup();
    for column in columns
        .into_iter()
        .map(|column| &draft.table.columns[column])
    {
        if column.scalar == Scalar::Json || column.list {
            findings.add(draft.field_span(&column.field), || {
                let kind = if column.list { "a list" } else { "JSON" };
                let message = format!("`{}` is {kind}, which tells no rows apart", column.field);
                Diagnostic::error("sdl.key_type", message)
                    .help("leave it out of the keys, or make the type a @view")
            });
        }
    }
}

fn check_non_null(draft: &Draft<'_>, key: &[usize], findings: &mut Findings) {
    for column in key.iter().map(|column| &draft.table.columns[*column]) {
        if column.nullable {
            findings.add(draft.field_span(&column.field), || {
                let message = format!("the key `{}` may be null", column.field);
                Diagnostic::error("sdl.nullable_key", message).help("make its type non-null with !")
            });
        }
    }
}

fn uniques(draft: &Draft<'_>, findings: &mut Findings) -> Vec<Vec<usize>> {
    let mut uniques = field_uniques(draft, findings);
    for directive in draft.node.directives.get_all("unique") {
        if let Some(columns) = type_unique(draft, directive, findings)
            && !uniques.contains(&columns)
        {
            uniques.push(columns);
        }
    }
    uniques
}

fn field_uniques(draft: &Draft<'_>, findings: &mut Findings) -> Vec<Vec<usize>> {
    let mut uniques = Vec::new();
    for (index, column) in draft.table.columns.iter().enumerate() {
        let field = draft.node.fields.get(column.field.as_str());
        let mut directives = field
            .into_iter()
            .flat_map(|field| field.directives.get_all("unique"));
        let Some(first) = directives.next() else {
            continue;
        };
        if let Some(second) = directives.next() {
            findings.add(second.location(), || {
                Diagnostic::error(
                    "sdl.repeated_directive",
                    format!("`{}` is unique twice", column.field),
                )
            });
        }
        if first.specified_argument_by_name("fields").is_some() {
            findings.add(first.location(), || {
                Diagnostic::error("sdl.unique", "@unique with `fields:` belongs to the type")
                    .help("on a field, @unique stands alone; several fields that are unique together go above the {")
            });
        }
        uniques.push(vec![index]);
    }
    uniques
}

fn type_unique(
    draft: &Draft<'_>,
    directive: &Node<Directive>,
    findings: &mut Findings,
) -> Option<Vec<usize>> {
    let listed = words(directive, "fields").unwrap_or_default();
    if listed.is_empty() {
        findings.add(directive.location(), || {
            Diagnostic::error("sdl.unique", "which fields are unique together?")
                .help("list them: @unique(fields: […])")
        });
        return None;
    }
    columns(draft, &listed, findings)
}
