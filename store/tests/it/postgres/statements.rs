//! What becomes of prepared statements: when nobody waits for them, and when tables change.

use super::{Scratch, connect, open, rows, run, run_all, script, step};
use model::{Codec, Scalar, Use, Weight};
use std::array;
use std::sync::Arc;
use std::time::Duration;
use store::{Config, Database};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_postgres::Client;

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

/// Gives the column another type, once all changes and requests before that are through with the table;
/// the change is not committed.
async fn alter(address: String, kind: &str) -> Client {
    let client = connect(&address).await;
    let sql = format!("BEGIN; ALTER TABLE t ALTER a TYPE {kind}");
    client.batch_execute(&sql).await.unwrap();
    client
}

#[tokio::test]
async fn a_table_that_changes_again_while_a_statement_is_prepared_anew_fails_no_request() {
    let scratch = Scratch::new("CREATE TABLE t (a int4); INSERT INTO t VALUES (1)").await;
    let mut config = scratch.config();
    config.postgres.light_connections = 1;
    config.postgres.exclusive_connections = 1;
    let database = open(&config);
    let read = rows("SELECT a FROM t", &[], &[Scalar::BigInt]);
    let keep = || Use::Keep(vec![Codec::Scalar(Scalar::BigInt)]);
    let update = || step("x", "UPDATE t SET a = a RETURNING a", &[], keep());
    let write = script(true, vec![update(), update()]);
    let kinds = [
        ["int8", "int2", "int4", "int8"],
        ["int4", "int2", "int8", "int4"],
    ];
    for (script, kinds) in [read, write].into_iter().zip(kinds) {
        let ask = || {
            let (database, script) = (database.clone(), Arc::clone(&script));
            async move {
                let arguments = vec![vec![]; script.steps.len()];
                run_all(&database, &script, arguments, Weight::Light).await
            }
        };
        ask().await.unwrap();
        let mut change = alter(scratch.address(), kinds[0]).await;
        let asked = tokio::spawn(ask());
        // Each time the request waits for the table again there is one change more behind it.
        for kind in &kinds[1..] {
            scratch.assert_soon(1, WAITING_FOR_TABLES).await;
            let next = tokio::spawn(alter(scratch.address(), kind));
            scratch.assert_soon(2, WAITING_FOR_TABLES).await;
            change.batch_execute("COMMIT").await.unwrap();
            change = next.await.unwrap();
        }
        change.batch_execute("COMMIT").await.unwrap();
        asked.await.unwrap().unwrap();
    }
}
