//! Full-text indexes: whether they are there, and whether a search would use one.

use super::Pair;
use crate::names::folded;
use crate::sdl;
use model::Diagnostic;
use model::catalog::Kind;
use model::schema::Search;
use std::collections::HashSet;

pub(super) fn compare(pair: &Pair<'_>, findings: &mut Vec<Diagnostic>) {
    let Some(search) = &pair.table.search else {
        return;
    };
    match search {
        Search::Vector {
            column,
            configuration,
        } => vector(pair, column, configuration, findings),
        Search::Table(name) => {
            if find(pair, name).is_none() {
                let what = format!("table {:?} of FTS5 with its content", sdl::clip(name));
                findings.push(missing(pair, &what));
            }
        }
        Search::Columns(columns) => {
            let columns = columns.iter().map(|column| &pair.table.columns[*column]);
            let wanted: HashSet<&str> =
                columns.clone().map(|column| column.name.as_str()).collect();
            let is_it = |found: &model::catalog::Search| {
                found
                    .columns
                    .iter()
                    .map(String::as_str)
                    .collect::<HashSet<_>>()
                    == wanted
            };
            if !pair.found.searches.iter().any(is_it) {
                let fields: Vec<_> = columns.map(|column| column.field.as_str()).collect();
                let what = format!("FULLTEXT index of just ({})", fields.join(", "));
                findings.push(missing(pair, &what));
            }
        }
    }
}

fn find<'a>(pair: &Pair<'a>, name: &str) -> Option<&'a model::catalog::Search> {
    let dialect = pair.schema.dialect;
    let wanted = folded(dialect, name);
    let mut searches = pair.found.searches.iter();
    searches.find(|found| {
        let name = found.name.as_deref().unwrap_or_default();
        folded(dialect, name) == wanted
    })
}

fn vector(pair: &Pair<'_>, column: &str, configuration: &str, findings: &mut Vec<Diagnostic>) {
    let Some(found) = find(pair, column) else {
        let what = format!("column {:?} of type tsvector", sdl::clip(column));
        return findings.push(missing(pair, &what));
    };
    let name = &pair.table.type_name;
    let known = &found.configurations;
    let plain = configuration.strip_prefix("pg_catalog.");
    if !known
        .iter()
        .any(|known| known == plain.unwrap_or(configuration))
    {
        let shown = sdl::clip(configuration);
        let message =
            format!("the database has no text search configuration {shown:?} for `{name}`");
        let near = sdl::nearest(configuration, known.iter().map(String::as_str));
        findings.push(Diagnostic {
            help: near.map(|near| format!("did you mean {near:?}?")),
            ..Diagnostic::error("drift.search", message)
        });
    }
    if pair.found.kind == Kind::Table && !found.indexed {
        let message = format!("no index finds the words of `{name}`; a search looks at each row");
        findings.push(Diagnostic::warning("drift.search", message).help(format!(
            "create an index: USING gin ({})",
            sdl::clip(column)
        )));
    }
}

fn missing(pair: &Pair<'_>, what: &str) -> Diagnostic {
    let name = &pair.table.type_name;
    Diagnostic::error(
        "drift.search",
        format!("the database has no {what} for `{name}`"),
    )
    .help("create it, or correct @search")
}
