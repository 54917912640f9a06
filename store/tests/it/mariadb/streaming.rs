//! Results of any size, receivers of any speed.

use super::{CONNECTIONS, Scratch, WAITING_FOR_LOCKS};
use crate::postgres::{open, rows, run, whole};
use futures_util::StreamExt;
use model::{Scalar, Weight};
use std::sync::Arc;
use store::{Chunks, Config, Database, Error, Reply};

const MANY: &str = "SELECT seq, REPEAT('x', 100) FROM seq_1_to_300000";

/// Statements of this database that the server is sending the rows of.
const SENDING: &str = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() \
     AND id <> CONNECTION_ID() AND info LIKE '%seq_1_to%'";

async fn stream(database: &Database, sql: &str, weight: Weight) -> Chunks {
    let script = rows(sql, &[], &[Scalar::Int, Scalar::String]);
    match database.run(script, vec![vec![]], weight).await.unwrap() {
        Reply::Stream(chunks) => chunks,
        Reply::Whole(_) | Reply::Replayed(_) => panic!("not streamed"),
    }
}

async fn works(database: &Database) {
    let number = rows("SELECT 1", &[], &[Scalar::Int]);
    for weight in [Weight::Light, Weight::Unbounded] {
        let answer = run(database, &number, vec![], weight).await;
        assert_eq!(answer.unwrap(), "{\"rows\":[{\"c0\":1}]}");
    }
}

#[tokio::test]
async fn very_many_rows_come_in_small_chunks_at_the_pace_of_their_receiver() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    for weight in [Weight::Unbounded, Weight::Bounded] {
        let mut chunks = stream(&database, MANY, weight).await;
        let (mut bytes, mut tail) = (0, Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            assert!(chunk.len() < 70_000, "a chunk of {} bytes", chunk.len());
            if bytes == 0 {
                // A receiver that takes nothing: the server has to wait, in the middle of its work.
                scratch.assert_soon(1, SENDING).await;
            }
            bytes += chunk.len();
            tail = chunk.to_vec();
        }
        let digits: usize = (1..=300_000_usize).map(|n| n.to_string().len()).sum();
        let row = "{\"c0\":,\"c1\":\"\"},".len() + 100;
        assert_eq!(bytes, digits + 300_000 * row + "{\"rows\":]}".len());
        assert!(tail.ends_with(b"x\"}]}"));
    }
    works(&database).await;
}

#[tokio::test]
async fn a_small_result_of_unbounded_weight_comes_whole() {
    let scratch = Scratch::new("");
    let script = rows("SELECT seq FROM seq_1_to_3", &[], &[Scalar::Int]);
    let reply = scratch
        .open()
        .run(script, vec![vec![]], Weight::Unbounded)
        .await;
    let reply = reply.unwrap();
    assert!(matches!(reply, Reply::Whole(_)));
    assert_eq!(
        whole(reply).await.unwrap(),
        "{\"rows\":[{\"c0\":1},{\"c0\":2},{\"c0\":3}]}"
    );
}

#[tokio::test]
async fn a_failure_in_the_middle_ends_the_stream_with_an_error() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    let sql = "SELECT t.seq, IF(t.seq = 50000, (SELECT s.seq FROM seq_1_to_2 s WHERE s.seq < t.seq), \
               REPEAT('x', 100)) FROM seq_1_to_100000 t";
    let mut chunks = stream(&database, sql, Weight::Unbounded).await;
    let mut last = None;
    while let Some(chunk) = chunks.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(Error::Internal(_)))), "{last:?}");
    works(&database).await;
    assert_eq!(scratch.number(CONNECTIONS), 1, "the connection was kept");
}

#[tokio::test]
async fn a_stream_dropped_in_the_middle_stops_in_the_database() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    let mut chunks = stream(&database, MANY, Weight::Unbounded).await;
    chunks.next().await.unwrap().unwrap();
    drop(chunks);
    scratch.assert_soon(0, CONNECTIONS).await;
    works(&database).await;
}

#[tokio::test]
async fn a_stream_dropped_while_the_database_works_is_stopped_there() {
    let scratch = Scratch::new("SELECT GET_LOCK('row', 0)");
    // The server's own timeout is not to help.
    let database = open(&Config {
        read_timeout_ms: 600_000,
        write_timeout_ms: 600_000,
        ..scratch.config()
    });
    let sql = "SELECT seq, REPEAT('x', 200) FROM seq_1_to_1500 \
               WHERE seq < 1200 OR GET_LOCK('row', 600) IS NOT NULL";
    let mut chunks = stream(&database, sql, Weight::Unbounded).await;
    chunks.next().await.unwrap().unwrap();
    scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
    drop(chunks);
    scratch.assert_soon(0, WAITING_FOR_LOCKS).await;
    scratch.assert_soon(0, CONNECTIONS).await;
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_dropped_and_told() {
    let scratch = Scratch::new("");
    let config = Config {
        stall_timeout_ms: 50,
        ..scratch.config()
    };
    let database = open(&config);
    let mut chunks = stream(&database, MANY, Weight::Unbounded).await;
    scratch.assert_soon(0, CONNECTIONS).await;
    let mut last = None;
    while let Some(chunk) = chunks.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(Error::Stalled(50)))));
    works(&database).await;
}

#[tokio::test]
async fn a_stream_may_take_longer_than_a_statement_and_the_next_statement_may_not() {
    let scratch = Scratch::new("");
    let config = Config {
        read_timeout_ms: 1_000,
        write_timeout_ms: 1_000,
        ..scratch.config()
    };
    let database = open(&config);
    let mut chunks = stream(&database, MANY, Weight::Unbounded).await;
    let begun = std::time::Instant::now();
    while let Some(chunk) = chunks.next().await {
        chunk.unwrap();
        if begun.elapsed().as_millis() < 1_500 {
            // As slow as a receiver may be, measured by the server's own clock.
            scratch.outside.run("SELECT SLEEP(0.1)");
        }
    }
    let slow = rows("SELECT SLEEP(600)", &[], &[Scalar::Int]);
    let failure = run(&database, &slow, vec![], Weight::Light)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::Timeout(_)), "{failure}");
}

#[tokio::test]
async fn closing_waits_for_a_stream_under_way() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    let chunks = stream(&database, MANY, Weight::Unbounded).await;
    let closing = tokio::spawn({
        let database = database.clone();
        async move { database.close().await }
    });
    let script = rows("SELECT 1", &[], &[Scalar::Int]);
    while run(&database, &Arc::clone(&script), vec![], Weight::Light)
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished());
    let rest = whole(Reply::Stream(chunks)).await.unwrap();
    assert!(rest.ends_with("x\"}]}"));
    closing.await.unwrap();
    scratch.assert_soon(0, CONNECTIONS).await;
}
