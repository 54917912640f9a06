//! Answers larger than memory should hold, for clients that read slowly, go away or take nothing.

use crate::client::{Client, OTHER, PATIENCE, Response};
use crate::database::{Database, Session};
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::json;
use std::thread;
use std::time::Instant;

mod million;

const JSON: &str = "content-type: application/json";
const EVERYTHING: &str = "{ readings { id note } }";

const ROWS: usize = 300_000;
/// What the server may need for an answer of any size.
const MEMORY: u64 = 32 << 20;

/// Many rows; a view that ends in an error in the middle, and one that waits there for a lock.
const POSTGRES: &str = "
    CREATE TABLE reading (id int PRIMARY KEY, note text NOT NULL);
    INSERT INTO reading SELECT g, repeat('x', 200) FROM generate_series(1, 300000) g;
    CREATE VIEW broken AS SELECT id, repeat('x', 200) AS note FROM generate_series(1, 300000) id
    WHERE 1 / (150000 - id) < 2;
    CREATE VIEW waiting AS SELECT id, repeat('x', 200) AS note FROM generate_series(1, 30000) id
    WHERE id < 20000 OR pg_advisory_xact_lock_shared(7) IS NOT NULL;";
const SQLITE: &str = "
    CREATE TABLE reading (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
    INSERT INTO reading SELECT i, printf('%0200d', 0) FROM n;
    CREATE VIEW broken AS SELECT id, note FROM reading
    WHERE abs(iif(id = 150000, -9223372036854775807 - 1, id)) > 0;";

const MARIADB: &str = "
    CREATE TABLE reading (id int PRIMARY KEY, note varchar(400) NOT NULL);
    INSERT INTO reading SELECT seq, repeat('x', 200) FROM seq_1_to_300000;";

/// A project on either database.
struct Stage {
    project: Project,
    database: Option<Database>,
}

impl Stage {
    fn sqlite() -> Self {
        let project = Project::database(SQLITE);
        project.run(&["init", "--from", "sqlite:shop.db"]);
        project.run(&["compile"]);
        Self {
            project,
            database: None,
        }
    }

    fn postgres() -> Self {
        let database = Database::empty();
        database.sql(POSTGRES);
        Self {
            project: Project::on(&database.url()),
            database: Some(database),
        }
    }

    /// A connection beside the server's.
    fn session(&self) -> Session {
        Session::open(&self.database.as_ref().unwrap().url())
    }

    /// Nothing is at work any more, here or in the database, and all goes on.
    fn assert_rests(&self, server: &Server) {
        server.until("/metrics", |metrics| {
            let text = String::from_utf8_lossy(&metrics.body);
            text.contains("fragaria_store_pool_in_use 0\n")
        });
        if self.database.is_some() {
            let mut other = self.session();
            let busy = format!("SELECT count(*) {OURS} AND state <> 'idle'");
            other.until("0", &busy);
            let open: u64 = other
                .sql(&format!("SELECT count(*) {OURS}"))
                .parse()
                .unwrap();
            assert!(open <= self.project.connections_max(), "{open} connections");
        }
        let body = server.graphql("{ reading(id: 1) { id } }").json();
        assert_eq!(body, json!({ "data": { "reading": { "id": 1 } } }));
    }
}

/// The server's connections to the database of a test.
const OURS: &str = "FROM pg_stat_activity WHERE application_name = 'fragaria' \
                    AND datname = current_database()";

/// A client that has asked, and read nothing.
fn asking(server: &Server, document: &str) -> Client {
    asks(Client::narrow(server.address), document)
}

fn asks(mut client: Client, document: &str) -> Client {
    let body = json!({ "query": document }).to_string();
    client
        .request("POST /graphql", &[JSON], body.as_bytes())
        .unwrap();
    client
}

/// A client that has asked, read the head of the answer and nothing more.
fn begin(server: &Server, document: &str) -> (Client, Response) {
    begins(asking(server, document))
}

fn begins(mut client: Client) -> (Client, Response) {
    let head = client.head().unwrap();
    assert_eq!(
        (head.status, head.header("transfer-encoding")),
        (200, "chunked")
    );
    (client, head)
}

#[test]
fn a_client_that_stops_reading_costs_no_memory_on_postgresql() {
    let stage = Stage::postgres();
    let server = stage.project.serve(&[]).ready();
    let mut other = stage.session();
    assert_flat(&server, || {
        // The transaction rests in the middle of the rows, and stays so.
        let waits = format!(
            "SELECT max(state_change) {OURS} AND state = 'idle in transaction' AND query LIKE 'FETCH%'"
        );
        assert_settles(|| other.sql(&waits));
        assert_ne!(other.sql(&waits), "");
    });
    stage.assert_rests(&server);
}

#[test]
fn a_client_that_stops_reading_costs_no_memory_on_sqlite() {
    let stage = Stage::sqlite();
    let server = stage.project.serve(&[]).ready();
    assert_flat(&server, || {
        assert_settles(|| server.memory().0.to_string());
        assert_eq!(server.metric("fragaria_store_pool_in_use"), 1);
    });
    stage.assert_rests(&server);
}

/// Waits until there is something, and it stays as it is.
fn assert_settles(mut look: impl FnMut() -> String) {
    let start = Instant::now();
    let (mut seen, mut times) = (look(), 0);
    while times < 100 {
        let now = look();
        times = if now == seen && !now.is_empty() {
            times + 1
        } else {
            0
        };
        seen = now;
        assert!(start.elapsed() < PATIENCE, "it goes on: {seen}");
        thread::yield_now();
    }
}

/// Asks for everything, lets the server wait, and then takes it all.
fn assert_flat(server: &Server, meanwhile: impl FnOnce()) {
    server.graphql("{ reading(id: 1) { id } }");
    let (before, _) = server.memory();
    let (mut client, mut answer) = begin(server, EVERYTHING);
    meanwhile();
    // The head is here, and most of what follows was not even written yet.
    assert!(server.metric("fragaria_store_bytes_total") < 30 << 20);
    client.body(&mut answer).unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(text.matches("{\"id\":").count(), ROWS);
    assert!(text.len() > 60_000_000 && text.ends_with("\"}]}}"));
    let (_, most) = server.memory();
    let grown = most.saturating_sub(before);
    assert!(grown < MEMORY, "memory grew by {} MiB", grown >> 20);
}

#[test]
fn a_client_that_goes_away_stops_the_work_in_the_database() {
    let stage = Stage::postgres();
    // Neither the database's own timeout nor ours is to help.
    let server = stage
        .project
        .serve(&[
            "database.read_timeout_ms=600000",
            "database.write_timeout_ms=600000",
        ])
        .ready();
    let mut other = stage.session();
    other.sql("SELECT 'locked' FROM pg_advisory_lock(7)");
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for _ in 0..3 {
        let (mut client, _) = begin(&server, "{ waitings { id note } }");
        while other.sql(waiting) == "0" {
            client.take_what_comes().unwrap();
        }
        drop(client);
        other.until("0", waiting);
    }
    other.sql("SELECT pg_advisory_unlock(7)");
    stage.assert_rests(&server);
}

#[test]
fn clients_that_take_nothing_leave_a_connection_to_those_who_write() {
    let postgres = Stage::postgres();
    let mariadb = mariadb::Database::empty();
    mariadb.sql(MARIADB);
    for (project, connections) in [
        (
            &postgres.project,
            "database.postgres.exclusive_connections=3",
        ),
        (
            &Project::on(&mariadb.url()),
            "database.mariadb.connections=3",
        ),
    ] {
        let server = project
            .serve(&[
                connections,
                "database.queue_timeout_ms=20000",
                "database.stall_timeout_ms=60000",
                "server.answers_share_percent=100",
                "server.stall_timeout_ms=60000",
            ])
            .ready();
        let clients: Vec<_> = (0..6).map(|_| asking(&server, EVERYTHING)).collect();
        server.until("/metrics", |metrics| {
            String::from_utf8_lossy(&metrics.body).contains("fragaria_store_streams_total 6\n")
        });
        let write = "mutation { updateReading(id: 1, set: { note: \"y\" }) { note } }";
        for _ in 0..3 {
            let written = server.graphql(write).json();
            assert_eq!(written["data"]["updateReading"]["note"], "y");
        }
        assert_eq!(server.metric("fragaria_store_pool_in_use"), 2);
        drop(clients);
        server.until("/metrics", |metrics| {
            String::from_utf8_lossy(&metrics.body).contains("fragaria_store_pool_in_use 0\n")
        });
    }
}

#[test]
fn an_address_with_many_long_answers_leaves_connections_to_others() {
    const REFUSED: &str = "fragaria_http_streams_share_refused_total";
    let (sqlite, postgres) = (Stage::sqlite(), Stage::postgres());
    let mariadb = mariadb::Database::empty();
    mariadb.sql(MARIADB);
    for (project, connections) in [
        (&sqlite.project, "database.sqlite.long_readers=4"),
        (
            &postgres.project,
            "database.postgres.exclusive_connections=5",
        ),
        (
            &Project::on(&mariadb.url()),
            "database.mariadb.connections=5",
        ),
    ] {
        let server = project
            .serve(&[
                connections,
                "database.queue_timeout_ms=2000",
                "database.stall_timeout_ms=60000",
                "server.stall_timeout_ms=60000",
            ])
            .ready();
        let mut greedy: Vec<_> = (0..2).map(|_| begin(&server, EVERYTHING)).collect();
        let refused = server.graphql(EVERYTHING);
        let code = refused.code();
        assert_eq!(
            (refused.status, &*code, refused.header("retry-after")),
            (503, "store.share", "1")
        );
        assert_eq!(server.metric(REFUSED), 1);
        // What is no such answer is given, and so is that to others.
        let one = server.graphql("{ reading(id: 1) { id } }");
        assert_eq!(one.status, 200);
        let _other = begins(asks(Client::from(OTHER, server.address), EVERYTHING));
        // One that waits has the place of one that ends.
        let mut waiting = asking(&server, EVERYTHING);
        drop(greedy.pop());
        assert_eq!(waiting.head().unwrap().status, 200);
        assert_eq!(server.metric(REFUSED), 1);
    }
}

#[test]
fn a_client_that_takes_nothing_for_too_long_is_cut_and_sees_it() {
    for stage in [Stage::postgres(), Stage::sqlite()] {
        for bound in [
            "server.stall_timeout_ms=300",
            "database.stall_timeout_ms=300",
        ] {
            let server = stage.project.serve(&[bound]).ready();
            let (mut client, mut answer) = begin(&server, EVERYTHING);
            stage.assert_rests(&server);
            assert_breaks_off(&mut client, &mut answer);
        }
    }
}

#[test]
fn an_error_in_the_middle_of_an_answer_is_seen_by_its_client() {
    for stage in [Stage::postgres(), Stage::sqlite()] {
        let server = stage.project.serve(&[]).ready();
        let (mut client, mut answer) = begin(&server, "{ brokens { id note } }");
        assert_breaks_off(&mut client, &mut answer);
        assert!(answer.body.len() > 1_000_000, "rows came before it");
        assert_eq!(server.logged("request")["outcome"], "aborted");
        stage.assert_rests(&server);
    }
}

/// The body has no end, whatever of it came.
fn assert_breaks_off(client: &mut Client, answer: &mut Response) {
    assert!(client.body(answer).is_err());
    assert!(answer.body.starts_with(b"{\"data\":{"));
    assert!(!answer.body.ends_with(b"}]}}"));
}
