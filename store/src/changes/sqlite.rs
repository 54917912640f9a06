//! SQLite: asked at the moment it must be known, on a connection that stays.
//!
//! `PRAGMA data_version` is another number once any other connection has committed, one of ours or of
//! another process; which table it was about it does not tell, so then everything has changed. What
//! our one writer commits is known better: its own connection shows by the same number whether others
//! committed meanwhile, and if none did, what happened is what it wrote.

use super::feed::Setback;
use super::{Reach, Reached, Seen, Tie};
use crate::sqlite::{Place, Role, Session};
use crate::{Config, Error};
use model::Act;
use rusqlite::Connection;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What looks whether something was committed.
pub(crate) struct Look {
    place: Place,
    config: Config,
    watched: Mutex<Option<Watched>>,
}

/// A connection, and what it last saw.
struct Watched {
    session: Session,
    /// `None` once something was committed that nobody knows.
    version: Option<i64>,
    schema: i64,
}

/// Our writer before it writes.
pub(crate) struct Before(i64);

impl Look {
    pub(crate) fn new(place: Place, config: Config) -> Self {
        Self {
            place,
            config,
            watched: Mutex::default(),
        }
    }

    /// Counts what was committed up to now; whether it could be seen.
    pub(super) fn is_taken(&self, seen: &Seen) -> bool {
        let mut watched = self.watched();
        match self.take(&mut watched, seen) {
            Ok(()) => true,
            Err(error) => {
                *watched = None;
                seen.is_lost(&Setback::from(error));
                false
            }
        }
    }

    fn take(&self, watched: &mut Option<Watched>, seen: &Seen) -> Result<(), Error> {
        if self.has_moved(watched.as_ref())? {
            *watched = None;
        }
        let known = match watched {
            Some(known) => known,
            None => watched.insert(self.open()?),
        };
        let version = known.version()?;
        if known.version == Some(version) {
            return Ok(());
        }
        let schema = known.session.number("PRAGMA schema_version")?;
        if known.schema != schema {
            seen.set_reach(reach(&known.session.connection).map_err(crate::sqlite::outside)?);
            known.schema = schema;
        }
        known.version = Some(version);
        seen.generations.bump_everything();
        seen.is_seen(Instant::now());
        Ok(())
    }

    /// Whether what is watched is not the file of the address any more.
    fn has_moved(&self, watched: Option<&Watched>) -> Result<bool, Error> {
        match (&self.place, watched) {
            (Place::File(_), Some(known)) => known.session.has_moved(),
            _ => Ok(false),
        }
    }

    fn open(&self) -> Result<Watched, Error> {
        Ok(Watched {
            session: Session::open(&self.place, Role::Reader, &self.config)?,
            version: None,
            schema: -1,
        })
    }

    /// Looks before our writer writes.
    pub(crate) fn before(&self, writer: &Session) -> Result<Before, Error> {
        let before = Before(writer.number("PRAGMA data_version")?);
        if let Some(known) = self.watched().as_mut() {
            let now = known.version()?;
            known.version = known.version.filter(|version| *version == now);
        }
        Ok(before)
    }

    /// Looks after it has written: what happened is its own, if others did nothing.
    pub(crate) fn after(&self, writer: &Session, before: &Before) -> Result<(), Error> {
        if let Some(known) = self.watched().as_mut() {
            let now = known.version()?;
            let is_ours = writer.number("PRAGMA data_version")? == before.0;
            known.version = known.version.filter(|_| is_ours).map(|_| now);
        }
        Ok(())
    }

    /// After that nothing is known of what happened.
    pub(crate) fn forget(&self) {
        *self.watched() = None;
    }

    fn watched(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Whoever asks is not to wait for locks of others.
    fn version(&self) -> Result<i64, Error> {
        self.session.number_at_once("PRAGMA data_version")
    }
}

/// All tables, and what is tied to what.
fn reach(connection: &Connection) -> rusqlite::Result<Reach> {
    let mut tables = connection.prepare(
        "SELECT m.name, EXISTS (SELECT 1 FROM sqlite_schema t \
         WHERE t.type = 'trigger' AND t.tbl_name = m.name COLLATE NOCASE) \
         FROM sqlite_schema m WHERE m.type IN ('table', 'view')",
    )?;
    let tables = tables.query_map([], |row| {
        let name: String = row.get(0)?;
        Ok(Reached {
            has_triggers: row.get(1)?,
            ..Reached::new("", &name)
        })
    })?;
    let mut reach = Reach::new(tables.collect::<Result<_, _>>()?);
    let mut keys = connection.prepare(
        "SELECT f.\"table\", m.name, f.on_delete, f.on_update \
         FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
    )?;
    let mut keys = keys.query([])?;
    while let Some(key) = keys.next()? {
        let (to, from): (String, String) = (key.get(0)?, key.get(1)?);
        for (column, act) in [(2, Act::Delete), (3, Act::Update)] {
            let action: String = key.get(column)?;
            if !matches!(action.as_str(), "NO ACTION" | "RESTRICT") {
                reach.tie(Tie::Cascade(act), ["", &to], ["", &from]);
            }
        }
    }
    Ok(reach)
}
