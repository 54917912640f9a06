//! Projects in temporary directories, made by the binary itself from a SQLite database.

use crate::server::{Server, binary};
use std::path::PathBuf;
use std::process::Output;
use tempfile::TempDir;

/// A table of a few rows, and one that can be made long.
const TABLES: &str = "
    CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price INTEGER);
    INSERT INTO product VALUES (1, 'Strawberry', 3), (2, 'Raspberry', 4), (3, 'Blackberry', NULL);
    CREATE TABLE reading (id INTEGER PRIMARY KEY, note TEXT NOT NULL);";

/// Rows whose answer is larger than what sockets and buffers take in.
pub(crate) const MANY: usize = 200_000;

/// A project that removes itself.
pub(crate) struct Project {
    home: TempDir,
}

impl Project {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        Self {
            home: TempDir::new().unwrap(),
        }
    }

    /// A compiled project with a few products.
    pub(crate) fn small() -> Self {
        let project = Self::database(TABLES);
        project.run(&["init", "--from", "sqlite:shop.db"]);
        project.run(&["compile"]);
        project
    }

    /// The same with many readings.
    pub(crate) fn large() -> Self {
        let project = Self::small();
        project.sql(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
             INSERT INTO reading SELECT i, printf('%0120d', i) FROM n"
        ));
        project
    }

    /// A compiled project on a PostgreSQL database.
    pub(crate) fn on(url: &str) -> Self {
        let project = Self::empty();
        project.run(&["init", "--from", url]);
        project.run(&["compile"]);
        project
    }

    /// A directory with a database and nothing else.
    pub(crate) fn database(sql: &str) -> Self {
        let project = Self::empty();
        project.sql(sql);
        project
    }

    /// Runs SQL on the database, on a connection of its own.
    pub(crate) fn sql(&self, sql: &str) {
        let database = rusqlite::Connection::open(self.path("shop.db")).unwrap();
        database.execute_batch(sql).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Says in `fragaria.toml` where the database is.
    pub(crate) fn configure(&self, url: &str) {
        self.write("fragaria.toml", &format!("[database]\nurl = \"{url}\"\n"));
    }

    /// Runs the binary in the directory, whatever comes of it.
    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        binary()
            .args(arguments)
            .current_dir(self.home.path())
            .output()
            .unwrap()
    }

    /// Runs the binary in the directory, and returns what it answers.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the binary in the directory, and returns why it fails.
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            told(&output)
        );
        told(&output)
    }

    /// How many connections to PostgreSQL its server may have, as it is configured.
    pub(crate) fn connections_max(&self) -> u64 {
        let told = self.run(&["config", "--json"]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        ["light", "bounded", "exclusive"]
            .iter()
            .map(|kind| format!("database.postgres.{kind}_connections"))
            .map(|key| told[key]["value"].as_u64().unwrap())
            .sum()
    }

    /// Serves it; each setting is `key=value`.
    pub(crate) fn serve(&self, settings: &[&str]) -> Server {
        self.start("serve", settings)
    }

    /// Serves it while it is edited.
    pub(crate) fn dev(&self, settings: &[&str]) -> Server {
        self.start("dev", settings)
    }

    /// Serves it to other machines.
    pub(crate) fn serve_at(&self, listen: &str, settings: &[&str]) -> Server {
        self.start_at(&["serve", ".", "--listen", listen], settings)
    }

    fn start(&self, verb: &str, settings: &[&str]) -> Server {
        self.start_at(&[verb, "."], settings)
    }

    fn start_at(&self, words: &[&str], settings: &[&str]) -> Server {
        let mut command = binary();
        command.current_dir(self.home.path()).args(words);
        for setting in settings {
            command.args(["--set", setting]);
        }
        Server::start(&mut command)
    }
}

/// What a command told beside its answer.
pub(crate) fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
