//! Rate limits as clients meet them.

use crate::client::Response;
use crate::project::{Project, told};
use crate::server::Server;
use serde_json::json;

const JSON: &str = "content-type: application/json";

/// Two requests a minute from each address.
const TWO: &str = "rates.rules=[{ per = 'ip', requests = 2, period_seconds = 60 }]";

const QUERY: &str = "{ product(id: 1) { name } }";

fn serve(settings: &[&str]) -> (Project, Server) {
    let project = Project::small();
    let server = project.serve(settings).ready();
    (project, server)
}

/// A query that says by a header line where it came from.
fn from(server: &Server, header: &str) -> Response {
    let body = json!({ "query": QUERY }).to_string();
    server.ask("POST /graphql", &[JSON, header], body.as_bytes())
}

fn statuses(server: &Server, headers: &[&str]) -> Vec<u16> {
    let ask = |header: &&str| from(server, header).status;
    headers.iter().map(ask).collect()
}

#[test]
fn a_client_is_told_what_holds_by_default() {
    let (_project, server) = serve(&[]);
    let response = server.graphql(QUERY);
    assert_eq!(response.status, 200);
    let policy = "\"ip\";q=1000;w=1;fragaria-burst=10000";
    assert_eq!(response.header("ratelimit-policy"), policy);
    assert_eq!(response.header("ratelimit"), "\"ip\";r=9999;t=1");
    assert_eq!(server.get("/health/live").header("ratelimit"), "");
}

#[test]
fn a_client_that_asks_too_often_is_refused_and_told_when_to_come_again() {
    let (_project, server) = serve(&[TWO]);
    for left in [1, 0] {
        let response = server.graphql(QUERY);
        assert_eq!(response.status, 200);
        let standing = format!("\"ip\";r={left};t=");
        assert!(response.header("ratelimit").starts_with(&standing));
    }
    for accept in ["application/json", "application/graphql-response+json"] {
        let refused = from(&server, &format!("accept: {accept}"));
        assert_eq!((refused.status, &*refused.code()), (429, "rates.exceeded"));
        let after: u64 = refused.header("retry-after").parse().unwrap();
        assert!((29..=30).contains(&after), "{after}");
        assert_eq!(refused.header("ratelimit"), format!("\"ip\";r=0;t={after}"));
    }
    let line = server.read_log("request").pop().unwrap();
    assert_eq!(line["limit"], json!(null));
    let refused = [(); 3].map(|()| server.logged("request"));
    let refused = &refused[2];
    assert_eq!(
        (&refused["limit"], &refused["status"]),
        (&json!("ip"), &json!(429))
    );
    let decisions = "fragaria_rates_decisions_total{rule=\"ip\",outcome=";
    assert_eq!(server.metric(&format!("{decisions}\"allowed\"}}")), 2);
    assert_eq!(server.metric(&format!("{decisions}\"refused\"}}")), 2);
    assert_eq!(server.metric("fragaria_rates_entries"), 1);
}

#[test]
fn who_asks_too_often_is_refused_before_its_body_is_read() {
    let (_project, server) = serve(&[TWO]);
    assert_eq!(statuses(&server, &["x: 1", "x: 2"]), [200, 200]);
    let mut client = server.client();
    let head = [JSON, "content-length: 1000"];
    client.request("POST /graphql", &head, b"").unwrap();
    assert_eq!(client.response().unwrap().status, 429);
}

#[test]
fn a_header_that_nobody_was_told_to_believe_changes_nothing() {
    let (_project, server) = serve(&[TWO]);
    let headers = [
        "x-forwarded-for: 1.1.1.1",
        "x-forwarded-for: 2.2.2.2",
        "forwarded: for=3.3.3.3",
    ];
    assert_eq!(statuses(&server, &headers), [200, 200, 429]);
}

#[test]
fn behind_proxies_clients_are_counted_apart_and_cannot_choose_who_they_are() {
    let (_project, server) = serve(&[TWO, "rates.trusted_hops=2"]);
    let headers = [
        "x-forwarded-for: 1.1.1.1, 10.0.0.1",
        "x-forwarded-for: 6.6.6.6, 1.1.1.1, 10.0.0.1",
        "x-forwarded-for: 7.7.7.7, 1.1.1.1, 10.0.0.1",
        "x-forwarded-for: 2.2.2.2, 10.0.0.1",
        "x-forwarded-for: 2001:db8::1, 10.0.0.1",
        "x-forwarded-for: 2001:db8::2, 10.0.0.1",
        "x-forwarded-for: 2001:db8::3, 10.0.0.1",
    ];
    let told = [200, 200, 429, 200, 200, 200, 429];
    assert_eq!(statuses(&server, &headers), told);
}

#[test]
fn a_request_that_passed_the_proxies_by_is_refused() {
    let settings = ["rates.trusted_hops=1", "rates.forwarded=forwarded"];
    let (_project, server) = serve(&settings);
    assert_eq!(from(&server, "forwarded: for=1.1.1.1").status, 200);
    for header in ["x-forwarded-for: 1.1.1.1", "forwarded: for=unknown"] {
        let refused = from(&server, header);
        assert_eq!((refused.status, &*refused.code()), (400, "rates.proxies"));
    }
}

#[test]
fn an_operation_is_counted_by_its_name() {
    let rule = "rates.rules=[{ per = 'operation', operations = ['A'], requests = 1, period_seconds = 60 }]";
    let (_project, server) = serve(&[rule]);
    let a = "query A { product(id: 1) { name } }";
    let b = "query B { product(id: 1) { name } }";
    let asked = [a, b, a, b].map(|document| server.graphql(document).status);
    assert_eq!(asked, [200, 200, 429, 200]);
}

#[test]
fn a_rule_that_cannot_be_kept_is_refused_at_the_start() {
    let project = Project::small();
    for (rules, message) in [
        (
            "[{ per = 'ip' }]",
            "rates.rules: rule 1, ip: it needs `requests` or `cost`, of at least 1",
        ),
        (
            "[{ requests = 1, burst = 0 }]",
            "rates.rules: rule 1, ip: burst: 0 is not between 1 and 1000000000",
        ),
        (
            "[{ per = 'planet', requests = 1 }]",
            "rates.rules: unknown variant planet, expected one of ip, caller, key, tenant, operation",
        ),
        (
            "[{ per = 'ip', request = 1 }]",
            "rates.rules: unknown field request, expected one of name, per, requests",
        ),
    ] {
        let output = project.output(&["serve", "--set", &format!("rates.rules={rules}")]);
        assert!(told(&output).contains(message), "{}", told(&output));
    }
}

#[test]
fn an_operation_is_counted_by_what_it_costs() {
    let rule = "rates.rules=[{ per = 'caller', cost = 50, period_seconds = 3600 }]";
    let (_project, server) = serve(&[rule]);
    let twenty = "{ products(limit: 20) { name } }";
    let asked = [twenty, twenty, twenty, "{ products(limit: 10) { name } }"];
    let asked = asked.map(|document| server.graphql(document).status);
    assert_eq!(asked, [200, 200, 429, 200]);
    let refused = server.graphql(QUERY);
    assert_eq!(refused.status, 429);
    let policy = "\"caller\";q=50;qu=\"fragaria-cost\";w=3600;fragaria-burst=50";
    assert_eq!(refused.header("ratelimit-policy"), policy);
}
