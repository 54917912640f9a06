//! `cargo xtask start`: how soon a server with very many tables and roles answers, and what memory it takes.
//!
//! The artefact is what `fragaria compile` makes, the database a SQLite file with every table. Each table but the
//! first refers to the one before, and each role has rules of its own, which look at a claim. Asked is for one row by its
//! key, by somebody who holds one of the roles and shows an API key.

use super::progress;
use super::rounds::Rounds;
use super::usage::{self, Tree};
use crate::client::{Client, is_ready};
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::{packages, release, server as private};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

/// A server that is not ready by then will not be.
const READY_MAX: Duration = Duration::from_secs(120);

/// How often it is asked whether it is.
const PAUSE: Duration = Duration::from_millis(2);

/// How large a schema, and how often to start its server.
#[derive(Args)]
pub(crate) struct Options {
    /// Tables, each with eight columns
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tables: u32,
    /// Roles, each with a rule for every table
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    roles: u32,
    /// Starts; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Tables that are asked for after the first answer
    #[arg(long, default_value_t = 200)]
    further: u32,
    /// Make the project in this directory and leave it there; one that is there is measured again
    #[arg(long, value_name = "DIRECTORY")]
    project: Option<PathBuf>,
    /// A binary that is there, instead of that of `cargo xtask release`
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// What is found in each round.
#[derive(Default)]
struct Found {
    ready: Rounds,
    answer: Rounds,
    processor: Rounds,
    memory: Rounds,
    further: Rounds,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::SQLITE])?;
    let binary = match &options.binary {
        Some(binary) => binary.canonicalize()?,
        None => release::build()?,
    };
    let scratch = Scratch::create(None)?;
    let project = options.project.as_deref().unwrap_or(scratch.path());
    let artefact = project.join("fragaria.artefact.json");
    if !artefact.exists() {
        fs::create_dir_all(project)?;
        made(project, options)?;
        compile(&binary, project)?;
    }
    let key = key(&binary, project, options)?;
    println!(
        "the artefact has {} KiB",
        fs::metadata(artefact)?.len() / 1024
    );
    let mut found = Found::default();
    for round in 1..=options.rounds {
        process::proceed()?;
        progress(&format!("round {round} of {}", options.rounds));
        measure((&binary, project, &key), options, &mut found)?;
    }
    for (what, rounds, digits) in [
        ("seconds until it is ready", &found.ready, 3),
        ("seconds until the first answer", &found.answer, 3),
        ("seconds of processors by then", &found.processor, 2),
        ("MiB at most by then", &found.memory, 0),
        ("MiB after the further tables", &found.further, 0),
    ] {
        println!("{what:<32}{}", rounds.shown(digits));
    }
    Ok(ExitCode::SUCCESS)
}

/// Compiles a project, and tells what that takes.
fn compile(binary: &Path, project: &Path) -> Result<()> {
    progress("compiling");
    let spent = || usage::seconds(std::process::id(), Tree::WithChildren);
    let (start, before) = (Instant::now(), spent()?);
    process::read(Command::new(binary).arg("compile").arg(project))?;
    println!(
        "compiled in {:.1} s, {:.1} s of processors",
        start.elapsed().as_secs_f64(),
        spent()? - before
    );
    // Who serves has the artefact alone.
    Ok(fs::remove_dir_all(project.join(SCHEMA))?)
}

/// Starts a server, asks it, and stops it.
fn measure(
    (binary, project, key): (&Path, &Path, &str),
    options: &Options,
    found: &mut Found,
) -> Result<()> {
    let port = private::free_port()?;
    let log = File::create(private::log_file("start")?)?;
    let errors = log.try_clone()?;
    let start = Instant::now();
    let service = Service::start(binary, None, Stop::Gracefully, |command| {
        command
            .arg("serve")
            .arg(project)
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .args(["--set", "rates.rules=[]"])
            .stdout(log)
            .stderr(errors);
    })?;
    while !is_ready(port) {
        ensure!(start.elapsed() < READY_MAX, "it did not get ready");
        thread::sleep(PAUSE);
    }
    found.ready.0.push(start.elapsed().as_secs_f64());
    let answer = |table: u32| {
        let body = format!(
            "{{\"query\":\"query($id: Int!) {{ thing{table}(id: $id) {{ id tenantId name amount createdAt }} }}\",\
             \"variables\":{{\"id\":1}}}}"
        );
        let answer = Client::connect(port)?.with_key(key).ask(&body)?;
        ensure!(
            answer.contains("\"name\":\"a thing\""),
            "thing{table} is answered with {answer}"
        );
        Ok(())
    };
    answer(options.tables / 2)?;
    found.answer.0.push(start.elapsed().as_secs_f64());
    let process = service.id();
    found
        .processor
        .0
        .push(usage::seconds(process, Tree::Alone)?);
    found.memory.0.push(usage::peak_mib(process)?);
    for table in 0..options.further.min(options.tables) {
        answer(table)?;
    }
    found.further.0.push(usage::peak_mib(process)?);
    Ok(())
}

/// A key of somebody who holds one of the roles.
fn key(binary: &Path, project: &Path, options: &Options) -> Result<String> {
    let role = format!("role_{}", options.roles / 2);
    let mut create = Command::new(binary);
    create.args(["api-key", "create"]).arg(project);
    create.args(["--name", "start", "--role", &role, "--claims"]);
    let told = process::read(create.args(["{\"tenant\": 1}", "--no-expiry", "--json"]))?;
    let told: serde_json::Value = serde_json::from_str(&told)?;
    let key = told.get("key").and_then(serde_json::Value::as_str);
    key.map(str::to_owned).context("no key was made")
}

/// What a table has besides its columns: the one before it, and the rows of the one behind.
fn relations(table: u32, tables: u32) -> String {
    let parent = table.checked_sub(1).map(|parent| {
        format!("\n  parentId: Int\n  parent: Thing{parent} @relation(fields: [\"parentId\"])")
    });
    let child = table + 1;
    let children = (child < tables)
        .then(|| format!("\n  children: [Thing{child}!]! @relation(inverse: \"parent\")"));
    [parent, children].into_iter().flatten().collect()
}

/// Which rows of a table a role may read and change. No two roles have a rule in common; of a role's own, one in
/// four looks at the row that its row refers to.
fn rule(role: u32, table: u32) -> String {
    let own = "{tenantId: {eq: {claim: \"tenant\"}}";
    if table > 0 && (role + table).is_multiple_of(4) {
        format!("{{parent: {own}}}, amount: {{gte: {role}}}}}")
    } else {
        format!("{own}, amount: {{gte: {role}}}}}")
    }
}

/// Makes the project and its database.
fn made(project: &Path, options: &Options) -> Result<()> {
    let directory = project.join(SCHEMA);
    fs::create_dir(&directory)?;
    let mut schema = String::from("extend schema");
    for role in 0..options.roles {
        write!(schema, "\n  @role(name: \"role_{role}\")")?;
    }
    let mut sql = String::from("BEGIN;\n");
    for table in 0..options.tables {
        if table % FILE_TABLES == 0 {
            fs::write(
                directory.join(format!("{table}.graphql")),
                schema.split_off(0),
            )?;
        }
        write!(
            schema,
            "\n\ntype Thing{table} @table {{{COLUMNS}{}\n}}",
            relations(table, options.tables)
        )?;
        for role in 0..options.roles {
            write!(
                schema,
                "\nextend type Thing{table} @access(to: \"role_{role}\", allow: [READ, UPDATE], where: {})",
                rule(role, table)
            )?;
        }
        let parent = table.checked_sub(1).map_or(String::new(), |parent| {
            format!(", parentId integer REFERENCES thing{parent} (id)")
        });
        let refers = if table > 0 {
            (", parentId", ", 1")
        } else {
            ("", "")
        };
        writeln!(
            sql,
            "CREATE TABLE thing{table} (id integer PRIMARY KEY NOT NULL, tenantId integer NOT NULL, name text NOT NULL, \
             amount integer, price real, createdAt timestamp, note text, state text{parent});\n\
             INSERT INTO thing{table} (tenantId, name, amount{}) VALUES (1, 'a thing', 1000{});",
            refers.0, refers.1
        )?;
    }
    fs::write(directory.join("last.graphql"), schema)?;
    let settings = "[database]\nurl = \"sqlite:things.db\"\n[auth.api_keys]\nenabled = true\n";
    fs::write(project.join("fragaria.toml"), settings)?;
    let script = project.join("things.sql");
    fs::write(&script, sql + "COMMIT;\n")?;
    let read = format!(".read {}", script.display());
    let mut sqlite = Command::new("sqlite3");
    process::read(sqlite.arg("-bail").arg(project.join("things.db")).arg(read)).map(drop)
}

/// Where schema files are.
const SCHEMA: &str = "schema";

/// Tables of one file: the tokens of a file have a bound.
const FILE_TABLES: u32 = 500;

/// The columns of every table.
const COLUMNS: &str = "
  id: Int! @id
  tenantId: Int!
  name: String!
  amount: Int
  price: Float
  createdAt: DateTime
  note: String
  state: String";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_role_has_rules_of_its_own_and_every_table_a_neighbour() {
        let rules = |role| (0..8).map(move |table| rule(role, table));
        let all: BTreeSet<_> = (0..50).flat_map(rules).collect();
        assert_eq!(all.len(), 100);
        assert!(all.iter().all(|rule| rule.contains("claim")));
        assert!((0..8).all(|table| relations(table, 8).contains("@relation")));
    }
}
