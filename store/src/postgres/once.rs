//! A write that happens once: its key is claimed first and its answer kept last, all in its
//! transaction.
//!
//! Nothing here is prepared under a name, so all of it works behind a pooler.

use super::session::{Request, Session};
use super::settings::Settings;
use crate::Error;
use crate::idempotency::{Claim, Given, Load, Round, Swept, response, statement};
use crate::snag::Snag;
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

/// Whether the schema and the table are there; making them takes rights that looking does not.
const THERE: &str = "SELECT to_regnamespace('fragaria') IS NOT NULL, \
     to_regclass('fragaria.idempotency') IS NOT NULL";

/// Several that find something missing make it one after the other; without the lock,
/// `IF NOT EXISTS` fails for those that are second.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7381240991726402)";

/// One that is there may belong to a user who may make no other.
const SCHEMA: &str = "CREATE SCHEMA IF NOT EXISTS fragaria";

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS fragaria.idempotency (
  caller text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  response bytea NOT NULL,
  bytes bigint NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (caller, key)
);
CREATE INDEX IF NOT EXISTS idempotency_created_at ON fragaria.idempotency (created_at, bytes);
COMMIT";

/// Waits for another transaction that claims the same key: its commit makes this one late, its
/// rollback makes this one first. Where the server is set to one snapshot for a whole transaction,
/// it is refused as late, and tried again. An outcome that is too old is none.
const CLAIM: &str = "INSERT INTO fragaria.idempotency AS kept \
     (caller, key, fingerprint, response, bytes, created_at) VALUES ($1, $2, $3, '', 0, now()) \
     ON CONFLICT (caller, key) DO UPDATE \
       SET fingerprint = excluded.fingerprint, created_at = excluded.created_at \
       WHERE kept.created_at < now() - make_interval(hours => $4) \
     RETURNING true";

const READ: &str = "SELECT CASE WHEN fingerprint = $3 THEN response END \
     FROM fragaria.idempotency WHERE caller = $1 AND key = $2";

const KEEP: &str = "WITH kept AS (\
       UPDATE fragaria.idempotency SET response = $3, bytes = octet_length($3) \
       WHERE caller = $1 AND key = $2 RETURNING true) \
     SELECT count(*) FROM kept";

/// Several servers do not wait for each other.
const SWEEP: &str = "WITH removed AS (\
       DELETE FROM fragaria.idempotency WHERE ctid = ANY (ARRAY(\
         SELECT ctid FROM fragaria.idempotency \
         WHERE created_at < now() - make_interval(hours => $1) \
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING true) \
     SELECT count(*) FROM removed";

const COUNT: &str = "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM fragaria.idempotency";

/// Makes the table where it is missing.
pub(super) async fn lay(session: &Session, settings: &Settings) -> Result<(), Snag> {
    let there = ask(session, THERE, []).await?;
    let there = there
        .first()
        .map(|row| Ok((value(row, 0)?, value(row, 1)?)));
    let (has_schema, has_table) = there.unwrap_or(Ok::<_, Error>((false, false)))?;
    if has_table {
        return Ok(());
    }
    let mut steps = vec![settings.begin(true), LOCK.into()];
    if !has_schema {
        steps.push(SCHEMA.into());
    }
    steps.push(TABLE.into());
    let made = session.send(Request::Control(&steps.join(";"))).await;
    made.map_err(Snag::about_a_key)?;
    Ok(())
}

/// Claims a key; gives the answer of the request that had it before.
pub(super) async fn claim(session: &Session, claim: &Claim) -> Result<Option<Vec<u8>>, Snag> {
    let [caller, key] = claim.named();
    let claimed = [caller, key, claim.fingerprint(), claim.hours()];
    let claimed = ask(session, CLAIM, claimed).await.map_err(Snag::in_claim)?;
    let outcome = if claimed.is_empty() {
        let [caller, key] = claim.named();
        let kept = ask(session, READ, [caller, key, claim.fingerprint()]).await?;
        let kept = kept.iter().map(|row| value(row, 0));
        Claim::is_repeated(kept.collect::<Result<_, Error>>()?)
    } else {
        claim.is_first()
    };
    outcome.map_err(Snag::refused)
}

/// Keeps the answer under the claimed key.
pub(super) async fn keep(session: &Session, claim: &Claim, answer: &[u8]) -> Result<(), Snag> {
    let [caller, key] = claim.named();
    let kept = ask(session, KEEP, [caller, key, response(answer)]).await?;
    let kept = Claim::is_kept(count(&kept, 0)?.unsigned_abs());
    kept.map_err(Snag::refused)
}

/// Removes answers that are too old, and counts the others.
pub(super) async fn sweep(session: &Session, round: Round) -> Result<Swept, Snag> {
    let removed = ask(session, SWEEP, round.bounds()).await?;
    let left = ask(session, COUNT, []).await?;
    Ok(Swept {
        removed: count(&removed, 0)?.unsigned_abs(),
        left: Load::counted(count(&left, 0)?, count(&left, 1)?)?,
    })
}

async fn ask<const N: usize>(
    session: &Session,
    sql: &str,
    values: [Given; N],
) -> Result<Vec<Row>, Snag> {
    let (statement, arguments) = statement(sql, values);
    let rows = session.query_unnamed(&statement, &arguments, sql).await;
    let rows = rows.map_err(Snag::about_a_key)?.try_collect().await;
    rows.map_err(|error| Snag::from(error).about_a_key())
}

/// A number in the first row, which is there.
fn count(rows: &[Row], column: usize) -> Result<i64, Error> {
    rows.first().map_or(Ok(0), |row| value(row, column))
}

fn value<T: FromSqlOwned>(row: &Row, column: usize) -> Result<T, Error> {
    let value = row.try_get(column);
    value.map_err(|error| Error::IdempotencyTable(error.to_string()))
}
