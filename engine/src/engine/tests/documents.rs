//! Documents of declared JSON: one value each, however they are given.

use super::*;

const SDL: &str = "type T @table(name: \"t\") { id: Int! @id a: A b: [A!] }\n\
    type A @json { color: C large: BigInt exact: Decimal rate: Float word: String at: DateTime bytes: Bytes \
    any: JSON list: [Int] grid: [[Int!]!] inner: A inners: [A!] named: Int @member(name: \"a name\") }\n\
    enum C { RED @value(name: \"red\") }";

fn of(dialect: Dialect) -> Engine {
    engine_of(dialect, SDL)
}

/// The document that a mutation binds as the value of `a`, or else of `b`.
fn document(head: &str, value: &str, variables: &str) -> String {
    let field = if value.starts_with("b:") { "" } else { "a: " };
    let document =
        format!("mutation {head} {{ createT(input: {{ id: 1, {field}{value} }}) {{ id }} }}");
    let bound = bound(&of(Dialect::Postgres), &document, variables).unwrap();
    match &bound.arguments[0][1] {
        Argument::Value(Value::Text(text)) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_document_is_the_same_text_as_a_literal_and_as_a_variable() {
    for (literal, json, text) in [
        ("{}", "{}", "{}"),
        ("{ color: null }", r#"{"color": null}"#, r#"{"color":null}"#),
        (
            "{ named: 1, color: RED }",
            r#"{"named": 1, "color": "RED"}"#,
            r#"{"color":"red","a name":1}"#,
        ),
        (
            "{ large: 9223372036854775807, exact: 12345678901234567890.10, rate: 3 }",
            r#"{"large": "9223372036854775807", "exact": "12345678901234567890.10", "rate": 3}"#,
            r#"{"large":9223372036854775807,"exact":12345678901234567890.10,"rate":3.0}"#,
        ),
        (
            r#"{ word: "ä\"\n", at: "2026-11-23T18:12:18+02:00", bytes: "AP8=" }"#,
            r#"{"word": "ä\"\n", "at": "2026-11-23T18:12:18+02:00", "bytes": "AP8="}"#,
            r#"{"word":"ä\"\n","at":"2026-11-23T16:12:18Z","bytes":"AP8="}"#,
        ),
        (
            "{ list: 1, grid: [[1], []], inners: { list: [null] }, any: [{ x: 1.10 }] }",
            r#"{"list": 1, "grid": [[1], []], "inners": {"list": [null]}, "any": [{"x": 1.10}]}"#,
            r#"{"any":[{"x":1.10}],"list":[1],"grid":[[1],[]],"inners":[{"list":[null]}]}"#,
        ),
    ] {
        assert_eq!(document("", literal, "{}"), text, "{literal}");
        let variables = format!("{{\"a\": {json}}}");
        assert_eq!(document("($a: AInput)", "$a", &variables), text, "{json}");
        let inside = document("($a: AInput)", "{ inner: $a, list: [2] }", &variables);
        assert_eq!(inside, format!("{{\"list\":[2],\"inner\":{text}}}"));
        let list = document("($a: AInput!)", "b: [$a, {}]", &variables);
        assert_eq!(list, format!("[{text},{{}}]"));
    }
}

#[test]
fn variables_stand_anywhere_in_a_document() {
    let head = "($large: BigInt, $none: Int, $left: Int, $list: [Int], $grid: [[Int!]!], $color: C, $inners: [AInput!])";
    let value = "{ large: $large, named: $none, exact: 1, list: $list, grid: $grid, color: $color, inners: $inners, \
                 inner: { list: [1, $none, $left], named: $left } }";
    let variables = r#"{"large": "-5", "none": null, "list": [1, null], "grid": [[1], [2, 3]], "color": "RED", "inners": [{}, {"named": 1}]}"#;
    let text = r#"{"color":"red","large":-5,"exact":1,"list":[1,null],"grid":[[1],[2,3]],"inner":{"list":[1,null,null]},"inners":[{},{"a name":1}],"a name":null}"#;
    assert_eq!(document(head, value, variables), text);
}

#[test]
fn one_plan_serves_all_documents_and_reads_the_column_once() {
    let engine = of(Dialect::Sqlite);
    let write = "mutation($a: AInput) { createT(input: { id: 1, a: $a }) { id } }";
    let run = |variables: &str| bound(&engine, write, variables).unwrap();
    let (first, second) = (
        run(r#"{"a": {}}"#),
        run(r#"{"a": {"inner": {"list": [1]}}}"#),
    );
    assert!(std::sync::Arc::ptr_eq(&first.script, &second.script));
    let read = "{ ts { a { color } again: a { inner { word } } a { large } } }";
    let bound = bound(&engine, read, "{}").unwrap();
    let sql = &bound.script.steps[0].statement.sql;
    assert_eq!(
        &**sql,
        "SELECT t0.\"a\" FROM \"t\" AS t0 ORDER BY t0.\"id\""
    );
}

#[test]
fn documents_are_nested_no_deeper_than_fields_may_be() {
    let engine = of(Dialect::Postgres);
    let nested = |levels: usize| {
        let (open, close) = ("inner { ".repeat(levels), " }".repeat(levels));
        let document = format!("{{ ts {{ a {{ {open} color {close} }} }} }}");
        bound(&engine, &document, "{}").map(|_| ())
    };
    assert_eq!(nested(10), Ok(()));
    assert_eq!(nested(25).unwrap_err()[0].code, "engine.depth");
}
