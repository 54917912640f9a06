//! Behind a real PgBouncer in transaction mode, which gives each transaction another connection.

use crate::client::Client;
use crate::database::psql;
use crate::instance::{Bouncer, Instance};
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};
use std::thread;

const JSON: &str = "content-type: application/json";
const CLIENTS: i64 = 32;
const MANY: usize = 5_000;

/// A server behind a pooler with three connections to the database.
struct Stage {
    server: Server,
    _project: Project,
    bouncer: Bouncer,
    instance: Instance,
}

impl Stage {
    fn new() -> Self {
        let instance = Instance::start("", |_| {});
        let tables = format!(
            "CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL);
             CREATE TABLE book (id int PRIMARY KEY, author_id int NOT NULL REFERENCES author,
                                title text NOT NULL);
             INSERT INTO author SELECT g, 'a' || g FROM generate_series(1, 40) g;
             INSERT INTO book SELECT g, g % 40 + 1, repeat('b', 80) FROM generate_series(1, {MANY}) g"
        );
        psql(&instance.address(), &tables);
        let bouncer = Bouncer::start(instance.port);
        let project = Project::on(&instance.address());
        let url = format!("database.url={}", pooled(&bouncer));
        let settings = [
            url.as_str(),
            "database.postgres.pooler=transaction",
            "server.check_interval_ms=100",
        ];
        Self {
            server: project.serve(&settings).ready(),
            _project: project,
            bouncer,
            instance,
        }
    }

    /// How often the pooler is connected to the database.
    fn connections(&self) -> u32 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' \
                   AND pid <> pg_backend_pid()";
        psql(&self.instance.address(), sql).parse().unwrap()
    }
}

fn pooled(bouncer: &Bouncer) -> String {
    format!("postgres://postgres@127.0.0.1:{}/postgres", bouncer.port)
}

#[test]
fn many_clients_share_the_few_connections_of_a_pooler() {
    let stage = Stage::new();
    let address = stage.server.address;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| thread::spawn(move || check_all(&mut Client::connect(address), number)))
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    assert!(stage.connections() <= 3);
    let rows = psql(
        &stage.instance.address(),
        "SELECT count(*) FROM author WHERE name LIKE 'new %'",
    );
    assert_eq!(rows, CLIENTS.to_string());
}

#[test]
fn a_pooler_that_restarts_is_found_again() {
    let mut stage = Stage::new();
    for _ in 0..2 {
        stage.bouncer.restart();
        // Whoever asks before it was noticed is told so, or waits.
        loop {
            let answer = stage.server.graphql("{ author(id: 1) { name } }");
            if answer.status == 200 {
                break;
            }
            assert_eq!(
                (answer.status, &*answer.code()),
                (503, "store.unavailable"),
                "{answer:?}"
            );
        }
        stage
            .server
            .until("/health/ready", |response| response.status == 200);
    }
    check_all(&mut stage.server.client(), 1);
}

#[test]
fn a_key_is_honoured_behind_a_pooler() {
    let stage = Stage::new();
    let document = "mutation { createAuthor(input: { id: 99, name: \"once\" }) { id name } }";
    let body = json!({ "query": document }).to_string();
    let ask = &|mut client: Client| {
        let headers = [JSON, "idempotency-key: k"];
        client
            .request("POST /graphql", &headers, body.as_bytes())
            .unwrap();
        client.response().unwrap()
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let clients = (0..CLIENTS).map(|_| stage.server.client());
        let clients = clients.map(|client| scope.spawn(move || ask(client)));
        let clients: Vec<_> = clients.collect();
        let answers = clients.into_iter().map(|client| client.join().unwrap());
        answers.collect()
    });
    let made = json!({ "data": { "createAuthor": { "id": 99, "name": "once" } } });
    assert!(answers.iter().all(|answer| answer.json() == made));
    let fresh = answers.iter().map(|a| a.header("idempotency-replayed"));
    assert_eq!(fresh.filter(|replayed| replayed.is_empty()).count(), 1);
    let kept = "SELECT count(*) FROM fragaria.idempotency";
    assert_eq!(psql(&stage.instance.address(), kept), "1");
}

/// Every kind of request, with the answers they must have.
fn check_all(client: &mut Client, number: i64) {
    let id = 1_000 + number;
    let other = number % 40 + 1;
    for _ in 0..2 {
        let one = ask(client, &format!("{{ author(id: {other}) {{ name }} }}"));
        assert_eq!(one, json!({ "author": { "name": format!("a{other}") } }));
        let nested = ask(
            client,
            "{ authors(limit: 3, where: { id: { lte: 40 } }, orderBy: [{ id: ASC }]) { \
               name books(limit: 1) { author { name } } } }",
        );
        let names = |row: usize| format!("a{row}");
        for row in 0..3 {
            let author = &nested["authors"][row];
            assert_eq!(author["name"], names(row + 1));
            assert_eq!(author["books"][0]["author"]["name"], names(row + 1));
        }
        let several = ask(
            client,
            "{ a: author(id: 1) { name } b: author(id: 2) { name } }",
        );
        assert_eq!(
            several,
            json!({ "a": { "name": "a1" }, "b": { "name": "a2" } })
        );
        let all = ask(client, "{ books { id title } }");
        assert_eq!(all["books"].as_array().unwrap().len(), MANY);
    }
    let write = format!(
        "mutation {{ made: createAuthor(input: {{ id: {id}, name: \"old\" }}) {{ id }} \
         changed: updateAuthor(id: {id}, set: {{ name: \"new {id}\" }}) {{ name books {{ id }} }} }}"
    );
    let changed = json!({ "name": format!("new {id}"), "books": [] });
    let expected = json!({ "made": { "id": id }, "changed": changed });
    assert_eq!(ask(client, &write), expected);
}

fn ask(client: &mut Client, document: &str) -> Value {
    let body = json!({ "query": document }).to_string();
    client
        .request("POST /graphql", &[JSON], body.as_bytes())
        .unwrap();
    let response = client.response().unwrap();
    assert_eq!(response.status, 200, "{document}: {}", response.json());
    let mut body = response.json();
    assert!(body["errors"].is_null(), "{body}");
    body["data"].take()
}
