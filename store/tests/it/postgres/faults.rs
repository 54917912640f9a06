//! Servers that come and go, poolers in between, and TLS.

use super::instance::{Bouncer, Instance, run as command};
use super::{CONNECTIONS, Scratch, cell, one, open, rows, run, run_all, script, step};
use model::{Argument, Scalar, Secret, Use, Value, Weight};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use store::{Config, Database, Error, Pooler, Postgres};

/// A client that asks until it is told to stop; every failure must be a clean one.
async fn client(database: Database, stop: Arc<AtomicBool>, since: Arc<AtomicU32>) -> u32 {
    let mut failures = 0;
    let single = rows("SELECT $1", &[one(Scalar::Int)], &[Scalar::Int]);
    let value = || Use::Value(cell(0, Scalar::Int));
    let several = script(
        false,
        vec![
            step("a", "SELECT 1", &[], value()),
            step("b", "SELECT 2", &[], value()),
        ],
    );
    while !stop.load(Ordering::Relaxed) {
        for weight in [Weight::Light, Weight::Bounded, Weight::Unbounded] {
            let answers = [
                run(&database, &single, vec![Value::Integer(7)], weight).await,
                run_all(&database, &several, vec![vec![]; 2], weight).await,
            ];
            for answer in answers {
                match answer {
                    Ok(_) => drop(since.fetch_add(1, Ordering::Relaxed)),
                    Err(failure) => {
                        assert!(matches!(failure.error, Error::Unavailable(_)), "{failure}");
                        failures += 1;
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }
    failures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_load_comes_back_without_a_leak() {
    let instance = Instance::start("", |_| {});
    let config = Config {
        url: Secret::new(instance.address()),
        ..Config::default()
    };
    let database = open(&config);
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU32::new(0));
    let clients: Vec<_> = (0..16)
        .map(|_| {
            tokio::spawn(client(
                database.clone(),
                Arc::clone(&stop),
                Arc::clone(&answered),
            ))
        })
        .collect();
    for _ in 0..3 {
        answers(&answered, 500).await;
        let instance = &instance;
        tokio::task::block_in_place(|| instance.kill());
        tokio::task::block_in_place(|| instance.start_again());
    }
    let back = std::time::Instant::now();
    answers(&answered, 500).await;
    assert!(
        back.elapsed().as_secs() < 10,
        "recovery took {:?}",
        back.elapsed()
    );
    stop.store(true, Ordering::Relaxed);
    let mut failures = 0;
    for client in clients {
        failures += client.await.unwrap();
    }
    assert!(failures > 0, "the crash was not noticed");
    assert!(database.check().await.is_ok());
    let outside = super::connect(&instance.address()).await;
    let count = outside
        .query_one(CONNECTIONS, &[])
        .await
        .unwrap()
        .get::<_, i64>(0);
    assert!(count <= 13, "{count} connections");
    database.close().await;
}

/// Waits for so many more answers.
async fn answers(answered: &AtomicU32, more: u32) {
    let target = answered.load(Ordering::Relaxed) + more;
    while answered.load(Ordering::Relaxed) < target {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_may_be_away_at_the_start() {
    let instance = Instance::start("", |_| {});
    let config = Config {
        url: Secret::new(instance.address()),
        ..Config::default()
    };
    tokio::task::block_in_place(|| instance.kill());
    let database = open(&config);
    let single = rows("SELECT 1", &[], &[Scalar::Int]);
    for weight in [Weight::Light, Weight::Unbounded] {
        let failure = run(&database, &single, vec![], weight).await.unwrap_err();
        assert!(matches!(failure.error, Error::Unavailable(_)), "{failure}");
    }
    assert!(matches!(database.check().await, Err(Error::Unavailable(_))));
    tokio::task::block_in_place(|| instance.start_again());
    while database.check().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(
        run(&database, &single, vec![], Weight::Unbounded)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_connection_ended_by_the_server_is_replaced_without_a_failed_read() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let single = rows("SELECT 1", &[], &[Scalar::Int]);
    for _ in 0..20 {
        for weight in [Weight::Light, Weight::Bounded, Weight::Unbounded] {
            assert!(run(&database, &single, vec![], weight).await.is_ok());
        }
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'fragaria' AND datname = current_database()";
        scratch.outside.batch_execute(end).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_behind_a_pooler_in_transaction_mode() {
    let instance = Instance::start("", |_| {});
    let scratch = Scratch::on(
        &instance.address(),
        "CREATE TABLE t (id int PRIMARY KEY, name text); \
         INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 5000) g",
    )
    .await;
    let bouncer = tokio::task::block_in_place(|| Bouncer::start(instance.port));
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
    let slow = rows("SELECT 1 FROM pg_sleep(600)", &[], &[Scalar::Int]);
    let hasty = open(&Config {
        statement_timeout_ms: 100,
        ..config
    });
    for weight in [Weight::Light, Weight::Unbounded] {
        let failure = run(&hasty, &slow, vec![], weight).await.unwrap_err();
        assert!(matches!(failure.error, Error::Timeout(_)), "{failure}");
    }
    scratch
        .until(
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

/// A certificate authority, and a certificate by it for `localhost`.
fn certify(directory: &Path) {
    let openssl = |line: &str| {
        command(
            Command::new("openssl")
                .current_dir(directory)
                .args(line.split(' ')),
        );
    };
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
         -subj /CN=authority -keyout ca.key -out ca.crt",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
         -addext subjectAltName=DNS:localhost -keyout server.key -out server.csr",
    );
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
         -copy_extensions copy -out server.crt",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_on_the_wire_and_the_server_is_who_it_says() {
    let (instance, other) = tokio::task::block_in_place(|| {
        (
            Instance::start("ssl = on", certify),
            Instance::start("", certify),
        )
    });
    let trusted = instance.file("ca.crt");
    let stranger = other.file("ca.crt");
    let encrypted = rows(
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        &[],
        &[Scalar::Boolean],
    );
    for (port, host, parameters, expected) in [
        (instance.port, "localhost", String::new(), Some("true")),
        (
            instance.port,
            "localhost",
            "sslmode=disable".into(),
            Some("false"),
        ),
        (
            instance.port,
            "127.0.0.1",
            "sslmode=require".into(),
            Some("true"),
        ),
        (
            instance.port,
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={trusted}"),
            Some("true"),
        ),
        (
            instance.port,
            "localhost",
            format!("sslmode=verify-full&sslrootcert={trusted}"),
            Some("true"),
        ),
        (
            instance.port,
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={trusted}"),
            None,
        ),
        (
            instance.port,
            "localhost",
            format!("sslmode=verify-full&sslrootcert={stranger}"),
            None,
        ),
        (
            instance.port,
            "localhost",
            format!("sslmode=verify-ca&sslrootcert={stranger}"),
            None,
        ),
        (
            instance.port,
            "localhost",
            format!("sslmode=require&sslrootcert={stranger}"),
            None,
        ),
        (other.port, "localhost", "sslmode=require".into(), None),
        (
            other.port,
            "localhost",
            "sslmode=prefer".into(),
            Some("false"),
        ),
    ] {
        let address = format!("postgres://postgres@{host}:{port}/postgres?{parameters}");
        let database = open(&Config {
            url: Secret::new(address.clone()),
            ..Config::default()
        });
        for weight in [Weight::Light, Weight::Unbounded] {
            let answer = run(&database, &encrypted, vec![], weight).await;
            match expected {
                Some(expected) => {
                    assert_eq!(
                        answer.unwrap(),
                        format!("{{\"rows\":[{{\"c0\":{expected}}}]}}"),
                        "{address}"
                    );
                }
                None => {
                    let failure = answer.unwrap_err();
                    assert!(
                        matches!(failure.error, Error::Unavailable(_)),
                        "{address}: {failure}"
                    );
                }
            }
        }
    }
}
