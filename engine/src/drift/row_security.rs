//! Row-level security: whether the policies of the database hold for those whom requests act as.

use crate::sdl;
use model::Relation;
use model::row_security::{Rows, Sight, Standing, Subject};
use model::schema::{Schema, Table};
use model::{Action, Diagnostic};
use std::collections::BTreeSet;

/// The code of warnings about tables that have no policies.
pub const UNPROTECTED: &str = "drift.unprotected";

/// The roles of the database that requests act as, by name.
pub fn acted_as(schema: &Schema) -> Vec<String> {
    let roles = schema
        .roles
        .iter()
        .filter_map(|role| role.database.as_ref());
    let roles: BTreeSet<_> = roles.cloned().collect();
    roles.into_iter().collect()
}

/// What the schema serves, in the order of its tables.
pub fn served(schema: &Schema) -> Vec<Relation> {
    let relation = |table: &Table| Relation {
        schema: table.schema.clone(),
        name: table.name.clone(),
    };
    schema.tables.iter().map(relation).collect()
}

/// Tells what keeps policies from holding for the login and the roles that requests act as, what
/// these lack, and, as warnings, which tables have no policies.
pub fn row_security(schema: &Schema, login: &Subject, roles: &[Subject]) -> Vec<Diagnostic> {
    let mut findings = of_subject(schema, login, "the user of the database");
    for role in roles {
        let who = format!("the role {:?} of the database", sdl::clip(&role.name));
        if role.standing == Standing::Barred {
            findings.push(barred(login, role));
        } else {
            findings.extend(of_subject(schema, role, &who));
        }
        if let Standing::Narrowed(theirs) = &role.standing {
            let ours = match &login.standing {
                Standing::Narrowed(ours) => ours.as_slice(),
                _ => &[],
            };
            findings.extend(of_names(schema, (role, &who), (ours, theirs)));
        }
    }
    findings.extend(unprotected(schema, roles));
    findings
}

/// What makes the database show one everything.
fn of_subject(schema: &Schema, subject: &Subject, who: &str) -> Vec<Diagnostic> {
    let name = quoted(&subject.name);
    let finding =
        |what: String, help: String| vec![Diagnostic::error("drift.row_security", what).help(help)];
    match &subject.standing {
        Standing::Superuser => finding(
            format!("{who} is a superuser, for whom no policy holds"),
            format!("ALTER ROLE {name} NOSUPERUSER, or take another one"),
        ),
        Standing::Bypasses => finding(
            format!("{who} has BYPASSRLS, so no policy holds for it"),
            format!("ALTER ROLE {name} NOBYPASSRLS, or take another one"),
        ),
        Standing::Barred => Vec::new(),
        Standing::Narrowed(sights) => {
            let tables = schema.tables.iter().zip(sights);
            let owned = tables.filter(|(_, sight)| sight.rows == Rows::Owned);
            owned.map(|(table, _)| of_owner(table, who)).collect()
        }
    }
}

fn of_owner(table: &Table, who: &str) -> Diagnostic {
    let message = format!(
        "{who} has the rights of the owner of the table of `{}`, for whom its policies do not hold",
        table.type_name
    );
    Diagnostic::error("drift.row_security", message)
        .help("ALTER TABLE … FORCE ROW LEVEL SECURITY, or give the table another owner")
        .about(&table.type_name)
}

fn barred(login: &Subject, role: &Subject) -> Diagnostic {
    let message = format!(
        "the user of the database cannot act as {:?}, or there is no such role",
        sdl::clip(&role.name)
    );
    let (role, login) = (quoted(&role.name), quoted(&login.name));
    Diagnostic::error("drift.database_role", message)
        .help(format!("CREATE ROLE {role}; GRANT {role} TO {login}"))
}

/// What names mean to a role that its callers read by the rules: the same tables, which it may read.
fn of_names(
    schema: &Schema,
    (role, who): (&Subject, &str),
    (ours, theirs): (&[Sight], &[Sight]),
) -> Vec<Diagnostic> {
    let is_acted = |index: &usize| schema.roles[*index].database.as_deref() == Some(&role.name);
    let held: Vec<_> = (0..schema.roles.len()).filter(is_acted).collect();
    let reads = |table: &Table| {
        let mut rules = table.access.iter();
        rules.any(|rule| rule.lets(&held, Action::Read))
    };
    let pairs = schema.tables.iter().zip(ours.iter().zip(theirs));
    let pairs = pairs.filter(|(table, _)| reads(table));
    let finding = |(table, (our, their)): (&Table, (&Sight, &Sight))| {
        let name = &table.type_name;
        let (message, help) = match their.relation {
            _ if our.relation.is_none() => return None,
            Some(_) if their.relation != our.relation => (
                format!("to {who} the name of the table of `{name}` means another one"),
                "name the schema, @table(schema: \"…\"), or mend the search_path of the database",
            ),
            Some(_) if their.is_readable => return None,
            _ => (
                format!("{who} may not read the table of `{name}`"),
                "GRANT USAGE on its schema, and SELECT on it",
            ),
        };
        let finding = Diagnostic::error("drift.denied", message);
        Some(finding.help(help).about(name))
    };
    pairs.filter_map(finding).collect()
}

/// Tables whose rows the database does not narrow; the rules hold for them alone.
fn unprotected(schema: &Schema, roles: &[Subject]) -> Vec<Diagnostic> {
    let narrowed = roles.iter().find_map(|role| match &role.standing {
        Standing::Narrowed(sights) => Some(sights),
        _ => None,
    });
    let sights = narrowed.into_iter().flatten();
    let pairs = schema.tables.iter().zip(sights);
    let finding = |(table, sight): (&Table, &Sight)| {
        let name = &table.type_name;
        let (what, help) = match sight.rows {
            Rows::All if sight.relation.is_some() => (
                format!("the table of `{name}` has no row security"),
                "ALTER TABLE … ENABLE ROW LEVEL SECURITY, if the database is to narrow its rows",
            ),
            Rows::OfOwner => (
                format!("the view of `{name}` shows what its owner may see"),
                "ALTER VIEW … SET (security_invoker = true) on PostgreSQL 15 or newer",
            ),
            Rows::Copied => (
                format!("`{name}` is a materialized view, which no policy narrows"),
                "let callers see it only if they may see all of it",
            ),
            Rows::All | Rows::Policies | Rows::Owned => return None,
        };
        let finding = Diagnostic::warning(UNPROTECTED, what);
        Some(finding.help(help).about(name))
    };
    pairs.filter_map(finding).collect()
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
