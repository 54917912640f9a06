//! The address of a database as people give it: what it is for, where it leads, and its mends.

use crate::mend;
use crate::project::CONFIG;
use anyhow::Result;
use model::{Dialect, Secret};
use std::path::Path;

/// The dialect a database address is for.
pub(crate) fn dialect(url: &Secret) -> Result<Dialect> {
    match store::dialect(url) {
        Some(dialect) => Ok(dialect),
        None if url.expose().is_empty() => Err(mend::failure(
            "database.url is not set",
            format!(
                "set it in {CONFIG} or in FRAGARIA_DATABASE__URL: what it begins with says for \
                 which kind of database the schema is"
            ),
        )),
        None => Err(strange(url)),
    }
}

/// Why an address is refused: it is a path, or of a database that was never tested.
fn strange(url: &Secret) -> anyhow::Error {
    let text = url.expose();
    if Path::new(text).is_dir() {
        let what = format!("{text} is a directory, and a database is named by an address");
        return mend::failure(what, FORMS);
    }
    let ends = [".db", ".sqlite", ".sqlite3"];
    if Path::new(text).exists() || ends.iter().any(|end| text.ends_with(end)) {
        let what = format!("{text} is a path, and a database is named by an address");
        return mend::failure(what, format!("for a SQLite file write sqlite:{text}"));
    }
    mend::failure(
        "the database address is for no database that has been tested",
        FORMS,
    )
}

/// The addresses there are.
const FORMS: &str = "use sqlite:<path>, postgres://user@host/name or mariadb://user@host/name";

/// An address, and what whoever gave it calls it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Secret,
    name: String,
    /// The configured address without its password, which was not taken.
    other: Option<String>,
}

impl Target {
    /// The address that a setting has.
    pub(crate) fn configured(url: &Secret, setting: &str) -> Self {
        Self {
            url: url.clone(),
            name: setting.to_owned(),
            other: None,
        }
    }

    /// The address behind an option, with the login of the configured one where it is for the same
    /// server and user.
    pub(crate) fn given(url: &Secret, option: &str, known: &Secret) -> Self {
        let lent = store::with_password(url, known);
        let has_password = |url: &Secret| store::without_password(url) != url.expose();
        let is_other = lent == *url && !has_password(url) && has_password(known);
        Self {
            url: lent,
            name: format!("the address behind {option}"),
            other: is_other.then(|| store::without_password(known)),
        }
    }

    /// What to do about a database that cannot be used.
    pub(crate) fn remedy(&self, error: &store::Error) -> Option<String> {
        let dialect = store::dialect(&self.url);
        match error {
            store::Error::Address(_) => Some(format!("correct {}: {FORMS}", self.name)),
            store::Error::Login(_) => Some(self.login()),
            store::Error::Unavailable(_) if dialect == Some(Dialect::Sqlite) => self.file(),
            store::Error::Unavailable(_) => Some(self.way()),
            store::Error::Full(_) => {
                Some("let the database take more connections, or end some of others".to_owned())
            }
            store::Error::Denied(_) => rights(dialect?),
            _ => None,
        }
    }

    /// How to come to a server.
    fn way(&self) -> String {
        let options = self.url.expose().rsplit_once('?');
        let is_told = options.is_some_and(|(_, options)| options.contains("sslmode="));
        let what = if is_told {
            "the host, the name and sslmode"
        } else {
            "the host and the name"
        };
        format!("start the database, or correct {what} in {}", self.name)
    }

    /// How to give the password.
    fn login(&self) -> String {
        if let Some(other) = &self.other {
            return format!(
                "the configured address, {other}, has a password, but for a different host, port \
                 or user: make them the same"
            );
        }
        let address = self.url.expose();
        let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
        format!(
            "give the user and the password in the environment: \
             FRAGARIA_DATABASE__URL={scheme}://<user>:<password>@<host>/<name>"
        )
    }

    /// What to do about a file of SQLite.
    fn file(&self) -> Option<String> {
        let path = store::sqlite_file(&self.url)?;
        if path.exists() {
            let shown = path.display();
            return Some(format!(
                "is {shown} a database of SQLite that may be read and written here? If not, correct {}",
                self.name
            ));
        }
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Some(format!(
            "there is no file {}: correct {}, or set database.sqlite.create to begin with an empty one",
            whole.display(),
            self.name
        ))
    }
}

/// Refuses the address of a SQLite file that is not there, where it is to be read from.
pub(crate) fn must_exist(url: &Secret) -> Result<()> {
    match store::sqlite_file(url) {
        Some(path) if !path.exists() => {
            let what = format!("there is no file {}", path.display());
            let help = "correct the path; it is relative to where the command is run";
            Err(mend::failure(what, help))
        }
        _ => Ok(()),
    }
}

/// A relative SQLite path is meant relative to the project, wherever the command is run.
pub(crate) fn locate(url: &Secret, directory: &Path) -> Secret {
    match store::sqlite_file(url) {
        Some(path) => Secret::new(store::sqlite_url(&directory.join(path))),
        None => url.clone(),
    }
}

/// How the owner of a database gives what tables of ours need.
fn rights(dialect: Dialect) -> Option<String> {
    let statement = match dialect {
        Dialect::Sqlite => return None,
        Dialect::Postgres => "CREATE SCHEMA fragaria AUTHORIZATION <user>",
        Dialect::Mariadb => {
            "GRANT CREATE, SELECT, INSERT, UPDATE, DELETE ON <database>.<table> TO <user>"
        }
    };
    Some(format!(
        "let the owner of the database run this once: {statement}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_sqlite_path_is_relative_to_the_project() {
        let located = |url: &str| {
            locate(&Secret::new(url), Path::new("shop"))
                .expose()
                .to_owned()
        };
        assert_eq!(located("sqlite:shop.db"), "sqlite:shop/shop.db");
        assert_eq!(located("sqlite://shop.db"), "sqlite:shop/shop.db");
        assert_eq!(located("sqlite:/var/shop.db"), "sqlite:/var/shop.db");
        assert_eq!(located("sqlite::memory:"), "sqlite::memory:");
        assert_eq!(located("postgres://db/shop"), "postgres://db/shop");
    }

    #[test]
    fn an_address_without_a_tested_database_is_refused_without_repeating_it() {
        let error = dialect(&Secret::new("oracle://me:hunter2@db/shop"))
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"));
        assert!(
            dialect(&Secret::default())
                .unwrap_err()
                .to_string()
                .contains("is not set")
        );
    }
}
