//! Results of any size, receivers of any speed.

use super::{CONNECTIONS, Scratch, WAITING_FOR_LOCKS, open, rows, run, whole};
use futures_util::StreamExt;
use model::{Scalar, Weight};
use std::sync::Arc;
use store::{Chunks, Config, Database, Error, Reply};

/// A million rows, and more bytes than an answer may have by default.
const MILLION: &str = "SELECT g, repeat('x', 100) FROM generate_series(1, 1000000) g";

/// A database whose answers may be as long as that.
fn roomy(scratch: &Scratch) -> Database {
    open(&Config {
        answer_bytes_max: 128 << 20,
        ..scratch.config()
    })
}

async fn stream(database: &Database, sql: &str) -> Chunks {
    let script = rows(sql, &[], &[Scalar::Int, Scalar::String]);
    match database
        .run(script, vec![vec![]], Weight::Unbounded)
        .await
        .unwrap()
    {
        Reply::Stream(chunks) => chunks,
        Reply::Whole(_) | Reply::Replayed(_) => panic!("not streamed"),
    }
}

#[tokio::test]
async fn a_million_rows_come_in_small_chunks_at_the_pace_of_their_receiver() {
    let scratch = Scratch::new("").await;
    let database = roomy(&scratch);
    let mut chunks = stream(&database, MILLION).await;
    let (mut bytes, mut tail) = (0, Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.unwrap();
        assert!(chunk.len() < 70_000, "a chunk of {} bytes", chunk.len());
        if bytes == 0 {
            // A receiver that takes nothing: the server has to wait, in the middle of its work.
            scratch
                .assert_soon(
                    1,
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = \
                 current_database() AND state = 'idle in transaction' AND query LIKE 'FETCH%'",
                )
                .await;
        }
        bytes += chunk.len();
        tail = chunk.to_vec();
    }
    let digits: usize = (1..=1_000_000_usize).map(|n| n.to_string().len()).sum();
    assert_eq!(
        bytes,
        digits + 1_000_000 * ("{\"c0\":,\"c1\":\"\"},".len() + 100) + "{\"rows\":]}".len()
    );
    assert!(tail.ends_with(b"x\"}]}"));
}

#[tokio::test]
async fn a_stream_ends_at_the_bounds_of_an_answer_and_its_connection_is_kept_from_more() {
    let scratch = Scratch::new("").await;
    for (rows_max, bytes_max) in [(5_000, usize::MAX), (u64::MAX, 500_000)] {
        let database = open(&Config {
            answer_rows_max: rows_max,
            answer_bytes_max: bytes_max,
            ..scratch.config()
        });
        let chunks = stream(&database, MILLION).await;
        let error = whole(Reply::Stream(chunks)).await.unwrap_err();
        match error {
            Error::AnswerRows(most) => assert_eq!(most, rows_max),
            Error::AnswerBytes(most) => assert_eq!(most, bytes_max),
            other => panic!("{other}"),
        }
        scratch.assert_soon(0, CONNECTIONS).await;
    }
}

#[tokio::test]
async fn a_small_result_of_unbounded_weight_comes_whole() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let script = rows("SELECT generate_series(1, 3)", &[], &[Scalar::Int]);
    let reply = database
        .run(script, vec![vec![]], Weight::Unbounded)
        .await
        .unwrap();
    assert!(matches!(reply, Reply::Whole(_)));
    assert_eq!(
        whole(reply).await.unwrap(),
        "{\"rows\":[{\"c0\":1},{\"c0\":2},{\"c0\":3}]}"
    );
}

#[tokio::test]
async fn a_failure_in_the_middle_ends_the_stream_with_an_error() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let sql = "SELECT 1 / (50000 - g), repeat('x', 100) FROM generate_series(1, 100000) g";
    let mut chunks = stream(&database, sql).await;
    let mut last = None;
    while let Some(chunk) = chunks.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(Error::OutOfRange(_)))));
    let number = rows("SELECT 1", &[], &[Scalar::Int]);
    let again = run(&database, &number, vec![], Weight::Unbounded);
    assert_eq!(again.await.unwrap(), "{\"rows\":[{\"c0\":1}]}");
    assert_eq!(
        scratch.number(CONNECTIONS).await,
        1,
        "the connection was kept"
    );
}

#[tokio::test]
async fn a_stream_dropped_in_the_middle_stops_in_the_database() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let mut chunks = stream(&database, MILLION).await;
    chunks.next().await.unwrap().unwrap();
    drop(chunks);
    scratch.assert_soon(0, CONNECTIONS).await;
    let number = rows("SELECT 1", &[], &[Scalar::Int]);
    let again = run(&database, &number, vec![], Weight::Unbounded);
    assert!(again.await.is_ok());
}

#[tokio::test]
async fn a_stream_dropped_while_the_database_works_is_cancelled_there() {
    let scratch = Scratch::new("SELECT pg_advisory_lock(7)").await;
    // The server's own timeout is not to help.
    let database = open(&Config {
        read_timeout_ms: 600_000,
        write_timeout_ms: 600_000,
        ..scratch.config()
    });
    // The thousand rows of the first portion arrive, then the second one waits for the lock.
    let sql = "SELECT g, repeat('x', 200) FROM generate_series(1, 1500) g \
               WHERE g < 1200 OR pg_advisory_lock_shared(7) IS NOT NULL";
    let mut chunks = stream(&database, sql).await;
    chunks.next().await.unwrap().unwrap();
    let waiting = WAITING_FOR_LOCKS;
    scratch.assert_soon(1, waiting).await;
    drop(chunks);
    scratch.assert_soon(0, waiting).await;
    scratch.assert_soon(0, CONNECTIONS).await;
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_dropped_and_told() {
    let scratch = Scratch::new("").await;
    let config = Config {
        stall_timeout_ms: 50,
        ..scratch.config()
    };
    let database = open(&config);
    let mut chunks = stream(&database, MILLION).await;
    scratch.assert_soon(1, CONNECTIONS).await;
    scratch.assert_soon(0, CONNECTIONS).await;
    let mut last = None;
    while let Some(chunk) = chunks.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(Error::Stalled(50)))));
}

#[tokio::test]
async fn closing_waits_for_a_stream_under_way() {
    let scratch = Scratch::new("").await;
    let database = roomy(&scratch);
    let chunks = stream(&database, MILLION).await;
    let closing = tokio::spawn({
        let database = database.clone();
        async move { database.close().await }
    });
    let refused = async {
        let script = rows("SELECT 1", &[], &[Scalar::Int]);
        while run(&database, &Arc::clone(&script), vec![], Weight::Light)
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    };
    refused.await;
    assert!(!closing.is_finished());
    assert!(
        whole(Reply::Stream(chunks))
            .await
            .unwrap()
            .ends_with("x\"}]}")
    );
    closing.await.unwrap();
    scratch.assert_soon(0, CONNECTIONS).await;
}
