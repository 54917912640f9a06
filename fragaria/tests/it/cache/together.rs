//! Many who ask the same at once: one statement for all of them, and never an older answer than due.

use super::ground::{Ground, counted, send, settled};
use crate::client::{Client, PATIENCE};
use crate::database::Session;
use crate::server::Server;
use serde_json::{Value, json};
use std::time::Instant;

const BOOKS: &str = "{ books(orderBy: [{ id: ASC }]) { title shelf { name } } }";
const CLIENTS: u64 = 16;

/// A ground whose books nobody can read until the holder lets go.
fn held(ground: &Ground) -> Session {
    let mut holder = ground.session();
    holder.sql("BEGIN; LOCK TABLE book IN ACCESS EXCLUSIVE MODE; SELECT 1");
    holder
}

fn asking(server: &Server, count: u64) -> Vec<Client> {
    let body = json!({ "query": BOOKS });
    (0..count).map(|_| send(server, &[], &body)).collect()
}

/// Waits until so many requests are under way, and so many statements wait for the lock.
fn wait(server: &Server, watch: &mut Session, requests: u64, statements: u64) {
    let start = Instant::now();
    // Whoever asks for the metrics is one more.
    while server.metric("fragaria_http_requests_in_flight") != requests + 1 {
        assert!(start.elapsed() < PATIENCE, "not all of them came");
    }
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    watch.until(&statements.to_string(), sql);
}

/// Waits until so many requests read.
fn until_missed(server: &Server, count: u64) {
    let start = Instant::now();
    while counted(server, "miss") != count {
        assert!(start.elapsed() < PATIENCE, "nobody takes its place");
    }
}

/// A server that sees what changes, and has kept nothing of the books.
fn served(ground: &Ground) -> Server {
    let server = ground.serve(&[]);
    settled(&server, "{ books { title shelf { id } } }");
    server
}

fn titles(answer: &Value) -> Vec<&str> {
    let books = answer["data"]["books"].as_array().unwrap().iter();
    books.map(|book| book["title"].as_str().unwrap()).collect()
}

#[test]
fn those_who_ask_the_same_at_once_read_once() {
    let ground = Ground::postgres("");
    let (server, mut watch) = (served(&ground), ground.session());
    let stale = || server.metric("fragaria_cache_stale_total");
    let all = || ["hit", "shared", "miss", "bypass"].map(|outcome| counted(&server, outcome));
    let (before, stale_before) = (all(), stale());
    let holder = held(&ground);
    let clients = asking(&server, CLIENTS);
    wait(&server, &mut watch, CLIENTS, 1);
    drop(holder);
    for mut client in clients {
        let answer = client.response().unwrap().json();
        assert_eq!(titles(&answer), ["Emma", "Ulysses", "Momo"]);
    }
    // Who comes to the cache after the read has landed is given what is kept. On a machine that is so busy
    // that changes are seen late it may be stale, and is read again.
    let after = all();
    let came = after.iter().sum::<u64>() - before.iter().sum::<u64>();
    let [_, shared, missed, _] = std::array::from_fn(|place| after[place] - before[place]);
    assert_eq!(came, CLIENTS, "{before:?} {after:?}");
    assert!(shared > 0, "{before:?} {after:?}");
    assert!(
        (1..=1 + stale() - stale_before).contains(&missed),
        "{before:?} {after:?}"
    );
}

#[test]
fn the_next_reads_where_the_first_goes_away_or_fails() {
    let ground = Ground::postgres("");
    let (server, mut watch) = (served(&ground), ground.session());
    let missed = counted(&server, "miss");
    let holder = held(&ground);
    let first = asking(&server, 1);
    wait(&server, &mut watch, 1, 1);
    let others = asking(&server, CLIENTS);
    wait(&server, &mut watch, 1 + CLIENTS, 1);
    drop(first);
    // One of the others takes its place.
    until_missed(&server, missed + 2);
    // The database ends what it works on, be it of the first or of that one, until a third reads.
    let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                  WHERE wait_event_type = 'Lock'";
    let start = Instant::now();
    while counted(&server, "miss") < missed + 3 {
        assert!(start.elapsed() < PATIENCE, "nobody takes its place");
        watch.sql(cancel);
    }
    drop(holder);
    let answers: Vec<_> = others
        .into_iter()
        .map(|mut client| client.response().unwrap().json())
        .collect();
    let refused = answers.iter().filter(|it| !it["errors"].is_null());
    let refused = u64::try_from(refused.count()).unwrap();
    assert!((1..CLIENTS).contains(&refused), "{answers:?}");
    assert_eq!(counted(&server, "miss"), missed + 2 + refused);
    assert_eq!(counted(&server, "shared"), CLIENTS - 1 - refused);
}

#[test]
fn who_asks_after_a_write_is_not_given_what_was_read_before_it() {
    let ground = Ground::postgres("");
    let (server, mut watch) = (served(&ground), ground.session());
    let holder = held(&ground);
    let missed = counted(&server, "miss");
    let before = asking(&server, 1);
    wait(&server, &mut watch, 1, 1);
    let write = "mutation { updateShelf(id: 1, set: { name: \"wide\" }) { id } }";
    let written = send(&server, &[], &json!({ "query": write })).response();
    assert!(written.unwrap().json()["errors"].is_null());
    let after = asking(&server, 1);
    wait(&server, &mut watch, 2, 2);
    drop(holder);
    for mut client in before.into_iter().chain(after) {
        assert_eq!(titles(&client.response().unwrap().json()).len(), 3);
    }
    assert_eq!(counted(&server, "miss"), missed + 2);
    assert_eq!(counted(&server, "shared"), 0);
    assert_eq!(settled(&server, BOOKS)["books"][0]["shelf"]["name"], "wide");
}

#[test]
fn nobody_waits_for_another_longer_than_for_a_place() {
    let ground = Ground::postgres("");
    let server = ground.serve(&["database.queue_timeout_ms=300"]);
    settled(&server, "{ books { title shelf { id } } }");
    let mut watch = ground.session();
    let holder = held(&ground);
    let clients = asking(&server, 2);
    // The second reads for itself by then.
    wait(&server, &mut watch, 2, 2);
    drop(holder);
    for mut client in clients {
        assert_eq!(titles(&client.response().unwrap().json()).len(), 3);
    }
    assert_eq!(counted(&server, "shared"), 0);
}

#[test]
fn what_is_too_large_to_be_kept_is_read_by_each_for_itself() {
    let ground = Ground::postgres("");
    let server = ground.serve(&["cache.entry_bytes_max=900"]);
    settled(&server, "{ shelves { name } }");
    settled(&server, "{ books { id } }");
    ground.sql("UPDATE book SET title = repeat('x', 200)");
    let mut watch = ground.session();
    let holder = held(&ground);
    let clients = asking(&server, CLIENTS);
    wait(&server, &mut watch, CLIENTS, 1);
    drop(holder);
    for mut client in clients {
        assert_eq!(titles(&client.response().unwrap().json()).len(), 3);
    }
    assert_eq!(counted(&server, "shared"), 0);
}

#[test]
fn many_who_wait_for_a_kept_answer_hold_it_once() {
    let ground = Ground::sqlite();
    let long = 1_000_000;
    ground.sql(&format!(
        "UPDATE book SET title = printf('%.*c', {long}, 'a') WHERE id = 1"
    ));
    let settings = [
        "cache.entry_bytes_max=2097152",
        "database.whole_bytes_max=2097152",
    ];
    let server = ground.serve(&settings);
    let document = "{ book(id: 1) { title } }";
    let title = settled(&server, document)["book"]["title"].take();
    assert_eq!(title.as_str().unwrap().len(), long);
    let (before, _) = server.memory();
    let body = json!({ "query": document }).to_string();
    let waiting = (0..60).map(|_| {
        let mut client = Client::narrow(server.address);
        let json = ["content-type: application/json"];
        client
            .request("POST /graphql", &json, body.as_bytes())
            .unwrap();
        let head = client.head().unwrap();
        (client, head)
    });
    let waiting: Vec<_> = waiting.collect();
    let grown = server.memory().0.saturating_sub(before) >> 20;
    assert!(grown < 20, "{grown} MiB");
    for (mut client, mut answer) in waiting {
        client.body(&mut answer).unwrap();
        assert_eq!(answer.json()["data"]["book"]["title"], title);
    }
}
