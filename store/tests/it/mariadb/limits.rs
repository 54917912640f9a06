//! Bounds: time, connections, queues.

use super::{CONNECTIONS, Scratch, WAITING_FOR_LOCKS};
use crate::postgres::{cell, open, rows, run, run_all, script, step};
use model::{Scalar, Use, Weight};
use store::{Config, Error};

const WAIT: &str = "SELECT GET_LOCK('limit', 600)";

#[tokio::test]
async fn a_statement_that_takes_too_long_is_stopped_and_the_others_are_not() {
    let scratch = Scratch::new("");
    let config = Config {
        read_timeout_ms: 200,
        write_timeout_ms: 200,
        ..scratch.config()
    };
    let database = open(&config);
    let slow = rows("SELECT SLEEP(600)", &[], &[Scalar::Int]);
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
    let sleeping = "SELECT COUNT(*) FROM information_schema.processlist \
                    WHERE db = DATABASE() AND state = 'User sleep'";
    scratch.assert_soon(0, sleeping).await;
}

#[tokio::test]
async fn a_write_that_waits_for_a_row_too_long_is_stopped_and_undone() {
    let scratch = Scratch::new(
        "CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 0), (2, 0);
         START TRANSACTION; UPDATE t SET n = 1 WHERE id = 1",
    );
    let config = Config {
        read_timeout_ms: 300,
        write_timeout_ms: 300,
        ..scratch.config()
    };
    let database = open(&config);
    let update = |id: i64| {
        let sql = format!("UPDATE t SET n = 2 WHERE id = {id}");
        step("u", &sql, &[], Use::Discard)
    };
    let both = script(true, vec![update(2), update(1)]);
    let failure = run_all(&database, &both, vec![vec![]; 2], Weight::Light)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::Timeout(_)), "{failure}");
    scratch.outside.run("ROLLBACK");
    assert_eq!(scratch.number("SELECT SUM(n) FROM t"), 0);
}

#[tokio::test]
async fn work_whose_requester_is_gone_is_stopped_in_the_database() {
    let scratch = Scratch::new("SELECT GET_LOCK('limit', 0)");
    // The server's own timeout is not to help.
    let database = open(&Config {
        read_timeout_ms: 600_000,
        write_timeout_ms: 600_000,
        ..scratch.config()
    });
    let value = || Use::Value(cell(0, Scalar::Int));
    let single = || vec![step("b", WAIT, &[], value())];
    let several = || {
        vec![
            step("a", "SELECT 1", &[], value()),
            step("b", WAIT, &[], value()),
        ]
    };
    for (writes, steps, weight) in [
        (false, single(), Weight::Light),
        (false, single(), Weight::Unbounded),
        (false, several(), Weight::Bounded),
        (false, several(), Weight::Unbounded),
        (true, several(), Weight::Light),
        (true, single(), Weight::Light),
    ] {
        let count = steps.len();
        let running = tokio::spawn({
            let (database, script) = (database.clone(), script(writes, steps));
            async move { run_all(&database, &script, vec![vec![]; count], weight).await }
        });
        scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
        running.abort();
        scratch.assert_soon(0, WAITING_FOR_LOCKS).await;
        scratch.assert_soon(0, CONNECTIONS).await;
    }
}

#[tokio::test]
async fn a_request_that_finds_no_connection_is_refused_in_time_and_the_check_is_not() {
    let scratch = Scratch::new("SELECT GET_LOCK('limit', 0)");
    let mut config = Config {
        queue_timeout_ms: 50,
        queue_length_max: 1,
        ..scratch.config()
    };
    config.mariadb.connections = 1;
    let database = open(&config);
    let holding = tokio::spawn({
        let (database, script) = (database.clone(), rows(WAIT, &[], &[Scalar::Int]));
        async move { run(&database, &script, vec![], Weight::Unbounded).await }
    });
    scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
    let quick = rows("SELECT 1", &[], &[Scalar::Int]);
    for weight in [Weight::Light, Weight::Unbounded] {
        let failure = run(&database, &quick, vec![], weight).await.unwrap_err();
        assert!(matches!(failure.error, Error::Busy(_)), "{failure}");
    }
    let (one, two) = tokio::join!(
        run(&database, &quick, vec![], Weight::Light),
        run(&database, &quick, vec![], Weight::Light)
    );
    assert!(
        one.is_err() && two.is_err(),
        "one waits in vain, the other need not wait"
    );
    database.check().await.unwrap();
    scratch.outside.run("SELECT RELEASE_LOCK('limit')");
    assert!(holding.await.unwrap().is_ok());
    assert!(run(&database, &quick, vec![], Weight::Light).await.is_ok());
}

#[tokio::test]
async fn many_scripts_share_few_connections() {
    let scratch = Scratch::new("CREATE TABLE t (n INT)");
    let mut config = scratch.config();
    config.mariadb.connections = 3;
    let database = open(&config);
    let insert = || step("n", "INSERT INTO t VALUES (1)", &[], Use::Discard);
    let tasks = [(); 100].map(|()| {
        let (database, script) = (database.clone(), script(true, vec![insert(), insert()]));
        tokio::spawn(
            async move { run_all(&database, &script, vec![vec![]; 2], Weight::Light).await },
        )
    });
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(scratch.number("SELECT COUNT(*) FROM t"), 200);
    let connections = scratch.number(CONNECTIONS);
    assert!(connections <= 3, "{connections}");
}
