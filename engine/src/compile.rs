//! From schema files to a schema: parsed and validated as GraphQL, then resolved stage by stage.

mod access;
mod caching;
mod choices;
mod columns;
mod computed;
mod constraints;
mod costs;
mod directive;
mod draft;
mod enums;
mod findings;
mod forms;
mod functions;
mod idle;
mod keys;
mod naming;
mod parse;
mod places;
mod relations;
mod roles;
mod scalars;
mod search;
mod shapes;
mod tables;
mod variants;

pub use places::{locate, part_of_role};
pub(crate) use roles::unfit_in_database;

use draft::Draft;
use findings::Findings;
use model::{Diagnostic, Dialect, Level, Place, Schema};
use std::sync::Arc;

/// A schema file.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, as the person named it.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A schema, and what somebody should know about it.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The resolved schema.
    pub schema: Schema,
    /// Findings that did not stop the work.
    pub warnings: Vec<Diagnostic>,
    /// Where each rule of each table stands.
    pub rules: Vec<Vec<Place>>,
}

/// Compiles schema files for a database language.
///
/// The order of the files and of the types in them does not matter to the result. On failure every
/// error that could be told apart comes back, by file and place, warnings among them.
pub fn compile(sources: &[Source], dialect: Dialect) -> Result<Compiled, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let schema = resolve(sources, dialect, &mut findings);
    let findings = findings.into_sorted(sources);
    let failed = findings.iter().any(|finding| finding.level == Level::Error);
    match schema {
        Some((schema, rules)) if !failed => Ok(Compiled {
            schema,
            warnings: findings,
            rules,
        }),
        _ => Err(findings),
    }
}

/// Each stage trusts what the ones before it have settled and goes on where they found errors, so
/// that one run finds as many as it can.
fn resolve(
    sources: &[Source],
    dialect: Dialect,
    findings: &mut Findings,
) -> Option<(Schema, Vec<Vec<Place>>)> {
    let document = parse::parse(sources, findings)?;
    let enums = enums::resolve(&document, dialect, findings);
    let scalars = scalars::resolve(&document, findings);
    let shapes = shapes::resolve(&document, &enums, dialect, findings);
    let families = variants::families(&document, findings);
    let unions = choices::unions(&document, findings);
    let definitions = variants::definitions(&document, &families, findings);
    let mut drafts = tables::resolve(&document, definitions, dialect, findings);
    columns::resolve(
        &mut drafts,
        (&families, &unions),
        (&enums, &scalars, &shapes),
        dialect,
        findings,
    );
    computed::resolve(&mut drafts, dialect, findings);
    keys::resolve(&mut drafts, findings);
    search::resolve(&mut drafts, dialect, findings);
    relations::resolve(&mut drafts, findings);
    constraints::resolve(&mut drafts, dialect, findings);
    costs::resolve(&document, &mut drafts, findings);
    caching::resolve(&document, &mut drafts, findings);
    let resolved = choices::resolve(&unions, &mut drafts, findings);
    variants::resolve(&families, &mut drafts, &enums, findings);
    let mut functions =
        functions::resolve(&document, &drafts, (&enums, &scalars), dialect, findings);
    naming::check(
        &drafts,
        (&families, &unions),
        (&enums, &scalars, &shapes),
        &functions,
        findings,
    );
    let (roles, held) = roles::resolve(&document, dialect, findings);
    let rules = access::resolve(&mut drafts, &mut functions, &roles, findings);
    let mut schema = Schema {
        dialect,
        tables: drafts.into_iter().map(Draft::into_table).collect(),
        enums: enums.into_iter().map(|draft| draft.enumeration).collect(),
        scalars: scalars.into_iter().map(|draft| draft.custom).collect(),
        unions: resolved,
        shapes: shapes.into_iter().map(|draft| draft.shape).collect(),
        functions: functions.into_iter().map(|draft| draft.function).collect(),
        roles,
    };
    if let Some(api) = access::check(&schema, &rules, findings) {
        access::tell_claims(&mut schema, &api);
        idle::check(&Arc::new(api), (&rules, &held), findings);
    }
    let places = access::places(&schema, &rules, findings);
    Some((schema, places))
}
