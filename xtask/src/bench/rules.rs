//! `cargo xtask rules`: how long a schema with access rules of many roles takes to compile.
//!
//! Every role has rules of its own, so each is proved by itself: that takes nearly all of the time. What
//! is measured is the whole of `fragaria compile`, as somebody who runs it sees it.

use super::progress;
use super::rounds::Rounds;
use super::usage::{self, Tree};
use crate::scratch::Scratch;
use crate::{process, release};
use anyhow::Result;
use clap::Args;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Plain columns of each table.
const COLUMNS: usize = 8;

/// How large a schema, and how often to compile it.
#[derive(Args)]
pub(crate) struct Options {
    /// Roles, each with a rule for every table
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    roles: u32,
    /// Tables, each but the first with a parent among those before it
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    tables: u32,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let binary = release::build()?;
    let scratch = Scratch::create(None)?;
    let project = scratch.path();
    let settings = "[database]\nurl = \"sqlite:rules.db\"\n";
    fs::write(project.join("fragaria.toml"), settings)?;
    let schema = schema(options.roles as usize, options.tables as usize)?;
    fs::write(project.join("schema.graphql"), schema)?;
    let (mut seconds, mut processor) = (Rounds::default(), Rounds::default());
    for round in 0..=options.rounds {
        process::proceed()?;
        progress(&format!("round {round} of {}", options.rounds));
        let spent = || usage::seconds(std::process::id(), Tree::WithChildren);
        let (start, before) = (Instant::now(), spent()?);
        let told = process::read(Command::new(&binary).arg("compile").arg(project))?;
        if round == 0 {
            // Nobody's files are in memory before.
            println!("{}", told.lines().last().unwrap_or_default());
            continue;
        }
        seconds.0.push(start.elapsed().as_secs_f64());
        processor.0.push(spent()? - before);
    }
    for (what, rounds) in [("seconds", seconds), ("of processors", processor)] {
        println!("{what:<16}{}", rounds.shown(2));
    }
    Ok(ExitCode::SUCCESS)
}

/// Tables that lead to each other, and for each role rules that no other role has.
fn schema(roles: usize, tables: usize) -> Result<String> {
    let mut text = String::from("extend schema");
    for role in 0..roles {
        write!(text, "\n  @role(name: \"role_{role}\")")?;
    }
    let parents: Vec<_> = (0..tables).map(parent).collect();
    for table in 0..tables {
        write!(
            text,
            "\n\ntype Thing{table} @table {{\n  id: Int! @id\n  tenantId: Int!\n  amount: Int!\n"
        )?;
        for column in 0..COLUMNS {
            writeln!(text, "  c{column}: String")?;
        }
        if let Some(Some(parent)) = parents.get(table) {
            writeln!(
                text,
                "  parentId: Int!\n  parent: Thing{parent}! @relation(fields: [\"parentId\"])"
            )?;
        }
        for (child, parent) in parents.iter().enumerate() {
            if *parent == Some(table) {
                writeln!(
                    text,
                    "  children{child}: [Thing{child}!]! @relation(inverse: \"parent\")"
                )?;
            }
        }
        text.push('}');
        for role in 0..roles {
            let rule = rule(role, table);
            write!(
                text,
                "\nextend type Thing{table} @access(to: \"role_{role}\", {rule})"
            )?;
        }
    }
    text.push('\n');
    Ok(text)
}

/// The table that a table refers to.
fn parent(table: usize) -> Option<usize> {
    (table * 7 + 1).checked_rem(table)
}

/// What a role may do with a table: of ten tables it changes rows of its tenant in five, sees some rows
/// and columns of three, and all of two.
fn rule(role: usize, table: usize) -> String {
    match (role * 7 + table * 3) % 10 {
        0..5 => {
            "allow: [READ, CREATE, UPDATE, DELETE], where: {tenantId: {eq: {claim: \"tenant\"}}}"
                .to_owned()
        }
        5..8 => {
            let hidden = role % COLUMNS;
            format!("allow: READ, where: {{amount: {{gt: {role}}}}}, except: [\"c{hidden}\"]")
        }
        _ => "allow: READ".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_role_has_rules_of_its_own() {
        let of = |role| (0..60).map(|table| rule(role, table)).collect::<Vec<_>>();
        let all: BTreeSet<_> = (0..24).map(of).collect();
        assert_eq!(all.len(), 24);
    }
}
