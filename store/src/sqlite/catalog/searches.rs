//! Full-text indexes: tables of FTS5 whose content is another table ("External Content Tables").

use model::catalog::{Kind, Search, Table};
use rusqlite::{Connection, Result};

/// A table of FTS5 and what its arguments say.
struct Found {
    name: String,
    content: String,
    /// The column that its rowid is taken from.
    rowid: Option<String>,
}

/// Gives tables the indexes that stand for their words. One whose rows are not told by the rowid
/// of the table is none.
pub(super) fn resolve(connection: &Connection, tables: &mut [Table]) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema \
         WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE %' ORDER BY name",
    )?;
    let listed = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    for entry in listed {
        let (name, sql): (String, String) = entry?;
        if let Some(found) = found(name, &sql)
            && let Some(table) = tables
                .iter_mut()
                .find(|table| table.name.eq_ignore_ascii_case(&found.content))
            && is_told_by_rowid(connection, table, found.rowid.as_deref())?
        {
            table.searches.push(Search {
                name: Some(found.name),
                columns: Vec::new(),
                configurations: Vec::new(),
                indexed: true,
            });
        }
    }
    Ok(())
}

fn found(name: String, sql: &str) -> Option<Found> {
    let (head, arguments) = sql.split_once('(')?;
    let module = head.split_whitespace().last()?;
    if !module.eq_ignore_ascii_case("fts5") {
        return None;
    }
    let arguments = options(arguments);
    let option = |wanted: &str| {
        let mut options = arguments.iter();
        let found = options.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.clone())
    };
    Some(Found {
        name,
        // Without content of its own it keeps the text itself, or none.
        content: option("content").filter(|content| !content.is_empty())?,
        rowid: option("content_rowid"),
    })
}

/// The options among the arguments of a module: `name = value`, where a value may be quoted.
fn options(arguments: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for letter in arguments.chars() {
        match (quote, letter) {
            (None, ',') => parts.push(String::new()),
            (None, '\'' | '"' | '`' | '[') => {
                quote = Some(if letter == '[' { ']' } else { letter });
            }
            (Some(end), _) if letter == end => quote = None,
            (None, ')') => break,
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.push(letter);
                }
            }
        }
    }
    let options = parts.iter().filter_map(|part| part.split_once('='));
    let trimmed = |text: &str| text.trim().to_owned();
    options
        .map(|(name, value)| (trimmed(name), trimmed(value)))
        .collect()
}

/// Whether the rowid of the table is what its index calls a row.
fn is_told_by_rowid(connection: &Connection, table: &Table, rowid: Option<&str>) -> Result<bool> {
    let mut statement = connection
        .prepare_cached("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1")?;
    let without_rowid: bool = statement.query_row([&table.name], |row| row.get(0))?;
    let is_rowid = |name: &str| name.eq_ignore_ascii_case("rowid");
    if table.kind != Kind::Table
        || without_rowid
        || table.columns.iter().any(|column| is_rowid(&column.name))
    {
        return Ok(false);
    }
    let Some(column) = rowid.filter(|name| !is_rowid(name)) else {
        return Ok(true);
    };
    // A primary key that is the rowid itself is said to have it as a default.
    Ok(table.columns.iter().any(|known| {
        known.name.eq_ignore_ascii_case(column) && known.default.as_deref() == Some("rowid")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_every_spelling() {
        for sql in [
            "title, body, content='docs', content_rowid='id')",
            "title, content = \"docs\" , content_rowid=id)",
            "content=[docs], content_rowid=`id`, tokenize=\"unicode61 remove_diacritics 2\")",
        ] {
            let options = options(sql);
            let has =
                |name: &str, value: &str| options.contains(&(name.to_owned(), value.to_owned()));
            assert!(
                has("content", "docs") && has("content_rowid", "id"),
                "{sql}: {options:?}"
            );
        }
    }

    #[test]
    fn only_fts5_with_the_content_of_a_table_is_an_index() {
        let named = |sql: &str| found("f".into(), sql).map(|found| found.content);
        assert_eq!(
            named("CREATE VIRTUAL TABLE f USING fts5(a, content=docs)").as_deref(),
            Some("docs")
        );
        for sql in [
            "CREATE VIRTUAL TABLE f USING fts5(a)",
            "CREATE VIRTUAL TABLE f USING fts5(a, content='')",
            "CREATE VIRTUAL TABLE f USING fts4(a, content=docs)",
            "CREATE VIRTUAL TABLE f USING rtree(id, a, b)",
        ] {
            assert_eq!(named(sql), None, "{sql}");
        }
    }
}
