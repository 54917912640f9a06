//! Stage: what is told of rows that constraints of the database refuse.

use super::directive::{Word, word};
use super::draft::{Draft, Slot};
use super::findings::Findings;
use super::tables;
use crate::sdl;
use apollo_compiler::Node;
use apollo_compiler::ast::Directive;
use model::schema::{Constraint, Part};
use model::{Diagnostic, Dialect};

/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 100;

/// Longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 500;

pub(super) fn resolve(drafts: &mut [Draft<'_>], dialect: Dialect, findings: &mut Findings) {
    for draft in drafts {
        let directives = draft.node.directives.get_all("constraint");
        let mut constraints: Vec<Constraint> = Vec::new();
        for directive in directives {
            let Some(constraint) = read(draft, directive, dialect, findings) else {
                continue;
            };
            if constraints
                .iter()
                .any(|known| known.name == constraint.name)
            {
                refuse(word(directive, "name"), findings, || {
                    let name = sdl::clip(&constraint.name);
                    Diagnostic::error("sdl.constraint", format!("{name:?} is there already"))
                        .help("keep one of them: a constraint has one code and one message")
                });
                continue;
            }
            constraints.push(constraint);
        }
        draft.table.constraints = constraints;
    }
}

/// What one directive says; what is wrong with it is told.
fn read(
    draft: &Draft<'_>,
    directive: &Node<Directive>,
    dialect: Dialect,
    findings: &mut Findings,
) -> Option<Constraint> {
    let errors = findings.error_count();
    if !draft.table.writable {
        findings.add(directive.location(), || {
            Diagnostic::error(
                "sdl.constraint",
                "@constraint on a view, which is only read",
            )
            .help("put it on the table whose rows the database refuses")
        });
        return None;
    }
    let (name, code) = (word(directive, "name")?, word(directive, "code")?);
    let message = word(directive, "message")?;
    tables::check_name(name, dialect, findings);
    check_code(code, findings);
    check_message(message, findings);
    let field = word(directive, "field").and_then(|field| part(draft, field, findings));
    (findings.error_count() == errors).then(|| Constraint {
        name: name.text.to_owned(),
        code: code.text.to_owned(),
        message: message.text.to_owned(),
        field,
    })
}

/// Codes of ours are small letters with a point, so that nobody takes one for another.
fn check_code(code: Word<'_>, findings: &mut Findings) {
    let mut letters = code.text.chars();
    let is_code = letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && letters
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
    if !is_code || code.text.len() > CODE_BYTES_MAX {
        refuse(Some(code), findings, || {
            let message = format!("`{}` is no code", sdl::clip(code.text));
            Diagnostic::error("sdl.constraint", message).help(
                "a code is made of capital letters, digits and _, as EMAIL_TAKEN, and has at most \
                 100 of them",
            )
        });
    }
}

fn check_message(message: Word<'_>, findings: &mut Findings) {
    let text = message.text;
    let is_blank = text.trim().is_empty();
    if is_blank || text.len() > MESSAGE_BYTES_MAX || text.chars().any(char::is_control) {
        refuse(Some(message), findings, || {
            Diagnostic::error("sdl.constraint", "this is no message for a client")
                .help("a message is one line of 1 to 500 bytes that says what to mend")
        });
    }
}

/// The column or relation of a field.
fn part(draft: &Draft<'_>, field: Word<'_>, findings: &mut Findings) -> Option<Part> {
    match draft.part(field.text) {
        Some(Slot::Column(column)) => return Some(Part::Column(column)),
        Some(Slot::Link(link)) => return draft.relation(link).map(Part::Relation),
        Some(_) => return None,
        None => {}
    }
    refuse(Some(field), findings, || {
        let (owner, shown) = (draft.name(), sdl::clip(field.text));
        let message = format!("`{owner}` has no column or relation `{shown}`");
        let fields = draft.node.fields.keys().copied();
        let finding = Diagnostic::error("sdl.constraint", message);
        match sdl::did_you_mean(field.text, fields) {
            Some(help) => finding.help(help),
            None => finding,
        }
    });
    None
}

fn refuse(word: Option<Word<'_>>, findings: &mut Findings, finding: impl FnOnce() -> Diagnostic) {
    findings.add(word.and_then(|word| word.span), finding);
}
