//! Where a SQLite database is: a file, or memory of this process.

use crate::Error;
use model::Secret;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const SCHEME: &str = "sqlite:";

/// A file, or a database in memory that all connections of one [`super::Sqlite`] share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The path of the file.
    File(String),
    /// The name under which connections find it.
    Memory(String),
}

impl Place {
    /// Reads an address, `sqlite:<path>` or `sqlite://<path>`.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        static MEMORIES: AtomicU64 = AtomicU64::new(0);
        if let Some(path) = named(url)? {
            return Ok(Self::File(path.into()));
        }
        let number = MEMORIES.fetch_add(1, Relaxed);
        Ok(Self::Memory(format!("file:/fragaria-{number}?vfs=memdb")))
    }

    /// What SQLite opens.
    pub(super) fn name(&self) -> &str {
        let (Self::File(name) | Self::Memory(name)) = self;
        name
    }

    /// Whether there is something to be opened.
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::File(path) => Path::new(path).exists(),
            Self::Memory(_) => true,
        }
    }
}

/// The file an address names; none where it is for a database in memory, or is not for SQLite.
pub fn sqlite_file(url: &Secret) -> Option<&Path> {
    named(url.expose()).ok()?.map(Path::new)
}

/// The address of a file.
pub fn sqlite_url(file: &Path) -> String {
    format!("{SCHEME}{}", file.display())
}

/// The path of a file, or nothing for a database in memory.
fn named(url: &str) -> Result<Option<&str>, Error> {
    let path = url.strip_prefix(SCHEME).unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    match path {
        ":memory:" => Ok(None),
        "" => Err(refusal("it names no file")),
        _ if path.starts_with("file:") => Err(refusal("give the plain path instead of file:")),
        _ if path.starts_with(':') => Err(refusal("of such names only :memory: is known")),
        _ if path.contains(['?', '\0']) => Err(refusal("options are not supported")),
        _ => Ok(Some(path)),
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
        for (url, expected) in [
            ("sqlite:shop.db", "shop.db"),
            ("sqlite://shop.db", "shop.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
            ("sqlite:/x", "/x"),
        ] {
            assert_eq!(Place::parse(url).unwrap(), Place::File(expected.into()));
            assert_eq!(sqlite_file(&Secret::new(url)), Some(expected.as_ref()));
        }
        for path in ["", "file:x?mode=rw", "x?cache=shared", ":temp:", "//"] {
            let url = format!("sqlite:{path}");
            assert!(Place::parse(&url).is_err(), "{path}");
            assert_eq!(sqlite_file(&Secret::new(url)), None);
        }
        for url in ["sqlite::memory:", "postgres://db/shop", ""] {
            assert_eq!(sqlite_file(&Secret::new(url)), None);
        }
    }

    #[test]
    fn two_databases_in_memory_are_two() {
        assert_ne!(
            Place::parse("sqlite::memory:").unwrap(),
            Place::parse("sqlite::memory:").unwrap()
        );
    }
}
