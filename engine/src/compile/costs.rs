//! Stage: what objects, values and functions cost where it is not the usual, in the words of IBM's
//! cost directives.

use super::directive::word;
use super::draft::{Draft, Slot};
use super::findings::Findings;
use super::forms::ROOTS;
use apollo_compiler::Node;
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::{Directive, FieldDefinition, Value};
use model::Diagnostic;
use model::schema::{Cardinality, Cost};

/// The dearest there is: one such thing has the usual bound of an operation, `limits.cost_max`.
const WEIGHT_MAX: u32 = 1_000_000;

pub(super) fn resolve(document: &Document, drafts: &mut [Draft<'_>], findings: &mut Findings) {
    for root in ROOTS {
        let object = document.get_object(root);
        if let Some(directive) = object.and_then(|object| object.directives.get("cost")) {
            refuse(directive, "a root is no object of an answer", findings);
        }
    }
    for draft in drafts {
        let own = draft.node.directives.get("cost");
        draft.table.cost.weight = own.and_then(|directive| weight(directive, findings));
        let fields: Vec<_> = draft.node.fields.values().copied().collect();
        for field in fields {
            match draft.slots.get(field.name.as_str()).copied() {
                Some(Slot::Column(index)) => {
                    draft.table.columns[index].cost = of(field, false, findings);
                }
                Some(Slot::Link(index)) => {
                    if let Some(relation) = &mut draft.links[index].relation {
                        let is_list = relation.cardinality == Cardinality::Many;
                        relation.cost = of(field, is_list, findings);
                    }
                }
                Some(Slot::Choice(_)) => {
                    for name in ["cost", "listSize"] {
                        if let Some(directive) = field.directives.get(name) {
                            let what = "the field shows one of several relations";
                            refuse(directive, what, findings);
                        }
                    }
                }
                Some(Slot::Function | Slot::Broken) | None => {}
            }
        }
    }
}

/// What is said of a field; whether it has objects whose number can be assumed.
pub(super) fn of(field: &FieldDefinition, is_list: bool, findings: &mut Findings) -> Cost {
    let weight = field.directives.get("cost");
    let assumed = field.directives.get("listSize");
    if let (Some(directive), false) = (assumed, is_list) {
        refuse(directive, "the field is no list of rows", findings);
    }
    Cost {
        weight: weight.and_then(|directive| self::weight(directive, findings)),
        assumed: assumed.and_then(|directive| size(directive, findings)),
    }
}

fn weight(directive: &Node<Directive>, findings: &mut Findings) -> Option<u32> {
    let text = word(directive, "weight")?.text;
    let is_plain = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let weight = text.parse().ok().filter(|weight| *weight <= WEIGHT_MAX);
    let weight = weight.filter(|_| is_plain);
    if weight.is_none() {
        let what = "a weight is a whole number from 0 to 1000000 in quotes";
        refuse(directive, what, findings);
    }
    weight
}

fn size(directive: &Node<Directive>, findings: &mut Findings) -> Option<u32> {
    let given = directive.specified_argument_by_name("assumedSize")?;
    let size = match given.as_ref() {
        Value::Int(number) => number.try_to_i32().ok(),
        _ => None,
    };
    let size = size.and_then(|size| u32::try_from(size).ok());
    let size = size.filter(|size| (1..=WEIGHT_MAX).contains(size));
    if size.is_none() {
        let what = "an assumed size is a number of rows from 1 to 1000000";
        refuse(directive, what, findings);
    }
    size
}

fn refuse(directive: &Node<Directive>, what: &str, findings: &mut Findings) {
    findings.add(directive.location(), || {
        Diagnostic::error("sdl.cost", what).help(
            "@cost(weight: \"5\") stands on a type, a column, a relation or a function, and \
             @listSize(assumedSize: 50) on one with many rows",
        )
    });
}
