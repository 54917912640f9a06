//! What statements want of indexes, and which of their conditions no index can serve.
//!
//! It is taken from the finished trees, as the tables a statement touches are: whatever planned a
//! condition, and whatever the access rules put beside it, is seen.

pub(crate) mod fields;
pub(crate) mod wants;

use model::Explained;
use serde::Serialize;

/// Who asks a statement: an operation of a trusted document, or a field of the API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// An operation of a trusted document.
    Document {
        /// The SHA-256 of its text.
        hash: String,
        /// The first of its ids.
        id: Option<String>,
        /// The name of the operation.
        operation: Option<String>,
    },
    /// A root field, or a list below one, with a point between them.
    Field(String),
}

/// What somebody asks, and whose callers they are.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub asker: Asker,
    /// Roles whose callers come to these statements; nobody in particular where there are no rules.
    pub roles: Vec<String>,
    /// The statements.
    pub statements: Vec<Asked>,
}

/// A statement, and what it wants.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The statement, as a database is asked for its plan.
    pub explained: Explained,
    /// The tables it reads: what it calls them, and indexes into the tables of the schema.
    pub tables: Vec<(String, usize)>,
    /// What it wants of each.
    pub wants: Vec<Want>,
    /// Conditions of it that no index serves.
    pub blocked: Vec<Blocked>,
}

/// Something that is not looked at, and why.
#[derive(Clone, Debug)]
pub struct Left {
    /// Who asks it.
    pub asker: Asker,
    /// Whose callers.
    pub roles: Vec<String>,
    /// Why its statements are not known.
    pub why: String,
}

/// The columns by which rows of a table would be found, or come in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// What the statement calls the table.
    pub alias: String,
    /// The table: an index into those of the schema.
    pub table: usize,
    /// Columns that are equal to something, and why they are; those that most statements share come first.
    pub equal: Vec<(usize, Why)>,
    /// A column that lies in a range, and why.
    pub range: Option<(usize, Why)>,
    /// Columns of the order, and whether each goes downwards.
    pub order: Vec<(usize, bool)>,
}

/// Why a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// An access rule does it.
    Rule,
    /// A relation is joined over it.
    Relation,
    /// Whoever asks does it.
    Filter,
}

/// A condition that no index serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What the statement calls the table.
    pub alias: String,
    /// The table: an index into those of the schema.
    pub table: usize,
    /// A column it is about.
    pub column: Option<usize>,
    /// What keeps it from an index.
    pub obstacle: Obstacle,
    /// Whether an access rule says it.
    pub is_rule: bool,
}

/// What keeps a condition from being served by an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Obstacle {
    /// A pattern that does not say how the text begins.
    Pattern,
    /// Text is compared whatever the case of its letters is.
    Case,
    /// A function, a cast or an expression stands around the column.
    Expression,
    /// Two columns of one row are compared.
    Columns,
    /// Of several conditions one must hold, and not all of them are about columns of the table.
    Alternatives,
    /// It says what must not be.
    Negation,
    /// It looks into a document or a list.
    Document,
}

/// A rule whose condition no index serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedRule {
    /// The table: an index into those of the schema.
    pub table: usize,
    /// The rule: an index into those of the table.
    pub rule: usize,
    /// Its conditions.
    pub blocked: Vec<Blocked>,
}
