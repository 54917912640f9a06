//! Mutations with a key happen once: over HTTP, across restarts, and as other connections see it.

mod crashes;
mod table;

use crate::client::Response;
use crate::stage::{KEYS, NOTE, ROWS, Stage, ask, body, send};
use serde_json::json;
use std::thread;

const RESPONSE: &str = "accept: application/graphql-response+json";

/// The same note without a variable.
const WRITTEN_OUT: &str = "mutation Note { createReading(input: { note: \"one\" }) { id note } }";

#[test]
fn a_repeated_mutation_happens_once_and_is_answered_as_the_first_time() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        let first = ask(&server, &["idempotency-key: \"k1\""], &body(NOTE, "one"));
        assert_eq!(
            (first.status, first.header("idempotency-replayed")),
            (200, "")
        );
        assert_eq!(first.json()["data"]["createReading"]["note"], "one");
        for spelling in ["idempotency-key: \"k1\"", "Idempotency-Key: k1"] {
            let again = ask(&server, &[spelling, RESPONSE], &body(NOTE, "one"));
            assert_eq!(again.header("idempotency-replayed"), "true");
            assert_eq!((again.status, again.body), (200, first.body.clone()));
        }
        assert_eq!(stage.outside(ROWS), "1");
        let data = &first.json()["data"];
        assert_eq!(stage.kept(), format!("development k1 {data}"));
        let counted = |what| server.metric(&format!("fragaria_store_idempotency_{what}_total"));
        assert_eq!([counted("kept"), counted("replayed")], [1, 2]);
    }
}

#[test]
fn other_keys_and_no_key_are_other_requests() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        for headers in [
            &["idempotency-key: a"][..],
            &["idempotency-key: A"],
            &[],
            &[],
        ] {
            let answer = ask(&server, headers, &body(NOTE, "same"));
            assert_eq!(answer.header("idempotency-replayed"), "", "{headers:?}");
        }
        assert_eq!(stage.outside(ROWS), "4");
        assert_eq!(stage.outside(KEYS), "2");
    }
}

#[test]
fn many_clients_at_once_with_one_key_get_one_answer() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        for round in 0..4 {
            let key = format!("idempotency-key: round-{round}");
            let clients: Vec<_> = (0..16)
                .map(|_| send(&server, &[&key], &body(NOTE, "one")))
                .map(|mut client| thread::spawn(move || client.response().unwrap()))
                .collect();
            let answers: Vec<_> = clients.into_iter().map(|c| c.join().unwrap()).collect();
            let fresh = |answer: &&Response| answer.header("idempotency-replayed").is_empty();
            assert_eq!(answers.iter().filter(fresh).count(), 1);
            for answer in &answers {
                assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
            }
            let rows = stage.outside(ROWS);
            assert_eq!(rows, (round + 1).to_string());
        }
    }
}

#[test]
fn many_clients_at_once_are_told_the_same_of_what_fails() {
    let document = "mutation Note($note: String!) {
        createReading(input: { note: $note }) { id }
        createProduct(input: { name: \"Strawberry\" }) { id }
    }";
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: 1st"], &body(NOTE, "first"));
        let clients = (0..16).map(|_| send(&server, &["idempotency-key: k"], &body(document, "")));
        for mut client in clients.collect::<Vec<_>>() {
            assert_eq!(client.response().unwrap().code(), "store.unique");
        }
        assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["1", "1"]);
    }
}

#[test]
fn clients_at_once_get_one_answer_at_every_level_of_isolation() {
    for level in ["repeatable read", "serializable"] {
        let stage = Stage::postgres(&[]);
        let name = stage.outside("SELECT quote_ident(current_database())");
        stage.change(&format!(
            "ALTER DATABASE {name} SET default_transaction_isolation = '{level}'"
        ));
        let server = stage.serve();
        ask(&server, &["idempotency-key: 1st"], &body(NOTE, "first"));
        // All of them begin before the first of them is done.
        let lock = stage.lock();
        let clients = (0..6).map(|_| send(&server, &["idempotency-key: k"], &body(NOTE, "one")));
        let clients: Vec<_> = clients.collect();
        stage.wait_for_waiting(6, &server);
        drop(lock);
        for mut client in clients {
            let answer = client.response().unwrap();
            let note = &answer.json()["data"]["createReading"]["note"];
            assert_eq!(note, "one", "{level}: {answer:?}");
        }
        assert_eq!(stage.outside(ROWS), "2");
    }
}

#[test]
fn a_key_of_another_request_is_refused_and_nothing_is_written() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        let key = "idempotency-key: k";
        ask(&server, &[key], &body(NOTE, "one"));
        let mut named = body(NOTE, "one");
        named["operationName"] = json!("Note");
        let others = [
            body(NOTE, "two"),
            body(&NOTE.replace("{ id", "{  id"), "one"),
            json!({ "query": WRITTEN_OUT }),
            named,
        ];
        for other in &others {
            let refused = ask(&server, &[key, RESPONSE], other);
            let code = refused.code();
            assert_eq!((refused.status, &*code), (422, "store.idempotency_reused"));
            assert!(refused.json().get("data").is_none());
        }
        assert_eq!(ask(&server, &[key], &others[0]).status, 200);
        assert_eq!(server.metric("fragaria_store_idempotency_refused_total"), 5);
        assert_eq!(stage.outside("SELECT max(note) FROM reading"), "one");
        assert_eq!(stage.outside(ROWS), "1");
    }
}

#[test]
fn a_key_belongs_to_its_caller() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        let first = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        stage.change("UPDATE KEYS SET caller = 'somebody else'");
        let other = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert_eq!(other.header("idempotency-replayed"), "");
        assert_ne!(other.body, first.body);
        let reused = ask(&server, &["idempotency-key: k"], &body(NOTE, "two"));
        assert_eq!(reused.code(), "store.idempotency_reused");
        assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["2", "2"]);
    }
}

#[test]
fn a_failed_mutation_leaves_its_key_free() {
    for stage in Stage::all(&["database.write_bytes_max=1000"]) {
        let server = stage.serve();
        ask(&server, &[], &body(NOTE, "earlier"));
        ask(&server, &[], &body(NOTE, "earlier"));
        let documents = [
            (
                "store.unique",
                r#"createProduct(input: { name: "Strawberry" }) { id }"#,
            ),
            (
                "engine.at_most",
                r#"updateReadings(where: {}, set: { note: "x" }, atMost: 1) { id }"#,
            ),
            (
                "store.too_large",
                "x: createReading(input: { note: $note }) { a: note b: note }",
            ),
        ];
        let long = "x".repeat(600);
        let both = |root: &str| {
            let first = "createReading(input: { note: $note }) { note }";
            format!("mutation Note($note: String!) {{ {first} {root} }}")
        };
        for (code, root) in documents {
            let failed = ask(&server, &["idempotency-key: k"], &body(&both(root), &long));
            assert_eq!(failed.code(), code, "{root}: {failed:?}");
            assert_eq!(stage.outside(KEYS), "0");
            assert_eq!(stage.outside(ROWS), "2");
        }
        stage.change("DELETE FROM product WHERE name = 'Strawberry'");
        let asked = body(&both(documents[0].1), &long);
        for replayed in ["", "true"] {
            let mended = ask(&server, &["idempotency-key: k"], &asked);
            assert_eq!(mended.json()["data"]["createReading"]["note"], *long);
            assert_eq!(mended.header("idempotency-replayed"), replayed);
        }
    }
}

#[test]
fn a_key_on_a_query_is_ignored() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        for document in ["{ product(id: 1) { name } }", "{ product(id: 1) { id } }"] {
            let asked = json!({ "query": document });
            let answer = ask(&server, &["idempotency-key: k"], &asked);
            assert!(answer.json()["errors"].is_null());
        }
        let by_url = server.ask(
            "GET /graphql?query=%7B__typename%7D",
            &["idempotency-key: ,"],
            b"",
        );
        assert_eq!(by_url.status, 200);
        assert_eq!(stage.outside(stage.tables()), "0");
        assert_eq!(server.metric("fragaria_store_idempotency_kept_total"), 0);
    }
}

#[test]
fn a_malformed_key_is_refused_before_anything_is_done() {
    let stage = Stage::sqlite(&[]);
    let server = stage.serve();
    let long = format!("idempotency-key: {}", "x".repeat(256));
    for headers in [
        &["idempotency-key:"][..],
        &["idempotency-key: \"\""],
        &["idempotency-key: \"a"],
        &["idempotency-key: two words"],
        &["idempotency-key: schlüssel"],
        &[&long],
        &["idempotency-key: a", "idempotency-key: a"],
    ] {
        let refused = ask(&server, headers, &body(NOTE, "one"));
        let code = refused.code();
        assert_eq!(
            (refused.status, &*code),
            (400, "request.idempotency_key"),
            "{headers:?}"
        );
    }
    assert_eq!(stage.outside(ROWS), "0");
}

#[test]
fn a_mutation_that_writes_nothing_has_an_outcome_too() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        let asked = json!({ "query": "mutation { __typename }" });
        let first = ask(&server, &["idempotency-key: k"], &asked);
        assert_eq!(
            first.json(),
            json!({ "data": { "__typename": "Mutation" } })
        );
        let again = ask(&server, &["idempotency-key: k"], &asked);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.body, first.body);
    }
}
