//! Packed rows in packed rows, objects in rows, connections and their cursors.

use crate::scripts::{column, field, reading, record, step};
use crate::shop::{Shop, answer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Cell, Codec, Label, Page, PageField, PageInfo, PagePart, Record, Scalar, Use};
use serde_json::{Value, json};

const TREE: &str = "
    CREATE TABLE node (id INTEGER PRIMARY KEY, parent INTEGER, name TEXT);
    INSERT INTO node VALUES (1, NULL, 'a'), (2, NULL, 'b'), (3, 1, 'a\"1'), (4, 1, 'a2'), (5, 4, 'a2x'),
        (6, 5, 'deep'), (7, 5, NULL);";

fn children(of: &str, alias: &str, inner: &str) -> String {
    format!(
        "(SELECT fragaria_rows(id, name{inner}) FROM (SELECT * FROM node WHERE parent = {of} \
         ORDER BY id DESC) {alias})"
    )
}

fn level(below: Option<Record>) -> Record {
    let mut level = record(&[("id", Scalar::Int), ("name", Scalar::String)]);
    level
        .fields
        .extend(below.map(|record| field("children", Cell::Rows { column: 2, record })));
    level
}

async fn parsed(sql: &str, rows: Use) -> Value {
    let shop = Shop::new(TREE);
    let text = answer(&shop.open(), reading(vec![step("r", sql, rows)]))
        .await
        .unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["r"].take()
}

#[tokio::test]
async fn lists_nest_four_deep() {
    let third = children("c2.id", "c3", "");
    let second = children("c1.id", "c2", &format!(", {third}"));
    let first = children("n.id", "c1", &format!(", {second}"));
    let sql = format!("SELECT id, name, {first} FROM node n WHERE parent IS NULL ORDER BY id");
    let plan = level(Some(level(Some(level(Some(level(None)))))));
    let expected = json!([
        {"id": 1, "name": "a", "children": [
            {"id": 4, "name": "a2", "children": [
                {"id": 5, "name": "a2x", "children": [
                    {"id": 7, "name": null},
                    {"id": 6, "name": "deep"},
                ]},
            ]},
            {"id": 3, "name": "a\"1", "children": []},
        ]},
        {"id": 2, "name": "b", "children": []},
    ]);
    assert_eq!(parsed(&sql, Use::Rows(plan)).await, expected);
}

#[tokio::test]
async fn objects_stand_in_the_row_of_their_parent_or_are_null() {
    let object = |present| Cell::Object {
        present,
        record: Record {
            fields: vec![field("name", column(2, Scalar::String))],
            ..Record::default()
        },
    };
    let plan = Record {
        fields: vec![
            field("id", column(0, Scalar::Int)),
            field("parent", object(Some(1))),
            field("always", object(None)),
            field(
                "empty",
                Cell::Object {
                    present: None,
                    record: Record::default(),
                },
            ),
            field("kind", Cell::Constant("\"Node\"".into())),
        ],
        ..Record::default()
    };
    let sql = "SELECT n.id, p.id, p.name FROM node n LEFT JOIN node p ON p.id = n.parent \
               WHERE n.id IN (2, 4) ORDER BY n.id";
    let expected = json!([
        {"id": 2, "parent": null, "always": {"name": null}, "empty": {}, "kind": "Node"},
        {"id": 4, "parent": {"name": "a"}, "always": {"name": "a"}, "empty": {}, "kind": "Node"},
    ]);
    assert_eq!(parsed(sql, Use::Rows(plan)).await, expected);
}

fn connection(backward: bool) -> Cell {
    let cursor = || Cell::Token {
        head: "\"node\"".into(),
        columns: vec![
            (0, Codec::Scalar(Scalar::BigInt)),
            (1, Codec::Scalar(Scalar::String)),
        ],
    };
    let node = Cell::Object {
        present: None,
        record: record(&[("id", Scalar::Int)]),
    };
    let edges = Record {
        fields: vec![field("cursor", cursor()), field("node", node)],
        ..Record::default()
    };
    let info = [
        ("hasNextPage", PageInfo::HasNext),
        ("hasPreviousPage", PageInfo::HasPrevious),
        ("startCursor", PageInfo::StartCursor),
        ("endCursor", PageInfo::EndCursor),
        ("__typename", PageInfo::Constant("\"PageInfo\"".into())),
    ];
    let parts = [
        ("edges", PagePart::Rows(edges)),
        ("nodes", PagePart::Rows(record(&[("id", Scalar::Int)]))),
        ("totalCount", PagePart::Count),
        (
            "pageInfo",
            PagePart::Info(info.map(|(name, part)| (Label::new(name), part)).into()),
        ),
        (
            "__typename",
            PagePart::Constant("\"NodeConnection\"".into()),
        ),
    ];
    let field = |(name, part)| PageField {
        key: Label::new(name),
        part,
    };
    Cell::Page(Box::new(Page {
        rows: Some(0),
        size: 1,
        count: Some(2),
        behind: Some(3),
        backward,
        cursor: cursor(),
        fields: parts.map(field).into(),
    }))
}

/// A page of at most two nodes out of `found`, with one more row where there is more.
async fn page(found: &str, behind: bool, backward: bool) -> Value {
    let sql = format!(
        "SELECT (SELECT fragaria_rows(id, name) FROM ({found})), 2, 7, {}",
        i32::from(behind)
    );
    parsed(&sql, Use::Value(connection(backward))).await
}

fn ids(page: &Value) -> Vec<i64> {
    let edges = page["edges"].as_array().unwrap();
    let ids: Vec<_> = edges
        .iter()
        .map(|edge| edge["node"]["id"].as_i64().unwrap())
        .collect();
    let nodes = page["nodes"].as_array().unwrap();
    assert_eq!(
        ids,
        nodes
            .iter()
            .map(|node| node["id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    );
    ids
}

fn cursor(token: &Value) -> String {
    let decoded = URL_SAFE_NO_PAD.decode(token.as_str().unwrap()).unwrap();
    String::from_utf8(decoded).unwrap()
}

#[tokio::test]
async fn a_page_forward_hides_the_row_that_only_tells_of_more() {
    let page = page(
        "SELECT * FROM node WHERE id > 2 ORDER BY id LIMIT 3",
        true,
        false,
    )
    .await;
    assert_eq!(ids(&page), [3, 4]);
    assert_eq!(
        (&page["totalCount"], &page["__typename"]),
        (&json!(7), &json!("NodeConnection"))
    );
    let info = &page["pageInfo"];
    assert_eq!(
        (&info["hasNextPage"], &info["hasPreviousPage"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(cursor(&info["startCursor"]), r#"["node","3","a\"1"]"#);
    assert_eq!(cursor(&info["endCursor"]), r#"["node","4","a2"]"#);
    assert_eq!(page["edges"][0]["cursor"], info["startCursor"]);
    assert_eq!(info["__typename"], "PageInfo");
}

#[tokio::test]
async fn a_page_backward_is_turned_round() {
    let page = page("SELECT * FROM node ORDER BY id DESC LIMIT 3", false, true).await;
    assert_eq!(ids(&page), [6, 7]);
    let info = &page["pageInfo"];
    assert_eq!(
        (&info["hasNextPage"], &info["hasPreviousPage"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(cursor(&info["endCursor"]), r#"["node","7",null]"#);
}

#[tokio::test]
async fn an_empty_page_has_no_cursors() {
    let page = page("SELECT * FROM node WHERE 0", false, false).await;
    assert_eq!(ids(&page), Vec::<i64>::new());
    let expected = json!({
        "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null,
        "__typename": "PageInfo",
    });
    assert_eq!(page["pageInfo"], expected);
}

#[tokio::test]
async fn a_plan_that_does_not_fit_its_rows_is_an_error() {
    let shop = Shop::new(TREE);
    let plan = || Record {
        fields: vec![field(
            "children",
            Cell::Rows {
                column: 0,
                record: level(None),
            },
        )],
        ..Record::default()
    };
    for sql in ["SELECT 1", "SELECT x'00'", "SELECT fragaria_rows(1)"] {
        let script = reading(vec![step("r", sql, Use::Rows(plan()))]);
        assert!(answer(&shop.open(), script).await.is_err(), "{sql}");
    }
}
