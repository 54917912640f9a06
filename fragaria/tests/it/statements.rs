//! What reaches the database: how many statements, in which transaction, and with no value in them.

use crate::client::{Response, until};
use crate::database::{Database, Session, psql};
use crate::instance::Instance;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const JSON: &str = "content-type: application/json";

/// Four levels below each other.
const TABLES: &str = "
    CREATE TYPE mood AS ENUM ('calm', 'wild');
    CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL, mood mood, extra jsonb);
    CREATE TABLE book (id int PRIMARY KEY, author_id int NOT NULL REFERENCES author, title text NOT NULL);
    CREATE TABLE chapter (id int PRIMARY KEY, book_id int NOT NULL REFERENCES book, title text NOT NULL);
    CREATE TABLE note (id int PRIMARY KEY, chapter_id int NOT NULL REFERENCES chapter, body text NOT NULL);
    INSERT INTO author SELECT g, 'a' || g, 'calm', '{}' FROM generate_series(1, 5) g;
    INSERT INTO book SELECT g, g % 5 + 1, 'b' || g FROM generate_series(1, 20) g;
    INSERT INTO chapter SELECT g, g % 20 + 1, 'c' || g FROM generate_series(1, 60) g;
    INSERT INTO note SELECT g, g % 60 + 1, 'n' || g FROM generate_series(1, 180) g;";

/// A database that writes down every statement.
const SETTINGS: &str = "log_statement = 'all'\nlog_parameter_max_length = 0\n\
                        log_line_prefix = '>%a|%p|'\nlogging_collector = off";

/// A server that looks at its database just once.
const ONCE: &str = "server.check_interval_ms=3600000";

/// A server whose database writes down the text of every statement, and no parameter.
struct Stage {
    server: Server,
    _project: Project,
    instance: Instance,
}

impl Stage {
    fn new() -> Self {
        Self::serving(SETTINGS, serve)
    }

    /// The same under access rules, for callers that a request names.
    fn under(rules: &str) -> Self {
        Self::serving(SETTINGS, |project| {
            let schema = project.read("schema.graphql") + rules;
            project.write("schema.graphql", &schema);
            let server = project.dev(&[ONCE]).ready();
            // They are opened after the last look.
            until("no connections are opened ahead", || {
                let open = server.metric("fragaria_store_connections{kind=\"shared\"}");
                (open == 8).then_some(())
            });
            server
        })
    }

    fn serving(settings: &str, serve: impl FnOnce(&Project) -> Server) -> Self {
        let instance = Instance::start(settings, |_| {});
        psql(&instance.address(), TABLES);
        let project = Project::on(&instance.address());
        Self {
            server: serve(&project),
            _project: project,
            instance,
        }
    }

    /// The data that answers a request.
    fn ask(&self, document: &str, variables: &Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let answer = self.server.ask("POST /graphql", &[JSON], body.as_bytes());
        assert!(
            answer.status == 200 && answer.json()["errors"].is_null(),
            "{document}: {}",
            answer.json()
        );
        answer.json()["data"].take()
    }

    /// The statements that a request causes.
    fn statements(&self, ask: impl FnOnce(&Server) -> Response) -> Vec<Statement> {
        let before = self.log().len();
        let answer = ask(&self.server);
        assert!(
            answer.status == 200 && answer.json()["errors"].is_null(),
            "{answer:?} {}",
            String::from_utf8_lossy(&answer.body)
        );
        self.log()
            .get(before..)
            .unwrap()
            .split("\n>")
            .filter_map(Statement::parse)
            .collect()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.instance.file("../log")).unwrap()
    }
}

/// A server that looks at the database just once, so that all later statements are of requests.
fn serve(project: &Project) -> Server {
    loop {
        let server = project.serve(&[ONCE]);
        let report = server.until("/health/ready", |response| {
            let dependencies = &response.json()["dependencies"];
            dependencies["schema"]["status"] != "unknown"
                || dependencies["database"]["status"] == "down"
        });
        // On a busy machine that look may have taken too long.
        if report.status == 200 {
            return server;
        }
    }
}

/// A statement in the database's log.
#[derive(Debug)]
struct Statement {
    /// The process that ran it, which is a connection.
    process: String,
    text: String,
}

impl Statement {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim_start_matches('>').strip_prefix("fragaria|")?;
        let (process, message) = entry.split_once('|')?;
        let message = message.strip_prefix("LOG:  ")?;
        let text = match message.strip_prefix("statement: ") {
            Some(text) => text,
            None => message.strip_prefix("execute ")?.split_once(": ")?.1,
        };
        Some(Self {
            process: process.to_owned(),
            text: text.trim().to_owned(),
        })
    }
}

fn assert_is(statements: &[Statement], beginnings: &[&str]) {
    let fits = statements.len() == beginnings.len()
        && statements
            .iter()
            .zip(beginnings)
            .all(|(statement, beginning)| statement.text.starts_with(beginning));
    assert!(fits, "{beginnings:?} are expected: {statements:#?}");
}

#[test]
fn a_root_is_one_statement_however_deep_it_reaches() {
    let stage = Stage::new();
    for document in [
        "{ author(id: 1) { name books { title chapters { title notes { body } } } } }",
        "{ authors(limit: 5) { name books { title chapters { title notes { body } } } } }",
        "{ authors(limit: 5) { books(limit: 2) { chapters(orderBy: [{ title: DESC }]) { title } } } }",
        "{ notes(limit: 9) { body chapter { title book { title author { name } } } } }",
        "{ authorConnection(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { cursor \
           node { booksConnection(first: 2) { totalCount nodes { chaptersConnection(last: 1) { \
           totalCount edges { node { notes { body } } } } } } } } } }",
        "{ authors(limit: 5, where: { books: { some: { chapters: { none: { notes: { some: { body: \
           { eq: \"n1\" } } } } } } } }) { name } }",
        "{ books(limit: 5, orderBy: [{ author: { name: ASC } }], where: { author: { name: { \
           startsWith: \"a\" } } }) { title author { name books { title } } } }",
        "{ bookAggregate(groupBy: [{ authorId: VALUE }]) { count } }",
    ] {
        let statements = stage.statements(|server| server.graphql(document));
        assert_is(&statements, &["SELECT"]);
    }
    // A list without a limit goes through one cursor.
    let document = "{ authors { name books { title chapters { title notes { body } } } } }";
    let statements = stage.statements(|server| server.graphql(document));
    let texts: Vec<_> = statements.iter().map(|one| one.text.as_str()).collect();
    let declared = texts.iter().filter(|text| text.starts_with("DECLARE"));
    let selects = texts.iter().filter(|text| text.contains("SELECT"));
    assert_eq!((declared.count(), selects.count()), (1, 1), "{texts:#?}");
}

#[test]
fn several_roots_are_as_many_statements_in_one_transaction() {
    let stage = Stage::new();
    let read = "{ a: author(id: 1) { name } b: book(id: 1) { title author { name } } \
                  c: chapters(limit: 3) { title notes { body } } again: author(id: 1) { name } }";
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let statements = stage.statements(|server| server.graphql(read));
    let selects = ["SELECT"; 4];
    assert_is(&statements, &[&[begin], &selects[..], &["COMMIT"]].concat());
    assert!(
        statements
            .iter()
            .all(|one| one.process == statements[0].process)
    );
    let write = "mutation { a: createAuthor(input: { id: 9, name: \"x\" }) { name } \
                   b: updateAuthor(id: 9, set: { name: \"y\" }) { name } }";
    let statements = stage.statements(|server| server.graphql(write));
    assert_is(&statements, &["BEGIN", "INSERT", "UPDATE", "COMMIT"]);
    assert!(
        statements
            .iter()
            .all(|one| one.process == statements[0].process)
    );
}

#[test]
fn a_plain_read_of_a_caller_under_rules_is_one_statement_without_a_transaction() {
    let rules = r#"
        extend schema @role(name: "reader")
        extend type Author @access(to: "reader", allow: READ, where: {id: {eq: {claim: "author"}}})
        extend type Book @access(to: "reader", allow: READ, where: {authorId: {eq: {claim: "author"}}})
    "#;
    let stage = Stage::under(rules);
    let ask = |author: u32, document: &str| {
        let body = json!({ "query": document }).to_string();
        let caller = json!({ "roles": ["reader"], "claims": { "author": author } });
        let caller = format!("fragaria-as: {caller}");
        let headers = [JSON, &*caller];
        let mut answer = None;
        let statements = stage.statements(|server| {
            let response = server.ask("POST /graphql", &headers, body.as_bytes());
            answer = Some(response.json()["data"].take());
            response
        });
        // What is not logged is no statement: a transaction or a setting would be.
        assert_is(&statements, &["SELECT"]);
        answer.unwrap()
    };
    let one = "{ author(id: 2) { name books { title } } }";
    let list = "{ books(limit: 3, orderBy: [{ id: ASC }]) { title author { name } } }";
    let figures = "{ bookAggregate { count max { id } } }";
    // The first prepares the statement, the others find it.
    for _ in 0..3 {
        let author = ask(2, one);
        assert_eq!(author["author"]["name"], "a2");
        assert_eq!(author["author"]["books"][0]["title"], "b1");
        assert_eq!(ask(3, one), json!({ "author": null }));
        let books = ask(3, list);
        assert_eq!(
            books["books"][0],
            json!({ "title": "b2", "author": { "name": "a3" } })
        );
        let figures = ask(3, figures);
        assert_eq!(
            figures["bookAggregate"],
            json!([{ "count": 4, "max": { "id": 17 } }])
        );
    }
}

/// A value that no statement may hold.
const MARKER: &str = "x9marker'; DROP TABLE note; --";

#[test]
fn no_value_of_a_request_is_part_of_a_statement() {
    let stage = Stage::new();
    psql(&stage.instance.address(), "SELECT 'x9marker'");
    assert!(stage.log().contains("x9marker"), "the log shows values");
    let before = stage.log().len();
    let create = "mutation ($input: AuthorCreate!) { createAuthor(input: $input) { name extra } }";
    let input = json!({ "id": 77, "name": MARKER, "mood": "WILD", "extra": { MARKER: [MARKER] } });
    let created = stage.ask(create, &json!({ "input": input }));
    assert_eq!(
        created["createAuthor"],
        json!({ "name": MARKER, "extra": { MARKER: [MARKER] } })
    );
    let page = "{ authorConnection(first: 1, orderBy: [{ name: ASC }], where: { name: { \
                contains: \"x9marker\" } }) { edges { cursor } } }";
    let page = stage.ask(page, &json!({}));
    let cursor = &page["authorConnection"]["edges"][0]["cursor"];
    assert!(cursor.is_string());
    for (document, variables) in requests(cursor) {
        stage.ask(document, &variables);
    }
    let log = stage.log().split_off(before);
    assert!(log.contains("execute") && log.contains("DELETE"), "{log}");
    for value in ["x9marker", "X9MARKER", "wild", "987654321", "DROP TABLE"] {
        let line = log.lines().find(|line| line.contains(value));
        assert_eq!(line, None, "{value} is in a statement");
    }
    let notes = psql(&stage.instance.address(), "SELECT count(*) FROM note");
    assert_eq!(notes, "180");
}

/// The marker in every place where a value can stand.
fn requests(cursor: &Value) -> [(&'static str, Value); 11] {
    [
        (
            "{ authors(limit: 3, where: { name: { eq: \"x9marker'; DROP TABLE note; --\" } }) { name } }",
            json!({}),
        ),
        (
            "query ($n: String!) { authors(limit: 3, where: { name: { like: $n } }) { name } }",
            json!({ "n": "%x9marker%" }),
        ),
        (
            "query ($n: String!) { authors(where: { name: { ilike: $n } }) { name } }",
            json!({ "n": "%X9MARKER%" }),
        ),
        (
            "query ($n: [String!]) { authors(limit: 3, where: { name: { in: $n } }) { name } }",
            json!({ "n": [MARKER] }),
        ),
        (
            "query ($m: Mood!) { authors(limit: 3, where: { mood: { eq: $m } }) { name } }",
            json!({ "m": "WILD" }),
        ),
        (
            "{ authors(limit: 3, where: { mood: { eq: WILD } }) { name } }",
            json!({}),
        ),
        (
            "query ($c: String) { authorConnection(last: 2, before: $c, orderBy: [{ name: ASC }]) \
             { nodes { name } totalCount } }",
            json!({ "c": cursor }),
        ),
        (
            "query ($n: String!) { authorAggregate(where: { name: { endsWith: $n } }, \
             having: { count: { gt: 987654321 } }) { count } }",
            json!({ "n": MARKER }),
        ),
        (
            "mutation ($n: String!) { updateAuthors(where: { name: { eq: $n } }, set: { name: $n }) \
             { name } }",
            json!({ "n": MARKER }),
        ),
        (
            "mutation ($i: AuthorCreate!) { upsertAuthor(input: $i) { name } }",
            json!({ "i": { "id": 77, "name": MARKER } }),
        ),
        (
            "mutation ($n: String!) { deleteAuthors(where: { name: { startsWith: $n } }) { name } }",
            json!({ "n": MARKER }),
        ),
    ]
}

#[test]
fn an_operation_sees_one_state_though_others_write_between_its_roots() {
    let database = Database::empty();
    database.sql(TABLES);
    database.sql(
        "CREATE VIEW waiting AS SELECT id, name FROM author
         WHERE pg_advisory_xact_lock_shared(7) IS NOT NULL",
    );
    let project = Project::on(&database.url());
    let server = project.serve(&[]).ready();
    let mut other = Session::open(&database.url());
    other.sql("SELECT 'locked' FROM pg_advisory_lock(7)");
    for limit in ["", "(limit: 5)"] {
        let document = format!("{{ waitings{limit} {{ name }} authors{limit} {{ name }} }}");
        let mut client = server.client();
        let body = json!({ "query": document }).to_string();
        client
            .request("POST /graphql", &[JSON], body.as_bytes())
            .unwrap();
        other.until(
            "1",
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        );
        let written = other.sql("UPDATE author SET name = name || '+' WHERE id = 1 RETURNING name");
        other.sql("SELECT pg_advisory_unlock(7)");
        let data = client.response().unwrap().json();
        let names = |root: &str| {
            let rows = data["data"][root].as_array().unwrap().iter();
            let mut names: Vec<_> = rows.map(|row| row["name"].as_str().unwrap()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names("waitings"), names("authors"));
        assert!(!names("authors").contains(&&*written), "{data}");
        other.sql("SELECT 'locked' FROM pg_advisory_lock(7)");
    }
}
