//! Relations by own columns that hold a key of the target.

use super::{At, Way, is_list};
use crate::compile::directive::Word;
use crate::compile::draft::Draft;
use crate::compile::findings::Findings;
use crate::compile::keys;
use model::schema::{Cardinality, Column, Relation};
use model::{Diagnostic, Scalar};

pub(super) fn resolve(at: At<'_, '_>, findings: &mut Findings) -> Option<Relation> {
    let Way::Forward { fields, references } = &at.ways[at.table][at.link] else {
        return None;
    };
    if is_list(at.link().field, findings) {
        findings.add(at.link().field.name.location(), || list_of_one(at));
        return None;
    }
    let ours = keys::columns(at.draft(), fields, findings);
    let theirs = match references {
        Some(references) => keys::columns(at.target(), references, findings),
        None => target_key(at, findings),
    };
    let (ours, theirs) = (ours?, theirs?);
    check_key(at, &ours, &theirs, references.as_deref(), findings)?;
    for (our, their) in ours.iter().zip(&theirs) {
        check_types(at, *our, *their, findings);
    }
    let cardinality = cardinality(at, &ours, findings);
    let columns = ours.into_iter().zip(theirs).collect();
    Some(Relation {
        refers: true,
        ..at.relation(cardinality, columns)
    })
}

fn list_of_one(at: At<'_, '_>) -> Diagnostic {
    let (field, target) = (&at.link().field.name, at.target().name());
    Diagnostic::error("sdl.relation", format!("`{field}` is a list, and its fields lead to one row"))
        .help(format!("write {target}, or name the relation of {target} it is the inverse of: @relation(inverse: …)"))
}

fn target_key(at: At<'_, '_>, findings: &mut Findings) -> Option<Vec<usize>> {
    let target = at.target();
    if target.table.key.is_empty() {
        if !target.is_key_broken {
            findings.add(at.link().directive.location(), || {
                Diagnostic::error(
                    "sdl.relation_key",
                    format!("`{}` has no key to refer to", target.name()),
                )
                .help("name unique fields of it in `references:`")
            });
        }
        return None;
    }
    Some(target.table.key.clone())
}

/// A relation to one row needs columns there that tell rows apart.
fn check_key(
    at: At<'_, '_>,
    ours: &[usize],
    theirs: &[usize],
    references: Option<&[Word<'_>]>,
    findings: &mut Findings,
) -> Option<()> {
    let target = at.target();
    let first = references.and_then(|references| references.first());
    let span = first
        .and_then(|word| word.span)
        .or_else(|| at.link().directive.location());
    if ours.len() != theirs.len() {
        findings.add(span, || {
            let keys = target.fields_of(theirs).join(", ");
            let message = format!(
                "{} of `{}` refer to {}: {keys}",
                fields(ours.len()),
                at.draft().name(),
                fields(theirs.len())
            );
            Diagnostic::error("sdl.relation_key", message)
                .help("list as many fields as the key has, in its order")
        });
        return None;
    }
    if !target.is_unique(theirs) {
        if !target.is_key_broken {
            findings.add(span, || not_a_key(target, theirs));
        }
        return None;
    }
    Some(())
}

fn fields(count: usize) -> String {
    if count == 1 {
        "1 field".to_owned()
    } else {
        format!("{count} fields")
    }
}

fn not_a_key(target: &Draft<'_>, theirs: &[usize]) -> Diagnostic {
    let listed = target.fields_of(theirs).join(", ");
    let message = format!(
        "several rows of `{}` may share the same {listed}",
        target.name()
    );
    let keys: Vec<String> = std::iter::once(&target.table.key)
        .chain(&target.table.uniques)
        .filter(|key| !key.is_empty())
        .map(|key| format!("({})", target.fields_of(key).join(", ")))
        .collect();
    let help = if keys.is_empty() {
        format!(
            "`{}` has no key; mark the fields @id or @unique if they are",
            target.name()
        )
    } else {
        format!(
            "refer to a key of `{}`: {}; or mark the fields @unique if they are",
            target.name(),
            keys.join(" or ")
        )
    };
    Diagnostic::error("sdl.relation_key", message).help(help)
}

fn check_types(at: At<'_, '_>, our: usize, their: usize, findings: &mut Findings) {
    let (our, their) = (
        &at.draft().table.columns[our],
        &at.target().table.columns[their],
    );
    if !are_comparable(our, their) {
        findings.add(at.draft().field_span(&our.field), || {
            let (ours, theirs) = (type_of(at.draft(), our), type_of(at.target(), their));
            let message = format!(
                "`{}` is {ours}, and `{}.{}`, which it refers to, is {theirs}",
                our.field,
                at.target().name(),
                their.field
            );
            Diagnostic::error("sdl.relation_types", message)
                .help("columns of a relation have the same type on both sides")
        });
    }
}

/// Whether both databases compare the columns by value.
fn are_comparable(our: &Column, their: &Column) -> bool {
    let is_integer = |column: &Column| matches!(column.scalar, Scalar::Int | Scalar::BigInt);
    let same_scalar = our.scalar == their.scalar || is_integer(our) && is_integer(their);
    same_scalar && our.enumeration == their.enumeration && our.list == their.list
}

fn type_of(draft: &Draft<'_>, column: &Column) -> String {
    let field = draft.node.fields.get(column.field.as_str());
    let name = field.map_or(column.scalar.to_string(), |field| {
        field.ty.inner_named_type().to_string()
    });
    if column.list {
        format!("[{name}]")
    } else {
        name
    }
}

/// One row for sure only where the file says so and the columns are never null.
fn cardinality(at: At<'_, '_>, ours: &[usize], findings: &mut Findings) -> Cardinality {
    let field = at.link().field;
    if !field.ty.is_non_null() {
        return Cardinality::Maybe;
    }
    let columns = &at.draft().table.columns;
    if let Some(nullable) = ours
        .iter()
        .map(|column| &columns[*column])
        .find(|column| column.nullable)
    {
        findings.add(field.name.location(), || {
            let message = format!(
                "`{}` is never null, and `{}`, which it goes by, may be",
                field.name, nullable.field
            );
            Diagnostic::error("sdl.relation_nullability", message)
                .help(format!("write {} without !", field.ty.inner_named_type()))
        });
    }
    Cardinality::One
}
