//! SQLite's declared types.

use super::{Native, values};
use crate::catalogue::Kind;

pub(super) fn natives() -> Vec<Native> {
    vec![
        Native::new("boolean", Kind::Boolean),
        Native::new("integer", Kind::Int).strange(&["2147483648", "'many'"]),
        Native::new("integer", Kind::BigInt),
        Native::new("integer", Kind::Boolean),
        Native::new("bigint", Kind::BigInt),
        Native::new("bigint", Kind::Int),
        Native::new("bigint", Kind::Boolean),
        Native::new("real", Kind::Float).strange(&["9e999", "-9e999"]),
        Native::new("numeric", Kind::Float),
        Native::new("decimal_text", Kind::Decimal),
        Native::new("numeric(10,2)", Kind::Decimal)
            .of("numeric(p,s)")
            .with(|| values::decimals(10, Some(2))),
        Native::new("numeric(10,2)", Kind::Float)
            .of("numeric(p,s)")
            .with(values::singles),
        Native::new("text", Kind::String),
        Native::new("text", Kind::Uuid).strange(&["'x'"]),
        Native::new("text", Kind::Date).strange(&["'yesterday'", "'2023-02-29'"]),
        Native::new("text", Kind::LocalTime),
        Native::new("text", Kind::LocalDateTime),
        Native::new("text", Kind::DateTime),
        Native::new("text", Kind::Json).keyless(),
        Native::new("text", Kind::Mood).strange(&["'bored'"]),
        Native::new("uuid", Kind::Uuid),
        Native::new("date", Kind::Date),
        Native::new("time", Kind::LocalTime),
        Native::new("datetime", Kind::LocalDateTime).strange(&["'noon'"]),
        Native::new("datetime", Kind::DateTime),
        Native::new("timestamptz", Kind::DateTime),
        Native::new("json", Kind::Json).keyless(),
        Native::new("blob", Kind::Bytes),
    ]
}
