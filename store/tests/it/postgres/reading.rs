//! Reads of one and of several steps.

use super::{
    Scratch, WAITING_FOR_LOCKS, cell, many, one, open, record, rows, run, run_all, script, step,
    text, whole,
};
use model::{Argument, Cell, Codec, Content, Label, Root, Scalar, Script, Use, Value, Weight};
use std::sync::Arc;
use std::time::Duration;
use store::{Config, Error, Reply};
use tokio::time::timeout;

#[tokio::test]
async fn a_point_lookup_gives_the_row_or_an_empty_list() {
    let scratch = Scratch::new(
        "CREATE TABLE t (id int PRIMARY KEY, name text); \
                                INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 9) g",
    )
    .await;
    let database = scratch.open();
    let sql = "SELECT id, name FROM t WHERE id = $1";
    let lookup = rows(sql, &[one(Scalar::Int)], &[Scalar::Int, Scalar::String]);
    let at = |id| vec![Value::Integer(id)];
    let found = run(&database, &lookup, at(3), Weight::Light).await.unwrap();
    assert_eq!(found, "{\"rows\":[{\"c0\":3,\"c1\":\"n3\"}]}");
    let missing = run(&database, &lookup, at(10), Weight::Light)
        .await
        .unwrap();
    assert_eq!(missing, "{\"rows\":[]}");
    let single = Use::Value(Cell::Object {
        present: None,
        record: record([cell(1, Scalar::String)]),
    });
    let single = script(false, vec![step("row", sql, &[one(Scalar::Int)], single)]);
    let found = run(&database, &single, at(3), Weight::Light).await.unwrap();
    assert_eq!(found, "{\"row\":{\"c0\":\"n3\"}}");
    let missing = run(&database, &single, at(10), Weight::Light)
        .await
        .unwrap();
    assert_eq!(missing, "{\"row\":null}");
}

#[tokio::test]
async fn constants_need_no_database() {
    let config = Config {
        url: model::Secret::new("postgres://nobody@127.0.0.1:1/nothing"),
        ..Config::default()
    };
    let database = super::open(&config);
    let root = |key: &str, json: &str| Root {
        key: Label::new(key),
        content: Content::Constant(json.into()),
    };
    let script = Arc::new(Script {
        writes: false,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        steps: vec![],
        roots: vec![root("__typename", "\"Query\""), root("a", "1")],
    });
    let answer = run_all(&database, &script, vec![], Weight::Light)
        .await
        .unwrap();
    assert_eq!(answer, "{\"__typename\":\"Query\",\"a\":1}");
    let asked = rows("SELECT 1", &[], &[Scalar::Int]);
    let failure = run(&database, &asked, vec![], Weight::Light)
        .await
        .unwrap_err();
    assert!(matches!(failure.error, Error::Unavailable(_)), "{failure}");
    assert!(database.check().await.is_err());
}

#[tokio::test]
async fn many_requests_at_once_each_get_their_own_answer() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let tasks = (0..400_i64).map(|number| {
        let database = database.clone();
        tokio::spawn(async move {
            let weight = if number % 2 == 0 {
                Weight::Light
            } else {
                Weight::Bounded
            };
            let sql = format!(
                "SELECT $1 + {} FROM generate_series(1, {})",
                number % 7,
                number % 50
            );
            let script = rows(&sql, &[one(Scalar::Int)], &[Scalar::Int]);
            let answer = run(&database, &script, vec![Value::Integer(number)], weight).await;
            let item = format!("{{\"c0\":{}}}", number + number % 7);
            let items = vec![item; usize::try_from(number % 50).unwrap()].join(",");
            assert_eq!(answer.unwrap(), format!("{{\"rows\":[{items}]}}"));
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let connections = scratch.number(super::CONNECTIONS).await;
    let bounds = scratch.config().postgres;
    let shared = bounds.light_connections + bounds.bounded_connections;
    assert!(
        usize::try_from(connections).unwrap() <= shared,
        "{connections} connections for small reads"
    );
}

#[tokio::test]
async fn several_steps_see_one_snapshot_while_others_write() {
    let scratch = Scratch::new("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await;
    let database = scratch.open();
    let count = || Use::Value(cell(0, Scalar::BigInt));
    let steps = || {
        vec![
            step("before", "SELECT count(*) FROM t", &[], count()),
            step(
                "wait",
                "SELECT 1 FROM pg_advisory_lock_shared(7)",
                &[],
                Use::Discard,
            ),
            step("after", "SELECT count(*) FROM t", &[], count()),
        ]
    };
    for weight in [Weight::Bounded, Weight::Unbounded] {
        let before = scratch.number("SELECT count(*) FROM t").await;
        scratch
            .outside
            .batch_execute("SELECT pg_advisory_lock(7)")
            .await
            .unwrap();
        let reading = tokio::spawn({
            let (database, script) = (database.clone(), script(false, steps()));
            async move { run_all(&database, &script, vec![vec![]; 3], weight).await }
        });
        scratch.assert_soon(1, WAITING_FOR_LOCKS).await;
        scratch
            .outside
            .batch_execute("INSERT INTO t VALUES (2)")
            .await
            .unwrap();
        scratch
            .outside
            .batch_execute("SELECT pg_advisory_unlock(7)")
            .await
            .unwrap();
        let answer = reading.await.unwrap().unwrap();
        assert_eq!(
            answer,
            format!("{{\"before\":\"{before}\",\"after\":\"{before}\"}}")
        );
        // The session kept its lock: it is the script's doing, so it is let go by hand.
        scratch
            .outside
            .batch_execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()",
            )
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn kept_rows_become_arguments_of_later_steps() {
    let scratch = Scratch::new(
        "CREATE TABLE t (id int, name text); \
                                INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)",
    )
    .await;
    let database = scratch.open();
    let codecs = |scalars: &[Scalar]| scalars.iter().map(|s| Codec::Scalar(*s)).collect();
    let pick = || Use::Keep(codecs(&[Scalar::Int, Scalar::String, Scalar::DateTime]));
    let sql =
        "SELECT id, name, timestamptz '2024-02-29 12:00Z' FROM t WHERE id = ANY($1) ORDER BY id";
    let last = "SELECT array_to_string($1, ',', '-'), array_to_string($2, ',', '-'), \
                       ($3)[1]::timestamptz FROM (SELECT 1) one";
    let types = [
        many(Scalar::Int),
        many(Scalar::String),
        many(Scalar::DateTime),
    ];
    let shown = || {
        Use::Value(Cell::Object {
            present: None,
            record: record([
                cell(0, Scalar::String),
                cell(1, Scalar::String),
                cell(2, Scalar::DateTime),
            ]),
        })
    };
    let steps = || {
        vec![
            step("one", sql, &[many(Scalar::Int)], pick()),
            step(
                "two",
                sql,
                &[many(Scalar::Int)],
                Use::Keep(codecs(&[Scalar::Int])),
            ),
            step("three", last, &types, shown()),
        ]
    };
    let ids = |ids: &[i64]| {
        vec![Argument::Value(Value::List(
            ids.iter().map(|id| Value::Integer(*id)).collect(),
        ))]
    };
    let kept = |steps: &[usize], column| Argument::Kept {
        steps: steps.to_vec(),
        column,
    };
    let arguments = vec![
        ids(&[1, 3]),
        ids(&[2]),
        vec![kept(&[0, 1], 0), kept(&[0], 1), kept(&[0], 2)],
    ];
    for weight in [Weight::Bounded, Weight::Unbounded] {
        let script = script(false, steps());
        let answer = run_all(&database, &script, arguments.clone(), weight)
            .await
            .unwrap();
        assert_eq!(
            answer,
            "{\"three\":{\"c0\":\"1,3,2\",\"c1\":\"a,-\",\"c2\":\"2024-02-29T12:00:00Z\"}}"
        );
    }
}

#[tokio::test]
async fn a_failure_names_the_step_and_leaves_the_connection_in_order() {
    let scratch = Scratch::new("").await;
    let config = Config {
        postgres: store::Postgres {
            exclusive_connections: 1,
            ..store::Postgres::default()
        },
        ..scratch.config()
    };
    let database = super::open(&config);
    let value = || Use::Value(cell(0, Scalar::Int));
    let steps = || {
        vec![
            step("fine", "SELECT 1", &[], value()),
            step("broken", "SELECT 1 / (2 - 2)", &[], value()),
            step("late", "SELECT 2", &[], value()),
        ]
    };
    for weight in [Weight::Bounded, Weight::Unbounded] {
        let broken = script(false, steps());
        let failure = run_all(&database, &broken, vec![vec![]; 3], weight)
            .await
            .unwrap_err();
        assert_eq!(failure.key.as_deref(), Some("broken"));
        let fine = {
            let mut steps = steps();
            steps.remove(1);
            script(false, steps)
        };
        let answer = run_all(&database, &fine, vec![vec![]; 2], weight)
            .await
            .unwrap();
        assert_eq!(answer, "{\"fine\":1,\"late\":2}");
    }
    assert_eq!(
        scratch.number(super::CONNECTIONS).await,
        1,
        "one connection did it all"
    );
}

#[tokio::test]
async fn statements_are_prepared_anew_when_a_table_has_changed() {
    let scratch = Scratch::new("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await;
    let database = scratch.open();
    let single = rows("SELECT a FROM t", &[], &[Scalar::BigInt]);
    let keep = || Use::Keep(vec![Codec::Scalar(Scalar::BigInt)]);
    let write = |key: &str| step(key, "UPDATE t SET a = a + 1 RETURNING a", &[], keep());
    let writing = script(true, vec![write("x"), write("y")]);
    let answer = run(&database, &single, vec![], Weight::Light)
        .await
        .unwrap();
    assert_eq!(answer, "{\"rows\":[{\"c0\":\"1\"}]}");
    run_all(&database, &writing, vec![vec![]; 2], Weight::Light)
        .await
        .unwrap();
    scratch
        .outside
        .batch_execute("ALTER TABLE t ALTER a TYPE int8")
        .await
        .unwrap();
    let answer = run(&database, &single, vec![], Weight::Light)
        .await
        .unwrap();
    assert_eq!(answer, "{\"rows\":[{\"c0\":\"3\"}]}");
    run_all(&database, &writing, vec![vec![]; 2], Weight::Light)
        .await
        .unwrap();
    assert_eq!(scratch.number("SELECT a FROM t").await, 5);
}

#[tokio::test]
async fn statements_forgotten_by_the_server_are_prepared_anew() {
    let scratch = Scratch::new("").await;
    let database = scratch.open();
    let number = rows("SELECT 1", &[], &[Scalar::Int]);
    let forget = rows("SELECT 1 FROM (SELECT 1) x", &[], &[Scalar::Int]);
    run(&database, &number, vec![], Weight::Light)
        .await
        .unwrap();
    run(&database, &forget, vec![], Weight::Light)
        .await
        .unwrap();
    // A statement of the same session, so that it hits the right one.
    let deallocate = rows("DEALLOCATE ALL", &[], &[]);
    run(&database, &deallocate, vec![], Weight::Light)
        .await
        .unwrap();
    for script in [&number, &forget] {
        let answer = run(&database, script, vec![], Weight::Light).await.unwrap();
        assert_eq!(answer, "{\"rows\":[{\"c0\":1}]}");
    }
}

#[tokio::test]
async fn statements_beyond_the_cache_are_closed_on_the_server() {
    let scratch = Scratch::new("").await;
    let config = Config {
        postgres: store::Postgres {
            statements_max: 4,
            ..store::Postgres::default()
        },
        ..scratch.config()
    };
    let database = super::open(&config);
    for number in 0..100 {
        let script = rows(&format!("SELECT {number}"), &[], &[Scalar::Int]);
        run(&database, &script, vec![], Weight::Light)
            .await
            .unwrap();
    }
    let count = rows(
        "SELECT count(*)::int FROM pg_prepared_statements",
        &[],
        &[Scalar::Int],
    );
    let answer = run(&database, &count, vec![], Weight::Light).await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let left = answer["rows"][0]["c0"].as_i64().unwrap();
    assert!(left <= 8, "{left} statements left");
}

#[tokio::test]
async fn where_no_statement_is_kept_small_reads_and_large_ones_are_answered() {
    let scratch = Scratch::new("").await;
    let config = Config {
        postgres: store::Postgres {
            statements_max: 0,
            ..store::Postgres::default()
        },
        whole_bytes_max: 1_000,
        ..scratch.config()
    };
    let database = super::open(&config);
    let sql = "SELECT count(*)::int FROM pg_prepared_statements WHERE $1 > 0";
    let count = rows(sql, &[one(Scalar::Int)], &[Scalar::Int]);
    let many = rows("SELECT generate_series(1, 1000)", &[], &[Scalar::Int]);
    for weight in [Weight::Light, Weight::Bounded] {
        let answer = run(&database, &count, vec![Value::Integer(1)], weight)
            .await
            .unwrap();
        assert_eq!(answer, "{\"rows\":[{\"c0\":0}]}");
        let answer = run(&database, &many, vec![], weight).await.unwrap();
        assert!(answer.ends_with("{\"c0\":1000}]}"), "{weight:?}");
    }
}

#[tokio::test]
async fn steps_that_fall_out_of_the_cache_at_once_stay_in_order_and_in_their_transaction() {
    let scratch = Scratch::new("").await;
    let config = Config {
        postgres: store::Postgres {
            statements_max: 1,
            ..store::Postgres::default()
        },
        ..scratch.config()
    };
    let database = super::open(&config);
    let steps = ["a", "b", "c", "d"].map(|key| {
        let sql = format!("SELECT now()::text AS {key} FROM generate_series(1, 500)");
        let rows = record([cell(0, Scalar::String)]);
        step(key, &sql, &[], Use::Rows(rows))
    });
    let script = script(false, steps.into());
    let reading = run_all(&database, &script, vec![vec![]; 4], Weight::Bounded);
    let answer = timeout(Duration::from_secs(5), reading).await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer.unwrap()).unwrap();
    for key in ["b", "c", "d"] {
        assert!(
            answer[key] == answer["a"],
            "{key} is of another transaction"
        );
    }
}

#[tokio::test]
async fn a_large_result_of_a_small_statement_is_streamed_and_remembered() {
    let scratch = Scratch::new("").await;
    let config = Config {
        whole_bytes_max: 10_000,
        chunk_bytes: 4_096,
        ..scratch.config()
    };
    let database = super::open(&config);
    let sql = "SELECT repeat($1, 100) FROM generate_series(1, 1000)";
    let script = rows(sql, &[one(Scalar::String)], &[Scalar::String]);
    let expected = vec![format!("{{\"c0\":\"{}\"}}", "x".repeat(100)); 1000].join(",");
    for _ in 0..3 {
        let arguments = vec![vec![Argument::Value(text("x"))]];
        let reply = database
            .run(Arc::clone(&script), arguments, Weight::Bounded)
            .await
            .unwrap();
        assert!(matches!(reply, Reply::Stream(_)));
        assert_eq!(
            whole(reply).await.unwrap(),
            format!("{{\"rows\":[{expected}]}}")
        );
    }
}

#[tokio::test]
async fn a_read_that_fails_names_its_field_on_whatever_connection() {
    let scratch = Scratch::new("").await;
    let mut config = scratch.config();
    config.read_timeout_ms = 200;
    config.write_timeout_ms = 200;
    let database = open(&config);
    for sql in [
        "SELECT 1 / 0",
        "SELECT missing",
        "SELECT 1 FROM pg_sleep(600)",
    ] {
        for weight in [Weight::Light, Weight::Bounded, Weight::Unbounded] {
            let script = rows(sql, &[], &[Scalar::Int]);
            let failure = run(&database, &script, vec![], weight).await.unwrap_err();
            assert_eq!(
                failure.key.as_deref(),
                Some("rows"),
                "{weight:?}: {failure}"
            );
        }
    }
}
