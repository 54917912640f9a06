//! Many writers at once on the same rows: nothing is lost, nothing is half, and whoever was in the
//! way of another is tried again.

use crate::client::{Client, Response, until};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;

const WRITERS: usize = 32;

const TABLES: &str = "
    CREATE TABLE account (id INT NOT NULL PRIMARY KEY, balance INT NOT NULL, version INT NOT NULL DEFAULT 1);
    INSERT INTO account (id, balance) VALUES (1, 100), (2, 100), (3, 100), (4, 100);
    CREATE TABLE label (id INT NOT NULL PRIMARY KEY, slug VARCHAR(50) NOT NULL UNIQUE, writer INT NOT NULL);
    CREATE TABLE sheet (id INT NOT NULL PRIMARY KEY, title VARCHAR(50) NOT NULL);
    CREATE TABLE line (id INT NOT NULL PRIMARY KEY, sheet_id INT NOT NULL, word VARCHAR(50) NOT NULL UNIQUE,
        FOREIGN KEY (sheet_id) REFERENCES sheet (id));
    INSERT INTO sheet VALUES (1, 'first'), (2, 'other');
    INSERT INTO line VALUES (1, 1, 'first 0'), (2, 1, 'first 1'), (3, 1, 'first 2'), (4, 2, 'taken');";

const READ: &str = "query($id: Int!) { account(id: $id) { balance version } }";

const UPDATE: &str = "mutation($id: Int!, $balance: Int!, $version: Int!) {
    updateAccount(id: $id, set: { balance: $balance }, expectedVersion: $version) { id }
}";

/// The same balance in two rows, in this order.
const BOTH: &str = "mutation($one: Int!, $other: Int!, $balance: Int!) {
    one: updateAccount(id: $one, set: { balance: $balance }) { balance }
    other: updateAccount(id: $other, set: { balance: $balance }) { balance }
}";

const TRANSFER: &str =
    "mutation($one: Int!, $other: Int!, $less: Int!, $more: Int!, $seen: Int!, $other_seen: Int!) {
    one: updateAccount(id: $one, set: { balance: $less }, expectedVersion: $seen) { id }
    other: updateAccount(id: $other, set: { balance: $more }, expectedVersion: $other_seen) { id }
}";

const SHEET: &str = "{ sheet(id: 1) { title lines(orderBy: [{ id: ASC }]) { word } } }";

/// A title, and lines in the place of those there are.
const REPLACE: &str = "mutation($title: String!, $lines: [LineCreate!]!) {
    updateSheet(id: 1, set: { title: $title, lines: { deleteMany: [{ where: { id: { gt: 0 } } }], create: $lines } }) { title }
}";

/// Projects in which an account counts its changes.
fn stages(settings: &[&'static str]) -> [Stage; 3] {
    let stages = Stage::of(TABLES, settings);
    for stage in &stages {
        let schema = stage.project.read("schema.graphql");
        let counting = schema.replace("version: Int! @default", "version: Int! @version @default");
        assert_ne!(counting, schema);
        stage.project.write("schema.graphql", &counting);
        stage.project.run(&["compile"]);
    }
    stages
}

fn send(client: &mut Client, document: &str, variables: &Value) {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let headers = ["content-type: application/json"];
    let sent = client.request("POST /graphql", &headers, body.as_bytes());
    sent.unwrap();
}

fn ask(client: &mut Client, document: &str, variables: &Value) -> Response {
    send(client, document, variables);
    client.response().unwrap()
}

/// Lets that many clients write at once, each on a connection of its own.
fn together<T: Send>(server: &Server, write: impl Fn(usize, &mut Client) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(WRITERS);
    let write = |number, mut client: Client| {
        start.wait();
        write(number, &mut client)
    };
    let clients: Vec<_> = (0..WRITERS).map(|_| server.client()).collect();
    thread::scope(|scope| {
        let write = &write;
        let begun = clients.into_iter().enumerate();
        let begun = begun.map(|(number, client)| scope.spawn(move || write(number, client)));
        let begun: Vec<_> = begun.collect();
        begun.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

/// Balance and version of an account as a client sees them.
fn read(client: &mut Client, id: usize) -> (i64, i64) {
    let answer = ask(client, READ, &json!({ "id": id })).json();
    let account = &answer["data"]["account"];
    let number = |name: &str| account[name].as_i64().unwrap_or_else(|| panic!("{answer}"));
    (number("balance"), number("version"))
}

/// What became of a write: done, or refused with one of these codes.
fn is_done(answer: &Response, codes: &[&str]) -> bool {
    let told = answer.json();
    if told["errors"].is_null() {
        return true;
    }
    assert!(told["data"].is_null(), "{told}");
    assert!(codes.contains(&&*answer.code()), "{told}");
    false
}

#[test]
fn no_increment_is_lost_that_expects_a_version() {
    const EACH: i64 = 3;
    for stage in stages(&[]) {
        let server = stage.serve();
        let refused = together(&server, |_, client| {
            let (mut done, mut refused) = (0, 0);
            while done < EACH {
                let (balance, version) = read(client, 1);
                let next = json!({ "id": 1, "balance": balance + 1, "version": version });
                if is_done(&ask(client, UPDATE, &next), &["engine.version"]) {
                    done += 1;
                } else {
                    refused += 1;
                }
            }
            refused
        });
        assert!(refused.iter().sum::<i64>() > 0, "nobody was in the way");
        let all = EACH * i64::try_from(WRITERS).unwrap();
        let told = stage.outside("SELECT balance FROM account WHERE id = 1");
        assert_eq!(told, (100 + all).to_string());
        let told = stage.outside("SELECT version FROM account WHERE id = 1");
        assert_eq!(told, (1 + all).to_string());
    }
}

#[test]
fn writers_that_cross_each_other_leave_nothing_half() {
    const ROUNDS: usize = 4;
    for stage in stages(&[]) {
        stage.look_for_deadlocks();
        let server = stage.serve();
        together(&server, |number, client| {
            let (one, other) = if number % 2 == 0 { (1, 2) } else { (2, 1) };
            for round in 0..ROUNDS {
                let balance = number * ROUNDS + round;
                let written = json!({ "one": one, "other": other, "balance": balance });
                while !is_done(&ask(client, BOTH, &written), &["store.serialization"]) {}
                let document =
                    "{ one: account(id: 1) { balance } other: account(id: 2) { balance } }";
                let both = ask(client, document, &json!({})).json();
                assert_eq!(both["data"]["one"], both["data"]["other"], "half is seen");
            }
        });
        let differing = "SELECT COUNT(DISTINCT balance) FROM account WHERE id < 3";
        assert_eq!(stage.outside(differing), "1");
        let versions = "SELECT COUNT(*) FROM account WHERE id < 3 AND version = 129";
        assert_eq!(stage.outside(versions), "2");
    }
}

#[test]
fn what_is_taken_from_one_account_comes_to_another() {
    const EACH: usize = 4;
    for stage in stages(&[]) {
        stage.look_for_deadlocks();
        let server = stage.serve();
        let moved = together(&server, |number, client| {
            let mut moved = [0; 5];
            for round in 0..EACH {
                let one = (number + round) % 4 + 1;
                let other = (number + round + 1 + number % 3) % 4 + 1;
                let ((less, seen), (more, other_seen)) = (read(client, one), read(client, other));
                let amount = i64::try_from(round + 1).unwrap();
                let transfer = json!({
                    "one": one, "other": other, "seen": seen, "other_seen": other_seen,
                    "less": less - amount, "more": more + amount,
                });
                let refused = ["engine.version", "store.serialization"];
                if is_done(&ask(client, TRANSFER, &transfer), &refused) {
                    moved[one] -= amount;
                    moved[other] += amount;
                }
            }
            moved
        });
        assert!(
            moved.iter().flatten().any(|moved| *moved != 0),
            "nothing was moved"
        );
        assert_eq!(stage.outside("SELECT SUM(balance) FROM account"), "400");
        for id in 1..5 {
            let balance = 100 + moved.iter().map(|moved| moved[id]).sum::<i64>();
            let told = stage.outside(&format!("SELECT balance FROM account WHERE id = {id}"));
            assert_eq!(told, balance.to_string(), "account {id}");
        }
    }
}

#[test]
fn upserts_at_once_on_a_new_key_leave_one_row() {
    let document = "mutation($id: Int!, $slug: String!) {
        upsertLabel(input: { id: $id, slug: $slug, writer: $id }, onConflict: SLUG, update: [writer]) { slug writer }
    }";
    for stage in stages(&[]) {
        let server = stage.serve();
        for round in 0..6 {
            let slug = format!("round {round}");
            together(&server, |number, client| {
                let id = round * WRITERS + number;
                let answer = ask(client, document, &json!({ "id": id, "slug": slug })).json();
                let expected = json!({ "slug": slug, "writer": id });
                assert_eq!(answer["data"]["upsertLabel"], expected, "{answer}");
            });
            let rows = format!("SELECT COUNT(*) FROM label WHERE slug = '{slug}'");
            assert_eq!(stage.outside(&rows), "1");
        }
        assert_eq!(stage.outside("SELECT COUNT(*) FROM label"), "6");
    }
}

#[test]
fn trees_that_are_written_at_once_are_whole_or_not_there() {
    for stage in stages(&[]) {
        stage.look_for_deadlocks();
        let server = stage.serve();
        together(&server, |number, client| {
            let title = format!("writer {number}");
            let line = |at: usize| {
                // The last line of some makes the whole tree impossible.
                let is_taken = number % 4 == 0 && at == 2;
                let word = if is_taken {
                    "taken".into()
                } else {
                    format!("{title} {at}")
                };
                json!({ "id": 10 + number * 3 + at, "word": word })
            };
            let tree = json!({ "title": title, "lines": [line(0), line(1), line(2)] });
            loop {
                let answer = ask(client, REPLACE, &tree);
                if is_done(&answer, &["store.unique", "store.serialization"]) {
                    assert_ne!(number % 4, 0);
                    break;
                }
                if answer.code() == "store.unique" {
                    assert_eq!(number % 4, 0, "{answer:?}");
                    break;
                }
            }
            let seen = ask(client, SHEET, &json!({})).json();
            let sheet = &seen["data"]["sheet"];
            let title = sheet["title"].as_str().unwrap();
            let words = [0, 1, 2].map(|at| json!({ "word": format!("{title} {at}") }));
            assert_eq!(sheet["lines"], json!(words), "{seen}");
        });
        assert_eq!(stage.outside("SELECT COUNT(*) FROM line"), "4");
    }
}

#[test]
fn what_the_database_undoes_for_anothers_sake_runs_again() {
    let [_, postgres, mariadb] = stages(&[]);
    for stage in [postgres, mariadb] {
        let (answer, retries) = undone(&stage);
        let done = json!({ "balance": 50 });
        let expected = json!({ "one": done, "gate": done, "other": done });
        assert_eq!(answer["data"], expected, "{answer}");
        assert!(retries > 0);
        let written = "SELECT COUNT(*) FROM account WHERE balance = 50";
        assert_eq!(stage.outside(written), "3");
    }
}

#[test]
fn what_may_not_run_again_is_undone_as_a_whole() {
    let [_, postgres, mariadb] = stages(&["database.retries_max=0"]);
    for stage in [postgres, mariadb] {
        let (answer, retries) = undone(&stage);
        assert_eq!(
            answer["errors"][0]["extensions"]["code"],
            "store.serialization"
        );
        assert!(answer["data"].is_null(), "{answer}");
        assert_eq!(retries, 0);
        let written = "SELECT COUNT(*) FROM account WHERE balance = 50";
        assert_eq!(stage.outside(written), "0");
    }
}

#[test]
fn a_version_that_is_stale_costs_no_connection() {
    let [_, postgres, mariadb] = stages(&[]);
    for stage in [postgres, mariadb] {
        let server = stage.serve();
        let mut client = server.client();
        let stale = json!({ "id": 1, "balance": 0, "version": 99 });
        let mut other = stage.session();
        let mut connections = || {
            assert!(!is_done(
                &ask(&mut client, UPDATE, &stale),
                &["engine.version"]
            ));
            other.sql(if stage.is_mariadb() {
                "SELECT GROUP_CONCAT(id ORDER BY id) FROM information_schema.processlist \
                 WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            } else {
                "SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()"
            })
        };
        // Those that are opened ahead beside it are another matter.
        let open = if stage.is_mariadb() { 4 + 1 } else { 4 + 4 + 1 };
        let before = until("connections are not opened ahead", || {
            Some(connections()).filter(|ids| ids.split(',').count() == open)
        });
        assert_eq!(connections(), before);
    }
}

/// What comes of a mutation that meets another transaction, each waiting for the other, and how
/// often one ran again.
fn undone(stage: &Stage) -> (Value, u64) {
    stage.look_for_deadlocks();
    let server = stage.serve();
    let mut other = stage.session();
    other.sql(&begin(stage));
    other.sql("UPDATE account SET balance = 7 WHERE id = 2; SELECT 1");
    // PostgreSQL undoes the one that finds out, which is the last to wait: with this the mutation.
    let gate = "BEGIN; UPDATE account SET balance = 7 WHERE id = 3; SELECT 1";
    let gate = (!stage.is_mariadb()).then(|| stage.held(gate));
    let mut client = server.client();
    let document = "mutation {
        one: updateAccount(id: 1, set: { balance: 50 }) { balance }
        gate: updateAccount(id: 3, set: { balance: 50 }) { balance }
        other: updateAccount(id: 2, set: { balance: 50 }) { balance }
    }";
    send(&mut client, document, &json!({}));
    stage.until("1", waiting(stage));
    thread::scope(|scope| {
        scope.spawn(|| {
            other.sql("UPDATE account SET balance = 7 WHERE id = 1; SELECT 1");
            other.sql("COMMIT; SELECT 1");
        });
        if gate.is_some() {
            stage.until("2", waiting(stage));
        }
        drop(gate);
    });
    let answer = client.response().unwrap().json();
    (answer, server.metric("fragaria_store_retries_total"))
}

/// Begins a transaction that is not the one to be undone.
fn begin(stage: &Stage) -> String {
    if stage.is_mariadb() {
        // It undoes the one that changed less.
        let many = "INSERT INTO label SELECT seq, CONCAT('l', seq), 0 FROM seq_1_to_200";
        format!("BEGIN; {many}; SELECT 1")
    } else {
        "SET deadlock_timeout = '1min'; BEGIN; SELECT 1".to_owned()
    }
}

/// How many statements wait for a lock.
fn waiting(stage: &Stage) -> &'static str {
    if stage.is_mariadb() {
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() \
         AND id <> CONNECTION_ID() AND info LIKE '%account%' AND time_ms > 100"
    } else {
        "SELECT COUNT(*) FROM pg_stat_activity \
         WHERE wait_event_type = 'Lock' AND datname = current_database()"
    }
}
