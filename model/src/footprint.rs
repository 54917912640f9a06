//! Which tables a script looks at, and which it changes.

use crate::Relation;
use std::collections::BTreeSet;

/// The tables of a script, as far as they are known from its statements: what foreign keys and
/// triggers of the database change beside them is not in it.
///
/// By default nothing is known, so nothing may be concluded from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Tables it looks at.
    pub reads: BTreeSet<Relation>,
    /// Tables whose rows it changes, and how.
    pub writes: BTreeSet<(Relation, Act)>,
    /// Whether it looks at no others; a view, a function or an expression of the schema may.
    pub knows_reads: bool,
    /// Whether it changes no others; a function may.
    pub knows_writes: bool,
}

/// How rows are changed; foreign keys follow the one and not the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Rows come.
    Insert,
    /// Rows become others.
    Update,
    /// Rows go.
    Delete,
}
