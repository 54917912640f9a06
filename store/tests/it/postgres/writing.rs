//! Writes: all or nothing, and what stands in their way.

use super::{
    Scratch, WAITING_FOR_LOCKS, cell, one, open, record, run, run_all, script, step, text,
};
use model::{
    Argument, Cell, Codec, Fault, Kind as FaultKind, NOT_AS_IT_MUST, Scalar, Script, Use, Value,
    Weight,
};
use std::sync::Arc;
use store::{Config, Error};

const SHOP: &str = "CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL UNIQUE, \
                      age int CHECK (age >= 0), code varchar(3)); \
                    CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES \
                      customer DEFERRABLE INITIALLY IMMEDIATE); \
                    INSERT INTO customer VALUES (1, 'a@b', 30); INSERT INTO orders VALUES (1, 1)";

fn writing(statements: &[(&str, &str)]) -> Arc<Script> {
    let write = |(key, sql): &(&str, &str)| {
        let row = Cell::Object {
            present: None,
            record: record([cell(0, Scalar::Int)]),
        };
        step(key, sql, &[], Use::Value(row))
    };
    script(true, statements.iter().map(write).collect())
}

#[tokio::test]
async fn a_write_returns_its_rows_and_is_seen_from_outside() {
    let scratch = Scratch::new(SHOP).await;
    let database = scratch.open();
    let sql = "INSERT INTO customer VALUES ($1, $2) RETURNING id, email";
    let row = Use::Value(Cell::Object {
        present: None,
        record: record([cell(0, Scalar::Int), cell(1, Scalar::String)]),
    });
    let insert = script(
        true,
        vec![step(
            "c",
            sql,
            &[one(Scalar::Int), one(Scalar::String)],
            row,
        )],
    );
    let arguments = vec![Value::Integer(2), text("c@d")];
    let answer = run(&database, &insert, arguments, Weight::Light)
        .await
        .unwrap();
    assert_eq!(answer, "{\"c\":{\"c0\":2,\"c1\":\"c@d\"}}");
    assert_eq!(
        scratch
            .number("SELECT count(*) FROM customer WHERE email = 'c@d'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_failing_step_undoes_the_steps_before_it() {
    let scratch = Scratch::new(SHOP).await;
    let database = scratch.open();
    let mutation = writing(&[
        ("first", "INSERT INTO customer VALUES (5, 'e') RETURNING id"),
        (
            "second",
            "INSERT INTO customer VALUES (5, 'f') RETURNING id",
        ),
    ]);
    let answer = run_all(&database, &mutation, vec![vec![]; 2], Weight::Light).await;
    let failure = answer.unwrap_err();
    assert!(matches!(failure.error, Error::Unique(_)), "{failure}");
    assert_eq!(failure.key.as_deref(), Some("second"));
    assert_eq!(scratch.number("SELECT count(*) FROM customer").await, 1);
}

#[tokio::test]
async fn every_constraint_has_its_error() {
    let scratch = Scratch::new(SHOP).await;
    let database = scratch.open();
    for (sql, code) in [
        ("INSERT INTO customer VALUES (2, 'a@b')", "store.unique"),
        ("INSERT INTO customer VALUES (2, NULL)", "store.not_null"),
        ("INSERT INTO customer VALUES (2, 'x', -1)", "store.check"),
        ("INSERT INTO orders VALUES (2, 9)", "store.foreign_key"),
        ("DELETE FROM customer", "store.foreign_key"),
        (
            "INSERT INTO customer VALUES (2147483648, 'x')",
            "store.out_of_range",
        ),
        (
            "INSERT INTO customer VALUES (2, 'x', 1, 'long')",
            "store.out_of_range",
        ),
        ("INSERT INTO nothing VALUES (1)", "store.schema"),
    ] {
        let sql = format!("{sql} RETURNING 1");
        let answer = run(&database, &writing(&[("x", &sql)]), vec![], Weight::Light).await;
        let failure = answer.unwrap_err();
        let (log, fault) = (failure.to_string(), model::Fault::from(failure));
        assert_eq!(fault.code, code, "{sql}: {log}");
        assert_eq!(*fault.path, ["x"]);
        assert!(!log.contains("a@b"), "no value of a row in the log: {log}");
        assert!(
            !fault.message.contains("customer"),
            "no table for the client"
        );
    }
}

#[tokio::test]
async fn a_constraint_that_strikes_at_the_commit_undoes_all() {
    let scratch = Scratch::new(SHOP).await;
    scratch
        .outside
        .batch_execute(
            "ALTER TABLE orders ALTER CONSTRAINT orders_customer_fkey \
                        DEFERRABLE INITIALLY DEFERRED",
        )
        .await
        .unwrap();
    let database = scratch.open();
    let mutation = writing(&[("x", "INSERT INTO orders VALUES (2, 9) RETURNING id")]);
    let failure = run(&database, &mutation, vec![], Weight::Light)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::ForeignKey(_)), "{failure}");
    assert_eq!(scratch.number("SELECT count(*) FROM orders").await, 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_given_undoes_the_write() {
    let scratch = Scratch::new("CREATE TABLE t (id int, at date)").await;
    let config = Config {
        write_bytes_max: 10_000,
        ..scratch.config()
    };
    let database = open(&config);
    let list = |sql: &str, scalar| {
        script(
            true,
            vec![step("t", sql, &[], Use::Rows(record([cell(0, scalar)])))],
        )
    };
    let large = list(
        "INSERT INTO t SELECT generate_series(1, 10000) RETURNING id",
        Scalar::Int,
    );
    let failure = run(&database, &large, vec![], Weight::Bounded)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::TooLarge(_)), "{failure}");
    let endless = list(
        "INSERT INTO t VALUES (1, 'infinity') RETURNING at",
        Scalar::Date,
    );
    let failure = run(&database, &endless, vec![], Weight::Bounded)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::OutOfRange(_)), "{failure}");
    scratch
        .assert_soon(
            0,
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL \
                      AND application_name = 'fragaria' AND datname = current_database()",
        )
        .await;
    assert_eq!(scratch.number("SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn steps_pass_on_what_they_made() {
    let scratch =
        Scratch::new("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, name text)").await;
    let database = scratch.open();
    let insert = step(
        "made",
        "INSERT INTO t (name) SELECT unnest($1) RETURNING id",
        &[super::many(Scalar::String)],
        Use::Keep(vec![Codec::Scalar(Scalar::Int)]),
    );
    let select = step(
        "t",
        "SELECT id, name FROM t WHERE id = ANY($1) ORDER BY id",
        &[super::many(Scalar::Int)],
        Use::Rows(record([cell(0, Scalar::Int), cell(1, Scalar::String)])),
    );
    let arguments = vec![
        vec![Argument::Value(Value::List(vec![text("a"), text("b")]))],
        vec![Argument::Kept {
            steps: vec![0],
            column: 0,
        }],
    ];
    let mutation = script(true, vec![insert, select]);
    let answer = run_all(&database, &mutation, arguments, Weight::Bounded)
        .await
        .unwrap();
    assert_eq!(
        answer,
        "{\"t\":[{\"c0\":1,\"c1\":\"a\"},{\"c0\":2,\"c1\":\"b\"}]}"
    );
}

#[tokio::test]
async fn two_writers_that_wait_for_each_other_are_told_to_try_again() {
    let scratch = Scratch::new(
        "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0); \
         SELECT pg_advisory_lock(7)",
    )
    .await;
    // Otherwise it runs again by itself.
    let database = open(&Config {
        retries_max: 0,
        ..scratch.config()
    });
    let mutation = |first: i32, second: i32| {
        let wait = "SELECT 1 FROM pg_advisory_xact_lock_shared(7)";
        let update = |id: i32| format!("UPDATE t SET n = n + 1 WHERE id = {id} RETURNING id");
        writing(&[("a", &update(first)), ("b", wait), ("c", &update(second))])
    };
    let writers = [mutation(1, 2), mutation(2, 1)].map(|script| {
        let database = database.clone();
        tokio::spawn(
            async move { run_all(&database, &script, vec![vec![]; 3], Weight::Light).await },
        )
    });
    scratch.assert_soon(2, WAITING_FOR_LOCKS).await;
    scratch
        .outside
        .batch_execute("SELECT pg_advisory_unlock(7)")
        .await
        .unwrap();
    let mut failures = Vec::new();
    for writer in writers {
        failures.extend(writer.await.unwrap().err());
    }
    assert_eq!(failures.len(), 1, "one wins");
    assert!(
        matches!(failures[0].error, Error::Serialization(_)),
        "{}",
        failures[0]
    );
    assert_eq!(scratch.number("SELECT sum(n) FROM t").await, 2);
}

/// A write of one statement that answers with an integer, or with text.
fn insert(sql: &str, scalar: Scalar) -> Arc<Script> {
    let row = Cell::Object {
        present: None,
        record: record([cell(0, scalar)]),
    };
    script(true, vec![step("c", sql, &[], Use::Value(row))])
}

#[tokio::test]
async fn a_write_whose_answer_cannot_fail_is_a_transaction_by_itself() {
    const LAST: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fragaria' \
                        AND datname = current_database() AND query LIKE ";
    let scratch = Scratch::new(SHOP).await;
    let database = scratch.open();
    let alone = insert(
        "INSERT INTO customer VALUES (2, 'c@d') RETURNING id",
        Scalar::Int,
    );
    let answer = run(&database, &alone, vec![], Weight::Light).await;
    assert_eq!(answer.unwrap(), "{\"c\":{\"c0\":2}}");
    assert_eq!(scratch.number(&format!("{LAST}'INSERT%'")).await, 1);
    let held = insert(
        "INSERT INTO customer VALUES (3, 'e@f') RETURNING email",
        Scalar::String,
    );
    let answer = run(&database, &held, vec![], Weight::Light).await;
    assert_eq!(answer.unwrap(), "{\"c\":{\"c0\":\"e@f\"}}");
    assert_eq!(scratch.number(&format!("{LAST}'COMMIT'")).await, 1);
    assert_eq!(scratch.number("SELECT count(*) FROM customer").await, 3);
}

#[tokio::test]
async fn a_statement_that_says_what_its_rows_must_be_leaves_no_other() {
    let scratch = Scratch::new(SHOP).await;
    let database = scratch.open();
    let fault = Fault::new("access.check", FaultKind::Denied, "not for you");
    let insert = |id: i32, assures: Option<Fault>| {
        let sql = format!(
            "INSERT INTO customer AS t0 VALUES ({id}, 'c{id}@d') RETURNING id, \
             CASE WHEN t0.id > 9 THEN TRUE ELSE CAST(concat('{NOT_AS_IT_MUST}') AS boolean) END"
        );
        let row = Cell::Object {
            present: None,
            record: record([cell(0, Scalar::Int)]),
        };
        let mut step = step("c", &sql, &[], Use::Value(row));
        step.assures = assures.map(Box::new);
        script(true, vec![step])
    };
    let run = async |script| run(&database, &script, vec![], Weight::Light).await;
    let kept = run(insert(10, Some(fault.clone()))).await;
    assert_eq!(kept.unwrap(), "{\"c\":{\"c0\":10}}");
    // It is planned for its values at first, and for any later: none of both looks ahead of a row.
    for id in 2..9 {
        let failure = run(insert(id, Some(fault.clone()))).await.unwrap_err();
        assert!(
            matches!(&failure.error, Error::Unmet(told) if told.code == "access.check"),
            "{failure:?}"
        );
    }
    let failure = run(insert(2, None)).await.unwrap_err();
    assert!(
        matches!(failure.error, Error::NotAsItMust(_)),
        "{failure:?}"
    );
    assert_eq!(scratch.number("SELECT count(*) FROM customer").await, 2);
}

#[tokio::test]
async fn what_a_constraint_refuses_in_the_end_is_no_answer() {
    let scratch = Scratch::new(
        "CREATE TABLE note (id int PRIMARY KEY, \
         beside int REFERENCES note DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let database = scratch.open();
    let alone = insert("INSERT INTO note VALUES (1, 9) RETURNING id", Scalar::Int);
    let failure = run(&database, &alone, vec![], Weight::Light)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::ForeignKey(_)), "{failure:?}");
    assert_eq!(scratch.number("SELECT count(*) FROM note").await, 0);
    let whole = insert("INSERT INTO note VALUES (1, 1) RETURNING id", Scalar::Int);
    assert!(run(&database, &whole, vec![], Weight::Light).await.is_ok());
}

#[tokio::test]
async fn whether_a_write_by_itself_was_made_is_unknown_when_its_connection_ends() {
    let scratch = Scratch::new(SHOP).await;
    let database = scratch.open();
    let alone = insert(
        "INSERT INTO customer SELECT max(id) + 1, max(id) || '@d' FROM customer RETURNING id",
        Scalar::Int,
    );
    // Preparing it waits for the lock as well.
    run(&database, &alone, vec![], Weight::Light).await.unwrap();
    scratch
        .outside
        .batch_execute("BEGIN; LOCK TABLE customer IN EXCLUSIVE MODE")
        .await
        .unwrap();
    let task = tokio::spawn({
        let (database, alone) = (database.clone(), alone.clone());
        async move { run(&database, &alone, vec![], Weight::Light).await }
    });
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'customer'::regclass";
    scratch.assert_soon(1, waiting).await;
    scratch
        .outside
        .batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND application_name = 'fragaria' AND datname = current_database(); ROLLBACK",
        )
        .await
        .unwrap();
    let failure = task.await.unwrap().unwrap_err();
    assert!(
        matches!(failure.error, Error::OutcomeUnknown(_)),
        "{failure:?}"
    );
    assert_eq!(scratch.number("SELECT count(*) FROM customer").await, 2);
    assert!(run(&database, &alone, vec![], Weight::Light).await.is_ok());
}
