//! Requests that must be refused, with the same code everywhere.

use super::servers::Connection;
use serde_json::json;
use verify::render::Rendered;

/// Documents, their variables and the code of the refusal.
const REFUSED: [(&str, &str, &str); 22] = [
    (
        "{ members(where: {name: {eq: null}}) { id } }",
        "{}",
        "engine.argument",
    ),
    (
        "query($v: String) { members(where: {name: {eq: $v}}) { id } }",
        r#"{"v": null}"#,
        "engine.argument",
    ),
    (
        "query($v: StringFilter) { members(where: {name: $v}) { id } }",
        r#"{"v": {"eq": null}}"#,
        "engine.argument",
    ),
    (
        "query($v: StringFilter) { members(where: {name: $v}) { id } }",
        r#"{"v": null}"#,
        "engine.argument",
    ),
    (
        "{ members(where: {score: {in: null}}) { id } }",
        "{}",
        "engine.argument",
    ),
    (
        "{ members(where: {and: null}) { id } }",
        "{}",
        "engine.argument",
    ),
    (
        "{ members(where: {manager: null}) { id } }",
        "{}",
        "engine.argument",
    ),
    (
        "{ members(where: {projects: {some: null}}) { id } }",
        "{}",
        "engine.argument",
    ),
    (
        "{ members(where: {name: {like: \"a\\\\\"}}) { id } }",
        "{}",
        "engine.argument",
    ),
    ("{ members(limit: -1) { id } }", "{}", "engine.argument"),
    (
        "query($v: Int) { members(offset: $v) { id } }",
        r#"{"v": -1}"#,
        "engine.argument",
    ),
    (
        "{ memberConnection(first: 1, last: 1) { totalCount } }",
        "{}",
        "engine.argument",
    ),
    (
        "{ memberConnection(first: 1001) { totalCount } }",
        "{}",
        "engine.page_rows",
    ),
    (
        "{ memberConnection(after: \"nonsense\") { nodes { id } } }",
        "{}",
        "engine.cursor",
    ),
    (
        "{ memberAggregate(groupBy: [{name: VALUE}]) { key { score } } }",
        "{}",
        "engine.group",
    ),
    (
        "query($v: [MemberOrderBy!]) { members(orderBy: $v) { id } }",
        r#"{"v": [{}]}"#,
        "engine.variable",
    ),
    (
        "query($v: [MemberOrderBy!]) { members(orderBy: $v) { id } }",
        r#"{"v": [{"id": "ASC", "name": "ASC"}]}"#,
        "engine.variable",
    ),
    (
        "query($v: Decimal) { members(where: {wealth: {eq: $v}}) { id } }",
        r#"{"v": "1,5"}"#,
        "engine.variable",
    ),
    (
        "query($v: Date) { members(where: {born: {eq: $v}}) { id } }",
        r#"{"v": "2023-02-29"}"#,
        "engine.variable",
    ),
    (
        "query($v: Bytes) { members(where: {photo: {eq: $v}}) { id } }",
        r#"{"v": "!"}"#,
        "engine.variable",
    ),
    (
        "query($v: BigInt) { members(where: {balance: {eq: $v}}) { id } }",
        r#"{"v": 9223372036854775808}"#,
        "engine.variable",
    ),
    (
        "query($v: String) { members(where: {name: {eq: $v}}) { id } }",
        r#"{"v": "\u0000"}"#,
        "engine.variable",
    ),
];

/// Every refusal has its code and no data.
pub(super) fn check(connection: &mut Connection) {
    for (query, variables, code) in REFUSED {
        let rendered = Rendered {
            query: query.to_owned(),
            variables: serde_json::from_str(variables).unwrap(),
        };
        let reply = connection.ask(&rendered);
        let found = reply.code();
        let name = connection.name;
        assert_eq!(
            found.as_deref(),
            Some(code),
            "{name}: {query}: {}",
            reply.body
        );
    }
    let rendered = Rendered {
        query: "{ __typename }".to_owned(),
        ..Rendered::default()
    };
    let expected = json!({"data": {"__typename": "Query"}}).to_string();
    assert_eq!(
        connection.ask(&rendered).body,
        expected,
        "it goes on serving"
    );
}
