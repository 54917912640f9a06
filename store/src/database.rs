//! The one door to a database, whichever it is.

use crate::metrics::Metrics;
use crate::{Config, Error, Failure, Reply, dialect, mariadb, postgres, sqlite};
use model::metric::Registry;
use model::{Argument, Catalog, Dialect, Script, Weight};
use std::sync::Arc;

/// A database: its pools, queues and caches; clones share them.
#[derive(Clone)]
pub struct Database(Arc<Backend>);

enum Backend {
    Sqlite(Box<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
    Mariadb(Box<mariadb::Mariadb>),
}

impl Database {
    /// Reads the address and makes ready to connect; the database need not be up.
    pub fn open(config: &Config, registry: &mut Registry) -> Result<Self, Error> {
        let metrics = Metrics::register(registry);
        let backend = match dialect(&config.url) {
            Some(Dialect::Sqlite) => {
                Backend::Sqlite(Box::new(sqlite::Sqlite::open(config, metrics)?))
            }
            Some(Dialect::Postgres) => {
                Backend::Postgres(Box::new(postgres::Postgres::open(config, metrics)?))
            }
            Some(Dialect::Mariadb) => {
                Backend::Mariadb(Box::new(mariadb::Mariadb::open(config, metrics)?))
            }
            None => return Err(unsupported(config.url.expose())),
        };
        Ok(Self(Arc::new(backend)))
    }

    /// The language it speaks.
    pub fn dialect(&self) -> Dialect {
        match &*self.0 {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
            Backend::Mariadb(_) => Dialect::Mariadb,
        }
    }

    /// What it holds now.
    pub async fn catalog(&self) -> Result<Catalog, Error> {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.catalog().await,
            Backend::Postgres(postgres) => postgres.catalog().await,
            Backend::Mariadb(mariadb) => mariadb.catalog().await,
        }
    }

    /// Runs a script, one list of arguments for each step, and gives the JSON text of `data`.
    ///
    /// Reads see one snapshot; writes are one transaction, committed before the reply is given.
    pub async fn run(
        &self,
        script: Arc<Script>,
        arguments: Vec<Vec<Argument>>,
        weight: Weight,
    ) -> Result<Reply, Failure> {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.run(script, arguments, weight).await,
            Backend::Postgres(postgres) => postgres.run(script, arguments, weight).await,
            Backend::Mariadb(mariadb) => mariadb.run(script, arguments, weight).await,
        }
    }

    /// Whether it answers: a real round trip.
    pub async fn check(&self) -> Result<(), Error> {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.check().await,
            Backend::Postgres(postgres) => postgres.check().await,
            Backend::Mariadb(mariadb) => mariadb.check().await,
        }
    }

    /// Lets the work in hand finish, refuses new work and closes all connections.
    pub async fn close(&self) {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
            Backend::Mariadb(mariadb) => mariadb.close().await,
        }
    }
}

fn unsupported(url: &str) -> Error {
    let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
    // Only letters are repeated: without a scheme the text could hold a password.
    let named = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphabetic());
    let given = if named { scheme } else { "the given address" };
    Error::Address(format!(
        "{given} is not supported; use sqlite:<path>, sqlite::memory:, postgres://user@host/name or \
         mariadb://user@host/name"
    ))
}
