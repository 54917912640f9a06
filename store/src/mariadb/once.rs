//! A write that happens once: its key is claimed first and its answer kept last, all in its
//! transaction.

use super::row::Row;
use super::session::Session;
use crate::Error;
use crate::idempotency::{Claim, Given, Load, Round, Swept, response, statement};
use crate::snag::Snag;
use model::{Scalar, Value};

/// The engine and the primary key of the table. Without rows that are rolled back, or without that
/// key, a repeated request would not be known again, and nothing else would tell.
const THERE: &str = "
SELECT t.engine, (
  SELECT GROUP_CONCAT(s.column_name ORDER BY s.seq_in_index) FROM information_schema.statistics s
  WHERE s.table_schema = t.table_schema AND s.table_name = t.table_name
    AND s.index_name = 'PRIMARY')
FROM information_schema.tables t
WHERE t.table_schema = DATABASE() AND t.table_name = 'fragaria_idempotency'";

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS fragaria_idempotency (
  caller varbinary(255) NOT NULL,
  `key` varbinary(255) NOT NULL,
  fingerprint binary(32) NOT NULL,
  response longblob NOT NULL,
  bytes bigint NOT NULL,
  created_at datetime NOT NULL,
  PRIMARY KEY (caller, `key`),
  KEY created_at (created_at, bytes)
) ENGINE=InnoDB";

/// Waits for another transaction that claims the same key: its commit makes this one late, its
/// rollback makes this one first. No row is changed, unless its outcome is too old and so none; then
/// it loses its answer, so that the next one changes the row even if it is the same.
const CLAIM: &str = "INSERT INTO fragaria_idempotency \
     (caller, `key`, fingerprint, response, bytes, created_at) \
     VALUES (?, ?, ?, '', 0, UTC_TIMESTAMP()) \
     ON DUPLICATE KEY UPDATE \
       fingerprint = IF(created_at < UTC_TIMESTAMP() - INTERVAL ? HOUR, \
         VALUES(fingerprint), fingerprint), \
       response = IF(created_at < UTC_TIMESTAMP() - INTERVAL ? HOUR, '', response), \
       created_at = IF(created_at < UTC_TIMESTAMP() - INTERVAL ? HOUR, \
         VALUES(created_at), created_at)";

/// The claim has locked the row; this sees it as it is, not as it was when a snapshot began.
const READ: &str = "SELECT CASE WHEN fingerprint = ? THEN response END \
     FROM fragaria_idempotency WHERE caller = ? AND `key` = ? FOR UPDATE";

const KEEP: &str = "UPDATE fragaria_idempotency SET response = ?, bytes = ? \
     WHERE caller = ? AND `key` = ?";

const SWEEP: &str = "DELETE FROM fragaria_idempotency \
     WHERE created_at < UTC_TIMESTAMP() - INTERVAL ? HOUR ORDER BY created_at LIMIT ?";

const COUNT: &str = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM fragaria_idempotency";

/// Makes the table where it is missing.
pub(super) async fn lay(session: &mut Session) -> Result<(), Snag> {
    session.ask(THERE).await?;
    let Some(found) = all(session).await?.into_iter().next() else {
        return session.control(TABLE).await.map_err(Snag::about_a_key);
    };
    let is = |column, expected: &[u8]| Ok::<_, Error>(found.text(column)? == Some(expected));
    if is(0, b"InnoDB")? && is(1, b"caller,key")? {
        return Ok(());
    }
    let message = "it must be of InnoDB, with the primary key (caller, key)";
    Err(Snag::refused(Error::IdempotencyTable(message.into())))
}

/// Claims a key; gives the answer of the request that had it before.
pub(super) async fn claim(session: &mut Session, claim: &Claim) -> Result<Option<Vec<u8>>, Snag> {
    let [caller, key] = claim.named();
    let claimed = [
        caller.clone(),
        key.clone(),
        claim.fingerprint(),
        claim.hours(),
        claim.hours(),
        claim.hours(),
    ];
    let asked = ask(session, CLAIM, claimed).await;
    asked.map_err(Snag::in_claim)?;
    if session.affected() > 0 {
        return claim.is_first().map_err(Snag::refused);
    }
    let kept = ask(session, READ, [claim.fingerprint(), caller, key]).await?;
    let answer = |row: &Row| Ok(row.text(0)?.map(<[u8]>::to_vec));
    let kept = kept.iter().map(answer).collect::<Result<_, Error>>()?;
    Claim::is_repeated(kept).map_err(Snag::refused)
}

/// Keeps the answer under the claimed key.
pub(super) async fn keep(session: &mut Session, claim: &Claim, answer: &[u8]) -> Result<(), Snag> {
    /// What goes with the answer in its packet: the caller, the key, and how long they are.
    const BESIDES: usize = 1_024;
    if answer.len() + BESIDES > session.packet_max {
        let message = "the answer passes the server's max_allowed_packet and cannot be kept";
        return Err(Snag::refused(Error::TooLarge(message.into())));
    }
    let [caller, key] = claim.named();
    let length = i64::try_from(answer.len()).unwrap_or(i64::MAX);
    let length = (Scalar::BigInt, Value::Integer(length));
    ask(session, KEEP, [response(answer), length, caller, key]).await?;
    Claim::is_kept(session.affected()).map_err(Snag::refused)
}

/// Removes answers that are too old, and counts the others.
pub(super) async fn sweep(session: &mut Session, round: Round) -> Result<Swept, Snag> {
    ask(session, SWEEP, round.bounds()).await?;
    let removed = session.affected();
    session.ask(COUNT).await.map_err(Snag::about_a_key)?;
    let left = all(session).await?;
    let count = |column| {
        let text = left.first().and_then(|row| row.text(column).transpose());
        let text = String::from_utf8_lossy(text.transpose()?.unwrap_or_default());
        let count = text.parse();
        count.map_err(|_| Error::IdempotencyTable(format!("{text} is no number")))
    };
    let left = Load::counted(count(0)?, count(1)?)?;
    Ok(Swept { removed, left })
}

async fn ask<const N: usize>(
    session: &mut Session,
    sql: &str,
    values: [Given; N],
) -> Result<Vec<Row>, Snag> {
    let (statement, arguments) = statement(sql, values);
    let asked = session.execute(&statement, &arguments, &[]).await;
    asked.map_err(Snag::about_a_key)?;
    all(session).await
}

async fn all(session: &mut Session) -> Result<Vec<Row>, Snag> {
    let mut rows = Vec::new();
    while let Some(row) = session.next().await.map_err(Snag::about_a_key)? {
        rows.push(row);
    }
    Ok(rows)
}
