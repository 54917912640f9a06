//! The column types the matrix tries, and values at the edges of each.

mod mariadb;
mod postgres;
mod sqlite;
mod values;

use crate::catalogue::Kind;
use crate::value::Value;
use model::Dialect;

/// A column type of a database, served as one kind of field.
#[derive(Clone, Copy, Debug)]
pub struct Native {
    /// The type without lengths, as the compiler of schemas lists it.
    pub of: &'static str,
    /// The type as a schema file spells it: `varchar(40)`.
    pub text: &'static str,
    /// What follows it in a declaration, such as a collation.
    pub collation: &'static str,
    /// What a field of it holds.
    pub kind: Kind,
    /// Which keys it can be of.
    pub keys: Keys,
    /// What a server must have that not every one has.
    pub needs: Option<&'static str>,
    /// Distinct values that are not NULL.
    pub values: fn() -> Vec<Value>,
    /// Other texts that equal those values, which are in no row and only asked for.
    pub alike: fn() -> Vec<Value>,
    /// Literals of what the database takes and the API cannot show.
    pub strange: &'static [&'static str],
}

/// Which keys a column type can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None.
    None,
    /// Unique keys.
    Unique,
    /// Unique keys, and primary ones.
    All,
}

/// The types of a dialect.
pub fn natives(dialect: Dialect) -> Vec<Native> {
    match dialect {
        Dialect::Sqlite => sqlite::natives(),
        Dialect::Postgres => postgres::natives(),
        Dialect::Mariadb => mariadb::natives(),
    }
}

impl Native {
    /// A type that can be of keys, with the values of its kind.
    const fn new(text: &'static str, kind: Kind) -> Self {
        Self {
            of: text,
            text,
            collation: "",
            kind,
            keys: Keys::All,
            needs: None,
            values: values::of(kind),
            alike: Vec::new,
            strange: &[],
        }
    }

    const fn of(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    const fn keyless(self) -> Self {
        Self {
            keys: Keys::None,
            ..self
        }
    }

    const fn unique(self) -> Self {
        Self {
            keys: Keys::Unique,
            ..self
        }
    }

    const fn collated(self, collation: &'static str) -> Self {
        Self { collation, ..self }
    }

    const fn needs(self, what: &'static str) -> Self {
        Self {
            needs: Some(what),
            ..self
        }
    }

    const fn strange(self, strange: &'static [&'static str]) -> Self {
        Self { strange, ..self }
    }

    const fn with(self, values: fn() -> Vec<Value>) -> Self {
        Self { values, ..self }
    }

    const fn alike(self, alike: fn() -> Vec<Value>) -> Self {
        Self { alike, ..self }
    }

    /// Its name among the fields and tables of the matrix: `numeric_38_10`.
    pub fn slug(&self) -> String {
        let parts = self
            .text
            .split(|letter: char| !letter.is_ascii_alphanumeric());
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        format!(
            "{}_as_{}",
            parts.join("_"),
            self.kind.to_string().to_lowercase()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_types_share_a_name_and_no_type_repeats_a_value() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb] {
            let natives = natives(dialect);
            let mut slugs: Vec<_> = natives.iter().map(Native::slug).collect();
            slugs.sort();
            slugs.dedup();
            assert_eq!(slugs.len(), natives.len(), "{dialect}");
            for native in natives {
                let values = (native.values)();
                assert!(values.len() >= 2, "{dialect} {}", native.text);
                for (index, value) in values.iter().enumerate() {
                    let twice = values[..index].iter().any(|other| other.is_same(value));
                    assert!(!twice, "{dialect} {}: {value:?}", native.text);
                }
            }
        }
    }
}
