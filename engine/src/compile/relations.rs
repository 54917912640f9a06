//! Stage: where relations lead, by which columns, and to how many rows.

mod far;
mod forward;

use super::directive::{Word, word, words};
use super::draft::{Draft, Link};
use super::findings::Findings;
use apollo_compiler::ast::{FieldDefinition, Type};
use model::schema::{Cost, Relation};
use model::{Diagnostic, Grant};

/// How a relation is declared.
enum Way<'a> {
    /// By own columns that hold a key of the target.
    Forward {
        fields: Vec<Word<'a>>,
        references: Option<Vec<Word<'a>>>,
    },
    /// As the other side of a forward relation of the target.
    Inverse(Word<'a>),
    /// Along two other relations.
    Through(Vec<Word<'a>>),
    /// Contradictory, and reported.
    Broken,
}

/// The relation of one draft that is being resolved.
#[derive(Clone, Copy)]
struct At<'d, 'a> {
    drafts: &'d [Draft<'a>],
    ways: &'d [Vec<Way<'a>>],
    table: usize,
    link: usize,
}

impl<'d, 'a> At<'d, 'a> {
    fn draft(&self) -> &'d Draft<'a> {
        &self.drafts[self.table]
    }

    fn link(&self) -> &'d Link<'a> {
        &self.draft().links[self.link]
    }

    fn target(&self) -> &'d Draft<'a> {
        &self.drafts[self.link().target]
    }

    /// A relation with the names of this one.
    fn relation(
        &self,
        cardinality: model::schema::Cardinality,
        columns: Vec<(usize, usize)>,
    ) -> Relation {
        let link = self.link();
        Relation {
            field: link.field.name.to_string(),
            description: link.field.description.as_ref().map(ToString::to_string),
            target: link.target,
            cardinality,
            columns,
            refers: false,
            through: None,
            cost: Cost::default(),
            grant: Grant::default(),
        }
    }
}

/// Relations by columns come first, then their inverses, then the ways through both.
pub(super) fn resolve(drafts: &mut [Draft<'_>], findings: &mut Findings) {
    let ways: Vec<Vec<Way<'_>>> = drafts
        .iter()
        .map(|draft| draft.links.iter().map(|link| way(link, findings)).collect())
        .collect();
    for stage in [forward::resolve, far::inverse, far::through] {
        for table in 0..drafts.len() {
            for link in 0..drafts[table].links.len() {
                let at = At {
                    drafts,
                    ways: &ways,
                    table,
                    link,
                };
                if let Some(relation) = stage(at, findings) {
                    drafts[table].links[link].relation = Some(relation);
                }
            }
        }
    }
}

fn way<'a>(link: &Link<'a>, findings: &mut Findings) -> Way<'a> {
    let directive = link.directive;
    let fields = words(directive, "fields");
    let references = words(directive, "references");
    let inverse = word(directive, "inverse");
    let through = words(directive, "through");
    if let Some(one_of) = directive.specified_argument_by_name("oneOf") {
        findings.add(one_of.location(), || {
            let message = format!("`{}` leads to one table", link.field.name);
            Diagnostic::error("sdl.relation", message).help("`oneOf:` is for a field of a union")
        });
        return Way::Broken;
    }
    match (fields, inverse, through) {
        (Some(fields), None, None) if !fields.is_empty() => Way::Forward { fields, references },
        (None, Some(inverse), None) if references.is_none() => Way::Inverse(inverse),
        (None, None, Some(through)) if references.is_none() => Way::Through(through),
        _ => {
            findings.add(directive.location(), || {
                Diagnostic::error("sdl.relation", "a relation goes one way").help(
                    "give `fields:` (with or without `references:`), or `inverse:`, or `through:`",
                )
            });
            Way::Broken
        }
    }
}

/// Whether a field is written as a list of rows; reports lists that leave room for nulls.
fn is_list(field: &FieldDefinition, findings: &mut Findings) -> bool {
    if !field.ty.is_list() {
        return false;
    }
    let is_plain = match &field.ty {
        Type::NonNullList(item) => matches!(item.as_ref(), Type::NonNullNamed(_)),
        _ => false,
    };
    if !is_plain {
        findings.add(field.name.location(), || {
            let message = format!(
                "the list `{}` leaves room for nulls, and it never holds any",
                field.name
            );
            Diagnostic::error("sdl.relation_nullability", message)
                .help(format!("write [{}!]!", field.ty.inner_named_type()))
        });
    }
    true
}
