//! The tables and rows of the test in each database.

use super::tables::TABLES;
use model::Dialect;
use rusqlite::Connection;
use std::fmt::Write as _;
use std::path::Path;
use verify::catalogue::{Column, Kind, MOODS, Table};
use verify::world::{Row, World};

/// References of the test's tables, the same words for every database.
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

/// Makes the SQLite database.
pub(super) fn sqlite(path: &Path, world: &World<'_>) -> rusqlite::Result<()> {
    let script = tables(Dialect::Sqlite) + &inserts(world, Dialect::Sqlite);
    Connection::open(path)?.execute_batch(&format!("BEGIN;\n{script}COMMIT;"))
}

/// The script that makes the PostgreSQL database.
pub(super) fn postgres(world: &World<'_>) -> String {
    let script = format!("CREATE TYPE mood AS ENUM ({});\n", labels());
    script + &tables(Dialect::Postgres) + &inserts(world, Dialect::Postgres)
}

/// The script that makes the MariaDB database; members refer to members that come later.
pub(super) fn mariadb(world: &World<'_>) -> String {
    let script = "SET foreign_key_checks = 0;\nSET time_zone = '+00:00';\n".to_owned();
    script + &tables(Dialect::Mariadb) + &inserts(world, Dialect::Mariadb)
}

/// MariaDB has no names for enums, so each column brings one of its own, and no moments beyond
/// 2038: a person says that they are one and the same, and which date-times are moments. It alone
/// knows what is never null in a view.
pub(super) fn say_what_mariadb_cannot(path: &Path) {
    let read = std::fs::read_to_string(path).unwrap();
    let mut in_view = false;
    let lines = read.lines().map(|line| {
        if line.starts_with("type ") {
            in_view = line.contains("@view");
        }
        let line = &line.replace('!', if in_view { "" } else { "!" });
        let field = line.trim_start().split(':').next();
        let columns = TABLES.iter().flat_map(|table| table.columns.iter());
        let is_moment =
            |column: &&Column| Some(column.field) == field && column.kind == Kind::DateTime;
        if line.contains("\"char(36)\"") {
            line.replacen(": String", ": UUID", 1)
        } else if columns.into_iter().any(|column| is_moment(&column)) {
            let line = line.replacen(": LocalDateTime", ": DateTime", 1);
            match line.split_once("@column(") {
                Some((head, tail)) => format!("{head}@column(type: \"datetime(6)\", {tail}"),
                None => format!("{line} @column(type: \"datetime(6)\")"),
            }
        } else {
            line.to_owned()
        }
    });
    let mut schema = lines.collect::<Vec<_>>().join("\n") + "\n";
    let mut names = Vec::new();
    let enums = schema.lines().filter_map(|line| line.strip_prefix("enum "));
    names.extend(enums.filter_map(|line| line.split(' ').next().map(str::to_owned)));
    for name in &names {
        schema = schema.replace(&format!(": {name}"), ": Mood");
        schema = schema.replace(&format!("enum {name} "), "enum Mood ");
    }
    let parts = schema.split_inclusive("\n}\n");
    let mut has_mood = false;
    let kept = parts.filter(|part| {
        let is_mood = part.contains("enum Mood ");
        !is_mood || !std::mem::replace(&mut has_mood, true)
    });
    let kept: String = kept.collect();
    std::fs::write(path, kept).unwrap();
}

fn labels() -> String {
    MOODS.map(|(_, label)| format!("'{label}'")).join(", ")
}

fn inserts(world: &World<'_>, dialect: Dialect) -> String {
    let mut script = String::new();
    for (table, rows) in stored(world) {
        let rows = rows.iter().map(|row| {
            let values = row.iter().zip(table.columns.iter());
            let values = values.map(|(value, column)| value.literal(dialect, column.kind));
            format!("({})", values.collect::<Vec<_>>().join(", "))
        });
        let rows = rows.collect::<Vec<_>>().join(",\n");
        let name = &table.name;
        writeln!(script, "INSERT INTO {name} VALUES {rows};").unwrap();
    }
    script
}

fn stored<'w>(world: &'w World<'_>) -> impl Iterator<Item = (&'static Table, &'w Vec<Row>)> {
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
        let (name, lines) = (&table.name, lines.join(",\n"));
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
        Dialect::Mariadb => " PRIMARY KEY AUTO_INCREMENT",
    };
    format!("{} {native}{required}{key}", column.name)
}

fn native(dialect: Dialect, kind: Kind) -> &'static str {
    let (sqlite, postgres, mariadb) = match kind {
        Kind::Boolean => ("BOOLEAN", "boolean", "boolean"),
        Kind::Int => ("INTEGER", "integer", "int"),
        Kind::BigInt => ("BIGINT", "bigint", "bigint"),
        Kind::Float => ("REAL", "double precision", "double"),
        Kind::Decimal => ("DECIMAL_TEXT", "numeric", "decimal(65,20)"),
        Kind::String => ("TEXT", "text", "varchar(400)"),
        Kind::Uuid => ("UUID", "uuid", "char(36)"),
        Kind::Date => ("DATE", "date", "date"),
        Kind::LocalTime => ("TIME", "time", "time(6)"),
        Kind::LocalDateTime => ("DATETIME", "timestamp", "datetime(6)"),
        Kind::DateTime => ("TIMESTAMPTZ", "timestamptz", "datetime(6)"),
        Kind::Json => ("JSON", "jsonb", "json"),
        Kind::Bytes => ("BLOB", "bytea", "varbinary(400)"),
        Kind::Mood => ("TEXT", "mood", "enum('sad', 'in love', 'happy', 'angry')"),
    };
    match dialect {
        Dialect::Sqlite => sqlite,
        Dialect::Postgres => postgres,
        Dialect::Mariadb => mariadb,
    }
}
