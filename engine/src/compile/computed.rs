//! Stage: fields that an expression of the database computes from the columns of their row.

mod fragment;

use super::directive::{Word, word};
use super::draft::{Draft, Slot};
use super::findings::Findings;
use crate::sdl;
use apollo_compiler::Node;
use apollo_compiler::ast::{Directive, FieldDefinition};
use fragment::Fragment;
use model::schema::Piece;
use model::{Diagnostic, Dialect, Scalar};

/// Directives about what is stored, which an expression is not.
const STORED: [&str; 5] = ["id", "unique", "default", "generated", "version"];

pub(super) fn resolve(drafts: &mut [Draft<'_>], dialect: Dialect, findings: &mut Findings) {
    for draft in drafts {
        let fields: Vec<_> = draft.node.fields.values().copied().collect();
        for field in fields {
            let Some(directive) = field.directives.get("computed") else {
                continue;
            };
            let Some(Slot::Column(index)) = draft.slots.get(field.name.as_str()).copied() else {
                continue;
            };
            check_stored(field, findings);
            // What is no expression has been reported, so that nothing is made of the schema.
            let sql = word(directive, "sql");
            let expression = sql.and_then(|text| pieces(draft, text, dialect, findings));
            let column = &mut draft.table.columns[index];
            if column.native.is_none() {
                check_exact(field, column.scalar, dialect, findings);
            }
            if expression.is_some() {
                column.computed = expression;
            }
        }
    }
}

/// Refuses the directives of a stored column beside an expression.
fn check_stored(field: &Node<FieldDefinition>, findings: &mut Findings) {
    let named = |directive: &&Node<Directive>| {
        directive.name == "column" && word(directive, "name").is_some()
    };
    let stored = STORED
        .iter()
        .filter_map(|name| field.directives.get(name))
        .chain(field.directives.get("column").filter(named));
    for directive in stored {
        findings.add(directive.location(), || {
            let message = format!(
                "@{} belongs to a stored column, and `{}` is computed",
                directive.name, field.name
            );
            Diagnostic::error("sdl.misplaced_directive", message)
                .help("leave it out; of @column only `type:` says something about an expression")
        });
    }
}

/// SQLite has no decimals of its own: what it computes passes through a float.
fn check_exact(
    field: &Node<FieldDefinition>,
    scalar: Scalar,
    dialect: Dialect,
    findings: &mut Findings,
) {
    if dialect == Dialect::Sqlite && scalar == Scalar::Decimal {
        findings.warn(field.name.location(), || {
            let message = format!(
                "`{}` is computed by SQLite, which calculates with floats of about 15 digits",
                field.name
            );
            Diagnostic::warning("sdl.binary_decimal", message)
                .help("store the value, or declare the field as Float")
        });
    }
}

/// The text of an expression, its fields resolved; reports what is wrong with it.
fn pieces(
    draft: &Draft<'_>,
    sql: Word<'_>,
    dialect: Dialect,
    findings: &mut Findings,
) -> Option<Vec<Piece>> {
    let fragments = match fragment::read(sql.text, dialect) {
        Ok(fragments) => fragments,
        Err(message) => {
            findings.add(sql.span, || {
                Diagnostic::error("sdl.expression", message)
                    .help("write one expression as it stands in a SELECT, and columns as {field}")
            });
            return None;
        }
    };
    let mut pieces = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        pieces.push(match fragment {
            Fragment::Text(text) => Piece::Text(text),
            Fragment::Field(name) => Piece::Column(stored(draft, name, sql, findings)?),
        });
    }
    Some(pieces)
}

/// The stored column a field of the expression stands for.
fn stored(draft: &Draft<'_>, name: &str, sql: Word<'_>, findings: &mut Findings) -> Option<usize> {
    let (shown, what) = (sdl::clip(name), draft.name());
    let (message, help) = match draft.column(name) {
        Some((index, column)) if column.computed.is_none() => return Some(index),
        Some(_) => (
            format!("`{shown}` is computed itself"),
            Some("write its expression out".to_owned()),
        ),
        None => (
            format!("`{what}` has no column with the field `{shown}`"),
            sdl::did_you_mean(name, draft.column_fields()),
        ),
    };
    findings.add(sql.span, || Diagnostic {
        help,
        ..Diagnostic::error("sdl.expression", message)
    });
    None
}
