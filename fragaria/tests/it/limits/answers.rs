//! Answers that their receivers do not take: all together have a bound.

use super::counted;
use crate::client::{Client, OTHER, PATIENCE};
use crate::frames;
use crate::project::{MANY, Project};
use crate::server::Server;
use std::time::Instant;

/// `{ readings(limit: 1400) { id note } }`, which is nearly the longest answer that is held whole.
const LONG: &str = "/graphql?query=%7Breadings(limit:1400)%7Bid%20note%7D%7D";
/// Lists of up to so many rows are held whole, if they are not too long.
const WHOLE: &str = "limits.shared_rows_max=10000";
/// All of them, which is a stream.
const STREAM: &str = "/graphql?query=%7Breadings%7Bid%20note%7D%7D";
/// Requests on a connection: as many as there may be.
const STREAMS: u32 = 128;

/// All that may wait, and the half of it that may for one address.
const ALL: u64 = 4 << 20;
const SETTINGS: [&str; 4] = [
    "server.answers_bytes_max=4194304",
    "database.write_bytes_max=262144",
    "server.stall_timeout_ms=60000",
    WHOLE,
];

/// A client that asks as often as it may, and takes nothing of any answer.
fn asking_over_http_2(mut client: Client, path: &str) -> Client {
    let requests = (0..STREAMS).map(|number| frames::get(1 + 2 * number, path));
    let requests = requests.collect::<Vec<_>>().concat();
    client
        .send([frames::preface(0), requests].concat())
        .unwrap();
    client
}

/// What the metrics say of a thing, to somebody at another address.
fn seen_from_elsewhere(server: &Server, name: &str) -> u64 {
    let mut client = Client::from(OTHER, server.address);
    client.request("GET /metrics", &[], b"").unwrap();
    let text = String::from_utf8(client.response().unwrap().body).unwrap();
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
    values.next().unwrap().trim().parse().unwrap()
}

fn until(server: &Server, name: &str, holds: impl Fn(u64) -> bool) -> u64 {
    let start = Instant::now();
    loop {
        let value = seen_from_elsewhere(server, name);
        if holds(value) {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "{name} stays {value}");
    }
}

#[test]
fn answers_that_nobody_takes_over_http_2_have_a_bound() {
    let project = Project::large();
    for path in [LONG, STREAM] {
        let server = project.serve(&SETTINGS).ready();
        let (before, _) = server.memory();
        let clients: Vec<_> = (0..3)
            .map(|_| asking_over_http_2(server.client(), path))
            .collect();
        let refused = "fragaria_http_answers_share_refused_total";
        // All others than those that have room are refused.
        until(&server, refused, |refused| refused > 300);
        let held = seen_from_elsewhere(&server, "fragaria_http_answers_bytes");
        assert!(held > ALL / 4 && held < ALL / 2 + (1 << 20), "{held} bytes");
        let (_, most) = server.memory();
        let grown = (most - before) >> 20;
        assert!(grown < 48, "{grown} MiB");
        drop(clients);
        until(&server, "fragaria_http_answers_bytes", |held| held == 0);
        assert_eq!(server.ask(&format!("GET {LONG}"), &[], b"").status, 200);
    }
}

#[test]
fn who_takes_no_answers_is_refused_before_anything_is_done_and_others_are_not() {
    let project = Project::large();
    let server = project.serve(&SETTINGS).ready();
    let greedy = asking_over_http_2(server.client(), LONG);
    let share_refused = "fragaria_http_answers_share_refused_total";
    until(&server, share_refused, |refused| refused > 100);
    let document = "mutation { createProduct(input: {id: 10, name: \"x\"}) { id } }";
    let refused = server.graphql(document);
    assert_eq!(
        (
            refused.status,
            &*refused.code(),
            refused.header("retry-after")
        ),
        (503, "http.answers_share", "1")
    );
    assert_eq!(server.get("/metrics").code(), "http.answers_share");
    assert_eq!(server.get("/health/ready").status, 200);
    let mut other = Client::from(OTHER, server.address);
    other.request(&format!("GET {LONG}"), &[], b"").unwrap();
    let answer = other.response().unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.headers.contains_key("content-length"));
    let greedy_too = asking_over_http_2(Client::from(OTHER, server.address), LONG);
    let mut third = Client::from([127, 0, 0, 3], server.address);
    let start = Instant::now();
    let refused = loop {
        third.request(&format!("GET {LONG}"), &[], b"").unwrap();
        let answer = third.response().unwrap();
        if answer.status == 503 {
            break answer;
        }
        assert!(start.elapsed() < PATIENCE, "there is room for all");
    };
    assert_eq!(refused.code(), "http.answers_full");
    drop((greedy, greedy_too));
    server.until("/metrics", |metrics| metrics.status == 200);
    assert!(counted(&server, "http.answers_full") >= 1);
    let product = server.graphql("{ product(id: 10) { id } }").json();
    assert_eq!(product["data"]["product"], serde_json::Value::Null);
    assert_eq!(server.graphql(document).status, 200);
}

#[test]
fn an_answer_has_its_room_until_its_last_byte_is_taken_however_it_comes() {
    let project = Project::large();
    let server = project
        .serve(&["database.whole_bytes_max=1048576", WHOLE])
        .ready();
    let held = "fragaria_http_answers_bytes";
    let whole = "/graphql?query=%7Breadings(limit:6000)%7Bid%20note%7D%7D";
    for headers in [&[][..], &["accept-encoding: gzip"]] {
        for path in [whole, STREAM] {
            let mut client = Client::narrow(server.address);
            client
                .request(&format!("GET {path}"), headers, b"")
                .unwrap();
            let mut answer = client.head().unwrap();
            let is_known = answer.headers.contains_key("content-length");
            assert_eq!(is_known, path == whole && headers.is_empty());
            // Packed whole, it may all be on its way.
            if headers.is_empty() || path == STREAM {
                until(&server, held, |held| held > 500_000);
            }
            client.body(&mut answer).unwrap();
            if headers.is_empty() {
                let rows = answer.json()["data"]["readings"].as_array().unwrap().len();
                assert_eq!(rows, if path == whole { 6_000 } else { MANY });
            }
            until(&server, held, |held| held == 0);
        }
    }
}
