//! What is bounded: time, queues, memory, and the patience with a slow receiver.

use crate::scripts::{counting, endless, field, reading, record, rows, step, value, writing};
use crate::shop::{Shop, answer, open, whole};
use bytes::Bytes;
use futures_util::StreamExt as _;
use model::{Cell, Fault, Kind, Record, Scalar, Script, Use, Weight};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Chunks, Config, Database, Error, Failure, Reply};

const COLUMNS: [(&str, Scalar); 2] = [("n", Scalar::Int), ("text", Scalar::String)];

fn list(count: u64) -> Script {
    reading(vec![step("list", &counting(count), rows(&COLUMNS))])
}

fn forever() -> Script {
    reading(vec![step("max", &endless(), value(Scalar::BigInt))])
}

/// One connection for reading, so that a second reader shows whether the first let go of it.
fn single(shop: &Shop) -> Config {
    let mut config = shop.config();
    config.sqlite.readers = 1;
    config.sqlite.long_readers = 1;
    config.sqlite.inline_kilosteps_max = 0;
    config
}

async fn run(database: &Database, script: Script, weight: Weight) -> Result<Reply, Failure> {
    let arguments = script.steps.iter().map(|_| Vec::new()).collect();
    database.run(Arc::new(script), arguments, weight).await
}

async fn stream(database: &Database, count: u64) -> Chunks {
    match run(database, list(count), Weight::Unbounded).await.unwrap() {
        Reply::Stream(chunks) => chunks,
        Reply::Whole(_) | Reply::Replayed(_) => panic!("a large result came whole"),
    }
}

#[tokio::test]
async fn a_small_result_comes_whole_and_a_large_one_in_portions() {
    let shop = Shop::new("");
    let database = shop.open();
    for weight in [Weight::Bounded, Weight::Unbounded] {
        let small = run(&database, list(10), weight).await.unwrap();
        assert!(matches!(small, Reply::Whole(_)));
        let large = run(&database, list(50_000), weight).await.unwrap();
        let Reply::Stream(chunks) = large else {
            panic!("a large result came whole");
        };
        let portions: Vec<Bytes> = chunks.map(Result::unwrap).collect().await;
        assert!(portions.len() > 5);
        let largest = portions.iter().skip(1).map(Bytes::len).max().unwrap();
        assert!(largest < 80 * 1024, "{largest}");
        let parsed: serde_json::Value = serde_json::from_slice(&portions.concat()).unwrap();
        let rows = parsed["list"].as_array().unwrap();
        assert_eq!(rows.len(), 50_000);
        assert_eq!(rows[49_999]["text"], "row number 50000");
    }
}

#[tokio::test]
async fn a_stream_waits_for_its_receiver() {
    let shop = Shop::new("");
    let database = open(&single(&shop));
    let mut chunks = stream(&database, 1_000_000).await;
    let first = chunks.next().await.unwrap().unwrap();
    // The one connection stays with the stream while nobody takes the rest.
    let other = tokio::time::timeout(Duration::from_millis(100), answer(&database, list(1))).await;
    assert!(other.is_err());
    let mut bytes = first.len();
    while let Some(portion) = chunks.next().await {
        bytes += portion.unwrap().len();
    }
    assert!(bytes > 30_000_000, "{bytes}");
    answer(&database, list(1)).await.unwrap();
}

#[tokio::test]
async fn slow_receivers_hold_up_no_short_read() {
    let shop = Shop::new("");
    let mut config = shop.config();
    config.sqlite.readers = 1;
    config.sqlite.long_readers = 2;
    config.queue_timeout_ms = 100;
    let database = open(&config);
    let held = [
        stream(&database, 1_000_000).await,
        stream(&database, 1_000_000).await,
    ];
    answer(&database, list(10)).await.unwrap();
    database.check().await.unwrap();
    drop(held);
}

#[tokio::test]
async fn a_read_past_its_budget_goes_on_elsewhere() {
    let shop = Shop::new("");
    let database = shop.open();
    let slow = format!("SELECT count(*) FROM ({})", counting(100_000));
    for _ in 0..10 {
        let steps = ["a", "b"].map(|key| step(key, &slow, value(Scalar::Int)));
        let text = answer(&database, reading(steps.into())).await.unwrap();
        assert_eq!(text, r#"{"a":100000,"b":100000}"#);
    }
}

#[tokio::test]
async fn a_dropped_stream_frees_its_connection() {
    let shop = Shop::new("");
    let database = open(&single(&shop));
    let mut chunks = stream(&database, 1_000_000_000).await;
    chunks.next().await.unwrap().unwrap();
    drop(chunks);
    answer(&database, list(1)).await.unwrap();
}

#[tokio::test]
async fn a_dropped_future_stops_the_statement() {
    let shop = Shop::new("");
    let database = open(&single(&shop));
    let given_up =
        tokio::time::timeout(Duration::from_millis(50), answer(&database, forever())).await;
    assert!(given_up.is_err());
    let begun = Instant::now();
    answer(&database, list(1)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn requests_given_up_at_any_point_leak_no_connection() {
    let shop = Shop::new("CREATE TABLE t (n)");
    let mut registry = model::metric::Registry::default();
    let database = Database::open(&single(&shop), &mut registry).unwrap();
    answer(&database, list(1)).await.unwrap();
    for round in 0..60 {
        let script = match round % 3 {
            0 => forever(),
            1 => list(1_000_000),
            _ => writing(vec![step("w", "INSERT INTO t VALUES (1)", Use::Discard)]),
        };
        let mut request = Box::pin(run(&database, script, Weight::Unbounded));
        for _ in 0..round / 6 {
            if futures_util::poll!(&mut request).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    answer(&database, list(1)).await.unwrap();
    let write = writing(vec![step("w", "DELETE FROM t", Use::Discard)]);
    answer(&database, write).await.unwrap();
    database.close().await;
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("fragaria_store_pool_in_use 0"), "{text}");
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_dropped_and_told_so() {
    let shop = Shop::new("");
    let mut config = single(&shop);
    config.stall_timeout_ms = 50;
    let database = open(&config);
    let chunks = stream(&database, 1_000_000).await;
    // The connection comes free although nobody reads.
    answer(&database, list(1)).await.unwrap();
    let ends: Vec<_> = chunks.collect().await;
    let (last, before) = ends.split_last().unwrap();
    assert!(before.iter().all(Result::is_ok));
    assert!(matches!(last, Err(Error::Stalled(50))), "{last:?}");
}

#[tokio::test]
async fn a_statement_is_stopped_when_its_time_is_over() {
    let shop = Shop::new("");
    let mut config = single(&shop);
    config.read_timeout_ms = 50;
    config.write_timeout_ms = 50;
    for kilosteps in [0, 16, 1_000_000] {
        config.sqlite.inline_kilosteps_max = kilosteps;
        let database = open(&config);
        let fault = Fault::from(answer(&database, forever()).await.unwrap_err());
        assert_eq!((fault.code, fault.kind), ("store.timeout", Kind::Timeout));
        answer(&database, list(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_takes_as_long_as_streams_may() {
    /// Each row takes as long as some thousands of steps.
    const SLOW: &str = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 400) \
        SELECT n, (WITH RECURSIVE d(m) AS (SELECT n UNION ALL SELECT m + 1 FROM d WHERE m < n + 20000) \
        SELECT max(m) || printf('%.*c', 100, 'x') FROM d) FROM c";
    let shop = Shop::new("");
    let mut config = single(&shop);
    (config.read_timeout_ms, config.chunk_bytes) = (500, 1_024);
    let script = || reading(vec![step("list", SLOW, rows(&COLUMNS))]);
    let begun = Instant::now();
    let reply = run(&open(&config), script(), Weight::Unbounded)
        .await
        .unwrap();
    assert!(whole(reply).await.unwrap().ends_with("]}"));
    assert!(
        begun.elapsed() > Duration::from_millis(500),
        "it is no test of its time"
    );
    config.stream_timeout_ms = 500;
    let reply = run(&open(&config), script(), Weight::Unbounded)
        .await
        .unwrap();
    assert!(matches!(whole(reply).await, Err(Error::Timeout(_))));
}

#[tokio::test]
async fn a_heavy_pattern_is_stopped_in_time_and_not_on_the_thread_that_asks() {
    let shop = Shop::new("CREATE TABLE t AS SELECT printf('%.*c', 500000, 'a') AS text");
    let mut config = shop.config();
    config.read_timeout_ms = 400;
    config.write_timeout_ms = 400;
    let database = open(&config);
    let pattern = format!("%{}b%", "a_".repeat(4_000));
    for function in ["fragaria_like", "fragaria_ilike"] {
        let sql = format!("SELECT count(*) FROM t WHERE {function}('{pattern}', text)");
        let script = reading(vec![step("n", &sql, value(Scalar::Int))]);
        let database = database.clone();
        let asked = tokio::spawn(async move { answer(&database, script).await });
        let mut longest = Duration::ZERO;
        while !asked.is_finished() {
            let begun = Instant::now();
            tokio::task::yield_now().await;
            longest = longest.max(begun.elapsed());
        }
        let fault = Fault::from(asked.await.unwrap().unwrap_err());
        assert_eq!((fault.code, fault.kind), ("store.timeout", Kind::Timeout));
        assert!(longest < Duration::from_millis(200), "{longest:?}");
    }
}

#[tokio::test]
async fn a_failure_behind_the_first_portion_ends_the_stream_with_an_error() {
    let shop = Shop::new("");
    let sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60000) \
               SELECT n, CASE n WHEN 50000 THEN x'00' ELSE 'text' END FROM c";
    let script = reading(vec![step("list", sql, rows(&COLUMNS))]);
    let reply = run(&shop.open(), script, Weight::Unbounded).await.unwrap();
    assert!(matches!(&reply, Reply::Stream(_)));
    assert!(matches!(whole(reply).await, Err(Error::Conversion(_))));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_a_long_wait_later() {
    let shop = Shop::new("");
    let mut config = single(&shop);
    config.queue_length_max = 1;
    config.queue_timeout_ms = 100;
    let database = open(&config);
    let chunks = stream(&database, 10_000_000).await;
    let waiting = tokio::spawn({
        let database = database.clone();
        async move { answer(&database, list(1)).await }
    });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let refused = answer(&database, list(1)).await.unwrap_err();
    assert!(matches!(refused.error, Error::Busy(_)), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_millis(90));
    let timed_out = Fault::from(waiting.await.unwrap().unwrap_err());
    assert_eq!(
        (timed_out.code, timed_out.kind),
        ("store.busy", Kind::Unavailable)
    );
    drop(chunks);
    answer(&database, list(1)).await.unwrap();
}

#[tokio::test]
async fn a_row_past_its_bound_is_an_error() {
    let shop = Shop::new("");
    let mut config = shop.config();
    config.sqlite.row_bytes_max = 100_000;
    let sql = format!(
        "SELECT 1, length(fragaria_rows(column1)) FROM ({}) x",
        counting(50_000)
    );
    let sql = sql.replace("column1", "n");
    let script = reading(vec![step("list", &sql, rows(&COLUMNS))]);
    let fault = Fault::from(answer(&open(&config), script).await.unwrap_err());
    assert_eq!((fault.code, fault.kind), ("store.too_large", Kind::Limit));
}

#[tokio::test]
async fn an_answer_may_have_as_many_rows_as_it_may_and_not_one_more() {
    let shop = Shop::new("");
    let mut config = shop.config();
    config.answer_rows_max = 30;
    let packed = format!("SELECT fragaria_rows(n, text) FROM ({})", counting(29));
    let packed = packed.replace("|| n", "|| n AS text");
    let lists = |top: u64| {
        let cell = Cell::Rows {
            column: 0,
            record: record(&COLUMNS),
        };
        let plan = Record {
            fields: vec![field("list", cell)],
            ..Record::default()
        };
        let sql = format!("{packed} UNION ALL SELECT NULL WHERE {top} > 1");
        reading(vec![step("lists", &sql, Use::Rows(plan))])
    };
    for kilosteps in [0, 16] {
        config.sqlite.inline_kilosteps_max = kilosteps;
        let database = open(&config);
        answer(&database, list(30)).await.unwrap();
        answer(&database, lists(1)).await.unwrap();
        for script in [list(31), lists(2)] {
            let fault = Fault::from(answer(&database, script).await.unwrap_err());
            assert_eq!((fault.code, fault.kind), ("store.answer_rows", Kind::Limit));
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_passes_a_bound_changes_nothing() {
    let shop = Shop::new("CREATE TABLE t (n INTEGER, text TEXT)");
    for (rows_max, bytes_max, code) in [
        (1, usize::MAX, "store.answer_rows"),
        (u64::MAX, 30, "store.answer_bytes"),
    ] {
        let mut config = shop.config();
        config.answer_rows_max = rows_max;
        config.answer_bytes_max = bytes_max;
        let sql = "INSERT INTO t VALUES (1, 'one'), (2, 'two') RETURNING n, text";
        let script = writing(vec![step("list", sql, rows(&COLUMNS))]);
        let fault = Fault::from(answer(&open(&config), script).await.unwrap_err());
        assert_eq!((fault.code, fault.kind), (code, Kind::Limit));
        assert_eq!(shop.value::<i64>("SELECT count(*) FROM t"), 0);
    }
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let shop = Shop::new("");
    let mut registry = model::metric::Registry::default();
    let mut config = single(&shop);
    config.read_timeout_ms = 50;
    config.write_timeout_ms = 50;
    let database = Database::open(&config, &mut registry).unwrap();
    answer(&database, list(5)).await.unwrap();
    answer(&database, forever()).await.unwrap_err();
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "fragaria_store_statements_total 2",
        "fragaria_store_rows_total 5",
        "fragaria_store_timeouts_total 1",
        "fragaria_store_pool_in_use 0",
        "fragaria_store_queue_wait_seconds_count 3",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
