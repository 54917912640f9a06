//! SQLite's declared types: known names first, then the words SQLite itself looks for.

use super::{Native, Spelling};
use model::Scalar;

/// What a declared type holds: its scalar, what else it may be read as, its canonical name, and
/// its family. Lengths and other spellings mean nothing to SQLite, so they are not kept.
type Kind = (Scalar, &'static [Scalar], &'static str, &'static str);

const BOOLEAN: Kind = (Scalar::Boolean, &[], "boolean", "boolean");
const INT: Kind = (
    Scalar::Int,
    &[Scalar::BigInt, Scalar::Boolean],
    "integer",
    "integer",
);
const BIG_INT: Kind = (
    Scalar::BigInt,
    &[Scalar::Int, Scalar::Boolean],
    "bigint",
    "integer",
);
const FLOAT: Kind = (Scalar::Float, &[], "real", "float");
const DECIMAL: Kind = (Scalar::Decimal, &[], "decimal_text", "decimal");
const SCALED: Kind = (Scalar::Decimal, &[Scalar::Float], "numeric", "numeric");
const UNSCALED: Kind = (Scalar::Float, &[], "numeric", "float");
const TEXT: Kind = (
    Scalar::String,
    &[
        Scalar::Uuid,
        Scalar::Date,
        Scalar::LocalTime,
        Scalar::LocalDateTime,
        Scalar::DateTime,
        Scalar::Json,
    ],
    "text",
    "text",
);
const UUID: Kind = (Scalar::Uuid, &[], "uuid", "uuid");
const DATE: Kind = (Scalar::Date, &[], "date", "date");
const TIME: Kind = (Scalar::LocalTime, &[], "time", "time");
const DATE_TIME: Kind = (
    Scalar::LocalDateTime,
    &[Scalar::DateTime],
    "datetime",
    "datetime",
);
const MOMENT: Kind = (Scalar::DateTime, &[], "timestamptz", "datetime");
const JSON: Kind = (Scalar::Json, &[], "json", "json");
const BYTES: Kind = (Scalar::Bytes, &[], "blob", "bytes");

/// Declared names with a meaning of their own.
const NAMES: &[(&str, Kind)] = &[
    ("bigint", BIG_INT),
    ("int8", BIG_INT),
    ("unsigned big int", BIG_INT),
    ("bigserial", BIG_INT),
    ("decimal_text", DECIMAL),
    ("uuid", UUID),
    ("guid", UUID),
    ("date", DATE),
    ("time", TIME),
    ("datetime", DATE_TIME),
    ("timestamp", DATE_TIME),
    ("timestamp without time zone", DATE_TIME),
    ("timestamptz", MOMENT),
    ("timestamp with time zone", MOMENT),
    ("json", JSON),
    ("blob", BYTES),
    ("", BYTES),
];

/// Words that decide when the name is not known, in SQLite's own order ("Determination Of Column
/// Affinity"), which puts `int` first.
const WORDS: &[(&str, Kind)] = &[
    ("int", INT),
    ("char", TEXT),
    ("clob", TEXT),
    ("text", TEXT),
    ("real", FLOAT),
    ("floa", FLOAT),
    ("doub", FLOAT),
    ("bool", BOOLEAN),
];

/// Names that hold an `int` by accident and are no integers to anybody but SQLite.
const STRANGERS: &[&str] = &["point", "interval", "linestring", "polygon", "geometry"];

pub(super) fn read(text: &Spelling) -> Option<Native> {
    let (scalar, also, name, family) = kind(text)?;
    let scale = match (family, text.numbers.as_slice()) {
        ("numeric", [precision]) => format!("({precision},0)"),
        ("numeric", _) => text.suffix(),
        _ => String::new(),
    };
    Some(Native {
        text: format!("{name}{scale}"),
        scalar,
        list: false,
        also,
        family,
    })
}

/// Every type under its canonical name, with its scalars.
pub(super) fn all() -> Vec<(&'static str, Vec<Scalar>)> {
    let named = NAMES.iter().chain(WORDS).map(|(_, kind)| *kind);
    let (scalar, also, _, family) = SCALED;
    let scaled = (scalar, also, "numeric(p,s)", family);
    let mut all: Vec<(&'static str, Vec<Scalar>)> = Vec::new();
    for (scalar, also, name, _) in named.chain([scaled, UNSCALED]) {
        if all.iter().all(|(known, _)| *known != name) {
            all.push((
                name,
                std::iter::once(scalar)
                    .chain(also.iter().copied())
                    .collect(),
            ));
        }
    }
    all
}

pub(super) fn usual(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Boolean => "boolean",
        Scalar::Int => "integer",
        Scalar::BigInt => "bigint",
        Scalar::Float => "real",
        Scalar::Decimal => "decimal_text",
        Scalar::String => "text",
        Scalar::Uuid => "uuid",
        Scalar::Date => "date",
        Scalar::LocalTime => "time",
        Scalar::LocalDateTime => "datetime",
        Scalar::DateTime => "timestamptz",
        Scalar::Json => "json",
        Scalar::Bytes => "blob",
    }
}

fn kind(text: &Spelling) -> Option<Kind> {
    let base = text.base.as_str();
    if STRANGERS.contains(&base) {
        return None;
    }
    if matches!(base, "numeric" | "decimal") {
        return Some(number(&text.numbers));
    }
    let named = NAMES.iter().find(|(name, _)| *name == base);
    let worded = || WORDS.iter().find(|(word, _)| base.contains(word));
    named.or_else(worded).map(|(_, kind)| *kind)
}

/// A number column keeps the digits its declaration promises; without a promise it is what SQLite
/// makes of it, a binary float.
fn number(numbers: &[u16]) -> Kind {
    match numbers {
        [_] | [_, 0..=38] => SCALED,
        _ => UNSCALED,
    }
}

#[cfg(test)]
mod tests {
    use crate::types;
    use model::Dialect;

    fn scalar(text: &str) -> Option<&'static str> {
        types::read(Dialect::Sqlite, text).map(|native| native.scalar.name())
    }

    #[test]
    fn declared_names_become_scalars() {
        for (text, expected) in [
            ("INTEGER", "Int"),
            ("MEDIUMINT", "Int"),
            ("BIGINT", "BigInt"),
            ("UNSIGNED BIG INT", "BigInt"),
            ("NVARCHAR(160)", "String"),
            ("CLOB", "String"),
            ("NUMERIC(10,2)", "Decimal"),
            ("DECIMAL(18, 4)", "Decimal"),
            ("NUMERIC", "Float"),
            ("DOUBLE PRECISION", "Float"),
            ("FLOAT", "Float"),
            ("DATE", "Date"),
            ("TIME", "LocalTime"),
            ("DATETIME", "LocalDateTime"),
            ("TIMESTAMP", "LocalDateTime"),
            ("TIMESTAMPTZ", "DateTime"),
            ("BOOL", "Boolean"),
            ("GUID", "UUID"),
            ("JSON", "JSON"),
            ("BLOB", "Bytes"),
            ("", "Bytes"),
            ("DECIMAL_TEXT", "Decimal"),
        ] {
            assert_eq!(scalar(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_means_nothing_to_sqlite_is_not_kept() {
        for (text, canonical) in [
            ("NVARCHAR(160)", "text"),
            ("MEDIUMINT", "integer"),
            ("DECIMAL(18, 4)", "numeric(18,4)"),
            ("DECIMAL(18)", "numeric(18,0)"),
            ("DECIMAL", "numeric"),
            ("TIMESTAMP", "datetime"),
            ("", "blob"),
        ] {
            let native = types::read(Dialect::Sqlite, text).map(|native| native.text);
            assert_eq!(native.as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn names_that_only_look_like_integers_are_left_out() {
        for text in ["POINT", "INTERVAL", "GEOMETRY", "MONEY"] {
            assert_eq!(scalar(text), None, "{text}");
        }
    }
}
