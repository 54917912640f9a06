//! Numbers as whole JSON values: every digit is kept, in SQLite's columns too.

use crate::client::Response;
use crate::project::Project;
use crate::server::Server;
use serde_json::json;

/// A column of numeric affinity, and one that takes text alone.
const TABLES: &str = "
    CREATE TABLE loose (id INTEGER PRIMARY KEY, value JSON CHECK (json_valid(value)));
    CREATE TABLE strict (id INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;";

const NUMBERS: [&str; 7] = [
    "12345678901234567890123",
    "1.10",
    "-0",
    "1e+5",
    "0.1234567890123456789",
    "7",
    "2.5",
];

fn project() -> Project {
    let project = Project::database(TABLES);
    project.run(&["init", "--from", "sqlite:shop.db"]);
    let schema = project.read("schema.graphql");
    let json = "value: JSON! @column(type: \"text\")";
    assert!(schema.contains("value: String!"), "{schema}");
    project.write("schema.graphql", &schema.replace("value: String!", json));
    project.run(&["compile", "--against", "sqlite:shop.db"]);
    project
}

fn ask(server: &Server, document: &str, value: &str) -> Response {
    let document = json!(document);
    let body = format!(r#"{{"query":{document},"variables":{{"value":{value}}}}}"#);
    let json = "content-type: application/json";
    let answer = server.ask("POST /graphql", &[json], body.as_bytes());
    assert_eq!(answer.json()["errors"], json!(null), "{answer:?}");
    answer
}

fn body(answer: Response) -> String {
    String::from_utf8(answer.body).unwrap()
}

/// What another program reads out of the file, the number taken from JSON by SQLite itself.
fn outside(project: &Project, table: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    let sql = format!("SELECT json(value) FROM {table} ORDER BY id");
    let mut statement = database.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_number_as_a_whole_json_value_keeps_every_digit_however_it_is_written() {
    let project = project();
    let server = project.serve(&[]).ready();
    for (number, id) in NUMBERS.into_iter().zip(1..) {
        for table in ["Loose", "Strict"] {
            let create = format!(
                "mutation ($value: JSON!) {{ create{table}(input: {{ id: {id}, value: $value }}) {{ value }} }}"
            );
            let shown = format!("{{\"value\":{number}}}");
            assert!(
                body(ask(&server, &create, number)).contains(&shown),
                "{number}"
            );
            let read = format!("{{ one: {}(id: {id}) {{ value }} }}", table.to_lowercase());
            assert!(body(server.graphql(&read)).contains(&shown), "{number}");
        }
    }
    assert_eq!(outside(&project, "loose"), NUMBERS);
    assert_eq!(outside(&project, "strict"), NUMBERS);

    let set = "mutation ($value: JSON!) { updateLooses(where: {}, set: { value: $value }) { id } }";
    ask(&server, set, "[0]");
    for (number, id) in NUMBERS.into_iter().zip(1..) {
        let upsert = format!(
            "mutation {{ upsertLoose(input: {{ id: {id}, value: {number} }}) {{ value }} }}"
        );
        let shown = format!("{{\"value\":{number}}}");
        assert!(body(server.graphql(&upsert)).contains(&shown), "{number}");
    }
    assert_eq!(outside(&project, "loose"), NUMBERS);
    ask(&server, set, "1.50");
    assert_eq!(outside(&project, "loose"), ["1.50"; NUMBERS.len()]);
}
