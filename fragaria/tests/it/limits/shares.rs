//! What one address may have of a bounded thing, so that others find some.

use super::{JSON, counted};
use crate::client::{Client, OTHER, PATIENCE, Response};
use crate::project::Project;
use crate::server::Server;
use serde_json::json;
use std::time::Instant;

const LIVE: &str = "GET /health/live";

/// A client that has asked something and keeps its connection.
fn kept(mut client: Client) -> Client {
    client.request(LIVE, &[], b"").unwrap();
    assert_eq!(client.response().unwrap().status, 200);
    client
}

/// Whether a connection is taken.
fn is_taken(mut client: Client) -> bool {
    let _ = client.request(LIVE, &[], b"");
    client.response().is_ok_and(|answer| answer.status == 200)
}

#[test]
fn an_address_with_many_connections_leaves_some_to_others() {
    let project = Project::small();
    let server = project.serve(&["server.connections_max=6"]);
    let mut greedy: Vec<_> = (0..3).map(|_| kept(server.client())).collect();
    let refused = server.client().response().unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    for _ in 0..3 {
        assert!(is_taken(Client::from(OTHER, server.address)));
    }
    let metrics = {
        let client = &mut greedy[0];
        client.request("GET /metrics", &[], b"").unwrap();
        String::from_utf8(client.response().unwrap().body).unwrap()
    };
    for line in [
        "fragaria_http_connections_share_refused_total 1\n",
        "fragaria_http_connections_refused_total 0\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    drop(greedy);
    let start = Instant::now();
    while !is_taken(server.client()) {
        assert!(start.elapsed() < PATIENCE, "its connections are over");
    }
}

/// A body of so many bytes.
fn sized(document: &str, bytes: usize) -> Vec<u8> {
    let mut body = json!({ "query": document }).to_string().into_bytes();
    body.resize(bytes, b' ');
    body
}

/// A request that the proxy passes on for an address.
fn passed_on(server: &Server, from: &str, bytes: usize) -> Response {
    let from = format!("x-forwarded-for: {from}");
    let body = sized("{ product(id: 1) { name } }", bytes);
    server.ask("POST /graphql", &[JSON, &from], &body)
}

#[test]
fn an_address_with_many_bodies_leaves_room_to_others() {
    let project = Project::small();
    let settings = [
        "rates.trusted_hops=1",
        "server.body_bytes_max=40960",
        "server.bodies_bytes_max=102400",
        "server.body_timeout_ms=300",
        "database.sqlite.busy_timeout_ms=30000",
        "database.write_timeout_ms=30000",
    ];
    let server = project.serve(&settings).ready();
    let database = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let write = "mutation { createProduct(input: {id: 10, name: \"x\"}) { id } }";
    let mut greedy = server.client();
    let headers = [JSON, "x-forwarded-for: 203.0.113.1"];
    let body = sized(write, 40_960);
    greedy.request("POST /graphql", &headers, &body).unwrap();
    server.until("/metrics", |metrics| {
        String::from_utf8_lossy(&metrics.body).contains("fragaria_http_bodies_bytes 40960\n")
    });
    let refused = passed_on(&server, "203.0.113.1", 20_480);
    assert_eq!(
        (
            refused.status,
            &*refused.code(),
            refused.header("retry-after")
        ),
        (503, "http.bodies_share", "1")
    );
    // What is within the share is taken, and another address has one of its own.
    assert_eq!(passed_on(&server, "203.0.113.1", 8_192).status, 200);
    assert_eq!(passed_on(&server, "203.0.113.2", 40_960).status, 200);
    assert_eq!(counted(&server, "http.bodies_share"), 1);
    assert_eq!(server.metric("fragaria_http_bodies_share_refused_total"), 1);
    assert_eq!(server.metric("fragaria_http_bodies_refused_total"), 0);
    database.execute_batch("COMMIT").unwrap();
    assert_eq!(greedy.response().unwrap().status, 200);
    assert_eq!(passed_on(&server, "203.0.113.1", 20_480).status, 200);
}

#[test]
fn a_share_that_is_none_stops_the_start() {
    let project = Project::small();
    for key in [
        "server.connections_share_percent",
        "server.bodies_share_percent",
        "server.answers_share_percent",
        "tls.handshakes_share_percent",
        "auth.introspection.questions_share_percent",
    ] {
        for percent in ["0", "101"] {
            let setting = format!("{key}={percent}");
            let answer = project.fail(&["config", "--set", &setting]);
            let told = format!("{key}: {percent} is not between 1 and 100");
            assert!(answer.contains(&told), "{answer}");
        }
    }
}
