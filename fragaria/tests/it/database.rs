//! PostgreSQL databases of one test each, made and dropped through `psql`.

use crate::client::PATIENCE;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

/// A database that drops itself.
pub(crate) struct Database {
    name: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// An empty database.
    pub(crate) fn empty() -> Self {
        Self::create("")
    }

    /// A copy of another one, which nobody may be connected to.
    pub(crate) fn copy(of: &Self) -> Self {
        Self::create(&format!(" TEMPLATE \"{}\"", of.name))
    }

    fn create(clause: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fragaria_{}_{number}", std::process::id());
        psql(&server(), &format!("CREATE DATABASE \"{name}\"{clause}"));
        Self { name }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        let server = server();
        let (front, _) = server.rsplit_once('/').unwrap();
        format!("{front}/{}", self.name)
    }

    /// Runs SQL and returns what it prints, unaligned.
    pub(crate) fn sql(&self, sql: &str) -> String {
        psql(&self.url(), sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        psql(&server(), &drop);
    }
}

/// The private server of this test run.
fn server() -> String {
    std::env::var("FRAGARIA_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("FRAGARIA_TEST_POSTGRES names no server: run the tests with `cargo xtask test`")
    })
}

/// Runs SQL and returns what it prints, unaligned.
pub(crate) fn psql(url: &str, sql: &str) -> String {
    let mut child = command(url).args(["-f", "-"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(sql.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "psql refuses: {}",
        sql.chars().take(200).collect::<String>()
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn command(url: &str) -> Command {
    let mut psql = Command::new("psql");
    psql.args([url, "-qXAt", "-v", "ON_ERROR_STOP=1"])
        .env("PGOPTIONS", "-c client_min_messages=warning")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    psql
}

/// A connection of the tests' own that stays open, and holds what it locks.
pub(crate) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Connects.
    pub(crate) fn open(url: &str) -> Self {
        Self::over(&mut command(url))
    }

    /// Connects with a client that reads statements and prints what they give.
    pub(crate) fn over(client: &mut Command) -> Self {
        let mut child = client.spawn().unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Runs a statement whose answer is one line, and returns it.
    pub(crate) fn sql(&mut self, sql: &str) -> String {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{sql};\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the session ended at: {sql}");
        line.trim_end().to_owned()
    }

    /// Asks until the answer is that one.
    pub(crate) fn until(&mut self, expected: &str, sql: &str) {
        let start = Instant::now();
        loop {
            let answer = self.sql(sql);
            if answer == expected {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{sql} stays {answer:?}");
            thread::yield_now();
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        self.child.wait().unwrap();
    }
}
