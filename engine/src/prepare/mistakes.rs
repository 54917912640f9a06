//! The mistakes of a document as its writer is told them, with the names that were meant.

use crate::api::Api;
use crate::sdl;
use apollo_compiler::diagnostic::Diagnostic;
use apollo_compiler::parser::LineColumn;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::{DiagnosticData, DiagnosticList};
use apollo_compiler::{Name, Schema as TypeSystem};
use model::{Fault, Kind};
use std::collections::BTreeSet;
use std::ops::Range;

/// Most errors of one document that are told.
const ERRORS_MAX: usize = 20;

/// Most that are looked at: each place takes a walk through its line, which a client may make long.
const LOOKED_AT_MAX: usize = 100;

/// What keeps a text from being a document.
pub(super) fn of_syntax(errors: &DiagnosticList) -> Vec<Fault> {
    let told = errors.iter().take(ERRORS_MAX);
    told.map(|mistake| fault("engine.syntax", mistake.error.to_string(), &mistake))
        .collect()
}

/// What of a document does not fit the API, and what may have been meant where that is told: that is
/// looked for among all there is.
pub(super) fn against(api: &Api, errors: &DiagnosticList, tells: bool) -> Vec<Fault> {
    let known = tells.then(|| api.whole().ok()).flatten();
    let unknown = Unknown::of(errors);
    looked_at(errors)
        .filter(|mistake| !unknown.explains(mistake))
        .take(ERRORS_MAX)
        .map(|mistake| {
            let mut message = mistake.error.to_string();
            let meant = known.and_then(|known| meant(&known.types, name(&mistake), &message));
            if let Some(meant) = meant {
                message = format!("{message}: did you mean `{meant}`?");
            }
            fault("engine.invalid", message, &mistake)
        })
        .collect()
}

/// What the library leaves out of the selections that it goes on with.
const UNKNOWN_SELECTIONS: [&str; 2] = [
    "UndefinedField",
    "UndefinedTypeInInlineFragmentTypeCondition",
];

type Mistake<'a> = Diagnostic<'a, DiagnosticData>;

fn looked_at(errors: &DiagnosticList) -> impl Iterator<Item = Mistake<'_>> {
    errors.iter().take(LOOKED_AT_MAX)
}

/// The library's name for a kind of mistake; its own kinds are private.
fn name(mistake: &Mistake<'_>) -> &'static str {
    mistake.error.unstable_error_name().unwrap_or_default()
}

/// The unknown names of a document, of which the library tells consequences too.
struct Unknown {
    /// The places of selections.
    selections: Vec<Range<LineColumn>>,
    /// The names of variables' types.
    types: BTreeSet<String>,
}

impl Unknown {
    fn of(errors: &DiagnosticList) -> Self {
        let selection = |it: &Mistake<'_>| UNKNOWN_SELECTIONS.contains(&name(it));
        let selections = looked_at(errors).filter(selection);
        let types = looked_at(errors).filter(|it| name(it) == "UndefinedDefinition");
        Self {
            selections: selections.filter_map(|it| it.line_column_range()).collect(),
            types: types
                .filter_map(|it| quoted(&it.error.to_string()).next().map(str::to_owned))
                .collect(),
        }
    }

    /// Whether a mistake is none but for an unknown name: a set that looks empty because nothing in
    /// it is known, or a variable that fits nowhere because its type is not.
    fn explains(&self, mistake: &Mistake<'_>) -> bool {
        match name(mistake) {
            "MissingSubselection" => mistake
                .line_column_range()
                .is_some_and(|whole| self.selections.iter().any(|at| within(at, &whole))),
            "DisallowedVariableUsage" => quoted(&mistake.error.to_string())
                .nth(1)
                .is_some_and(|given| self.types.contains(given.trim_matches(['[', ']', '!']))),
            _ => false,
        }
    }
}

fn within(inner: &Range<LineColumn>, outer: &Range<LineColumn>) -> bool {
    let place = |at: &LineColumn| (at.line, at.column);
    (place(&outer.start)..place(&outer.end)).contains(&place(&inner.start))
}

/// What stands between backticks.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// The name that is most like an unknown one, among those that could stand in its place.
fn meant<'t>(types: &'t TypeSystem, mistake: &str, message: &str) -> Option<&'t str> {
    let mut told = quoted(message);
    let (first, second) = (told.next()?, told.next());
    let nearest = |unknown, known: Vec<&'t str>| sdl::nearest(unknown, known);
    match mistake {
        "UndefinedField" => nearest(second?, members(types, first)),
        "UndefinedInputValue" | "UndefinedEnumValue" => nearest(first, members(types, second?)),
        "UndefinedArgument" => nearest(first, arguments(types, second?)),
        "UndefinedDirective" => {
            let known = types.directive_definitions.keys().map(Name::as_str);
            nearest(first.trim_start_matches('@'), known.collect())
        }
        "UndefinedDefinition" => nearest(first, names(types, ExtendedType::is_input_type)),
        "UndefinedTypeInInlineFragmentTypeCondition"
        | "UndefinedTypeInNamedFragmentTypeCondition" => {
            let composite =
                |it: &ExtendedType| it.is_object() || it.is_interface() || it.is_union();
            nearest(first, names(types, composite))
        }
        _ => None,
    }
}

/// The names of types of some kind.
fn names(types: &TypeSystem, kind: impl Fn(&ExtendedType) -> bool) -> Vec<&str> {
    let known = types.types.iter().filter(|(_, it)| kind(it));
    known.map(|(name, _)| name.as_str()).collect()
}

/// The fields or values of a type.
fn members<'t>(types: &'t TypeSystem, name: &str) -> Vec<&'t str> {
    match types.types.get(name) {
        Some(ExtendedType::Object(it)) => it.fields.keys().map(Name::as_str).collect(),
        Some(ExtendedType::Interface(it)) => it.fields.keys().map(Name::as_str).collect(),
        Some(ExtendedType::InputObject(it)) => it.fields.keys().map(Name::as_str).collect(),
        Some(ExtendedType::Enum(it)) => it.values.keys().map(Name::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The arguments of a field, `Query.products`, or a directive, `@skip`.
fn arguments<'t>(types: &'t TypeSystem, place: &str) -> Vec<&'t str> {
    let directive = || {
        types
            .directive_definitions
            .get(place.trim_start_matches('@'))
    };
    let definitions = if let Some((name, field)) = place.split_once('.') {
        let field = types.type_field(name, field).ok();
        field.map(|field| &field.arguments)
    } else {
        directive().map(|directive| &directive.arguments)
    };
    let known = definitions.into_iter().flatten();
    known.map(|argument| argument.name.as_str()).collect()
}

fn fault(code: &'static str, message: String, mistake: &Mistake<'_>) -> Fault {
    let fault = Fault::new(code, Kind::Invalid, message);
    match mistake.line_column_range() {
        Some(range) => fault.at(range.start.line, range.start.column),
        None => fault,
    }
}
