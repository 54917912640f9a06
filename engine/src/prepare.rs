//! Text to a validated operation.

mod bounds;
mod extent;
mod mistakes;
mod usages;

use crate::access::{Shape, lasting};
use crate::api::Api;
use crate::config::Config;
use crate::cost::Formula;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::{self, Value};
use apollo_compiler::executable::{
    DirectiveList, Operation as Definition, Selection, SelectionSet,
};
use apollo_compiler::parser::{Parser, SourceMap, SourceSpan};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema as TypeSystem};
use model::{Actor, Caller, Fault, Kind, Rights};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Deepest nesting the parser follows, far above any depth limit.
const RECURSION_MAX: usize = 200;
/// Memory of what one token can become, a field in a selection.
const TOKEN_BYTES: usize = 256;

/// A parsed and validated operation, made once and passed on.
#[derive(Debug)]
pub struct Operation {
    pub(crate) id: u64,
    /// What it was validated against.
    pub(crate) shape: Arc<Shape>,
    pub(crate) document: Valid<ExecutableDocument>,
    pub(crate) definition: Node<Definition>,
    /// Boolean variables that `@skip` and `@include` look at.
    pub(crate) toggles: BTreeSet<String>,
    /// What it costs.
    pub(crate) cost: Formula,
    /// Lexical tokens of the document.
    tokens: usize,
    introspects: bool,
    /// Whether its document is trusted: what is kept of it is kept apart.
    pub(crate) trusted: bool,
}

/// What is planned: an operation of a document, for those who share a shape.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) document: &'a ExecutableDocument,
    pub(crate) definition: &'a Definition,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
}

impl Operation {
    /// Whether it reads or writes.
    pub fn kind(&self) -> OperationKind {
        if self.definition.operation_type.is_mutation() {
            OperationKind::Mutation
        } else {
            OperationKind::Query
        }
    }

    /// What of it is planned.
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked {
            shape: &self.shape,
            document: &self.document,
            definition: &self.definition,
        }
    }

    /// Its name in the document.
    pub fn name(&self) -> Option<&str> {
        self.definition.name.as_ref().map(Name::as_str)
    }

    /// The rules of its caller, and what they look at, as they find it: under other rules, with other
    /// claims, or as a holder of other roles, it is another operation. What policies of the database
    /// look at nobody knows.
    pub fn standing(&self, caller: &Caller, actor: Option<&Actor>) -> String {
        let Rights::Of(roles) = &caller.rights else {
            return String::new();
        };
        let roles: Vec<_> = roles.names().collect();
        let claims = self.shape.claims().iter();
        let claims: Vec<_> = claims.map(|claim| caller.claims.get(&claim.path)).collect();
        let rules = self.shape.standing();
        match actor {
            None => serde_json::json!([roles, claims, rules]),
            Some(actor) => serde_json::json!([roles, claims, rules, lasting(caller, actor)]),
        }
        .to_string()
    }

    /// Whether it asks for `__schema` or `__type`, whose answers are written when it is bound: that
    /// takes time, and every value of a variable makes another plan.
    pub fn introspects(&self) -> bool {
        self.introspects
    }

    /// The text of its document.
    pub fn text(&self) -> &str {
        let place = self.definition.location();
        let source = place.and_then(|place| self.document.sources.get(&place.file_id()));
        source.map_or("", |source| source.source_text())
    }

    /// A figure of the memory it takes, in bytes. A token of two letters can be a field, so tokens
    /// weigh more than text.
    pub(crate) fn bytes(&self) -> u64 {
        let sources = self.document.sources.values();
        let text: usize = sources.map(|file| file.source_text().len()).sum();
        (1_024 + text + TOKEN_BYTES * self.tokens + self.cost.bytes()) as u64
    }
}

/// Parses, validates and picks the operation. A caller that may not be told what there is gets no
/// introspection, and no name that it may have meant.
pub(crate) fn operation(
    shape: Arc<Shape>,
    (config, tells): (&Config, bool),
    id: u64,
    document: &str,
    name: Option<&str>,
) -> Result<Operation, Vec<Fault>> {
    if document.len() > config.document_bytes_max {
        let message = format!(
            "the document has more than {} bytes",
            config.document_bytes_max
        );
        return Err(vec![Fault::new(
            "engine.document_bytes",
            Kind::Limit,
            message,
        )]);
    }
    let api = &shape.api;
    let (document, types, tokens) = validated(api, (config, tells), document)?;
    let definition = document.operations.get(name).map_err(|error| {
        let message = error.message().to_string();
        vec![located(
            Fault::new("engine.operation", Kind::Invalid, message),
            error.location(),
            &document.sources,
        )]
    })?;
    let definition = definition.clone();
    beyond_the_library(&types, &document).map_err(|fault| vec![fault])?;
    let cost = extent::bound(api, config, &document, &definition).map_err(|fault| vec![fault])?;
    let mut uses = Uses::default();
    uses.selections(&definition.selection_set);
    for fragment in document.fragments.values() {
        uses.directives(&fragment.directives);
        uses.selections(&fragment.selection_set);
    }
    if uses.introspects && !tells {
        let message = "this server does not tell what its API has";
        let fault = Fault::new("engine.introspection", Kind::Invalid, message);
        let place = definition.location();
        return Err(vec![located(fault, place, &document.sources)]);
    }
    Ok(Operation {
        id,
        shape,
        cost,
        tokens,
        introspects: uses.introspects,
        trusted: false,
        toggles: uses.toggles,
        document,
        definition,
    })
}

/// The operations of a document by their names, and whether each writes; what is wrong with those that
/// cannot be told apart is told by who prepares them.
pub(crate) fn operations(
    config: &Config,
    document: &str,
) -> Result<Vec<(Option<String>, bool)>, Vec<Fault>> {
    let parsed = parser(config).parse_ast(document, "document");
    let parsed = parsed.map_err(|invalid| mistakes::of_syntax(&invalid.errors))?;
    let operations = parsed.definitions.iter();
    let operations = operations.filter_map(ast::Definition::as_operation_definition);
    let operation = |it: &Node<ast::OperationDefinition>| {
        let name = it.name.as_ref().map(Name::to_string);
        (name, it.operation_type.is_mutation())
    };
    Ok(operations.map(operation).collect())
}

fn parser(config: &Config) -> Parser {
    Parser::new()
        .recursion_limit(RECURSION_MAX)
        .token_limit(config.tokens_max)
}

/// The document, the types it goes by, and how many tokens it has.
fn validated(
    api: &Api,
    (config, tells): (&Config, bool),
    document: &str,
) -> Result<(Valid<ExecutableDocument>, Valid<TypeSystem>, usize), Vec<Fault>> {
    let mut parser = parser(config);
    let document = parser.parse_ast(document, "document").map_err(|invalid| {
        if parser.tokens_reached() > config.tokens_max {
            let message = format!("the document has more than {} tokens", config.tokens_max);
            return vec![Fault::new("engine.tokens", Kind::Limit, message)];
        }
        mistakes::of_syntax(&invalid.errors)
    })?;
    bounds::bound(config, &document).map_err(|fault| vec![fault])?;
    if let Some(subscription) = subscription(&document) {
        let message = "subscriptions are not supported";
        let fault = Fault::new("engine.subscription", Kind::Invalid, message);
        return Err(vec![located(
            fault,
            subscription.location(),
            &document.sources,
        )]);
    }
    let types = api.touched(&document);
    let validated = document
        .to_executable_validate(&types)
        .map_err(|invalid| mistakes::against(api, &invalid.errors, tells))?;
    Ok((validated, types, parser.tokens_reached()))
}

/// The rules of validation that the library leaves out or applies in part.
fn beyond_the_library(types: &TypeSystem, document: &ExecutableDocument) -> Result<(), Fault> {
    let repeated = repeated_member(document).map(|name| {
        let message = format!("an input object has more than one field {name}");
        (message, name.location())
    });
    match repeated.or_else(|| usages::disallowed(types, document)) {
        None => Ok(()),
        Some((message, place)) => {
            let fault = Fault::new("engine.invalid", Kind::Invalid, message);
            Err(located(fault, place, &document.sources))
        }
    }
}

/// The first subscription of a document.
fn subscription(document: &ast::Document) -> Option<&Node<ast::OperationDefinition>> {
    let mut operations = document
        .definitions
        .iter()
        .filter_map(ast::Definition::as_operation_definition);
    operations.find(|operation| operation.operation_type.is_subscription())
}

/// The fault, at the place in the document.
pub(crate) fn located(fault: Fault, span: Option<SourceSpan>, sources: &SourceMap) -> Fault {
    match span.and_then(|span| span.line_column(sources)) {
        Some(place) => fault.at(place.line, place.column),
        None => fault,
    }
}

/// The first name that an input object literal has twice: the specification's rule of unique
/// input fields, which the library does not check.
fn repeated_member(document: &ExecutableDocument) -> Option<&Name> {
    let fragments = document
        .fragments
        .values()
        .map(|fragment| &fragment.selection_set);
    let operations = document
        .operations
        .iter()
        .map(|operation| &operation.selection_set);
    let defaults = document
        .operations
        .iter()
        .flat_map(|operation| &operation.variables);
    fragments
        .chain(operations)
        .find_map(repeated_in_selection)
        .or_else(|| {
            defaults
                .filter_map(|variable| variable.default_value.as_deref())
                .find_map(repeated_in_value)
        })
}

fn repeated_in_selection(set: &SelectionSet) -> Option<&Name> {
    set.selections.iter().find_map(|selection| match selection {
        Selection::Field(field) => {
            let arguments = field.arguments.iter();
            let in_arguments = arguments
                .map(|argument| &*argument.value)
                .find_map(repeated_in_value);
            in_arguments.or_else(|| repeated_in_selection(&field.selection_set))
        }
        Selection::InlineFragment(fragment) => repeated_in_selection(&fragment.selection_set),
        Selection::FragmentSpread(_) => None,
    })
}

fn repeated_in_value(value: &Value) -> Option<&Name> {
    match value {
        Value::List(items) => items.iter().find_map(|item| repeated_in_value(item)),
        Value::Object(members) => {
            let mut seen = BTreeSet::new();
            let twice = members.iter().find(|(name, _)| !seen.insert(name.as_str()));
            let below = || {
                members
                    .iter()
                    .find_map(|(_, member)| repeated_in_value(member))
            };
            twice.map(|(name, _)| name).or_else(below)
        }
        _ => None,
    }
}

/// What an operation looks at besides its fields.
#[derive(Default)]
struct Uses {
    toggles: BTreeSet<String>,
    introspects: bool,
}

impl Uses {
    fn selections(&mut self, set: &SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    self.introspects |= matches!(field.name.as_str(), "__schema" | "__type");
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList) {
        for directive in directives {
            for argument in &directive.arguments {
                if let Some(name) = argument.value.as_variable() {
                    self.toggles.insert(name.to_string());
                }
            }
        }
    }
}
