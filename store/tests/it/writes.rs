//! Writing: all of a script or none of it, and what stands in its way.

use crate::scripts::{
    column, counting, endless, field, reading, rows, step, value, with_parameters, writing,
};
use crate::shop::{Shop, answer, given, open};
use model::{Argument, Codec, Fault, Kind, Record, Scalar, Use, Value};
use std::time::Duration;
use store::Error;

const TABLES: &str = "
    CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent, n INTEGER CHECK (n > 0));
    INSERT INTO parent VALUES (1, 'one');";

#[tokio::test]
async fn a_write_is_there_when_its_reply_is() {
    let shop = Shop::new(TABLES);
    let insert = with_parameters(
        "create",
        "INSERT INTO parent (name) VALUES (?1) RETURNING id, name",
        &[(Scalar::String, false)],
        rows(&[("id", Scalar::Int), ("name", Scalar::String)]),
    );
    let arguments = vec![vec![Argument::Value(Value::Text("two".into()))]];
    let text = given(&shop.open(), writing(vec![insert]), arguments)
        .await
        .unwrap();
    assert_eq!(text, r#"{"create":[{"id":2,"name":"two"}]}"#);
    assert_eq!(shop.value::<i64>("SELECT count(*) FROM parent"), 2);
}

#[tokio::test]
async fn kept_keys_tie_the_statements_of_a_write_together() {
    let shop = Shop::new(TABLES);
    let key = vec![Codec::Scalar(Scalar::Int)];
    let insert = step(
        "create",
        "INSERT INTO parent (name) VALUES ('b'), ('c') RETURNING id",
        Use::Keep(key),
    );
    let read = with_parameters(
        "create",
        "SELECT p.id, p.name FROM json_each(?1) k JOIN parent p ON p.id = k.value ORDER BY k.key DESC",
        &[(Scalar::Int, true)],
        Use::Rows(Record {
            fields: vec![field("name", column(1, Scalar::String))],
            ..Record::default()
        }),
    );
    let arguments = vec![
        vec![],
        vec![Argument::Kept {
            steps: vec![0],
            column: 0,
        }],
    ];
    let text = given(&shop.open(), writing(vec![insert, read]), arguments)
        .await
        .unwrap();
    assert_eq!(text, r#"{"create":[{"name":"c"},{"name":"b"}]}"#);
}

#[tokio::test]
async fn a_failing_step_leaves_nothing_of_the_others() {
    let shop = Shop::new(TABLES);
    let database = shop.open();
    for (sql, code) in [
        ("INSERT INTO parent (name) VALUES ('one')", "store.unique"),
        (
            "INSERT INTO parent (id, name) VALUES (1, 'x')",
            "store.unique",
        ),
        ("INSERT INTO parent (name) VALUES (NULL)", "store.not_null"),
        (
            "INSERT INTO child (parent) VALUES (99)",
            "store.foreign_key",
        ),
        ("INSERT INTO child (n) VALUES (0)", "store.check"),
    ] {
        let script = writing(vec![
            step(
                "first",
                "INSERT INTO parent (name) VALUES ('two')",
                Use::Discard,
            ),
            step("second", sql, Use::Discard),
        ]);
        let failure = answer(&database, script).await.unwrap_err();
        assert!(failure.to_string().contains("constraint"), "{failure}");
        let fault = Fault::from(failure);
        assert_eq!((fault.code, fault.kind), (code, Kind::Conflict), "{sql}");
        assert_eq!(*fault.path, ["second"]);
        assert!(!fault.message.contains("parent") && !fault.message.contains("child"));
        assert_eq!(shop.value::<i64>("SELECT count(*) FROM parent"), 1);
    }
    let script = writing(vec![step(
        "w",
        "INSERT INTO parent (name) VALUES ('two')",
        Use::Discard,
    )]);
    answer(&database, script).await.unwrap();
    assert_eq!(shop.value::<i64>("SELECT count(*) FROM parent"), 2);
}

#[tokio::test]
async fn a_write_whose_result_is_too_large_is_undone() {
    let shop = Shop::new(TABLES);
    let mut config = shop.config();
    config.write_bytes_max = 10_000;
    let insert = format!(
        "INSERT INTO child (id) SELECT n FROM ({}) RETURNING id",
        counting(5_000)
    );
    let script = writing(vec![step("w", &insert, rows(&[("id", Scalar::Int)]))]);
    let fault = Fault::from(answer(&open(&config), script).await.unwrap_err());
    assert_eq!((fault.code, fault.kind), ("store.too_large", Kind::Limit));
    assert_eq!(shop.value::<i64>("SELECT count(*) FROM child"), 0);
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_nothing_and_frees_the_writer() {
    let shop = Shop::new(TABLES);
    let database = shop.open();
    let slow = writing(vec![
        step(
            "w",
            "INSERT INTO parent (name) VALUES ('two')",
            Use::Discard,
        ),
        step(
            "w",
            &format!("UPDATE parent SET name = ({})", endless()),
            Use::Discard,
        ),
    ]);
    let given_up = tokio::time::timeout(Duration::from_millis(50), answer(&database, slow)).await;
    assert!(given_up.is_err());
    let next = writing(vec![step(
        "w",
        "UPDATE parent SET name = 'uno'",
        Use::Discard,
    )]);
    answer(&database, next).await.unwrap();
    let names: String = shop.value("SELECT group_concat(name) FROM parent");
    assert_eq!(names, "uno");
}

#[tokio::test]
async fn a_lock_of_another_process_is_waited_for_only_so_long() {
    let shop = Shop::new(TABLES);
    let mut config = shop.config();
    config.sqlite.busy_timeout_ms = 20;
    let database = open(&config);
    database.check().await.unwrap();
    shop.outside.execute_batch("BEGIN IMMEDIATE").unwrap();
    let write = || writing(vec![step("w", "DELETE FROM parent", Use::Discard)]);
    let fault = Fault::from(answer(&database, write()).await.unwrap_err());
    assert_eq!((fault.code, fault.kind), ("store.busy", Kind::Unavailable));
    shop.outside.execute_batch("ROLLBACK").unwrap();
    answer(&database, write()).await.unwrap();
}

#[tokio::test]
async fn a_read_cannot_write() {
    let shop = Shop::new(TABLES);
    let script = reading(vec![step("r", "DELETE FROM parent", value(Scalar::Int))]);
    let failure = answer(&shop.open(), script).await.unwrap_err();
    assert!(
        matches!(failure.error, Error::Unavailable(_)),
        "{failure:?}"
    );
    assert_eq!(shop.value::<i64>("SELECT count(*) FROM parent"), 1);
}
