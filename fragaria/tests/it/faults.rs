//! Databases that die, stay away or are locked, and what clients are told meanwhile.

use crate::client::{Client, Response, until};
use crate::database::{Database, psql};
use crate::instance::{Instance, run};
use crate::project::Project;
use crate::server::{Server, binary, isolated};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const JSON: &str = "content-type: application/json";
pub(crate) const SOON: &str = "server.check_interval_ms=50";

/// No answer may take longer: the statement timeout, and much for a busy machine.
const HANG: Duration = Duration::from_secs(20);
/// How soon all is well again.
const RECOVERY: Duration = Duration::from_secs(15);

pub(crate) const TABLES: &str = "
    CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO product VALUES (1, 'Strawberry'), (2, 'Raspberry');
    CREATE TABLE reading (id int PRIMARY KEY, note text NOT NULL);
    INSERT INTO reading SELECT -g, repeat('x', 120) FROM generate_series(1, 2000) g;
    CREATE TABLE written (id int PRIMARY KEY);";

/// What clients were told, summed up.
#[derive(Default)]
pub(crate) struct Tally {
    /// Rows whose creation was confirmed.
    pub(crate) confirmed: BTreeSet<i64>,
    /// Rows whose creation may have happened.
    pub(crate) unknown: BTreeSet<i64>,
    /// Rows that were refused.
    pub(crate) refused: BTreeSet<i64>,
    /// How often each error was told.
    pub(crate) errors: BTreeMap<(u16, String), u32>,
    /// Streams that broke off, and were seen to.
    broken: u32,
    slowest: Duration,
}

impl Tally {
    /// What was confirmed is there, and nothing that was refused.
    pub(crate) fn assert_true(&self, url: &str) {
        let rows: BTreeSet<i64> = psql(url, "SELECT id FROM written")
            .lines()
            .map(|id| id.parse().unwrap())
            .collect();
        let lost: Vec<_> = self.confirmed.difference(&rows).collect();
        assert!(lost.is_empty(), "confirmed and lost: {lost:?}");
        let refused: Vec<_> = self.refused.intersection(&rows).collect();
        assert!(
            refused.is_empty(),
            "refused and there all the same: {refused:?}"
        );
    }
}

/// Clients that read and write until they are told to stop.
pub(crate) struct Load {
    clients: Vec<JoinHandle<Tally>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
}

impl Load {
    pub(crate) fn start(address: SocketAddr, clients: i64) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let clients = (0..clients).map(|number| {
            let (stop, answered) = (stop.clone(), answered.clone());
            thread::spawn(move || work(address, number, &stop, &answered))
        });
        Self {
            clients: clients.collect(),
            stop,
            answered,
        }
    }

    /// Waits until so many more requests were answered with data.
    pub(crate) fn more(&self, answers: u32) {
        let target = self.answered.load(Ordering::Relaxed) + answers;
        let start = Instant::now();
        while self.answered.load(Ordering::Relaxed) < target {
            assert!(start.elapsed() < 2 * HANG, "nothing is answered any more");
            assert!(
                !self.clients.iter().any(JoinHandle::is_finished),
                "a client gave up"
            );
            thread::yield_now();
        }
    }

    pub(crate) fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Tally::default();
        for client in self.clients {
            let tally = client.join().unwrap();
            sum.confirmed.extend(tally.confirmed);
            sum.unknown.extend(tally.unknown);
            sum.refused.extend(tally.refused);
            for (error, count) in tally.errors {
                *sum.errors.entry(error).or_default() += count;
            }
            sum.broken += tally.broken;
            sum.slowest = sum.slowest.max(tally.slowest);
        }
        sum
    }
}

/// One client: a row, several roots, a stream and a write in turn.
fn work(address: SocketAddr, number: i64, stop: &AtomicBool, answered: &AtomicU32) -> Tally {
    let mut tally = Tally::default();
    let mut client = Client::connect(address);
    let mut id = number * 1_000_000;
    while !stop.load(Ordering::Relaxed) {
        id += 1;
        let write = format!("mutation {{ createWritten(input: {{ id: {id} }}) {{ id }} }}");
        for document in [
            "{ product(id: 1) { name } }",
            "{ products(limit: 5) { name } other: product(id: 2) { name } }",
            "{ readings { id note } }",
            write.as_str(),
        ] {
            let start = Instant::now();
            let Some(response) = ask(&mut client, document) else {
                tally.broken += 1;
                client = Client::connect(address);
                continue;
            };
            tally.slowest = tally.slowest.max(start.elapsed());
            let error = check(&response);
            if document == write {
                tally.note(id, error.as_ref().map(|(_, code)| code.as_str()));
            }
            match error {
                None => _ = answered.fetch_add(1, Ordering::Relaxed),
                Some(error) => *tally.errors.entry(error).or_default() += 1,
            }
        }
    }
    tally
}

impl Tally {
    fn note(&mut self, id: i64, code: Option<&str>) {
        match code {
            None => self.confirmed.insert(id),
            Some("store.outcome_unknown") => self.unknown.insert(id),
            Some(_) => self.refused.insert(id),
        };
    }
}

/// Asks; `None` if a stream broke off, which only that may do.
fn ask(client: &mut Client, document: &str) -> Option<Response> {
    let body = json!({ "query": document }).to_string();
    client
        .request("POST /graphql", &[JSON], body.as_bytes())
        .unwrap();
    let mut response = client.head().unwrap();
    match client.body(&mut response) {
        Ok(()) => Some(response),
        Err(error) => {
            let streams = response.headers.contains_key("transfer-encoding");
            assert!(streams && response.status == 200, "{error}: {response:?}");
            None
        }
    }
}

/// An answer is data without errors, or a refusal with a status and a code that say so.
fn check(response: &Response) -> Option<(u16, String)> {
    let body = response.json();
    if response.status == 200 {
        assert!(
            body["data"].is_object() && body["errors"].is_null(),
            "{body}"
        );
        return None;
    }
    let code = response.code();
    let known = match response.status {
        503 => matches!(&*code, "store.unavailable" | "store.busy"),
        504 => matches!(&*code, "store.outcome_unknown" | "store.timeout"),
        _ => false,
    };
    assert!(known && body["data"].is_null(), "{response:?} {body}");
    Some((response.status, code))
}

/// Connections of the server, as the database sees them.
fn connections(url: &str) -> u64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fragaria'";
    psql(url, sql).parse().unwrap()
}

#[test]
fn a_database_that_crashes_under_load_loses_nothing_that_was_confirmed() {
    let instance = Instance::start("", |_| {});
    psql(&instance.address(), TABLES);
    let project = Project::on(&instance.address());
    let server = project.serve(&[SOON]).ready();
    let load = Load::start(server.address, 16);
    load.more(200);
    crash(&instance, &server, &load);
    kill_a_backend(&instance, &load);
    let tally = load.stop();
    let server = server.ready();
    assert!(tally.slowest < HANG, "an answer took {:?}", tally.slowest);
    assert!(tally.errors.values().sum::<u32>() > 0, "nobody noticed");
    tally.assert_true(&instance.address());
    // Every client has at most one request under way when the database dies.
    assert!(
        tally.unknown.len() <= 2 * 16,
        "{} unknown",
        tally.unknown.len()
    );
    assert!(!tally.confirmed.is_empty());
    let open = connections(&instance.address());
    assert!(open <= project.connections_max(), "{open} connections");
    assert_eq!(server.metric("fragaria_store_pool_in_use"), 0);
}

/// Stops the database at once and starts it again.
fn crash(instance: &Instance, server: &Server, load: &Load) {
    instance.kill();
    let away = server.until("/health/ready", |response| response.status == 503);
    assert_eq!(away.json()["dependencies"]["database"]["status"], "down");
    assert_eq!(server.get("/health/live").status, 200);
    instance.start_again();
    assert_recovers(load);
    server.until("/health/ready", |response| response.status == 200);
}

/// Kills one process of the database, upon which it cuts all connections and recovers by itself.
fn kill_a_backend(instance: &Instance, load: &Load) {
    let sql = "SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'fragaria'";
    let id = psql(&instance.address(), sql);
    run(Command::new("kill").args(["-s", "KILL", &id]));
    assert_recovers(load);
}

fn assert_recovers(load: &Load) {
    let back = Instant::now();
    load.more(200);
    assert!(back.elapsed() < RECOVERY, "it took {:?}", back.elapsed());
}

#[test]
fn a_server_started_while_its_database_is_away_comes_to_itself() {
    let instance = Instance::start("", |_| {});
    psql(&instance.address(), TABLES);
    let project = Project::on(&instance.address());
    instance.kill();
    let server = project.serve(&[SOON]);
    let down =
        |response: &Response| response.json()["dependencies"]["database"]["status"] == "down";
    assert_eq!(server.until("/health/ready", down).status, 503);
    assert_eq!(server.get("/health/live").status, 200);
    let refused = server.graphql("{ product(id: 1) { name } }");
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "server.not_ready")
    );
    instance.start_again();
    let server = server.ready();
    // Those that small reads share, and one for who needs one alone, before anybody asks.
    until("no connections are opened ahead", || {
        (connections(&instance.address()) == 4 + 4 + 1).then_some(())
    });
    let body = server.graphql("{ product(id: 1) { name } }").json();
    assert_eq!(body["data"]["product"]["name"], "Strawberry");
}

#[test]
fn a_connection_lost_during_the_commit_leaves_the_outcome_open_and_says_so() {
    let database = Database::empty();
    database.sql(TABLES);
    // What is deferred happens in the commit: there the connection ends itself.
    database.sql(
        "CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER falls AFTER INSERT ON written
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fall()",
    );
    let project = Project::on(&database.url());
    let server = project.serve(&[]).ready();
    let answer = server.graphql("mutation { createWritten(input: { id: 1 }) { id } }");
    assert_eq!(
        (answer.status, &*answer.code()),
        (504, "store.outcome_unknown")
    );
    // A client that tries again by itself must not be asked to.
    assert_eq!(answer.header("retry-after"), "");
    let next = server.graphql("mutation { createReading(input: { id: 1, note: \"\" }) { id } }");
    assert_eq!(
        next.json(),
        json!({ "data": { "createReading": { "id": 1 } } })
    );
}

#[test]
fn a_sqlite_file_that_is_locked_is_busy_and_then_is_not() {
    let project = Project::small();
    let server = project
        .serve(&["database.sqlite.busy_timeout_ms=50"])
        .ready();
    let write = "mutation { createReading(input: { id: 1, note: \"a\" }) { id } }";
    let read = "{ product(id: 1) { name } }";
    let other = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = server.graphql(write);
    assert_eq!((busy.status, &*busy.code()), (503, "store.busy"));
    assert_eq!(busy.header("retry-after"), "1");
    assert_eq!(
        server.graphql(read).json()["data"]["product"]["name"],
        "Strawberry"
    );
    other.execute_batch("COMMIT").unwrap();
    let written = server.graphql(write).json();
    assert_eq!(written, json!({ "data": { "createReading": { "id": 1 } } }));
    let notes: i64 = other
        .query_row("SELECT count(*) FROM reading", [], |row| row.get(0))
        .unwrap();
    assert_eq!(notes, 1);
}

#[test]
fn a_sqlite_file_spoiled_under_the_server_closes_it_until_it_is_mended() {
    let project = Project::small();
    let server = project.serve(&[SOON]).ready();
    std::fs::rename(project.path("shop.db"), project.path("good.db")).unwrap();
    project.write("shop.db", &"no database ".repeat(1_000));
    let spoiled = server.until("/health/ready", |response| response.status == 503);
    assert_eq!(
        spoiled.json()["dependencies"]["database"]["reason"],
        Value::from("the database is unavailable, try again later")
    );
    let refused = server.graphql("mutation { createReading(input: { id: 1, note: \"\" }) { id } }");
    assert_eq!(refused.status, 503, "{refused:?}");
    std::fs::rename(project.path("good.db"), project.path("shop.db")).unwrap();
    let server = server.ready();
    let body = server.graphql("{ product(id: 1) { name } }").json();
    assert_eq!(body["data"]["product"]["name"], "Strawberry");
}

#[test]
fn what_cannot_be_answered_has_a_status_and_a_code_of_its_kind() {
    let database = Database::empty();
    database.sql(TABLES);
    database.sql("CREATE VIEW slow AS SELECT id FROM product WHERE pg_sleep(600) IS NOT NULL");
    let project = Project::on(&database.url());
    let server = project
        .serve(&[
            "database.read_timeout_ms=200",
            "database.write_timeout_ms=200",
        ])
        .ready();
    for limit in ["", "(limit: 1)"] {
        let slow = server.graphql(&format!("{{ slows{limit} {{ id }} }}"));
        assert_eq!((slow.status, &*slow.code()), (504, "store.timeout"));
    }
    let project = Project::small();
    project.sql("UPDATE product SET price = 'three' WHERE id = 1");
    let server = project.serve(&["database.write_bytes_max=1000"]).ready();
    let spoiled = server.graphql("{ product(id: 1) { price } }");
    assert_eq!(
        (spoiled.status, &*spoiled.code()),
        (500, "store.conversion")
    );
    let note = "x".repeat(600);
    let write = format!(
        "mutation {{ createReadings(input: [{{ id: 1, note: \"{note}\" }}, \
         {{ id: 2, note: \"{note}\" }}]) {{ note }} }}"
    );
    let large = server.graphql(&write);
    assert_eq!((large.status, &*large.code()), (200, "store.too_large"));
    assert_eq!(large.json()["data"], Value::Null);
    let rows = server.graphql("{ readings(limit: 5) { id } }").json();
    assert_eq!(rows, json!({ "data": { "readings": [] } }));
}

#[test]
fn a_server_out_of_file_descriptors_takes_connections_again_when_some_are_free() {
    let project = Project::small();
    let mut command = isolated("sh");
    command
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(binary().get_program())
        .args(["serve", "."])
        .current_dir(project.path(""));
    let server = Server::start(&mut command).ready();
    let crowd: Vec<_> = (0..100).map(|_| server.client()).collect();
    server.logged("cannot accept a connection");
    drop(crowd);
    assert_eq!(server.graphql("{ product(id: 1) { name } }").status, 200);
}
