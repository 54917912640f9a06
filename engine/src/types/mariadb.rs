//! MariaDB's column types: a table of those that have a meaning in the API.

use super::{Native, Spelling};
use model::Scalar;

/// Which numbers of a declaration are kept: the width an integer is shown with means nothing.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    Ignored,
    Kept,
}
use Numbers::{Ignored, Kept};

/// (spelling, canonical name, its numbers, scalar, what else it may be read as, family).
type Row = (
    &'static str,
    &'static str,
    Numbers,
    Scalar,
    &'static [Scalar],
    &'static str,
);

#[rustfmt::skip]
const TYPES: &[Row] = &[
    ("boolean", "tinyint(1)", Ignored, Scalar::Boolean, &[Scalar::Int], "boolean"),
    ("tinyint", "tinyint", Ignored, Scalar::Int, &[Scalar::Boolean], "int"),
    ("tinyint unsigned", "tinyint unsigned", Ignored, Scalar::Int, &[], "int"),
    ("smallint", "smallint", Ignored, Scalar::Int, &[], "int"),
    ("smallint unsigned", "smallint unsigned", Ignored, Scalar::Int, &[], "int"),
    ("mediumint", "mediumint", Ignored, Scalar::Int, &[], "int"),
    ("mediumint unsigned", "mediumint unsigned", Ignored, Scalar::Int, &[], "int"),
    ("int", "int", Ignored, Scalar::Int, &[Scalar::BigInt], "int"),
    ("integer", "int", Ignored, Scalar::Int, &[Scalar::BigInt], "int"),
    ("year", "year", Ignored, Scalar::Int, &[], "int"),
    ("int unsigned", "int unsigned", Ignored, Scalar::BigInt, &[], "bigint"),
    ("bigint", "bigint", Ignored, Scalar::BigInt, &[], "bigint"),
    ("bigint unsigned", "bigint unsigned", Ignored, Scalar::Decimal, &[], "decimal"),
    ("double", "double", Kept, Scalar::Float, &[], "float"),
    ("float", "float", Kept, Scalar::Float, &[], "single"),
    ("decimal", "decimal", Kept, Scalar::Decimal, &[], "decimal"),
    ("numeric", "decimal", Kept, Scalar::Decimal, &[], "decimal"),
    ("decimal unsigned", "decimal unsigned", Kept, Scalar::Decimal, &[], "decimal"),
    ("text", "text", Ignored, Scalar::String, &[], "text"),
    ("tinytext", "tinytext", Ignored, Scalar::String, &[], "text"),
    ("mediumtext", "mediumtext", Ignored, Scalar::String, &[], "text"),
    ("longtext", "longtext", Ignored, Scalar::String, &[Scalar::Json], "text"),
    ("varchar", "varchar", Kept, Scalar::String, &[Scalar::Uuid], "text"),
    ("char", "char", Kept, Scalar::String, &[Scalar::Uuid], "text"),
    ("enum", "enum", Ignored, Scalar::String, &[], "enum"),
    ("set", "set", Ignored, Scalar::String, &[], "set"),
    ("inet4", "inet4", Ignored, Scalar::String, &[], "inet"),
    ("inet6", "inet6", Ignored, Scalar::String, &[], "inet"),
    ("uuid", "uuid", Ignored, Scalar::Uuid, &[], "uuid"),
    ("date", "date", Ignored, Scalar::Date, &[], "date"),
    ("time", "time", Kept, Scalar::LocalTime, &[], "time"),
    ("datetime", "datetime", Kept, Scalar::LocalDateTime, &[Scalar::DateTime], "datetime"),
    ("timestamp", "timestamp", Kept, Scalar::DateTime, &[], "timestamp"),
    ("json", "json", Ignored, Scalar::Json, &[], "json"),
    ("longblob", "longblob", Ignored, Scalar::Bytes, &[], "bytes"),
    ("blob", "blob", Ignored, Scalar::Bytes, &[], "bytes"),
    ("tinyblob", "tinyblob", Ignored, Scalar::Bytes, &[], "bytes"),
    ("mediumblob", "mediumblob", Ignored, Scalar::Bytes, &[], "bytes"),
    ("varbinary", "varbinary", Kept, Scalar::Bytes, &[], "bytes"),
    ("binary", "binary", Kept, Scalar::Bytes, &[], "bytes"),
];

pub(super) fn read(text: &Spelling) -> Option<Native> {
    let base = match (text.base.as_str(), text.numbers.as_slice()) {
        ("tinyint", [1]) | ("bool", []) => "boolean",
        ("bit", [1]) => return Some(bit()),
        (base, _) => base.trim_end_matches(" zerofill"),
    };
    let &(_, name, numbers, scalar, also, family) = TYPES.iter().find(|row| row.0 == base)?;
    let suffix = match (numbers, text.numbers.len()) {
        (Ignored, _) => String::new(),
        (Kept, 0..=2) => text.suffix(),
        (Kept, _) => return None,
    };
    let (head, tail) = match name.split_once(' ') {
        Some((head, tail)) => (head, format!(" {tail}")),
        None => (name, String::new()),
    };
    Some(Native {
        text: format!("{head}{suffix}{tail}"),
        scalar,
        list: false,
        also,
        family,
    })
}

/// One bit is a truth value; several have no meaning here.
fn bit() -> Native {
    Native {
        text: "bit(1)".to_owned(),
        scalar: Scalar::Boolean,
        list: false,
        also: &[],
        family: "bit",
    }
}

/// Every type under its canonical name, with its scalars.
pub(super) fn all() -> Vec<(&'static str, Vec<Scalar>)> {
    let mut all: Vec<_> = TYPES
        .iter()
        .map(|row| (row.1, scalars(row.3, row.4)))
        .collect();
    all.dedup_by_key(|native| native.0);
    all.push(("bit(1)", vec![Scalar::Boolean]));
    all
}

fn scalars(own: Scalar, also: &[Scalar]) -> Vec<Scalar> {
    std::iter::once(own).chain(also.iter().copied()).collect()
}

pub(super) fn usual(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Boolean => "tinyint(1)",
        Scalar::Int => "int",
        Scalar::BigInt => "bigint",
        Scalar::Float => "double",
        Scalar::Decimal => "decimal(65,30)",
        Scalar::String => "text",
        Scalar::Uuid => "uuid",
        Scalar::Date => "date",
        Scalar::LocalTime => "time(6)",
        Scalar::LocalDateTime => "datetime(6)",
        Scalar::DateTime => "timestamp(6)",
        Scalar::Json => "json",
        Scalar::Bytes => "longblob",
    }
}

/// Digits before and after the point that a decimal type holds.
pub(crate) fn decimal_digits(native: &str) -> (u16, u16) {
    let numbers = Spelling::read(native).map_or(Vec::new(), |spelling| spelling.numbers);
    match (native, numbers.as_slice()) {
        ("bigint unsigned", _) => (20, 0),
        (_, [precision]) => (*precision, 0),
        (_, [precision, scale]) => (precision.saturating_sub(*scale), *scale),
        _ => (10, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types;
    use model::Dialect;

    fn read(text: &str) -> Option<(String, &'static str)> {
        types::read(Dialect::Mariadb, text).map(|native| (native.text, native.scalar.name()))
    }

    #[test]
    fn catalog_spellings_become_short_ones() {
        for (text, canonical, scalar) in [
            ("int(11)", "int", "Int"),
            ("int(10) unsigned", "int unsigned", "BigInt"),
            ("bigint(20)", "bigint", "BigInt"),
            ("bigint(20) unsigned", "bigint unsigned", "Decimal"),
            ("tinyint(1)", "tinyint(1)", "Boolean"),
            ("tinyint(4)", "tinyint", "Int"),
            ("bit(1)", "bit(1)", "Boolean"),
            ("decimal(10,2)", "decimal(10,2)", "Decimal"),
            ("varchar(40)", "varchar(40)", "String"),
            ("enum('a','it''s (b)')", "enum", "String"),
            ("set('x','y')", "set", "String"),
            ("datetime(6)", "datetime(6)", "LocalDateTime"),
            ("timestamp", "timestamp", "DateTime"),
            ("time", "time", "LocalTime"),
            ("longtext", "longtext", "String"),
            ("json", "json", "JSON"),
            ("varbinary(16)", "varbinary(16)", "Bytes"),
            ("year(4)", "year", "Int"),
            ("uuid", "uuid", "UUID"),
        ] {
            assert_eq!(read(text), Some((canonical.to_owned(), scalar)), "{text}");
        }
    }

    #[test]
    fn types_without_a_meaning_are_left_out() {
        for text in [
            "bit(8)",
            "geometry",
            "point",
            "vector(3)",
            "enum(",
            "decimal(1,2,3)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_type_tells_its_digits() {
        assert_eq!(decimal_digits("decimal(10,2)"), (8, 2));
        assert_eq!(decimal_digits("decimal(38)"), (38, 0));
        assert_eq!(decimal_digits("bigint unsigned"), (20, 0));
    }
}
