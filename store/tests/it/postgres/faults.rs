//! Servers that come and go.

use super::instance::Instance;
use super::{CONNECTIONS, Scratch, cell, one, open, rows, run, run_all, script, step};
use model::{Scalar, Secret, Use, Value, Weight};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use store::{Config, Database, Error};

/// A client that asks until it is told to stop; every failure must be a clean one.
/// `sql` gives back its one parameter.
pub(crate) async fn client(
    database: Database,
    sql: &str,
    stop: Arc<AtomicBool>,
    since: Arc<AtomicU32>,
) -> u32 {
    let mut failures = 0;
    let single = rows(sql, &[one(Scalar::Int)], &[Scalar::Int]);
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
                "SELECT $1",
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
    let bounds = &config.postgres;
    let most = bounds.light_connections + bounds.bounded_connections + bounds.exclusive_connections;
    assert!(
        usize::try_from(count).unwrap() <= most,
        "{count} connections"
    );
    database.close().await;
}

/// Waits for so many more answers.
pub(crate) async fn answers(answered: &AtomicU32, more: u32) {
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
