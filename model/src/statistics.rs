//! What a database knows of its tables beside what they hold: sizes and indexes.

use crate::Relation;

/// What is known of the tables of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// By schema and name.
    pub tables: Vec<TableStatistics>,
    /// The database as it names itself, `PostgreSQL 15.4`.
    pub server: String,
}

/// How large a table is, and the indexes it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableStatistics {
    /// The table.
    pub relation: Relation,
    /// How many rows it has, about; `None` where nobody counted.
    pub rows: Option<u64>,
    /// Whether the database ever looked at what is in it, so that its plans are more than guesses.
    pub is_analysed: bool,
    /// Its indexes, by name.
    pub indexes: Vec<Index>,
    /// Its columns of which MariaDB's indexes hold but the beginning.
    pub long_columns: Vec<String>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// What it is over, in order.
    pub parts: Vec<IndexPart>,
    /// Whether every row of the table is in it, sorted by all of these parts.
    pub is_whole: bool,
}

/// A part of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexPart {
    /// The column; none where it is an expression, or but the beginning of a column.
    pub column: Option<String>,
    /// Whether it goes downwards.
    pub descending: bool,
}

impl Statistics {
    /// What is known of a table.
    pub fn of(&self, schema: Option<&str>, name: &str) -> Option<&TableStatistics> {
        self.tables.iter().find(|extent| {
            extent.relation.schema.as_deref() == schema && extent.relation.name == name
        })
    }
}
