//! What was taken back of tokens, in a table of ours in the served database.
//!
//! Each row has the number after the largest that is there. Of two that are written at once, one
//! waits for the other and takes the next number; so whoever has read up to a number misses nothing
//! below it. The newest row is never removed, which keeps numbers from being given twice.

use crate::ours::{Asked, Table, number, seconds, text};
use crate::{Database, Error};
use model::api_key::Looking;
use model::outward::Unanswered;
use model::revocation::{self, RESTORED, Revocation, Revoked};
use model::{Scalar, Value};
use serde::Deserialize;

/// How often a number is looked for that nobody else takes at the same time.
const TRIES: usize = 16;

const TABLE: Table = Table {
    name: "revocation",
    columns: "number bigint NOT NULL, jti {word}, subject {word}, issuer {word}, \
              revoked_at bigint NOT NULL, until_at bigint NOT NULL, PRIMARY KEY (number)",
};

const SINCE: &str = "SELECT number, jti, subject, issuer, revoked_at, until_at FROM {table} \
     WHERE number >= $1 ORDER BY number LIMIT 1000";

const GIVES: &[(&str, Scalar)] = &[
    ("number", Scalar::BigInt),
    ("jti", Scalar::String),
    ("subject", Scalar::String),
    ("issuer", Scalar::String),
    ("revoked_at", Scalar::BigInt),
    ("until_at", Scalar::BigInt),
];

/// MariaDB removes no rows by what it reads of their own table, unless it is read apart.
const SWEEP: &str = "DELETE FROM {table} WHERE until_at < $1 AND number < \
     (SELECT last FROM (SELECT max(number) AS last FROM {table}) AS newest)";

const COUNT: &str = "SELECT count(*) FROM {table}";

const REVOKE: &str = "INSERT INTO {table} (number, jti, subject, issuer, revoked_at, until_at) \
     SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5 FROM {table}";

/// Those of the same, and of the same issuer or of none; which of the two is null in which row is one
/// and the same in all of them.
const MATCHING: &str = "SELECT number, jti, subject, issuer, revoked_at, until_at FROM {table} \
     WHERE coalesce(jti, '') = $1 AND coalesce(subject, '') = $2 AND coalesce(issuer, '') = $3 \
     AND revoked_at > 0 ORDER BY number DESC LIMIT 1000";

/// The row that lets it hold again comes behind all that is there; where it was taken back anew
/// meanwhile, no row is written. Of two that write at once one sees what the other has written.
const RESTORE: &str = "INSERT INTO {table} (number, jti, subject, issuer, revoked_at, until_at) \
     SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5 FROM {table} \
     HAVING coalesce(max(CASE WHEN coalesce(jti, '') = $6 AND coalesce(subject, '') = $7 \
     AND coalesce(issuer, '') = $8 THEN number END), 0) <= $9";

/// Those that were read go, and none that came afterwards.
const FORGET: &str = "DELETE FROM {table} WHERE coalesce(jti, '') = $1 AND coalesce(subject, '') = $2 \
     AND coalesce(issuer, '') = $3 AND revoked_at > 0 AND number <= $4";

/// The table of what was taken back; clones share its database.
#[derive(Clone)]
pub struct Revocations {
    database: Database,
}

/// Something that is to be taken back.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// What it is.
    pub what: Revoked,
    /// Whose tokens it is about; without, those of every issuer.
    pub issuer: Option<Box<str>>,
    /// When it is written, in seconds since 1970.
    pub at: u64,
    /// From when on it need not be known any more.
    pub until: u64,
}

#[derive(Deserialize)]
struct Count {
    #[serde(deserialize_with = "seconds")]
    count: Option<u64>,
}

impl Database {
    /// What was taken back of tokens.
    pub fn revocations(&self) -> Revocations {
        Revocations {
            database: self.clone(),
        }
    }
}

impl Revocations {
    /// Takes something back, if not so many are there already; those that need not be known any
    /// more are removed. Whether there was room.
    pub async fn revoke(&self, taken: &TakenBack, rows_max: u64) -> Result<bool, Error> {
        let sweep = Asked {
            sql: SWEEP,
            given: vec![number(Some(taken.at))],
            gives: &[],
        };
        let count = Asked {
            sql: COUNT,
            given: Vec::new(),
            gives: &[("count", Scalar::BigInt)],
        };
        let counted: Vec<Count> = self.database.write_ours(&TABLE, vec![sweep, count]).await?;
        let rows = counted.first().and_then(|counted| counted.count);
        if rows.unwrap_or(u64::MAX) >= rows_max {
            return Ok(false);
        }
        self.write(vec![added(taken)]).await?;
        Ok(true)
    }

    /// Lets what was taken back hold again, in all servers; what it was, the newest first, and whether it
    /// holds: somebody may have taken it back anew meanwhile. A server of a version that does not know of
    /// this goes on refusing it.
    pub async fn restore(
        &self,
        what: &Revoked,
        issuer: Option<&str>,
    ) -> Result<(Vec<Revocation>, bool), Error> {
        let rows = self.matching(what, issuer).await?;
        let newest = rows.iter().map(|row| row.number).max();
        let Some((newest, until)) = newest.zip(rows.iter().map(|row| row.until).max()) else {
            return Ok((rows, true));
        };
        let mut restore = added(&TakenBack {
            what: what.clone(),
            issuer: issuer.map(Into::into),
            at: RESTORED,
            until,
        });
        restore.sql = RESTORE;
        let known = || key(what, issuer).into_iter().chain([number(Some(newest))]);
        restore.given.extend(known());
        let forget = Asked {
            sql: FORGET,
            given: known().collect(),
            gives: &[],
        };
        self.write(vec![restore, forget]).await?;
        let is_left = !self.matching(what, issuer).await?.is_empty();
        Ok((rows, !is_left))
    }

    async fn matching(
        &self,
        what: &Revoked,
        issuer: Option<&str>,
    ) -> Result<Vec<Revocation>, Error> {
        let asked = Asked {
            sql: MATCHING,
            given: key(what, issuer).to_vec(),
            gives: GIVES,
        };
        let rows: Vec<Row> = self.database.read_ours(&TABLE, asked).await?;
        rows.into_iter().map(Revocation::try_from).collect()
    }

    /// What was taken back, from that number on: at most [`crate::PAGE`] of them.
    pub async fn list(&self, from: u64) -> Result<Vec<Revocation>, Error> {
        self.read(from).await
    }

    async fn write(&self, asked: Vec<Asked>) -> Result<(), Error> {
        let mut outcome = Ok(Vec::new());
        for _ in 0..TRIES {
            outcome = self.attempt(&asked).await;
            if !matches!(outcome, Err(Error::Unique(_) | Error::Serialization(_))) {
                break;
            }
        }
        outcome.map(drop)
    }

    async fn attempt(&self, asked: &[Asked]) -> Result<Vec<Row>, Error> {
        self.database.write_ours(&TABLE, asked.to_vec()).await
    }

    async fn read(&self, since: u64) -> Result<Vec<Revocation>, Error> {
        let asked = Asked {
            sql: SINCE,
            given: vec![number(Some(since))],
            gives: GIVES,
        };
        let rows: Vec<Row> = self.database.read_ours(&TABLE, asked).await?;
        rows.into_iter().map(Revocation::try_from).collect()
    }
}

/// The columns by which something is known.
fn words(what: &Revoked) -> (Option<&str>, Option<&str>) {
    match what {
        Revoked::Token(jti) => (Some(jti), None),
        Revoked::Subject(subject) => (None, Some(subject)),
    }
}

/// By what all that is the same is found.
fn key(what: &Revoked, issuer: Option<&str>) -> [(Scalar, Value); 3] {
    let (jti, subject) = words(what);
    [jti, subject, issuer].map(|word| text(Some(word.unwrap_or_default())))
}

/// The statement that writes a row.
fn added(taken: &TakenBack) -> Asked {
    let (jti, subject) = words(&taken.what);
    Asked {
        sql: REVOKE,
        given: vec![
            text(jti),
            text(subject),
            text(taken.issuer.as_deref()),
            number(Some(taken.at)),
            number(Some(taken.until)),
        ],
        gives: &[],
    }
}

impl revocation::Revocations for Revocations {
    fn since(&self, number: u64) -> Looking<Vec<Revocation>> {
        let revocations = self.clone();
        Box::pin(async move {
            let read = revocations.read(number).await;
            read.map_err(|error| Unanswered(error.to_string()))
        })
    }
}

/// A row as it is read.
#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "seconds")]
    number: Option<u64>,
    jti: Option<Box<str>>,
    subject: Option<Box<str>>,
    issuer: Option<Box<str>>,
    #[serde(deserialize_with = "seconds")]
    revoked_at: Option<u64>,
    #[serde(deserialize_with = "seconds")]
    until_at: Option<u64>,
}

impl TryFrom<Row> for Revocation {
    type Error = Error;

    /// What cannot be understood is never passed over: it may be about anybody.
    fn try_from(row: Row) -> Result<Self, Error> {
        let what = match (row.jti, row.subject) {
            (Some(jti), None) => Some(Revoked::Token(jti)),
            (None, Some(subject)) => Some(Revoked::Subject(subject)),
            _ => None,
        };
        match (row.number, what, row.revoked_at, row.until_at) {
            (Some(number), Some(what), Some(at), Some(until)) => Ok(Self {
                number,
                what,
                issuer: row.issuer,
                at,
                until,
            }),
            _ => Err(Error::Conversion("a revocation is of nothing".to_owned())),
        }
    }
}
