//! Tokens that were taken back before their end, as they are kept: by this port, behind which
//! `store` has their table.

use crate::api_key::Looking;

/// Something that was taken back; all times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its number: each is larger than those that were written before.
    pub number: u64,
    /// What was taken back.
    pub what: Revoked,
    /// Whose tokens it is about; without, those of every issuer.
    pub issuer: Option<Box<str>>,
    /// When it was written; [`RESTORED`] says that what was taken back before holds again.
    pub at: u64,
    /// From when on it need not be known any more: all it is about has expired.
    pub until: u64,
}

/// The moment of a row that takes back no token, but what was taken back of it before: whoever has
/// read that once forgets it.
pub const RESTORED: u64 = 0;

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The token with that `jti`.
    Token(Box<str>),
    /// Every token of the caller of that name which was issued up to then.
    Subject(Box<str>),
}

/// What was taken back: as the served database has it, or what a test has in its place.
pub trait Revocations: Send + Sync {
    /// Those of that number and above, in their order, a bounded number of them.
    fn since(&self, number: u64) -> Looking<Vec<Revocation>>;
}
