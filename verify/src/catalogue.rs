//! Tables described apart from the product: what the API of them must be like.

use std::borrow::Cow;
use std::fmt;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// An integer of 32 bits.
    Int,
    /// An integer of 64 bits.
    BigInt,
    /// A float of 64 bits.
    Float,
    /// A decimal number.
    Decimal,
    /// Text.
    String,
    /// A UUID.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day.
    LocalTime,
    /// A date and time without zone.
    LocalDateTime,
    /// A moment.
    DateTime,
    /// A JSON value.
    Json,
    /// Bytes.
    Bytes,
    /// A value of the enum `Mood`.
    Mood,
}

/// The values of the enum `Mood` in their order: name in the API, label in the database.
pub const MOODS: [(&str, &str); 4] = [
    ("SAD", "sad"),
    ("IN_LOVE", "in love"),
    ("HAPPY", "happy"),
    ("ANGRY", "angry"),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid => f.write_str("UUID"),
            Self::Json => f.write_str("JSON"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Kind {
    /// The comparisons of its filter.
    pub fn operators(self) -> &'static [&'static str] {
        const ALL: [&str; 18] = [
            "isNull",
            "eq",
            "ne",
            "in",
            "notIn",
            "lt",
            "lte",
            "gt",
            "gte",
            "like",
            "ilike",
            "startsWith",
            "endsWith",
            "contains",
            "ieq",
            "istartsWith",
            "iendsWith",
            "icontains",
        ];
        match self {
            Self::Json => &ALL[..1],
            Self::Boolean | Self::Mood => &ALL[..5],
            Self::String => &ALL,
            _ => &ALL[..9],
        }
    }

    /// The family of columns it is compared with in one row.
    pub fn family(self) -> Option<String> {
        match self {
            Self::Json => None,
            Self::Mood => Some("Enum".to_owned()),
            Self::Int | Self::BigInt | Self::Decimal => Some("Number".to_owned()),
            other => Some(other.to_string()),
        }
    }

    /// The comparisons with another column.
    pub fn column_operators(self) -> &'static [&'static str] {
        const ALL: [&str; 6] = ["eq", "ne", "lt", "lte", "gt", "gte"];
        match self {
            Self::Boolean | Self::Mood => &ALL[..2],
            _ => &ALL,
        }
    }

    /// What `sum` of it is.
    pub fn sum(self) -> Option<Self> {
        match self {
            Self::Int => Some(Self::BigInt),
            Self::BigInt | Self::Decimal => Some(Self::Decimal),
            Self::Float => Some(Self::Float),
            _ => None,
        }
    }

    /// What `avg` of it is.
    pub fn average(self) -> Option<Self> {
        match self {
            Self::Int | Self::BigInt | Self::Decimal => Some(Self::Decimal),
            Self::Float => Some(Self::Float),
            _ => None,
        }
    }

    /// What `min` and `max` of it are.
    pub fn extreme(self) -> Option<Self> {
        let has = !matches!(
            self,
            Self::Boolean | Self::Json | Self::Uuid | Self::Bytes | Self::Mood
        );
        has.then_some(self)
    }
}

/// A column and its field.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field.
    pub field: &'static str,
    /// The name in the database.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// How many rows a relation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// Exactly one.
    One,
    /// One or none.
    Maybe,
    /// Any number.
    Many,
}

/// Fields that are equal on two sides.
pub type Pairs = &'static [(&'static str, &'static str)];

/// A field that leads to other rows.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The field.
    pub field: &'static str,
    /// The type it leads to.
    pub target: Cow<'static, str>,
    /// How many rows it leads to.
    pub cardinality: Cardinality,
    /// (ours, theirs), or (ours, the junction's).
    pub pairs: Pairs,
    /// The junction's type and (the junction's, theirs).
    pub through: Option<(&'static str, Pairs)>,
}

/// A table, or a view if it has no key.
#[derive(Clone, Debug)]
pub struct Table {
    /// The type of its rows.
    pub type_name: Cow<'static, str>,
    /// The root field for one row.
    pub singular: Cow<'static, str>,
    /// The root field for many.
    pub plural: Cow<'static, str>,
    /// The name in the database.
    pub name: Cow<'static, str>,
    /// Its columns.
    pub columns: Cow<'static, [Column]>,
    /// Fields of the primary key.
    pub key: &'static [&'static str],
    /// The field of another unique key.
    pub unique: Option<&'static str>,
    /// Its relations.
    pub relations: Cow<'static, [Relation]>,
}

impl Table {
    /// The position of a column.
    pub fn column(&self, field: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.field == field)
    }

    /// The position of a relation.
    pub fn relation(&self, field: &str) -> Option<usize> {
        self.relations
            .iter()
            .position(|relation| relation.field == field)
    }

    /// The columns rows can be ordered and grouped by.
    pub fn sortable(&self) -> impl Iterator<Item = &Column> {
        self.columns
            .iter()
            .filter(|column| column.kind != Kind::Json)
    }
}

/// A name with its first letter in upper case.
pub fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A column that is never NULL.
pub const fn column(field: &'static str, name: &'static str, kind: Kind) -> Column {
    Column {
        field,
        name,
        kind,
        nullable: false,
    }
}

/// A column that may be NULL.
pub const fn maybe(field: &'static str, name: &'static str, kind: Kind) -> Column {
    Column {
        field,
        name,
        kind,
        nullable: true,
    }
}

/// A relation by fields.
pub const fn to(
    field: &'static str,
    target: &'static str,
    cardinality: Cardinality,
    pairs: Pairs,
) -> Relation {
    Relation {
        field,
        target: Cow::Borrowed(target),
        cardinality,
        pairs,
        through: None,
    }
}
