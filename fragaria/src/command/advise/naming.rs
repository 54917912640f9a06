//! Names and the text of indexes that are proposed.

use model::{Dialect, Schema, TableStatistics};
use sha2::{Digest as _, Sha256};

/// The longest name that each database takes, in bytes.
const NAME_BYTES_MAX: usize = 60;
/// How much of a long text of MariaDB's is in an index, in letters.
const PREFIX: usize = 64;

/// A column of an index, and whether it goes downwards.
pub(super) type Part = (usize, bool);

/// The statement that makes an index of these columns of a table.
pub(super) fn statement(
    schema: &Schema,
    (table, parts): (usize, &[Part]),
    known: Option<&TableStatistics>,
) -> String {
    let declared = &schema.tables[table];
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
    let name = quote(&name(schema, (table, parts), known));
    format!("CREATE INDEX {name} ON {place} ({})", columns.join(", "))
}

/// A name that says what the index is of, and is not taken.
fn name(
    schema: &Schema,
    (table, parts): (usize, &[Part]),
    known: Option<&TableStatistics>,
) -> String {
    let declared = &schema.tables[table];
    let columns = parts
        .iter()
        .map(|(column, _)| declared.columns[*column].name.as_str());
    let words: Vec<_> = std::iter::once(declared.name.as_str())
        .chain(columns)
        .collect();
    let whole = words.join("_") + "_idx";
    let is_taken = known.is_some_and(|known| {
        let mut names = known.indexes.iter().map(|index| index.name.to_lowercase());
        names.any(|name| name == whole.to_lowercase())
    });
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

fn quoted(dialect: Dialect, name: &str) -> String {
    let quote = match dialect {
        Dialect::Mariadb => "`",
        Dialect::Sqlite | Dialect::Postgres => "\"",
    };
    format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
}
