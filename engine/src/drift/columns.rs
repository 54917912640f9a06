//! Columns: whether they are there, what they hold, and whether rows can still be written.

use super::{Pair, about, composites, enums};
use crate::names::folded;
use crate::{sdl, types};
use model::catalog::Kind;
use model::schema::{Column, Form};
use model::{Diagnostic, Dialect, catalog};
use std::collections::{HashMap, HashSet};

pub(super) fn compare(pair: &Pair<'_>, findings: &mut Vec<Diagnostic>) {
    let dialect = pair.schema.dialect;
    let there: HashMap<String, &catalog::Column> = pair
        .found
        .columns
        .iter()
        .map(|column| (folded(dialect, &column.name), column))
        .collect();
    let stored = pair.table.columns.iter();
    for column in stored.filter(|column| column.computed.is_none()) {
        let before = findings.len();
        match there.get(&folded(dialect, &column.name)) {
            Some(found) => Both {
                pair,
                column,
                found,
            }
            .compare(findings),
            None => findings.push(missing(pair, column)),
        }
        let part = format!("{}.{}", pair.table.type_name, column.field);
        about(&part, &mut findings[before..]);
    }
    if pair.table.writable {
        unmapped(pair, findings);
    }
}

/// A column of the schema and the one the database has.
struct Both<'a> {
    pair: &'a Pair<'a>,
    column: &'a Column,
    found: &'a catalog::Column,
}

impl Both<'_> {
    fn compare(&self, findings: &mut Vec<Diagnostic>) {
        let schema = self.pair.schema;
        match (self.column.enumeration, self.found.enumeration) {
            (Some(index), _) if schema.enums[index].name.is_some() => {
                findings.extend(self.enum_type(index));
            }
            // An enum that is declared with its column.
            (Some(index), Some(found)) if schema.dialect == Dialect::Mariadb => {
                let found = &self.pair.catalog.enums[found];
                enums::labels(&schema.enums[index], found, findings);
            }
            _ => match &self.column.form {
                Some(Form::Shape(index)) if schema.shapes[*index].composite.is_some() => {
                    findings.extend(self.composite_type(*index));
                }
                _ => findings.extend(self.native()),
            },
        }
        findings.extend(self.collation());
        findings.extend(self.nulls());
        if self.pair.table.writable {
            findings.extend(self.writes());
        }
    }

    fn at(&self) -> String {
        format!("`{}.{}`", self.pair.table.type_name, self.column.field)
    }

    fn enum_type(&self, index: usize) -> Option<Diagnostic> {
        let wanted = &self.pair.schema.enums[index];
        let dimensions = types::dimensions(self.pair.schema.dialect, &self.found.native);
        let found = self
            .found
            .enumeration
            .and_then(|found| self.pair.catalog.enums.get(found));
        let is_it = found.is_some_and(|found| Some(&found.name) == wanted.name.as_ref());
        if is_it && dimensions == usize::from(self.column.list) {
            return None;
        }
        let name = wanted.name.as_deref().unwrap_or_default();
        let what = if self.column.list { "a list of" } else { "the" };
        let message = format!(
            "{} is {} in the database, not {what} enum {name:?}",
            self.at(),
            self.found.native
        );
        Some(
            Diagnostic::error("drift.type", message)
                .help("run `fragaria init` to see the type it has now"),
        )
    }

    fn composite_type(&self, index: usize) -> Option<Diagnostic> {
        let shape = &self.pair.schema.shapes[index];
        let wanted = shape.composite.as_ref()?;
        let known = composites::find(wanted, self.pair.catalog);
        // A type that is not there at all is told once.
        if known.is_none() || known == self.found.composite {
            return None;
        }
        let message = format!(
            "{} is {} in the database, not the composite type {:?}",
            self.at(),
            self.found.native,
            wanted.name
        );
        Some(
            Diagnostic::error("drift.type", message)
                .help("run `fragaria init` to see the type it has now"),
        )
    }

    fn native(&self) -> Option<Diagnostic> {
        let (dialect, scalar) = (self.pair.schema.dialect, self.column.scalar);
        // SQLite does not tell the type of an expression in a view; the schema's word stands.
        if self.found.native.is_empty() && !self.pair.table.writable {
            return None;
        }
        let list = self.column.list;
        let usual = types::usual_column(dialect, scalar, list);
        let wanted = self.column.native.as_deref().unwrap_or(&usual);
        let found = types::read(dialect, &self.found.native)
            .filter(|_| self.found.enumeration.is_none() && self.found.composite.is_none());
        let message = format!(
            "{} is {} in the database, the schema has {wanted}",
            self.at(),
            self.found.native
        );
        let Some(found) = found.filter(|found| found.accepts(scalar, list)) else {
            return Some(
                Diagnostic::error("drift.type", message).help("change the field's type or `type:`"),
            );
        };
        let wanted = types::read(dialect, wanted)?;
        if found.text == wanted.text {
            return None;
        }
        let help = format!("write @column(type: \"{}\")", found.text);
        let finding = if found.is_alike(&wanted) {
            Diagnostic::warning("drift.type", message)
        } else {
            Diagnostic::error("drift.type", message)
        };
        Some(finding.help(help))
    }

    /// PostgreSQL matches no pattern under a nondeterministic collation: it fails at the first value
    /// it meets, which would tell of rows that are not seen.
    fn collation(&self) -> Option<Diagnostic> {
        let message = format!(
            "{} has a nondeterministic collation in the database: conditions with patterns would \
             fail on its values, and tell of rows that are not seen",
            self.at()
        );
        let help = "give the column a deterministic collation, or leave it out of the schema";
        self.found
            .nondeterministic
            .then(|| Diagnostic::error("drift.collation", message).help(help))
    }

    /// Databases do not say of views what is never null; there the schema is believed. SQLite lets
    /// keys be null when their declaration does not say NOT NULL, so that is only worth a look.
    fn nulls(&self) -> Option<Diagnostic> {
        if self.pair.found.kind != Kind::Table {
            return None;
        }
        let Column {
            nullable,
            defaulted,
            generated,
            ..
        } = *self.column;
        match (nullable, self.found.nullable) {
            (false, true) => {
                let message = format!("{} may be null in the database", self.at());
                let is_key = self.pair.found.primary_key.contains(&self.found.name);
                let finding = if is_key {
                    Diagnostic::warning("drift.nullable", message)
                } else {
                    Diagnostic::error("drift.nullable", message)
                };
                Some(finding.help("take the ! away, or declare the column NOT NULL"))
            }
            (true, false) if self.pair.table.writable && !defaulted && !generated => {
                let message = format!(
                    "{} is never null in the database; rows without it are refused",
                    self.at()
                );
                Some(
                    Diagnostic::warning("drift.not_null", message)
                        .help("make its type non-null with !"),
                )
            }
            _ => None,
        }
    }

    fn writes(&self) -> Option<Diagnostic> {
        let Column {
            nullable,
            defaulted,
            generated,
            ..
        } = *self.column;
        if self.found.generated && !generated {
            let message = format!(
                "{} is computed by the database and cannot be written",
                self.at()
            );
            return Some(Diagnostic::error("drift.generated", message).help("add @generated"));
        }
        if generated && !self.found.generated {
            let message = format!(
                "{} is not computed by the database, and nobody can write it",
                self.at()
            );
            return Some(
                Diagnostic::warning("drift.generated", message).help("take @generated away"),
            );
        }
        if defaulted && !nullable && self.found.default.is_none() {
            let message = format!(
                "{} has no default in the database; rows without it are refused",
                self.at()
            );
            return Some(Diagnostic::warning("drift.default", message).help("take @default away"));
        }
        None
    }
}

fn missing(pair: &Pair<'_>, column: &Column) -> Diagnostic {
    let message = format!(
        "the database has no column {:?} for `{}.{}`",
        sdl::clip(&column.name),
        pair.table.type_name,
        column.field
    );
    let names = pair.found.columns.iter().map(|column| column.name.as_str());
    let near = sdl::nearest(&column.name, names).map(|near| format!("did you mean {near:?}?"));
    Diagnostic::error("drift.missing_column", message)
        .help(near.unwrap_or_else(|| "add it, or correct @column(name:)".to_owned()))
}

/// Columns the schema leaves out and the database does not fill.
fn unmapped(pair: &Pair<'_>, findings: &mut Vec<Diagnostic>) {
    let dialect = pair.schema.dialect;
    let named: HashSet<String> = pair
        .table
        .columns
        .iter()
        .filter(|column| column.computed.is_none())
        .map(|column| folded(dialect, &column.name))
        .collect();
    for column in &pair.found.columns {
        let fills_itself = column.nullable || column.default.is_some() || column.generated;
        if !fills_itself && !named.contains(&folded(dialect, &column.name)) {
            let name = &pair.table.type_name;
            let message = format!(
                "the column {:?} of `{name}` is not in the schema and must be given: no row can be added",
                sdl::clip(&column.name)
            );
            findings.push(
                Diagnostic::warning("drift.unmapped", message)
                    .help("add a field for it, give it a default in the database, or use @view"),
            );
        }
    }
}
