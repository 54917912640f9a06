//! Stopping: nothing that was begun is lost, and nothing goes on for ever.

use crate::client::{Client, Response};
use crate::project::{MANY, Project};
use crate::server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const JSON: &str = "content-type: application/json";
const QUERY: &[u8] = br#"{"query":"{ product(id: 1) { name } }"}"#;

#[test]
fn requests_under_way_are_answered_when_the_server_is_told_to_stop() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let address = server.address;
    let answered = Arc::new(AtomicUsize::new(0));
    let stopped = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (answered, stopped) = (answered.clone(), stopped.clone());
            thread::spawn(move || ask_until_told_to_close(address, &answered, &stopped))
        })
        .collect();
    while answered.load(Ordering::Relaxed) < 200 {
        thread::yield_now();
    }
    stopped.store(true, Ordering::Relaxed);
    server.signal("TERM");
    for client in clients {
        client.join().unwrap();
    }
    assert!(server.ended().success());
}

/// Every request on a connection is answered, until an answer says that the connection closes.
fn ask_until_told_to_close(
    address: std::net::SocketAddr,
    answered: &AtomicUsize,
    stopped: &AtomicBool,
) {
    let mut client = Client::connect(address);
    loop {
        client.request("POST /graphql", &[JSON], QUERY).unwrap();
        let response = client.response().unwrap();
        assert_eq!(response.status, 200);
        answered.fetch_add(1, Ordering::Relaxed);
        if response.header("connection") == "close" {
            assert!(stopped.load(Ordering::Relaxed));
            return;
        }
    }
}

/// A server in the middle of an answer of which its client took the head and nothing more.
fn streaming(settings: &[&str]) -> (Project, Server, Client, Response) {
    let project = Project::large();
    let server = project.serve(settings).ready();
    let mut client = Client::narrow(server.address);
    let query = br#"{"query":"{ readings { id note } }"}"#;
    client.request("POST /graphql", &[JSON], query).unwrap();
    let head = client.head().unwrap();
    (project, server, client, head)
}

#[test]
fn an_answer_that_streams_is_finished_after_the_signal() {
    let (_project, server, mut client, mut response) = streaming(&[]);
    let mut other = server.client();
    other.request("GET /health/live", &[], b"").unwrap();
    other.response().unwrap();
    server.signal("TERM");
    server.logged("stopping: requests in flight finish");
    other.request("GET /health/ready", &[], b"").unwrap();
    let ready = other.response().unwrap();
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (503, &"draining".into())
    );
    client.body(&mut response).unwrap();
    let rows = response.json()["data"]["readings"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(rows, MANY);
    assert!(server.ended().success());
}

#[test]
fn the_grace_time_bounds_the_stop() {
    let (_project, server, _client, _head) = streaming(&["server.shutdown_grace_ms=200"]);
    server.signal("TERM");
    server.logged("stopped: the grace time passed, requests in flight were cut");
    assert!(server.ended().success());
}

#[test]
fn a_second_signal_ends_at_once() {
    let (_project, server, _client, _head) = streaming(&[]);
    server.signal("INT");
    server.logged("stopping: requests in flight finish");
    server.signal("INT");
    assert_eq!(server.ended().code(), Some(1));
}
