//! Stage: for how long answers that look at the rows of a type may be kept.

use super::draft::Draft;
use super::findings::Findings;
use super::forms::ROOTS;
use apollo_compiler::Node;
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::{Directive, Value};
use model::Diagnostic;

/// The longest age, a week.
const MAX_AGE_S: u32 = 7 * 24 * 60 * 60;

pub(super) fn resolve(document: &Document, drafts: &mut [Draft<'_>], findings: &mut Findings) {
    for root in ROOTS {
        let object = document.get_object(root);
        if let Some(directive) = object.and_then(|object| object.directives.get("cache")) {
            refuse(directive, "a root has no rows", findings);
        }
    }
    for draft in drafts {
        let Some(directive) = draft.node.directives.get("cache") else {
            continue;
        };
        if draft.node.directives.has("view") {
            let what = "what is behind a view only the database knows, so nothing of it is kept";
            refuse(directive, what, findings);
        } else {
            draft.table.max_age_s = age(directive, findings);
        }
    }
}

fn age(directive: &Node<Directive>, findings: &mut Findings) -> Option<u32> {
    let given = directive.specified_argument_by_name("maxAge")?;
    let age = match given.as_ref() {
        Value::Int(number) => number.try_to_i32().ok(),
        _ => None,
    };
    let age = age.and_then(|age| u32::try_from(age).ok());
    let age = age.filter(|age| (1..=MAX_AGE_S).contains(age));
    if age.is_none() {
        refuse(
            directive,
            "an age is a number of seconds from 1 to 604800, a week",
            findings,
        );
    }
    age
}

fn refuse(directive: &Node<Directive>, what: &str, findings: &mut Findings) {
    findings.add(directive.location(), || {
        Diagnostic::error("sdl.cache", what)
            .help("@cache(maxAge: 60) stands on a type with a table of its own")
    });
}
