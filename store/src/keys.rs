//! The keys of callers, in a table of ours in the served database.
//!
//! Of a secret nothing is kept but its hash. All times are seconds since 1970, by the clock of
//! whoever writes.

use crate::digits::hexadecimal;
use crate::ours::{Asked, Table, number, seconds, text};
use crate::{Database, Error};
use model::Scalar;
use model::api_key::{ApiKey, ApiKeys, Former, Looking, SecretHash, USE_SECONDS};
use model::outward::Unanswered;
use serde::Deserialize;
use serde_json::Value;

/// The most keys that are read at a time.
pub const PAGE: usize = 1_000;

const TABLE: Table = Table {
    name: "api_key",
    columns: "id {word} NOT NULL, name {word} NOT NULL, hash {word} NOT NULL, \
              former_hash {word}, former_until bigint, roles {long} NOT NULL, tenant {word}, \
              claims {long} NOT NULL, created_at bigint NOT NULL, expires_at bigint, \
              used_at bigint, revoked_at bigint, PRIMARY KEY (id)",
};

const GIVES: &[(&str, Scalar)] = &[
    ("id", Scalar::String),
    ("name", Scalar::String),
    ("hash", Scalar::String),
    ("former_hash", Scalar::String),
    ("former_until", Scalar::BigInt),
    ("roles", Scalar::String),
    ("tenant", Scalar::String),
    ("claims", Scalar::String),
    ("created_at", Scalar::BigInt),
    ("expires_at", Scalar::BigInt),
    ("used_at", Scalar::BigInt),
    ("revoked_at", Scalar::BigInt),
];

const FIND: &str = "SELECT id, name, hash, former_hash, former_until, roles, tenant, claims, \
     created_at, expires_at, used_at, revoked_at FROM {table} WHERE id = $1";

const LIST: &str = "SELECT id, name, hash, former_hash, former_until, roles, tenant, claims, \
     created_at, expires_at, used_at, revoked_at FROM {table} WHERE id > $1 ORDER BY id LIMIT 1000";

const CREATE: &str = "INSERT INTO {table} (id, name, hash, roles, tenant, claims, created_at, \
     expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// MariaDB sets one column after the other, so the hash that is kept is read before it is set.
const ROTATE: &str = "UPDATE {table} SET former_until = $1, former_hash = hash, hash = $2 \
     WHERE id = $3 AND revoked_at IS NULL";

const REVOKE: &str = "UPDATE {table} SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";

const USE: &str = "UPDATE {table} SET used_at = $1 \
     WHERE id = $2 AND (used_at IS NULL OR used_at <= $3)";

const SWEEP: &str = "DELETE FROM {table} WHERE revoked_at < $1 OR expires_at < $2";

/// The table of keys; clones share its database.
#[derive(Clone)]
pub struct Keys {
    database: Database,
}

impl Database {
    /// The keys of callers.
    pub fn keys(&self) -> Keys {
        Keys {
            database: self.clone(),
        }
    }
}

impl Keys {
    /// The key of that id.
    pub async fn find(&self, id: &str) -> Result<Option<ApiKey>, Error> {
        let rows = self.database.read_ours(&TABLE, finding(id)).await?;
        first(rows)
    }

    /// At most [`PAGE`] keys, those whose ids come after that one.
    pub async fn list(&self, after: &str) -> Result<Vec<ApiKey>, Error> {
        let asked = Asked {
            sql: LIST,
            given: vec![text(Some(after))],
            gives: GIVES,
        };
        let rows: Vec<Row> = self.database.read_ours(&TABLE, asked).await?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// Keeps a key.
    pub async fn create(&self, key: &ApiKey) -> Result<(), Error> {
        let roles: Value = key.roles.names().collect();
        let claims = Value::Object(key.claims.clone()).to_string();
        let asked = Asked {
            sql: CREATE,
            given: vec![
                text(Some(&key.id)),
                text(Some(&key.name)),
                text(Some(&hexadecimal(&key.hash))),
                text(Some(&roles.to_string())),
                text(key.tenant.as_deref()),
                text(Some(&claims)),
                number(Some(key.created)),
                number(key.expires),
            ],
            gives: &[],
        };
        let nothing: Vec<Row> = self.database.write_ours(&TABLE, vec![asked]).await?;
        drop(nothing);
        Ok(())
    }

    /// Gives a key another secret; the one before holds until that second. A key that was taken
    /// back gets none. What is there then.
    pub async fn rotate(
        &self,
        id: &str,
        hash: &SecretHash,
        until: u64,
    ) -> Result<Option<ApiKey>, Error> {
        let given = vec![
            number(Some(until)),
            text(Some(&hexadecimal(hash))),
            text(Some(id)),
        ];
        self.change(ROTATE, given, id).await
    }

    /// Takes a key back; one that was taken back before stays so. What is there then.
    pub async fn revoke(&self, id: &str, second: u64) -> Result<Option<ApiKey>, Error> {
        let given = vec![number(Some(second)), text(Some(id))];
        self.change(REVOKE, given, id).await
    }

    /// Removes the keys that were over before that second.
    pub async fn sweep(&self, before: u64) -> Result<(), Error> {
        let asked = Asked {
            sql: SWEEP,
            given: vec![number(Some(before)), number(Some(before))],
            gives: &[],
        };
        let nothing: Vec<Row> = self.database.write_ours(&TABLE, vec![asked]).await?;
        drop(nothing);
        Ok(())
    }

    async fn change(
        &self,
        sql: &'static str,
        given: Vec<(Scalar, model::Value)>,
        id: &str,
    ) -> Result<Option<ApiKey>, Error> {
        let change = Asked {
            sql,
            given,
            gives: &[],
        };
        let asked = vec![change, finding(id)];
        first(self.database.write_ours(&TABLE, asked).await?)
    }

    async fn note(&self, id: &str, second: u64) -> Result<(), Error> {
        let given = vec![
            number(Some(second)),
            text(Some(id)),
            number(Some(second.saturating_sub(USE_SECONDS))),
        ];
        let asked = Asked {
            sql: USE,
            given,
            gives: &[],
        };
        let nothing: Vec<Row> = self.database.write_ours(&TABLE, vec![asked]).await?;
        drop(nothing);
        Ok(())
    }
}

impl ApiKeys for Keys {
    fn find(&self, id: &str) -> Looking<Option<ApiKey>> {
        let (keys, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            Self::find(&keys, &id)
                .await
                .map_err(|error| unanswered(&error))
        })
    }

    fn note_use(&self, id: &str, second: u64) -> Looking<()> {
        let (keys, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            keys.note(&id, second)
                .await
                .map_err(|error| unanswered(&error))
        })
    }
}

fn finding(id: &str) -> Asked {
    Asked {
        sql: FIND,
        given: vec![text(Some(id))],
        gives: GIVES,
    }
}

fn first(rows: Vec<Row>) -> Result<Option<ApiKey>, Error> {
    rows.into_iter().next().map(ApiKey::try_from).transpose()
}

fn unanswered(error: &Error) -> Unanswered {
    Unanswered(error.to_string())
}

/// A row as it is read.
#[derive(Deserialize)]
struct Row {
    id: Box<str>,
    name: Box<str>,
    hash: Box<str>,
    former_hash: Option<Box<str>>,
    #[serde(deserialize_with = "seconds")]
    former_until: Option<u64>,
    roles: Box<str>,
    tenant: Option<Box<str>>,
    claims: Box<str>,
    #[serde(deserialize_with = "seconds")]
    created_at: Option<u64>,
    #[serde(deserialize_with = "seconds")]
    expires_at: Option<u64>,
    #[serde(deserialize_with = "seconds")]
    used_at: Option<u64>,
    #[serde(deserialize_with = "seconds")]
    revoked_at: Option<u64>,
}

impl TryFrom<Row> for ApiKey {
    type Error = Error;

    /// What somebody else wrote there and is no key is never taken for one.
    fn try_from(row: Row) -> Result<Self, Error> {
        let unfit = |what: &str| Error::Conversion(format!("api_key {}: {what}", row.id));
        let former = match (&row.former_hash, row.former_until) {
            (Some(hash), Some(until)) => Some(Former {
                hash: bytes(hash).ok_or_else(|| unfit("former_hash"))?,
                until,
            }),
            _ => None,
        };
        let roles: Vec<String> = serde_json::from_str(&row.roles).map_err(|_| unfit("roles"))?;
        Ok(Self {
            hash: bytes(&row.hash).ok_or_else(|| unfit("hash"))?,
            former,
            roles: roles.iter().map(String::as_str).collect(),
            claims: serde_json::from_str(&row.claims).map_err(|_| unfit("claims"))?,
            created: row.created_at.ok_or_else(|| unfit("created_at"))?,
            expires: row.expires_at,
            used: row.used_at,
            revoked: row.revoked_at,
            tenant: row.tenant,
            name: row.name,
            id: row.id,
        })
    }
}

fn bytes(text: &str) -> Option<SecretHash> {
    let digits = text.as_bytes();
    let mut hash = SecretHash::default();
    if digits.len() != 2 * hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_was_written_and_nothing_else_is_one() {
        let mut hash = SecretHash::default();
        hash[1] = 0xa7;
        let text = hexadecimal(&hash);
        assert_eq!((text.len(), bytes(&text)), (64, Some(hash)));
        for bad in [
            "",
            "00",
            text.strip_prefix('0').unwrap(),
            &text.replace('a', "g"),
            &(text.clone() + "00"),
        ] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
