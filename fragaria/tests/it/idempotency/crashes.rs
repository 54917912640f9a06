//! Servers that die, clients that hang up, and requests that wait for others.

use crate::client::Response;
use crate::server::Server;
use crate::stage::{KEYS, NOTE, ROWS, Stage, ask, body, send};
use std::collections::BTreeSet;
use std::thread;

/// Ends a server as nothing can be ended that has something left to say.
fn kill(server: Server) {
    server.signal("KILL");
    server.ended();
}

fn is_replayed(response: &Response) -> bool {
    response.header("idempotency-replayed") == "true"
}

#[test]
fn an_outcome_outlives_the_server_that_kept_it() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        let first = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        kill(server);
        let server = stage.serve();
        let again = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert!(is_replayed(&again));
        assert_eq!(again.body, first.body);
        assert_eq!(stage.outside(ROWS), "1");
    }
}

#[test]
fn a_server_that_dies_before_the_commit_leaves_nothing() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        ask(&server, &["idempotency-key: first"], &body(NOTE, "first"));
        let lock = stage.lock();
        let mut client = send(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        stage.wait_for_waiting(1, &server);
        kill(server);
        assert!(client.response().is_err());
        drop(lock);
        let server = stage.serve();
        for replayed in [false, true] {
            let again = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
            assert_eq!(again.json()["data"]["createReading"]["note"], "one");
            assert_eq!(is_replayed(&again), replayed);
        }
        assert_eq!([stage.outside(ROWS), stage.outside(KEYS)], ["2", "2"]);
    }
}

#[test]
fn a_server_that_dies_as_its_commit_is_made_has_left_the_outcome() {
    let stage = Stage::postgres(&[]);
    // The commit waits for whoever holds the number.
    stage.change(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON reading DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let server = stage.serve();
    let lock = stage.held("SELECT pg_advisory_lock(7) IS NULL");
    let mut client = send(&server, &["idempotency-key: k"], &body(NOTE, "one"));
    stage.wait_for_waiting(1, &server);
    // It takes no notice of anything any more, so nobody gets an answer.
    server.signal("STOP");
    drop(lock);
    stage.until("1", KEYS);
    kill(server);
    assert!(client.response().is_err());
    let server = stage.serve();
    let again = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
    assert!(is_replayed(&again));
    assert_eq!(again.json()["data"]["createReading"]["note"], "one");
    assert_eq!(stage.outside(ROWS), "1");
}

#[test]
fn servers_that_die_under_load_make_every_change_once() {
    const KILLED: usize = 5;
    const CLIENTS: usize = 8;
    for stage in Stage::all(&[]) {
        for round in 0..KILLED {
            let server = stage.serve();
            let note = |client| format!("round {round} client {client}");
            let before = round * CLIENTS;
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let key = format!("idempotency-key: {round}-{client}");
                    send(&server, &[&key], &body(NOTE, &note(client)))
                })
                .collect();
            // Some are done, some are not, and some are being answered.
            while stage.outside(ROWS).parse::<usize>().unwrap() < before + round + 1 {
                thread::yield_now();
            }
            kill(server);
            let told: Vec<_> = clients.into_iter().map(|mut c| c.response().ok()).collect();
            let server = stage.serve();
            for (client, told) in told.into_iter().enumerate() {
                let key = format!("idempotency-key: {round}-{client}");
                let again = ask(&server, &[&key], &body(NOTE, &note(client)));
                assert_eq!(again.json()["data"]["createReading"]["note"], note(client));
                if let Some(told) = told {
                    assert!(is_replayed(&again));
                    assert_eq!(told.body, again.body);
                }
            }
            let count = (before + CLIENTS).to_string();
            assert_eq!(stage.outside(ROWS), count);
            assert_eq!(
                stage.outside("SELECT count(DISTINCT note) FROM reading"),
                count
            );
            assert_eq!(stage.outside(KEYS), count);
        }
    }
}

#[test]
fn a_client_that_hung_up_asks_again_and_gets_the_outcome() {
    for stage in Stage::all(&[]) {
        let server = stage.serve();
        for number in 0..20 {
            let note = format!("note {number}");
            let key = format!("idempotency-key: {number}");
            drop(send(&server, &[&key], &body(NOTE, &note)));
            let answer = ask(&server, &[&key], &body(NOTE, &note));
            assert_eq!(answer.json()["data"]["createReading"]["note"], note);
        }
        assert_eq!(stage.outside(ROWS), "20");
    }
}

#[test]
fn of_requests_that_wait_one_runs_when_the_first_is_given_up() {
    for stage in Stage::servers(&[]) {
        let server = stage.serve();
        let earlier = ["idempotency-key: earlier"];
        ask(&server, &earlier, &body(NOTE, "earlier"));
        let lock = stage.lock();
        let first = send(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        stage.wait_for_waiting(1, &server);
        let others: Vec<_> = (0..5)
            .map(|_| send(&server, &["idempotency-key: k"], &body(NOTE, "one")))
            .collect();
        stage.wait_for_waiting(6, &server);
        drop(first);
        stage.wait_for_waiting(5, &server);
        drop(lock);
        let answers = others.into_iter().map(|mut c| c.response().unwrap());
        let answers: Vec<_> = answers.collect();
        let bodies: BTreeSet<_> = answers.iter().map(|answer| &answer.body).collect();
        assert_eq!(bodies.len(), 1, "{answers:?}");
        assert_eq!(answers[0].json()["data"]["createReading"]["note"], "one");
        assert_eq!(answers.iter().filter(|a| !is_replayed(a)).count(), 1);
        assert_eq!(stage.outside(ROWS), "2");
    }
}

#[test]
fn a_request_waits_for_another_one_only_so_long() {
    for stage in Stage::servers(&[
        "database.read_timeout_ms=200",
        "database.write_timeout_ms=200",
    ]) {
        let server = stage.serve();
        ask(
            &server,
            &["idempotency-key: earlier"],
            &body(NOTE, "earlier"),
        );
        let other = stage.old("k", 0);
        let other = stage.held(&format!("BEGIN; {other} SELECT 1"));
        let late = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert_eq!((late.status, &*late.code()), (504, "store.timeout"));
        drop(other);
        let again = ask(&server, &["idempotency-key: k"], &body(NOTE, "one"));
        assert_eq!(again.json()["data"]["createReading"]["note"], "one");
        assert!(!is_replayed(&again));
        assert_eq!(stage.outside(ROWS), "2");
    }
}
