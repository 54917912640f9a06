//! Values at the edges of every kind.

use crate::catalogue::{Kind, MOODS};
use crate::decimal::Decimal;
use crate::value::Value;
use serde_json::json;

/// The values of a kind, for types that hold all of them.
pub(super) const fn of(kind: Kind) -> fn() -> Vec<Value> {
    match kind {
        Kind::Boolean => booleans,
        Kind::Int => || integers(i32::MIN.into(), i32::MAX.into()),
        Kind::BigInt => || integers(i64::MIN, i64::MAX),
        Kind::Float => floats,
        Kind::Decimal => || decimals(38, None),
        Kind::String => strings,
        Kind::Uuid => uuids,
        Kind::Date => dates,
        Kind::LocalTime => times,
        Kind::LocalDateTime | Kind::DateTime => clocks,
        Kind::Json => documents,
        Kind::Bytes => bytes,
        Kind::Mood => moods,
    }
}

fn booleans() -> Vec<Value> {
    [false, true].map(Value::Boolean).into()
}

/// Small numbers, and the ends of a type.
pub(super) fn integers(least: i64, most: i64) -> Vec<Value> {
    // 2^53 + 1 is the first number that a float would change.
    let all = [
        0,
        1,
        2,
        7,
        10,
        -1,
        -2,
        9_007_199_254_740_993,
        -9_007_199_254_740_993,
    ];
    let mut all: Vec<i64> = all
        .into_iter()
        .filter(|value| (least + 1..most).contains(value))
        .collect();
    all.extend([least, most]);
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(Value::Integer).collect()
}

pub(super) fn floats() -> Vec<Value> {
    let all = [
        0.0,
        0.1,
        0.1 + 0.2,
        0.3,
        -0.5,
        1.0,
        2.5,
        -123_456_789.125,
        1e-7,
        1e21,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
    ];
    all.map(Value::Float).into()
}

/// Floats of 32 bits.
const SINGLES: [f32; 9] = [
    0.0,
    0.5,
    -0.5,
    1.0,
    2.5,
    16_777_216.0,
    -1024.125,
    0.1,
    f32::MAX,
];

/// They as the doubles they are.
pub(super) fn singles() -> Vec<Value> {
    SINGLES.map(|value| Value::Float(value.into())).into()
}

/// They as the shortest decimals that are read as them.
pub(super) fn short_singles() -> Vec<Value> {
    let shortest = |value: f32| value.to_string().parse().expect("digits are a float");
    SINGLES.map(|value| Value::Float(shortest(value))).into()
}

/// Decimals of at most so many digits, with as many after the point as are wanted.
pub(super) fn decimals(digits: usize, scale: Option<u32>) -> Vec<Value> {
    const ALL: [&str; 14] = [
        "0",
        "1",
        "-1",
        "2.5",
        "-2.50",
        "9",
        "10",
        "9.99",
        "0.0000005",
        "-0.00000000000000000001",
        "1234567890123456789",
        "12345678901234567890123456789012345678",
        "-12345678901234567890123456789012345678",
        "99999999999999999999999999999999999999.99",
    ];
    let fits = |text: &&str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = whole.trim_start_matches('-').len();
        match scale {
            None => true,
            Some(scale) => fraction.len() <= scale as usize && whole + scale as usize <= digits,
        }
    };
    let decimal = |text: &str| {
        let decimal = Decimal::parse(text);
        let short = scale.map_or(0, |scale| scale - decimal.scale());
        Value::Decimal(decimal.widened(short))
    };
    let mut all: Vec<_> = ALL.into_iter().filter(fits).map(decimal).collect();
    if let Some(scale) = scale {
        all.push(Value::Decimal(Decimal::largest(digits, scale)));
    }
    all
}

/// Decimals that are no less than zero.
pub(super) fn unsigned(values: Vec<Value>) -> Vec<Value> {
    let is_signed = |value: &Value| value.decimal().is_some_and(|decimal| decimal.is_negative());
    values
        .into_iter()
        .filter(|value| !is_signed(value))
        .collect()
}

/// Whole numbers as decimals.
pub(super) fn whole(all: &[&str]) -> Vec<Value> {
    let decimal = |text: &&str| Value::Decimal(Decimal::parse(text));
    all.iter().map(decimal).collect()
}

pub(super) fn strings() -> Vec<Value> {
    texts(&[
        "",
        " ",
        "a",
        "A",
        "a ",
        "b",
        "Ab",
        "ä",
        "Ä",
        "a\u{308}",
        "ß",
        "Σίσυφος",
        "😀",
        "👩\u{200d}🚀",
        "\u{e000}",
        "'",
        "\"",
        "\\",
        "100%",
        "a_b",
        "a\\b",
        "NULL",
        "line\nbreak\ttab",
        "שלום",
        "日本語",
    ])
}

pub(super) fn texts(all: &[&str]) -> Vec<Value> {
    all.iter()
        .map(|text| Value::Text((*text).to_owned()))
        .collect()
}

/// Texts in the order their database gives them, which is not that of their bytes.
pub(super) fn placed(all: &[&str]) -> Vec<Value> {
    let placed = |(place, text): (usize, &&str)| Value::Placed {
        text: (*text).to_owned(),
        place,
    };
    all.iter().enumerate().map(placed).collect()
}

/// The same texts, each with another spelling that the database takes for it.
pub(super) fn respelled(all: &[(usize, &str)]) -> Vec<Value> {
    let placed = |(place, text): &(usize, &str)| Value::Placed {
        text: (*text).to_owned(),
        place: *place,
    };
    all.iter().map(placed).collect()
}

/// Of each pair one is larger than the other in every part.
pub(super) fn uuids() -> Vec<Value> {
    texts(&[
        "00000000-0000-0000-0000-000000000000",
        "11111111-1111-1111-1111-111111111111",
        "6fa459ea-6e8a-6ca4-894e-6b77e1603550",
        "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ])
}

pub(super) fn dates() -> Vec<Value> {
    texts(&[
        "0001-01-01",
        "0999-07-04",
        "1582-10-04",
        "1582-10-10",
        "1582-10-15",
        "1899-12-31",
        "1900-02-28",
        "1968-02-29",
        "1969-12-31",
        "1970-01-01",
        "2000-02-29",
        "2023-01-01",
        "2024-02-29",
        "2024-12-30",
        "9999-12-31",
    ])
}

pub(super) fn times() -> Vec<Value> {
    texts(&[
        "00:00:00",
        "00:00:00.000001",
        "08:30:00",
        "11:59:59.999",
        "12:00:00",
        "12:00:00.45",
        "12:00:00.5",
        "23:59:59.999999",
    ])
}

pub(super) fn clocks() -> Vec<Value> {
    texts(&[
        "0001-01-01T00:00:00",
        "1582-10-10T12:00:00",
        "1899-12-31T23:59:59.999999",
        "1969-12-31T23:59:59.5",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.000001",
        "2000-02-29T12:00:00",
        "2024-02-29T08:30:00.45",
        "2024-02-29T08:30:01",
        "2024-03-31T01:30:00",
        "2024-12-30T23:30:00",
        "9999-12-31T23:59:59.999999",
    ])
}

fn documents() -> Vec<Value> {
    let all = [
        json!({"a": [1, 2.5, null], "b": {"ü": "😀"}}),
        json!([]),
        json!({}),
        json!("text \"quoted\" \\ \n"),
        json!(true),
        json!(null),
        json!(7),
        json!(2.5),
        json!([{"deep": [[[["x"]]]]}, 9_007_199_254_740_993_i64]),
        json!({"": "empty", "aa": 2}),
    ];
    all.map(Value::Json).into()
}

pub(super) fn bytes() -> Vec<Value> {
    [
        &b""[..],
        b"\0",
        b"\0\xff",
        b"'",
        b"\\x00",
        b"text",
        b"\xff\xfe",
    ]
    .map(|bytes| Value::Bytes(bytes.to_vec()))
    .into()
}

/// Bytes of one length.
pub(super) fn fixed_bytes() -> Vec<Value> {
    [*b"\0\0\0\0", *b"\0\0\0\xff", *b"text", *b"\xff\xfe\xfd\xfc"]
        .map(|bytes| Value::Bytes(bytes.to_vec()))
        .into()
}

fn moods() -> Vec<Value> {
    (0..MOODS.len()).map(Value::Mood).collect()
}
