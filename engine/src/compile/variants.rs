//! Interfaces and unions: tables whose rows are of several types.
//!
//! Of a type the table holds all of a row, or the part that types share while a table of the
//! type's own holds the rest. What is gathered from the document comes before the tables are
//! made, since a table has the fields of all its types; what the types show of it comes last.

mod gather;

pub(super) use gather::{Family, definitions, families};

use super::directive::{Word, word};
use super::draft::{Draft, Slot};
use super::enums::EnumDraft;
use super::findings::Findings;
use super::keys;
use crate::sdl;
use apollo_compiler::Name;
use apollo_compiler::schema::ObjectType;
use model::schema::{Base, Column, Rest, Shown, Variant, Variants};
use model::{Diagnostic, Scalar};
use std::collections::HashSet;

/// Says of each table which types its rows are of.
pub(super) fn resolve(
    families: &[Family<'_>],
    drafts: &mut [Draft<'_>],
    enums: &[EnumDraft],
    findings: &mut Findings,
) {
    for family in families {
        let base = drafts
            .iter()
            .position(|draft| draft.node.name == family.name);
        let Some(base) = base else { continue };
        let Some(column) = discriminator(family, &drafts[base], findings) else {
            continue;
        };
        let mut types = Vec::new();
        let mut values = HashSet::new();
        for member in &family.members {
            let declared = &drafts[base].table.columns[column];
            let value = value(member, declared, enums, findings);
            if let Some(value) = value.filter(|value| !values.insert(value.text.to_owned())) {
                findings.add(value.span, || {
                    let message = format!("two types of `{}` have that value", family.name);
                    Diagnostic::error("sdl.variant", message).help("a value tells one type")
                });
            }
            let rest = if gather::has_table(member) {
                beside(family, member, base, drafts, findings)
            } else {
                Some(here(member, &drafts[base]))
            };
            if let (Some(value), Some(rest)) = (value, rest) {
                let value = value.text.to_owned();
                types.push(Variant { value, rest });
            }
        }
        let shared = family.shared();
        drafts[base].table.variants = Some(Variants {
            column,
            shared: shared.map(|fields| shown(&drafts[base], fields.keys().map(Name::as_str))),
            types,
        });
    }
}

/// The column that tells the type of a row.
fn discriminator(family: &Family<'_>, draft: &Draft<'_>, findings: &mut Findings) -> Option<usize> {
    let name = family.discriminator()?;
    if matches!(draft.slots.get(name.text), Some(Slot::Broken)) {
        return None;
    }
    let Some((index, column)) = draft.column(name.text) else {
        keys::unknown(draft, name, findings);
        return None;
    };
    let is_told = matches!(column.scalar, Scalar::String | Scalar::Int);
    if !is_told || column.list || column.nullable {
        findings.add(name.span, || {
            let message = format!("`{}` cannot tell the type of a row", column.field);
            Diagnostic::error("sdl.variant", message)
                .help("a discriminator is an enum, a String! or an Int! that is never null")
        });
        return None;
    }
    Some(index)
}

/// The value of the discriminator that stands for a type.
fn value<'a>(
    member: &'a ObjectType,
    column: &Column,
    enums: &[EnumDraft],
    findings: &mut Findings,
) -> Option<Word<'a>> {
    let value = word(member.directives.get("variant")?, "value")?;
    let shown = sdl::clip(value.text);
    let wrong = if let Some(index) = column.enumeration {
        let enumeration = &enums[index].enumeration;
        let mut names = enumeration.values.iter().map(|value| value.name.as_str());
        let help = sdl::did_you_mean(value.text, names.clone());
        (!names.any(|name| name == value.text)).then(|| {
            let message = format!("`{}` has no value `{shown}`", enumeration.type_name);
            (message, help)
        })
    } else if column.scalar == Scalar::Int {
        // It is compared with what the database gives, digit by digit.
        let number = value.text.parse::<i32>().map(|number| number.to_string());
        (number.as_deref() != Ok(value.text)).then(|| {
            let message = format!("`{}` is an Int, and `{shown}` is none", column.field);
            (message, Some("write its digits alone".to_owned()))
        })
    } else {
        value.text.contains(char::is_control).then(|| {
            let message = "a value has no control characters".to_owned();
            (message, None)
        })
    };
    if let Some((message, help)) = wrong {
        findings.add(value.span, || Diagnostic {
            help,
            ..Diagnostic::error("sdl.variant", message)
        });
        return None;
    }
    Some(value)
}

/// A type all of whose fields are in the table.
fn here(member: &ObjectType, draft: &Draft<'_>) -> Rest {
    Rest::Here {
        type_name: member.name.to_string(),
        description: member.description.as_ref().map(ToString::to_string),
        shown: shown(draft, member.fields.keys().map(Name::as_str)),
    }
}

/// A type with a table of its own, which is told what it shows of the other one.
fn beside(
    family: &Family<'_>,
    member: &ObjectType,
    base: usize,
    drafts: &mut [Draft<'_>],
    findings: &mut Findings,
) -> Option<Rest> {
    let table = drafts
        .iter()
        .position(|draft| draft.node.name == &member.name)?;
    let draft = &drafts[table];
    if draft.is_key_broken {
        return None;
    }
    let by_key = draft.links.iter().enumerate().find_map(|(index, link)| {
        let relation = link.relation.as_ref()?;
        let ours: Vec<usize> = relation.columns.iter().map(|(ours, _)| *ours).collect();
        let is_key = ours.len() == draft.table.key.len()
            && ours.iter().all(|column| draft.table.key.contains(column));
        let is_it = link.target == base && relation.refers && is_key;
        is_it.then_some((index, relation))
    });
    let Some((relation, found)) = by_key else {
        findings.add(member.name.location(), || {
            let (name, base) = (&member.name, family.name);
            let message = format!("no relation by the key of `{name}` leads to `{base}`");
            Diagnostic::error("sdl.variant", message).help(format!(
                "add one by the columns of the key: `base: {base}! @relation(fields: […])`"
            ))
        });
        return None;
    };
    let columns = found.columns.iter().map(|(theirs, ours)| (*ours, *theirs));
    let columns = columns.collect();
    let inherited = family.shared().into_iter().flat_map(|fields| fields.keys());
    let inherited = inherited
        .map(Name::as_str)
        .filter(|name| !draft.slots.contains_key(name));
    let shown = shown(&drafts[base], inherited);
    drafts[table].table.base = Some(Base {
        table: base,
        relation,
        shown,
    });
    Some(Rest::Beside { table, columns })
}

/// What fields stand for; those with errors have been reported.
fn shown<'f>(draft: &Draft<'_>, fields: impl Iterator<Item = &'f str>) -> Shown {
    let mut shown = Shown::default();
    for field in fields {
        match draft.slots.get(field) {
            Some(Slot::Column(index)) => shown.columns.push(*index),
            Some(Slot::Link(index)) => shown.relations.push(*index),
            Some(Slot::Choice(index)) => shown.choices.push(*index),
            Some(Slot::Function | Slot::Broken) | None => {}
        }
    }
    shown
}
