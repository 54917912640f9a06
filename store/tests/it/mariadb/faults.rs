//! Servers and connections that come and go.

use super::instance::Instance;
use super::outside::Outside;
use super::{CONNECTIONS, Scratch};
use crate::postgres::faults::{answers, client};
use crate::postgres::{open, rows, run, run_all, script, step};
use model::{Scalar, Secret, Use, Weight};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use store::{Config, Error};

const WEIGHTS: [Weight; 3] = [Weight::Light, Weight::Bounded, Weight::Unbounded];

fn config(instance: &Instance) -> Config {
    Config {
        url: Secret::new(instance.address()),
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_load_comes_back_without_a_leak() {
    let instance = Instance::start(|_| Vec::new());
    let config = config(&instance);
    let database = open(&config);
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU32::new(0));
    let clients = [(); 16].map(|()| {
        let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
        tokio::spawn(client(database.clone(), "SELECT ?", stop, answered))
    });
    for _ in 0..2 {
        answers(&answered, 500).await;
        tokio::task::block_in_place(|| instance.kill());
        tokio::task::block_in_place(|| instance.start_again());
    }
    answers(&answered, 500).await;
    stop.store(true, Ordering::Relaxed);
    let mut failures = 0;
    for client in clients {
        failures += client.await.unwrap();
    }
    assert!(failures > 0, "the crash was not noticed");
    assert!(database.check().await.is_ok());
    let outside = Outside::connect(&instance.address());
    let count = outside
        .ask("USE mysql; SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'mysql'");
    // The one outside and the one for checks come on top.
    let most = config.mariadb.connections + 2;
    assert!(
        count.trim().parse::<usize>().unwrap() <= most,
        "{count} connections"
    );
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_may_be_away_at_the_start_and_die_in_the_middle_of_a_write() {
    let instance = Instance::start(|_| Vec::new());
    tokio::task::block_in_place(|| instance.kill());
    let database = open(&config(&instance));
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
    let wait = step("w", "DO SLEEP(600)", &[], Use::Discard);
    let writing = tokio::spawn({
        let (database, script) = (database.clone(), script(true, vec![wait]));
        async move { run(&database, &script, vec![], Weight::Light).await }
    });
    let outside = Outside::connect(&instance.address());
    let sleeping = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
    while outside.ask(sleeping).trim() != "1" {
        tokio::task::yield_now().await;
    }
    tokio::task::block_in_place(|| instance.kill());
    // It had not come to its commit, so it is certain that nothing was written.
    let failure = writing.await.unwrap().unwrap_err();
    assert!(matches!(failure.error, Error::Unavailable(_)), "{failure}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_lost_during_the_commit_leaves_it_open_whether_it_was_made() {
    let instance = Instance::start(|_| Vec::new());
    let database = open(&config(&instance));
    let outside = Outside::connect(&instance.address());
    outside.run("CREATE TABLE mysql.t (n INT) ENGINE = InnoDB; SELECT GET_LOCK('step', 0)");
    let steps = vec![
        step("n", "INSERT INTO t VALUES (1)", &[], Use::Discard),
        step("w", "DO GET_LOCK('step', 60)", &[], Use::Discard),
    ];
    let writing = tokio::spawn({
        let script = script(true, steps);
        async move { run_all(&database, &script, vec![vec![]; 2], Weight::Light).await }
    });
    let reaches = async |state: &str| {
        let sql = "SELECT COUNT(*) FROM information_schema.processlist WHERE state =";
        while outside.ask(&format!("{sql} '{state}'")).trim() != "1" {
            tokio::task::yield_now().await;
        }
    };
    reaches("User lock").await;
    // From here on whoever commits waits.
    outside.run("FLUSH TABLES WITH READ LOCK; SELECT RELEASE_LOCK('step')");
    reaches("Waiting for backup lock").await;
    tokio::task::block_in_place(|| instance.kill());
    let failure = writing.await.unwrap().unwrap_err();
    assert!(
        matches!(failure.error, Error::OutcomeUnknown(_)),
        "{failure}"
    );
}

#[tokio::test]
async fn a_connection_ended_by_the_server_is_replaced_without_a_failure() {
    let scratch = Scratch::new("CREATE TABLE t (n INT)");
    let database = scratch.open();
    let single = rows("SELECT 1", &[], &[Scalar::Int]);
    let insert = || step("n", "INSERT INTO t VALUES (1)", &[], Use::Discard);
    for _ in 0..10 {
        for weight in WEIGHTS {
            assert!(run(&database, &single, vec![], weight).await.is_ok());
        }
        let write = script(true, vec![insert()]);
        assert!(run(&database, &write, vec![], Weight::Light).await.is_ok());
        let ids = scratch
            .outside
            .ask(&format!("{} ", CONNECTIONS.replace("COUNT(*)", "id")));
        for id in ids.lines() {
            scratch.outside.run(&format!("KILL {id}"));
        }
    }
    assert_eq!(scratch.number("SELECT COUNT(*) FROM t"), 10);
}

#[tokio::test]
async fn a_connection_ended_in_the_middle_of_a_stream_ends_it_with_an_error() {
    use futures_util::StreamExt;
    let scratch = Scratch::new("");
    let database = scratch.open();
    let sql = "SELECT seq, REPEAT('x', 100) FROM seq_1_to_300000";
    let script = rows(sql, &[], &[Scalar::Int, Scalar::String]);
    let reply = database
        .run(script, vec![vec![]], Weight::Unbounded)
        .await
        .unwrap();
    let store::Reply::Stream(mut chunks) = reply else {
        panic!("not streamed");
    };
    chunks.next().await.unwrap().unwrap();
    let ids = scratch.outside.ask(&CONNECTIONS.replace("COUNT(*)", "id"));
    scratch.outside.run(&format!("KILL {}", ids.trim()));
    let mut last = None;
    while let Some(chunk) = chunks.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(Error::Unavailable(_)))), "{last:?}");
    assert!(database.check().await.is_ok());
}
