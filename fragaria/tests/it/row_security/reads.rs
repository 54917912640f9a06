//! Every way to rows goes through the policies of the caller's role.

use super::{Ground, READINGS, asked, clerk, code, data, quoted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What each tenant is answered by each way to its rows.
const WAYS: [(&str, &str, &str); 10] = [
    (
        "{ customer(id: 3) { name } customerByName(name: \"Ann\") { id } }",
        r#"{"customer": null, "customerByName": {"id": 1}}"#,
        r#"{"customer": {"name": "Bob"}, "customerByName": null}"#,
    ),
    (
        "{ customer(id: 1) { name } }",
        r#"{"customer": {"name": "Ann"}}"#,
        r#"{"customer": null}"#,
    ),
    (
        "{ customers(limit: 10) { id invoices { total customer { name } } } }",
        r#"{"customers": [{"id": 1, "invoices": [{"total": 10, "customer": {"name": "Ann"}}]},
            {"id": 2, "invoices": [{"total": 20, "customer": {"name": "Abe"}}]}]}"#,
        r#"{"customers": [{"id": 3, "invoices": [{"total": 99, "customer": {"name": "Bob"}}]}]}"#,
    ),
    (
        "{ customerConnection(first: 1) { totalCount nodes { id } pageInfo { hasNextPage } } }",
        r#"{"customerConnection": {"totalCount": 2, "nodes": [{"id": 1}], "pageInfo": {"hasNextPage": true}}}"#,
        r#"{"customerConnection": {"totalCount": 1, "nodes": [{"id": 3}], "pageInfo": {"hasNextPage": false}}}"#,
    ),
    (
        "{ invoiceAggregate { count sum { total } max { total } } }",
        r#"{"invoiceAggregate": [{"count": 2, "sum": {"total": "30"}, "max": {"total": 20}}]}"#,
        r#"{"invoiceAggregate": [{"count": 1, "sum": {"total": "99"}, "max": {"total": 99}}]}"#,
    ),
    (
        "{ readingAggregate(groupBy: [{ tenantId: VALUE }]) { key { tenantId } count } }",
        r#"{"readingAggregate": [{"key": {"tenantId": 1}, "count": 3000}]}"#,
        r#"{"readingAggregate": [{"key": {"tenantId": 2}, "count": 3000}]}"#,
    ),
    (
        "{ customers(where: { invoices: { some: { total: { gt: 50 } } } }) { id } }",
        r#"{"customers": []}"#,
        r#"{"customers": [{"id": 3}]}"#,
    ),
    (
        "{ customers(where: { invoices: { none: { total: { gt: 15 } } } }) { id } }",
        r#"{"customers": [{"id": 1}]}"#,
        r#"{"customers": []}"#,
    ),
    (
        "{ counted a: customer(id: 2) { invoicesAggregate { count } } b: customers { id } }",
        r#"{"counted": "2", "a": {"invoicesAggregate": [{"count": 1}]}, "b": [{"id": 1}, {"id": 2}]}"#,
        r#"{"counted": "1", "a": null, "b": [{"id": 3}]}"#,
    ),
    (
        "{ customers(orderBy: [{ invoicesAggregate: { count: DESC } }, { id: DESC }], limit: 1) { id } }",
        r#"{"customers": [{"id": 2}]}"#,
        r#"{"customers": [{"id": 3}]}"#,
    ),
];

#[test]
fn each_way_to_rows_shows_those_of_the_policies() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    for (document, first, second) in WAYS {
        for (tenant, expected) in [(1, first), (2, second)] {
            let expected: Value = serde_json::from_str(expected).unwrap();
            let seen = data(&server, &clerk(tenant), document);
            assert_eq!(seen, expected, "{tenant}: {document}");
        }
    }
    // Without a claim no policy lets anything through.
    let nobody = json!({ "roles": ["clerk"] }).to_string();
    for (document, ..) in WAYS {
        let seen = data(&server, &nobody, document).to_string();
        for name in ["Ann", "Abe", "Bob", "\"id\":1", "\"id\":3", "3000"] {
            assert!(!seen.contains(name), "{document}: {seen}");
        }
    }
    // Whoever develops asks as the login.
    let all = server.graphql("{ customers { id } }").json();
    assert_eq!(all["data"]["customers"].as_array().unwrap().len(), 3);
}

#[test]
fn a_row_that_policies_hide_is_no_node() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    let id = URL_SAFE_NO_PAD.encode(r#"["Customer",3]"#);
    let document = format!("{{ node(id: \"{id}\") {{ ... on Customer {{ name }} }} }}");
    let seen = |tenant| data(&server, &clerk(tenant), &document)["node"].clone();
    assert_eq!((seen(1), seen(2)), (Value::Null, json!({ "name": "Bob" })));
}

#[test]
fn a_long_list_is_streamed_in_the_transaction_of_its_role() {
    let ground = Ground::new();
    let server = ground.dev(&["database.chunk_bytes=1000", "database.whole_bytes_max=2000"]);
    let before = server.metric("fragaria_store_streams_total");
    for tenant in [1, 2, 1] {
        for document in [
            "{ readings { note } }",
            "{ readings(limit: 5000) { note } }",
            "{ a: readings { note } b: readings { tenantId } }",
        ] {
            let all = data(&server, &clerk(tenant), document);
            let rows = all.as_object().unwrap().values();
            let rows: Vec<_> = rows.map(|list| list.as_array().unwrap()).collect();
            assert!(rows.iter().all(|list| list.len() == READINGS), "{document}");
            let notes = rows[0].iter().map(|row| row["note"].as_str().unwrap());
            assert!(
                notes
                    .into_iter()
                    .all(|note| note == format!("tenant {tenant}"))
            );
        }
    }
    assert!(server.metric("fragaria_store_streams_total") >= before + 9);
}

#[test]
fn claims_reach_policies_letter_by_letter() {
    let ground = Ground::new();
    let names = [
        "O'Hara",
        "'; SET ROLE NONE; --",
        "\" \\ \\\" $1 %s \u{1}\u{7f}",
        "\u{1F980} \u{202e}\u{feff}ẞ",
        "{\"tenant\": 2}",
    ];
    for name in names {
        let name = name.replace('\'', "''");
        ground.stage.change(&format!(
            "INSERT INTO customer (tenant_id, name) VALUES (9, E'{}')",
            name.replace('\\', "\\\\")
        ));
    }
    let server = ground.dev(&[]);
    for name in names {
        let mut boss = json!({ "roles": ["boss"], "claims": { "name": name } });
        // A header is ASCII: other letters stand as JSON escapes.
        boss["claims"]["padding"] = json!("x".repeat(4_000));
        let boss = ascii(&boss);
        let seen = data(&server, &boss, "{ customers { name } counted }");
        assert_eq!(
            seen,
            json!({ "customers": [{ "name": name }], "counted": "1" })
        );
    }
    let whoami = data(
        &server,
        &ascii(&json!({ "roles": ["boss"], "claims": {} })),
        "{ whoami }",
    );
    assert_eq!(
        whoami["whoami"],
        json!(format!("{} {{}} development ", ground.boss))
    );
    assert!(quoted(&ground.boss).contains("\"\""));
}

/// JSON in ASCII.
fn ascii(value: &Value) -> String {
    let mut text = String::new();
    for letter in value.to_string().chars() {
        if letter.is_ascii() && letter != '\u{7f}' {
            text.push(letter);
            continue;
        }
        let mut units = [0; 2];
        for unit in letter.encode_utf16(&mut units) {
            write!(text, "\\u{unit:04x}").unwrap();
        }
    }
    text
}

#[test]
fn a_claim_that_no_text_of_the_database_can_hold_is_refused_before_it_is_asked() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    let before = server.metric("fragaria_store_statements_total");
    for claims in [
        json!({ "tenant": 1, "name": "\0" }),
        json!({ "tenant": 1, "a": { "b": ["c\0d"] } }),
        json!({ "tenant": 1, "a\0": 1 }),
    ] {
        let caller = json!({ "roles": ["clerk"], "claims": claims }).to_string();
        for document in [
            "{ customers { id } }",
            "mutation { deleteCustomers(where: {}, atMost: 9) { id } }",
        ] {
            assert_eq!(code(&server, &caller, document), "access.claims");
        }
    }
    assert_eq!(server.metric("fragaria_store_statements_total"), before);
    // What a policy itself cannot read is an error, and never all rows.
    for tenant in [
        json!("x"),
        json!({}),
        json!([1]),
        json!("99999999999"),
        json!(""),
    ] {
        let answer = asked(&server, &clerk(tenant), "{ customers { id } }");
        assert_eq!(answer["data"], Value::Null, "{answer}");
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "store.out_of_range",
            "{answer}"
        );
    }
    for tenant in [json!(null), json!("7")] {
        assert_eq!(
            data(&server, &clerk(tenant), "{ customers { id } }")["customers"],
            json!([])
        );
    }
}
