//! Every scalar on its way in, through the server and out again.

use super::{Scratch, cell, list, many, one, record, rows, run, text};
use model::{Cell, Codec, Parameter, Scalar, Value, Weight};
use store::Error;

/// Values of a scalar and the JSON they come back as.
fn samples(scalar: Scalar) -> Vec<(Value, &'static str)> {
    match scalar {
        Scalar::Boolean => vec![
            (Value::Boolean(true), "true"),
            (Value::Boolean(false), "false"),
        ],
        Scalar::Int => vec![
            (Value::Integer(0), "0"),
            (Value::Integer(i32::MIN.into()), "-2147483648"),
            (Value::Integer(i32::MAX.into()), "2147483647"),
        ],
        Scalar::BigInt => vec![
            (Value::Integer(i64::MIN), "\"-9223372036854775808\""),
            (Value::Integer(i64::MAX), "\"9223372036854775807\""),
        ],
        Scalar::Float => vec![
            (Value::Float(0.1), "0.1"),
            (Value::Float(-1.5e300), "-1.5e300"),
            (Value::Float(f64::MIN_POSITIVE), "2.2250738585072014e-308"),
        ],
        Scalar::Decimal => same(&[
            "0",
            "-0.10",
            "12345678901234567890123456789012345678",
            "-0.00000000000000000000000000000000000001",
            "99999999999999999999.999999999999999999",
            "10000",
            "0.0001",
        ]),
        Scalar::String => strings(),
        Scalar::Uuid => same(&[
            "00000000-0000-0000-0000-000000000000",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        ]),
        Scalar::Date => same(&[
            "0001-01-01",
            "1969-12-31",
            "2000-02-29",
            "2100-02-28",
            "9999-12-31",
        ]),
        Scalar::LocalTime => same(&["00:00:00", "18:12:18.5", "23:59:59.999999"]),
        Scalar::LocalDateTime => same(&[
            "0001-01-01T00:00:00",
            "1969-12-31T23:59:59.999999",
            "2024-02-29T12:00:00.000001",
            "9999-12-31T23:59:59.999999",
        ]),
        Scalar::DateTime => same(&[
            "0001-01-01T00:00:00Z",
            "1969-07-20T20:17:40Z",
            "9999-12-31T23:59:59.999999Z",
        ]),
        Scalar::Json => vec![
            (
                text("{\"a\": [1, null, \"\\\\ \\\"\"]}"),
                "{\"a\": [1, null, \"\\\\ \\\"\"]}",
            ),
            (text("null"), "null"),
            (
                text("12345678901234567890123456789.123456789"),
                "12345678901234567890123456789.123456789",
            ),
        ],
        Scalar::Bytes => vec![
            (Value::Bytes([].into()), "\"\""),
            (Value::Bytes([0, 255, 92].into()), "\"AP9c\""),
        ],
    }
}

/// Values whose JSON is themselves in quotes.
fn same(values: &[&'static str]) -> Vec<(Value, &'static str)> {
    let quoted = |value: &&'static str| -> (Value, &'static str) {
        (text(value), format!("\"{value}\"").leak())
    };
    values.iter().map(quoted).collect()
}

fn strings() -> Vec<(Value, &'static str)> {
    [
        "",
        "plain",
        "quotes \" and \\ {a,b} NULL",
        "line\nbreak\u{1}",
        "😀 e\u{301} \u{2028}",
    ]
    .into_iter()
    .map(|value| -> (Value, &'static str) {
        (text(value), serde_json::to_string(value).unwrap().leak())
    })
    .collect()
}

#[tokio::test]
async fn every_scalar_comes_back_as_it_went_in() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    for scalar in Scalar::ALL {
        let single = rows("SELECT $1", &[one(scalar)], &[scalar]);
        for (value, expected) in samples(scalar) {
            let answer = run(&database, &single, vec![value], Weight::Light)
                .await
                .unwrap();
            assert_eq!(
                answer,
                format!("{{\"rows\":[{{\"c0\":{expected}}}]}}"),
                "{scalar}"
            );
        }
        let answer = run(&database, &single, vec![Value::Null], Weight::Light)
            .await
            .unwrap();
        assert_eq!(answer, "{\"rows\":[{\"c0\":null}]}", "{scalar}");
    }
}

#[tokio::test]
async fn every_scalar_comes_back_from_a_list_and_out_of_packed_rows() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    for scalar in Scalar::ALL {
        let (mut values, mut expected): (Vec<_>, Vec<_>) = samples(scalar).into_iter().unzip();
        values.push(Value::Null);
        expected.push("null");
        let packed = Cell::Rows {
            column: 0,
            record: record([cell(0, scalar)]),
        };
        let sql = "SELECT ARRAY(SELECT ROW(v) FROM unnest($1) WITH ORDINALITY u(v, n) ORDER BY n)";
        let script = list(sql, &[many(scalar)], record([packed]));
        let answer = run(
            &database,
            &script,
            vec![Value::List(values)],
            Weight::Bounded,
        )
        .await;
        let items: Vec<_> = expected
            .iter()
            .map(|item| format!("{{\"c0\":{item}}}"))
            .collect();
        let expected = format!("{{\"rows\":[{{\"c0\":[{}]}}]}}", items.join(","));
        assert_eq!(answer.unwrap(), expected, "{scalar}");
        let answer = run(
            &database,
            &script,
            vec![Value::List(vec![])],
            Weight::Bounded,
        )
        .await;
        assert_eq!(
            answer.unwrap(),
            "{\"rows\":[{\"c0\":[]}]}",
            "{scalar}: an empty list"
        );
    }
}

#[tokio::test]
async fn numbers_and_times_are_shown_as_the_server_shows_them() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let sql = "SELECT n, n::text, d, to_char(d, 'YYYY-MM-DD'), t, \
                 rtrim(rtrim(to_char(t, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.') || 'Z' \
               FROM (SELECT (random() * 10 ^ (random() * 40 - 20))::numeric \
                            * (random() * 2 - 1)::numeric(20, 10) AS n, \
                       date '0001-01-01' + (random() * 3652058)::int AS d, \
                       timestamptz '0001-01-01 00:00Z' \
                         + make_interval(secs => trunc(random() * 315537897599)) \
                         + make_interval(secs => trunc(random() * 1000) / 1000) AS t \
                     FROM generate_series(1, 5000)) s";
    let plan = [
        Scalar::Decimal,
        Scalar::String,
        Scalar::Date,
        Scalar::String,
        Scalar::DateTime,
        Scalar::String,
    ];
    let answer = run(&database, &rows(sql, &[], &plan), vec![], Weight::Unbounded)
        .await
        .unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5000);
    for row in rows {
        for (ours, theirs) in [("c0", "c1"), ("c2", "c3"), ("c4", "c5")] {
            assert_eq!(row[ours], row[theirs]);
        }
    }
}

#[tokio::test]
async fn what_json_cannot_say_is_refused() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    for (sql, scalar) in [
        ("SELECT 'NaN'::numeric", Scalar::Decimal),
        ("SELECT 'Infinity'::numeric", Scalar::Decimal),
        ("SELECT 'NaN'::float8", Scalar::Float),
        ("SELECT '-Infinity'::float4", Scalar::Float),
        ("SELECT 'infinity'::date", Scalar::Date),
        ("SELECT '0001-12-31 BC'::date", Scalar::Date),
        ("SELECT '10000-01-01'::date", Scalar::Date),
        ("SELECT '-infinity'::timestamp", Scalar::LocalDateTime),
        ("SELECT '0044-03-15 BC'::timestamptz", Scalar::DateTime),
        ("SELECT '24:00:00'::time", Scalar::LocalTime),
        ("SELECT 2147483648::int8", Scalar::Int),
    ] {
        let answer = run(&database, &rows(sql, &[], &[scalar]), vec![], Weight::Light).await;
        let failure = answer.unwrap_err();
        assert!(
            matches!(failure.error, Error::OutOfRange(_)),
            "{sql}: {failure}"
        );
    }
    let fine = rows("SELECT 1", &[], &[Scalar::Int]);
    assert!(
        run(&database, &fine, vec![], Weight::Light).await.is_ok(),
        "the lane is in order"
    );
}

#[tokio::test]
async fn a_column_of_another_type_than_declared_is_refused() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    for (sql, scalar) in [
        ("SELECT 1", Scalar::Boolean),
        ("SELECT now()", Scalar::LocalDateTime),
        ("SELECT 1.5", Scalar::Int),
        ("SELECT '\\x00'::bytea", Scalar::String),
    ] {
        let answer = run(&database, &rows(sql, &[], &[scalar]), vec![], Weight::Light).await;
        assert!(
            matches!(answer.unwrap_err().error, Error::Conversion(_)),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn small_numbers_enums_and_domains_are_read_as_the_schema_says() {
    let scratch = Scratch::new(
        "CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN email AS text; \
         CREATE DOMAIN cents AS numeric(10, 2); \
         CREATE TABLE t (a smallint, b real, c mood, d email, e cents, f char(3), g varchar, h json); \
         INSERT INTO t VALUES (-7, 0.1, 'so so', 'a@b', 1.5, 'xy', 'z', '{\"b\":1,  \"a\":2}')",
    )
    .await;
    let database = scratch.open();
    let mood = Codec::Enum(
        [("sad", "SAD"), ("so so", "SO_SO")]
            .map(|(a, b)| (a.into(), b.into()))
            .into(),
    );
    let plain = [
        Scalar::Int,
        Scalar::Float,
        Scalar::String,
        Scalar::String,
        Scalar::Decimal,
        Scalar::String,
        Scalar::String,
        Scalar::Json,
    ];
    let cells = || {
        plain
            .iter()
            .enumerate()
            .map(|(column, scalar)| match column {
                2 => Cell::Scalar {
                    column,
                    codec: mood.clone(),
                },
                _ => cell(column, *scalar),
            })
    };
    let packed = Cell::Rows {
        column: 0,
        record: record(cells()),
    };
    let expected = "{\"c0\":-7,\"c1\":0.1,\"c2\":\"SO_SO\",\"c3\":\"a@b\",\"c4\":\"1.50\",\
                    \"c5\":\"xy \",\"c6\":\"z\",\"c7\":{\"b\":1,  \"a\":2}}";
    let flat = list(
        "SELECT a, b, c::text, d, e, f, g, h FROM t",
        &[],
        record(cells()),
    );
    let answer = run(&database, &flat, vec![], Weight::Bounded)
        .await
        .unwrap();
    assert_eq!(answer, format!("{{\"rows\":[{expected}]}}"));
    let nested = "SELECT ARRAY(SELECT ROW(a, b, c, d, e, f, g, h) FROM t)";
    let answer = run(
        &database,
        &list(nested, &[], record([packed])),
        vec![],
        Weight::Bounded,
    )
    .await;
    assert_eq!(
        answer.unwrap(),
        format!("{{\"rows\":[{{\"c0\":[{expected}]}}]}}")
    );
}

#[tokio::test]
async fn rows_pack_three_deep() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let sql = "SELECT a, ARRAY(SELECT ROW(b, ARRAY(SELECT ROW(c, ARRAY(SELECT ROW(d) \
                 FROM generate_series(1, c) d)) FROM generate_series(0, b) c)) \
                 FROM generate_series(0, a) b) FROM generate_series(1, 2) a ORDER BY a";
    let nest = |inner| {
        record([
            cell(0, Scalar::Int),
            Cell::Rows {
                column: 1,
                record: inner,
            },
        ])
    };
    let plan = nest(nest(nest(record([cell(0, Scalar::Int)]))));
    let answer = run(&database, &list(sql, &[], plan), vec![], Weight::Bounded)
        .await
        .unwrap();
    let leaf = |d: i32| format!("{{\"c0\":{d}}}");
    let join = |items: Vec<String>| items.join(",");
    let c = |c: i32| {
        format!(
            "{{\"c0\":{c},\"c1\":[{}]}}",
            join((1..=c).map(leaf).collect())
        )
    };
    let b = |b: i32| format!("{{\"c0\":{b},\"c1\":[{}]}}", join((0..=b).map(c).collect()));
    let a = |a: i32| format!("{{\"c0\":{a},\"c1\":[{}]}}", join((0..=a).map(b).collect()));
    assert_eq!(answer, format!("{{\"rows\":[{},{}]}}", a(1), a(2)));
}

#[tokio::test]
async fn a_value_the_server_cannot_take_is_the_callers_fault() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    for (scalar, value) in [
        (Scalar::String, "nul \0 byte"),
        (Scalar::Decimal, "not a number"),
        (Scalar::Date, "2023-02-29"),
        (Scalar::Json, "{"),
        (Scalar::Uuid, "f47ac10b"),
    ] {
        for parameter in [one(scalar), many(scalar)] {
            let Parameter { list, .. } = parameter;
            let argument = if list {
                Value::List(vec![text(value)])
            } else {
                text(value)
            };
            let script = rows("SELECT ($1) IS NULL", &[parameter], &[Scalar::Boolean]);
            let answer = run(&database, &script, vec![argument], Weight::Light).await;
            assert!(
                matches!(answer.unwrap_err().error, Error::OutOfRange(_)),
                "{scalar} {list}"
            );
        }
    }
    let script = rows("SELECT $1", &[one(Scalar::Int)], &[Scalar::Int]);
    let answer = run(&database, &script, vec![text("1")], Weight::Light).await;
    assert!(
        matches!(answer.unwrap_err().error, Error::Internal(_)),
        "the planner's fault"
    );
}
