//! A database that holds the shop, for the length of a run.

use super::progress;
use super::shop::{self, Shop};
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
    /// Its server, where it has one.
    pub(super) server: Option<Postgres>,
}

impl Database {
    /// Starts and fills one.
    pub(super) fn fill(shop: Shop, scratch: &Path) -> Result<Self> {
        progress(&format!("filling {}", shop.title()));
        match shop {
            Shop::Postgres => Self::postgres(),
            Shop::Sqlite => Self::sqlite(scratch),
        }
    }

    fn postgres() -> Result<Self> {
        let server = Postgres::start("bench", &[("max_connections", CONNECTIONS_MAX)])?;
        server.sql("postgres", "CREATE DATABASE shop")?;
        server.sql("shop", &shop::sql(Shop::Postgres))?;
        server.sql("shop", "VACUUM ANALYZE")?;
        server.sql("shop", "CHECKPOINT")?;
        let settings = server.sql("shop", shop::POSTGRES_SETTINGS)?;
        Ok(Self {
            url: server.url("shop"),
            told: format!("PostgreSQL {}", settings.trim().replace('\n', ", ")),
            server: Some(server),
        })
    }

    fn sqlite(scratch: &Path) -> Result<Self> {
        let file = scratch.join("shop.db");
        shop::fill_sqlite(&file)?;
        Ok(Self {
            url: format!("sqlite:{}", file.display()),
            told: "SQLite, in the server's process, every commit on the disk".to_owned(),
            server: None,
        })
    }
}
