//! A database that holds the shop, for the length of a run.

use super::progress;
use super::shop::{self, Shop};
use super::usage::{self, Tree};
use crate::mariadb::Mariadb;
use crate::postgres::Postgres;
use anyhow::Result;
use std::path::Path;

/// More than the clients of all who are measured.
const CONNECTIONS_MAX: &str = "400";

/// A filled database.
pub(super) struct Database {
    /// Where it is.
    pub(super) url: String,
    /// Its kind, version and settings.
    pub(super) told: String,
    server: Process,
}

/// What runs it.
enum Process {
    Postgres(Postgres),
    Mariadb(Mariadb),
    /// The server under test itself.
    None,
}

impl Database {
    /// Its server, where that is PostgreSQL and can be asked by pgbench.
    pub(super) fn postgres(&self) -> Option<&Postgres> {
        match &self.server {
            Process::Postgres(server) => Some(server),
            Process::Mariadb(_) | Process::None => None,
        }
    }

    /// Seconds of processor time its processes have used, where it has some of its own.
    pub(super) fn seconds(&self) -> Result<Option<f64>> {
        Ok(match &self.server {
            Process::Postgres(server) => Some(usage::seconds(server.id(), Tree::WithChildren)?),
            Process::Mariadb(server) => Some(usage::seconds(server.id(), Tree::Alone)?),
            Process::None => None,
        })
    }

    /// Its processes, where it has some of its own.
    pub(super) fn processes(&self) -> Result<Vec<u32>> {
        match &self.server {
            Process::Postgres(server) => usage::tree(server.id()),
            Process::Mariadb(server) => usage::tree(server.id()),
            Process::None => Ok(Vec::new()),
        }
    }

    /// Starts and fills one.
    pub(super) fn fill(shop: Shop, scratch: &Path) -> Result<Self> {
        progress(&format!("filling {}", shop.title()));
        match shop {
            Shop::Postgres => Self::fill_postgres(),
            Shop::Mariadb => Self::fill_mariadb(),
            Shop::Sqlite => Self::fill_sqlite(scratch),
        }
    }

    fn fill_postgres() -> Result<Self> {
        let server = Postgres::start("bench", &[("max_connections", CONNECTIONS_MAX)])?;
        server.sql("postgres", "CREATE DATABASE shop")?;
        server.sql("shop", &shop::sql(Shop::Postgres))?;
        server.sql("shop", "VACUUM ANALYZE")?;
        server.sql("shop", "CHECKPOINT")?;
        let settings = server.sql("shop", shop::POSTGRES_SETTINGS)?;
        Ok(Self {
            url: server.url("shop"),
            told: format!("PostgreSQL {}", settings.trim().replace('\n', ", ")),
            server: Process::Postgres(server),
        })
    }

    fn fill_mariadb() -> Result<Self> {
        let server = Mariadb::start("bench")?;
        server.sql("mysql", "CREATE DATABASE shop")?;
        server.sql("shop", &shop::sql(Shop::Mariadb))?;
        server.sql("shop", shop::MARIADB_ANALYZE)?;
        server.sql("shop", shop::MARIADB_DURABLE)?;
        let settings = server.sql("shop", shop::MARIADB_SETTINGS)?;
        Ok(Self {
            url: server.url("shop"),
            told: format!("MariaDB {}", settings.trim().replace('\t', ", ")),
            server: Process::Mariadb(server),
        })
    }

    fn fill_sqlite(scratch: &Path) -> Result<Self> {
        let file = scratch.join("shop.db");
        shop::fill_sqlite(&file)?;
        Ok(Self {
            url: format!("sqlite:{}", file.display()),
            told: "SQLite, in the server's process, every commit on the disk".to_owned(),
            server: Process::None,
        })
    }
}
