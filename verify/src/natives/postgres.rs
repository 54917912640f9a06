//! PostgreSQL's column types.

use super::{Native, values};
use crate::catalogue::Kind;

/// The order of bytes, whatever the order of the database.
const BYTEWISE: &str = "COLLATE \"C\"";

pub(super) fn natives() -> Vec<Native> {
    let mut all = values_of_their_kind();
    all.extend(texts_of_their_own());
    all.extend(shapes());
    all
}

fn values_of_their_kind() -> Vec<Native> {
    vec![
        Native::new("boolean", Kind::Boolean),
        Native::new("integer", Kind::Int),
        Native::new("smallint", Kind::Int)
            .with(|| values::integers(i16::MIN.into(), i16::MAX.into())),
        Native::new("bigint", Kind::BigInt),
        Native::new("double precision", Kind::Float).strange(&[
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
        ]),
        Native::new("real", Kind::Float)
            .with(values::short_singles)
            .strange(&["'NaN'", "'-Infinity'"]),
        Native::new("numeric", Kind::Decimal).strange(&["'NaN'", "'Infinity'"]),
        Native::new("numeric(38,0)", Kind::Decimal)
            .of("numeric")
            .with(|| values::decimals(38, Some(0))),
        Native::new("numeric(10,2)", Kind::Decimal)
            .of("numeric")
            .with(|| values::decimals(10, Some(2))),
        Native::new("text", Kind::String).collated(BYTEWISE),
        Native::new("varchar", Kind::String).collated(BYTEWISE),
        Native::new("varchar(40)", Kind::String)
            .of("varchar")
            .collated(BYTEWISE),
        Native::new("uuid", Kind::Uuid),
        Native::new("date", Kind::Date).strange(&[
            "'infinity'",
            "'0044-03-15 BC'",
            "'12000-01-01'",
        ]),
        Native::new("time", Kind::LocalTime),
        Native::new("timestamp", Kind::LocalDateTime).strange(&["'-infinity'", "'12000-01-01'"]),
        Native::new("timestamptz", Kind::DateTime).strange(&["'infinity'", "'0044-03-15 BC'"]),
        Native::new("jsonb", Kind::Json).keyless(),
        Native::new("json", Kind::Json).keyless(),
        Native::new("bytea", Kind::Bytes),
        Native::new("mood", Kind::Mood),
    ]
}

/// Types whose values are texts in the API, in an order of their own.
fn texts_of_their_own() -> Vec<Native> {
    vec![
        Native::new("character(6)", Kind::String)
            .of("character")
            .collated(BYTEWISE)
            .with(|| values::placed(&["      ", "A     ", "a     ", "a b   ", "b     ", "ä     "])),
        Native::new("bpchar", Kind::String)
            .collated(BYTEWISE)
            .with(|| values::placed(&["", "A", "a", "a b", "b", "ä"])),
        Native::new("\"char\"", Kind::String).with(|| values::placed(&["A", "Z", "a", "b"])),
        Native::new("name", Kind::String).with(|| values::placed(&["", "A", "a", "a b", "ä"])),
        Native::new("citext", Kind::String)
            .collated(BYTEWISE)
            .needs("the extension citext")
            .with(|| values::placed(&["", "k", "K z", "p", "Z"]))
            .alike(|| values::respelled(&[(1, "K"), (2, "k z"), (3, "P"), (4, "z")])),
        Native::new("inet", Kind::String).with(|| {
            values::placed(&[
                "9.0.0.1/32",
                "10.0.0.1/32",
                "192.168.1.5/24",
                "::1/128",
                "fe80::1/128",
            ])
        }),
        Native::new("cidr", Kind::String).with(|| {
            values::placed(&["9.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32"])
        }),
        Native::new("macaddr", Kind::String).with(|| {
            values::placed(&[
                "00:00:00:00:00:01",
                "08:00:2b:01:02:03",
                "ff:ff:ff:ff:ff:ff",
            ])
        }),
        Native::new("macaddr8", Kind::String)
            .with(|| values::placed(&["00:00:00:00:00:00:00:01", "08:00:2b:01:02:03:04:05"])),
        Native::new("interval", Kind::String).with(|| {
            values::placed(&[
                "-1 days",
                "00:00:00",
                "00:00:01.5",
                "9 days",
                "10 days",
                "1 mon",
                "1 year 2 mons",
            ])
        }),
        Native::new("timetz", Kind::String).with(|| {
            values::placed(&["00:00:00+00", "12:00:00+02", "12:00:00+00", "23:59:59.5-08"])
        }),
        Native::new("xml", Kind::String)
            .keyless()
            .with(|| values::placed(&["<a/>", "<b>ä</b>"])),
    ]
}

/// Types of extensions that have no smallest value and no largest.
fn shapes() -> Vec<Native> {
    vec![
        Native::new("geometry", Kind::String)
            .needs("the extension postgis")
            .with(|| {
                values::placed(&[
                    "010100000000000000000000000000000000000000",
                    "01020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F",
                    "0101000020E6100000CDCCCCCCCCCC0240AE47E17A146E4840",
                    "0101000000000000000000F03F0000000000000040",
                    "010100000000000000000008C00000000000001240",
                ])
            }),
        Native::new("geography", Kind::String)
            .needs("the extension postgis")
            .with(|| {
                values::placed(&[
                    "0101000020E610000000000000000000000000000000000000",
                    "0101000020E6100000000000000000F03F0000000000000040",
                    "0101000020E6100000CDCCCCCCCCCC0240AE47E17A146E4840",
                    "0101000020E610000000000000000008C00000000000001240",
                ])
            }),
        Native::new("vector", Kind::String)
            .needs("the extension vector")
            .with(|| values::placed(&["[-1,2]", "[2,0.5]", "[10,0]"])),
    ]
}
