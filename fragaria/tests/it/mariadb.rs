//! MariaDB databases of one test each, made and dropped through the `mariadb` client.

use crate::database::Session;
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
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fragaria_{}_{number}", std::process::id());
        client("", &format!("CREATE DATABASE `{name}`"));
        Self { name }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        let server = server();
        let (front, _) = server.rsplit_once('/').unwrap();
        format!("{front}/{}", self.name)
    }

    /// Runs SQL and returns what it prints, with tabs between columns.
    pub(crate) fn sql(&self, sql: &str) -> String {
        client(&self.name, sql)
    }

    /// A connection that stays open.
    pub(crate) fn session(&self) -> Session {
        Session::over(command(&self.name).arg("--unbuffered"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        client("", &format!("DROP DATABASE IF EXISTS `{}`", self.name));
    }
}

/// The private server of this test run.
fn server() -> String {
    std::env::var("FRAGARIA_TEST_MARIADB").unwrap_or_else(|_| {
        panic!("FRAGARIA_TEST_MARIADB names no server: run the tests with `cargo xtask test`")
    })
}

/// Runs SQL in a database and returns what it prints.
fn client(database: &str, sql: &str) -> String {
    client_at(&server(), database, sql)
}

/// The same on a server of a test's own.
pub(crate) fn client_at(server: &str, database: &str, sql: &str) -> String {
    let mut child = command_at(server, database).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(sql.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "mariadb refuses: {}",
        sql.chars().take(200).collect::<String>()
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn command(database: &str) -> Command {
    command_at(&server(), database)
}

/// A client of a server of a test's own.
pub(crate) fn command_at(server: &str, database: &str) -> Command {
    let authority = server.split_once("://").unwrap().1.split('/').next();
    let (user, place) = authority.unwrap().rsplit_once('@').unwrap();
    let (host, port) = place.rsplit_once(':').unwrap();
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "--batch", "--skip-column-names"])
        .args(["--default-character-set=utf8mb4", "--protocol=tcp"])
        .args(["--host", host, "--port", port, "--user", user])
        .arg(format!("--password={password}"))
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    client
}
