//! `cargo xtask start`: how soon a server with very many tables and roles answers, and what memory it takes.
//!
//! The artefact is what `fragaria compile` makes, the database a SQLite file with every table. Asked is for
//! one row by its key, as somebody who holds one of the roles.

use super::progress;
use super::rounds::Rounds;
use super::usage::{self, Tree};
use crate::client::{Client, is_ready};
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::{packages, release, server as private};
use anyhow::{Result, ensure};
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
    let project = scratch.path();
    made(project, options)?;
    progress("compiling");
    let spent = || usage::seconds(std::process::id(), Tree::WithChildren);
    let (start, before) = (Instant::now(), spent()?);
    process::read(Command::new(&binary).arg("compile").arg(project))?;
    println!(
        "compiled in {:.1} s, {:.1} s of processors",
        start.elapsed().as_secs_f64(),
        spent()? - before
    );
    // Who serves has the artefact alone.
    fs::remove_dir_all(project.join(SCHEMA))?;
    let artefact = fs::metadata(project.join("fragaria.artefact.json"))?;
    println!("the artefact has {} KiB", artefact.len() / 1024);
    let mut found = Found::default();
    for round in 1..=options.rounds {
        process::proceed()?;
        progress(&format!("round {round} of {}", options.rounds));
        measure(&binary, project, options, &mut found)?;
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

/// Starts a server, asks it, and stops it.
fn measure(binary: &Path, project: &Path, options: &Options, found: &mut Found) -> Result<()> {
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
        let answer = Client::connect(port)?.ask(&body)?;
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
        write!(schema, "\n\ntype Thing{table} @table {{{COLUMNS}\n}}")?;
        for role in 0..options.roles {
            write!(
                schema,
                "\nextend type Thing{table} @access(to: \"role_{role}\", allow: [READ, UPDATE], where: {{tenantId: {{eq: 1}}}})"
            )?;
        }
        writeln!(
            sql,
            "CREATE TABLE thing{table} (id integer PRIMARY KEY NOT NULL, tenantId integer NOT NULL, name text NOT NULL, \
             amount integer, price real, createdAt timestamp, note text, state text);\n\
             INSERT INTO thing{table} (tenantId, name) VALUES (1, 'a thing');"
        )?;
    }
    fs::write(directory.join("last.graphql"), schema)?;
    let settings = "[database]\nurl = \"sqlite:things.db\"\n[auth]\nanonymous_role = \"role_0\"\n";
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
