//! What people write in rules who know them from elsewhere, and what it is called here.

use crate::sdl;
use apollo_compiler::ast::Value;
use model::{Action, Diagnostic};

/// Words of other systems for what a rule allows.
const ACTIONS: &[(&str, &str)] = &[
    ("SELECT", "READ"),
    ("QUERY", "READ"),
    ("VIEW", "READ"),
    ("INSERT", "CREATE"),
    ("ADD", "CREATE"),
    ("WRITE", "[CREATE, UPDATE, DELETE]"),
    ("EDIT", "UPDATE"),
    ("MODIFY", "UPDATE"),
    ("UPSERT", "[CREATE, UPDATE]"),
    ("REMOVE", "DELETE"),
    ("ALL", "[READ, CREATE, UPDATE, DELETE]"),
];

/// Words of other systems for the arguments of `@access`.
const ARGUMENTS: &[(&str, &str)] = &[
    ("role", "to"),
    ("roles", "to"),
    ("for", "to"),
    ("action", "allow"),
    ("actions", "allow"),
    ("operation", "allow"),
    ("operations", "allow"),
    ("permissions", "allow"),
    ("filter", "where"),
    ("condition", "where"),
    ("using", "where"),
    ("rows", "where"),
    ("withCheck", "check"),
    ("preset", "set"),
    ("presets", "set"),
    ("values", "set"),
    ("masks", "mask"),
    ("limit", "rowsMax"),
    ("max", "rowsMax"),
    ("maxRows", "rowsMax"),
    ("column", "fields"),
    ("columns", "fields"),
    ("exclude", "except"),
    ("hide", "except"),
    ("deny", "except"),
];

/// The argument of `@access` that another system calls so.
pub(in crate::compile) fn argument(name: &str) -> Option<&'static str> {
    of(ARGUMENTS, name)
}

/// What is done with rows, by its word.
pub(super) fn action(value: &Value) -> Option<Action> {
    known(value.as_enum()?.as_str())
}

/// What is told of a value that is no action.
pub(super) fn refusal(value: &Value) -> Diagnostic {
    match value {
        Value::Enum(name) => no_action(name.as_str(), false),
        Value::String(text) => no_action(text, true),
        other => no_action(&other.to_string(), false),
    }
}

/// What is told of a word that is no action, or of one in quotes. The validation tells the same.
pub(in crate::compile) fn no_action(word: &str, is_text: bool) -> Diagnostic {
    let message = format!("`{}` is nothing that a rule allows", sdl::clip(word));
    let help = match (known(word), of(ACTIONS, word)) {
        (Some(action), _) if is_text => Some(format!("write it without quotes: {}", action.name())),
        (_, Some(ours)) => Some(format!("here it is called {ours}")),
        _ => sdl::did_you_mean(word, Action::ALL.map(Action::name)),
    };
    let error = Diagnostic::error("sdl.access", message);
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

fn known(word: &str) -> Option<Action> {
    let mut actions = Action::ALL.into_iter();
    actions.find(|action| action.name() == word)
}

fn of(words: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let mut words = words.iter();
    let found = words.find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
    found.map(|(_, ours)| *ours)
}
