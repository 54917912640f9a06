//! Reading the arguments of directives.

use apollo_compiler::Node;
use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::parser::SourceSpan;

/// A text and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) span: Option<SourceSpan>,
}

/// A text argument. Values of another kind have been refused by the validation.
pub(super) fn word<'a>(directive: &'a Directive, argument: &str) -> Option<Word<'a>> {
    as_word(directive.specified_argument_by_name(argument)?)
}

/// An argument that lists texts; as everywhere in GraphQL one text is a list of one.
pub(super) fn words<'a>(directive: &'a Directive, argument: &str) -> Option<Vec<Word<'a>>> {
    let value = directive.specified_argument_by_name(argument)?;
    match value.as_ref() {
        Value::List(items) => Some(items.iter().filter_map(as_word).collect()),
        Value::Null => None,
        _ => Some(as_word(value).into_iter().collect()),
    }
}

fn as_word(value: &Node<Value>) -> Option<Word<'_>> {
    let text = value.as_str()?;
    Some(Word {
        text,
        span: value.location(),
    })
}
