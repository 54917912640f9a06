//! As whom a request is run in a database that has rules of its own.

/// A caller, as the database is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The role of the database that it acts as: the artefact's word, never the caller's.
    pub role: Box<str>,
    /// What is known of it: the JSON text of an object.
    pub claims: Box<str>,
    /// What the caller is called.
    pub caller: Box<str>,
    /// Whose data it works with; empty where callers are not told apart by tenant.
    pub tenant: Box<str>,
}
