//! Constraints of which clients are told: whether they are there, and whether the database says
//! that it was they which refused a row.

use super::Pair;
use crate::sdl;
use model::catalog::Kind;
use model::{Diagnostic, Dialect};

pub(super) fn compare(pair: &Pair<'_>, findings: &mut Vec<Diagnostic>) {
    if pair.found.kind != Kind::Table {
        return;
    }
    for constraint in &pair.table.constraints {
        let mut there = pair.found.constraints.iter();
        let mut same = there.clone().filter(|found| found.name == constraint.name);
        let shown = sdl::clip(&constraint.name);
        if same.clone().next().is_none() {
            let message = format!(
                "the table of `{}` has no constraint {shown:?}",
                pair.table.type_name
            );
            let names = there.clone().map(|found| found.name.as_str());
            let near = sdl::nearest(&constraint.name, names);
            let help = match near.or_else(|| there.next().map(|found| found.name.as_str())) {
                Some(near) => format!("add it, or correct @constraint(name:); there is {near:?}"),
                None => "add it under that name, or take @constraint away".to_owned(),
            };
            findings.push(Diagnostic::error("drift.constraint", message).help(help));
        } else if same.any(|found| !found.told) {
            let message = format!(
                "{} does not tell when {shown:?} refuses a row",
                pair.schema.dialect
            );
            findings.push(
                Diagnostic::error("drift.constraint", message).help(untold(pair.schema.dialect)),
            );
        }
    }
}

/// What a database does not tell, and what to do.
fn untold(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "it names no foreign key, and unique keys by their columns: take @constraint away, or \
             leave one unique key of these columns"
        }
        Dialect::Postgres | Dialect::Mariadb => {
            "rows of a partition are refused under its own names: take @constraint away"
        }
    }
}
