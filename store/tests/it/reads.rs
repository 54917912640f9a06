//! Reading: addresses, arguments, snapshots, and a database that comes and goes.

use crate::scripts::{counting, reading, rows, step, value, with_parameters};
use crate::shop::{Shop, answer, given, open};
use model::metric::Registry;
use model::{Argument, Content, Fault, Kind, Label, Root, Scalar, Secret, Use, Value};
use store::{Config, Database, Error};

#[tokio::test]
async fn a_point_lookup_gives_its_row() {
    let shop = Shop::new(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO p VALUES (7, 'pear')",
    );
    let columns = [("id", Scalar::Int), ("name", Scalar::String)];
    let sql = "SELECT id, name FROM p WHERE id = ?1";
    let find = |id| {
        let step = with_parameters("p", sql, &[(Scalar::Int, false)], rows(&columns));
        (
            reading(vec![step]),
            vec![vec![Argument::Value(Value::Integer(id))]],
        )
    };
    let database = shop.open();
    let (script, arguments) = find(7);
    let found = given(&database, script, arguments).await.unwrap();
    assert_eq!(found, r#"{"p":[{"id":7,"name":"pear"}]}"#);
    let (script, arguments) = find(8);
    assert_eq!(
        given(&database, script, arguments).await.unwrap(),
        r#"{"p":[]}"#
    );
}

#[tokio::test]
async fn a_parameter_that_stands_nowhere_is_passed_over() {
    let shop = Shop::new("");
    let parameters = [(Scalar::Int, false), (Scalar::String, false)];
    let columns = [("a", Scalar::Int)];
    let step = with_parameters("p", "SELECT ?1", &parameters, rows(&columns));
    let arguments = [Value::Integer(7), Value::Text("x".into())].map(Argument::Value);
    let database = shop.open();
    let found = given(&database, reading(vec![step]), vec![arguments.into()]).await;
    assert_eq!(found.unwrap(), r#"{"p":[{"a":7}]}"#);
}

#[tokio::test]
async fn constants_and_steps_stand_in_the_order_of_the_roots() {
    let shop = Shop::new("");
    let database = shop.open();
    let mut script = reading(vec![
        step("a", "SELECT 1", value(Scalar::Int)),
        step("b", "SELECT 2 WHERE 0", value(Scalar::Int)),
    ]);
    for (at, key) in [(0, "first"), (2, "middle"), (4, "last")] {
        let content = Content::Constant("\"Query\"".into());
        script.roots.insert(
            at,
            Root {
                key: Label::new(key),
                content,
            },
        );
    }
    let text = answer(&database, script).await.unwrap();
    assert_eq!(
        text,
        r#"{"first":"Query","a":1,"middle":"Query","b":null,"last":"Query"}"#
    );
    assert_eq!(answer(&database, reading(Vec::new())).await.unwrap(), "{}");
}

#[tokio::test]
async fn every_parameter_arrives_as_its_type() {
    let shop = Shop::new("");
    let one = |scalar, value: Value| ((scalar, false), Argument::Value(value));
    let text = |text: &str| Value::Text(text.into());
    let given_values = [
        one(Scalar::Boolean, Value::Boolean(true)),
        one(Scalar::BigInt, Value::Integer(i64::MAX)),
        one(Scalar::Float, Value::Float(0.5)),
        one(Scalar::Decimal, text("1.50")),
        one(Scalar::LocalDateTime, text("2026-11-23T18:12:18.5")),
        one(Scalar::DateTime, text("2026-11-23T18:12:18.5Z")),
        one(Scalar::Bytes, Value::Bytes([0, 255].into())),
        one(Scalar::String, Value::Null),
    ];
    let (parameters, arguments): (Vec<_>, Vec<_>) = given_values.into_iter().unzip();
    let sql = "SELECT quote(?1) || ' ' || quote(?2) || ' ' || quote(?3) || ' ' || quote(?4) || ' ' \
               || quote(?5) || ' ' || quote(?6) || ' ' || quote(?7) || ' ' || quote(?8)";
    let step = with_parameters("v", sql, &parameters, value(Scalar::String));
    let text = given(&shop.open(), reading(vec![step]), vec![arguments])
        .await
        .unwrap();
    let expected = "1 9223372036854775807 0.5 '1.50' '2026-11-23 18:12:18.5' \
                    '2026-11-23 18:12:18.5' X'00FF' NULL";
    assert_eq!(text, format!(r#"{{"v":"{expected}"}}"#));
}

#[tokio::test]
async fn a_list_is_looked_up_and_a_kept_column_too() {
    let shop = Shop::new(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, code BLOB, at DATETIME);
         INSERT INTO p VALUES (1, x'00', '2009-01-01 00:00:00+00:00'), (2, x'01', NULL), (3, x'02ff', NULL)",
    );
    let by_code = with_parameters(
        "codes",
        "SELECT id FROM p WHERE code IN (SELECT unhex(value) FROM json_each(?1)) ORDER BY id",
        &[(Scalar::Bytes, true)],
        rows(&[("id", Scalar::Int)]),
    );
    let codes = [[0].as_slice(), &[2, 255]].map(|code| Value::Bytes(code.into()));
    let keep = step(
        "kept",
        "SELECT id, at FROM p WHERE id < 3",
        Use::Keep(vec![model::Codec::Scalar(Scalar::Int); 2]),
    );
    let by_kept = |key, name| {
        let sql = format!(
            "SELECT id FROM p WHERE {name} IN (SELECT value FROM json_each(?1)) ORDER BY id DESC"
        );
        with_parameters(
            key,
            &sql,
            &[(Scalar::Int, true)],
            rows(&[("id", Scalar::Int)]),
        )
    };
    let script = reading(vec![
        by_code,
        keep,
        by_kept("ids", "id"),
        by_kept("times", "at"),
    ]);
    let kept = |column| {
        vec![Argument::Kept {
            steps: vec![1],
            column,
        }]
    };
    let arguments = vec![
        vec![Argument::Value(Value::List(codes.into()))],
        vec![],
        kept(0),
        kept(1),
    ];
    let text = given(&shop.open(), script, arguments).await.unwrap();
    let expected = r#"{"codes":[{"id":1},{"id":3}],"ids":[{"id":2},{"id":1}],"times":[{"id":1}]}"#;
    assert_eq!(text, expected);
}

#[tokio::test]
async fn all_steps_of_a_read_see_one_snapshot() {
    let shop = Shop::new("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)");
    let mut config = shop.config();
    config.sqlite.inline_kilosteps_max = 0;
    let database = open(&config);
    // The second step takes long enough for many writes to happen before the third.
    let slow = format!("SELECT count(*) FROM ({})", counting(200_000));
    let script = || {
        reading(vec![
            step("before", "SELECT n FROM t", value(Scalar::Int)),
            step("slow", &slow, value(Scalar::Int)),
            step("after", "SELECT n FROM t", value(Scalar::Int)),
        ])
    };
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let running = tokio::spawn({
            let (database, script) = (database.clone(), script());
            async move { answer(&database, script).await.unwrap() }
        });
        while !running.is_finished() {
            shop.outside.execute("UPDATE t SET n = n + 1", []).unwrap();
            tokio::task::yield_now().await;
        }
        let text = running.await.unwrap();
        let parts: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parts["before"], parts["after"]);
        seen.insert(parts["after"].to_string());
    }
    assert!(seen.len() > 1, "the writer never got between two reads");
}

#[tokio::test]
async fn a_missing_file_is_unavailable_until_it_appears() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("late.db");
    let url = Secret::new(format!("sqlite:{}", path.display()));
    let database = open(&Config {
        url,
        ..Config::default()
    });
    let fault = Fault::from(database.check().await.unwrap_err());
    assert_eq!(
        (fault.code, fault.kind),
        ("store.unavailable", Kind::Unavailable)
    );
    assert!(!path.exists());
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (n)")
        .unwrap();
    database.check().await.unwrap();
    assert_eq!(database.catalog().await.unwrap().tables.len(), 1);
}

#[tokio::test]
async fn a_replaced_file_is_noticed() {
    let shop = Shop::new("CREATE TABLE t (n); INSERT INTO t VALUES ('old')");
    let database = shop.open();
    let read = || reading(vec![step("n", "SELECT n FROM t", value(Scalar::String))]);
    assert_eq!(answer(&database, read()).await.unwrap(), r#"{"n":"old"}"#);
    let other = Shop::new("CREATE TABLE t (n); INSERT INTO t VALUES ('new')");
    other
        .outside
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    for suffix in ["-wal", "-shm"] {
        let mut name = shop.path().into_os_string();
        name.push(suffix);
        std::fs::remove_file(name).unwrap();
    }
    std::fs::rename(other.path(), shop.path()).unwrap();
    database.check().await.unwrap();
    assert_eq!(answer(&database, read()).await.unwrap(), r#"{"n":"new"}"#);
    std::fs::remove_file(shop.path()).unwrap();
    assert!(matches!(database.check().await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_file_is_created_where_the_configuration_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.db");
    let mut config = Config {
        url: Secret::new(format!("sqlite:{}", path.display())),
        ..Config::default()
    };
    config.sqlite.create = true;
    open(&config).check().await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn what_is_no_database_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(
        &path,
        "not a database at all, but long enough to look at".repeat(50),
    )
    .unwrap();
    let url = Secret::new(format!("sqlite:{}", path.display()));
    let failed = open(&Config {
        url,
        ..Config::default()
    })
    .check()
    .await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
}

#[test]
fn other_databases_are_refused_by_name_and_secrets_are_not_repeated() {
    for (url, named) in [
        ("oracle://u:secret@h/d", "oracle"),
        ("u:secret@host", ""),
        ("", ""),
    ] {
        let config = Config {
            url: Secret::new(url),
            ..Config::default()
        };
        let error = Database::open(&config, &mut Registry::default())
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("sqlite:") && error.contains("postgres://"),
            "{error}"
        );
        assert!(
            error.contains(named) && !error.contains("secret"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_database_in_memory_is_shared_by_all_connections() {
    let database = open(&Config {
        url: Secret::new("sqlite::memory:"),
        ..Config::default()
    });
    for sql in ["CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (5)"] {
        let script = crate::scripts::writing(vec![step("w", sql, Use::Discard)]);
        answer(&database, script).await.unwrap();
    }
    let read = || reading(vec![step("n", "SELECT n FROM t", value(Scalar::Int))]);
    let (one, two) = tokio::join!(answer(&database, read()), answer(&database, read()));
    assert_eq!(
        (one.unwrap(), two.unwrap()),
        (r#"{"n":5}"#.into(), r#"{"n":5}"#.into())
    );
}

#[tokio::test]
async fn a_closed_store_refuses_and_lets_go_of_the_file() {
    let shop = Shop::new("CREATE TABLE t (n)");
    let database = shop.open();
    database.check().await.unwrap();
    let counted = reading(vec![step(
        "n",
        "SELECT count(*) FROM t",
        value(Scalar::Int),
    )]);
    answer(&database, counted).await.unwrap();
    database.close().await;
    assert!(matches!(database.check().await, Err(Error::Unavailable(_))));
    // With no other connection left, this one can take the file for itself.
    let mode: String = shop.value("PRAGMA journal_mode = DELETE");
    assert_eq!(mode, "delete");
}

#[tokio::test]
async fn a_statement_that_fails_names_its_key_and_tells_the_client_nothing() {
    let shop = Shop::new("");
    let script = reading(vec![
        step("good", "SELECT 1", value(Scalar::Int)),
        step(
            "bad",
            "SELECT secret_column FROM secret_table",
            value(Scalar::Int),
        ),
    ]);
    let failure = answer(&shop.open(), script).await.unwrap_err();
    assert!(failure.to_string().contains("secret_table"));
    let fault = Fault::from(failure);
    assert_eq!(
        (fault.code, &*fault.path),
        ("store.schema", ["bad".to_string()].as_slice())
    );
    assert!(!fault.message.contains("secret"));
}
