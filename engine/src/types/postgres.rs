//! PostgreSQL's types: a table of those that have a meaning in the API.

use super::{Extremes, Native, Spelling};
use model::Scalar;

/// (spellings, canonical name, numbers it may take, scalar, family, wire).
type Row = (
    &'static [&'static str],
    &'static str,
    usize,
    Scalar,
    &'static str,
    Wire,
);

/// How values travel between the driver and the server.
#[derive(Clone, Copy, PartialEq)]
enum Wire {
    /// As values of the type, or of another that it takes without a cast.
    Typed,
    /// As text, with a cast both ways: the driver does not know the type.
    AsText,
}

use Wire::{AsText, Typed};

/// The first canonical name of a scalar is its usual type.
const TYPES: &[Row] = &[
    (
        &["boolean", "bool"],
        "boolean",
        0,
        Scalar::Boolean,
        "boolean",
        Typed,
    ),
    (
        &["integer", "int", "int4"],
        "integer",
        0,
        Scalar::Int,
        "int",
        Typed,
    ),
    (
        &["smallint", "int2"],
        "smallint",
        0,
        Scalar::Int,
        "int",
        Typed,
    ),
    (
        &["bigint", "int8"],
        "bigint",
        0,
        Scalar::BigInt,
        "bigint",
        Typed,
    ),
    (
        &["double precision", "float8"],
        "double precision",
        0,
        Scalar::Float,
        "float",
        Typed,
    ),
    (
        &["real", "float4"],
        "real",
        0,
        Scalar::Float,
        "float",
        Typed,
    ),
    (
        &["numeric", "decimal"],
        "numeric",
        2,
        Scalar::Decimal,
        "numeric",
        Typed,
    ),
    (&["text"], "text", 0, Scalar::String, "text", Typed),
    (
        &["character varying", "varchar"],
        "varchar",
        1,
        Scalar::String,
        "text",
        Typed,
    ),
    (
        &["character", "char"],
        "character",
        1,
        Scalar::String,
        "character",
        Typed,
    ),
    (&["bpchar"], "bpchar", 0, Scalar::String, "character", Typed),
    (
        &["\"char\""],
        "\"char\"",
        0,
        Scalar::String,
        "\"char\"",
        AsText,
    ),
    (&["name"], "name", 0, Scalar::String, "name", Typed),
    (&["citext"], "citext", 0, Scalar::String, "citext", AsText),
    (
        &["geometry"],
        "geometry",
        0,
        Scalar::String,
        "geometry",
        AsText,
    ),
    (
        &["geography"],
        "geography",
        0,
        Scalar::String,
        "geography",
        AsText,
    ),
    (&["vector"], "vector", 1, Scalar::String, "vector", AsText),
    (&["inet"], "inet", 0, Scalar::String, "inet", AsText),
    (&["cidr"], "cidr", 0, Scalar::String, "cidr", AsText),
    (
        &["macaddr"],
        "macaddr",
        0,
        Scalar::String,
        "macaddr",
        AsText,
    ),
    (
        &["macaddr8"],
        "macaddr8",
        0,
        Scalar::String,
        "macaddr8",
        AsText,
    ),
    (
        &["interval"],
        "interval",
        1,
        Scalar::String,
        "interval",
        AsText,
    ),
    (
        &["time with time zone", "timetz"],
        "timetz",
        1,
        Scalar::String,
        "timetz",
        AsText,
    ),
    (&["xml"], "xml", 0, Scalar::String, "xml", AsText),
    (&["uuid"], "uuid", 0, Scalar::Uuid, "uuid", Typed),
    (&["date"], "date", 0, Scalar::Date, "date", Typed),
    (
        &["time without time zone", "time"],
        "time",
        1,
        Scalar::LocalTime,
        "time",
        Typed,
    ),
    (
        &["timestamp without time zone", "timestamp"],
        "timestamp",
        1,
        Scalar::LocalDateTime,
        "timestamp",
        Typed,
    ),
    (
        &["timestamp with time zone", "timestamptz"],
        "timestamptz",
        1,
        Scalar::DateTime,
        "timestamptz",
        Typed,
    ),
    (&["jsonb"], "jsonb", 0, Scalar::Json, "jsonb", Typed),
    (&["json"], "json", 0, Scalar::Json, "json", Typed),
    (&["bytea"], "bytea", 0, Scalar::Bytes, "bytea", Typed),
];

pub(super) fn read(text: &Spelling) -> Option<Native> {
    let known = |row: &&Row| row.0.contains(&text.base.as_str());
    let &(_, name, numbers_max, scalar, family, _) = TYPES.iter().find(known)?;
    if text.numbers.len() > numbers_max {
        return None;
    }
    Some(Native {
        text: format!("{name}{}", text.suffix()),
        scalar,
        list: false,
        also: &[],
        family,
    })
}

pub(super) fn travels_as_text(text: &Spelling) -> bool {
    let mut rows = TYPES.iter();
    let row = rows.find(|row| row.0.contains(&text.base.as_str()));
    row.is_none_or(|row| row.5 == AsText)
}

/// Whether PostgreSQL converts the usual type of the scalar to that type by itself.
pub(super) fn is_argument(text: &str) -> bool {
    let name = text.split('(').next().unwrap_or(text);
    matches!(name, "varchar" | "character" | "bpchar" | "name")
        || TYPES
            .iter()
            .any(|row| row.1 == name && usual(row.3) == name)
}

/// How the smallest and the largest value of a type are found.
pub(super) fn extremes(text: &Spelling) -> Extremes {
    match text.base.as_str() {
        "geometry" | "geography" | "vector" => Extremes::Absent,
        "macaddr" | "macaddr8" | "\"char\"" => Extremes::ByText,
        _ => Extremes::ByValue,
    }
}

/// Every type, with its scalar.
pub(super) fn all() -> Vec<(&'static str, Vec<Scalar>)> {
    TYPES.iter().map(|row| (row.1, vec![row.3])).collect()
}

pub(super) fn usual(scalar: Scalar) -> &'static str {
    let of_scalar = TYPES.iter().find(|row| row.3 == scalar);
    of_scalar.map_or("text", |row| row.1)
}

#[cfg(test)]
mod tests {
    use crate::types;
    use model::Dialect;

    fn read(text: &str) -> Option<(String, &'static str)> {
        types::read(Dialect::Postgres, text).map(|native| (native.text, native.scalar.name()))
    }

    #[test]
    fn catalog_spellings_become_short_ones() {
        for (text, canonical, scalar) in [
            ("character varying(40)", "varchar(40)", "String"),
            ("character varying", "varchar", "String"),
            ("character(2)", "character(2)", "String"),
            ("timestamp(3) with time zone", "timestamptz(3)", "DateTime"),
            ("timestamp without time zone", "timestamp", "LocalDateTime"),
            ("time without time zone", "time", "LocalTime"),
            ("numeric(10,2)", "numeric(10,2)", "Decimal"),
            ("INTEGER", "integer", "Int"),
            ("smallint", "smallint", "Int"),
            ("json", "json", "JSON"),
            ("citext", "citext", "String"),
            ("inet", "inet", "String"),
        ] {
            assert_eq!(read(text), Some((canonical.to_owned(), scalar)), "{text}");
        }
    }

    #[test]
    fn arrays_of_one_dimension_are_lists() {
        for (text, canonical, scalar) in [
            ("text[]", "text[]", "String"),
            ("character varying(40)[]", "varchar(40)[]", "String"),
            ("numeric(10,2)[]", "numeric(10,2)[]", "Decimal"),
            (
                "timestamp(3) with time zone[]",
                "timestamptz(3)[]",
                "DateTime",
            ),
        ] {
            assert_eq!(read(text), Some((canonical.to_owned(), scalar)), "{text}");
            let native = types::read(Dialect::Postgres, text).unwrap();
            assert!(native.list && !types::read(Dialect::Postgres, "text").unwrap().list);
        }
        assert_eq!(
            types::read(Dialect::Sqlite, "text[]").map(|native| native.list),
            Some(false)
        );
    }

    #[test]
    fn what_the_driver_does_not_know_travels_as_text() {
        for text in [
            "text",
            "varchar(40)",
            "character(2)",
            "bpchar",
            "name",
            "char",
        ] {
            assert!(!types::travels_as_text(text), "{text}");
        }
        for text in [
            "citext",
            "inet",
            "interval(3)",
            "time with time zone",
            "\"char\"",
        ] {
            assert!(types::travels_as_text(text), "{text}");
        }
    }

    #[test]
    fn types_without_a_sensible_text_are_left_out() {
        for text in [
            "text[][]",
            "point[]",
            "int4range",
            "point",
            "polygon",
            "tsvector",
            "money",
            "oid",
            "order_status",
            "boolean(3)",
            "varchar(1,2)",
            "interval year to month",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
