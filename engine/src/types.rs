//! Native database types and the scalars they become, for each dialect.

pub(crate) mod mariadb;
mod postgres;
mod sqlite;

use model::{Diagnostic, Dialect, Scalar};

/// A native type this engine can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Native {
    /// Its canonical text, as the SDL spells it: `varchar(40)`, `numeric(10,2)`.
    pub(crate) text: String,
    /// The scalar it becomes when nobody says otherwise.
    pub(crate) scalar: Scalar,
    /// Whether it is an array of values of that scalar.
    pub(crate) list: bool,
    /// Other scalars its values can be read as.
    also: &'static [Scalar],
    /// Types of one family hold each other's values, within their bounds.
    family: &'static str,
}

impl Native {
    /// Whether a column of this type can be a field of that scalar, or a list of it.
    pub(crate) fn accepts(&self, scalar: Scalar, list: bool) -> bool {
        self.list == list && (self.scalar == scalar || self.also.contains(&scalar))
    }

    /// Whether statements made for the one type run unchanged on the other.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.family == other.family && self.list == other.list
    }

    /// Whether it holds binary floats although it is declared as a decimal number.
    pub(crate) fn is_binary_decimal(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Sqlite
            && self.scalar == Scalar::Decimal
            && self.text != usual(dialect, Scalar::Decimal)
    }
}

/// Reads a native type; `None` if no scalar stands for it, nor a list of one.
pub(crate) fn read(dialect: Dialect, text: &str) -> Option<Native> {
    let item = text.strip_suffix(LIST).filter(|_| has_lists(dialect));
    let Some(item) = item else {
        return read_one(dialect, text);
    };
    let native = read_one(dialect, item)?;
    Some(Native {
        text: native.text + LIST,
        list: true,
        ..native
    })
}

/// What PostgreSQL writes behind the type of the items of an array.
const LIST: &str = "[]";

/// Whether a column can hold a list.
pub(crate) fn has_lists(dialect: Dialect) -> bool {
    dialect == Dialect::Postgres
}

/// How many dimensions the arrays of a type are declared with; none where it is no array.
pub(crate) fn dimensions(dialect: Dialect, text: &str) -> usize {
    let mut count = 0;
    let mut rest = text;
    while let Some(item) = rest.strip_suffix(LIST).filter(|_| has_lists(dialect)) {
        (count, rest) = (count + 1, item);
    }
    count
}

/// The type of the items of an array, or the type itself.
pub(crate) fn item(native: &str) -> &str {
    native.strip_suffix(LIST).unwrap_or(native)
}

fn read_one(dialect: Dialect, text: &str) -> Option<Native> {
    let text = Spelling::read(without_words(dialect, text))?;
    match dialect {
        Dialect::Sqlite => sqlite::read(&text),
        Dialect::Postgres => postgres::read(&text),
        Dialect::Mariadb => mariadb::read(&text),
    }
}

/// Whether values of a PostgreSQL type travel as text, because the driver does not know the type.
pub(crate) fn travels_as_text(text: &str) -> bool {
    Spelling::read(text).is_none_or(|text| postgres::travels_as_text(&text))
}

/// Whether values of a PostgreSQL type stand in JSON, as its own functions write it, in the form that
/// a document has for that scalar.
pub(crate) fn stands_in_json(native: &Native) -> bool {
    // Shapes become GeoJSON, and bytes hexadecimal digits.
    native.scalar != Scalar::Bytes && !matches!(native.family, "geometry" | "geography")
}

/// Whether a function that is given that type takes what is bound for its scalar, without a cast.
pub(crate) fn is_argument(dialect: Dialect, text: &str) -> bool {
    match dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => postgres::is_argument(text),
        Dialect::Mariadb => true,
    }
}

/// Whether what a function gives of that type is read as its scalar with nothing lost.
pub(crate) fn is_result(dialect: Dialect, text: &str) -> bool {
    match dialect {
        Dialect::Sqlite => false,
        // Shapes would be other texts than those of columns, and single floats other numbers.
        Dialect::Postgres => !matches!(text, "geometry" | "geography" | "real"),
        // Single floats leave as text that lacks digits.
        Dialect::Mariadb => !text.starts_with("float"),
    }
}

/// How PostgreSQL finds the smallest and the largest value of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extremes {
    /// In the order of the values.
    ByValue,
    /// As text, whose bytes have the order of the values; there is no `min` of these.
    ByText,
    /// Not at all: no value is smaller than another in a way that means something.
    Absent,
}

/// How the extremes of a PostgreSQL type are found; no other database has names for types without.
pub(crate) fn extremes(text: &str) -> Extremes {
    let text = Spelling::read(without_words(Dialect::Postgres, text));
    text.map_or(Extremes::ByValue, |text| postgres::extremes(&text))
}

/// A type without what is no number behind its name: MariaDB spells the labels of an enum or set
/// there, which the schema says elsewhere, and PostGIS what kind of shape a column holds.
fn without_words(dialect: Dialect, text: &str) -> &str {
    let (names, open, close) = match dialect {
        Dialect::Sqlite => return text,
        Dialect::Postgres => (["geometry", "geography"], "(", ")"),
        Dialect::Mariadb => (["enum", "set"], "('", "')"),
    };
    let has_words = |name: &&str| {
        let rest = text.strip_prefix(*name);
        rest.is_some_and(|rest| rest.starts_with(open) && rest.ends_with(close))
    };
    names.into_iter().find(has_words).unwrap_or(text)
}

/// The column types of a dialect that become fields, without lengths: each with the scalars its
/// values can be read as, its own first.
pub fn natives(dialect: Dialect) -> Vec<(&'static str, Vec<Scalar>)> {
    match dialect {
        Dialect::Sqlite => sqlite::all(),
        Dialect::Postgres => postgres::all(),
        Dialect::Mariadb => mariadb::all(),
    }
}

/// The type a column of that scalar, or of a list of it, has when the SDL names none.
pub(crate) fn usual_column(dialect: Dialect, scalar: Scalar, list: bool) -> String {
    let suffix = if list { LIST } else { "" };
    format!("{}{suffix}", usual(dialect, scalar))
}

/// The type a value of that scalar has when the SDL names none.
pub(crate) fn usual(dialect: Dialect, scalar: Scalar) -> &'static str {
    match dialect {
        Dialect::Sqlite => sqlite::usual(scalar),
        Dialect::Postgres => postgres::usual(scalar),
        Dialect::Mariadb => mariadb::usual(scalar),
    }
}

/// What somebody should know who reads decimals from a column of binary floats.
pub(crate) fn binary_decimal_warning(
    code: &'static str,
    field: &str,
    native: &Native,
) -> Diagnostic {
    let message = format!(
        "`{field}` is {}, which SQLite keeps as a binary float",
        native.text
    );
    Diagnostic::warning(code, message).help(
        "its values are shown at the declared scale; a column declared DECIMAL_TEXT keeps every digit",
    )
}

/// A type's text taken apart: lower case, single spaces, numbers in parentheses on their own.
struct Spelling {
    /// The text without its numbers: `timestamp with time zone`.
    base: String,
    /// The numbers: length, or precision and scale.
    numbers: Vec<u16>,
}

impl Spelling {
    /// Longer texts are no type of ours.
    const BYTES_MAX: usize = 128;

    fn read(text: &str) -> Option<Self> {
        if text.len() > Self::BYTES_MAX {
            return None;
        }
        let text = text.to_lowercase();
        let Some((before, rest)) = text.split_once('(') else {
            return Some(Self {
                base: words(&text),
                numbers: Vec::new(),
            });
        };
        let (inside, after) = rest.split_once(')')?;
        let numbers = inside.split(',').map(|number| number.trim().parse().ok());
        Some(Self {
            base: words(&format!("{before} {after}")),
            numbers: numbers.collect::<Option<_>>()?,
        })
    }

    /// The numbers as they stand behind a type name.
    fn suffix(&self) -> String {
        if self.numbers.is_empty() {
            return String::new();
        }
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        format!("({})", numbers.join(","))
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_type_of_each_scalar_reads_as_that_scalar_in_its_own_spelling() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb] {
            for scalar in Scalar::ALL {
                let native = read(dialect, usual(dialect, scalar)).expect("a usual type is known");
                assert_eq!(native.scalar, scalar, "{dialect}");
                assert_eq!(native.text, usual(dialect, scalar), "{dialect}");
            }
        }
    }

    #[test]
    fn a_canonical_text_reads_as_itself() {
        for (dialect, text) in [
            (Dialect::Postgres, "Character Varying ( 40 )"),
            (Dialect::Postgres, "timestamp(3) with time zone"),
            (Dialect::Postgres, "numeric(10, 2)"),
            (Dialect::Sqlite, "UNSIGNED  BIG INT"),
            (Dialect::Sqlite, "NUMERIC(10, 2)"),
        ] {
            let once = read(dialect, text).expect("known");
            assert_eq!(read(dialect, &once.text), Some(once));
        }
    }

    #[test]
    fn broken_and_huge_texts_are_no_type() {
        for text in [
            "varchar(",
            "varchar(x)",
            "varchar(99999999999)",
            "a)b(",
            "\0",
        ] {
            assert_eq!(read(Dialect::Postgres, text), None, "{text}");
        }
        assert_eq!(read(Dialect::Sqlite, &"int".repeat(1000)), None);
    }
}
