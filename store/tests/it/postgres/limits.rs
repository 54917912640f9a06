//! Bounds: time, connections, queues.

use super::{
    CONNECTIONS, Scratch, WAITING_FOR_LOCKS, cell, open, rows, run, run_all, script, step,
};
use model::{Scalar, Use, Weight};
use store::{Config, Database, Error, Postgres};

#[tokio::test]
async fn a_statement_that_takes_too_long_is_stopped_and_the_others_are_not() {
    let scratch = Scratch::new("").await;
    let config = Config {
        read_timeout_ms: 100,
        write_timeout_ms: 100,
        ..scratch.config()
    };
    let database = open(&config);
    let slow = rows("SELECT 1 FROM pg_sleep(600)", &[], &[Scalar::Int]);
    let quick = rows("SELECT 1", &[], &[Scalar::Int]);
    for weight in [Weight::Light, Weight::Bounded, Weight::Unbounded] {
        let (stopped, fine) = tokio::join!(
            run(&database, &slow, vec![], weight),
            run(&database, &quick, vec![], weight)
        );
        let failure = stopped.unwrap_err();
        assert!(
            matches!(failure.error, Error::Timeout(_)),
            "{weight:?}: {failure}"
        );
        assert!(fine.is_ok(), "{weight:?}");
    }
    scratch
        .assert_soon(
            0,
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' \
                      AND state = 'active' AND datname = current_database() \
                      AND pid <> pg_backend_pid()",
        )
        .await;
}

#[tokio::test]
async fn work_whose_requester_is_gone_is_cancelled_in_the_database() {
    let scratch = Scratch::new("SELECT pg_advisory_lock(7)").await;
    // The server's own timeout is not to help.
    let database = open(&Config {
        read_timeout_ms: 600_000,
        write_timeout_ms: 600_000,
        ..scratch.config()
    });
    let wait = "SELECT 1 FROM pg_advisory_lock_shared(7)";
    let value = || Use::Value(cell(0, Scalar::Int));
    let waiting = WAITING_FOR_LOCKS;
    let several = || {
        vec![
            step("a", "SELECT 1", &[], value()),
            step("b", wait, &[], value()),
        ]
    };
    for (writes, steps, weight) in [
        (false, several(), Weight::Bounded),
        (false, several(), Weight::Unbounded),
        (true, several(), Weight::Light),
        (true, vec![step("b", wait, &[], value())], Weight::Light),
    ] {
        let count = steps.len();
        let running = tokio::spawn({
            let (database, script) = (database.clone(), script(writes, steps));
            async move { run_all(&database, &script, vec![vec![]; count], weight).await }
        });
        scratch.assert_soon(1, waiting).await;
        running.abort();
        scratch.assert_soon(0, waiting).await;
        scratch.assert_soon(0, CONNECTIONS).await;
    }
}

#[tokio::test]
async fn a_request_that_finds_no_exclusive_connection_is_refused_in_time() {
    let scratch = Scratch::new("SELECT pg_advisory_lock(7)").await;
    let config = Config {
        queue_timeout_ms: 50,
        queue_length_max: 1,
        postgres: Postgres {
            exclusive_connections: 1,
            ..Postgres::default()
        },
        ..scratch.config()
    };
    let database = open(&config);
    let holding = tokio::spawn({
        let database = database.clone();
        let script = rows(
            "SELECT 1 FROM pg_advisory_xact_lock_shared(7)",
            &[],
            &[Scalar::Int],
        );
        async move { run(&database, &script, vec![], Weight::Unbounded).await }
    });
    scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
    let quick = rows("SELECT 1", &[], &[Scalar::Int]);
    for _ in 0..2 {
        let failure = run(&database, &quick, vec![], Weight::Unbounded)
            .await
            .unwrap_err();
        assert!(matches!(failure.error, Error::Busy(_)), "{failure}");
    }
    let (one, two) = tokio::join!(
        run(&database, &quick, vec![], Weight::Unbounded),
        run(&database, &quick, vec![], Weight::Unbounded)
    );
    assert!(
        one.is_err() && two.is_err(),
        "one waits in vain, the other need not wait"
    );
    assert!(
        run(&database, &quick, vec![], Weight::Light).await.is_ok(),
        "lanes are not concerned"
    );
    scratch
        .outside
        .batch_execute("SELECT pg_advisory_unlock(7)")
        .await
        .unwrap();
    assert!(holding.await.unwrap().is_ok());
    assert!(
        run(&database, &quick, vec![], Weight::Unbounded)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_shared_connection_with_a_full_queue_refuses_at_once() {
    let scratch = Scratch::new("SELECT pg_advisory_lock(7)").await;
    let mut config = Config {
        queue_length_max: 2,
        ..scratch.config()
    };
    config.postgres.light_connections = 1;
    let database = open(&config);
    let wait = rows(
        "SELECT 1 FROM pg_advisory_xact_lock_shared(7)",
        &[],
        &[Scalar::Int],
    );
    let queue = [(); 2].map(|()| {
        let (database, wait) = (database.clone(), wait.clone());
        tokio::spawn(async move { run(&database, &wait, vec![], Weight::Light).await })
    });
    scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
    let refused = run(&database, &wait, vec![], Weight::Light);
    let failure = refused.await.unwrap_err();
    assert!(matches!(failure.error, Error::Busy(_)), "{failure}");
    scratch
        .outside
        .batch_execute("SELECT pg_advisory_unlock(7)")
        .await
        .unwrap();
    for request in queue {
        assert!(request.await.unwrap().is_ok());
    }
}

/// One shared connection for single rows, at work on a statement that waits for a lock.
async fn held_up(scratch: &Scratch) -> (Database, tokio::task::JoinHandle<bool>) {
    let mut config = scratch.config();
    config.postgres.light_connections = 1;
    let database = open(&config);
    let slow = rows(
        "SELECT 1 FROM pg_advisory_xact_lock_shared(7)",
        &[],
        &[Scalar::Int],
    );
    let slow = tokio::spawn({
        let database = database.clone();
        async move { run(&database, &slow, vec![], Weight::Light).await.is_ok() }
    });
    scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
    (database, slow)
}

#[tokio::test]
async fn a_small_read_does_not_wait_behind_a_slow_one() {
    let scratch = Scratch::new("SELECT pg_advisory_lock(7)").await;
    let (database, slow) = held_up(&scratch).await;
    let quick = rows("SELECT 1", &[], &[Scalar::Int]);
    // The first comes while nobody knows how long it takes, the others later.
    for _ in 0..3 {
        run(&database, &quick, vec![], Weight::Light).await.unwrap();
    }
    assert!(!slow.is_finished());
    database.check().await.unwrap();
    let unlock = "SELECT pg_advisory_unlock(7)";
    scratch.outside.batch_execute(unlock).await.unwrap();
    assert!(slow.await.unwrap());
}

#[tokio::test]
async fn a_slow_read_that_nobody_waits_for_holds_up_no_other() {
    let scratch = Scratch::new("SELECT pg_advisory_lock(7)").await;
    let (database, slow) = held_up(&scratch).await;
    slow.abort();
    assert!(slow.await.is_err());
    let quick = rows("SELECT 1", &[], &[Scalar::Int]);
    for _ in 0..3 {
        run(&database, &quick, vec![], Weight::Light).await.unwrap();
    }
    scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
}

#[tokio::test]
async fn a_read_whose_time_went_by_in_the_line_is_told_that_the_database_is_busy() {
    let scratch = Scratch::new("").await;
    let mut config = Config {
        read_timeout_ms: 1_000,
        write_timeout_ms: 1_000,
        ..scratch.config()
    };
    config.postgres.light_connections = 1;
    let database = open(&config);
    let nap = rows("SELECT 1 FROM pg_sleep(0.04)", &[], &[Scalar::Int]);
    let (mut answered, mut in_line) = (0, 0);
    // On a machine that stands still for a while all of a line may be sent elsewhere.
    while answered == 0 || in_line == 0 {
        let naps = [(); 80].map(|()| {
            let (database, nap) = (database.clone(), nap.clone());
            tokio::spawn(async move { run(&database, &nap, vec![], Weight::Light).await })
        });
        for nap in naps {
            match nap.await.unwrap() {
                Ok(_) => answered += 1,
                Err(failure) => {
                    assert!(matches!(failure.error, Error::Busy(_)), "{failure}");
                    in_line += usize::from(failure.to_string().contains("the line before"));
                }
            }
        }
    }
}

#[tokio::test]
async fn many_scripts_share_few_exclusive_connections() {
    let scratch = Scratch::new("CREATE TABLE t (n int)").await;
    let config = Config {
        postgres: Postgres {
            exclusive_connections: 3,
            ..Postgres::default()
        },
        ..scratch.config()
    };
    let database = open(&config);
    let insert = || {
        step(
            "n",
            "INSERT INTO t VALUES (1) RETURNING n",
            &[],
            Use::Discard,
        )
    };
    let tasks = [(); 100].map(|()| {
        let (database, script) = (database.clone(), script(true, vec![insert(), insert()]));
        tokio::spawn(
            async move { run_all(&database, &script, vec![vec![]; 2], Weight::Light).await },
        )
    });
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(scratch.number("SELECT count(*) FROM t").await, 200);
    let connections = scratch.number(CONNECTIONS).await;
    assert!(connections <= 3, "{connections}");
}

#[tokio::test]
async fn connections_that_are_not_needed_any_more_are_closed_but_for_one() {
    let scratch = Scratch::new("").await;
    let config = Config {
        idle_ms: 50,
        ..scratch.config()
    };
    let database = open(&config);
    let nap = script(
        true,
        vec![step("n", "SELECT pg_sleep(0.2)", &[], Use::Discard)],
    );
    let naps = [(); 20].map(|()| {
        let (database, nap) = (database.clone(), nap.clone());
        tokio::spawn(async move { run(&database, &nap, vec![], Weight::Light).await })
    });
    let mut most = 0;
    for nap in naps {
        most = most.max(scratch.number(CONNECTIONS).await);
        nap.await.unwrap().unwrap();
    }
    assert!(most > 1, "{most}");
    scratch.assert_soon(1, CONNECTIONS).await;
    run(&database, &nap, vec![], Weight::Light).await.unwrap();
    assert_eq!(scratch.number(CONNECTIONS).await, 1);
}
