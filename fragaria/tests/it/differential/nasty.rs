//! Random values of every kind, the nasty ones often.

use fastrand::Rng;
use serde_json::json;
use verify::catalogue::{Kind, MOODS};
use verify::decimal::Decimal;
use verify::value::Value;

const TEXTS: [&str; 45] = [
    "",
    " ",
    "a",
    "A",
    "b",
    "B",
    "Ab",
    "aB",
    "ä",
    "Ä",
    "a\u{308}",
    "é",
    "É",
    "ß",
    "İi",
    "ñandú",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "ЖУК",
    "жук",
    "😀",
    "😀a",
    "👩\u{200d}🚀",
    "\u{e000}",
    "\u{10ffff}",
    "'",
    "''",
    "\"",
    "\\",
    "a\\b",
    "\\%",
    "%",
    "_",
    "100%",
    "a_b",
    "a%b",
    "NULL",
    "0",
    "-1.50",
    "line\nbreak\ttab",
    "\u{1}\u{7f}\u{2028}",
    "$1 ?1 :x",
    "{\"a\": [1]}",
    "שלום",
    "日本語",
];
const DECIMALS: [&str; 20] = [
    "0",
    "0.00",
    "1",
    "1.0",
    "1.00",
    "-1",
    "-1.50",
    "2.5",
    "9",
    "10",
    "9.99",
    "0.1",
    "-0.1",
    "0.0000005",
    "12345678901234567890123456789012345678",
    "-12345678901234567890123456789012345678",
    "99999999999999999999999999999999999999.99",
    "0.12345678901234567890",
    "-0.00000000000000000001",
    "1000000.000000",
];
const DATES: [&str; 12] = [
    "0001-01-01",
    "0999-07-04",
    "1582-10-10",
    "1899-12-31",
    "1968-02-29",
    "1969-12-31",
    "1970-01-01",
    "2000-02-29",
    "2024-02-29",
    "2024-03-01",
    "2026-11-23",
    "9999-12-31",
];
const TIMES: [&str; 10] = [
    "00:00:00",
    "00:00:00.000001",
    "08:30:00",
    "11:59:59.999",
    "12:00:00",
    "12:00:00.45",
    "12:00:00.5",
    "12:00:00.500001",
    "20:00:00",
    "23:59:59.999999",
];
const UUIDS: [&str; 3] = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "6fa459ea-ee8a-3ca4-894e-db77e160355e",
];
const INTEGERS: [i64; 7] = [0, 1, -1, 2, 7, i32::MAX as i64, i32::MIN as i64];
const BIG_INTEGERS: [i64; 8] = [
    0,
    1,
    -1,
    i64::MAX,
    i64::MIN,
    9_007_199_254_740_993,
    -9_007_199_254_740_993,
    10,
];
const FLOATS: [f64; 12] = [
    0.0,
    0.1,
    0.3,
    0.1 + 0.2,
    -0.1,
    1e-7,
    1e21,
    123_456_789.123_456_79,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
];

/// A value that is not NULL.
pub(super) fn value(random: &mut Rng, kind: Kind) -> Value {
    match kind {
        Kind::Boolean => Value::Boolean(random.bool()),
        Kind::Int if random.bool() => Value::Integer(random.i64(-5..5)),
        Kind::Int => Value::Integer(pick(random, &INTEGERS)),
        Kind::BigInt if random.bool() => Value::Integer(random.i64(-1_000..1_000)),
        Kind::BigInt => Value::Integer(pick(random, &BIG_INTEGERS)),
        Kind::Float => Value::Float(f64::from(random.i32(-80..80)) / 8.0),
        Kind::Decimal if random.bool() => Value::Decimal(Decimal::new(
            random.i64(-100_000..100_000),
            random.u32(0..5),
        )),
        Kind::Decimal => Value::Decimal(Decimal::parse(pick(random, &DECIMALS))),
        Kind::String => Value::Text(text(random)),
        Kind::Uuid => Value::Text(uuid(random)),
        Kind::Date => Value::Text(date(random)),
        Kind::LocalTime => Value::Text(pick(random, &TIMES).to_owned()),
        Kind::LocalDateTime | Kind::DateTime => {
            Value::Text(format!("{}T{}", date(random), pick(random, &TIMES)))
        }
        Kind::Json => Value::Json(json(random)),
        Kind::Bytes => Value::Bytes(bytes(random)),
        Kind::Mood => Value::Mood(random.usize(..MOODS.len())),
    }
}

/// A float whose sums depend on the order of adding.
pub(super) fn float(random: &mut Rng) -> Value {
    Value::Float(pick(random, &FLOATS))
}

/// One of a few.
pub(super) fn pick<T: Copy>(random: &mut Rng, all: &[T]) -> T {
    all[random.usize(..all.len())]
}

fn text(random: &mut Rng) -> String {
    let mut text = pick(random, &TEXTS).to_owned();
    if random.u8(..4) == 0 {
        text.push_str(pick(random, &TEXTS));
    }
    text
}

fn date(random: &mut Rng) -> String {
    if random.bool() {
        return pick(random, &DATES).to_owned();
    }
    let (year, month, day) = (random.u16(1950..2050), random.u8(1..13), random.u8(1..29));
    format!("{year:04}-{month:02}-{day:02}")
}

fn uuid(random: &mut Rng) -> String {
    if random.u8(..4) == 0 {
        return pick(random, &UUIDS).to_owned();
    }
    let (head, tail) = (random.u64(..), random.u64(..));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        head >> 32,
        head >> 16 & 0xffff,
        head & 0xffff,
        tail >> 48,
        tail & 0xffff_ffff_ffff
    )
}

fn json(random: &mut Rng) -> serde_json::Value {
    match random.u8(..10) {
        0 => json!({"a": [1, 2.5, null], "b": {"ü": "😀"}}),
        1 => json!([]),
        2 => json!({}),
        3 => json!("text \"quoted\" \\ \n"),
        4 => json!(true),
        5 => json!(null),
        6 => json!(7),
        8 => json!(2.5),
        7 => json!([{"deep": [[[["x"]]]]}, 9_007_199_254_740_993_i64]),
        _ => json!({"": "empty", "b": 1, "aa": 2}),
    }
}

fn bytes(random: &mut Rng) -> Vec<u8> {
    match random.u8(..6) {
        0 => Vec::new(),
        1 => vec![0],
        2 => vec![0xff, 0xfe],
        3 => b"text".to_vec(),
        _ => (0..random.usize(..6)).map(|_| random.u8(..)).collect(),
    }
}
