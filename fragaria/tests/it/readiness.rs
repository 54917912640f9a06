//! Alive without a database, ready with it, and closed to a database that changed.

use crate::client::Client;
use crate::database::Database;
use crate::project::Project;
use crate::server::Server;
use crate::stage::Stage;
use serde_json::json;
use std::fs;
use std::thread;

const SOON: &str = "server.check_interval_ms=20";

#[test]
fn a_server_without_its_database_is_alive_and_recovers() {
    let project = Project::small();
    fs::rename(project.path("shop.db"), project.path("away.db")).unwrap();
    let server = project.serve(&[SOON]);
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/health/startup").status, 200);
    let down = |response: &crate::client::Response| {
        response.json()["dependencies"]["database"]["status"] == "down"
    };
    let ready = server.until("/health/ready", down);
    assert_eq!(ready.status, 503);
    let refused = server.graphql("{ products { name } }");
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "server.not_ready")
    );
    assert_eq!(refused.header("retry-after"), "1");
    fs::rename(project.path("away.db"), project.path("shop.db")).unwrap();
    let server = server.ready();
    assert_eq!(server.graphql("{ product(id: 1) { name } }").status, 200);
}

#[test]
fn a_database_that_does_not_hold_the_schema_keeps_the_server_closed() {
    let project = Project::small();
    project.sql("ALTER TABLE product RENAME COLUMN price TO cost");
    let server = project.serve(&[SOON]);
    let report = server.until("/health/ready", |response| {
        response.json()["dependencies"]["schema"]["status"] == "down"
    });
    let reason = report.json()["dependencies"]["schema"]["reason"].to_string();
    assert!(
        reason.contains("does not hold") && !reason.contains("price"),
        "{reason}"
    );
    assert_eq!(
        server.graphql("{ products { name } }").code(),
        "server.not_ready"
    );
    project.sql("ALTER TABLE product RENAME COLUMN cost TO price");
    let server = server.ready();
    let body = server.graphql("{ product(id: 1) { price } }").json();
    assert_eq!(body, json!({ "data": { "product": { "price": 3 } } }));
}

/// Changes the database under a server until it answers a document again; returns what was logged.
fn changed(
    server: &Server,
    document: &str,
    away: impl FnOnce(),
    back: impl FnOnce(),
) -> Vec<String> {
    assert_eq!(server.graphql(document).code(), "", "{document}");
    away();
    let answer = server.graphql(document);
    assert_eq!(
        (answer.status, &*answer.code()),
        (503, "store.schema"),
        "{document}"
    );
    assert_eq!(answer.header("retry-after"), "1");
    let report = server.until("/health/ready", |response| response.status == 503);
    let report = report.json();
    assert_eq!(report["dependencies"]["database"]["status"], "up");
    let reason = report["dependencies"]["schema"]["reason"].to_string();
    assert!(reason.contains("listed in the log"), "{reason}");
    assert_eq!(server.graphql(document).code(), "server.not_ready");
    back();
    server.until("/health/ready", |response| response.status == 200);
    assert_eq!(server.graphql(document).code(), "", "{document}");
    loop {
        let lines = server.read_log("up");
        let told = lines.iter().filter(|line| line["code"].is_string());
        let told: Vec<_> = told.map(|line| line["message"].to_string()).collect();
        if !told.is_empty() {
            return told;
        }
    }
}

#[test]
fn a_table_or_column_renamed_under_a_server_closes_it_until_it_is_there_again() {
    for stage in Stage::all(&[SOON]) {
        let server = stage.serve();
        server.read_log("up");
        server.read_log("up");
        let column = "ALTER TABLE product RENAME COLUMN";
        for (document, away, back, what) in [
            (
                "{ products(limit: 1) { name } }",
                format!("{column} name TO title"),
                format!("{column} title TO name"),
                "`Product.name`",
            ),
            (
                "{ readings(limit: 1) { id } readingAggregate { count } }",
                "ALTER TABLE reading RENAME TO notes".to_owned(),
                "ALTER TABLE notes RENAME TO reading".to_owned(),
                "`Reading`",
            ),
            (
                "{ products { id name } }",
                format!("{column} name TO title"),
                format!("{column} title TO name"),
                "`Product.name`",
            ),
        ] {
            let told = changed(
                &server,
                document,
                || stage.change(&away),
                || stage.change(&back),
            );
            assert!(told.iter().any(|line| line.contains(what)), "{told:?}");
        }
    }
}

#[test]
fn a_function_dropped_or_a_type_changed_under_a_server_closes_it_too() {
    let create = "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 2 * n'";
    let database = Database::empty();
    database.sql("CREATE TABLE item (id int PRIMARY KEY, name text)");
    database.sql(create);
    let project = Project::empty();
    project.configure(&database.url());
    project.write(
        "schema.graphql",
        "type Item @table(name: \"item\") { id: Int! @id name: String }
         extend type Query { twice(n: Int!): Int @function }",
    );
    project.run(&["compile", "--against"]);
    let server = project.serve(&[SOON]).ready();
    server.read_log("up");
    server.read_log("up");
    let change = |sql: &'static str| || drop(database.sql(sql));
    changed(
        &server,
        "{ twice(n: 2) }",
        change("DROP FUNCTION twice"),
        change(create),
    );
    changed(
        &server,
        "mutation { deleteItems(where: { name: { eq: \"x\" } }) { id } }",
        change("ALTER TABLE item ALTER name TYPE int USING 0"),
        change("ALTER TABLE item ALTER name TYPE text"),
    );
}

#[test]
fn a_name_that_a_change_gives_back_is_never_taken_for_a_text() {
    let project = Project::small();
    let server = project.serve(&["server.check_interval_ms=600000"]).ready();
    project.sql("ALTER TABLE product RENAME COLUMN name TO title");
    for document in [
        "mutation { updateProduct(id: 1, set: { price: 9 }) { name } }",
        "mutation { deleteProduct(id: 1) { name } }",
    ] {
        assert_eq!(
            server.graphql(document).code(),
            "store.schema",
            "{document}"
        );
    }
}

#[test]
fn a_database_that_takes_few_connections_serves_everybody_and_its_server_stays_ready() {
    for stage in Stage::servers(&[]) {
        let user = stage.poor_user();
        stage.change(&if stage.is_mariadb() {
            format!("ALTER USER {user} WITH MAX_USER_CONNECTIONS 4")
        } else {
            format!("ALTER ROLE {user} CONNECTION LIMIT 4")
        });
        let url = format!("database.url={}", stage.url_of(&user));
        let server = stage.project.serve(&[&url, SOON]).ready();
        thread::scope(|scope| {
            for _ in 0..20 {
                let mut client = server.client();
                scope.spawn(move || write_and_look(&mut client));
            }
        });
        assert_eq!(stage.outside("SELECT count(*) FROM reading"), "200");
        let refused = server.metric("fragaria_store_connections_refused_total");
        assert!((1..=100).contains(&refused), "refused {refused} times");
        server.logged("no further connection to the database");
    }
}

/// Writes several times, and sees each time that the server is ready.
fn write_and_look(client: &mut Client) {
    let write = "mutation { createReading(input: { note: \"a\" }) { id note } }";
    let write = json!({ "query": write }).to_string();
    let mut ask = |line: &str, body: &str| {
        let json = ["content-type: application/json"];
        client.request(line, &json, body.as_bytes()).unwrap();
        client.response().unwrap()
    };
    for _ in 0..10 {
        let written = ask("POST /graphql", &write);
        assert_eq!((written.status, &*written.code()), (200, ""));
        assert_eq!(ask("GET /health/ready", "").status, 200);
    }
}
