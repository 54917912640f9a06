//! The tables and rows of the test in each database.

use super::catalogue::{Column, Kind, MOODS, TABLES, Table};
use super::world::World;
use rusqlite::{Connection, params_from_iter};
use std::fmt::Write as _;
use std::path::Path;

/// References of the test's tables, the same words for both databases.
const REFERENCES: [(&str, &[&str]); 5] = [
    (
        "members",
        &[
            "FOREIGN KEY (manager_id) REFERENCES members (id)",
            "FOREIGN KEY (home_code) REFERENCES countries (code)",
            "FOREIGN KEY (birth_code) REFERENCES countries (code)",
            "UNIQUE (email)",
        ],
    ),
    (
        "passports",
        &[
            "FOREIGN KEY (member_id) REFERENCES members (id)",
            "UNIQUE (member_id)",
        ],
    ),
    (
        "projects",
        &["FOREIGN KEY (lead_id) REFERENCES members (id)"],
    ),
    (
        "assignments",
        &[
            "FOREIGN KEY (member_id) REFERENCES members (id)",
            "FOREIGN KEY (project_id) REFERENCES projects (id)",
        ],
    ),
    (
        "entries",
        &[
            "FOREIGN KEY (project_id) REFERENCES projects (id)",
            "FOREIGN KEY (member_id) REFERENCES members (id)",
        ],
    ),
];

const REMARK: &str = "FOREIGN KEY (project_id, day, seq) REFERENCES entries (project_id, day, seq)";

const VIEW: &str = "CREATE VIEW rosters AS SELECT m.id, m.name, m.mood, m.wealth, m.seen_at, \
     h.name AS home_name, b.name AS birth_name FROM members m \
     JOIN countries h ON h.code = m.home_code LEFT JOIN countries b ON b.code = m.birth_code;";

/// A database language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// Makes the SQLite database.
pub(super) fn sqlite(path: &Path, world: &World) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(&tables(Dialect::Sqlite))?;
    let transaction = connection.transaction()?;
    for (table, rows) in stored(world) {
        let marks = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("INSERT INTO {} VALUES ({marks})", table.name);
        let mut insert = transaction.prepare(&sql)?;
        for row in rows {
            let values = row.iter().zip(table.columns);
            insert.execute(params_from_iter(
                values.map(|(value, column)| value.stored(column.kind)),
            ))?;
        }
    }
    transaction.commit()
}

/// The script that makes the PostgreSQL database.
pub(super) fn postgres(world: &World) -> String {
    let labels = MOODS.map(|(_, label)| format!("'{label}'")).join(", ");
    let mut script = format!("CREATE TYPE mood AS ENUM ({labels});\n");
    script.push_str(&tables(Dialect::Postgres));
    for (table, rows) in stored(world) {
        let rows = rows.iter().map(|row| {
            let values = row.iter().zip(table.columns);
            let values = values.map(|(value, column)| value.sql(column.kind));
            format!("({})", values.collect::<Vec<_>>().join(", "))
        });
        let rows = rows.collect::<Vec<_>>().join(",\n");
        let name = table.name;
        writeln!(script, "INSERT INTO {name} VALUES {rows};").unwrap();
    }
    script
}

fn stored(world: &World) -> impl Iterator<Item = (&'static Table, &Vec<super::world::Row>)> {
    let all = TABLES.iter().zip(&world.rows);
    all.filter(|(table, _)| !table.key.is_empty())
}

fn tables(dialect: Dialect) -> String {
    let mut script = String::new();
    for table in TABLES.iter().filter(|table| !table.key.is_empty()) {
        let columns = table
            .columns
            .iter()
            .map(|column| definition(dialect, table, column));
        let mut lines: Vec<String> = columns.collect();
        if !is_counted(table) {
            let key = table.key.iter().map(|field| name(table, field));
            let key = key.collect::<Vec<_>>().join(", ");
            lines.push(format!("PRIMARY KEY ({key})"));
        }
        let references = REFERENCES.iter().find(|(name, _)| *name == table.name);
        lines.extend(
            references
                .iter()
                .flat_map(|(_, lines)| lines.iter().map(ToString::to_string)),
        );
        if table.name == "remarks" {
            lines.push(REMARK.to_owned());
        }
        let (name, lines) = (table.name, lines.join(",\n"));
        writeln!(script, "CREATE TABLE {name} (\n{lines}\n);").unwrap();
    }
    script + VIEW
}

fn name(table: &Table, field: &str) -> &'static str {
    let column = table.column(field).expect("keys name columns");
    table.columns[column].name
}

/// Whether the key counts up by itself.
fn is_counted(table: &Table) -> bool {
    table.key == ["id"] && table.columns[0].kind == Kind::Int
}

fn definition(dialect: Dialect, table: &Table, column: &Column) -> String {
    let native = native(dialect, column.kind);
    let required = if column.nullable { "" } else { " NOT NULL" };
    let key = match dialect {
        _ if !is_counted(table) || column.field != "id" => "",
        Dialect::Sqlite => " PRIMARY KEY",
        Dialect::Postgres => " GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    };
    format!("{} {native}{required}{key}", column.name)
}

fn native(dialect: Dialect, kind: Kind) -> &'static str {
    let (sqlite, postgres) = match kind {
        Kind::Boolean => ("BOOLEAN", "boolean"),
        Kind::Int => ("INTEGER", "integer"),
        Kind::BigInt => ("BIGINT", "bigint"),
        Kind::Float => ("REAL", "double precision"),
        Kind::Decimal => ("DECIMAL_TEXT", "numeric"),
        Kind::String => ("TEXT", "text"),
        Kind::Uuid => ("UUID", "uuid"),
        Kind::Date => ("DATE", "date"),
        Kind::LocalTime => ("TIME", "time"),
        Kind::LocalDateTime => ("DATETIME", "timestamp"),
        Kind::DateTime => ("TIMESTAMPTZ", "timestamptz"),
        Kind::Json => ("JSON", "jsonb"),
        Kind::Bytes => ("BLOB", "bytea"),
        Kind::Mood => ("TEXT", "mood"),
    };
    match dialect {
        Dialect::Sqlite => sqlite,
        Dialect::Postgres => postgres,
    }
}
