//! What operators do over HTTP, and that nobody else does it.

use super::keys::{ON, RECHECK, create, invalid, shows, stages_with, text, until};
use super::{JSON, good, refused, ruled};
use crate::client::Response;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const OPERATORS: &str = "auth.admin_roles=['auditor']";

/// The key of somebody with a role.
fn key(project: &Project, role: &str) -> String {
    let create = [
        "api-key",
        "create",
        "--name",
        role,
        "--role",
        role,
        "--no-expiry",
    ];
    project.run(&create).trim().to_owned()
}

fn order(server: &Server, key: &str, line: &str, body: &Value) -> Response {
    let shown = format!("x-api-key: {key}");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    server.ask(line, &[JSON, &shown], body.as_bytes())
}

fn wish() -> Value {
    json!({ "name": "till", "roles": ["clerk"], "tenant": "north", "claims": { "a": 1 }, "expires": "1d" })
}

fn fate(answer: &Response) -> (u16, String) {
    (answer.status, answer.code())
}

#[test]
fn an_operator_makes_lists_rotates_and_revokes_keys() {
    for stage in stages_with(&[ON, RECHECK, OPERATORS]) {
        let server = stage.serve();
        let operator = key(&stage.project, "auditor");
        let order = |line: &str, body: &Value| {
            let answer = order(&server, &operator, line, body);
            assert_eq!(answer.status, 200, "{line}: {answer:?}");
            answer.json()
        };
        let made = order("POST /admin/api-keys", &wish());
        let mut by_command = create(&stage.project, &[]);
        // Only who runs a command may mistake the database.
        by_command.as_object_mut().unwrap().remove("database");
        let members = |told: &Value| {
            told.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(members(&made), members(&by_command));
        let (id, first) = (text(&made, "id"), text(&made, "key"));
        assert_eq!(shows(&server, first), good());
        let over = text(&by_command, "id");
        stage.change(&format!(
            "UPDATE API_KEYS SET expires_at = 1000 WHERE id = '{over}'"
        ));
        order("POST /admin/api-keys", &wish());
        let removed = format!("SELECT count(*) FROM API_KEYS WHERE id = '{over}'");
        assert_eq!(stage.outside(&removed), "0");
        let listed = order("GET /admin/api-keys", &Value::Null);
        let mut without = made.clone();
        without.as_object_mut().unwrap().remove("key");
        let mut kept = listed["keys"].as_array().unwrap().iter();
        let kept = kept.find(|key| key["id"] == made["id"]).unwrap();
        assert_eq!(kept["claims"], without["claims"]);
        assert_eq!(members(kept), members(&without));
        let after = format!("GET /admin/api-keys?after={id}");
        let later = order(&after, &Value::Null);
        assert!(!later["keys"].to_string().contains(id));
        let rotate = format!("POST /admin/api-keys/{id}/rotate");
        let rotated = order(&rotate, &json!({ "grace": "1h" }));
        let second = text(&rotated, "key");
        until(&server, second, &good());
        assert_eq!(shows(&server, first), good());
        let revoke = format!("POST /admin/api-keys/{id}/revoke");
        let revoked = order(&revoke, &Value::Null);
        assert!(revoked["revoked"].is_string() && revoked["key"].is_null());
        until(&server, second, &invalid());
        until(&server, first, &invalid());
        let lines = server.read_log("an order was carried out");
        let line = lines.last().unwrap();
        assert_eq!(
            (&line["what"], &line["id"]),
            (&json!("create an API key"), &made["id"])
        );
        assert!(line["caller"].to_string().contains("key:"), "{line}");
        assert!(!format!("{lines:?}").contains(first.rsplit('_').next().unwrap()));
    }
}

#[test]
fn nobody_else_gives_orders() {
    let project = ruled();
    let server = project
        .serve(&[ON, OPERATORS, "auth.anonymous_role=public"])
        .ready();
    let (clerk, operator) = (key(&project, "clerk"), key(&project, "auditor"));
    for line in [
        "POST /admin/api-keys",
        "GET /admin/api-keys",
        "POST /admin/api-keys/x/rotate",
        "POST /admin/api-keys/x/revoke",
        "DELETE /admin/api-keys",
        "GET /admin/nothing",
    ] {
        let denied = refused(403, "auth.denied");
        assert_eq!(
            fate(&order(&server, &clerk, line, &wish())),
            denied,
            "{line}"
        );
        assert_eq!(fate(&server.ask(line, &[JSON], b"{}")), denied, "{line}");
        let answer = order(&server, &format!("{operator}x"), line, &wish());
        assert_eq!(fate(&answer), invalid(), "{line}");
    }
    assert_eq!(
        order(&server, &operator, "GET /admin/api-keys", &Value::Null).status,
        200
    );
    let listed = project.run(&["api-key", "list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    drop(server);
    let nothing = refused(404, "http.not_found");
    let without_keys = [OPERATORS, "auth.anonymous_role=public"];
    for (settings, expected) in [(&[ON][..], &nothing), (&without_keys, &invalid())] {
        let server = project.serve(settings).ready();
        for line in [
            "GET /admin/api-keys",
            "POST /admin/api-keys",
            "POST /admin/api-keys/x/revoke",
        ] {
            let answer = order(&server, &operator, line, &wish());
            assert_eq!(fate(&answer), *expected, "{line} {settings:?}");
        }
    }
    let developing = project.dev(&[ON, OPERATORS]).ready();
    let answer = developing.ask("GET /admin/api-keys", &[], b"");
    assert_eq!(fate(&answer), refused(403, "auth.denied"));
}

#[test]
fn a_key_that_may_not_be_had_is_not_made_for_an_operator_either() {
    let project = ruled();
    let server = project.serve(&[ON, OPERATORS]).ready();
    let operator = key(&project, "auditor");
    let changed = |name: &str, value: Value| {
        let mut wish = wish();
        wish[name] = value;
        wish
    };
    for (body, told) in [
        (changed("roles", json!(["clerk", "owner"])), "names no role"),
        (changed("roles", json!([])), "a key needs a role"),
        (changed("name", json!("")), "a key needs a name"),
        (changed("name", json!("a\nb")), "in one line"),
        (changed("expires", Value::Null), "say when the key expires"),
        (
            changed("no_expiry", json!(true)),
            "either expires or does not",
        ),
        (
            changed("claims", json!({ "key": "x" })),
            "is the id of the key",
        ),
        (
            changed("claims", json!({ "a": "x".repeat(8_200) })),
            "claims have 8192 bytes",
        ),
        (changed("hash", json!("x")), "unknown field"),
        (json!([]), "not the JSON it must be"),
        (Value::Null, "a key needs a name"),
    ] {
        let answer = order(&server, &operator, "POST /admin/api-keys", &body);
        assert_eq!(fate(&answer), refused(400, "admin.invalid"), "{body}");
        let message = answer.json()["errors"][0]["message"].to_string();
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn an_order_comes_the_way_of_every_request() {
    let project = ruled();
    let limit = "rates.rules=[{ per = 'caller', requests = 100, period_seconds = 3600 }]";
    let small = "server.body_bytes_max=10000";
    let server = project.serve(&[ON, OPERATORS, limit, small]).ready();
    let operator = key(&project, "auditor");
    let post = |line: &str, headers: &[&str], body: &[u8]| {
        let shown = format!("x-api-key: {operator}");
        fate(&server.ask(line, &[&[&*shown], headers].concat(), body))
    };
    let (keys, long) = ("POST /admin/api-keys", vec![b' '; 10_001]);
    assert_eq!(
        post(keys, &[JSON], &long),
        refused(413, "http.body_too_large")
    );
    let form = "content-type: application/x-www-form-urlencoded";
    assert_eq!(
        post(keys, &[form], b"{}"),
        refused(415, "http.content_type")
    );
    let foreign = "origin: https://other.example";
    assert_eq!(
        post(keys, &[JSON, foreign], b"{}"),
        refused(403, "http.cross_site")
    );
    let revoke = "POST /admin/api-keys/nobodys/revoke";
    for kind in [&[JSON][..], &[]] {
        assert_eq!(post(revoke, kind, b""), refused(404, "admin.unknown"));
    }
    assert_eq!(post(revoke, &[], b"{}"), refused(415, "http.content_type"));
    let get = "GET /admin/api-keys/nobodys/revoke";
    assert_eq!(post(get, &[], b""), refused(405, "http.method"));
    assert_eq!(
        post("POST /admin/other", &[JSON], b""),
        refused(404, "http.not_found")
    );
    let made = create(&project, &[]);
    let gone = text(&made, "id");
    project.run(&["api-key", "revoke", gone]);
    let rotate = format!("POST /admin/api-keys/{gone}/rotate");
    assert_eq!(post(&rotate, &[JSON], b"{}"), refused(409, "admin.revoked"));
    let exceeded = || post("GET /admin/api-keys", &[], b"") == refused(429, "rates.exceeded");
    assert!((0..100).any(|_| exceeded()));
}

#[test]
fn strangers_are_no_operators() {
    let project = ruled();
    let settings = ["--set", OPERATORS, "--set", "auth.anonymous_role=auditor"];
    let told = project.fail(&[&["serve", "."], &settings[..]].concat());
    assert!(told.contains("everybody would be an operator"), "{told}");
}

#[test]
fn what_will_hardly_be_meant_is_said_at_start() {
    let project = ruled();
    let said = |settings: &[&str]| {
        let server = project.serve(settings);
        let lines = server.begun.iter().map(|line| line["message"].to_string());
        lines.collect::<String>()
    };
    let none = said(&["auth.admin_roles=[]"]);
    assert!(none.contains("nothing tells callers apart"), "{none}");
    let limited = said(&[
        "auth.anonymous_role=clark",
        "rates.rules=[{ per = 'caller', requests = 9, roles = ['auditr'] }]",
    ]);
    for part in [
        "auth.anonymous_role names the role",
        "clark",
        "rates.rules names the role",
        "auditr",
        "no rule of rates.rules counts by ip",
    ] {
        assert!(limited.contains(part), "{part}: {limited}");
    }
    let operators = said(&["auth.admin_roles=['clerc']"]);
    let named = "auth.admin_roles names the role";
    assert!(operators.contains(named), "{operators}");
    let quiet = said(&["auth.anonymous_role=clerk"]);
    assert!(
        !quiet.contains("role") && !quiet.contains("rates"),
        "{quiet}"
    );
}
