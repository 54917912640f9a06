//! What can be set about the database, with defaults that are safe.

use crate::reply::WAITING_MAX;
use crate::{line, sqlite};
use model::{Dialect, Secret};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The database and the bounds within which it is used.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the database is: `sqlite:shop.db`, `sqlite::memory:`, `postgres://user@host/name` or
    /// `mariadb://user@host/name`.
    ///
    /// For PostgreSQL and MariaDB, `?sslmode=` is `disable`; `prefer`, the default, which encrypts when the server
    /// can; `require`, which always does, but to whatever server answers; or, with
    /// `&sslrootcert=<file>`, `verify-ca` (PostgreSQL) and `verify-full`, which also make sure which server it is.
    /// For MariaDB, `?socket=<file>` connects through a socket of the machine; `mysql://` is the same
    /// address, and the server must be MariaDB nevertheless.
    ///
    /// For PostgreSQL there may be several hosts, `postgres://user@one:5432,two:5432/name`, which are tried in that
    /// order; with `?target_session_attrs=read-write` one that cannot be written to, as a standby, is passed over.
    #[serde(serialize_with = "crate::shown::serialize")]
    pub url: Secret,
    /// How long a statement of a request that reads may take, in milliseconds; of a list that streams it is
    /// `stream_timeout_ms`.
    pub read_timeout_ms: u64,
    /// How long a statement of a mutation may take, in milliseconds; nothing is left of one that takes longer.
    pub write_timeout_ms: u64,
    /// How long a request may wait for a free connection before it is refused, in milliseconds.
    pub queue_timeout_ms: u64,
    /// How many requests may wait for a free connection; one more is refused at once.
    pub queue_length_max: usize,
    /// How long a connection to PostgreSQL or MariaDB that a request has to itself stays open unused, in
    /// milliseconds; as many stay as are to be open always, and one at the least.
    pub idle_ms: u64,
    /// How often a transaction runs again that the database undid because another one stood in its
    /// way, as long as `write_timeout_ms` has not passed; then the request is refused.
    pub retries_max: u32,
    /// A result up to this many bytes is held whole before it is sent; a larger one streams.
    pub whole_bytes_max: usize,
    /// Bytes in a portion of a streamed result.
    pub chunk_bytes: usize,
    /// The largest result of a write, which must be held whole until it is committed, in bytes.
    pub write_bytes_max: usize,
    /// The largest answer to one request, in bytes of JSON; one that is larger is an error, and a
    /// stream that becomes larger breaks off.
    pub answer_bytes_max: usize,
    /// The most rows in the answer to one request, those of the lists inside rows counted too.
    pub answer_rows_max: u64,
    /// How long the receiver of a streamed result may take nothing before it is dropped, in
    /// milliseconds.
    pub stall_timeout_ms: u64,
    /// How long a streamed result may take in all, in milliseconds.
    pub stream_timeout_ms: u64,
    /// What is kept of mutations that are to happen once.
    pub idempotency: Idempotency,
    /// How the changes that others make are followed, where something asks for it.
    pub changes: Following,
    /// What is set for SQLite alone.
    pub sqlite: Sqlite,
    /// What is set for PostgreSQL alone.
    pub postgres: Postgres,
    /// What is set for MariaDB alone.
    pub mariadb: Mariadb,
}

/// What is kept of mutations that are to happen once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Idempotency {
    /// How long the outcome of a mutation with an `idempotency-key` is kept for requests that repeat
    /// it, in hours; 0 refuses the header.
    pub hours: u16,
    /// How many outcomes may be kept; a further key is refused until one is old enough.
    pub rows_max: u64,
    /// How many bytes the kept answers may have together; a further key is refused as well.
    pub bytes_max: u64,
}

/// How the changes that others make are followed, where something asks for it.
///
/// PostgreSQL tells them by logical decoding, which needs `wal_level = logical`, the right
/// REPLICATION and the plug-in `test_decoding`; MariaDB by its binary log, which needs `log_bin` and
/// the rights REPLICATION SLAVE, BINLOG MONITOR and PROCESS; SQLite is asked when it must be known.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Following {
    /// How long to wait between two looks whether all changes are seen, in milliseconds.
    pub beat_ms: u64,
    /// After so long without a sign of the server they are not seen any more, in milliseconds.
    pub silence_ms: u64,
    /// How far following may fall behind, in bytes of PostgreSQL's log, which the server keeps for
    /// it; then it begins anew.
    pub behind_bytes_max: u64,
}

/// What is set for SQLite alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sqlite {
    /// Whether a missing database file is created.
    pub create: bool,
    /// Connections for short reads; 0 stands for the number of processors.
    pub readers: usize,
    /// Connections for reads that overran their budget, at least one and at most 1,024; a slow
    /// receiver may hold one for long.
    pub long_readers: usize,
    /// How long a statement waits for a lock another process holds, in milliseconds.
    pub busy_timeout_ms: u64,
    /// Pages each connection keeps in memory, in KiB.
    pub cache_kib: u32,
    /// Prepared statements each connection keeps, of at most 32 KiB of SQL each; 0 keeps none.
    pub statements_max: usize,
    /// Writes that wait are committed together, up to so many; 1 commits each by itself.
    pub batch_max: usize,
    /// How long waiting writes are taken on before those that ran are committed, in milliseconds; one
    /// that takes longer than that is committed by itself the next times.
    pub batch_ms: u64,
    /// Whether a commit waits until the disk has it; if not, a power failure may lose the last ones.
    pub durable: bool,
    /// The largest row, lists in it included, in bytes.
    pub row_bytes_max: usize,
    /// How much of a read is tried on the thread that asks, before it is handed to another: in
    /// thousands of steps of SQLite's machine, about 25 microseconds each; 0 hands over at once.
    pub inline_kilosteps_max: u32,
}

/// What is set for PostgreSQL alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Postgres {
    /// What stands between here and the server.
    pub pooler: Pooler,
    /// Shared connections for requests of one row.
    pub light_connections: usize,
    /// Shared connections for requests of few rows.
    pub bounded_connections: usize,
    /// The most connections for transactions, writes and streams, each held by one request alone;
    /// streams leave one to the others, if there are several.
    pub exclusive_connections: usize,
    /// How many of those are open always: from the start of the server on, and again after the database has
    /// ended them. No more than `exclusive_connections`; 0 leaves it to requests. The shared ones all are,
    /// but those to databases of tenants, which are opened by use.
    pub exclusive_connections_min: usize,
    /// Prepared statements each connection keeps, of at most 32 KiB of SQL each; 0 keeps none.
    pub statements_max: usize,
    /// Rows fetched at a time for a streamed result.
    pub portion_rows: usize,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
}

/// What is set for MariaDB alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mariadb {
    /// The most connections, each held by one request alone while it runs; streams leave one to the
    /// others, if there are several.
    pub connections: usize,
    /// How many of those are open always: from the start of the server on, and again after the database has
    /// ended them. No more than `connections`; 0 leaves it to requests, and so it is with databases of
    /// tenants.
    pub connections_min: usize,
    /// Prepared statements each connection keeps, of at most 32 KiB of SQL each; 0 keeps none.
    pub statements_max: usize,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
}

/// What stands between here and a PostgreSQL server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Nothing, or a pooler in session mode.
    #[default]
    None,
    /// A pooler in transaction mode, such as PgBouncer: no named statements, no settings at the
    /// start of a session, and every request on a connection of its own.
    Transaction,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            read_timeout_ms: 10_000,
            write_timeout_ms: 10_000,
            queue_timeout_ms: 5_000,
            queue_length_max: 1_024,
            idle_ms: 60_000,
            retries_max: 10,
            whole_bytes_max: 256 * 1024,
            chunk_bytes: 64 * 1024,
            write_bytes_max: 16 * 1024 * 1024,
            answer_bytes_max: 64 * 1024 * 1024,
            answer_rows_max: 1_000_000,
            stall_timeout_ms: 10_000,
            stream_timeout_ms: 600_000,
            idempotency: Idempotency::default(),
            changes: Following::default(),
            sqlite: Sqlite::default(),
            postgres: Postgres::default(),
            mariadb: Mariadb::default(),
        }
    }
}

impl Default for Idempotency {
    fn default() -> Self {
        Self {
            hours: 24,
            rows_max: 1_000_000,
            bytes_max: 1024 * 1024 * 1024,
        }
    }
}

impl Default for Following {
    fn default() -> Self {
        Self {
            beat_ms: 100,
            silence_ms: 10_000,
            behind_bytes_max: 1024 * 1024 * 1024,
        }
    }
}

impl Following {
    pub(crate) fn beat(&self) -> Duration {
        Duration::from_millis(self.beat_ms)
    }

    pub(crate) fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }
}

impl Default for Mariadb {
    fn default() -> Self {
        Self {
            connections: 32,
            connections_min: 4,
            statements_max: 256,
            connect_timeout_ms: 5_000,
        }
    }
}

impl Default for Postgres {
    fn default() -> Self {
        Self {
            pooler: Pooler::None,
            light_connections: 4,
            bounded_connections: 4,
            exclusive_connections: 32,
            exclusive_connections_min: 1,
            statements_max: 256,
            portion_rows: 1_000,
            connect_timeout_ms: 5_000,
        }
    }
}

impl Default for Sqlite {
    fn default() -> Self {
        Self {
            create: false,
            readers: 0,
            long_readers: 16,
            busy_timeout_ms: 5_000,
            cache_kib: 8 * 1024,
            statements_max: 256,
            batch_max: 64,
            batch_ms: 5,
            durable: true,
            row_bytes_max: 64 * 1024 * 1024,
            inline_kilosteps_max: 16,
        }
    }
}

impl Config {
    /// About how many bytes of a streamed result wait at most for a receiver that takes nothing: the
    /// first portion may be what was to be held whole, and one more is on each side of those in line.
    pub fn stream_bytes(&self) -> usize {
        let portions = self.chunk_bytes.saturating_mul(WAITING_MAX + 2);
        self.whole_bytes_max.saturating_add(portions)
    }

    /// How many results may stream at a time, each of which keeps a connection.
    pub fn streams(&self) -> usize {
        match crate::dialect(&self.url) {
            Some(Dialect::Postgres) => line::streams(self.postgres.exclusive_connections),
            Some(Dialect::Mariadb) => line::streams(self.mariadb.connections),
            Some(Dialect::Sqlite) | None => sqlite::long_readers(self),
        }
    }

    /// Keys whose values cannot be worked with, and why: with nothing allowed every request would
    /// be refused.
    pub fn findings(&self) -> Vec<(&'static str, String)> {
        let (sqlite, postgres, mariadb) = (&self.sqlite, &self.postgres, &self.mariadb);
        let bounds = [
            ("database.read_timeout_ms", self.read_timeout_ms),
            ("database.write_timeout_ms", self.write_timeout_ms),
            ("database.chunk_bytes", self.chunk_bytes as u64),
            ("database.write_bytes_max", self.write_bytes_max as u64),
            ("database.answer_bytes_max", self.answer_bytes_max as u64),
            ("database.answer_rows_max", self.answer_rows_max),
            ("database.stall_timeout_ms", self.stall_timeout_ms),
            ("database.stream_timeout_ms", self.stream_timeout_ms),
            ("database.idle_ms", self.idle_ms),
            ("database.queue_timeout_ms", self.queue_timeout_ms),
            ("database.queue_length_max", self.queue_length_max as u64),
            ("database.sqlite.long_readers", sqlite.long_readers as u64),
            ("database.sqlite.batch_max", sqlite.batch_max as u64),
            (
                "database.postgres.light_connections",
                postgres.light_connections as u64,
            ),
            (
                "database.postgres.bounded_connections",
                postgres.bounded_connections as u64,
            ),
            (
                "database.postgres.exclusive_connections",
                postgres.exclusive_connections as u64,
            ),
            ("database.mariadb.connections", mariadb.connections as u64),
            ("database.idempotency.rows_max", self.idempotency.rows_max),
            ("database.idempotency.bytes_max", self.idempotency.bytes_max),
            ("database.changes.beat_ms", self.changes.beat_ms),
            ("database.changes.silence_ms", self.changes.silence_ms),
            (
                "database.changes.behind_bytes_max",
                self.changes.behind_bytes_max,
            ),
            ("database.sqlite.row_bytes_max", sqlite.row_bytes_max as u64),
            (
                "database.postgres.portion_rows",
                postgres.portion_rows as u64,
            ),
            (
                "database.postgres.connect_timeout_ms",
                postgres.connect_timeout_ms,
            ),
            (
                "database.mariadb.connect_timeout_ms",
                mariadb.connect_timeout_ms,
            ),
        ];
        bounds
            .into_iter()
            .filter(|&(_, value)| value == 0)
            .map(|(key, _)| (key, "0 is too small, at least 1".to_owned()))
            .collect()
    }

    /// How long a statement may take, of a script that writes or of one that reads.
    pub(crate) fn statement_timeout(&self, writes: bool) -> Duration {
        Duration::from_millis(if writes {
            self.write_timeout_ms
        } else {
            self.read_timeout_ms
        })
    }

    pub(crate) fn queue_timeout(&self) -> Duration {
        Duration::from_millis(self.queue_timeout_ms)
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }

    pub(crate) fn stream_timeout(&self) -> Duration {
        Duration::from_millis(self.stream_timeout_ms)
    }

    pub(crate) fn stall_timeout(&self) -> Duration {
        Duration::from_millis(self.stall_timeout_ms)
    }
}
