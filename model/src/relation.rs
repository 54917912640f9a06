//! A table or view by the name it has in the database.

/// A table or view, as a schema names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// Its database schema, where it is named.
    pub schema: Option<String>,
    /// Its name in the database.
    pub name: String,
}
