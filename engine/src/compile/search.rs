//! Stage: the full-text indexes of tables.

use super::directive::{Word, word, words};
use super::draft::Draft;
use super::findings::Findings;
use super::{keys, tables};
use apollo_compiler::Node;
use apollo_compiler::ast::Directive;
use model::schema::{Column, Search};
use model::{Diagnostic, Dialect, Scalar};

pub(super) fn resolve(drafts: &mut [Draft<'_>], dialect: Dialect, findings: &mut Findings) {
    for draft in drafts {
        let directives = draft.node.directives;
        let Some(directive) = directives.get("search") else {
            continue;
        };
        let has_rows = draft.table.writable || dialect == Dialect::Postgres;
        if !has_rows {
            findings.add(directive.location(), || {
                Diagnostic::error("sdl.search", "@search on a view, which has no index here")
                    .help("leave it out, or put it on the table the view is made of")
            });
            continue;
        }
        draft.table.search = search(draft, directive, dialect, findings);
    }
}

/// The arguments that a database takes, and what they are for.
fn arguments(dialect: Dialect) -> (&'static [&'static str], &'static str) {
    match dialect {
        Dialect::Sqlite => (
            &["table"],
            "name the table of FTS5 that has this one as its content: @search(table: …)",
        ),
        Dialect::Postgres => (
            &["column", "configuration"],
            "name the column of type tsvector, and the configuration its words are read by: \
             @search(column: …, configuration: …)",
        ),
        Dialect::Mariadb => (
            &["fields"],
            "list the fields of the FULLTEXT index: @search(fields: […])",
        ),
    }
}

fn search(
    draft: &Draft<'_>,
    directive: &Node<Directive>,
    dialect: Dialect,
    findings: &mut Findings,
) -> Option<Search> {
    let (taken, help) = arguments(dialect);
    let given = directive.arguments.iter();
    let is_foreign = |name: &str| !taken.contains(&name);
    let foreign = given.clone().find(|given| is_foreign(&given.name));
    let has = |name: &&&str| given.clone().any(|given| given.name == ***name);
    let missing = taken.iter().find(|name| !has(name));
    if foreign.is_some() || missing.is_some() {
        let span = foreign.map_or(directive.location(), Node::location);
        findings.add(span, || {
            let message = match foreign {
                Some(foreign) => format!("{dialect} has no search by `{}`", foreign.name),
                None => format!(
                    "what does {dialect} find the words of `{}` by?",
                    draft.name()
                ),
            };
            Diagnostic::error("sdl.search", message).help(help)
        });
        return None;
    }
    let mut named = |argument| -> Option<String> {
        let Word { text, .. } = checked(word(directive, argument)?, dialect, findings);
        Some(text.to_owned())
    };
    match dialect {
        Dialect::Sqlite => named("table").map(Search::Table),
        Dialect::Postgres => Some(Search::Vector {
            column: named("column")?,
            configuration: named("configuration")?,
        }),
        Dialect::Mariadb => {
            let listed = words(directive, "fields").unwrap_or_default();
            let columns = keys::columns(draft, &listed, findings)?;
            check_text(draft, &columns, findings);
            Some(Search::Columns(columns))
        }
    }
}

fn checked<'a>(name: Word<'a>, dialect: Dialect, findings: &mut Findings) -> Word<'a> {
    tables::check_name(name, dialect, findings);
    name
}

fn check_text(draft: &Draft<'_>, columns: &[usize], findings: &mut Findings) {
    let is_text = |column: &Column| column.scalar == Scalar::String && column.enumeration.is_none();
    let columns = columns.iter().map(|column| &draft.table.columns[*column]);
    for column in columns.filter(|column| !is_text(column)) {
        findings.add(draft.field_span(&column.field), || {
            let message = format!(
                "`{}` holds no text whose words could be found",
                column.field
            );
            Diagnostic::error("sdl.search", message).help("take it out of @search(fields:)")
        });
    }
}
