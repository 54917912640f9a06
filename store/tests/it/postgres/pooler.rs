//! Behind PgBouncer in transaction mode.

use super::instance::{Bouncer, Instance};
use super::{Scratch, cell, one, open, rows, run, run_all, script, step};
use model::{Argument, Scalar, Secret, Use, Value, Weight};
use store::{Config, Database, Error, Pooler, Postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_behind_a_pooler_in_transaction_mode() {
    let instance = Instance::start("", |_| {});
    let scratch = Scratch::on(
        &instance.address(),
        "CREATE TABLE t (id int PRIMARY KEY, name text); \
         INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 5000) g",
    )
    .await;
    let mut bouncer = tokio::task::block_in_place(|| Bouncer::start(instance.port));
    let direct = format!(":{}/", instance.port);
    let address = scratch
        .address()
        .replace(&direct, &format!(":{}/", bouncer.port));
    let config = Config {
        url: Secret::new(address),
        whole_bytes_max: 20_000,
        postgres: Postgres {
            pooler: Pooler::Transaction,
            ..Postgres::default()
        },
        ..Config::default()
    };
    let database = open(&config);
    database.check().await.unwrap();
    assert_eq!(database.catalog().await.unwrap().tables.len(), 1);
    let tasks: Vec<_> = (1..=50_i64)
        .map(|id| tokio::spawn(pooled_client(database.clone(), id)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        scratch
            .number("SELECT count(*) FROM t WHERE name = 'changed'")
            .await,
        50
    );
    tokio::task::block_in_place(|| bouncer.restart());
    while database.check().await.is_err() {
        tokio::task::yield_now().await;
    }
    pooled_client(database.clone(), 51).await;
    let slow = rows("SELECT 1 FROM pg_sleep(600)", &[], &[Scalar::Int]);
    let hasty = open(&Config {
        read_timeout_ms: 100,
        write_timeout_ms: 100,
        ..config
    });
    for weight in [Weight::Light, Weight::Unbounded] {
        let failure = run(&hasty, &slow, vec![], weight).await.unwrap_err();
        assert!(matches!(failure.error, Error::Timeout(_)), "{failure}");
    }
    scratch
        .assert_soon(
            0,
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' \
                      AND query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()",
        )
        .await;
}

/// One row, a long list, a write of two steps and a read of two.
async fn pooled_client(database: Database, id: i64) {
    let value = || Use::Value(cell(0, Scalar::String));
    let by_id = "SELECT name FROM t WHERE id = $1";
    let single = rows(by_id, &[one(Scalar::Int)], &[Scalar::String]);
    let argument = || vec![Argument::Value(Value::Integer(id))];
    for _ in 0..5 {
        let answer = run(&database, &single, vec![Value::Integer(id)], Weight::Light).await;
        assert_eq!(
            answer.unwrap(),
            format!("{{\"rows\":[{{\"c0\":\"n{id}\"}}]}}")
        );
        let all = rows("SELECT id FROM t ORDER BY id", &[], &[Scalar::Int]);
        for weight in [Weight::Bounded, Weight::Unbounded] {
            let answer = run(&database, &all, vec![], weight).await.unwrap();
            assert!(answer.ends_with("{\"c0\":5000}]}"));
        }
    }
    let update = "UPDATE t SET name = 'changed' WHERE id = $1 RETURNING name";
    let steps = || {
        vec![
            step("a", update, &[one(Scalar::Int)], value()),
            step("b", by_id, &[one(Scalar::Int)], value()),
        ]
    };
    let writing = script(true, steps());
    let answer = run_all(&database, &writing, vec![argument(); 2], Weight::Light);
    assert_eq!(
        answer.await.unwrap(),
        "{\"a\":\"changed\",\"b\":\"changed\"}"
    );
    let reading = script(false, steps().split_off(1));
    assert!(
        run_all(&database, &reading, vec![argument()], Weight::Light)
            .await
            .is_ok()
    );
}
