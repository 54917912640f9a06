//! What the engine asks of a database, and how the rows that come back are written as JSON.
//!
//! A [`Script`] is made once per plan and shared by all its requests; a request brings only the
//! [`Argument`]s. A row is a flat list of columns; a to-many relation is one column that holds
//! *packed rows* (PostgreSQL: `record[]` in binary; SQLite: a blob by the `fragaria_rows`
//! aggregate; MariaDB: text), each again a flat list of columns.
//!
//! MariaDB's text of packed rows is `[` rows `]`, a row is `(` cells `)` with commas between the
//! cells, and a cell is `NULL`, text as `QUOTE()` writes it, or packed rows again. Bytes stand as
//! hexadecimal digits. A column of packed rows that is NULL passed the server's
//! `max_allowed_packet`: it is an error, never an empty list.

use crate::{Extract, Fault, Footprint, Scalar, Value};
use std::sync::Arc;

/// One operation as a database sees it: all of it happens in one snapshot or one transaction.
#[derive(Clone, Debug)]
pub struct Script {
    /// Whether it writes; a script that writes is all or nothing.
    pub writes: bool,
    /// Whether it calls functions that might write, so that a script that reads must be kept from it.
    pub calls: bool,
    /// Whether what it wrote is undone in the end, whatever came of it: a rehearsal.
    pub undone: bool,
    /// Statements in the order they run.
    pub steps: Vec<Step>,
    /// The members of `data`, in response order.
    pub roots: Vec<Root>,
    /// What is told of rows that constraints of the database refuse, to whom it is made for.
    pub refusals: Arc<[Refusal]>,
    /// The tables it looks at and changes.
    pub footprint: Arc<Footprint>,
}

/// What is told of a row that a constraint of the database refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its table: an index into [`Schema::tables`](crate::Schema).
    pub of: usize,
    /// Database schema of its table, where it is named.
    pub schema: Option<Box<str>>,
    /// Name of its table in the database.
    pub table: Box<str>,
    /// Its name in the database.
    pub constraint: Box<str>,
    /// The code in place of ours.
    pub code: Box<str>,
    /// The message in place of ours.
    pub message: Box<str>,
    /// The field whose value stands in the way.
    pub field: Option<Box<str>>,
}

impl Script {
    /// Whether it is a transaction: one statement that only reads is a snapshot by itself.
    pub fn transacts(&self) -> bool {
        self.writes || self.calls || self.steps.len() > 1
    }
}

/// A member of `data`.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its response key.
    pub key: Label,
    /// Where its value comes from.
    pub content: Content,
}

/// Where the value of a root comes from.
#[derive(Clone, Debug)]
pub enum Content {
    /// Finished JSON text.
    Constant(Box<str>),
    /// The result of the step at that index, whose use is `Rows` or `Value`.
    Step(usize),
}

/// A statement and what becomes of its rows.
#[derive(Clone, Debug)]
pub struct Step {
    /// What runs.
    pub statement: Statement,
    /// What becomes of its rows.
    pub rows: Use,
    /// The response key it works for, for the path of an error.
    pub key: Box<str>,
    /// The part of a write's input that it is about.
    pub input: Option<Part>,
    /// How many rows it must give.
    pub expects: Vec<Expectation>,
    /// What is told where the statement fails by [`NOT_AS_IT_MUST`]: it says itself what its rows
    /// must be.
    pub assures: Option<Box<Fault>>,
}

/// The words by which a statement of PostgreSQL's fails of whose rows one is not as it must be.
pub const NOT_AS_IT_MUST: &str = "fragaria: a row is not as it must be";

/// A part of the input of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands: `input.lines[1].product`.
    pub place: Box<str>,
    /// Whether it is several rows that are written together: one by one they tell which of them
    /// fails.
    pub several: bool,
    /// The table of the schema that is written.
    pub table: Option<usize>,
    /// Members of that part by which a refusal may be told.
    pub members: Box<[Box<str>]>,
}

/// How many rows a step must give, or all that its script did is undone.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// At least so many.
    pub least: usize,
    /// At most as many as the step's further argument of that index says, an integer; further
    /// ones stand behind those of the parameters.
    pub most: Option<usize>,
    /// What is told of another number of rows.
    pub fault: Fault,
}

impl Step {
    /// How many arguments it takes: those of its parameters, and the further ones.
    pub fn arguments(&self) -> usize {
        let further = self.expects.iter().filter_map(|expected| expected.most);
        self.statement.parameters.len() + further.map(|index| index + 1).max().unwrap_or(0)
    }

    /// The first of its expectations that so many rows do not meet.
    pub fn unmet(&self, rows: usize, arguments: &[Argument]) -> Option<&Fault> {
        let most = |expected: &Expectation| {
            let index = self.statement.parameters.len() + expected.most?;
            match arguments.get(index) {
                Some(Argument::Value(Value::Integer(most))) => usize::try_from(*most).ok(),
                _ => Some(0),
            }
        };
        let unmet = self.expects.iter().find(|expected| {
            rows < expected.least || most(expected).is_some_and(|most| rows > most)
        });
        unmet.map(|expected| &expected.fault)
    }
}

/// What becomes of the rows of a step.
#[derive(Clone, Debug)]
pub enum Use {
    /// A JSON array with an object for each row, written as they arrive.
    Rows(Record),
    /// The JSON of a cell of the first row; `null` without a row.
    Value(Cell),
    /// Kept as values of these codecs, for the arguments of later steps.
    Keep(Vec<Codec>),
    /// Nothing: only the effect counts.
    Discard,
}

/// SQL text and the types of its parameters.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The text; parameters are `$1…` for PostgreSQL and `?1…` for SQLite. For MariaDB they are
    /// `?`, and one that stands in several places is a parameter for each of them.
    pub sql: Arc<str>,
    /// Types of the parameters, in order.
    pub parameters: Vec<Parameter>,
}

/// The type of a parameter.
///
/// PostgreSQL declares it to the server as: Boolean bool, Int int4, `BigInt` int8, Float float8,
/// Decimal numeric, String text, UUID uuid, Date date, `LocalTime` time, `LocalDateTime` timestamp,
/// `DateTime` timestamptz, JSON jsonb, Bytes bytea, and for a list the array of it. SQLite binds
/// integers, reals, text and blobs, `LocalDateTime` and `DateTime` as `2026-11-23 18:12:18.5` (UTC,
/// no suffix), and a list as one JSON array for `json_each`, with bytes in it as hexadecimal digits.
/// MariaDB binds as SQLite does, Booleans as 0 and 1, and knows no list but [`Argument::KeptRows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Scalar of the value, or of each item.
    pub scalar: Scalar,
    /// Whether the value is a list.
    pub list: bool,
}

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// A value.
    Value(Value),
    /// A list: that column of every row kept by those steps, in order.
    Kept {
        /// Earlier steps whose use is `Keep`.
        steps: Vec<usize>,
        /// Index of the column.
        column: usize,
    },
    /// That column of the one row kept by that step; NULL where it kept none.
    KeptOne {
        /// An earlier step whose use is `Keep`.
        step: usize,
        /// Index of the column.
        column: usize,
    },
    /// One JSON array, with a JSON array for every row kept by those steps, in order: numbers as
    /// JSON numbers, bytes as hexadecimal digits, all else as strings (MariaDB, and SQLite where
    /// a key has several columns).
    KeptRows {
        /// Earlier steps whose use is `Keep`.
        steps: Vec<usize>,
    },
}

/// How much a script may bring, which decides on what kind of connection it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// At most one row with no list in it.
    Light,
    /// A number of rows that is known and small; lists in it are expected to be small.
    Bounded,
    /// Any number of rows: to be read in portions, never whole.
    Unbounded,
}

/// A JSON object written from one row.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Its members, in response order; none where the row tells which they are.
    pub fields: Vec<Field>,
    /// What is written of rows of several types.
    pub cases: Option<Box<Cases>>,
}

/// A JSON object for each type a row may be of.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The column that tells the type.
    pub column: usize,
    /// How it is written.
    pub codec: Codec,
    /// The types; a row of none of them is an error.
    pub types: Vec<Case>,
    /// What several of the types show alike, each but once: see [`Cell::Shared`].
    pub shared: Vec<Cell>,
}

/// What is written of a row of one type.
#[derive(Clone, Debug)]
pub struct Case {
    /// The GraphQL object type.
    pub type_name: Box<str>,
    /// The JSON of what the column holds.
    pub value: Box<str>,
    /// A column that is NULL just when a part of the row is missing, which is an error.
    pub present: Option<usize>,
    /// The object.
    pub record: Record,
}

/// A member of a JSON object.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its response key.
    pub key: Label,
    /// Its value.
    pub cell: Cell,
}

/// A response key in its JSON form, `"name":`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(Box<str>);

impl Label {
    /// The label of a GraphQL name, which needs no escaping.
    pub fn new(name: &str) -> Self {
        Self(format!("\"{name}\":").into())
    }

    /// The JSON text, with quotes and colon.
    pub fn json(&self) -> &str {
        &self.0
    }
}

/// A value written from one row.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Finished JSON text.
    Constant(Box<str>),
    /// What several types of a row show alike: an index into [`Cases::shared`]. It stands among
    /// the members of a [`Case`] and nowhere else.
    Shared(usize),
    /// A scalar column; NULL is `null`.
    Scalar {
        /// Index of the column.
        column: usize,
        /// How it is written.
        codec: Codec,
    },
    /// Parts of a document in a JSON column.
    Extract {
        /// Index of the column.
        column: usize,
        /// What the column is called where it does not hold what it must: `Product.attributes`.
        name: Box<str>,
        /// What is shown of it; NULL is null.
        extract: Box<Extract>,
    },
    /// An object whose columns stand in the same row.
    Object {
        /// A column that is NULL just when the object is absent; `None`: always there.
        present: Option<usize>,
        /// Its members; their columns index the same row.
        record: Record,
    },
    /// The first of several objects that is there; `null` if none is. With each a column that is
    /// NULL just when it is absent.
    Choice(Vec<(usize, Record)>),
    /// A list of objects from a column of packed rows; NULL is `[]`.
    Rows {
        /// Index of the column.
        column: usize,
        /// Each row's members; their columns index the packed row.
        record: Record,
    },
    /// A Relay connection.
    Page(Box<Page>),
    /// An opaque token: base64url (no padding) of the JSON array `[head, columns…]`.
    Token {
        /// JSON text of the first item.
        head: Box<str>,
        /// Columns of the further items, written by their codecs.
        columns: Vec<(usize, Codec)>,
    },
}

/// A Relay connection read from one row.
///
/// The packed rows hold one row more than the page when there is more in the direction of
/// travel; that row is not shown. Travelling backward they come last first, and are turned round.
#[derive(Clone, Debug)]
pub struct Page {
    /// Column of the packed rows; `None` when no field needs them.
    pub rows: Option<usize>,
    /// Column of the page size, an integer.
    pub size: usize,
    /// Column of `totalCount`, an integer.
    pub count: Option<usize>,
    /// Boolean column: whether there is more against the direction of travel.
    pub behind: Option<usize>,
    /// Whether it travels backward (`last`, `before`).
    pub backward: bool,
    /// The cursor of a packed row, a [`Cell::Token`].
    pub cursor: Cell,
    /// Members, in response order.
    pub fields: Vec<PageField>,
}

/// A member of a connection object.
#[derive(Clone, Debug)]
pub struct PageField {
    /// Its response key.
    pub key: Label,
    /// What it shows.
    pub part: PagePart,
}

/// What a member of a connection shows.
#[derive(Clone, Debug)]
pub enum PagePart {
    /// A list with an object for each row: `edges` (cursor and node inside) or `nodes`.
    Rows(Record),
    /// `totalCount`.
    Count,
    /// `pageInfo`.
    Info(Vec<(Label, PageInfo)>),
    /// Finished JSON text.
    Constant(Box<str>),
}

/// A member of `pageInfo`.
#[derive(Debug, Clone)]
pub enum PageInfo {
    /// `hasNextPage`.
    HasNext,
    /// `hasPreviousPage`.
    HasPrevious,
    /// `startCursor`.
    StartCursor,
    /// `endCursor`.
    EndCursor,
    /// Finished JSON text.
    Constant(Box<str>),
}

/// How a database value becomes JSON, and for kept rows a [`Value`].
#[derive(Debug, Clone, PartialEq)]
pub enum Codec {
    /// By its scalar.
    Scalar(Scalar),
    /// A decimal shown with just that many digits after the point, for databases that hold it as
    /// a binary or untyped number.
    Scaled(u8),
    /// An enum: pairs of (label in the database, name in the API).
    Enum(Arc<[(Box<str>, Box<str>)]>),
    /// A list of such values (PostgreSQL); one of several dimensions is an error.
    List(Box<Codec>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_json_of_its_key() {
        assert_eq!(Label::new("orderItems").json(), "\"orderItems\":");
    }

    #[test]
    fn a_step_tells_which_number_of_rows_is_wrong() {
        let fault = |code| Fault::new(code, crate::Kind::Conflict, "");
        let step = Step {
            statement: Statement {
                sql: "".into(),
                parameters: Vec::new(),
            },
            rows: Use::Discard,
            key: "x".into(),
            input: None,
            assures: None,
            expects: vec![
                Expectation {
                    least: 1,
                    most: None,
                    fault: fault("few"),
                },
                Expectation {
                    least: 0,
                    most: Some(0),
                    fault: fault("many"),
                },
            ],
        };
        let most = [Argument::Value(Value::Integer(2))];
        assert_eq!(step.arguments(), 1);
        let unmet = |rows| step.unmet(rows, &most).map(|fault| fault.code);
        assert_eq!(unmet(0), Some("few"));
        assert_eq!(unmet(1), None);
        assert_eq!(unmet(2), None);
        assert_eq!(unmet(3), Some("many"));
    }

    #[test]
    fn weights_are_ordered_from_light_to_unbounded() {
        assert!(Weight::Light < Weight::Bounded && Weight::Bounded < Weight::Unbounded);
    }
}
