//! Stage: the roles that callers hold, and those of the database that they act as.

use super::directive::{Word, word};
use super::findings::Findings;
use crate::sdl;
use apollo_compiler::Node;
use apollo_compiler::Schema as Document;
use apollo_compiler::ast::Directive;
use apollo_compiler::parser::SourceSpan;
use model::{Diagnostic, Dialect, Role};

/// Most roles of a schema; the columns of a caller's rights are found by walking through them.
const ROLES_MAX: usize = 1_000;

/// Longest name of a role of the database, in bytes (PostgreSQL documentation, section 4.1.1).
const DATABASE_BYTES_MAX: usize = 63;

/// The roles of a schema, in the order of their names, and where each stands.
pub(super) fn resolve(
    document: &Document,
    dialect: Dialect,
    findings: &mut Findings,
) -> (Vec<Role>, Vec<Option<SourceSpan>>) {
    let (mut roles, mut spans): (Vec<Role>, Vec<_>) = Default::default();
    for directive in directives(document) {
        let Some(name) = word(directive, "name") else {
            continue;
        };
        if let Some(problem) = unfit(name.text, &roles) {
            findings.add(name.span, || Diagnostic::error("sdl.role", problem));
            continue;
        }
        let database = word(directive, "database");
        if let Some(database) = database {
            check(database, dialect, findings);
        }
        roles.push(Role {
            name: name.text.to_owned(),
            description: word(directive, "description").map(|word| word.text.to_owned()),
            database: database.map(|word| word.text.to_owned()),
        });
        spans.push(directive.location());
    }
    all_or_none(document, findings);
    let mut placed: Vec<_> = roles.into_iter().zip(spans).collect();
    placed.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    placed.into_iter().unzip()
}

fn directives(document: &Document) -> impl Iterator<Item = &Node<Directive>> {
    let directives = document.schema_definition.directives.iter();
    let directives = directives.map(|directive| &directive.node);
    directives.filter(|directive| directive.name == "role")
}

/// Why a role cannot have that name, beside these.
fn unfit(name: &str, roles: &[Role]) -> Option<String> {
    let is_no_letter = |letter: char| letter.is_whitespace() || letter.is_control();
    if name.is_empty() || name.len() > 255 {
        Some("the name of a role has 1 to 255 bytes".to_owned())
    } else if name.chars().any(is_no_letter) {
        Some("the name of a role has no spaces: tokens list roles between them".to_owned())
    } else if roles.iter().any(|role| role.name == name) {
        Some(format!("the role `{}` is there already", sdl::clip(name)))
    } else if roles.len() >= ROLES_MAX {
        Some(format!("a schema has at most {ROLES_MAX} roles"))
    } else {
        None
    }
}

/// Refuses what is no role of a database that callers may act as.
fn check(database: Word<'_>, dialect: Dialect, findings: &mut Findings) {
    let problem = if dialect == Dialect::Postgres {
        unfit_in_database(database.text)
    } else {
        Some(format!(
            "only PostgreSQL has roles that callers act as, and the schema is for {dialect}"
        ))
    };
    let Some(problem) = problem else { return };
    findings.add(database.span, || {
        Diagnostic::error("sdl.role", problem)
            .help("name a role that CREATE ROLE made, or leave `database` out")
    });
}

/// Why no role of PostgreSQL that somebody made has that name. `none` would be the login itself.
pub(crate) fn unfit_in_database(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > DATABASE_BYTES_MAX {
        let most = DATABASE_BYTES_MAX;
        Some(format!(
            "the name of a role of PostgreSQL has 1 to {most} bytes"
        ))
    } else if name.chars().any(char::is_control) {
        Some("the name of a role of PostgreSQL has no control characters here".to_owned())
    } else if matches!(name, "none" | "public") || name.starts_with("pg_") {
        Some(format!("PostgreSQL keeps the name {name:?} for itself"))
    } else {
        None
    }
}

/// As soon as one role is one of the database, so must all be: whoever acts as the login is held to
/// no policy that is for others.
fn all_or_none(document: &Document, findings: &mut Findings) {
    let has = |directive: &Node<Directive>| word(directive, "database").is_some();
    let Some(acting) = directives(document).find(|directive| has(directive)) else {
        return;
    };
    let named = |directive: &Node<Directive>| {
        let name = word(directive, "name").map_or("", |word| word.text);
        sdl::clip(name)
    };
    for directive in directives(document).filter(|directive| !has(directive)) {
        findings.add(directive.location(), || {
            let message = format!(
                "the role `{}` acts as no role of the database, and `{}` does",
                named(directive),
                named(acting)
            );
            Diagnostic::error("sdl.role", message)
                .help("add `database: \"…\"` to it, or take it away from all roles")
        });
    }
}
