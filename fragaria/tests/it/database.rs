//! PostgreSQL databases of one test each, made and dropped through `psql`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

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

fn psql(url: &str, sql: &str) -> String {
    let mut psql = Command::new("psql");
    psql.args([url, "-qXAt", "-v", "ON_ERROR_STOP=1", "-f", "-"])
        .env("PGOPTIONS", "-c client_min_messages=warning");
    let mut child = psql
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(sql.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "psql refuses: {}",
        sql.chars().take(200).collect::<String>()
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
