//! Lists in columns: packed rows, as the engine writes them, at any depth and with any character.

use super::Scratch;
use crate::postgres::{cell, list, one, record, run};
use model::{Cell, Scalar, Value, Weight};
use store::Error;

/// A list of packed rows over a source, the way the engine writes it.
fn packed(cells: &[&str], source: &str, order: &str) -> String {
    let cells = cells.join(", ',', ");
    format!(
        "(SELECT CONCAT('[', COALESCE(GROUP_CONCAT(CONCAT('(', {cells}, ')') ORDER BY {order} \
         SEPARATOR ''), IF(COUNT(*) = 0, '', NULL)), ']') FROM {source})"
    )
}

fn many(column: usize, cells: Vec<Cell>) -> Cell {
    Cell::Rows {
        column,
        record: record(cells),
    }
}

#[tokio::test]
async fn rows_within_rows_within_rows_come_in_one_statement() {
    let scratch = Scratch::new(
        "CREATE TABLE a (id INT PRIMARY KEY);
         CREATE TABLE b (id INT PRIMARY KEY, a INT);
         CREATE TABLE c (id INT PRIMARY KEY, b INT, name VARCHAR(20));
         INSERT INTO a VALUES (1), (2);
         INSERT INTO b VALUES (10, 1), (11, 1);
         INSERT INTO c VALUES (100, 10, 'x'), (101, 10, NULL), (102, 11, 'y')",
    );
    let inner = packed(
        &["QUOTE(c.id)", "QUOTE(c.name)"],
        "c WHERE c.b = b.id",
        "c.id",
    );
    let outer = packed(&["QUOTE(b.id)", &inner], "b WHERE b.a = a.id", "b.id DESC");
    let sql = format!("SELECT a.id, {outer} FROM a ORDER BY a.id");
    let leaf = vec![cell(0, Scalar::Int), cell(1, Scalar::String)];
    let cells = [
        cell(0, Scalar::Int),
        many(1, vec![cell(0, Scalar::Int), many(1, leaf)]),
    ];
    let script = list(&sql, &[], record(cells));
    let answer = run(&scratch.open(), &script, vec![], Weight::Bounded).await;
    assert_eq!(
        answer.unwrap(),
        "{\"rows\":[{\"c0\":1,\"c1\":[{\"c0\":11,\"c1\":[{\"c0\":102,\"c1\":\"y\"}]},\
         {\"c0\":10,\"c1\":[{\"c0\":100,\"c1\":\"x\"},{\"c0\":101,\"c1\":null}]}]},\
         {\"c0\":2,\"c1\":[]}]}"
    );
}

#[tokio::test]
async fn any_character_survives_being_packed_twice() {
    let scratch = Scratch::new("CREATE TABLE t (note LONGTEXT)");
    let texts: Vec<String> = [
        "it's",
        "back\\slash",
        "nul\0nul",
        "ctrl\u{1a}z",
        "(a),[b]",
        "NULL",
        "",
        "'",
        "\\",
        "😀ä\u{2028}",
        "line\nline\r\ttab",
        "\\0\\Z",
        "\"quoted\"",
        "ends with \\",
        "'),('",
    ]
    .map(Into::into)
    .into();
    let database = scratch.open();
    for text in &texts {
        let inner = packed(&["QUOTE(y.note)"], "(SELECT ? AS note) y", "1");
        let outer = packed(&["QUOTE(t.note)", &inner], "(SELECT ? AS note) t", "1");
        let leaf = vec![cell(0, Scalar::String)];
        let cells = [many(0, vec![cell(0, Scalar::String), many(1, leaf)])];
        let parameters = [one(Scalar::String); 2];
        let script = list(&format!("SELECT {outer}"), &parameters, record(cells));
        let value = || Value::Text(text.as_str().into());
        let answer = run(&database, &script, vec![value(), value()], Weight::Light).await;
        let json = serde_json::to_string(text).unwrap();
        let expected =
            format!("{{\"rows\":[{{\"c0\":[{{\"c0\":{json},\"c1\":[{{\"c0\":{json}}}]}}]}}]}}");
        assert_eq!(answer.unwrap(), expected);
    }
}

#[tokio::test]
async fn every_type_is_read_from_a_packed_row() {
    let scratch = Scratch::new(
        "CREATE TABLE t (yes BOOLEAN, big BIGINT UNSIGNED, real8 DOUBLE, price DECIMAL(10,2), \
         data VARBINARY(9), day DATE, clock TIME(6), moment DATETIME(6), doc JSON);
         INSERT INTO t VALUES (TRUE, 18446744073709551615, 0.1, 1.50, x'00ff27', '2026-11-23', \
         '18:12:18.5', '2026-11-23 18:12:18.5', '{\"a\": \"b\\'c\"}')",
    );
    let cells = [
        "QUOTE(yes)",
        "QUOTE(big)",
        "QUOTE(real8)",
        "QUOTE(price)",
        "QUOTE(HEX(data))",
        "QUOTE(day)",
        "QUOTE(clock)",
        "QUOTE(moment)",
        "QUOTE(CONVERT(doc USING utf8mb4))",
    ];
    let sql = format!("SELECT {}", packed(&cells, "t", "1"));
    let scalars = [
        Scalar::Boolean,
        Scalar::BigInt,
        Scalar::Float,
        Scalar::Decimal,
        Scalar::Bytes,
        Scalar::Date,
        Scalar::LocalTime,
        Scalar::DateTime,
        Scalar::Json,
    ];
    let columns = scalars.iter().enumerate();
    let columns = columns
        .map(|(column, scalar)| cell(column, *scalar))
        .collect();
    let script = list(&sql, &[], record([many(0, columns)]));
    let answer = run(&scratch.open(), &script, vec![], Weight::Bounded).await;
    assert_eq!(
        answer.unwrap(),
        "{\"rows\":[{\"c0\":[{\"c0\":true,\"c1\":\"18446744073709551615\",\"c2\":0.1,\
         \"c3\":\"1.50\",\"c4\":\"AP8n\",\"c5\":\"2026-11-23\",\"c6\":\"18:12:18.5\",\
         \"c7\":\"2026-11-23T18:12:18.5Z\",\"c8\":{\"a\": \"b'c\"}}]}]}"
    );
}

#[tokio::test]
async fn a_list_that_passes_the_largest_packet_is_an_error_and_never_a_shorter_one() {
    let scratch =
        Scratch::new("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)");
    let database = scratch.open();
    let script = |sql: &str| list(sql, &[], record([many(0, vec![cell(0, Scalar::String)])]));
    // The whole list; one row of it; one value of it; and the list cut off within another.
    let whole = packed(&["QUOTE(REPEAT('x', 8000000))"], "t", "t.id");
    let row = packed(
        &["QUOTE(REPEAT('x', IF(t.id = 2, 16777214, 1)))"],
        "t",
        "t.id",
    );
    let value = packed(
        &["QUOTE(HEX(REPEAT('x', IF(t.id = 2, 9000000, 1))))"],
        "t",
        "t.id",
    );
    for list in [whole, row, value] {
        for weight in [Weight::Bounded, Weight::Unbounded] {
            let script = script(&format!("SELECT {list}"));
            let failure = run(&database, &script, vec![], weight).await.unwrap_err();
            let text = failure.to_string();
            assert!(matches!(failure.error, Error::TooLarge(_)), "{text}");
            assert!(text.contains("max_allowed_packet"), "{text}");
        }
    }
    let fine = packed(&["QUOTE(REPEAT('x', 3))"], "t", "t.id");
    let answer = run(
        &database,
        &script(&format!("SELECT {fine}")),
        vec![],
        Weight::Bounded,
    )
    .await;
    assert!(answer.unwrap().contains("\"xxx\""));
}

#[tokio::test]
async fn what_is_no_packed_list_is_an_error() {
    let scratch = Scratch::new("");
    let database = scratch.open();
    for sql in [
        "SELECT NULL",
        "SELECT 'a'",
        "SELECT '[(''a'')'",
        "SELECT 7",
        "SELECT '[(1)]'",
    ] {
        let script = list(sql, &[], record([many(0, vec![cell(0, Scalar::String)])]));
        let answer = run(&database, &script, vec![], Weight::Bounded).await;
        assert!(answer.is_err(), "{sql}: {answer:?}");
    }
}
