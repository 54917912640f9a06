//! What the metrics tell of connections: how many are open, who has one, who waits for one.

use crate::client::{Client, PATIENCE};
use crate::instance::Bouncer;
use crate::server::Server;
use crate::stage::Stage;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

const JSON: &str = "content-type: application/json";
const EXCLUSIVE: &str = "fragaria_store_connections{kind=\"exclusive\"}";
const SHARED: &str = "fragaria_store_connections{kind=\"shared\"}";
const WAITING: &str = "fragaria_store_waiting{kind=\"exclusive\"}";

/// Waits until metrics have these values.
fn told(server: &Server, expected: &[(&str, u64)]) {
    let start = Instant::now();
    loop {
        let values = expected
            .iter()
            .map(|&(name, _)| (name, server.metric(name)));
        let values: Vec<_> = values.collect();
        if values == expected {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{expected:?} stay {values:?}");
        thread::yield_now();
    }
}

/// A client that has asked.
fn asking(server: &Server, document: &str) -> Client {
    let mut client = server.client();
    let body = json!({ "query": document }).to_string();
    client
        .request("POST /graphql", &[JSON], body.as_bytes())
        .unwrap();
    client
}

#[test]
fn connections_grow_by_what_is_wanted_and_who_waits_for_one_is_told() {
    for stage in Stage::servers(&[
        "database.postgres.exclusive_connections=3",
        "database.postgres.exclusive_connections_min=1",
        "database.mariadb.connections=3",
        "database.mariadb.connections_min=1",
        "database.idle_ms=200",
    ]) {
        let server = stage.serve();
        let resting = [
            (EXCLUSIVE, 1),
            (WAITING, 0),
            ("fragaria_store_pool_in_use", 0),
        ];
        told(&server, &resting);
        let shared = if stage.is_mariadb() { 0 } else { 8 };
        told(&server, &[(SHARED, shared)]);
        let lock = stage.lock();
        let write = "mutation { createReading(input: { note: \"a\" }) { id note } }";
        let clients: Vec<_> = (0..5).map(|_| asking(&server, write)).collect();
        let full = [
            (EXCLUSIVE, 3),
            (WAITING, 2),
            ("fragaria_store_pool_in_use", 3),
        ];
        told(&server, &full);
        drop(lock);
        for mut client in clients {
            assert_eq!(client.response().unwrap().code(), "");
        }
        told(&server, &resting);
        assert_eq!(stage.outside("SELECT count(*) FROM reading"), "5");
    }
}

/// Tables whose rows are there only while nobody holds a lock.
const WAITS: &str = "
    CREATE TABLE reading (id int PRIMARY KEY);
    INSERT INTO reading SELECT generate_series(1, 1000);
    CREATE VIEW patient AS SELECT id FROM reading WHERE pg_advisory_xact_lock_shared(7) IS NOT NULL;";

#[test]
fn small_reads_are_counted_while_they_are_in_line_and_while_they_wait_elsewhere() {
    let stage = Stage::on_postgres(
        WAITS,
        &[
            "database.postgres.light_connections=1",
            "database.postgres.bounded_connections=1",
            "database.postgres.exclusive_connections=1",
            "server.check_interval_ms=3600000",
        ],
    );
    let server = stage.serve();
    let in_flight = "fragaria_store_in_flight";
    told(&server, &[(SHARED, 2), (EXCLUSIVE, 1), (in_flight, 0)]);
    let lock = stage.held("SELECT 'locked' FROM pg_advisory_lock(7)");
    let read = "{ patients(limit: 1) { id } }";
    let first = asking(&server, read);
    told(
        &server,
        &[(in_flight, 1), ("fragaria_store_pool_in_use", 0)],
    );
    // These do not wait behind it for long; one gets the connection that there is, and one waits for it.
    let others: Vec<_> = (0..2).map(|_| asking(&server, read)).collect();
    told(
        &server,
        &[
            ("fragaria_store_pool_in_use", 1),
            (WAITING, 1),
            (SHARED, 2),
            (EXCLUSIVE, 1),
        ],
    );
    drop(lock);
    for mut client in others.into_iter().chain([first]) {
        let body = client.response().unwrap().json();
        assert_eq!(body, json!({ "data": { "patients": [{ "id": 1 }] } }));
    }
    told(
        &server,
        &[
            (in_flight, 0),
            ("fragaria_store_pool_in_use", 0),
            (WAITING, 0),
        ],
    );
}

#[test]
fn connections_to_a_file_are_told_by_what_they_are_for() {
    let stage = Stage::sqlite(&["database.sqlite.readers=3"]);
    let server = stage.serve();
    let of = |kind| format!("fragaria_store_connections{{kind=\"{kind}\"}}");
    told(
        &server,
        &[
            (&of("reader"), 3),
            (&of("long_reader"), 1),
            (&of("writer"), 1),
        ],
    );
}

#[test]
fn behind_a_pooler_in_transaction_mode_no_shared_connection_is_opened() {
    let stage = Stage::postgres(&[]);
    let url = stage.url();
    let (front, name) = url.rsplit_once('/').unwrap();
    let (_, port) = front.rsplit_once(':').unwrap();
    let bouncer = Bouncer::start(port.parse().unwrap());
    let url = format!(
        "database.url=postgres://postgres@127.0.0.1:{}/{name}",
        bouncer.port
    );
    let settings = [
        &*url,
        "database.postgres.pooler=transaction",
        "database.postgres.exclusive_connections_min=3",
    ];
    let server = stage.project.serve(&settings).ready();
    told(&server, &[(EXCLUSIVE, 3), (SHARED, 0)]);
    let answer = server.graphql("{ product(id: 1) { name } }");
    assert_eq!(answer.status, 200);
    assert_eq!(server.metric(SHARED), 0);
}

/// Whose figures everybody can tell.
const FIGURES: &str = "
    CREATE TABLE reading (id int PRIMARY KEY, size int NOT NULL);
    INSERT INTO reading SELECT g, g * 2 FROM generate_series(1, 1000) g;";

/// Reads a row, a short list and figures, which must be right, so many times.
fn read_and_check(client: &mut Client, number: u64) {
    for round in 0..50 {
        let id = number * 30 + round % 30 + 1;
        for (document, expected) in [
            (
                format!("{{ reading(id: {id}) {{ size }} }}"),
                json!({ "reading": { "size": id * 2 } }),
            ),
            (
                format!(
                    "{{ readings(limit: 2, where: {{ id: {{ gte: {id} }} }}, orderBy: [{{ id: ASC }}]) {{ id }} }}"
                ),
                json!({ "readings": [{ "id": id }, { "id": id + 1 }] }),
            ),
            (
                format!(
                    "{{ readingAggregate(where: {{ id: {{ lte: {id} }} }}) {{ count max {{ size }} }} }}"
                ),
                json!({ "readingAggregate": [{ "count": id, "max": { "size": id * 2 } }] }),
            ),
        ] {
            let body = json!({ "query": document }).to_string();
            client
                .request("POST /graphql", &[JSON], body.as_bytes())
                .unwrap();
            let answer = client.response().unwrap().json();
            assert_eq!(answer, json!({ "data": expected }), "{document}");
        }
    }
}

#[test]
fn many_clients_that_read_at_once_use_the_shared_connections_alone() {
    const OURS: &str = "SELECT count(*) FROM pg_stat_activity \
                        WHERE application_name = 'fragaria' AND datname = current_database()";
    let stage = Stage::on_postgres(FIGURES, &["database.idle_ms=100"]);
    let server = stage.serve();
    // The shared ones, and the one that is kept for who needs one alone.
    let open = 8 + 1;
    let most = || {
        stage.until(&open.to_string(), OURS);
        let mut outside = stage.session();
        let (mut most, reads) = (0, AtomicBool::new(true));
        thread::scope(|scope| {
            let readers = (0..32).map(|number| {
                let mut client = server.client();
                scope.spawn(move || read_and_check(&mut client, number))
            });
            let readers: Vec<_> = readers.collect();
            let seen = scope.spawn(|| {
                while reads.load(Ordering::Relaxed) {
                    most = most.max(outside.sql(OURS).parse::<u32>().unwrap());
                }
            });
            for reader in readers {
                reader.join().unwrap();
            }
            reads.store(false, Ordering::Relaxed);
            seen.join().unwrap();
        });
        most
    };
    // Where the machine stands still for long enough, a read is taken out of a line that seems stuck.
    let is_shared = (0..3).any(|_| most() == open);
    assert!(is_shared, "small reads open connections of their own");
}
