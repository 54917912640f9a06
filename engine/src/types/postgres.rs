//! PostgreSQL's types: a table of those that have a meaning in the API.

use super::{Native, Spelling};
use model::Scalar;

/// (spellings, canonical name, numbers it may take, scalar, family).
type Row = (
    &'static [&'static str],
    &'static str,
    usize,
    Scalar,
    &'static str,
);

/// The first canonical name of a scalar is its usual type.
const TYPES: &[Row] = &[
    (
        &["boolean", "bool"],
        "boolean",
        0,
        Scalar::Boolean,
        "boolean",
    ),
    (
        &["integer", "int", "int4"],
        "integer",
        0,
        Scalar::Int,
        "int",
    ),
    (&["smallint", "int2"], "smallint", 0, Scalar::Int, "int"),
    (&["bigint", "int8"], "bigint", 0, Scalar::BigInt, "bigint"),
    (
        &["double precision", "float8"],
        "double precision",
        0,
        Scalar::Float,
        "float",
    ),
    (&["real", "float4"], "real", 0, Scalar::Float, "float"),
    (
        &["numeric", "decimal"],
        "numeric",
        2,
        Scalar::Decimal,
        "numeric",
    ),
    (&["text"], "text", 0, Scalar::String, "text"),
    (
        &["character varying", "varchar"],
        "varchar",
        1,
        Scalar::String,
        "text",
    ),
    (
        &["character", "char"],
        "character",
        1,
        Scalar::String,
        "character",
    ),
    (&["bpchar"], "bpchar", 0, Scalar::String, "character"),
    (&["\"char\""], "\"char\"", 0, Scalar::String, "\"char\""),
    (&["name"], "name", 0, Scalar::String, "name"),
    (&["citext"], "citext", 0, Scalar::String, "citext"),
    (&["inet"], "inet", 0, Scalar::String, "inet"),
    (&["cidr"], "cidr", 0, Scalar::String, "cidr"),
    (&["macaddr"], "macaddr", 0, Scalar::String, "macaddr"),
    (&["macaddr8"], "macaddr8", 0, Scalar::String, "macaddr8"),
    (&["interval"], "interval", 1, Scalar::String, "interval"),
    (
        &["time with time zone", "timetz"],
        "timetz",
        1,
        Scalar::String,
        "timetz",
    ),
    (&["xml"], "xml", 0, Scalar::String, "xml"),
    (&["uuid"], "uuid", 0, Scalar::Uuid, "uuid"),
    (&["date"], "date", 0, Scalar::Date, "date"),
    (
        &["time without time zone", "time"],
        "time",
        1,
        Scalar::LocalTime,
        "time",
    ),
    (
        &["timestamp without time zone", "timestamp"],
        "timestamp",
        1,
        Scalar::LocalDateTime,
        "timestamp",
    ),
    (
        &["timestamp with time zone", "timestamptz"],
        "timestamptz",
        1,
        Scalar::DateTime,
        "timestamptz",
    ),
    (&["jsonb"], "jsonb", 0, Scalar::Json, "jsonb"),
    (&["json"], "json", 0, Scalar::Json, "json"),
    (&["bytea"], "bytea", 0, Scalar::Bytes, "bytea"),
];

pub(super) fn read(text: &Spelling) -> Option<Native> {
    let known = |row: &&Row| row.0.contains(&text.base.as_str());
    let &(_, name, numbers_max, scalar, family) = TYPES.iter().find(known)?;
    if text.numbers.len() > numbers_max {
        return None;
    }
    Some(Native {
        text: format!("{name}{}", text.suffix()),
        scalar,
        also: &[],
        family,
    })
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
    fn types_without_a_sensible_text_are_left_out() {
        for text in [
            "text[]",
            "integer[]",
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
