//! The beds the matrix is grown in: for each column type two tables, and their rows.

use crate::catalogue::{Cardinality, Kind, MOODS, Relation, Table, column, maybe};
use crate::natives::{Keys, Native};
use crate::value::Value;
use crate::world::{Row, World};
use model::Dialect;
use std::borrow::Cow;

/// Position of the table that has all shapes.
pub const PLAIN: usize = 0;
/// What the table is called whose key is of the type, where that can be.
const KEYED: &str = "K_";
/// What the table is called of values that cannot be shown, where there are such.
const ODD: &str = "O_";

/// The column that is tried.
const VALUE: &str = "value";

/// A statement that makes a part of a bed.
#[derive(Clone, Debug)]
pub struct Planting {
    /// Its text.
    pub statement: String,
    /// The statement that removes what it made, where nothing else does.
    pub removal: Option<String>,
}

/// The tables of one column type.
#[derive(Clone, Debug)]
pub struct Bed {
    /// The type.
    pub native: Native,
    /// Where the tables are, where they have a database schema.
    pub schema: Option<String>,
    dialect: Dialect,
    tables: Vec<Table>,
    rows: Vec<Vec<Row>>,
}

impl Bed {
    /// The tables of a type, and their rows.
    pub fn new(native: Native, dialect: Dialect, schema: Option<&str>) -> Self {
        let slug = native.slug();
        let values = (native.values)();
        let mut tables = vec![plain(&slug, &native)];
        let mut rows = vec![rows(&native, &values)];
        if native.keys == Keys::All {
            tables.push(keyed(&slug, &native));
            let note = |index: usize| match index % 3 {
                0 => Value::Null,
                rest => integer(rest),
            };
            let keyed = values.into_iter().enumerate();
            rows.push(
                keyed
                    .map(|(index, value)| vec![value, note(index)])
                    .collect(),
            );
        }
        if !native.strange.is_empty() {
            tables.push(odd(&slug, &native));
            // What they are the evaluator need not know: they are not NULL, and not shown.
            let odd = (1..=native.strange.len()).map(|id| vec![integer(id), Value::Boolean(true)]);
            rows.push(odd.collect());
        }
        Self {
            native,
            schema: schema.map(str::to_owned),
            dialect,
            tables,
            rows,
        }
    }

    /// The database they are for.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The tables with their rows.
    pub fn world(&self) -> World<'_> {
        World::new(&self.tables, self.rows.clone())
    }

    /// Position of the table whose key is of the type, where that can be.
    pub fn keyed(&self) -> Option<usize> {
        self.position(KEYED)
    }

    /// Position of the table of values that cannot be shown, where there are such.
    pub fn odd(&self) -> Option<usize> {
        self.position(ODD)
    }

    fn position(&self, prefix: &str) -> Option<usize> {
        let mut tables = self.tables.iter();
        tables.position(|table| table.type_name.starts_with(prefix))
    }

    /// The statements that make the tables and fill them.
    pub fn plantings(&self) -> Vec<Planting> {
        let tables = self.tables.iter().zip(&self.rows);
        let both = tables.map(|(table, rows)| {
            let place = self.place(&table.name);
            let made = Planting {
                statement: self.create(table),
                removal: Some(format!("DROP TABLE IF EXISTS {place}")),
            };
            let filled = Planting {
                statement: self.insert(table, rows),
                removal: None,
            };
            [made, filled]
        });
        both.flatten().collect()
    }

    /// The types of a schema file that say what the tables are.
    pub fn sdl(&self) -> String {
        self.tables
            .iter()
            .map(|table| self.type_of(table))
            .collect()
    }

    fn create(&self, table: &Table) -> String {
        let columns = table.columns.iter().map(|column| {
            let native = self.declaration(column.kind, column.name);
            let constraint = match column.name {
                _ if table.key == [column.field] => " NOT NULL PRIMARY KEY",
                _ if table.unique == Some(column.field) => " NULL UNIQUE",
                _ => " NULL",
            };
            format!("{} {native}{constraint}", column.name)
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        let bytewise = match self.dialect {
            Dialect::Mariadb => " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
            Dialect::Sqlite | Dialect::Postgres => "",
        };
        format!(
            "CREATE TABLE {} ({columns}){bytewise}",
            self.place(&table.name)
        )
    }

    /// The type of a column as a statement declares it.
    fn declaration(&self, kind: Kind, name: &str) -> String {
        if !matches!(name, "value" | "mark" | "beside") {
            return "INTEGER".to_owned();
        }
        let labels = || MOODS.map(|(_, label)| format!("'{label}'")).join(", ");
        match (self.native.text, self.dialect, kind) {
            (_, Dialect::Postgres, Kind::Mood) => self.place("mood"),
            ("enum", _, _) => format!("enum({})", labels()),
            ("set", _, _) => "set('a', 'b', 'c')".to_owned(),
            (text, _, _) => format!("{text} {}", self.native.collation),
        }
    }

    fn insert(&self, table: &Table, rows: &[Row]) -> String {
        let rows = rows.iter().map(|row| {
            let values = row.iter().zip(table.columns.iter());
            let values = values.map(|(value, column)| match (&row[0], column.field) {
                (Value::Integer(id), VALUE) if table.type_name.starts_with(ODD) => {
                    let place = usize::try_from(*id).expect("rows are counted from 1");
                    self.native.strange[place - 1].to_owned()
                }
                _ => value.literal(self.dialect, column.kind),
            });
            format!("({})", values.collect::<Vec<_>>().join(", "))
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        format!("INSERT INTO {} VALUES {rows}", self.place(&table.name))
    }

    /// A name within its schema; all names here are plain words.
    fn place(&self, name: &str) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{name}", quoted(schema)),
            None => name.to_owned(),
        }
    }

    fn type_of(&self, table: &Table) -> String {
        let (name, in_schema) = (&table.type_name, in_schema(self.schema.as_deref()));
        let fields = table.columns.iter().map(|column| {
            let required = if column.nullable { "" } else { "!" };
            let mut field = format!("  {}: {}{required}", column.field, column.kind);
            if table.key == [column.field] {
                field.push_str(" @id");
            }
            if table.unique == Some(column.field) {
                field.push_str(" @unique");
            }
            let is_typed =
                matches!(column.name, "value" | "mark" | "beside") && column.kind != Kind::Mood;
            let arguments = if is_typed {
                format!("type: {:?}", self.native.text)
            } else {
                format!("name: {:?}", column.name)
            };
            format!("{field} @column({arguments})\n")
        });
        let relations = table
            .relations
            .iter()
            .map(|relation| match relation.cardinality {
                Cardinality::Many => format!(
                    "  {}: [{}!]! @relation(inverse: \"owner\")\n",
                    relation.field, relation.target
                ),
                _ => format!(
                    "  {}: {} @relation(fields: [\"ownerId\"])\n",
                    relation.field, relation.target
                ),
            });
        let members: String = fields.chain(relations).collect();
        format!(
            "type {name} @table(name: {:?}{in_schema}) @api(singular: {:?}, plural: {:?}) {{\n{members}}}\n\n",
            table.name, table.singular, table.plural
        )
    }
}

/// The statement that makes what all beds share, where there is such.
pub fn shared_planting(dialect: Dialect, schema: Option<&str>) -> Option<Planting> {
    if dialect != Dialect::Postgres {
        return None;
    }
    let labels = MOODS.map(|(_, label)| format!("'{label}'")).join(", ");
    let place = schema.map_or(String::new(), |schema| quoted(schema) + ".");
    Some(Planting {
        statement: format!("CREATE TYPE {place}mood AS ENUM ({labels})"),
        removal: Some(format!("DROP TYPE IF EXISTS {place}mood")),
    })
}

/// The part of a schema file that all beds share.
pub fn shared_sdl(dialect: Dialect, schema: Option<&str>) -> String {
    let database = match dialect {
        Dialect::Postgres => format!(" @enum(name: \"mood\"{})", in_schema(schema)),
        Dialect::Sqlite | Dialect::Mariadb => String::new(),
    };
    let values = MOODS.map(|(name, label)| format!("  {name} @value(name: {label:?})\n"));
    format!("enum Mood{database} {{\n{}}}\n\n", values.concat())
}

fn in_schema(schema: Option<&str>) -> String {
    schema.map_or(String::new(), |schema| format!(", schema: {schema:?}"))
}

/// A name of PostgreSQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn plain(slug: &str, native: &Native) -> Table {
    let type_name = format!("V_{slug}");
    let mut columns = vec![
        column("id", "id", Kind::Int),
        maybe("value", "value", native.kind),
    ];
    let has_mark = native.keys != Keys::None;
    if has_mark {
        columns.push(maybe("mark", "mark", native.kind));
    }
    columns.push(maybe("beside", "beside", native.kind));
    columns.push(maybe("ownerId", "owner_id", Kind::Int));
    let to = |field, cardinality, pairs| Relation {
        field,
        target: type_name.clone().into(),
        cardinality,
        pairs,
        through: None,
    };
    Table {
        singular: format!("v_{slug}").into(),
        plural: format!("v_{slug}_all").into(),
        name: format!("v_{slug}").into(),
        columns: columns.into(),
        key: &["id"],
        unique: has_mark.then_some("mark"),
        relations: Cow::Owned(vec![
            to("owner", Cardinality::Maybe, &[("ownerId", "id")]),
            to("owned", Cardinality::Many, &[("id", "ownerId")]),
        ]),
        type_name: type_name.into(),
    }
}

fn odd(slug: &str, native: &Native) -> Table {
    Table {
        type_name: format!("{ODD}{slug}").into(),
        singular: format!("o_{slug}").into(),
        plural: format!("o_{slug}_all").into(),
        name: format!("o_{slug}").into(),
        columns: vec![
            column("id", "id", Kind::Int),
            maybe(VALUE, VALUE, native.kind),
        ]
        .into(),
        key: &["id"],
        unique: None,
        relations: Cow::Owned(Vec::new()),
    }
}

fn keyed(slug: &str, native: &Native) -> Table {
    Table {
        type_name: format!("{KEYED}{slug}").into(),
        singular: format!("k_{slug}").into(),
        plural: format!("k_{slug}_all").into(),
        name: format!("k_{slug}").into(),
        columns: vec![
            column("value", "value", native.kind),
            maybe("note", "note", Kind::Int),
        ]
        .into(),
        key: &["value"],
        unique: None,
        relations: Cow::Owned(Vec::new()),
    }
}

/// Rows with every value but one, which only requests know; some values twice, and NULL.
fn rows(native: &Native, values: &[Value]) -> Vec<Row> {
    let absent = absent(values);
    let held: Vec<_> = values
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != absent)
        .map(|(_, value)| value)
        .collect();
    let again = [held[0], held[held.len() / 2], &Value::Null, &Value::Null];
    let all: Vec<_> = held.iter().copied().chain(again).collect();
    // Neither the order of the values nor that of the rows is the other's.
    let primes = [2, 3, 5, 7, 11, 13];
    let step = primes
        .into_iter()
        .find(|step| !all.len().is_multiple_of(*step));
    let step = step.expect("there are fewer rows than the product of these");
    let owners = all.len() / 3 + 1;
    let row = |position: usize| {
        let place = position * step % all.len();
        let value = all[place].clone();
        let owner = match position % 5 {
            4 => Value::Null,
            _ => integer(position * 3 % owners + 1),
        };
        let mut row = vec![integer(position + 1), value.clone()];
        if native.keys != Keys::None {
            row.push(if place < held.len() {
                value
            } else {
                Value::Null
            });
        }
        // Another value, the same one, or none.
        let apart = position % 3;
        row.push(all[(place + apart) % all.len()].clone());
        row.push(owner);
        row
    };
    (0..all.len()).map(row).collect()
}

/// The position of the value that no row has.
fn absent(values: &[Value]) -> Option<usize> {
    (values.len() > 3).then_some(values.len() / 2)
}

fn integer(value: usize) -> Value {
    Value::Integer(i64::try_from(value).expect("there are few rows"))
}
