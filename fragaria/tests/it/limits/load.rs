//! Requests that are worked on at a time: one more is refused at once, a mutation last.

use super::{JSON, counted};
use crate::client::Client;
use crate::project::Project;
use crate::server::Server;
use serde_json::json;

const READ: &str = "{ product(id: 1) { name } }";

/// A client that has sent a mutation and does not wait for its answer.
fn writing(server: &Server, id: u32) -> Client {
    writing_as(server, id, &[])
}

/// The same of a caller that shows these headers.
fn writing_as(server: &Server, id: u32, headers: &[&str]) -> Client {
    let document =
        format!("mutation {{ createProduct(input: {{id: {id}, name: \"{id}\"}}) {{ id }} }}");
    let body = json!({ "query": document }).to_string();
    let mut client = server.client();
    let headers = [&[JSON], headers].concat();
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
    client
}

/// Each of these clients is told that its row is there.
fn assert_written(clients: Vec<Client>) {
    for mut client in clients {
        let answer = client.response().unwrap().json();
        assert!(
            answer["data"]["createProduct"]["id"].is_number(),
            "{answer}"
        );
    }
}

fn until_in_flight(server: &Server, count: usize) {
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains(&format!("fragaria_load_in_flight {count}\n"))
    });
}

#[test]
fn a_request_too_many_is_refused_at_once_and_a_mutation_last() {
    let project = Project::small();
    let settings = [
        "load.in_flight_max=2",
        "load.in_flight_min=2",
        "database.sqlite.busy_timeout_ms=30000",
        "database.read_timeout_ms=30000",
        "database.write_timeout_ms=30000",
    ];
    let server = project.serve(&settings).ready();
    assert_eq!(server.metric("fragaria_load_limit"), 2);
    let other = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut clients: Vec<_> = (10..12).map(|id| writing(&server, id)).collect();
    until_in_flight(&server, 2);
    let read = server.graphql(READ);
    assert_eq!((read.status, &*read.code()), (503, "server.overloaded"));
    assert_eq!(read.header("retry-after"), "1");
    clients.push(writing(&server, 12));
    until_in_flight(&server, 3);
    let write = writing(&server, 13).response().unwrap();
    assert_eq!((write.status, &*write.code()), (503, "server.overloaded"));
    assert_eq!(counted(&server, "server.overloaded"), 2);
    assert_eq!(server.metric("fragaria_load_shed_total{why=\"limit\"}"), 2);
    assert_eq!(server.get("/health/ready").status, 200);
    other.execute_batch("COMMIT").unwrap();
    assert_written(clients);
    until_in_flight(&server, 0);
    assert_eq!(server.graphql(READ).status, 200);
    let missing = server.graphql("{ product(id: 13) { name } }").json();
    assert_eq!(missing["data"]["product"], json!(null));
}

/// The header by which a caller of its own shows a key.
fn key(project: &Project, name: &str) -> String {
    let create = [
        "api-key",
        "create",
        "--name",
        name,
        "--role",
        "clerk",
        "--no-expiry",
    ];
    format!("x-api-key: {}", project.run(&create).trim())
}

#[test]
fn a_caller_that_takes_all_the_room_leaves_the_others_their_share() {
    let project = crate::who::ruled();
    let settings = [
        "load.in_flight_max=8",
        "load.in_flight_min=8",
        "auth.api_keys.enabled=true",
        "database.sqlite.busy_timeout_ms=30000",
        "database.write_timeout_ms=30000",
    ];
    let server = project.serve(&settings).ready();
    let [greedy, other] = ["greedy", "other"].map(|name| key(&project, name));
    let read = |key: &str| {
        let body = json!({ "query": READ }).to_string();
        let answer = server.ask("POST /graphql", &[JSON, key], body.as_bytes());
        let retry_after = answer.header("retry-after").to_owned();
        (answer.status, answer.code(), retry_after)
    };
    let (let_in, refused) = (
        (200, String::new(), String::new()),
        (503, "server.share".to_owned(), "1".to_owned()),
    );
    let database = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Alone it has all the room there is, of which half is more than it could have beside others.
    let mut clients: Vec<_> = (10..16)
        .map(|id| writing_as(&server, id, &[&greedy]))
        .collect();
    until_in_flight(&server, 6);
    assert_eq!(read(&greedy), let_in);
    // Another one is let in nevertheless, and has its share as long as it comes.
    clients.push(writing_as(&server, 16, &[&other]));
    until_in_flight(&server, 7);
    assert_eq!(read(&greedy), refused);
    assert_eq!(read(&other), let_in);
    let write = writing_as(&server, 17, &[&greedy]).response().unwrap();
    assert_eq!((write.status, &*write.code()), (503, "server.share"));
    assert_eq!(server.metric("fragaria_load_shed_total{why=\"share\"}"), 2);
    assert_eq!(counted(&server, "server.share"), 2);
    database.execute_batch("COMMIT").unwrap();
    assert_written(clients);
    // Nobody else is there any more.
    until_in_flight(&server, 0);
    assert_eq!(read(&greedy), let_in);
}

#[test]
fn a_client_that_goes_away_leaves_its_place() {
    let project = Project::small();
    let settings = ["load.in_flight_max=1", "load.in_flight_min=1"];
    let server = project.serve(&settings).ready();
    let other = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let gone = writing(&server, 10);
    until_in_flight(&server, 1);
    assert_eq!(server.graphql(READ).code(), "server.overloaded");
    drop(gone);
    until_in_flight(&server, 0);
    assert_eq!(server.graphql(READ).status, 200);
    other.execute_batch("COMMIT").unwrap();
}

#[test]
fn a_bound_that_would_refuse_everything_stops_the_start() {
    let project = Project::small();
    for (setting, told) in [
        ("load.in_flight_min=0", "0 is too small"),
        ("load.in_flight_max=8", "8 is less than load.in_flight_min"),
    ] {
        let answer = project.fail(&["config", "--set", setting]);
        assert!(answer.contains(told), "{answer}");
    }
}
