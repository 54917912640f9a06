//! What a live database says it holds, in its own words.

use crate::Dialect;
use serde::Serialize;

/// The part of a database's catalog that an API is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catalog {
    /// Whose catalog it is.
    pub dialect: Dialect,
    /// Tables and views, by schema and name.
    pub tables: Vec<Table>,
    /// Enum types, by schema and name.
    pub enums: Vec<Enum>,
    /// Composite types that are no table's, by schema and name.
    pub composites: Vec<Composite>,
    /// Functions, and what is called like one, by schema and name.
    pub functions: Vec<Function>,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its database schema; `None` where the database has none, or it is the first on the search path.
    pub schema: Option<String>,
    /// Its name in the database.
    pub name: String,
    /// What kind of relation it is.
    pub kind: Kind,
    /// Whether whoever looks may read it, or some of its columns.
    pub readable: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// Columns in their declared order.
    pub columns: Vec<Column>,
    /// Columns of the primary key, in key order; empty without one.
    pub primary_key: Vec<String>,
    /// Other unique keys that hold for every row (no partial or expression index).
    pub uniques: Vec<Vec<String>>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// What its words are found by.
    pub searches: Vec<Search>,
    /// What refuses rows and has a name, by names.
    pub constraints: Vec<Constraint>,
}

/// A constraint, or a unique index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Constraint {
    /// Its name in the database.
    pub name: String,
    /// Whether the database says that it was this one which refused a row.
    pub told: bool,
}

/// A full-text index, or what can have one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Search {
    /// What is asked: a column of type `tsvector` (PostgreSQL), a table of FTS5 (SQLite); nothing
    /// where an index is known by its columns (MariaDB).
    pub name: Option<String>,
    /// The columns whose words are in it, where the database says so.
    pub columns: Vec<String>,
    /// Configurations that words can be read by (PostgreSQL); the likely one comes first.
    pub configurations: Vec<String>,
    /// Whether an index is there.
    pub indexed: bool,
}

/// What kind of relation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// A table; rows can be written.
    Table,
    /// A view, read only.
    View,
    /// A materialised view, read only.
    MaterializedView,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name in the database.
    pub name: String,
    /// Its type as the database spells it: `numeric(10,2)`, `character varying(40)`, `NVARCHAR(160)`.
    /// For a domain, the domain's base type; for an array, with as many brackets as dimensions.
    pub native: String,
    /// The enum it, or an item of it, draws from: an index into [`Catalog::enums`].
    pub enumeration: Option<usize>,
    /// The composite type it is of: an index into [`Catalog::composites`].
    pub composite: Option<usize>,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// The expression of its default, as the database spells it; `Some` also for an identity or
    /// rowid alias, which fill themselves.
    pub default: Option<String>,
    /// Whether the database computes it, so that it cannot be written.
    pub generated: bool,
    /// Whether its collation takes different bytes for the same (PostgreSQL): patterns fail on its values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nondeterministic: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A reference from one table to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeignKey {
    /// Referring columns, in key order.
    pub columns: Vec<String>,
    /// Schema of the table referred to.
    pub target_schema: Option<String>,
    /// The table referred to.
    pub target: String,
    /// Columns referred to, in key order.
    pub target_columns: Vec<String>,
}

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enum {
    /// Its database schema, as for tables.
    pub schema: Option<String>,
    /// Its name in the database.
    pub name: String,
    /// Its comment.
    pub comment: Option<String>,
    /// Labels in their declared order.
    pub labels: Vec<String>,
}

/// A composite type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Composite {
    /// Its database schema, as for tables.
    pub schema: Option<String>,
    /// Its name in the database.
    pub name: String,
    /// Its comment.
    pub comment: Option<String>,
    /// Its attributes, in their declared order.
    pub attributes: Vec<Column>,
}

/// A function, or what is called like one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its database schema, as for tables; `Some` also where another one of its name is on the
    /// search path.
    pub schema: Option<String>,
    /// Its name in the database.
    pub name: String,
    /// Its comment.
    pub comment: Option<String>,
    /// Why no expression calls it with a value for each argument, if none does.
    pub unfit: Option<Unfit>,
    /// Whether it may write, for all that the database says.
    pub writes: bool,
    /// The table of which its first argument is a row: an index into [`Catalog::tables`].
    pub receiver: Option<usize>,
    /// Its arguments in their order; the name may be empty.
    pub arguments: Vec<Column>,
    /// The table of which it gives rows: an index into [`Catalog::tables`].
    pub rows: Option<usize>,
    /// What it gives, without a name; `None` where that is nothing at all.
    pub result: Option<Column>,
    /// Whether it gives any number of those.
    pub several: bool,
}

/// Why no expression calls a function with a value for each argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unfit {
    /// It is a procedure.
    Procedure,
    /// It is an aggregate function.
    Aggregate,
    /// It is a window function.
    Window,
    /// A trigger calls it.
    Trigger,
    /// There are several of its name.
    Overloaded,
    /// Some of its arguments are results.
    Outputs,
    /// It takes any number of arguments.
    Variadic,
    /// The user who asks may not call it.
    Forbidden,
}
