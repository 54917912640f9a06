//! The table of outcomes: made when it is needed, bounded, swept, and seen by nobody.

use crate::client::{Client, PATIENCE, Response};
use crate::server::Server;
use crate::stage::{KEYS, NOTE, ROWS, Stage, ask, body, send};
use serde_json::{Value, json};
use std::time::Instant;

#[test]
fn old_outcomes_are_removed_in_rounds() {
    for stage in Stage::all(&["database.idempotency.hours=5"]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        drop(server);
        stage.change(&stage.aged("k", 6));
        let mut earlier = stage.old("young", 4);
        earlier.extend((0..1_500).map(|number| stage.old(&format!("old-{number}"), 6)));
        stage.change(&format!("BEGIN; {earlier} COMMIT"));
        let server = stage.serve();
        // A round, here before the first key, removes a bounded number; the next the others.
        ask(&server, &["idempotency-key: first"], &body(NOTE, "first"));
        stage.until("2", KEYS);
        let young = stage.named("young");
        let young = format!("SELECT count(*) FROM KEYS WHERE {young}");
        assert_eq!(stage.outside(&young), "1");
        let metric = "fragaria_store_idempotency_rows";
        until(|| server.metric(metric) == 2);
    }
}

#[test]
fn the_key_of_an_old_outcome_is_free() {
    for stage in Stage::all(&["database.idempotency.hours=5"]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        stage.change(&stage.aged("k", 4));
        let early = ask(&server, &["idempotency-key: k"], &body(NOTE, "two"));
        assert_eq!(early.code(), "store.idempotency_reused");
        stage.change(&stage.aged("k", 6));
        for replayed in ["", "true"] {
            let answer = ask(&server, &["idempotency-key: k"], &body(NOTE, "two"));
            assert_eq!(answer.json()["data"]["createReading"]["note"], "two");
            assert_eq!(answer.header("idempotency-replayed"), replayed);
        }
        assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["2", "1"]);
    }
}

#[test]
fn an_old_outcome_may_be_followed_by_the_same() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        let asked = json!({ "query": "mutation { __typename }" });
        let first = ask(&server, &["idempotency-key: k"], &asked);
        stage.change(&stage.aged("k", 25));
        for replayed in ["", "true"] {
            let again = ask(&server, &["idempotency-key: k"], &asked);
            assert_eq!((again.status, &again.body), (200, &first.body));
            assert_eq!(again.header("idempotency-replayed"), replayed);
        }
    }
}

#[test]
fn a_server_that_keeps_nothing_refuses_keys() {
    for stage in Stage::all(&["database.idempotency.hours=0"]) {
        let server = stage.serve();
        let refused = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        let code = refused.code();
        assert_eq!((refused.status, &*code), (400, "store.idempotency_off"));
        assert_eq!(stage.outside(ROWS), "0");
        let asked = json!({ "query": "{ __typename }" });
        assert_eq!(ask(&server, &["idempotency-key: k"], &asked).status, 200);
        assert_eq!(ask(&server, &[], &body(NOTE, "one")).status, 200);
    }
}

#[test]
fn as_many_outcomes_are_kept_as_may_be() {
    for bound in [
        "database.idempotency.rows_max=2",
        "database.idempotency.bytes_max=70",
    ] {
        for stage in Stage::all(&[bound]) {
            let server = stage.serve();
            for key in ["idempotency-key: a", "idempotency-key: b"] {
                ask(&server, &[key], &body(NOTE, "one"));
            }
            let full = ask(&server, &["idempotency-key: c"], &body(NOTE, "one"));
            assert_full(&full);
            assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["2", "2"]);
            assert_repeats(&server);
            assert_eq!(ask(&server, &[], &body(NOTE, "one")).status, 200);
            // What is kept bounds the next server as well.
            drop(server);
            let server = stage.serve();
            assert_full(&ask(&server, &["idempotency-key: c"], &body(NOTE, "one")));
            assert_repeats(&server);
            assert_eq!(server.metric("fragaria_store_idempotency_full_total"), 1);
            assert_eq!(server.metric("fragaria_store_idempotency_rows"), 2);
            // {"createReading":{"id":1,"note":"one"}}, twice.
            assert_eq!(server.metric("fragaria_store_idempotency_bytes"), 78);
            // There is room again when one is too old.
            stage.change(&stage.aged("a", 25));
            until(|| ask(&server, &["idempotency-key: c"], &body(NOTE, "two")).status == 200);
            assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["4", "2"]);
        }
    }
}

fn assert_full(refused: &Response) {
    let code = refused.code();
    assert_eq!((refused.status, &*code), (503, "store.idempotency_full"));
    assert_eq!(refused.header("retry-after"), "1");
}

fn assert_repeats(server: &Server) {
    let again = ask(server, &["idempotency-key: b"], &body(NOTE, "one"));
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[test]
fn a_long_answer_is_kept_or_nothing_is_written() {
    let fields: Vec<_> = (0..40).map(|number| format!("n{number}: note")).collect();
    let document = NOTE.replace("id note", &fields.join(" "));
    let long = body(&document, &"x".repeat(500_000));
    for stage in Stage::all(&["database.write_bytes_max=67108864"]) {
        let server = stage.serve();
        let first = ask(&server, &["idempotency-key: k"], &long);
        if stage.is_mariadb() {
            // What is longer than its max_allowed_packet the server does not take.
            assert_eq!(first.code(), "store.too_large");
            assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["0", "0"]);
            continue;
        }
        assert!(first.body.len() > 20_000_000, "{}", first.body.len());
        let again = ask(&server, &["idempotency-key: k"], &long);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert!(again.body == first.body);
        assert_eq!(stage.outside(ROWS), "1");
    }
}

#[test]
fn a_user_without_the_right_to_make_the_table_is_told_so() {
    for stage in Stage::servers(&[]) {
        let user = stage.poor_user();
        let server = stage.serve_as(&user);
        let refused = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert_eq!(
            (refused.status, &*refused.code()),
            (500, "store.idempotency_table")
        );
        assert_eq!(stage.outside(ROWS), "0");
        assert_eq!(ask(&server, &[], &body(NOTE, "one")).status, 200);
        stage.change(&stage.mend(&user));
        for replayed in ["", "true"] {
            let answer = ask(&server, &["idempotency-key: k"], &body(NOTE, "two"));
            assert_eq!(
                answer.header("idempotency-replayed"),
                replayed,
                "{answer:?}"
            );
        }
        assert_eq!(stage.outside(ROWS), "2");
    }
}

#[test]
fn a_table_that_was_dropped_is_made_again() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: a"], &body(NOTE, "one"));
        stage.change("DROP TABLE KEYS");
        let mut answer = ask(&server, &["idempotency-key: a"], &body(NOTE, "one"));
        if answer.status == 500 {
            assert_eq!(answer.code(), "store.idempotency_table");
            answer = ask(&server, &["idempotency-key: a"], &body(NOTE, "one"));
        }
        assert_eq!(answer.json()["data"]["createReading"]["note"], "one");
        assert_eq!(stage.outside(KEYS), "1");
    }
}

#[test]
fn a_table_that_would_forget_is_refused() {
    let columns = "caller varbinary(255) NOT NULL, `key` varbinary(255) NOT NULL, \
                   fingerprint binary(32) NOT NULL, response longblob NOT NULL, \
                   bytes bigint NOT NULL, created_at datetime NOT NULL";
    for wrong in [
        "PRIMARY KEY (caller, `key`)) ENGINE=Aria",
        "KEY (caller, `key`)) ENGINE=InnoDB",
        "PRIMARY KEY (caller)) ENGINE=InnoDB",
    ] {
        let stage = Stage::mariadb(&[]);
        stage.change(&format!("CREATE TABLE KEYS ({columns}, {wrong}"));
        let server = stage.serve();
        let refused = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert_eq!(refused.code(), "store.idempotency_table", "{wrong}");
        assert_eq!(stage.outside(ROWS), "0");
    }
    let wrong = "CREATE TABLE KEYS (caller text, key text, fingerprint blob, response blob, \
                 bytes bigint, created_at text)";
    let sqlite = Stage::sqlite(&[]);
    sqlite.change(wrong);
    let postgres = Stage::postgres(&[]);
    postgres.change("CREATE SCHEMA fragaria");
    postgres.change(
        &wrong
            .replace("blob", "bytea")
            .replace("at text", "at timestamptz"),
    );
    for stage in [sqlite, postgres] {
        let server = stage.serve();
        let refused = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert_eq!(refused.code(), "store.idempotency_table");
        assert_eq!(stage.outside(ROWS), "0");
    }
}

#[test]
fn the_first_keys_of_several_servers_make_one_table() {
    for stage in Stage::all(&[]) {
        let servers: Vec<_> = (0..4).map(|_| stage.serve()).collect();
        let clients: Vec<(usize, Client)> = (0..16)
            .map(|number| {
                let key = format!("idempotency-key: {number}");
                let client = send(&servers[number % 4], &[&key], &body(NOTE, "one"));
                (number, client)
            })
            .collect();
        for (number, mut client) in clients {
            let answer = client.response().unwrap();
            assert_eq!(answer.json()["errors"], Value::Null, "{number}");
        }
        assert_eq!(stage.outside(KEYS), "16");
    }
}

#[test]
fn the_table_of_outcomes_is_no_part_of_the_schema() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: a"], &body(NOTE, "one"));
        assert_eq!(stage.outside(stage.tables()), "1");
        let types = server.graphql("{ __schema { types { name } } }").body;
        assert!(!String::from_utf8(types).unwrap().contains("empotency"));
        let before = stage.project.read("schema.graphql");
        let url = stage.url();
        stage.project.run(&["init", "--from", &url, "--force"]);
        assert_eq!(stage.project.read("schema.graphql"), before);
        stage.project.run(&["compile", "--against", &url]);
        drop(server);
        stage.serve();
    }
}

#[test]
fn a_schema_that_names_the_table_of_outcomes_is_not_served() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: a"], &body(NOTE, "one"));
        drop(server);
        let mut schema = stage.project.read("schema.graphql");
        schema.push_str(&stage.our_type());
        stage.project.write("schema.graphql", &schema);
        let url = stage.url();
        stage.project.fail(&["compile", "--against", &url]);
        stage.project.run(&["compile"]);
        let server = stage.project.serve(&[]);
        server.until("/health/ready", |response| {
            response.json()["dependencies"]["schema"]["status"] == "down"
        });
        assert_eq!(server.graphql("{ outcomes { response } }").status, 503);
    }
}

fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never comes about");
    }
}
