//! `cargo xtask test`: every test, on private databases, with the counts at the end.

mod checks;
mod counts;

use crate::mariadb::Mariadb;
use crate::pooler::Pooler;
use crate::postgres::Postgres;
use crate::redis::Redis;
use crate::{house, packages, process, vector};
use anyhow::{Result, bail};
use checks::Checks;
use clap::Args;
use counts::{Counts, Reader};
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// What to test.
#[derive(Args, Default)]
pub(crate) struct Selection {
    /// Only this room; may be given more than once
    #[arg(long = "room", value_name = "ROOM")]
    rooms: Vec<String>,
    /// Given to the test binaries: a part of a test's name, `--nocapture`, …
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the tests; the last line of output is the counts.
pub(crate) fn run(selection: &Selection) -> Result<ExitCode> {
    let counts = run_with(selection, &[])?;
    println!("{counts}");
    Ok(counts.exit_code())
}

/// Runs the tests with further variables in their environment.
pub(crate) fn run_with(selection: &Selection, variables: &[(&str, OsString)]) -> Result<Counts> {
    let rooms = selection.packages()?;
    ensure()?;
    let checks = if selection.takes("fragaria") {
        Checks::prepare()?
    } else {
        None
    };
    let services = Services::start()?;
    let mut command = Command::new("cargo");
    command
        .current_dir(house::root()?)
        .args(["test", "--no-fail-fast"])
        .args(rooms);
    command.arg("--").args(&selection.rest);
    services.tell(&mut command);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    if let Some(checks) = &checks {
        checks.tell(&mut command)?;
    }
    let mut counts = run_cargo(&mut command)?;
    if let Some(checks) = checks.filter(|_| selection.rest.is_empty()) {
        let more = checks.run(&services, variables)?;
        counts.passed += more.passed;
        counts.failed += more.failed;
    }
    if counts == Counts::default() {
        println!("error: no test ran");
    }
    Ok(counts)
}

impl Selection {
    /// One test of a room, which may tell how far it is.
    pub(crate) fn one(room: &str, test: &str) -> Self {
        Self {
            rooms: vec![room.to_owned()],
            rest: vec![test.to_owned(), "--nocapture".to_owned()],
        }
    }

    /// Which packages cargo is to take, as it is told.
    pub(crate) fn packages(&self) -> Result<Vec<String>> {
        packages_of(&self.rooms)
    }

    fn takes(&self, room: &str) -> bool {
        self.rooms.is_empty() || self.rooms.iter().any(|own| own == room)
    }
}

/// Installs what the tests need.
fn ensure() -> Result<()> {
    packages::ensure(&[
        packages::POSTGRES,
        packages::POSTGIS,
        packages::PGBOUNCER,
        packages::MARIADB,
        packages::REDIS,
        packages::CURL,
        packages::OPENSSL,
    ])
}

/// What tests of the binary stand on, wherever they are built.
pub(crate) struct Ground {
    services: Services,
    checks: Option<Checks>,
}

impl Ground {
    pub(crate) fn prepare() -> Result<Self> {
        ensure()?;
        Ok(Self {
            checks: Checks::prepare()?,
            services: Services::start()?,
        })
    }

    /// Tells a command where it all is.
    pub(crate) fn tell(&self, command: &mut Command) -> Result<()> {
        self.services.tell(command);
        match &self.checks {
            Some(checks) => checks.tell(command),
            None => Ok(()),
        }
    }
}

/// The private servers the tests use.
struct Services {
    postgres: Postgres,
    pooler: Pooler,
    mariadb: Mariadb,
    redis: Redis,
    vector: Option<Postgres>,
}

impl Services {
    fn start() -> Result<Self> {
        let postgres = Postgres::start(
            "test",
            &[
                ("fsync", "off"),
                ("synchronous_commit", "off"),
                ("full_page_writes", "off"),
                ("max_connections", "200"),
                // Tests count the statements that reach the database.
                ("shared_preload_libraries", "pg_stat_statements"),
            ],
        )?;
        postgres.sql("template1", "CREATE EXTENSION pg_stat_statements")?;
        postgres.sql("postgres", "CREATE EXTENSION pg_stat_statements")?;
        let pooler = Pooler::start(&postgres)?;
        Ok(Self {
            postgres,
            pooler,
            mariadb: Mariadb::start("test")?,
            redis: Redis::start("test")?,
            vector: vector::start()?,
        })
    }

    /// Tells a command where the servers are.
    fn tell(&self, command: &mut Command) {
        command.env("FRAGARIA_TEST_POSTGRES", self.postgres.url("postgres"));
        command.env("FRAGARIA_TEST_PGBOUNCER", self.pooler.url("postgres"));
        command.env("FRAGARIA_TEST_MARIADB", self.mariadb.url("mysql"));
        command.env("FRAGARIA_TEST_REDIS", self.redis.url());
        if let Some(vector) = &self.vector {
            command.env("FRAGARIA_TEST_VECTOR", vector.url("postgres"));
        }
    }
}

fn packages_of(rooms: &[String]) -> Result<Vec<String>> {
    if rooms.is_empty() {
        return Ok(vec!["--workspace".to_owned()]);
    }
    let mut selection = Vec::new();
    for room in rooms {
        if house::tier(room).is_none() && room != house::SERVICE {
            bail!(
                "there is no room named {room}; the rooms are {}",
                house::TIERS.concat().join(", ")
            );
        }
        selection.extend(["--package".to_owned(), house::package(room)]);
    }
    Ok(selection)
}

/// Streams the output of `cargo test`, and adds up what it reports.
fn run_cargo(command: &mut Command) -> Result<Counts> {
    let mut reader = Reader::default();
    let status = process::stream(command, |line| {
        println!("{line}");
        reader.line(line);
    })?;
    let mut counts = reader.finish();
    if !status.success() && counts.failed == 0 {
        println!("error: `cargo test` ended with {status} and no failed test: see above");
        counts.failed = 1;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_room_is_refused_by_name() {
        let error = packages_of(&["cellar".to_owned()]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no room named cellar"),
            "{error}"
        );
    }

    #[test]
    fn rooms_are_tested_by_their_packages() {
        let rooms = packages_of(&["engine".to_owned(), "xtask".to_owned()]).unwrap();
        assert_eq!(
            rooms,
            ["--package", "fragaria-engine", "--package", "xtask"]
        );
    }

    #[test]
    fn a_failure_without_a_failed_test_counts() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test result: ok. 2 passed; 0 failed'; exit 101"]);
        let counts = run_cargo(&mut command).unwrap();
        assert_eq!(
            counts,
            Counts {
                passed: 2,
                failed: 1
            }
        );
    }
}
