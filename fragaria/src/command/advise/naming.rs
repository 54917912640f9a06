//! Names and the text of indexes that are proposed.

use super::indexes::Proposal;
use model::schema::Table;
use model::{Dialect, Schema, Statistics};
use sha2::{Digest as _, Sha256};

/// The longest name that each database takes, in bytes.
const NAME_BYTES_MAX: usize = 60;
/// How much of a long text of MariaDB's is in an index, in letters.
const PREFIX: usize = 64;

/// A column of an index, and whether it goes downwards.
pub(super) type Part = (usize, bool);

/// What has a name already: what the database holds, and what is proposed so far.
type Named<'n> = (&'n Statistics, &'n [Proposal]);

/// The name of an index of these columns of a table, and the statement that makes it.
pub(super) fn index(
    schema: &Schema,
    (table, parts): (usize, &[Part]),
    (statistics, proposals): Named<'_>,
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
    let name = name(schema, (table, parts), (statistics, proposals));
    let (shown, columns) = (quote(&name), columns.join(", "));
    let sql = format!("CREATE INDEX {shown} ON {place} ({columns})");
    (name, sql)
}

/// A name that says what the index is of, and is not taken.
fn name(schema: &Schema, (table, parts): (usize, &[Part]), named: Named<'_>) -> String {
    let declared = &schema.tables[table];
    let columns = parts
        .iter()
        .map(|(column, _)| declared.columns[*column].name.as_str());
    let words: Vec<_> = std::iter::once(declared.name.as_str())
        .chain(columns)
        .collect();
    let whole = words.join("_") + "_idx";
    let mut told_apart_by = words.join("\0");
    let mut name = whole.clone();
    while name.len() > NAME_BYTES_MAX || is_taken(&name, (schema, declared), named) {
        name = marked(&whole, &told_apart_by);
        // Indexes that go other ways are of the same columns.
        told_apart_by.push('\0');
    }
    name
}

/// The beginning of a name, and a mark that other names do not have.
fn marked(whole: &str, told_apart_by: &str) -> String {
    let digest = store::hexadecimal(&Sha256::digest(told_apart_by.as_bytes()));
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
fn is_taken(
    name: &str,
    (schema, table): (&Schema, &Table),
    (statistics, proposals): Named<'_>,
) -> bool {
    let is_name = |known: &str| known.to_lowercase() == name.to_lowercase();
    let is_near = |place: Option<&str>, known: &str| match schema.dialect {
        Dialect::Mariadb => known == table.name,
        Dialect::Sqlite | Dialect::Postgres => place == table.schema.as_deref(),
    };
    let is_held = statistics.tables.iter().any(|known| {
        let mut indexes = known.indexes.iter();
        is_near(known.relation.schema.as_deref(), &known.relation.name)
            && (is_name(&known.relation.name) || indexes.any(|index| is_name(&index.name)))
    });
    let is_proposed = proposals.iter().any(|one| {
        let of = &schema.tables[one.table];
        is_near(of.schema.as_deref(), &of.name) && is_name(&one.name)
    });
    is_held || is_proposed
}

fn quoted(dialect: Dialect, name: &str) -> String {
    let quote = match dialect {
        Dialect::Mariadb => "`",
        Dialect::Sqlite | Dialect::Postgres => "\"",
    };
    format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
}
