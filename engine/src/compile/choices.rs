//! Stage: unions of tables, and the fields that lead to a row of one of them.
//!
//! Such a field stands for several relations of its type, each to one row: the first that leads to
//! a row is what it shows.

use super::directive::{Word, words};
use super::draft::{Draft, Slot};
use super::findings::Findings;
use super::tables;
use crate::sdl;
use apollo_compiler::schema::{ExtendedType, UnionType};
use apollo_compiler::{Node, Schema as Document};
use model::Diagnostic;
use model::schema::{Choice, Union};

/// The unions that are no table themselves, by name.
pub(super) fn unions<'a>(document: &'a Document, findings: &Findings) -> Vec<&'a UnionType> {
    let mut unions = Vec::new();
    for definition in document.types.values() {
        if let ExtendedType::Union(node) = definition
            && findings.is_theirs(node.name.location())
            && tables::source(&node.directives).is_none()
        {
            unions.push(&**node);
        }
    }
    unions.sort_by(|a, b| a.name.cmp(&b.name));
    unions
}

pub(super) fn resolve(
    unions: &[&UnionType],
    drafts: &mut [Draft<'_>],
    findings: &mut Findings,
) -> Vec<Union> {
    let resolved = unions.iter().map(|node| union(node, drafts, findings));
    let resolved = resolved.collect();
    for table in 0..drafts.len() {
        for choice in 0..drafts[table].choices.len() {
            let found = self::choice(unions, drafts, (table, choice), findings);
            drafts[table].choices[choice].choice = found;
        }
    }
    resolved
}

fn union(node: &UnionType, drafts: &[Draft<'_>], findings: &mut Findings) -> Union {
    if let Some(directive) = node.directives.first() {
        findings.add(directive.location(), || {
            let message = format!(
                "@{} belongs to a table, and `{}` is none",
                directive.name, node.name
            );
            Diagnostic::error("sdl.misplaced_directive", message)
                .help("leave it out, or add @table with a discriminator")
        });
    }
    let mut types = Vec::new();
    for member in &node.members {
        match drafts
            .iter()
            .position(|draft| *draft.node.name == member.name)
        {
            Some(table) => types.push(table),
            None => findings.add(member.name.location(), || {
                let message = format!("`{}` of `{}` is no table", member.name, node.name);
                Diagnostic::error("sdl.union", message)
                    .help("a union is of types with a table of their own, or is a table itself")
            }),
        }
    }
    Union {
        type_name: node.name.to_string(),
        description: node.description.as_ref().map(ToString::to_string),
        types,
    }
}

fn choice(
    unions: &[&UnionType],
    drafts: &[Draft<'_>],
    (table, index): (usize, usize),
    findings: &mut Findings,
) -> Option<Choice> {
    let draft = &drafts[table];
    let declared = &draft.choices[index];
    let (field, union) = (declared.field, unions[declared.union]);
    if field.ty.is_non_null() || field.ty.is_list() {
        findings.add(field.name.location(), || {
            let message = format!("`{}` is one row of several tables, or none", field.name);
            Diagnostic::error("sdl.union", message).help(format!("write {}", union.name))
        });
    }
    let directive = field.directives.get("relation");
    let names = directive.and_then(|directive| words(directive, "oneOf"));
    let names = names.filter(|names| !names.is_empty());
    let alone = directive.is_some_and(|directive| directive.arguments.len() == 1);
    let Some(names) = names.filter(|_| alone) else {
        findings.add(
            directive.map_or(field.name.location(), Node::location),
            || {
                let message = format!("`{}` is one of several relations, and which?", field.name);
                Diagnostic::error("sdl.union", message)
                    .help("name relations of the type to one row each: @relation(oneOf: […])")
            },
        );
        return None;
    };
    let relations: Option<Vec<usize>> = names
        .iter()
        .map(|name| relation(draft, drafts, union, *name, findings))
        .collect();
    Some(Choice {
        field: field.name.to_string(),
        description: field.description.as_ref().map(ToString::to_string),
        union: declared.union,
        relations: relations?,
    })
}

/// A relation to one row of a table of the union.
fn relation(
    draft: &Draft<'_>,
    drafts: &[Draft<'_>],
    union: &UnionType,
    name: Word<'_>,
    findings: &mut Findings,
) -> Option<usize> {
    let mut refuse = |message: String, help: Option<String>| {
        findings.add(name.span, || Diagnostic {
            help,
            ..Diagnostic::error("sdl.union", message)
        });
        None
    };
    let shown = sdl::clip(name.text);
    let index = match draft.slots.get(name.text) {
        Some(Slot::Link(index)) => *index,
        Some(Slot::Broken) => return None,
        _ => {
            let relations = draft.links.iter().map(|link| link.field.name.as_str());
            let help = sdl::did_you_mean(name.text, relations);
            return refuse(
                format!("`{}` has no relation `{shown}`", draft.name()),
                help,
            );
        }
    };
    let link = &draft.links[index];
    if link.field.ty.is_list() {
        let help = "name relations to one row".to_owned();
        return refuse(format!("`{shown}` leads to many rows"), Some(help));
    }
    let target = drafts[link.target].node.name;
    if drafts[link.target].node.is_several {
        let help = format!(
            "a field of type `{target}` shows such a row; oneOf chooses among tables of one type each"
        );
        return refuse(
            format!("`{shown}` leads to `{target}`, whose rows are of several types"),
            Some(help),
        );
    }
    if !union.members.iter().any(|member| member.name == *target) {
        let help = format!("add `{target}` to the union");
        return refuse(
            format!(
                "`{shown}` leads to `{target}`, which is not in `{}`",
                union.name
            ),
            Some(help),
        );
    }
    Some(index)
}
