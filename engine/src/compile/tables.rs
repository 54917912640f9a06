//! Stage: which type is which table or view, and its root fields.

use super::directive::{Word, word};
use super::draft::{Definition, Draft};
use super::findings::Findings;
use crate::{names, sdl};
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::Directive;
use apollo_compiler::schema::{Component, DirectiveList};
use model::schema::{Cost, Table};
use model::{Diagnostic, Dialect, Grant};
use std::collections::HashMap;

/// The tables by type name.
pub(super) fn resolve<'a>(
    document: &'a Document,
    definitions: Vec<Definition<'a>>,
    dialect: Dialect,
    findings: &mut Findings,
) -> Vec<Draft<'a>> {
    let mut drafts: Vec<_> = definitions
        .into_iter()
        .map(|node| draft(node, document, dialect, findings))
        .collect();
    if drafts.is_empty() && findings.error_count() == 0 {
        findings.add(None, || {
            Diagnostic::error("sdl.empty", "the schema has no table").help(
                "add a type with @table, or let `fragaria init` write the types of a database that has tables",
            )
        });
    }
    drafts.sort_by_key(Draft::name);
    check_duplicates(&drafts, dialect, findings);
    drafts
}

/// The directive that says what a type is.
pub(super) fn source(directives: &DirectiveList) -> Option<&Component<Directive>> {
    directives.get("table").or_else(|| directives.get("view"))
}

/// Reports what cannot be a name in the database.
pub(super) fn check_name(name: Word<'_>, dialect: Dialect, findings: &mut Findings) {
    if let Some(problem) = names::storage_problem(dialect, name.text) {
        findings.add(name.span, || {
            Diagnostic::error("sdl.database_name", problem)
        });
    }
}

fn draft<'a>(
    node: Definition<'a>,
    document: &Document,
    dialect: Dialect,
    findings: &mut Findings,
) -> Draft<'a> {
    check_source(&node, document, findings);
    let directive = source(node.directives);
    let argument = |name| directive.and_then(|directive| word(directive, name));
    let own = Word {
        text: node.name.as_str(),
        span: node.name.location(),
    };
    let (name, schema) = (argument("name").unwrap_or(own), argument("schema"));
    for given in [Some(name), schema].into_iter().flatten() {
        check_name(given, dialect, findings);
    }
    let (singular, plural) = root_fields(&node, findings);
    Draft {
        table: Table {
            type_name: node.name.to_string(),
            singular,
            plural,
            description: node.description.map(ToString::to_string),
            schema: schema.map(|schema| schema.text.to_owned()),
            name: name.text.to_owned(),
            writable: node.directives.has("table"),
            columns: Vec::new(),
            key: Vec::new(),
            uniques: Vec::new(),
            version: None,
            relations: Vec::new(),
            choices: Vec::new(),
            variants: None,
            base: None,
            search: None,
            constraints: Vec::new(),
            cost: Cost::default(),
            max_age_s: None,
            access: Vec::new(),
            grant: Grant::default(),
        },
        node,
        slots: HashMap::new(),
        links: Vec::new(),
        choices: Vec::new(),
        is_key_broken: false,
    }
}

fn check_source(node: &Definition<'_>, document: &Document, findings: &mut Findings) {
    let (table, view) = (node.directives.get("table"), node.directives.get("view"));
    let span = node.name.location();
    match (table, view) {
        (Some(_), Some(view)) => findings.add(view.location(), || {
            Diagnostic::error(
                "sdl.no_table",
                format!("`{}` is a table and a view at once", node.name),
            )
            .help("keep @table if rows are written, else @view")
        }),
        (None, None) => {
            let is_known = |directive: &Component<Directive>| {
                document.directive_definitions.contains_key(&directive.name)
            };
            // A misspelt directive is reported as such, and was probably meant to be this one.
            if node.directives.iter().all(is_known) {
                findings.add(span, || {
                    Diagnostic::error(
                        "sdl.no_table",
                        format!("`{}` is neither a table nor a view", node.name),
                    )
                    .help("add @table or @view, with the name it has in the database, or @json for an object inside JSON")
                });
            }
        }
        _ => {}
    }
}

fn root_fields(node: &Definition<'_>, findings: &mut Findings) -> (String, String) {
    let api = node.directives.get("api");
    let mut given = |argument: &str, usual: String| {
        let Some(name) = api.and_then(|api| word(api, argument)) else {
            return usual;
        };
        if !names::is_usable(name.text) {
            findings.add(name.span, || {
                let message = format!("`{}` is no name for a field", sdl::clip(name.text));
                Diagnostic::error("sdl.name", message)
                    .help("a name is made of ASCII letters, digits and _, and does not begin with a digit or __")
            });
        }
        name.text.to_owned()
    };
    let singular = given("singular", names::singular_field(node.name));
    let plural = given("plural", names::plural_field(node.name));
    if singular == plural {
        findings.add(api.and_then(|api| api.location()), || {
            let message = format!(
                "`{}` is the field for one row and for many",
                sdl::clip(&singular)
            );
            Diagnostic::error("sdl.name", message)
                .help("give @api a singular and a plural that differ")
        });
    }
    (singular, plural)
}

fn check_duplicates(drafts: &[Draft<'_>], dialect: Dialect, findings: &mut Findings) {
    let mut owners = HashMap::new();
    for draft in drafts {
        let place = (
            &draft.table.schema,
            names::folded(dialect, &draft.table.name),
        );
        if let Some(owner) = owners.insert(place, draft.name()) {
            findings.add(draft.span(), || {
                let name = sdl::clip(&draft.table.name);
                let message = format!(
                    "`{owner}` and `{}` are the same table {name:?}",
                    draft.name()
                );
                Diagnostic::error("sdl.duplicate_table", message)
                    .help("keep one of them, or correct the name of the other in @table(name:)")
            });
        }
    }
}
