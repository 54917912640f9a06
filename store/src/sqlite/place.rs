//! Where a SQLite database is: a file, or memory of this process.

use crate::Error;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A file, or a database in memory that all connections of one [`super::Sqlite`] share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The path of the file.
    File(String),
    /// The name under which connections find it.
    Memory(String),
}

impl Place {
    /// Reads what stands behind `sqlite:`.
    pub(super) fn parse(path: &str) -> Result<Self, Error> {
        static MEMORIES: AtomicU64 = AtomicU64::new(0);
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            ":memory:" => {
                let number = MEMORIES.fetch_add(1, Relaxed);
                Ok(Self::Memory(format!("file:/fragaria-{number}?vfs=memdb")))
            }
            "" => Err(refusal("it names no file")),
            _ if path.starts_with("file:") => Err(refusal("give the plain path instead of file:")),
            _ if path.starts_with(':') => Err(refusal("of such names only :memory: is known")),
            _ if path.contains(['?', '\0']) => Err(refusal("options are not supported")),
            _ => Ok(Self::File(path.into())),
        }
    }

    /// What SQLite opens.
    pub(super) fn name(&self) -> &str {
        let (Self::File(name) | Self::Memory(name)) = self;
        name
    }

    /// Whether there is something to be opened.
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::File(path) => std::path::Path::new(path).exists(),
            Self::Memory(_) => true,
        }
    }
}

fn refusal(why: &str) -> Error {
    Error::Address(format!("sqlite:<path> is expected, {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_and_options_are_refused() {
        for (path, expected) in [
            ("shop.db", "shop.db"),
            ("///a/b.db", "/a/b.db"),
            ("/x", "/x"),
        ] {
            assert_eq!(Place::parse(path).unwrap(), Place::File(expected.into()));
        }
        for path in ["", "file:x?mode=rw", "x?cache=shared", ":temp:", "//"] {
            assert!(Place::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn two_databases_in_memory_are_two() {
        assert_ne!(
            Place::parse(":memory:").unwrap(),
            Place::parse(":memory:").unwrap()
        );
    }
}
