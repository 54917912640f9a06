//! MariaDB's column types.

use super::{Native, values};
use crate::catalogue::Kind;

pub(super) fn natives() -> Vec<Native> {
    let mut all = numbers();
    all.extend(texts());
    all.extend(times());
    all.extend(bytes());
    all
}

fn numbers() -> Vec<Native> {
    vec![
        Native::new("tinyint(1)", Kind::Boolean),
        Native::new("tinyint(1)", Kind::Int).with(|| values::integers(-128, 127)),
        Native::new("bit(1)", Kind::Boolean),
        Native::new("tinyint", Kind::Int).with(|| values::integers(-128, 127)),
        Native::new("tinyint", Kind::Boolean).strange(&["2"]),
        Native::new("tinyint unsigned", Kind::Int).with(|| values::integers(0, 255)),
        Native::new("smallint", Kind::Int).with(|| values::integers(-32_768, 32_767)),
        Native::new("smallint unsigned", Kind::Int).with(|| values::integers(0, 65_535)),
        Native::new("mediumint", Kind::Int).with(|| values::integers(-8_388_608, 8_388_607)),
        Native::new("mediumint unsigned", Kind::Int).with(|| values::integers(0, 16_777_215)),
        Native::new("int", Kind::Int),
        Native::new("int", Kind::BigInt)
            .with(|| values::integers(i32::MIN.into(), i32::MAX.into())),
        Native::new("year", Kind::Int).with(|| values::integers(1901, 2155)),
        Native::new("int unsigned", Kind::BigInt).with(|| values::integers(0, u32::MAX.into())),
        Native::new("bigint", Kind::BigInt),
        Native::new("bigint unsigned", Kind::Decimal)
            .with(|| values::whole(&["0", "1", "10", "9007199254740993", "18446744073709551615"])),
        Native::new("double", Kind::Float),
        Native::new("float", Kind::Float).with(values::singles),
        Native::new("decimal(65,30)", Kind::Decimal)
            .of("decimal")
            // A sum of more digits than there are is refused.
            .with(|| values::decimals(60, Some(30))),
        Native::new("decimal(38,0)", Kind::Decimal)
            .of("decimal")
            .with(|| values::decimals(38, Some(0))),
        Native::new("decimal(10,2)", Kind::Decimal)
            .of("decimal")
            .with(|| values::decimals(10, Some(2))),
        Native::new("decimal(10,2) unsigned", Kind::Decimal)
            .of("decimal unsigned")
            .with(|| values::unsigned(values::decimals(10, Some(2)))),
    ]
}

fn texts() -> Vec<Native> {
    vec![
        Native::new("text", Kind::String).unique(),
        Native::new("tinytext", Kind::String).unique(),
        Native::new("mediumtext", Kind::String).unique(),
        Native::new("longtext", Kind::String).unique(),
        Native::new("longtext", Kind::Json).keyless(),
        Native::new("varchar(40)", Kind::String).of("varchar"),
        Native::new("varchar(41)", Kind::String)
            .of("varchar")
            .collated("COLLATE utf8mb4_general_ci")
            .with(|| values::placed(&["", "K", "k z", "p", "Z"]))
            .alike(|| values::respelled(&[(1, "k"), (2, "K Z"), (3, "P"), (4, "z")])),
        Native::new("varchar(36)", Kind::Uuid).of("varchar"),
        Native::new("char(40)", Kind::String)
            .of("char")
            .with(|| values::texts(&["", "a", "A", "a b", "b", "ä", "Ä", "😀", "'", "\\", "100%"])),
        Native::new("char(36)", Kind::Uuid).of("char"),
        Native::new("enum", Kind::Mood),
        Native::new("set", Kind::String).with(|| values::placed(&["", "a", "a,b", "b", "c"])),
        Native::new("inet4", Kind::String)
            .needs("MariaDB 10.10")
            .with(|| values::placed(&["9.0.0.1", "10.0.0.1", "192.168.1.5"])),
        Native::new("inet6", Kind::String)
            .with(|| values::placed(&["::1", "::2", "2001:db8::1", "fe80::1"])),
        Native::new("uuid", Kind::Uuid).needs("MariaDB 10.7"),
        Native::new("json", Kind::Json).keyless(),
    ]
}

fn times() -> Vec<Native> {
    vec![
        Native::new("date", Kind::Date),
        Native::new("time(6)", Kind::LocalTime)
            .of("time")
            .strange(&["'-00:00:01'", "'25:00:00'"]),
        Native::new("datetime(6)", Kind::LocalDateTime).of("datetime"),
        Native::new("datetime(6)", Kind::DateTime).of("datetime"),
        Native::new("timestamp(6)", Kind::DateTime)
            .of("timestamp")
            .with(|| {
                values::texts(&[
                    "1970-01-01T00:00:01",
                    "1970-01-01T00:00:01.000001",
                    "2000-02-29T12:00:00",
                    "2024-02-29T08:30:00.45",
                    "2024-03-31T01:30:00",
                    "2038-01-19T03:14:07",
                ])
            }),
    ]
}

fn bytes() -> Vec<Native> {
    vec![
        Native::new("longblob", Kind::Bytes).unique(),
        Native::new("blob", Kind::Bytes).unique(),
        Native::new("tinyblob", Kind::Bytes).unique(),
        Native::new("mediumblob", Kind::Bytes).unique(),
        Native::new("varbinary(40)", Kind::Bytes).of("varbinary"),
        Native::new("binary(4)", Kind::Bytes)
            .of("binary")
            .with(values::fixed_bytes),
    ]
}
