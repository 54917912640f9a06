//! SQL as a tree: what the planner builds, what a checker can walk, and what `render` writes out.
//!
//! Names never appear here, only indexes into the schema, and values only as parameters; so
//! nothing that a request says can reach the text.

mod bucket;
mod column;
mod failing;
mod path;
mod render;
pub(crate) mod walk;

pub(crate) use bucket::Bucket;
pub(crate) use column::{
    affinity, average_scale, codec, comparable, compared_list, document, extreme, figure_cast,
    kept_cast, labels, own_type, paired, parameter_cast, readable, readable_value, sortable,
    stored_scale, sum_max, written,
};
pub(crate) use failing::{can_fail, is_calculated};
pub(crate) use path::JsonPath;
pub(crate) use render::{Rendered, render};

use crate::distinct::Distinct;
use model::Scalar;

/// The alias of a table in one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Alias(pub(crate) u32);

/// A column of an aliased table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    /// Whose column; [`Reference::bare`] ones stand without an alias, as in `RETURNING`.
    pub(crate) alias: Option<Alias>,
    pub(crate) table: usize,
    pub(crate) column: usize,
}

impl Reference {
    pub(crate) fn new(alias: Alias, table: usize, column: usize) -> Self {
        Self {
            alias: Some(alias),
            table,
            column,
        }
    }

    pub(crate) fn bare(table: usize, column: usize) -> Self {
        Self {
            alias: None,
            table,
            column,
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Expr {
    Column(Reference),
    /// The parameter at that index of the statement.
    Parameter(usize),
    /// A number of rows, which the plan knows: the database plans for it.
    Number(i64),
    /// One row more than that, which tells whether there are more and is not shown.
    NumberAndOne(i64),
    /// A default value in a row of `VALUES`.
    Excluded(usize, usize),
    Cast(Box<Expr>, Cast),
    /// The same once more, as a column of its own; the number tells several of them apart.
    Again(usize, Box<Expr>),
    /// Compared as decimals although stored as text.
    Decimal(Box<Expr>),
    /// Text that is compared by its bytes, whatever its collation is.
    Bytewise(Box<Expr>),
    /// A number as decimal text with that many digits after the point (SQLite).
    Rounded(Box<Expr>, u8),
    /// JSON on its way into a column that would make a float of a bare number (SQLite).
    Json(Box<Expr>),
    /// A decimal on its way into a column of so many digits before and after the point, which
    /// would take any number (SQLite).
    Fitted(Box<Expr>, u16, u8),
    /// The position of an enum label among its values: labels in order.
    Rank(Box<Expr>, usize),
    Compare(Operator, Box<Expr>, Box<Expr>),
    /// `(a, b) op (c, d)`.
    CompareRows(Operator, Vec<Expr>, Vec<Expr>),
    /// Whether the left side is an item of a list parameter.
    In(Box<Expr>, ListParameter),
    /// Whether the left side is one of these, for databases without list parameters.
    OneOf(Box<Expr>, Vec<Expr>),
    /// Whether a row of columns is among the keys of list parameters.
    InKeys(Vec<Expr>, Vec<ListParameter>),
    Like(Box<Expr>, Box<Expr>),
    /// The same for a pattern whose only wildcard is its last character.
    BeginsLike(Box<Expr>, Box<Expr>),
    LikeAnyCase(Box<Expr>, Box<Expr>),
    /// Whether two texts are the same but for the case of letters.
    EqualAnyCase(Box<Expr>, Box<Expr>),
    /// Whether two JSON values are the same, as PostgreSQL's `jsonb` has it.
    JsonEqual(Box<Expr>, Box<Expr>),
    /// Whether the second JSON value is in the first, as `jsonb @>` has it.
    JsonContains(Box<Expr>, Box<Expr>),
    /// Whether JSON is an object with a member of that name; MariaDB takes a path to it.
    JsonHasKey(Box<Expr>, Box<Expr>),
    /// What stands at a place in JSON; NULL where it is of another kind.
    JsonAt(Box<Expr>, JsonPlace),
    /// Whether a row of that table has the words of the parameter of that index.
    Search(Alias, usize, usize),
    /// A list that stands so to another one.
    CompareLists(ListOperator, Box<Expr>, Box<Expr>),
    /// Whether a list has no item.
    IsEmpty(Box<Expr>),
    IsNull(Box<Expr>),
    /// The same as [`Expr::Exists`], around which it keeps it from being joined.
    IsTrue(Box<Expr>),
    /// False or unknown.
    IsNotTrue(Box<Expr>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// What the function of that index gives for these arguments.
    Call(usize, Vec<Expr>),
    /// The whole row of a table, as one value (PostgreSQL).
    Row(Alias),
    /// The whole row that a function gave, as one value.
    GivenRow(Alias),
    /// The number of a row among those that a function gave.
    Ordinal(Alias),
    Exists(Box<Select>),
    /// A condition of an access rule: it looks at rows whoever asks.
    Rule(Box<Expr>),
    /// True where that holds; else the statement fails (PostgreSQL).
    Must(Box<Expr>),
    /// The second, where the first holds; else NULL.
    Guarded(Box<Expr>, Box<Expr>),
    /// Text of which some is shown.
    Masked(Box<Expr>, Veil),
    /// The first of these that is not NULL.
    First(Vec<Expr>),
    /// The one value of a one-column, one-row select.
    Value(Box<Select>),
    /// All rows of a select packed into one column.
    Rows(Box<Select>),
    /// `count(*)`, or of the distinct values of an expression.
    Count(Option<Box<Expr>>),
    Aggregate(Aggregate, Box<Expr>),
    /// What an aggregate is made of, equal values once.
    Distinct(Box<Expr>),
    /// A count or aggregate over the rows that fulfil a condition.
    Filtered(Box<Expr>, Box<Expr>),
    /// The start of the bucket a date or time of that scalar falls into.
    Bucket(Box<Expr>, Bucket, Scalar),
    /// One more than an integer.
    Next(Box<Expr>),
    /// Whether a list parameter of kept rows has none.
    NoneKept(usize),
}

/// What is shown of a masked text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Veil {
    /// Its last characters, if they are few of it.
    Partial,
    /// A keyed hash of it (HMAC-SHA-256), whose key is in two parameters.
    Hash { inner: usize, outer: usize },
}

/// A place in JSON, and what is looked for there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JsonPlace {
    /// The parameter of the path.
    pub(crate) path: usize,
    /// Parameters of paths that must lead to lists, for databases that take anything for a list
    /// of itself.
    pub(crate) lists: Vec<usize>,
    pub(crate) kind: JsonKind,
}

/// A kind of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum JsonKind {
    String,
    Number,
    Boolean,
    /// Anything but null.
    Any,
}

/// A list parameter as an operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ListParameter {
    /// Index of the parameter.
    pub(crate) index: usize,
    /// The type its items are cast to before they are compared.
    pub(crate) cast: Option<Cast>,
    /// Where the value stands in a kept row, where whole rows are given.
    pub(crate) column: usize,
    /// Whether the items are bytes, which SQLite and MariaDB receive as hexadecimal digits.
    pub(crate) bytes: bool,
}

/// A type to convert to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cast {
    Text,
    Float,
    /// A database type by the spelling the schema gives it.
    Native(String),
    /// A database enum: index into the schema's enums, and the name it has in the database.
    Enum(usize, String),
    /// A list of such values (PostgreSQL).
    List(Box<Cast>),
    /// A value of a composite type as JSON.
    Document,
    /// JSON as a value of a composite type: index into the schema's shapes.
    Composite(usize),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// How a list stands to another one, whatever the order of the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ListOperator {
    Contains,
    ContainedBy,
    Overlaps,
}

/// An aggregate function; the exact forms go through decimals on both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Aggregate {
    /// Integers that fit 64 bits, and floats.
    Sum,
    /// Decimals and 64-bit integers, without overflow.
    ExactSum,
    /// Floats.
    Average,
    /// Six digits after the point, rounded half away from zero.
    ExactAverage,
    Minimum,
    Maximum,
}

/// A direction of order and where NULL stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Direction {
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

impl Direction {
    /// Ascending with NULL last: NULL is larger than every value.
    pub(crate) const ASCENDING: Self = Self {
        descending: false,
        nulls_first: false,
    };

    pub(crate) fn reversed(self) -> Self {
        Self {
            descending: !self.descending,
            nulls_first: !self.nulls_first,
        }
    }
}

/// One item of `ORDER BY`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) expr: Expr,
    pub(crate) direction: Direction,
    /// Whether NULL can occur, so that its place must be said.
    pub(crate) nullable: bool,
}

/// A source of rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum From {
    /// A table or view.
    Table(usize, Alias),
    /// The rows that the function of that index gives for these arguments.
    Call {
        function: usize,
        arguments: Vec<Expr>,
        alias: Alias,
        /// Whether each row is needed as one value, too.
        whole: bool,
    },
    /// Rows of key values, in the order of their lists, joined to the table that has them.
    Keys {
        keys: Vec<ListParameter>,
        table: usize,
        alias: Alias,
        columns: Vec<usize>,
    },
}

impl From {
    /// What rows are called that a function gives.
    pub(crate) fn given(&self) -> Option<Alias> {
        match self {
            Self::Call { alias, .. } => Some(*alias),
            Self::Table(..) | Self::Keys { .. } => None,
        }
    }
}

/// A join to the `From` of a select.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Join {
    /// Whether rows without a partner stay.
    pub(crate) outer: bool,
    pub(crate) table: usize,
    pub(crate) alias: Alias,
    /// Pairs of equal columns.
    pub(crate) on: Vec<(Reference, Reference)>,
    /// What else must hold of the partner.
    pub(crate) filter: Vec<Expr>,
}

/// A query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Select {
    pub(crate) columns: Distinct<Expr>,
    pub(crate) from: Option<From>,
    pub(crate) joins: Vec<Join>,
    /// All must hold.
    pub(crate) filter: Vec<Expr>,
    pub(crate) group: Vec<Expr>,
    pub(crate) having: Vec<Expr>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<Expr>,
    pub(crate) offset: Option<Expr>,
    /// Whether the rows stay locked until the transaction ends.
    pub(crate) locking: bool,
}

impl Select {
    /// Adds a column, or finds it, and gives its index.
    pub(crate) fn column(&mut self, expr: Expr) -> usize {
        self.columns.place(expr)
    }

    /// All expressions in it, as far as they stand in no other one.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let arguments = match &self.from {
            Some(From::Call { arguments, .. }) => arguments.as_slice(),
            _ => &[],
        };
        let joins = self.joins.iter().flat_map(|join| &join.filter);
        let order = self.order.iter().map(|order| &order.expr);
        let bounds = self.limit.iter().chain(&self.offset);
        let conditions = joins.chain(&self.filter).chain(&self.having);
        let read = self.columns.iter().chain(&self.group).chain(arguments);
        read.chain(conditions).chain(order).chain(bounds)
    }

    /// Whether it gives one row of figures over all its rows.
    pub(crate) fn is_total(&self) -> bool {
        fn is_figure(expr: &Expr) -> bool {
            match expr {
                Expr::Count(_) | Expr::Aggregate(..) | Expr::Filtered(..) => true,
                Expr::Cast(inner, _) => is_figure(inner),
                _ => false,
            }
        }
        self.group.is_empty() && self.columns.iter().any(is_figure)
    }
}

/// A statement that changes rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Insert {
        table: usize,
        /// What a row that stands in the way is called.
        alias: Option<Alias>,
        columns: Vec<usize>,
        rows: Vec<Vec<Expr>>,
        /// Inserts only if that holds.
        condition: Option<Expr>,
        /// What to do when the key of these columns is taken: set those columns.
        conflict: Option<Conflict>,
        returning: Vec<Expr>,
    },
    Update {
        table: usize,
        alias: Alias,
        set: Vec<(usize, Expr)>,
        filter: Vec<Expr>,
        returning: Vec<Expr>,
    },
    Delete {
        table: usize,
        alias: Alias,
        filter: Vec<Expr>,
        returning: Vec<Expr>,
    },
}

impl Change {
    /// Whose rows it changes, and what they are called in it.
    pub(crate) fn place(&self) -> Option<(usize, Alias)> {
        match self {
            Self::Insert { table, alias, .. } => Some((*table, (*alias)?)),
            Self::Update { table, alias, .. } | Self::Delete { table, alias, .. } => {
                Some((*table, *alias))
            }
        }
    }

    /// What it gives back of each row.
    pub(crate) fn returning(&self) -> &[Expr] {
        match self {
            Self::Insert { returning, .. }
            | Self::Update { returning, .. }
            | Self::Delete { returning, .. } => returning,
        }
    }
}

/// The `ON CONFLICT` of an insert.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conflict {
    pub(crate) key: Vec<usize>,
    /// What the row that stands in the way is given; nothing is done without any.
    pub(crate) set: Vec<(usize, Expr)>,
    /// All must hold of that row.
    pub(crate) filter: Vec<Expr>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Select(Select),
    Change(Change),
}

impl Tree {
    /// The table whose rows it changes.
    pub(crate) fn changed(&self) -> Option<usize> {
        match self {
            Self::Select(_) => None,
            Self::Change(
                Change::Insert { table, .. }
                | Change::Update { table, .. }
                | Change::Delete { table, .. },
            ) => Some(*table),
        }
    }
}
