//! Names and the text of indexes that are proposed.

use model::schema::Table;
use model::{Dialect, Schema, Statistics, TableStatistics};
use sha2::{Digest as _, Sha256};

/// The longest name that each database takes, in bytes.
const NAME_BYTES_MAX: usize = 60;
/// How much of a long text of MariaDB's is in an index, in letters.
const PREFIX: usize = 64;

/// A column of an index, and whether it goes downwards.
pub(super) type Part = (usize, bool);

/// The name of an index of these columns of a table, and the statement that makes it.
pub(super) fn index(
    schema: &Schema,
    (table, parts): (usize, &[Part]),
    statistics: &Statistics,
) -> (String, String) {
    let declared = &schema.tables[table];
    let known = statistics.of(declared.schema.as_deref(), &declared.name);
    let quote = |name: &str| quoted(schema.dialect, name);
    let columns = parts.iter().map(|(column, descending)| {
        let name = &declared.columns[*column].name;
        let is_long = known.is_some_and(|known| known.long_columns.contains(name));
        let cut = if is_long {
            format!("({PREFIX})")
        } else {
            String::new()
        };
        let down = if *descending { " DESC" } else { "" };
        format!("{}{cut}{down}", quote(name))
    });
    let columns: Vec<_> = columns.collect();
    let place = match &declared.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&declared.name)),
        None => quote(&declared.name),
    };
    let name = name(schema, (table, parts), statistics);
    let (shown, columns) = (quote(&name), columns.join(", "));
    let sql = format!("CREATE INDEX {shown} ON {place} ({columns})");
    (name, sql)
}

/// A name that says what the index is of, and is not taken.
fn name(schema: &Schema, (table, parts): (usize, &[Part]), statistics: &Statistics) -> String {
    let declared = &schema.tables[table];
    let columns = parts
        .iter()
        .map(|(column, _)| declared.columns[*column].name.as_str());
    let words: Vec<_> = std::iter::once(declared.name.as_str())
        .chain(columns)
        .collect();
    let whole = words.join("_") + "_idx";
    let is_taken = is_taken(&whole, (schema.dialect, declared), statistics);
    if whole.len() <= NAME_BYTES_MAX && !is_taken {
        return whole;
    }
    let digest = store::hexadecimal(&Sha256::digest(words.join("\0").as_bytes()));
    let mark: String = digest.chars().take(8).collect();
    let room = NAME_BYTES_MAX - mark.len() - 1;
    let mut short = String::new();
    for letter in whole.chars() {
        if short.len() + letter.len_utf8() > room {
            break;
        }
        short.push(letter);
    }
    format!("{short}_{mark}")
}

/// Whether something has that name, which is of its table in MariaDB, and of the schema elsewhere.
fn is_taken(name: &str, (dialect, table): (Dialect, &Table), statistics: &Statistics) -> bool {
    let is_name = |known: &str| known.to_lowercase() == name.to_lowercase();
    let is_near = |known: &&TableStatistics| match dialect {
        Dialect::Mariadb => known.relation.name == table.name,
        Dialect::Sqlite | Dialect::Postgres => known.relation.schema == table.schema,
    };
    let mut near = statistics.tables.iter().filter(is_near);
    near.any(|known| {
        let mut indexes = known.indexes.iter();
        is_name(&known.relation.name) || indexes.any(|index| is_name(&index.name))
    })
}

fn quoted(dialect: Dialect, name: &str) -> String {
    let quote = match dialect {
        Dialect::Mariadb => "`",
        Dialect::Sqlite | Dialect::Postgres => "\"",
    };
    format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
}
