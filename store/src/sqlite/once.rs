//! A write that happens once: its key is claimed first and its answer kept last, all in its
//! transaction.

use super::session::Session;
use super::translate::translate;
use crate::Error;
use crate::idempotency::{Claim, Load, Round, unusable};
use rusqlite::Params;

/// Where it is there already, this is a look at the schema and takes no lock; so it is not
/// remembered, and a file that was replaced gets its table as well.
const TABLE: &str = "
CREATE TABLE IF NOT EXISTS fragaria_idempotency (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  response BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (caller, key)
);
CREATE INDEX IF NOT EXISTS fragaria_idempotency_created_at
  ON fragaria_idempotency (created_at, bytes);";

/// An outcome that is too old is none.
const CLAIM: &str = "INSERT INTO fragaria_idempotency AS kept \
     (caller, key, fingerprint, response, bytes, created_at) \
     VALUES (?1, ?2, ?3, x'', 0, datetime('now')) \
     ON CONFLICT (caller, key) DO UPDATE \
       SET fingerprint = excluded.fingerprint, created_at = excluded.created_at \
       WHERE kept.created_at < datetime('now', '-' || ?4 || ' hours')";

const READ: &str = "SELECT CASE WHEN fingerprint = ?3 THEN response END \
     FROM fragaria_idempotency WHERE caller = ?1 AND key = ?2";

const KEEP: &str = "UPDATE fragaria_idempotency SET response = ?3, bytes = length(?3) \
     WHERE caller = ?1 AND key = ?2";

const SWEEP: &str = "DELETE FROM fragaria_idempotency WHERE rowid IN (\
       SELECT rowid FROM fragaria_idempotency \
       WHERE created_at < datetime('now', '-' || ?1 || ' hours') ORDER BY created_at LIMIT ?2)";

const COUNT: &str = "SELECT count(*), coalesce(sum(bytes), 0) FROM fragaria_idempotency";

/// Makes the table where it is missing.
pub(super) fn lay(session: &Session) -> Result<(), Error> {
    let made = session.connection.execute_batch(TABLE);
    made.map_err(|error| unusable(translate(error, &session.watch)))
}

/// Claims a key; gives the answer of the request that had it before.
pub(super) fn claim(claim: &Claim, session: &Session) -> Result<Option<Vec<u8>>, Error> {
    let once = &claim.once;
    let (caller, key, fingerprint) = (&once.caller, &once.key, &once.fingerprint[..]);
    if execute(session, CLAIM, (caller, key, fingerprint, claim.hours))? == 1 {
        return claim.is_first();
    }
    let kept = session.connection.prepare_cached(READ);
    let kept = kept.and_then(|mut read| {
        let rows = read.query_map((caller, key, fingerprint), |row| row.get(0))?;
        rows.collect()
    });
    Claim::is_repeated(kept.map_err(|error| unusable(translate(error, &session.watch)))?)
}

/// Keeps the answer under the claimed key.
pub(super) fn keep(claim: &Claim, answer: &[u8], session: &Session) -> Result<(), Error> {
    let kept = (&claim.once.caller, &claim.once.key, answer);
    Claim::is_kept(execute(session, KEEP, kept)? as u64)
}

/// Removes answers that are too old; tells how many.
pub(super) fn sweep(round: Round, session: &Session) -> Result<u64, Error> {
    lay(session)?;
    Ok(execute(session, SWEEP, (round.hours, round.rows_max))? as u64)
}

/// Counts the answers that are there.
pub(super) fn count(session: &Session) -> Result<Load, Error> {
    let counted = session
        .connection
        .query_row(COUNT, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (rows, bytes) = counted.map_err(|error| unusable(translate(error, &session.watch)))?;
    Load::counted(rows, bytes)
}

fn execute(session: &Session, sql: &str, parameters: impl Params) -> Result<usize, Error> {
    let statement = session.connection.prepare_cached(sql);
    let done = statement.and_then(|mut statement| statement.execute(parameters));
    done.map_err(|error| unusable(translate(error, &session.watch)))
}
