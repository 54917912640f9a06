//! What was taken back of tokens, in a table of ours in the served database.
//!
//! Each row has the number after the largest that is there. Of two that are written at once, one
//! waits for the other and takes the next number; so whoever has read up to a number misses nothing
//! below it. The newest row is never removed, which keeps numbers from being given twice.

use crate::ours::{Asked, Table, number, seconds, text};
use crate::{Database, Error};
use model::Scalar;
use model::api_key::Looking;
use model::outward::Unanswered;
use model::revocation::{self, Revocation, Revoked};
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
        let (jti, subject) = match &taken.what {
            Revoked::Token(jti) => (Some(&**jti), None),
            Revoked::Subject(subject) => (None, Some(&**subject)),
        };
        let given = vec![
            text(jti),
            text(subject),
            text(taken.issuer.as_deref()),
            number(Some(taken.at)),
            number(Some(taken.until)),
        ];
        let revoke = Asked {
            sql: REVOKE,
            given,
            gives: &[],
        };
        self.write(revoke).await?;
        Ok(true)
    }

    async fn write(&self, revoke: Asked) -> Result<(), Error> {
        let mut outcome = Ok(Vec::new());
        for _ in 0..TRIES {
            outcome = self.attempt(&revoke).await;
            if !matches!(outcome, Err(Error::Unique(_) | Error::Serialization(_))) {
                break;
            }
        }
        outcome.map(drop)
    }

    async fn attempt(&self, revoke: &Asked) -> Result<Vec<Row>, Error> {
        let asked = vec![revoke.clone()];
        self.database.write_ours(&TABLE, asked).await
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
