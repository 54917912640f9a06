//! The databases Fragaria speaks to.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A database language that has been in the test matrix; all others are refused at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite 3.45 or newer, embedded.
    Sqlite,
    /// PostgreSQL 14 or newer.
    Postgres,
    /// MariaDB 10.6 or newer.
    Mariadb,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_shown_as_it_is_written_in_files() {
        assert_eq!(Dialect::Sqlite.to_string(), "sqlite");
        assert_eq!(Dialect::Postgres.to_string(), "postgres");
        assert_eq!(Dialect::Mariadb.to_string(), "mariadb");
    }
}
