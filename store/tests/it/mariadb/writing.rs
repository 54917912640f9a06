//! Writing: all or nothing, and what the data refuses.

use super::Scratch;
use crate::postgres::{cell, one, record, run, run_all, script, step, text};
use model::{Scalar, Use, Value, Weight};
use store::{Config, Error};

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(5) NOT NULL UNIQUE, \
     parent INT, price DECIMAL(4,2), day DATE, CHECK (price >= 0), FOREIGN KEY (parent) REFERENCES t (id))";

#[tokio::test]
async fn a_write_gives_what_it_returns_and_is_seen_from_outside() {
    let scratch = Scratch::new(TABLE);
    let database = scratch.open();
    let returned = Use::Rows(record([cell(0, Scalar::Int), cell(1, Scalar::String)]));
    let sql = "INSERT INTO t (name) VALUES (?), (?) RETURNING id, name";
    let insert = step("insert", sql, &[one(Scalar::String); 2], returned);
    let read = step(
        "read",
        "SELECT COUNT(*) FROM t",
        &[],
        Use::Value(cell(0, Scalar::Int)),
    );
    let names = [text("a"), text("b")].map(model::Argument::Value);
    let script = script(true, vec![insert, read]);
    let answer = run_all(
        &database,
        &script,
        vec![names.into(), vec![]],
        Weight::Light,
    )
    .await;
    assert_eq!(
        answer.unwrap(),
        r#"{"insert":[{"c0":1,"c1":"a"},{"c0":2,"c1":"b"}],"read":2}"#
    );
    assert_eq!(scratch.number("SELECT COUNT(*) FROM t"), 2);
}

#[tokio::test]
async fn what_the_data_refuses_is_named_and_leaves_no_trace() {
    let scratch = Scratch::new(&format!("{TABLE}; INSERT INTO t (name) VALUES ('old')"));
    let database = scratch.open();
    let cases = [
        ("INSERT INTO t (name) VALUES ('old')", "store.unique"),
        (
            "INSERT INTO t (name, parent) VALUES ('b', 99)",
            "store.foreign_key",
        ),
        ("INSERT INTO t (name) VALUES (NULL)", "store.not_null"),
        ("INSERT INTO t (parent) VALUES (1)", "store.not_null"),
        (
            "INSERT INTO t (name, price) VALUES ('b', -1)",
            "store.check",
        ),
        (
            "INSERT INTO t (name, price) VALUES ('b', 100)",
            "store.out_of_range",
        ),
        (
            "INSERT INTO t (name) VALUES ('longer')",
            "store.out_of_range",
        ),
        (
            "INSERT INTO t (name, day) VALUES ('b', '2026-02-30')",
            "store.out_of_range",
        ),
        (
            "INSERT INTO t (name, price) VALUES ('b', 1 / 0)",
            "store.out_of_range",
        ),
        (
            "INSERT INTO t (name, price) VALUES ('b', 'x')",
            "store.out_of_range",
        ),
    ];
    for (sql, code) in cases {
        let fine = "INSERT INTO t (name) VALUES ('fine')";
        let steps = vec![
            step("fine", fine, &[], Use::Discard),
            step("bad", sql, &[], Use::Discard),
        ];
        let answer = run_all(
            &database,
            &script(true, steps),
            vec![vec![]; 2],
            Weight::Light,
        )
        .await;
        let failure = answer.unwrap_err();
        assert_eq!(failure.key.as_deref(), Some("bad"));
        assert_eq!(model::Fault::from(failure).code, code, "{sql}");
        assert_eq!(scratch.number("SELECT COUNT(*) FROM t"), 1, "{sql}");
    }
    scratch.assert_soon(1, super::CONNECTIONS).await;
}

#[tokio::test]
async fn an_update_sees_the_row_as_it_was() {
    let scratch = Scratch::new("CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 2)");
    let database = scratch.open();
    let swap = step("swap", "UPDATE t SET a = b, b = a", &[], Use::Discard);
    run(&database, &script(true, vec![swap]), vec![], Weight::Light)
        .await
        .unwrap();
    assert_eq!(scratch.outside.ask("SELECT a, b FROM t"), "2\t1\n");
}

#[tokio::test]
async fn an_answer_too_large_to_be_held_undoes_the_write() {
    let scratch = Scratch::new("CREATE TABLE t (n INT)");
    let database = crate::postgres::open(&Config {
        write_bytes_max: 1_000,
        ..scratch.config()
    });
    let returned = Use::Rows(record([cell(0, Scalar::String)]));
    let insert = step(
        "n",
        "INSERT INTO t VALUES (1) RETURNING REPEAT('x', 2000)",
        &[],
        returned,
    );
    let failure = run(
        &database,
        &script(true, vec![insert]),
        vec![],
        Weight::Light,
    )
    .await
    .unwrap_err();
    assert!(matches!(failure.error, Error::TooLarge(_)), "{failure}");
    assert_eq!(scratch.number("SELECT COUNT(*) FROM t"), 0);
    scratch.assert_soon(0, super::CONNECTIONS).await;
}

#[tokio::test]
async fn a_deadlock_is_one_that_the_client_may_try_again() {
    let scratch = Scratch::new(
        "CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 0), (2, 0);
         START TRANSACTION; UPDATE t SET n = 1 WHERE id = 1;
         INSERT INTO t SELECT seq, 0 FROM seq_10_to_200",
    );
    let database = crate::postgres::open(&Config {
        retries_max: 0,
        ..scratch.config()
    });
    let update = |id: i64| {
        let sql = format!("UPDATE t SET n = 2 WHERE id = {id}");
        step("u", &sql, &[], Use::Discard)
    };
    let running = tokio::spawn({
        let (database, script) = (database.clone(), script(true, vec![update(2), update(1)]));
        async move { run_all(&database, &script, vec![vec![]; 2], Weight::Light).await }
    });
    let waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() \
                   AND info LIKE 'UPDATE t SET n = 2 WHERE id = 1%'";
    scratch.assert_soon(1, waiting).await;
    // Whoever changed less is the victim: the one outside changed more.
    scratch.outside.run("UPDATE t SET n = 1 WHERE id = 2");
    let failure = running.await.unwrap().unwrap_err();
    assert!(
        matches!(failure.error, Error::Serialization(_)),
        "{failure}"
    );
    scratch.outside.run("COMMIT");
    assert_eq!(scratch.number("SELECT n FROM t WHERE id = 1"), 1);
}

#[tokio::test]
async fn a_value_of_every_kind_can_be_written() {
    let scratch = Scratch::new(
        "CREATE TABLE t (a BOOLEAN, b DOUBLE, c VARBINARY(3), d DATETIME(6), e DECIMAL(5,2), f JSON)",
    );
    let parameters = [
        Scalar::Boolean,
        Scalar::Float,
        Scalar::Bytes,
        Scalar::DateTime,
        Scalar::Decimal,
        Scalar::Json,
    ]
    .map(one);
    let values = vec![
        Value::Boolean(true),
        Value::Float(0.1),
        Value::Bytes([0, 39, 255].into()),
        text("2026-11-23T18:12:18.5Z"),
        text("1.50"),
        text("{\"a\":1}"),
    ];
    let sql = "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)";
    let insert = step("i", sql, &parameters, Use::Discard);
    let database = scratch.open();
    run(
        &database,
        &script(true, vec![insert]),
        values,
        Weight::Light,
    )
    .await
    .unwrap();
    assert_eq!(
        scratch.outside.ask("SELECT a, b, HEX(c), d, e, f FROM t"),
        "1\t0.1\t0027FF\t2026-11-23 18:12:18.500000\t1.50\t{\"a\":1}\n"
    );
}
