//! Conditions that no index serves, and tables that nobody counted.

use super::plans::{Looked, Planned};
use super::report::called;
use super::subject::Subject;
use crate::agreement;
use engine::{Asker, Blocked, Obstacle};
use model::{Diagnostic, Place, Schema, TableStatistics, Work};
use std::ops::Range;

/// What should be looked at besides indexes that lack.
pub(super) fn of(subject: &Subject, looked: &Looked, rows_min: u64) -> Vec<Diagnostic> {
    let mut findings = uncounted(subject, looked, rows_min);
    findings.extend(acting(&subject.edition.schema));
    findings.extend(rules(subject, looked, rows_min));
    for one in &looked.planned {
        findings.extend(document(subject, (looked, one), rows_min));
    }
    findings.dedup();
    agreement::placed(findings, &subject.texts)
}

/// A finding about who asks, at the document that does it.
pub(super) fn at_document(subject: &Subject, asker: &Asker, finding: Diagnostic) -> Diagnostic {
    let Asker::Document {
        hash, operation, ..
    } = asker
    else {
        return finding;
    };
    let Some((file, text)) = text(subject, hash) else {
        return finding;
    };
    let named = operation.as_deref().and_then(|name| named(text, name));
    finding.at(file, named.unwrap_or(0..1))
}

/// Where a text names an operation.
fn named(text: &str, operation: &str) -> Option<Range<usize>> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut found = text.match_indices(operation);
    found.find_map(|(start, name)| {
        let end = start + name.len();
        let (before, after) = (text.get(..start)?, text.get(end..)?);
        let is_whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        is_whole.then_some(start..end)
    })
}

fn statistics<'l>(
    schema: &Schema,
    looked: &'l Looked,
    table: usize,
) -> Option<&'l TableStatistics> {
    let table = &schema.tables[table];
    looked.statistics.of(table.schema.as_deref(), &table.name)
}

/// Large tables of which the database knows nothing: its plans are guesses.
fn uncounted(subject: &Subject, looked: &Looked, rows_min: u64) -> Vec<Diagnostic> {
    let schema = &subject.edition.schema;
    let tables = (0..schema.tables.len()).filter(|table| {
        let known = statistics(schema, looked, *table);
        known.is_some_and(|known| {
            !known.is_analysed && known.rows.is_none_or(|rows| rows >= rows_min)
        })
    });
    let finding = |table: usize| {
        let name = &schema.tables[table].name;
        let what =
            format!("{name} was never analysed, so what the database plans with it is a guess");
        let help =
            "let the database look at what its tables hold: ANALYZE; then ask for advice again";
        Diagnostic::warning("advise.statistics", what).help(help)
    };
    tables.map(finding).collect()
}

/// Plans are those of the login, and policies narrow what others see.
fn acting(schema: &Schema) -> Option<Diagnostic> {
    let mut roles = schema.roles.iter();
    roles.find(|role| role.database.is_some()).map(|role| {
        let what = "callers act as roles of the database, and plans are those of the login, without \
                    the policies that narrow its rows";
        let help = "look at the columns that policies compare yourself: they want an index too";
        let part = engine::part_of_role(&role.name);
        Diagnostic::warning("advise.acting", what)
            .help(help)
            .about(&part)
    })
}

/// Rules of large tables of which no condition is served by an index.
fn rules(subject: &Subject, looked: &Looked, rows_min: u64) -> Vec<Diagnostic> {
    let schema = &subject.edition.schema;
    let blocked = subject.edition.engine.blocked_rules();
    let findings = blocked.iter().filter_map(|rule| {
        let rows = statistics(schema, looked, rule.table)?.rows?;
        let first = rule.blocked.first().filter(|_| rows >= rows_min)?;
        let what = format!(
            "no index can serve this rule of {}: {}; all of about {rows} rows are looked at",
            schema.tables[rule.table].type_name,
            obstacle(schema, first)
        );
        let finding = Diagnostic::warning("advise.rule", what).help(mend(first.obstacle));
        let place = subject
            .rules
            .get(rule.table)
            .and_then(|rules| rules.get(rule.rule));
        Some(match place {
            Some(Place { file, span }) => finding.at(file, span.clone()),
            None => finding,
        })
    });
    findings.collect()
}

/// Conditions of a trusted document that no index serves, where all of a large table is read.
fn document(
    subject: &Subject,
    (looked, one): (&Looked, &Planned),
    rows_min: u64,
) -> Vec<Diagnostic> {
    let schema = &subject.edition.schema;
    let (Asker::Document { hash, .. }, asked) = (&one.asker, &one.asked) else {
        return Vec::new();
    };
    let is_read = |blocked: &&Blocked| {
        let rows = statistics(schema, looked, blocked.table).and_then(|known| known.rows);
        let mut nodes = one.plan.reading(&blocked.alias);
        let is_full = nodes.any(|node| matches!(node.work, Work::Scan | Work::Walk));
        !blocked.is_rule && is_full && rows.is_some_and(|rows| rows >= rows_min)
    };
    let finding = |blocked: &Blocked| {
        let what = format!(
            "no index can serve a condition of {}: {}",
            called(&one.asker),
            obstacle(schema, blocked)
        );
        let finding = Diagnostic::warning("advise.document", what).help(mend(blocked.obstacle));
        match place(subject, hash, blocked) {
            Some(Place { file, span }) => finding.at(file, span),
            None => finding,
        }
    };
    asked.blocked.iter().filter(is_read).map(finding).collect()
}

/// The file of a trusted document, and its text; none where an artefact is looked at.
fn text<'s>(subject: &'s Subject, hash: &str) -> Option<(&'s str, &'s str)> {
    let mut documents = subject.edition.engine.documents().iter();
    let document = documents.find(|known| known.hash.to_string() == hash)?;
    let mut texts = subject.texts.iter();
    let (file, text) = texts.find(|(_, text)| **text == document.text)?;
    Some((file, text))
}

/// Where a document says what is compared: the first place of the field, or of the document.
fn place(subject: &Subject, hash: &str, blocked: &Blocked) -> Option<Place> {
    let (file, text) = text(subject, hash)?;
    let columns = &subject.edition.schema.tables[blocked.table].columns;
    let field = blocked.column.map_or("", |column| &columns[column].field);
    let named = format!("{field}:");
    let start = text.find(&named).filter(|_| !field.is_empty()).unwrap_or(0);
    let end = start + if start > 0 { field.len() } else { 1 };
    Some(Place {
        file: file.to_owned(),
        span: start..end.min(text.len()),
    })
}

/// What keeps a condition from an index.
fn obstacle(schema: &Schema, blocked: &Blocked) -> String {
    let table = &schema.tables[blocked.table];
    let column = blocked.column.map_or(table.type_name.clone(), |column| {
        format!("{}.{}", table.type_name, table.columns[column].field)
    });
    match blocked.obstacle {
        Obstacle::Pattern => format!("a pattern is looked for anywhere in {column}"),
        Obstacle::Case => format!("{column} is compared whatever the case of its letters is"),
        Obstacle::Expression => {
            format!("{column} is compared as what an expression makes of it")
        }
        Obstacle::Columns => format!("{column} is compared with another column of the same row"),
        Obstacle::Alternatives => {
            format!(
                "one of several conditions must hold, and not each of them is about a column of {}",
                table.type_name
            )
        }
        Obstacle::Negation => format!("it says what {column} must not be"),
        Obstacle::Document => format!("it looks into what {column} holds"),
    }
}

/// What to do about it.
fn mend(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Pattern => {
            "compare with the whole value, or look for words by a full-text index (`search`)"
        }
        Obstacle::Case => {
            "store it in one case and compare by eq, or make an index of the lower case where the \
             database has such"
        }
        Obstacle::Expression => {
            "store what is compared in a column, a generated one say, and compare that"
        }
        Obstacle::Columns => {
            "store what the comparison comes to in a column, a generated one say, and compare that"
        }
        Obstacle::Alternatives => {
            "say each alternative in a rule or a request of its own, or keep what tells rows apart in \
             a column of this table"
        }
        Obstacle::Negation => "say which values it may be (`in`), or keep a column that tells",
        Obstacle::Document => {
            "keep what is looked for in a column of its own, or make an index for documents (GIN in \
             PostgreSQL)"
        }
    }
}
