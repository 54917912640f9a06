//! What SQLite keeps of its tables as text, read at once: to look for one table is to walk through all.

use rusqlite::{Connection, Result};
use std::collections::{HashMap, HashSet};

/// The texts of all tables, and which tables have indexes.
pub(super) struct Texts {
    made: HashMap<String, String>,
    indexed: HashSet<String>,
}

impl Texts {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut statement = connection.prepare(
            "SELECT type = 'index', tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'index')",
        )?;
        let mut rows = statement.query([])?;
        let (mut made, mut indexed) = (HashMap::new(), HashSet::new());
        while let Some(row) = rows.next()? {
            let table = row.get::<_, String>(1)?.to_ascii_lowercase();
            if row.get(0)? {
                indexed.insert(table);
            } else {
                made.insert(table, row.get::<_, Option<String>>(2)?.unwrap_or_default());
            }
        }
        Ok(Self { made, indexed })
    }

    /// What a table was made by; nothing of what is no table.
    pub(super) fn of(&self, table: &str) -> &str {
        let made = self.made.get(&table.to_ascii_lowercase());
        made.map_or("", String::as_str)
    }

    /// Whether it has an index, one of its keys included.
    pub(super) fn has_index(&self, table: &str) -> bool {
        self.indexed.contains(&table.to_ascii_lowercase())
    }

    /// Whether it may refer to others: no foreign key is made without that word.
    pub(super) fn may_refer(&self, table: &str) -> bool {
        self.of(table).to_ascii_lowercase().contains("references")
    }
}
