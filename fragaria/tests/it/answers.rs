//! The bounds of one answer: its bytes and its rows, those of the lists in it counted too.

use crate::client::Client;
use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::json;
use std::any::Any;

/// A hundred clubs of a hundred members each; one nesting more is a hundred times as many rows.
const SQLITE: &str = "
    CREATE TABLE club (id INTEGER PRIMARY KEY);
    CREATE TABLE member (id INTEGER PRIMARY KEY, club_id INTEGER NOT NULL REFERENCES club (id));
    CREATE INDEX member_club ON member (club_id);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO club SELECT i FROM n;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
    INSERT INTO member SELECT i + 1, i / 100 + 1 FROM n;
    CREATE TABLE essay (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO essay VALUES (1, printf('%.*c', 500000, 'x'));";
const POSTGRES: &str = "
    CREATE TABLE club (id int PRIMARY KEY);
    CREATE TABLE member (id int PRIMARY KEY, club_id int NOT NULL REFERENCES club);
    CREATE INDEX ON member (club_id);
    INSERT INTO club SELECT generate_series(1, 100);
    INSERT INTO member SELECT i + 1, i / 100 + 1 FROM generate_series(0, 9999) i;
    CREATE TABLE essay (id int PRIMARY KEY, body text NOT NULL);
    INSERT INTO essay VALUES (1, repeat('x', 500000));";
const MARIADB: &str = "
    CREATE TABLE club (id int PRIMARY KEY);
    CREATE TABLE member (id int PRIMARY KEY, club_id int NOT NULL REFERENCES club (id));
    INSERT INTO club SELECT seq FROM seq_1_to_100;
    INSERT INTO member SELECT seq + 1, seq DIV 100 + 1 FROM seq_0_to_9999;
    CREATE TABLE essay (id int PRIMARY KEY, body longtext NOT NULL);
    INSERT INTO essay VALUES (1, repeat('x', 500000));";

/// One row at the top, and in it more than ten thousand.
const ONE_ROW: &str = "{ club(id: 1) { members { club { members { id } } } } }";
const ROWS: usize = 1 + 100 + 100 * 100;

/// What the server may need for an answer that becomes too long, which is twice the bound.
const MEMORY: u64 = 160 << 20;

/// As many rows, in pages.
const PAGES: &str = "{ clubConnection { nodes { membersConnection { edges { node { id } } } } } }";

/// A hundred times as many.
const MANY_ROWS: &str = "{ clubs { id members { club { members { id } } } } }";

/// A project on each database, and what keeps the database.
type Stage = (Project, Option<Box<dyn Any>>);

fn stages() -> [Stage; 3] {
    let sqlite = Project::database(SQLITE);
    sqlite.run(&["init", "--from", "sqlite:shop.db"]);
    sqlite.run(&["compile"]);
    let postgres = Database::empty();
    postgres.sql(POSTGRES);
    let mariadb = mariadb::Database::empty();
    mariadb.sql(MARIADB);
    [
        (sqlite, None),
        (Project::on(&postgres.url()), Some(Box::new(postgres))),
        (Project::on(&mariadb.url()), Some(Box::new(mariadb))),
    ]
}

#[test]
fn lists_in_one_row_count_against_the_rows_of_an_answer() {
    for (project, _database) in stages() {
        for document in [ONE_ROW, PAGES] {
            let most = format!("database.answer_rows_max={ROWS}");
            let answer = project.serve(&[&most]).ready().graphql(document);
            assert_eq!(answer.json()["errors"], json!(null));

            let less = format!("database.answer_rows_max={}", ROWS - 1);
            let server = project.serve(&[&less]).ready();
            let metric = "fragaria_store_over_rows_total";
            assert_refused(&server, document, "store.answer_rows", metric);
        }
    }
}

#[test]
fn an_answer_longer_than_it_may_be_is_refused() {
    for (project, _database) in stages() {
        let whole = project.serve(&[]).ready().graphql(ONE_ROW).body;
        // The answer without what is around its data.
        let length = whole.len() - r#"{"data":}"#.len();
        let most = format!("database.answer_bytes_max={length}");
        let answer = project.serve(&[&most]).ready().graphql(ONE_ROW).body;
        assert!(answer == whole);

        let less = format!("database.answer_bytes_max={}", length - 1);
        let server = project.serve(&[&less]).ready();
        let metric = "fragaria_store_over_bytes_total";
        assert_refused(&server, ONE_ROW, "store.answer_bytes", metric);
    }
}

#[test]
fn one_row_longer_than_an_answer_may_be_is_refused_before_a_byte_of_it_is_sent() {
    let bodies: Vec<_> = (0..900).map(|n| format!("a{n}: body")).collect();
    let bodies = bodies.join(" ");
    for (project, _database) in stages() {
        for document in [
            format!("{{ essay(id: 1) {{ {bodies} }} }}"),
            format!("{{ essays {{ {bodies} }} }}"),
            format!("{{ essayConnection {{ nodes {{ {bodies} }} }} }}"),
        ] {
            let server = project.serve(&["limits.aliases_max=900"]).ready();
            let (before, _) = server.memory();
            let metric = "fragaria_store_over_bytes_total";
            assert_refused(&server, &document, "store.answer_bytes", metric);
            let grown = server.memory().1.saturating_sub(before);
            assert!(grown < MEMORY, "memory grew by {} MiB", grown >> 20);
        }
    }
}

#[test]
fn a_value_longer_than_an_answer_may_be_is_refused_before_it_is_copied() {
    for (project, _database) in stages() {
        let server = project.serve(&["database.answer_bytes_max=400000"]).ready();
        let metric = "fragaria_store_over_bytes_total";
        assert_refused(
            &server,
            "{ essays { id body } }",
            "store.answer_bytes",
            metric,
        );
    }
}

fn assert_refused(server: &Server, document: &str, code: &str, metric: &str) {
    let answer = server.graphql(document);
    assert_eq!(answer.code(), code);
    assert_eq!(answer.json()["data"], json!(null));
    assert_eq!(server.metric(metric), 1);
    assert_eq!(server.logged("request")["status"], 200);
    let fine = server.graphql("{ club(id: 1) { id } }").json();
    assert_eq!(fine, json!({ "data": { "club": { "id": 1 } } }));
}

#[test]
fn an_answer_that_was_begun_breaks_off_at_its_bound_which_is_on_by_default() {
    for (project, _database) in stages() {
        for (settings, code, metric) in [
            (
                &[][..],
                "store.answer_rows",
                "fragaria_store_over_rows_total",
            ),
            (
                &["database.answer_bytes_max=2000000"],
                "store.answer_bytes",
                "fragaria_store_over_bytes_total",
            ),
        ] {
            let server = project.serve(settings).ready();
            let mut client = Client::connect(server.address);
            let body = json!({ "query": MANY_ROWS }).to_string();
            let json = "content-type: application/json";
            client
                .request("POST /graphql", &[json], body.as_bytes())
                .unwrap();
            let mut answer = client.head().unwrap();
            assert_eq!(answer.status, 200);
            assert!(client.body(&mut answer).is_err());
            assert!(answer.body.starts_with(b"{\"data\":{"));
            let line = server.logged("request");
            assert_eq!(
                (&line["outcome"], &line["code"]),
                (&json!("aborted"), &json!(code))
            );
            assert_eq!(server.metric(metric), 1);
        }
    }
}
