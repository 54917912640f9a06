//! One connection, opened and taught what every connection knows.

use super::functions;
use super::place::Place;
use super::translate::{outside, translate};
use super::watch::{STEPS, Watch};
use crate::metrics::Counted;
use crate::shelf::{Shelf, may_keep};
use crate::{Config, Error};
use model::metric::Gauge;
use rusqlite::limits::Limit;
use rusqlite::{CachedStatement, Connection, OpenFlags, Statement, StatementStatus};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A connection and the watch over it.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    pub(super) watch: Arc<Watch>,
    /// Which generation of the file it was opened in.
    pub(super) generation: u64,
    /// How many statements of scripts it keeps, and may keep.
    shelf: Shelf,
    statements_max: usize,
    /// Counts it while it is open.
    pub(super) counted: Option<Counted>,
}

/// A statement that is ready to run.
pub(super) enum Prepared<'s> {
    /// It is kept for the next time.
    Kept(CachedStatement<'s>),
    /// It is not.
    Once(Statement<'s>),
}

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Read only.
    Reader,
    /// Read and write.
    Writer,
}

impl Session {
    /// Opens the database; its file must exist unless it may be created.
    pub(crate) fn open(place: &Place, role: Role, config: &Config) -> Result<Self, Error> {
        let flags = flags(role, config.sqlite.create);
        let connection = Connection::open_with_flags(place.name(), flags).map_err(outside)?;
        let watch = Arc::new(Watch::new());
        let mut session = Self {
            connection,
            watch,
            generation: 0,
            shelf: Shelf::default(),
            statements_max: config.sqlite.statements_max,
            counted: None,
        };
        session.guard(config).map_err(outside)?;
        session.prepare(role, config).map_err(outside)?;
        Ok(session)
    }

    /// Counts the statements it keeps with those of others; to be called before there are any.
    pub(super) fn counted(mut self, statements_kept: &Gauge) -> Self {
        self.shelf = Shelf::of(statements_kept);
        self
    }

    /// A statement of a script.
    pub(super) fn ready(&self, sql: &str) -> rusqlite::Result<Prepared<'_>> {
        if !may_keep(sql) {
            return self.connection.prepare(sql).map(Prepared::Once);
        }
        let statement = self.connection.prepare_cached(sql)?;
        if statement.get_status(StatementStatus::Run) == 0 {
            self.shelf.add(self.statements_max);
        }
        Ok(Prepared::Kept(statement))
    }

    /// Reads the file; whether it is still the one at its path.
    pub(super) fn is_current(&self) -> Result<bool, Error> {
        let has_moved = self.has_moved()?;
        self.touch()
            .map_err(|error| translate(error, &self.watch))?;
        Ok(!has_moved)
    }

    /// Whether another file, or none, is at the path of its own.
    pub(crate) fn has_moved(&self) -> Result<bool, Error> {
        let mut moved = 0;
        #[cfg(unix)]
        self.connection
            .file_control(Some(c"main"), rusqlite::FileControl::HasMoved(&mut moved))
            .map_err(outside)?;
        Ok(moved != 0)
    }

    /// The number a statement of ours gives, or an error where it would have to wait for it.
    pub(crate) fn number_at_once(&self, sql: &str) -> Result<i64, Error> {
        const KILOSTEPS_MAX: u32 = 1_000;
        self.watch
            .begin(Duration::from_secs(1), Some(KILOSTEPS_MAX));
        self.number(sql)
    }

    /// The number a statement of ours gives.
    pub(crate) fn number(&self, sql: &str) -> Result<i64, Error> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_row([], |row| row.get(0))
        };
        read().map_err(|error| translate(error, &self.watch))
    }

    /// Bounds what a statement may take: time, locks, memory.
    fn guard(&mut self, config: &Config) -> rusqlite::Result<()> {
        let watch = Arc::clone(&self.watch);
        self.connection
            .progress_handler(STEPS, Some(move || watch.look()))?;
        let patience = Patience::new(&self.watch, config.sqlite.busy_timeout_ms);
        self.connection
            .busy_handler(Some(patience.into_handler()))?;
        let length = i32::try_from(config.sqlite.row_bytes_max).unwrap_or(i32::MAX);
        self.connection
            .set_limit(Limit::SQLITE_LIMIT_LENGTH, length)?;
        self.connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        self.connection
            .set_prepared_statement_cache_capacity(config.sqlite.statements_max);
        Ok(())
    }

    fn prepare(&self, role: Role, config: &Config) -> rusqlite::Result<()> {
        functions::register(&self.connection, &self.watch)?;
        let set = |name, value| self.connection.pragma_update(None, name, value);
        set("foreign_keys", "ON")?;
        set("case_sensitive_like", "ON")?;
        let cache = format!("-{}", config.sqlite.cache_kib);
        set("cache_size", &cache)?;
        match role {
            Role::Reader => set("query_only", "ON")?,
            Role::Writer => {
                self.connection
                    .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
                let durable = config.sqlite.durable;
                set("synchronous", if durable { "FULL" } else { "NORMAL" })?;
            }
        }
        self.touch()
    }

    /// Reads the file itself, so that one that is missing or no database shows.
    fn touch(&self) -> rusqlite::Result<()> {
        self.connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    }
}

impl<'s> Deref for Prepared<'s> {
    type Target = Statement<'s>;

    fn deref(&self) -> &Statement<'s> {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

impl<'s> DerefMut for Prepared<'s> {
    fn deref_mut(&mut self) -> &mut Statement<'s> {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

fn flags(role: Role, create: bool) -> OpenFlags {
    let always = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    match role {
        Role::Reader => always | OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer if create => {
            always | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        }
        Role::Writer => always | OpenFlags::SQLITE_OPEN_READ_WRITE,
    }
}

/// How long a lock of another connection is waited for.
struct Patience {
    watch: Arc<Watch>,
    limit: Duration,
    since: Instant,
}

impl Patience {
    fn new(watch: &Arc<Watch>, limit_ms: u64) -> Self {
        Self {
            watch: Arc::clone(watch),
            limit: Duration::from_millis(limit_ms),
            since: Instant::now(),
        }
    }

    /// SQLite's callback: given how often it asked before, whether to try again.
    fn into_handler(mut self) -> impl FnMut(i32) -> bool {
        move |asked| {
            // Whoever runs on a budget must not sleep.
            if self.watch.has_budget() {
                self.watch.spend();
                return false;
            }
            if asked == 0 {
                self.since = Instant::now();
            }
            if self.since.elapsed() >= self.limit || self.watch.look() {
                return false;
            }
            let pause_ms = 1_u64 << asked.clamp(0, 5);
            thread::sleep(Duration::from_millis(pause_ms));
            true
        }
    }
}
