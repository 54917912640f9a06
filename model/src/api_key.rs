//! Keys that callers show, as they are kept: by this port, behind which `store` has their table.

use crate::Roles;
use crate::outward::Unanswered;
use serde_json::{Map, Value};
use std::pin::Pin;

/// How long after a use of a key the next one is written down, in seconds.
pub const USE_SECONDS: u64 = 60;

/// SHA-256 of a secret of 256 random bits, which is more than anybody can guess, so it need not be
/// slow.
pub type SecretHash = [u8; 32];

/// A key as it is kept; all times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is called in its own text, in the log and in the table; no secret.
    pub id: Box<str>,
    /// What people call it.
    pub name: Box<str>,
    /// What is kept of its secret.
    pub hash: SecretHash,
    /// The secret before that one, if it may still hold.
    pub former: Option<Former>,
    /// The roles of whoever shows it.
    pub roles: Roles,
    /// Whose data it is for, where callers are told apart by tenant.
    pub tenant: Option<Box<str>>,
    /// What is known of whoever shows it.
    pub claims: Map<String, Value>,
    /// When it was made.
    pub created: u64,
    /// From when on it holds no more.
    pub expires: Option<u64>,
    /// When it was last shown, to about a minute.
    pub used: Option<u64>,
    /// When it was taken back.
    pub revoked: Option<u64>,
}

/// A secret that another one took the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// What is kept of it.
    pub hash: SecretHash,
    /// From when on it holds no more.
    pub until: u64,
}

/// What the database says, once it does.
pub type Looking<T> = Pin<Box<dyn Future<Output = Result<T, Unanswered>> + Send>>;

/// The keys there are: those in the served database, or what a test has in their place.
pub trait ApiKeys: Send + Sync {
    /// The key of that id.
    fn find(&self, id: &str) -> Looking<Option<ApiKey>>;
    /// Writes down that a key was shown at that second, unless it was less than a minute before.
    fn note_use(&self, id: &str, second: u64) -> Looking<()>;
}
