//! Relations made of others: the inverse of one, or the way through two.

use super::{At, Way, is_list};
use crate::compile::directive::Word;
use crate::compile::draft::{Draft, Link, Slot};
use crate::compile::findings::Findings;
use crate::sdl;
use model::Diagnostic;
use model::schema::{Cardinality, Relation, Through};

pub(super) fn inverse(at: At<'_, '_>, findings: &mut Findings) -> Option<Relation> {
    let Way::Inverse(name) = at.ways[at.table][at.link] else {
        return None;
    };
    let index = other_side(at, name, findings)?;
    let other = &at.target().links[index];
    if !matches!(at.ways[at.link().target][index], Way::Forward { .. }) {
        findings.add(name.span, || {
            let message = format!("`{}` goes by no columns itself", other.field.name);
            Diagnostic::error("sdl.relation_inverse", message).help(format!(
                "name a relation of `{}` with `fields:`",
                at.target().name()
            ))
        });
        return None;
    }
    if other.target != at.table {
        findings.add(name.span, || {
            let (there, field) = (at.drafts[other.target].name(), &other.field.name);
            let message = format!(
                "`{field}` of `{}` leads to `{there}`, not to `{}`",
                at.target().name(),
                at.draft().name()
            );
            let help = sdl::did_you_mean(name.text, candidates(at));
            Diagnostic {
                help,
                ..Diagnostic::error("sdl.relation_inverse", message)
            }
        });
        return None;
    }
    let relation = other.relation.as_ref()?;
    let columns = relation
        .columns
        .iter()
        .map(|(theirs, ours)| (*ours, *theirs))
        .collect();
    let theirs: Vec<usize> = relation.columns.iter().map(|(theirs, _)| *theirs).collect();
    Some(at.relation(inverse_cardinality(at, &theirs, findings), columns))
}

/// The link of the target that an inverse names.
fn other_side(at: At<'_, '_>, name: Word<'_>, findings: &mut Findings) -> Option<usize> {
    match at.target().slots.get(name.text) {
        Some(Slot::Link(index)) => Some(*index),
        Some(Slot::Broken) => None,
        found => {
            let (target, shown) = (at.target().name(), sdl::clip(name.text));
            let message = if found.is_some() {
                format!("`{shown}` of `{target}` is a column, not a relation")
            } else {
                format!("`{target}` has no relation `{shown}`")
            };
            findings.add(name.span, || Diagnostic {
                help: sdl::did_you_mean(name.text, candidates(at)).or_else(|| {
                    Some(format!(
                        "add a relation to `{target}` that leads here: @relation(fields: […])"
                    ))
                }),
                ..Diagnostic::error("sdl.relation_inverse", message)
            });
            None
        }
    }
}

/// Relations of the target that lead here.
fn candidates<'d>(at: At<'d, '_>) -> impl Iterator<Item = &'d str> + Clone {
    let leads_here = move |(index, link): &(usize, &Link<'_>)| {
        link.target == at.table && matches!(at.ways[at.link().target][*index], Way::Forward { .. })
    };
    let links = at.target().links.iter().enumerate().filter(leads_here);
    links.map(|(_, link)| link.field.name.as_str())
}

/// A single row on the other side takes a key there; it may always be missing.
fn inverse_cardinality(at: At<'_, '_>, theirs: &[usize], findings: &mut Findings) -> Cardinality {
    let (field, target) = (at.link().field, at.target());
    if is_list(field, findings) {
        return Cardinality::Many;
    }
    let span = field.name.location();
    if !target.is_unique(theirs) && !target.is_key_broken {
        findings.add(span, || {
            let listed = target.fields_of(theirs).join(", ");
            let message = format!(
                "`{}` is one row, and several of `{}` may share the same {listed}",
                field.name,
                target.name()
            );
            Diagnostic::error("sdl.relation_key", message).help(format!(
                "write [{0}!]!, or mark {listed} of `{0}` @unique if it is",
                target.name()
            ))
        });
    }
    if field.ty.is_non_null() {
        findings.add(span, || {
            let message = format!(
                "`{}` is never null, and no column makes sure there is such a row",
                field.name
            );
            Diagnostic::error("sdl.relation_nullability", message)
                .help(format!("write {} without !", target.name()))
        });
    }
    Cardinality::Maybe
}

pub(super) fn through(at: At<'_, '_>, findings: &mut Findings) -> Option<Relation> {
    let Way::Through(path) = &at.ways[at.table][at.link] else {
        return None;
    };
    let field = at.link().field;
    let [first, second] = path.as_slice() else {
        findings.add(at.link().directive.location(), || {
            Diagnostic::error("sdl.relation_through", "a way through takes two relations")
                .help("name the relation to many rows, then the one from there to the target")
        });
        return None;
    };
    if !is_list(field, findings) {
        findings.add(field.name.location(), || {
            let message = format!("`{}` goes through many rows and is no list", field.name);
            Diagnostic::error("sdl.relation_through", message)
                .help(format!("write [{}!]!", at.target().name()))
        });
    }
    let near = step(at.draft(), *first, findings)?;
    check_step(at.draft(), near, *first, true, findings)?;
    let junction = &at.drafts[near.target];
    let far = step(junction, *second, findings)?;
    check_step(junction, far, *second, false, findings)?;
    if far.target != at.link().target {
        findings.add(second.span, || {
            let (there, name) = (at.drafts[far.target].name(), &far.field.name);
            let message = format!(
                "`{name}` of `{}` leads to `{there}`, not to `{}`",
                junction.name(),
                at.target().name()
            );
            Diagnostic::error("sdl.relation_through", message)
        });
        return None;
    }
    let (near_relation, far_relation) = (near.relation.as_ref()?, far.relation.as_ref()?);
    Some(Relation {
        through: Some(Through {
            table: near.target,
            columns: far_relation.columns.clone(),
        }),
        ..at.relation(Cardinality::Many, near_relation.columns.clone())
    })
}

fn step<'d, 'a>(
    draft: &'d Draft<'a>,
    name: Word<'_>,
    findings: &mut Findings,
) -> Option<&'d Link<'a>> {
    match draft.slots.get(name.text) {
        Some(Slot::Link(index)) => Some(&draft.links[*index]),
        Some(Slot::Broken) => None,
        Some(Slot::Column(_) | Slot::Choice(_) | Slot::Function) | None => {
            findings.add(name.span, || {
                let message = format!(
                    "`{}` has no relation `{}`",
                    draft.name(),
                    sdl::clip(name.text)
                );
                let relations = draft.links.iter().map(|link| link.field.name.as_str());
                let help = sdl::did_you_mean(name.text, relations);
                Diagnostic {
                    help,
                    ..Diagnostic::error("sdl.relation_through", message)
                }
            });
            None
        }
    }
}

/// The first step leads to many rows of the junction, the second from each to one row; neither is
/// itself a way through.
fn check_step(
    draft: &Draft<'_>,
    link: &Link<'_>,
    name: Word<'_>,
    to_many: bool,
    findings: &mut Findings,
) -> Option<()> {
    // An unresolved step has been reported, unless it is a way through that comes later.
    let is_through = link
        .directive
        .specified_argument_by_name("through")
        .is_some();
    let is_many = link.field.ty.is_list();
    if !is_through && is_many == to_many {
        return Some(());
    }
    findings.add(name.span, || {
        let wanted = if to_many {
            "to many rows"
        } else {
            "to one row"
        };
        let message = format!(
            "`{}` of `{}` does not lead straight {wanted}",
            link.field.name,
            draft.name()
        );
        Diagnostic::error("sdl.relation_through", message)
            .help("the first relation leads to many rows, the second from each of them to one")
    });
    None
}
