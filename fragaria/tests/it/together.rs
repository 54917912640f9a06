//! Writes that wait for the one connection that writes to SQLite: committed together, and each stands
//! by itself.

use crate::client::{Client, Response};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::json;
use std::fs;
use std::thread;
use std::time::Duration;

const WAITING: usize = 24;

/// Of what is refused some undoes a statement, some a transaction, and some only its end.
const TABLES: &str = "
    CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    INSERT INTO word VALUES (1, 'taken');
    CREATE TRIGGER strict BEFORE INSERT ON word WHEN NEW.text = 'undo all'
    BEGIN SELECT RAISE(ROLLBACK, 'not that'); END;
    CREATE VIEW long AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)
    SELECT count(*) AS n FROM n;
    CREATE TRIGGER slow AFTER INSERT ON word WHEN NEW.text = 'slow' BEGIN SELECT n FROM long; END;
    CREATE TABLE tag (id INTEGER PRIMARY KEY,
        word_id INT NOT NULL REFERENCES word (id) DEFERRABLE INITIALLY DEFERRED);";

/// However slow the machine is, those that wait get into one transaction.
const PATIENT: &[&str] = &["database.sqlite.batch_ms=60000"];

const GROUPED: &str = "fragaria_store_writes_grouped_total";
const UNDONE: &str = "fragaria_store_groups_undone_total";

#[test]
fn writes_that_wait_are_committed_together() {
    for (settings, commits_max) in [
        (PATIENT, WAITING / 3),
        (&["database.sqlite.batch_max=1"], WAITING),
    ] {
        let stage = Stage::on_sqlite(TABLES, settings);
        let server = stage.serve();
        let words: Vec<_> = (0..WAITING).map(|n| word(&format!("w{n}"))).collect();
        let (answers, commits) = held_up(&stage, &server, &words, |_| {});
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(
                answer.json()["data"]["createWord"]["text"],
                format!("w{n}"),
                "{answer:?}"
            );
        }
        assert_eq!(stage.outside("SELECT count(*) FROM word"), "26");
        let grouped = server.metric(GROUPED);
        if settings == PATIENT {
            assert!(commits <= commits_max, "{commits} commits");
            assert!(grouped >= WAITING as u64 / 2, "{grouped}");
        } else {
            assert_eq!((commits, grouped), (WAITING + 1, 0));
        }
    }
}

#[test]
fn one_that_fails_undoes_none_of_the_others() {
    let refusals = [
        (word("taken"), "store.unique", 0),
        (word("undo all"), "store.check", 1),
        (tag(99), "store.foreign_key", 1),
    ];
    for (refused, code, undone) in refusals {
        let stage = Stage::on_sqlite(TABLES, PATIENT);
        let server = stage.serve();
        let mut writes: Vec<_> = (0..9).map(|n| word(&format!("w{n}"))).collect();
        writes.insert(4, refused);
        writes.push(tag(1));
        let (answers, _) = held_up(&stage, &server, &writes, |_| {});
        for (n, answer) in answers.iter().enumerate() {
            let expected = if n == 4 { code } else { "" };
            let told = answer.json();
            let found = told["errors"][0]["extensions"]["code"].as_str();
            assert_eq!(found.unwrap_or_default(), expected, "{n}: {told}");
        }
        assert_eq!(stage.outside("SELECT count(*) FROM word"), "11", "{code}");
        assert_eq!(stage.outside("SELECT count(*) FROM tag"), "1", "{code}");
        assert_eq!(server.metric(UNDONE), undone, "{code}");
    }
}

#[test]
fn what_depends_on_what_is_undone_is_told_what_is_true_in_the_end() {
    let stage = Stage::on_sqlite(TABLES, PATIENT);
    let server = stage.serve();
    // The second is refused for the first one's sake, which is undone with the transaction.
    let both = format!("mutation {{ {} {} }}", fields("new"), tagged(99));
    let writes = [both, word("new"), word("other")];
    let (answers, _) = held_up(&stage, &server, &writes, |_| {});
    let codes: Vec<_> = answers.iter().map(Response::json).collect();
    assert_eq!(
        codes[0]["errors"][0]["extensions"]["code"],
        "store.foreign_key"
    );
    assert_eq!(codes[1]["data"]["createWord"]["text"], "new");
    assert_eq!(codes[2]["data"]["createWord"]["text"], "other");
    assert_eq!(stage.outside("SELECT count(*) FROM word"), "4");
}

#[test]
fn a_write_that_nobody_waits_for_leaves_nothing_and_the_others_stay() {
    let stage = Stage::on_sqlite(TABLES, PATIENT);
    let server = stage.serve();
    let words: Vec<_> = (0..8).map(|n| word(&format!("w{n}"))).collect();
    let (answers, _) = held_up(&stage, &server, &words, |clients| {
        clients.remove(5);
        clients.remove(0);
        until_in_flight(&server, 7);
    });
    assert_eq!(answers.len(), 6);
    let all = "SELECT group_concat(text, ' ') FROM (SELECT text FROM word ORDER BY text)";
    assert_eq!(stage.outside(all), "ahead taken w1 w2 w3 w4 w6 w7");
}

#[test]
fn a_write_that_nobody_waits_for_any_more_is_not_committed_with_the_next() {
    let stage = Stage::on_sqlite(TABLES, PATIENT);
    let server = stage.serve();
    let lock = stage.lock();
    let words = ["early", "slow", "late"].map(word);
    let (mut ahead, mut clients) = in_line(&server, &words, &[]);
    drop(lock);
    assert_eq!(ahead.response().unwrap().status, 200);
    let outside = rusqlite::Connection::open(stage.project.path("shop.db")).unwrap();
    outside.busy_timeout(Duration::ZERO).unwrap();
    while outside.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
        // Whoever waits for the lock must find it free.
        server.get("/metrics");
    }
    // The first has run, or is about to; the second is at work.
    drop(clients.remove(0));
    for client in &mut clients {
        assert_eq!(client.response().unwrap().status, 200);
    }
    let all = "SELECT group_concat(text, ' ') FROM (SELECT text FROM word ORDER BY text)";
    assert_eq!(stage.outside(all), "ahead late slow taken");
}

#[test]
fn a_key_that_comes_twice_at_once_is_one_write() {
    let stage = Stage::on_sqlite(TABLES, PATIENT);
    let server = stage.serve();
    let lock = stage.lock();
    let words = ["once"; 6].map(word);
    let (mut ahead, mut clients) = in_line(&server, &words, &["idempotency-key: k"]);
    drop(lock);
    assert_eq!(ahead.response().unwrap().status, 200);
    let answers: Vec<_> = clients
        .iter_mut()
        .map(|client| client.response().unwrap())
        .collect();
    let first = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed").is_empty());
    assert_eq!(first.count(), 1);
    for answer in &answers {
        assert_eq!(answer.json()["data"]["createWord"]["text"], "once");
    }
    assert_eq!(stage.outside("SELECT count(*) FROM word"), "3");
}

#[test]
fn what_was_confirmed_is_there_after_a_crash() {
    const WRITERS: usize = 8;
    let stage = Stage::on_sqlite(TABLES, PATIENT);
    let server = stage.serve();
    let confirmed: Vec<String> = thread::scope(|scope| {
        let writers = (0..WRITERS).map(|writer| {
            let mut client = server.client();
            scope.spawn(move || {
                let mut confirmed = Vec::new();
                for n in 0.. {
                    let text = format!("{writer}-{n}");
                    send(&mut client, &word(&text), &[]);
                    match client.response() {
                        Ok(answer) if answer.status == 200 => confirmed.push(text),
                        _ => break,
                    }
                }
                confirmed
            })
        });
        let writers: Vec<_> = writers.collect();
        server.until("/metrics", |metrics| {
            let text = String::from_utf8_lossy(&metrics.body);
            let line = text.lines().find(|line| line.starts_with(GROUPED));
            let count = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
            count.is_some_and(|count: u64| count > 200)
        });
        server.signal("KILL");
        server.ended();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    assert!(confirmed.len() > 100, "{}", confirmed.len());
    for text in confirmed {
        let found = format!("SELECT count(*) FROM word WHERE text = '{text}'");
        assert_eq!(stage.outside(&found), "1", "{text}");
    }
}

fn word(text: &str) -> String {
    format!("mutation {{ {} }}", fields(text))
}

fn fields(text: &str) -> String {
    format!("createWord(input: {{ text: \"{text}\" }}) {{ text }}")
}

fn tag(word: u32) -> String {
    format!("mutation {{ {} }}", tagged(word))
}

fn tagged(word: u32) -> String {
    format!("createTag(input: {{ wordId: {word} }}) {{ wordId }}")
}

fn send(client: &mut Client, document: &str, headers: &[&str]) {
    let body = json!({ "query": document }).to_string();
    let headers = [&["content-type: application/json"], headers].concat();
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
}

/// Sends writes that wait for another connection, does something, lets them go on, and gives their
/// answers and how many commits there were.
fn held_up(
    stage: &Stage,
    server: &Server,
    writes: &[String],
    meanwhile: impl FnOnce(&mut Vec<Client>),
) -> (Vec<Response>, usize) {
    let lock = stage.lock();
    let (mut ahead, mut clients) = in_line(server, writes, &[]);
    meanwhile(&mut clients);
    let before = commits(stage);
    drop(lock);
    assert_eq!(ahead.response().unwrap().status, 200);
    let answers = clients.iter_mut().map(|client| client.response().unwrap());
    (answers.collect(), commits(stage) - before)
}

/// Sends a write that has the connection, alone as it came, and others in their order, which wait behind it.
fn in_line(server: &Server, writes: &[String], headers: &[&str]) -> (Client, Vec<Client>) {
    let sent = |count: usize, write: &str, headers: &[&str]| {
        let mut client = server.client();
        send(&mut client, write, headers);
        until_in_flight(server, count);
        client
    };
    let ahead = sent(1, &word("ahead"), &[]);
    let others = writes.iter().zip(2..);
    let others = others.map(|(write, count)| sent(count, write, headers));
    (ahead, others.collect())
}

fn until_in_flight(server: &Server, count: usize) {
    let line = format!("fragaria_load_in_flight {count}\n");
    server.until("/metrics", |metrics| {
        String::from_utf8_lossy(&metrics.body).contains(&line)
    });
}

/// The transactions in the write-ahead log, as the format of SQLite's file tells them: a frame that
/// ends one has the size of the database.
fn commits(stage: &Stage) -> usize {
    const HEADER: usize = 32;
    const FRAME: usize = 24;
    let log = fs::read(stage.project.path("shop.db-wal")).unwrap_or_default();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let Some(page) = log.get(8..12) else { return 0 };
    let salts = &log[16..24];
    let frames = log[HEADER..].chunks(FRAME + number(page) as usize);
    let frames = frames.filter(|frame| frame.len() > FRAME && &frame[8..16] == salts);
    frames.filter(|frame| number(&frame[4..8]) != 0).count()
}
