//! MariaDB, on the server that `FRAGARIA_TEST_MARIADB` names; each test has its own database.

mod catalog;
mod crowded;
mod entering;
mod faults;
pub(crate) mod instance;
mod limits;
pub(crate) mod outside;
mod packing;
mod reading;
mod streaming;
mod writing;

use crate::postgres::open;
use model::Secret;
use outside::Outside;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Config, Database};

/// A database of its own on the test server, dropped at the end.
pub(crate) struct Scratch {
    server: String,
    name: String,
    /// Another connection, to look from outside.
    pub(crate) outside: Outside,
}

impl Scratch {
    /// A new database on the common server, set up with some SQL.
    pub(crate) fn new(setup: &str) -> Self {
        let server = std::env::var("FRAGARIA_TEST_MARIADB").unwrap_or_else(|_| {
            panic!("FRAGARIA_TEST_MARIADB names no server: run the tests with `cargo xtask test`")
        });
        Self::on(&server, setup)
    }

    /// The same on the server of that address.
    pub(crate) fn on(server: &str, setup: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fragaria_test_{}_{count}", std::process::id());
        let outside = Outside::connect(server);
        outside.run(&format!("CREATE DATABASE {name}; USE {name}"));
        outside.run(setup);
        Self {
            server: server.into(),
            name,
            outside,
        }
    }

    pub(crate) fn address(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            url: Secret::new(self.address()),
            ..Config::default()
        }
    }

    pub(crate) fn open(&self) -> Database {
        open(&self.config())
    }

    /// A number from another connection.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.outside.ask(sql).trim().parse().unwrap()
    }

    /// Waits until other connections make a number what it should be.
    pub(crate) async fn assert_soon(&self, expected: i64, sql: &str) {
        let wait = async {
            while self.number(sql) != expected {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await;
        assert!(waited.is_ok(), "never {expected}: {sql}");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // By a client of its own: the one outside may be in the middle of something, or hold it.
        self.outside.end();
        let own = Outside::connect_and_go_on(&self.server);
        let name = &self.name;
        let connections = own.ask(&format!(
            "SELECT id FROM information_schema.processlist WHERE db = '{name}'"
        ));
        for id in connections.lines() {
            own.run(&format!("KILL {id}"));
        }
        own.run(&format!("SET lock_wait_timeout = 20; DROP DATABASE {name}"));
    }
}

/// Connections to this database but the one that asks.
pub(crate) const CONNECTIONS: &str = "SELECT COUNT(*) FROM information_schema.processlist \
     WHERE db = DATABASE() AND id <> CONNECTION_ID()";

/// Sessions of this database that wait for a lock by name.
pub(crate) const WAITING_FOR_LOCKS: &str = "SELECT COUNT(*) FROM information_schema.processlist \
     WHERE db = DATABASE() AND state = 'User lock'";
