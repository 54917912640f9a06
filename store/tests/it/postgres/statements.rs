//! What becomes of prepared statements that nobody waits for any more.

use super::{Scratch, open, rows, run};
use model::{Scalar, Weight};
use std::array;
use std::sync::Arc;
use std::time::Duration;
use store::{Config, Database};
use tokio::task::yield_now;
use tokio::time::timeout;

/// One shared connection for single rows, and few statements on it.
fn narrow(scratch: &Scratch) -> Config {
    let mut config = scratch.config();
    config.postgres.light_connections = 1;
    config.postgres.statements_max = 4;
    config
}

/// The server's process behind the shared connection, and the statements it keeps.
async fn kept(database: &Database) -> (i64, i64) {
    let sql = "SELECT pg_backend_pid(), count(*)::int FROM pg_prepared_statements";
    let columns = [Scalar::Int, Scalar::Int];
    let answer = run(database, &rows(sql, &[], &columns), vec![], Weight::Light).await;
    let answer: serde_json::Value = serde_json::from_str(&answer.unwrap()).unwrap();
    let number = |column: &str| answer["rows"][0][column].as_i64().unwrap();
    (number("c0"), number("c1"))
}

/// Sessions that wait for a table.
const WAITING_FOR_TABLES: &str = "SELECT count(*) FROM pg_stat_activity \
     WHERE wait_event_type = 'Lock' AND wait_event = 'relation' \
     AND datname = current_database()";

#[tokio::test]
async fn statements_nobody_waits_for_any_more_are_not_left_on_the_server() {
    let scratch = Scratch::new("CREATE TABLE t (n int)").await;
    let database = open(&narrow(&scratch));
    let (shared, _) = kept(&database).await;
    let lock = "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE";
    scratch.outside.batch_execute(lock).await.unwrap();
    // The first waits for the table in the middle of its preparation, and the others behind it.
    let reads: [_; 100] = array::from_fn(|number| {
        let script = rows(&format!("SELECT {number} FROM t"), &[], &[Scalar::Int]);
        let database = database.clone();
        tokio::spawn(async move { run(&database, &script, vec![], Weight::Light).await })
    });
    scratch.assert_soon(1, WAITING_FOR_TABLES).await;
    for read in reads {
        read.abort();
        assert!(read.await.unwrap_err().is_cancelled());
    }
    scratch.outside.batch_execute("COMMIT").await.unwrap();
    let mut left = 0;
    let closed = async {
        loop {
            let (process, count) = kept(&database).await;
            if process == shared {
                left = count;
                if left <= 8 {
                    return;
                }
            }
            yield_now().await;
        }
    };
    let closed = timeout(Duration::from_secs(20), closed).await;
    assert!(closed.is_ok(), "{left} statements left");
}

#[tokio::test]
async fn who_asks_a_new_statement_beside_one_that_is_gone_gets_an_answer() {
    let scratch = Scratch::new("CREATE TABLE t (n int)").await;
    let database = open(&narrow(&scratch));
    kept(&database).await;
    let lock = "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE";
    scratch.outside.batch_execute(lock).await.unwrap();
    let script = rows("SELECT n FROM t", &[], &[Scalar::Int]);
    let [gone, there] = [(); 2].map(|()| {
        let (database, script) = (database.clone(), Arc::clone(&script));
        tokio::spawn(async move { run(&database, &script, vec![], Weight::Light).await })
    });
    scratch.assert_soon(1, WAITING_FOR_TABLES).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    scratch.outside.batch_execute("COMMIT").await.unwrap();
    let answer = timeout(Duration::from_secs(20), there).await.unwrap();
    assert_eq!(answer.unwrap().unwrap(), "{\"rows\":[]}");
}
