//! Clients that send nonsense, too much, too slowly, or take too little.

use crate::client::{Client, OTHER, PATIENCE};
use crate::frames;
use crate::project::Project;
use crate::server::Server;
use std::time::{Duration, Instant};

const POST: &str = "POST /graphql";
const JSON: &str = "content-type: application/json";

/// How many bad requests a server is sent.
const BAD: usize = 10_000;

/// A reading of half a million letters.
const LONG_NOTE: &str = "INSERT INTO reading VALUES (1, printf('%.*c', 500000, 'a'))";

/// A pattern that is tried at each of them, and never matches.
fn tries() -> String {
    format!("%{}b%", "a_".repeat(990))
}

#[test]
fn ten_thousand_bad_requests_leave_the_server_healthy() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let (light, heavy) = (light_bodies(), heavy_bodies());
    let mut client = server.client();
    for number in 0..BAD {
        // The heavy ones take long in a build for tests, so they are few.
        let (bodies, number) = match number % 40 {
            0 => (&heavy, number / 40),
            _ => (&light, number),
        };
        let body = &bodies[number % bodies.len()];
        client.request(POST, &[JSON], body).unwrap();
        let response = client.response().unwrap();
        assert!(matches!(response.status, 200 | 400), "{response:?}");
        assert!(response.json()["errors"].is_array(), "{response:?}");
    }
    assert_healthy(&server);
    // Ours, and the one that asks.
    server.until("/metrics", |metrics| {
        String::from_utf8_lossy(&metrics.body).contains("fragaria_http_connections 2\n")
    });
}

/// Documents that keep the parser busy up to its bounds.
fn heavy_bodies() -> Vec<Vec<u8>> {
    [
        "{ a ".repeat(10_000),
        "{ a ".repeat(4_000),
        format!("{{ products(where: {}", "{ and: [".repeat(5_000)),
        format!("{{ products(where: {}", "{ and: [".repeat(1_500)),
        aliases(6_000),
    ]
    .iter()
    .map(|document| query(document))
    .collect()
}

fn query(document: &str) -> Vec<u8> {
    serde_json::json!({ "query": document })
        .to_string()
        .into_bytes()
}

fn light_bodies() -> Vec<Vec<u8>> {
    let deep = |open: &str, levels: usize| open.repeat(levels);
    let variable = |json: &str| {
        let query = "query ($id: Int!) { product(id: $id) { name } }";
        format!(r#"{{"query":"{query}","variables":{{"id":{json}}}}}"#).into_bytes()
    };
    vec![
        b"nonsense".to_vec(),
        b"{\"query\":".to_vec(),
        b"{\"query\":\"\xff\xfe\"}".to_vec(),
        b"\x00\x01\x02".to_vec(),
        br#"{"query":"\ud800"}"#.to_vec(),
        format!("{{\"query\":{}", deep("[", 100_000)).into_bytes(),
        query(&format!("{{ {} }}", deep("x: __typename ", 20_000))),
        query("fragment A on Query { ...A } { ...A }"),
        query("subscription { a }"),
        query("{ products(limit: 99999999999999999999999999) { id } }"),
        query("{ products(limit: -1) { id } }"),
        query("\u{0}\u{1f353}"),
        variable("1e999"),
        variable("99999999999999999999999999999999999999"),
        variable("\"1\""),
        variable(&deep("[", 50_000)),
        variable(&format!("{}1{}", deep("[", 100), deep("]", 100))),
        variable("null"),
    ]
}

fn aliases(count: usize) -> String {
    let fields: Vec<_> = (0..count).map(|n| format!("a{n}: __typename")).collect();
    format!("{{ {} }}", fields.join(" "))
}

fn assert_healthy(server: &Server) {
    assert_eq!(server.get("/health/ready").status, 200);
    let body = server.graphql("{ product(id: 2) { name } }").json();
    assert_eq!(body["data"]["product"]["name"], "Raspberry");
}

#[test]
fn a_body_above_the_bound_is_refused_before_it_is_sent() {
    let project = Project::small();
    let server = project.serve(&["server.body_bytes_max=1000"]).ready();
    let mut client = server.client();
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    client
        .send(format!("{head}content-length: 1001\r\n\r\n"))
        .unwrap();
    let announced = client.response().unwrap();
    assert_eq!(
        (announced.status, &*announced.code()),
        (413, "http.body_too_large")
    );
    let mut client = server.client();
    let chunk = format!("3e9\r\n{}\r\n", "x".repeat(1001));
    client
        .send(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}"))
        .unwrap();
    assert_eq!(client.response().unwrap().status, 413);
    assert_healthy(&server);
}

#[test]
fn bodies_above_the_bound_they_share_wait_and_are_refused() {
    let project = Project::small();
    project.sql(LONG_NOTE);
    let server = project
        .serve(&[
            "server.body_bytes_max=100000",
            "server.bodies_bytes_max=102400",
            "server.body_timeout_ms=300",
            "database.read_timeout_ms=3000",
            "database.write_timeout_ms=3000",
            "limits.pattern_wildcards_max=1000",
        ])
        .ready();
    let sized = |document: &str, bytes: usize| {
        let mut body = query(document);
        body.resize(bytes, b' ');
        body
    };
    let tries = format!("{{ note: {{ like: \"{}\" }} }}", tries()).repeat(8);
    let slow = format!("{{ readings(where: {{ or: [{tries}] }}) {{ id }} }}");
    let mut first = server.client();
    first.request(POST, &[JSON], &sized(&slow, 90_000)).unwrap();
    server.until("/metrics", |metrics| {
        String::from_utf8_lossy(&metrics.body).contains("fragaria_http_bodies_bytes 90000\n")
    });
    let fine = "{ product(id: 2) { name } }";
    assert_eq!(server.ask(POST, &[JSON], &sized(fine, 9_000)).status, 200);
    let mut other = Client::from(OTHER, server.address);
    other.request(POST, &[JSON], &sized(fine, 20_000)).unwrap();
    let refused = other.response().unwrap();
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "http.bodies_full")
    );
    assert_eq!(server.metric("fragaria_http_bodies_refused_total"), 1);
    assert_eq!(&*first.response().unwrap().code(), "store.timeout");
    assert_eq!(server.ask(POST, &[JSON], &sized(fine, 90_000)).status, 200);
    assert_eq!(server.metric("fragaria_http_bodies_bytes"), 0);
}

#[test]
fn a_head_above_the_bound_is_refused() {
    let project = Project::small();
    let server = project.serve(&["server.header_bytes_max=8192"]).ready();
    let mut client = server.client();
    let long = format!("x-long: {}", "x".repeat(10_000));
    client.request("GET /health/live", &[&long], b"").unwrap();
    assert_eq!(client.response().unwrap().status, 431);
}

#[test]
fn a_client_that_sends_its_head_or_nothing_too_slowly_is_cut() {
    let project = Project::small();
    let server = project.serve(&["server.header_timeout_ms=200"]).ready();
    let mut silent = server.client();
    let mut slow = server.client();
    slow.send("POST /graphql HTTP/1.1\r\nhost:").unwrap();
    let mut kept = server.client();
    kept.request("GET /health/live", &[], b"").unwrap();
    assert_eq!(kept.response().unwrap().status, 200);
    assert!(silent.is_closed() && slow.is_closed());
    // A connection that rests between requests is not a slow one.
    kept.request("GET /health/live", &[], b"").unwrap();
    assert_eq!(kept.response().unwrap().status, 200);
    assert_eq!(server.metric("fragaria_http_connections_cut_total"), 2);
}

#[test]
fn a_client_that_sends_its_body_too_slowly_is_told_so() {
    let project = Project::small();
    let server = project.serve(&["server.body_timeout_ms=200"]).ready();
    let mut client = server.client();
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    client
        .send(format!("{head}content-length: 100\r\n\r\n{{"))
        .unwrap();
    let response = client.response().unwrap();
    assert_eq!(
        (response.status, &*response.code()),
        (408, "http.body_timeout")
    );
}

#[test]
fn an_idle_connection_is_closed() {
    let project = Project::small();
    let server = project.serve(&["server.idle_timeout_ms=200"]).ready();
    let mut client = server.client();
    client.request("GET /health/live", &[], b"").unwrap();
    client.response().unwrap();
    assert!(client.is_closed());
    assert_eq!(server.metric("fragaria_http_connections_cut_total"), 0);
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut() {
    let project = Project::large();
    let server = project.serve(&["server.stall_timeout_ms=300"]).ready();
    let mut client = Client::narrow(server.address);
    ask_for_everything(&mut client);
    assert_eq!(client.head().unwrap().status, 200);
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains("fragaria_http_connections_cut_total 1")
    });
    let line = server.logged("request");
    assert_eq!(
        (&line["outcome"], &line["code"]),
        (&"aborted".into(), &"http.stalled".into())
    );
    assert_eq!(
        server.metric("fragaria_http_faults_total{code=\"http.stalled\"}"),
        1
    );
    assert_healthy(&server);
}

/// Reads so many bytes of a body every tenth of a second, for as long as it is to take; how many came.
fn read_steadily(server: &Server, client: &mut Client, bytes: usize, long: Duration) -> usize {
    let begun = Instant::now();
    let mut taken = 0;
    while begun.elapsed() < long {
        let next = Instant::now() + Duration::from_millis(100);
        taken += client.take(bytes).unwrap();
        while Instant::now() < next {
            server.get("/health/live");
        }
    }
    taken
}

#[test]
fn a_client_that_takes_its_answer_slowly_is_not_cut_while_it_takes() {
    let project = Project::large();
    let server = project
        .serve(&[
            "server.stall_timeout_ms=1500",
            "database.stall_timeout_ms=1500",
        ])
        .ready();
    let mut client = server.client();
    ask_for_everything(&mut client);
    assert_eq!(client.head().unwrap().status, 200);
    // What waits in the kernel of either end for a client that takes all it can is not to hide it.
    let taken = read_steadily(&server, &mut client, 30_000, Duration::from_secs(8));
    assert!(taken > 1_000_000, "{taken}");
    assert_eq!(server.metric("fragaria_http_connections_cut_total"), 0);
    assert_eq!(server.metric("fragaria_store_pool_in_use"), 1);
    assert!(client.rest().ends_with(b"0\r\n\r\n"), "it has an end");
    assert_eq!(server.logged("request")["outcome"], "ok");
}

#[test]
fn a_client_that_only_pings_while_it_takes_nothing_is_cut() {
    let project = Project::large();
    let server = project.serve(&["server.stall_timeout_ms=300"]).ready();
    let path = "/graphql?query=%7B%20readings%20%7B%20id%20note%20%7D%20%7D";
    for window in [0, 10_240] {
        let mut client = server.client();
        let begin = [frames::preface(window), frames::get(1, path)].concat();
        client.send(begin).unwrap();
        let begun = Instant::now();
        while client.send(frames::ping()).is_ok() && client.take_what_comes().is_ok() {
            assert!(begun.elapsed() < PATIENCE, "it is not cut");
        }
    }
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains("fragaria_http_connections_cut_total 2")
    });
    assert_healthy(&server);
}

#[test]
fn a_pattern_on_a_long_text_takes_no_longer_than_a_statement_may() {
    let project = Project::small();
    project.sql(LONG_NOTE);
    let server = project
        .serve(&[
            "database.read_timeout_ms=2000",
            "database.write_timeout_ms=2000",
            "limits.pattern_wildcards_max=1000",
        ])
        .ready();
    let ask = |comparison: &str, pattern: &str| {
        let condition = format!("{{ note: {{ {comparison}: \"{pattern}\" }} }}");
        server.graphql(&format!("{{ readings(where: {condition}) {{ id }} }}"))
    };
    let literal = "a".repeat(4_000) + "b";
    for comparison in ["contains", "startsWith", "endsWith", "like"] {
        let answer = ask(comparison, &literal).json();
        assert_eq!(answer["data"]["readings"].as_array().unwrap().len(), 0);
    }
    for comparison in ["like", "ilike"] {
        let begun = Instant::now();
        assert_eq!(&*ask(comparison, &tries()).code(), "store.timeout");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_client_that_goes_away_leaves_a_cancelled_line_and_nothing_else() {
    let project = Project::large();
    let server = project.serve(&[]).ready();
    let mut client = Client::narrow(server.address);
    ask_for_everything(&mut client);
    assert_eq!(client.head().unwrap().status, 200);
    drop(client);
    assert_eq!(server.logged("request")["outcome"], "cancelled");
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains("fragaria_http_requests_in_flight 1")
    });
    assert_healthy(&server);
}

fn ask_for_everything(client: &mut Client) {
    let body = br#"{"query":"{ readings { id note } }"}"#;
    client.request(POST, &[JSON], body).unwrap();
}

#[test]
fn connections_above_the_bound_are_refused_and_counted() {
    let project = Project::small();
    let server = project.serve(&[
        "server.connections_max=2",
        "server.connections_share_percent=100",
    ]);
    let mut first = server.client();
    first.request("GET /health/live", &[], b"").unwrap();
    assert_eq!(first.response().unwrap().status, 200);
    let mut second = server.client();
    second.request("GET /health/live", &[], b"").unwrap();
    assert_eq!(second.response().unwrap().status, 200);
    let mut third = server.client();
    assert_eq!(third.response().unwrap().status, 503);
    second.request("GET /metrics", &[], b"").unwrap();
    let metrics = String::from_utf8(second.response().unwrap().body).unwrap();
    assert!(metrics.contains("fragaria_http_connections_refused_total 1"));
}
