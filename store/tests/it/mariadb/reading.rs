//! Reading: parameters, types, snapshots, and statements that go out of date.

use super::Scratch;
use crate::postgres::{cell, one, rows, run, run_all, script, step, text};
use model::{Argument, Codec, Dialect, Scalar, Use, Value, Weight};
use store::Error;

const WEIGHTS: [Weight; 3] = [Weight::Light, Weight::Bounded, Weight::Unbounded];

#[tokio::test]
async fn a_point_lookup_gives_its_row_at_any_weight() {
    let scratch = Scratch::new(
        "CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO p VALUES (7, 'pear')",
    );
    let database = scratch.open();
    assert_eq!(database.dialect(), Dialect::Mariadb);
    database.check().await.unwrap();
    let columns = [Scalar::Int, Scalar::String];
    let find = rows(
        "SELECT `id`, `name` FROM `p` WHERE `id` = ?",
        &[one(Scalar::Int)],
        &columns,
    );
    for weight in WEIGHTS {
        for (id, expected) in [
            (7, r#"{"rows":[{"c0":7,"c1":"pear"}]}"#),
            (8, r#"{"rows":[]}"#),
        ] {
            let answer = run(&database, &find, vec![Value::Integer(id)], weight).await;
            assert_eq!(answer.unwrap(), expected);
        }
    }
    database.close().await;
    assert!(matches!(database.check().await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn every_parameter_arrives_as_its_type() {
    let scratch = Scratch::new("");
    let given = [
        (Scalar::Boolean, Value::Boolean(true), "1"),
        (
            Scalar::BigInt,
            Value::Integer(i64::MIN),
            "-9223372036854775808",
        ),
        (Scalar::Float, Value::Float(0.5), "0.5"),
        (Scalar::Decimal, text("1.50"), "'1.50'"),
        (
            Scalar::LocalDateTime,
            text("2026-11-23T18:12:18.5"),
            "'2026-11-23 18:12:18.5'",
        ),
        (
            Scalar::DateTime,
            text("2026-11-23T18:12:18.5+01:00"),
            "'2026-11-23 17:12:18.5'",
        ),
        (Scalar::Bytes, Value::Bytes([b'a', b'\''].into()), "'a\\''"),
        (Scalar::String, text("ä\\😀"), "'ä\\\\😀'"),
        (Scalar::String, Value::Null, "NULL"),
    ];
    let database = scratch.open();
    for (scalar, value, expected) in given {
        // A number as the text of itself shows that it came as one.
        let sql = match value {
            Value::Text(_) | Value::Bytes(_) | Value::Null => "SELECT QUOTE(?)",
            _ => "SELECT CONCAT(? + 0)",
        };
        let script = rows(sql, &[one(scalar)], &[Scalar::String]);
        let answer = run(&database, &script, vec![value], Weight::Light)
            .await
            .unwrap();
        let expected = serde_json::to_string(expected).unwrap();
        assert_eq!(answer, format!("{{\"rows\":[{{\"c0\":{expected}}}]}}"));
    }
}

#[tokio::test]
async fn large_parameters_and_large_values_pass() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    for length in [250, 251, 70_000, 5_000_000] {
        let script = rows("SELECT ?", &[one(Scalar::String)], &[Scalar::String]);
        let value = "x".repeat(length);
        let answer = run(&database, &script, vec![text(&value)], Weight::Bounded).await;
        assert_eq!(
            answer.unwrap(),
            format!("{{\"rows\":[{{\"c0\":\"{value}\"}}]}}")
        );
    }
}

/// The JSON of one value of a type.
async fn shown(database: &store::Database, sql: &str, scalar: Scalar) -> Result<String, Error> {
    let script = rows(&format!("SELECT {sql} FROM t"), &[], &[scalar]);
    let answer = run(database, &script, vec![], Weight::Bounded).await;
    let answer = answer.map_err(|failure| failure.error)?;
    let value = answer.strip_prefix("{\"rows\":[{\"c0\":").unwrap();
    Ok(value.strip_suffix("}]}").unwrap().into())
}

#[tokio::test]
async fn every_type_is_written_in_the_form_of_its_scalar() {
    let scratch = Scratch::new(
        "CREATE TABLE t (flag BIT(1), bits BIT(12), yes BOOLEAN, tiny TINYINT UNSIGNED, small SMALLINT, \
         medium MEDIUMINT, huge BIGINT UNSIGNED, real4 FLOAT, real8 DOUBLE, price DECIMAL(30,10), \
         word VARCHAR(20), fixed CHAR(5), data BLOB, pair BINARY(2), day DATE, clock TIME(6), \
         moment DATETIME(6), stamp TIMESTAMP(3) NULL, years YEAR, doc JSON, u UUID, ip INET6, \
         size ENUM('S', 'it''s'), tags SET('a', 'b'), latin VARCHAR(20) CHARACTER SET latin1);
         INSERT INTO t VALUES (b'1', b'100000000001', TRUE, 255, -7, -8388608, \
         18446744073709551615, 0.1, 1e300, 12345678901234567890.0123456789, 'ä', 'ab', x'00ff', \
         x'4100', '2026-11-23', '18:12:18.5', '2026-11-23 18:12:18.000001', \
         '2026-11-23 18:12:18.5', 2026, '{\"a\": [1.50]}', '0191E3A7-0000-7ABC-8DEF-0123456789AB', \
         '::1', 'it''s', 'a,b', 'é')",
    );
    let database = scratch.open();
    for (column, scalar, expected) in [
        ("flag", Scalar::Boolean, "true"),
        ("bits", Scalar::Int, "2049"),
        ("yes", Scalar::Boolean, "true"),
        ("tiny", Scalar::Int, "255"),
        ("small", Scalar::Int, "-7"),
        ("medium", Scalar::Int, "-8388608"),
        ("huge", Scalar::BigInt, "\"18446744073709551615\""),
        ("real4", Scalar::Float, "0.1"),
        ("real8", Scalar::Float, "1e300"),
        (
            "price",
            Scalar::Decimal,
            "\"12345678901234567890.0123456789\"",
        ),
        ("word", Scalar::String, "\"ä\""),
        ("fixed", Scalar::String, "\"ab\""),
        ("data", Scalar::Bytes, "\"AP8=\""),
        ("pair", Scalar::Bytes, "\"QQA=\""),
        ("day", Scalar::Date, "\"2026-11-23\""),
        ("clock", Scalar::LocalTime, "\"18:12:18.5\""),
        (
            "moment",
            Scalar::LocalDateTime,
            "\"2026-11-23T18:12:18.000001\"",
        ),
        ("stamp", Scalar::DateTime, "\"2026-11-23T18:12:18.5Z\""),
        ("years", Scalar::Int, "2026"),
        ("doc", Scalar::Json, "{\"a\": [1.50]}"),
        (
            "u",
            Scalar::Uuid,
            "\"0191e3a7-0000-7abc-8def-0123456789ab\"",
        ),
        ("ip", Scalar::String, "\"::1\""),
        ("size", Scalar::String, "\"it's\""),
        ("tags", Scalar::String, "\"a,b\""),
        ("latin", Scalar::String, "\"é\""),
        ("SUM(small)", Scalar::BigInt, "\"-7\""),
        ("EXISTS (SELECT 1)", Scalar::Boolean, "true"),
        ("COUNT(*)", Scalar::Int, "1"),
        ("NULL", Scalar::Json, "null"),
    ] {
        let found = shown(&database, column, scalar).await;
        assert_eq!(found.unwrap(), expected, "{column}");
    }
}

#[tokio::test]
async fn what_has_no_form_in_the_api_is_an_error() {
    let scratch = Scratch::new(
        "SET sql_mode = '';
         CREATE TABLE t (none DATE, some DATE, moment DATETIME, late TIME, before_it TIME, \
         many TINYINT, doc TEXT, size ENUM('S'));
         INSERT INTO t VALUES ('0000-00-00', '2026-00-10', '0000-00-00 00:00:00', '25:00:00', \
         '-01:00:00', 2, '{\"a\":', 'XXL')",
    );
    let database = scratch.open();
    for (column, scalar) in [
        ("none", Scalar::Date),
        ("some", Scalar::Date),
        ("moment", Scalar::DateTime),
        ("late", Scalar::LocalTime),
        ("before_it", Scalar::LocalTime),
        ("many", Scalar::Boolean),
        ("doc", Scalar::Json),
        ("doc", Scalar::Date),
    ] {
        let found = shown(&database, column, scalar).await;
        assert!(
            matches!(found, Err(Error::Conversion(_))),
            "{column}: {found:?}"
        );
    }
    let names = Codec::Enum([("S".into(), "SMALL".into())].into());
    let value = Use::Value(model::Cell::Scalar {
        column: 0,
        codec: names,
    });
    let size = script(false, vec![step("size", "SELECT size FROM t", &[], value)]);
    let failure = run(&database, &size, vec![], Weight::Light)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::Conversion(_)), "{failure}");
}

#[tokio::test]
async fn all_steps_of_a_read_see_one_snapshot() {
    let scratch = Scratch::new(
        "CREATE TABLE t (n INT); INSERT INTO t VALUES (1); SELECT GET_LOCK('step', 0)",
    );
    let database = scratch.open();
    let value = || Use::Value(cell(0, Scalar::Int));
    for weight in [Weight::Bounded, Weight::Unbounded] {
        let steps = vec![
            step("before", "SELECT SUM(n) FROM t", &[], value()),
            step(
                "wait",
                "SELECT GET_LOCK('step', 60) + RELEASE_LOCK('step')",
                &[],
                value(),
            ),
            step("after", "SELECT SUM(n) FROM t", &[], value()),
        ];
        let running = tokio::spawn({
            let (database, script) = (database.clone(), script(false, steps));
            async move { run_all(&database, &script, vec![vec![]; 3], weight).await }
        });
        scratch.assert_soon(1, super::WAITING_FOR_LOCKS).await;
        scratch
            .outside
            .run("UPDATE t SET n = n + 1; SELECT RELEASE_LOCK('step')");
        let answer: serde_json::Value =
            serde_json::from_str(&running.await.unwrap().unwrap()).unwrap();
        assert_eq!(answer["before"], answer["after"]);
        assert_eq!(answer["wait"], 2);
        scratch.outside.run("SELECT GET_LOCK('step', 60)");
    }
}

#[tokio::test]
async fn kept_rows_are_arguments_of_a_later_step() {
    let scratch = Scratch::new(
        "CREATE TABLE p (id INT PRIMARY KEY, code VARBINARY(4), at DATETIME(6));
         INSERT INTO p VALUES (1, x'00', '2026-11-23 18:12:18.5'), (2, x'ff', NULL), (3, x'01', NULL)",
    );
    let codecs = [Scalar::Int, Scalar::Bytes, Scalar::DateTime].map(Codec::Scalar);
    let keep = step(
        "keep",
        "SELECT id, code, at FROM p WHERE id < 3",
        &[],
        Use::Keep(codecs.into()),
    );
    let sql = "SELECT p.id, j.at FROM p JOIN JSON_TABLE(?, '$[*]' COLUMNS (id INT PATH '$[0]', \
               code VARCHAR(8) PATH '$[1]', at DATETIME(6) PATH '$[2]')) j \
               ON j.id = p.id AND UNHEX(j.code) = p.code ORDER BY p.id DESC";
    let record = crate::postgres::record([cell(0, Scalar::Int), cell(1, Scalar::DateTime)]);
    let show = step("show", sql, &[one(Scalar::Json)], Use::Rows(record));
    let script = script(false, vec![keep, show]);
    let arguments = vec![vec![], vec![Argument::KeptRows { steps: vec![0] }]];
    let answer = run_all(&scratch.open(), &script, arguments, Weight::Bounded).await;
    assert_eq!(
        answer.unwrap(),
        r#"{"show":[{"c0":2,"c1":null},{"c0":1,"c1":"2026-11-23T18:12:18.5Z"}]}"#
    );
}

#[tokio::test]
async fn a_kept_column_and_another_number_of_arguments_are_refused() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    let script = rows("SELECT ?", &[one(Scalar::Int)], &[Scalar::Int]);
    let kept = Argument::Kept {
        steps: vec![],
        column: 0,
    };
    for arguments in [vec![vec![kept]], vec![vec![]], vec![]] {
        let failure = run_all(&database, &script, arguments, Weight::Light)
            .await
            .unwrap_err();
        assert!(matches!(failure.error, Error::Internal(_)), "{failure}");
    }
}

#[tokio::test]
async fn statements_prepared_before_a_change_of_the_table_work_after_it() {
    let scratch = Scratch::new("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)");
    let database = scratch.open();
    let all = rows("SELECT * FROM t", &[], &[Scalar::String]);
    let named = rows("SELECT b FROM t", &[], &[Scalar::String]);
    assert_eq!(
        run(&database, &all, vec![], Weight::Light).await.unwrap(),
        r#"{"rows":[{"c0":"1"}]}"#
    );
    for (change, is_there) in [
        ("ALTER TABLE t MODIFY a VARCHAR(10)", false),
        ("ALTER TABLE t ADD b INT DEFAULT 5", true),
        ("ALTER TABLE t DROP b", false),
        ("ALTER TABLE t ADD b VARCHAR(10) DEFAULT 'x'", true),
    ] {
        scratch.outside.run(change);
        for weight in WEIGHTS {
            let answer = run(&database, &all, vec![], weight).await;
            assert_eq!(answer.unwrap(), r#"{"rows":[{"c0":"1"}]}"#);
            let answer = run(&database, &named, vec![], weight).await;
            assert_eq!(answer.is_ok(), is_there, "{change} {answer:?}");
        }
    }
}

#[tokio::test]
async fn more_statements_than_are_kept_work_too() {
    let scratch = Scratch::new("");
    for most in [2, 0] {
        let mut config = scratch.config();
        config.mariadb.statements_max = most;
        config.mariadb.connections = 1;
        let database = crate::postgres::open(&config);
        for round in 0..3 {
            for number in 0..5 {
                let script = rows(&format!("SELECT {number}"), &[], &[Scalar::Int]);
                let answer = run(&database, &script, vec![], Weight::Light).await;
                assert_eq!(
                    answer.unwrap(),
                    format!("{{\"rows\":[{{\"c0\":{number}}}]}}"),
                    "{round}"
                );
            }
        }
        // The server has none of the others any more.
        let closed = "SELECT CAST(VARIABLE_VALUE AS INT) FROM information_schema.SESSION_STATUS \
                      WHERE VARIABLE_NAME = 'COM_STMT_CLOSE'";
        let script = rows(closed, &[], &[Scalar::Int]);
        let answer = run(&database, &script, vec![], Weight::Light).await;
        let expected = 15 - most + usize::from(most > 0);
        assert_eq!(
            answer.unwrap(),
            format!("{{\"rows\":[{{\"c0\":{expected}}}]}}")
        );
    }
}

#[tokio::test]
async fn a_statement_that_fails_names_its_key_and_the_connection_stays() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    let bad = script(
        false,
        vec![
            step("good", "SELECT 1", &[], Use::Value(cell(0, Scalar::Int))),
            step(
                "bad",
                "SELECT secret FROM nowhere",
                &[],
                Use::Value(cell(0, Scalar::Int)),
            ),
        ],
    );
    for weight in WEIGHTS {
        let failure = run_all(&database, &bad, vec![vec![]; 2], weight)
            .await
            .unwrap_err();
        assert_eq!(failure.key.as_deref(), Some("bad"));
        assert!(failure.to_string().contains("nowhere"));
        let fault = model::Fault::from(failure);
        assert!(!fault.message.contains("nowhere"), "{}", fault.message);
    }
    scratch.assert_soon(1, super::CONNECTIONS).await;
}
