//! GraphQL's own rules: syntax, known names, directives where they belong, with the arguments they take.

use super::Source;
use super::access;
use super::findings::Findings;
use super::forms;
use crate::sdl;
use apollo_compiler::Node;
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::{self, DirectiveLocation};
use apollo_compiler::diagnostic::ToCliReport as _;
use apollo_compiler::parser::{Parser, SourceMap, SourceSpan};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::{DiagnosticData, DiagnosticList};
use model::{Diagnostic, Scalar};

/// Larger files are not written by people, and offsets end at 4 GiB.
const SOURCE_BYTES_MAX: usize = 64 << 20;

/// Enough for 10,000 tables of 50 columns, little enough to fit in memory.
const TOKENS_MAX: usize = 20_000_000;

/// Parses and validates; `None` if the syntax is broken.
pub(super) fn parse(sources: &[Source], findings: &mut Findings) -> Option<Document> {
    let mut documents = Vec::with_capacity(sources.len());
    let mut is_broken = false;
    for source in sources.iter().filter(|source| !is_blank(&source.text)) {
        match read(source, findings) {
            Some(document) => documents.push(document),
            None => is_broken = true,
        }
    }
    if is_broken {
        return None;
    }
    for document in &mut documents {
        forms::check(document, findings);
    }
    Some(validate(&documents, findings))
}

/// Whether a file holds nothing but comments, which GraphQL's grammar does not allow.
fn is_blank(text: &str) -> bool {
    text.lines()
        .map(|line| line.trim_matches([' ', '\t', ',', '\u{feff}']))
        .all(|line| line.is_empty() || line.starts_with('#'))
}

pub(super) fn parser() -> Parser {
    Parser::new().token_limit(TOKENS_MAX)
}

fn read(source: &Source, findings: &mut Findings) -> Option<ast::Document> {
    if source.text.len() > SOURCE_BYTES_MAX {
        let message = format!("{} is larger than 64 MiB", source.name);
        findings.add(None, || {
            Diagnostic::error("sdl.too_large", message).help("split the schema into several files")
        });
        return None;
    }
    let parsed = parser().parse_ast(&source.text, &source.name);
    let (document, errors) = match parsed {
        Ok(document) => (document, None),
        Err(failure) => (failure.partial, Some(failure.errors)),
    };
    for id in document.sources.keys() {
        findings.name_file(*id, &source.name);
    }
    let Some(errors) = errors else {
        return Some(document);
    };
    let line = |span: SourceSpan| {
        source
            .text
            .get(..span.offset())
            .map(|text| text.lines().count())
    };
    let mut lines = Vec::new();
    for error in errors.iter().take(SYNTAX_ERRORS_MAX) {
        // What follows on a line is mostly the first error once more.
        let line = error.error.location().and_then(line);
        if !lines.contains(&line) {
            lines.push(line);
            findings.add(error.error.location(), || syntax(&error.error.to_string()));
        }
    }
    None
}

/// After that many errors of syntax a file is hardly a schema.
const SYNTAX_ERRORS_MAX: usize = 20;

fn syntax(message: &str) -> Diagnostic {
    let message = message.strip_prefix("syntax error: ").unwrap_or(message);
    let message = TOKENS.iter().fold(clip(message), |text, (token, shown)| {
        text.replace(token, shown)
    });
    Diagnostic::error("sdl.syntax", lower(&message))
}

/// The parser's names of tokens, and what a person typed or should have.
const TOKENS: &[(&str, &str)] = &[
    ("L_CURLY", "{"),
    ("R_CURLY", "}"),
    ("L_PAREN", "("),
    ("R_PAREN", ")"),
    ("L_BRACK", "["),
    ("R_BRACK", "]"),
    ("COLON", ":"),
    ("EQ", "="),
    ("EOF", "the end of the file"),
    (
        "a StringValue, Name or OperationDefinition",
        "a definition, as `type Customer @table { … }`",
    ),
];

/// Builds one document of all files, and keeps it in spite of errors, as far as it goes.
fn validate(documents: &[ast::Document], findings: &mut Findings) -> Document {
    let mut builder = Document::builder().parse(sdl::PRELUDE, "prelude.graphql");
    for document in documents {
        builder = builder.add_ast(document);
    }
    let document = builder.build().unwrap_or_else(|failure| {
        report(&failure.errors, &failure.partial, findings);
        failure.partial
    });
    // Validation takes unused scalars away from what it returns, so the stages read the original.
    if let Err(failure) = document.clone().validate() {
        report(&failure.errors, &document, findings);
    }
    document
}

fn report(errors: &DiagnosticList, document: &Document, findings: &mut Findings) {
    for error in errors.iter() {
        let span = error.error.location();
        let source = Excerpt {
            sources: &document.sources,
            span,
        };
        findings.add(span, || translate(error.error, &source, document));
    }
}

/// The text a finding is about.
struct Excerpt<'a> {
    sources: &'a SourceMap,
    span: Option<SourceSpan>,
}

impl Excerpt<'_> {
    fn text(&self) -> Option<&str> {
        let span = self.span?;
        let text = self.sources.get(&span.file_id())?.source_text();
        text.get(span.offset()..span.end_offset())
    }

    /// Whether it is a text in quotes.
    fn is_text(&self) -> bool {
        self.text().is_some_and(|text| text.starts_with('"'))
    }

    /// The first name in it.
    fn name(&self) -> Option<&str> {
        let text = self.text()?;
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let text = text.trim_start_matches(|letter| !is_name(letter));
        text.split(|letter| !is_name(letter)).next()
    }
}

/// The validator's finding in our words, with what was probably meant.
fn translate(error: &DiagnosticData, source: &Excerpt<'_>, document: &Document) -> Diagnostic {
    let name = source.name().unwrap_or_default();
    let shown = sdl::clip(name);
    let known = error.unstable_error_name();
    if let Some(finding) = extension(name, &error.to_string(), document).filter(|_| known.is_none())
    {
        return finding;
    }
    if error.to_string().contains("`_Action`") || error.to_string().contains("[_Action!]") {
        return access::no_action(name, source.is_text());
    }
    let code = code(known);
    let (message, help) = match known {
        Some("UndefinedDirective") => {
            let names: Vec<String> = ours(document)
                .map(|found| format!("@{}", found.name))
                .collect();
            let names = names.iter().map(String::as_str);
            (
                format!("there is no directive `@{shown}`"),
                sdl::did_you_mean(&format!("@{name}"), names),
            )
        }
        Some("UndefinedDefinition") => (
            format!("there is no type `{shown}`"),
            meant(sdl::nearest(name, types(document))),
        ),
        Some("UndefinedArgument") => (
            format!("there is no argument `{shown}` here"),
            argument(name, &error.to_string(), document),
        ),
        Some("RequiredArgument") if error.to_string().contains("@access(to:)") => (
            lower(&clip(&error.to_string())),
            Some("say which roles it is for: @access(to: \"clerk\", allow: READ)".to_owned()),
        ),
        Some("UnsupportedLocation") => (
            format!("@{shown} does not belong here"),
            belongs(name, document),
        ),
        Some("UniqueDirective") => (
            format!("@{shown} is given twice"),
            Some("keep one of them".to_owned()),
        ),
        None => (
            lower(&clip(&error.to_string())),
            Some("keep one of them, or rename the other".to_owned()),
        ),
        Some("MissingInterfaceField") => (
            lower(&clip(&error.to_string())),
            Some("a type repeats every field of its interface, as GraphQL has it".to_owned()),
        ),
        Some(_) => (lower(&clip(&error.to_string())), None),
    };
    Diagnostic {
        help,
        ..Diagnostic::error(code, message)
    }
}

/// An extension of what is not there, or is something else; the validator tells them by their words
/// alone.
fn extension(name: &str, told: &str, document: &Document) -> Option<Diagnostic> {
    let shown = sdl::clip(name);
    if told.starts_with("type extension for undefined type") {
        let error = Diagnostic::error("sdl.unknown_type", format!("there is no type `{shown}`"));
        let own = types(document).filter(|name| {
            let is_ours = Scalar::from_name(name).is_some() || forms::ROOTS.contains(name);
            let declared = document.types.get(*name);
            let is_built_in = declared.is_some_and(ExtendedType::is_built_in);
            !is_ours && !is_built_in && !name.starts_with('_')
        });
        let help = sdl::did_you_mean(name, own);
        return Some(match help {
            Some(help) => error.help(help),
            None => error.help("add it: `type … @table { … }`"),
        });
    }
    let keyword = match document.types.get(name)? {
        ExtendedType::Object(_) => "type",
        ExtendedType::Interface(_) => "interface",
        ExtendedType::Union(_) => "union",
        ExtendedType::Enum(_) => "enum",
        ExtendedType::Scalar(_) => "scalar",
        ExtendedType::InputObject(_) => "input",
    };
    told.starts_with("adding ").then(|| {
        let message = format!("{}, so it is extended as that", lower(&clip(told)));
        Diagnostic::error("sdl.invalid", message).help(format!("write `extend {keyword} {shown}`"))
    })
}

/// What was meant by an argument that a directive does not take; the validator says in words alone
/// which one it is.
fn argument(name: &str, told: &str, document: &Document) -> Option<String> {
    let is_of = |found: &&Node<ast::DirectiveDefinition>| {
        let called = format!("@{}", found.name);
        told.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '@' && letter != '_')
            .any(|word| word == called)
    };
    let Some(directive) = ours(document).find(is_of) else {
        return meant(sdl::nearest(name, arguments(document)));
    };
    if directive.name == "access"
        && let Some(ours) = access::argument(name)
    {
        return meant(Some(ours));
    }
    let arguments = directive.arguments.iter();
    sdl::did_you_mean(name, arguments.map(|argument| argument.name.as_str()))
}

fn meant(name: Option<&str>) -> Option<String> {
    name.map(|name| format!("did you mean `{name}`?"))
}

/// Where a directive may stand.
fn belongs(name: &str, document: &Document) -> Option<String> {
    let places: Vec<&str> = document
        .directive_definitions
        .get(name)?
        .locations
        .iter()
        .map(|location| match location {
            DirectiveLocation::Object => "a type",
            DirectiveLocation::Interface => "an interface",
            DirectiveLocation::Union => "a union",
            DirectiveLocation::FieldDefinition => "a field",
            DirectiveLocation::Enum => "an enum",
            DirectiveLocation::Scalar => "a scalar",
            DirectiveLocation::EnumValue => "a value of an enum",
            other => other.name(),
        })
        .collect();
    Some(format!("it belongs on {}", places.join(" or ")))
}

fn code(name: Option<&str>) -> &'static str {
    match name {
        // Only the building of a document has errors without a name: definitions that collide.
        None => "sdl.duplicate",
        Some("UndefinedDirective") => "sdl.unknown_directive",
        Some("UndefinedDefinition") => "sdl.unknown_type",
        Some("UndefinedArgument") => "sdl.unknown_argument",
        Some("UnsupportedLocation") => "sdl.misplaced_directive",
        Some("UniqueDirective") => "sdl.repeated_directive",
        Some("RequiredArgument") => "sdl.missing_argument",
        Some("UnsupportedValueType" | "UniqueArgument") => "sdl.invalid_value",
        Some("ReservedName") => "sdl.reserved_name",
        Some("EmptyFieldSet" | "EmptyValueSet") => "sdl.empty",
        Some(_) => "sdl.invalid",
    }
}

/// The directives of the prelude, without those of GraphQL itself.
fn ours(document: &Document) -> impl Iterator<Item = &Node<ast::DirectiveDefinition>> {
    document
        .directive_definitions
        .values()
        .filter(|directive| !directive.is_built_in())
}

fn types(document: &Document) -> impl Iterator<Item = &str> + Clone {
    document
        .types
        .keys()
        .map(apollo_compiler::Name::as_str)
        .filter(|name| !name.starts_with("__"))
}

fn arguments(document: &Document) -> impl Iterator<Item = &str> {
    ours(document)
        .flat_map(|found| &found.arguments)
        .map(|argument| argument.name.as_str())
}

/// Messages of the validator quote names of any length.
fn clip(message: &str) -> String {
    const LETTERS_MAX: usize = 200;
    message.chars().take(LETTERS_MAX).collect()
}

fn lower(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
