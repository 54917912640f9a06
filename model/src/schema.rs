//! The compiled schema: what SDL becomes, and what the artefact holds.

use crate::access::{Grant, Role, Rule};
use crate::{Dialect, Scalar};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Tables and enums with every name resolved to an index and every type known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The database language it was compiled for.
    pub dialect: Dialect,
    /// Tables and views, by type name.
    pub tables: Vec<Table>,
    /// Enums, by type name.
    pub enums: Vec<Enum>,
    /// Objects inside JSON, by type name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<Shape>,
    /// Scalars of the schema's own, by type name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scalars: Vec<CustomScalar>,
    /// Unions of tables, by type name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unions: Vec<Union>,
    /// Functions of the database that are fields, by type and field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Function>,
    /// The roles that rules are for, by name; without any there are no rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
}

/// A table or view and the names it has in the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The GraphQL object type, `OrderLine`.
    pub type_name: String,
    /// Root field for one row, `orderLine`.
    pub singular: String,
    /// Root field for many rows, `orderLines`; never equal to `singular`.
    pub plural: String,
    /// Description for the API.
    pub description: Option<String>,
    /// Database schema, where it is named.
    pub schema: Option<String>,
    /// Name in the database.
    pub name: String,
    /// Whether rows can be written; false for views.
    pub writable: bool,
    /// Columns, in SDL order.
    pub columns: Vec<Column>,
    /// Primary key: indexes into `columns`, in key order; empty for a view without one.
    pub key: Vec<usize>,
    /// Other unique keys: indexes into `columns`.
    pub uniques: Vec<Vec<usize>>,
    /// The column that counts the changes of a row, an `Int` or `BigInt` that is never null.
    pub version: Option<usize>,
    /// Relations to other tables, in SDL order.
    pub relations: Vec<Relation>,
    /// Fields that lead to a row of one of several tables, in SDL order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The types its rows are of, where `type_name` is an interface or a union.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Variants>,
    /// The interface its rows are of, where a row of another table holds a part of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// What its words are found by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// What is told of rows that constraints of the database refuse, by the names of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// What each of its rows costs.
    #[serde(default, skip_serializing_if = "Cost::is_usual")]
    pub cost: Cost,
    /// For how many seconds an answer that looks at its rows may be kept; not at all where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_s: Option<u32>,
    /// What roles may do with its rows. Tables share rules that are alike, so an artefact has them
    /// apart.
    #[serde(skip)]
    pub access: Vec<Arc<Rule>>,
    /// What the caller it is shown to may do with it.
    #[serde(skip)]
    pub grant: Grant,
}

impl Table {
    /// A column by its type and field, `OrderLine.quantity`.
    pub fn place(&self, column: usize) -> String {
        format!("{}.{}", self.type_name, self.columns[column].field)
    }

    /// The field of a part.
    pub fn part(&self, part: Part) -> &str {
        match part {
            Part::Column(column) => &self.columns[column].field,
            Part::Relation(relation) => &self.relations[relation].field,
        }
    }
}

/// The types that rows of a table are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variants {
    /// The column that tells which: an index into [`Table::columns`].
    pub column: usize,
    /// The fields all of them have: of an interface, those it declares; of a union, none.
    pub shared: Option<Shown>,
    /// The types, by name.
    pub types: Vec<Variant>,
}

/// A type of some rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// What the column holds in its rows, as the API writes it: the name of an enum's value, or
    /// the text.
    pub value: String,
    /// Where the rest of its rows is.
    pub rest: Rest,
}

impl Variant {
    /// The GraphQL object type.
    pub fn type_name<'s>(&'s self, schema: &'s Schema) -> &'s str {
        match &self.rest {
            Rest::Here { type_name, .. } => type_name,
            Rest::Beside { table, .. } => &schema.tables[*table].type_name,
        }
    }
}

/// Where that of a row is which not all types share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rest {
    /// In the same table.
    Here {
        /// The GraphQL object type.
        type_name: String,
        /// Description for the API.
        description: Option<String>,
        /// All it shows, shared fields among them.
        shown: Shown,
    },
    /// In a table of its own, whose rows each belong to one of these.
    Beside {
        /// That table: an index into [`Schema::tables`].
        table: usize,
        /// Equal columns: (ours, theirs).
        columns: Vec<(usize, usize)>,
    },
}

/// Fields that a type shows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Indexes into [`Table::columns`].
    pub columns: Vec<usize>,
    /// Indexes into [`Table::relations`].
    pub relations: Vec<usize>,
    /// Indexes into [`Table::choices`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<usize>,
}

/// A union of tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Union {
    /// The GraphQL union type.
    pub type_name: String,
    /// Description for the API.
    pub description: Option<String>,
    /// Its tables: indexes into [`Schema::tables`].
    pub types: Vec<usize>,
}

/// A field that leads to a row of one of several tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Field name in the API.
    pub field: String,
    /// Description for the API.
    pub description: Option<String>,
    /// The union of these tables: an index into [`Schema::unions`].
    pub union: usize,
    /// The relations it goes by, each to one row; the first that leads to one is shown. Indexes
    /// into [`Table::relations`].
    pub relations: Vec<usize>,
}

/// The table that holds what a type shares with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// That table: an index into [`Schema::tables`].
    pub table: usize,
    /// The relation to it: an index into [`Table::relations`].
    pub relation: usize,
    /// What is shown of it.
    pub shown: Shown,
}

/// What a thing costs, where it is not the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// An object or a value of it, or the call of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// How many objects there are of which nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<u32>,
}

impl Cost {
    /// Whether nothing is said of it.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A constraint of the database, and what a client is told when it refuses a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name in the database.
    pub name: String,
    /// The code in place of ours.
    pub code: String,
    /// The message in place of ours.
    pub message: String,
    /// The field whose value stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Part>,
}

/// A part of a type that has a value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// An index into [`Table::columns`].
    Column(usize),
    /// An index into [`Table::relations`].
    Relation(usize),
}

/// The full-text index of a table, as its database knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Search {
    /// PostgreSQL: a column of type `tsvector`, and the configuration that words are read by.
    Vector {
        /// Name of the column in the database.
        column: String,
        /// Name of the configuration.
        configuration: String,
    },
    /// SQLite: a table of FTS5 whose content this table is.
    Table(String),
    /// MariaDB: the columns of a FULLTEXT index, as indexes into [`Table::columns`].
    Columns(Vec<usize>),
}

/// A column and its field.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that the schema file says of the column"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Field name in the API.
    pub field: String,
    /// Name in the database.
    pub name: String,
    /// Description for the API.
    pub description: Option<String>,
    /// Scalar in the API; `String` for an enum column.
    pub scalar: Scalar,
    /// The enum it draws from: an index into [`Schema::enums`].
    pub enumeration: Option<usize>,
    /// What the scalar is called here: an index into [`Schema::scalars`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<usize>,
    /// Whether it holds a list of such values (PostgreSQL's arrays), any of which may be NULL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
    /// What its JSON holds, where that is declared: an object, or a list. A column of a composite
    /// type is read and written as such JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// The database's type, where it is not the scalar's usual one for the dialect.
    pub native: Option<String>,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the database fills it when an insert leaves it out.
    pub defaulted: bool,
    /// Whether the database computes it, so that it cannot be written.
    pub generated: bool,
    /// The expression it stands for, where nothing is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed: Option<Vec<Piece>>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Cost::is_usual")]
    pub cost: Cost,
    /// What the caller it is shown to may do with it.
    #[serde(skip)]
    pub grant: Grant,
}

/// An object inside JSON, or of a composite type, as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The GraphQL object type.
    pub type_name: String,
    /// Description for the API.
    pub description: Option<String>,
    /// The composite type of the database it stands for, if it is no part of a stored document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composite: Option<Composite>,
    /// Its members, in SDL order.
    pub members: Vec<Member>,
}

/// A composite type of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composite {
    /// Database schema, where it is named.
    pub schema: Option<String>,
    /// Name in the database.
    pub name: String,
}

/// A member of an object inside JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Field name in the API.
    pub field: String,
    /// Name in the document, or of the attribute of a composite type.
    pub name: String,
    /// Description for the API.
    pub description: Option<String>,
    /// Its value.
    pub value: Inside,
}

/// A value inside JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// What it is.
    pub form: Form,
    /// Whether it may be null, or missing.
    pub nullable: bool,
}

/// What a value inside JSON is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// A scalar.
    Scalar(Scalar),
    /// The label of an enum: an index into [`Schema::enums`].
    Enum(usize),
    /// An object: an index into [`Schema::shapes`].
    Shape(usize),
    /// A list.
    List(Box<Inside>),
}

/// A function of the database, called by a root field or by a field of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The field.
    pub field: String,
    /// The rows it is a field of; of none, it is a root field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Receiver>,
    /// Description for the API.
    pub description: Option<String>,
    /// Whether it is a field of `Mutation`, and may write.
    pub writes: bool,
    /// Database schema, where it is named.
    pub schema: Option<String>,
    /// Name in the database.
    pub name: String,
    /// Its arguments, in order; of each what a column would be that takes its values.
    pub arguments: Vec<Column>,
    /// What it gives.
    pub outcome: Outcome,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Cost::is_usual")]
    pub cost: Cost,
    /// Who may call it: indexes into [`Schema::roles`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<usize>,
    /// Whether the caller it is shown to may call it.
    #[serde(skip)]
    pub is_hidden: bool,
}

impl Function {
    /// What a column would be that takes the value it gives.
    pub fn result(&self) -> Option<&Column> {
        match &self.outcome {
            Outcome::Value(column) => Some(column),
            Outcome::Row(_) | Outcome::Rows(_) => None,
        }
    }

    /// The tables whose rows it is given or gives.
    pub fn tables(&self) -> Vec<usize> {
        let given = self.receiver.as_ref().map(|receiver| receiver.table);
        let gives = match self.outcome {
            Outcome::Row(table) | Outcome::Rows(table) => Some(table),
            Outcome::Value(_) => None,
        };
        given.into_iter().chain(gives).collect()
    }

    /// Its type and field, `Query.vat`.
    pub fn place(&self, schema: &Schema) -> String {
        let owner = match &self.receiver {
            Some(receiver) => schema.tables[receiver.table].type_name.as_str(),
            None if self.writes => "Mutation",
            None => "Query",
        };
        format!("{owner}.{}", self.field)
    }
}

/// The row a function is given before its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Whose row: an index into [`Schema::tables`].
    pub table: usize,
    /// Which of its columns; where there are none, the row itself is one argument. Indexes into
    /// [`Table::columns`].
    pub columns: Vec<usize>,
}

/// What a function gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A value, such as that column would have.
    Value(Box<Column>),
    /// A row of the table of that index, or none.
    Row(usize),
    /// Rows of it.
    Rows(usize),
}

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// SQL as the schema has it.
    Text(String),
    /// A stored column of the same row: an index into [`Table::columns`].
    Column(usize),
}

/// A field that leads to rows of another table (or the same one).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Field name in the API.
    pub field: String,
    /// Description for the API.
    pub description: Option<String>,
    /// The table it leads to: an index into [`Schema::tables`].
    pub target: usize,
    /// How many rows it leads to.
    pub cardinality: Cardinality,
    /// Equal columns: (ours, theirs), or with `through` (ours, the junction's).
    pub columns: Vec<(usize, usize)>,
    /// Whether our columns refer to a key of the target, so that a write sets them.
    pub refers: bool,
    /// The junction table of a many-to-many relation.
    pub through: Option<Through>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Cost::is_usual")]
    pub cost: Cost,
    /// What the caller it is shown to may do with it.
    #[serde(skip)]
    pub grant: Grant,
}

/// How many rows a relation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cardinality {
    /// Exactly one: the field is non-null.
    One,
    /// One or none.
    Maybe,
    /// Any number: the field is a list.
    Many,
}

/// The junction of a many-to-many relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Through {
    /// The junction: an index into [`Schema::tables`].
    pub table: usize,
    /// Equal columns: (the junction's, the target's).
    pub columns: Vec<(usize, usize)>,
}

/// A scalar that is called otherwise than the one it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomScalar {
    /// The GraphQL scalar type.
    pub type_name: String,
    /// Description for the API.
    pub description: Option<String>,
    /// Where its form is specified.
    pub specified_by: Option<String>,
    /// The scalar it is: what it is in JSON, and how it compares.
    pub scalar: Scalar,
}

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enum {
    /// The GraphQL enum type.
    pub type_name: String,
    /// Description for the API.
    pub description: Option<String>,
    /// Database schema, where it is named.
    pub schema: Option<String>,
    /// Name of the type in the database; `None` where the column is plain text.
    pub name: Option<String>,
    /// Values in declared order, which is also their sort order.
    pub values: Vec<EnumValue>,
}

/// One value of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumValue {
    /// Name in the API.
    pub name: String,
    /// Label in the database.
    pub label: String,
    /// Description for the API.
    pub description: Option<String>,
}
