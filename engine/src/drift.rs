//! What serving a schema on a database would break, and what somebody should look at.

mod columns;
mod composites;
mod constraints;
mod enums;
mod functions;
mod row_security;
mod search;
mod trial;

pub use row_security::{UNPROTECTED, acted_as, row_security, served};
pub use trial::{Trial, trials};

use crate::names::folded;
use crate::sdl;
use model::catalog::{self, Catalog, Kind};
use model::schema::Table;
use model::{Diagnostic, Dialect, Schema};
use std::collections::{HashMap, HashSet};

/// Compares a schema with the database it is to be served on.
///
/// Empty when nothing is in the way; errors are what would fail, warnings what may. Tables and
/// columns that the schema does not name are no drift.
pub fn drift(schema: &Schema, catalog: &Catalog) -> Vec<Diagnostic> {
    if schema.dialect != catalog.dialect {
        let message = format!(
            "the schema is compiled for {}, the database is {}",
            schema.dialect, catalog.dialect
        );
        return vec![Diagnostic::error("drift.dialect", message)];
    }
    let index = Index::new(catalog);
    let mut findings = Vec::new();
    let mut missing = 0;
    for table in &schema.tables {
        let before = findings.len();
        if let Some(found) = index.table(table.schema.as_deref(), &table.name) {
            let pair = Pair {
                schema,
                catalog,
                table,
                found,
            };
            pair.compare(&mut findings);
        } else {
            missing += 1;
            findings.push(missing_table(table, catalog));
        }
        about(&table.type_name, &mut findings[before..]);
    }
    enums::compare(schema, catalog, &mut findings);
    composites::compare(schema, catalog, &mut findings);
    functions::compare(schema, catalog, &mut findings);
    if missing > 1 && missing == schema.tables.len() {
        findings.push(
            Diagnostic::error(
                "drift.missing_table",
                "the database has no table of the schema",
            )
            .help("the address may name another database than it should"),
        );
    }
    findings
}

/// Says which part of the schema findings are about that do not say it.
fn about(part: &str, findings: &mut [Diagnostic]) {
    for finding in findings {
        finding.about.get_or_insert_with(|| part.to_owned());
    }
}

/// A table of the schema and what the database has for it.
struct Pair<'a> {
    schema: &'a Schema,
    catalog: &'a Catalog,
    table: &'a Table,
    found: &'a catalog::Table,
}

impl Pair<'_> {
    fn compare(&self, findings: &mut Vec<Diagnostic>) {
        let name = &self.table.type_name;
        if self.table.writable && self.found.kind != Kind::Table {
            findings.push(
                Diagnostic::error("drift.view", format!("`{name}` is a view in the database"))
                    .help("use @view instead of @table, or point it at the table"),
            );
        }
        if !self.found.readable {
            let message = format!("the user of the database may not read the table of `{name}`");
            findings.push(Diagnostic::error("drift.denied", message).help("GRANT SELECT on it"));
        }
        columns::compare(self, findings);
        search::compare(self, findings);
        constraints::compare(self, findings);
        self.keys(findings);
    }

    /// Views have no keys in the database; there the schema is believed.
    fn keys(&self, findings: &mut Vec<Diagnostic>) {
        if self.found.kind != Kind::Table {
            return;
        }
        let dialect = self.schema.dialect;
        let fold = |names: &[String]| -> HashSet<String> {
            names.iter().map(|name| folded(dialect, name)).collect()
        };
        let theirs: Vec<_> = std::iter::once(&self.found.primary_key)
            .chain(&self.found.uniques)
            .filter(|key| !key.is_empty())
            .map(|key| fold(key))
            .collect();
        for key in std::iter::once(&self.table.key).chain(&self.table.uniques) {
            let columns = key.iter().map(|column| &self.table.columns[*column]);
            let names: Vec<String> = columns.clone().map(|column| column.name.clone()).collect();
            let is_unique = theirs.iter().any(|their| their.is_subset(&fold(&names)));
            if !key.is_empty() && !is_unique {
                let fields: Vec<_> = columns.map(|column| column.field.as_str()).collect();
                let (fields, name) = (fields.join(", "), &self.table.type_name);
                let message = format!("({fields}) of `{name}` is not unique in the database");
                findings.push(Diagnostic::error("drift.key", message).help(
                    "add a unique constraint to the database, or take the key out of the schema",
                ));
            }
        }
    }
}

/// The database's tables by what they are called.
struct Index<'a> {
    dialect: Dialect,
    tables: HashMap<(Option<&'a str>, String), &'a catalog::Table>,
}

impl<'a> Index<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let dialect = catalog.dialect;
        let tables = catalog
            .tables
            .iter()
            .map(|table| {
                (
                    (table.schema.as_deref(), folded(dialect, &table.name)),
                    table,
                )
            })
            .collect();
        Self { dialect, tables }
    }

    fn table(&self, schema: Option<&str>, name: &str) -> Option<&'a catalog::Table> {
        let find = |schema| {
            self.tables
                .get(&(schema, folded(self.dialect, name)))
                .copied()
        };
        in_schema(self.dialect, schema, find)
    }
}

/// What is found in a schema, also where the catalog leaves that one unnamed.
fn in_schema<'s, T>(
    dialect: Dialect,
    schema: Option<&'s str>,
    find: impl Fn(Option<&'s str>) -> Option<T>,
) -> Option<T> {
    find(schema).or_else(|| is_usual(dialect, schema).then(|| find(None)).flatten())
}

/// Where something of that name is, or which name was probably meant; of each that is known, its
/// schema and name.
fn meant<'n>(
    name: &str,
    mut known: impl Iterator<Item = (Option<&'n str>, &'n str)> + Clone,
) -> Option<String> {
    let names = known.clone().map(|(_, name)| name);
    match known.find(|(_, found)| *found == name) {
        Some((Some(schema), _)) => Some(format!("there is one in the schema {schema:?}")),
        Some((None, _)) => Some("there is one outside that schema".to_owned()),
        None => sdl::nearest(name, names).map(|near| format!("did you mean {near:?}?")),
    }
}

/// Whether the catalog leaves that schema unnamed, as the first on the search path.
fn is_usual(dialect: Dialect, schema: Option<&str>) -> bool {
    match dialect {
        Dialect::Sqlite => schema == Some("main"),
        Dialect::Postgres => schema == Some("public"),
        Dialect::Mariadb => false,
    }
}

fn missing_table(table: &Table, catalog: &Catalog) -> Diagnostic {
    let name = match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    };
    let message = format!(
        "the database has no table {:?} for `{}`",
        sdl::clip(&name),
        table.type_name
    );
    let known = catalog.tables.iter();
    let known = known.map(|found| (found.schema.as_deref(), found.name.as_str()));
    let directive = if table.writable { "@table" } else { "@view" };
    let mend = || format!("create it, or correct {directive}(name:, schema:)");
    Diagnostic::error("drift.missing_table", message)
        .help(meant(&table.name, known).unwrap_or_else(mend))
}
