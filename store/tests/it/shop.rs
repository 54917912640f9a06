//! A database in a temporary directory, and what tests do to it.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use model::metric::Registry;
use model::{Argument, Script, Secret, Weight};
use std::path::PathBuf;
use std::sync::Arc;
use store::{Config, Database, Error, Failure, Reply};
use tempfile::TempDir;

/// A database file, and a connection of the test's own beside the store's.
pub(crate) struct Shop {
    pub(crate) outside: rusqlite::Connection,
    directory: TempDir,
}

impl Shop {
    /// A file that holds what the SQL says.
    pub(crate) fn new(sql: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let outside = rusqlite::Connection::open(directory.path().join("shop.db")).unwrap();
        outside.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        outside.execute_batch(sql).unwrap();
        Self { outside, directory }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("shop.db")
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            url: Secret::new(format!("sqlite:{}", self.path().display())),
            ..Config::default()
        }
    }

    pub(crate) fn open(&self) -> Database {
        open(&self.config())
    }

    /// The only value of the only row, read from outside.
    pub(crate) fn value<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.outside.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

pub(crate) fn open(config: &Config) -> Database {
    Database::open(config, &mut Registry::default()).unwrap()
}

/// Runs a script without arguments; all of its JSON, however it came.
pub(crate) async fn answer(database: &Database, script: Script) -> Result<String, Failure> {
    let arguments = script.steps.iter().map(|_| Vec::new()).collect();
    given(database, script, arguments).await
}

/// Runs a script with arguments; all of its JSON, however it came.
pub(crate) async fn given(
    database: &Database,
    script: Script,
    arguments: Vec<Vec<Argument>>,
) -> Result<String, Failure> {
    let reply = database
        .run(Arc::new(script), arguments, Weight::Bounded)
        .await?;
    Ok(whole(reply).await?)
}

/// All of a reply.
pub(crate) async fn whole(reply: Reply) -> Result<String, Error> {
    let bytes: Vec<Bytes> = match reply {
        Reply::Whole(bytes) | Reply::Replayed(bytes) => vec![bytes],
        Reply::Stream(chunks) => chunks.try_collect().await?,
    };
    Ok(String::from_utf8(bytes.concat()).unwrap())
}
