//! Changes of many rows at once, whose keys have several columns.

use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const ROWS: usize = 20_000;

const TABLES: &str = "
    CREATE TABLE hall (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    INSERT INTO hall VALUES (1, 'great');
    CREATE TABLE seat (
        hall_id INTEGER NOT NULL REFERENCES hall, mark BLOB NOT NULL, line TEXT NOT NULL,
        taken INTEGER NOT NULL, PRIMARY KEY (hall_id, mark, line));";

fn seats() -> Project {
    let project = Project::database(TABLES);
    project.run(&["init", "--from", "sqlite:shop.db"]);
    project.run(&["compile"]);
    project.sql(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO seat SELECT 1, CAST(char(i % 90 + 35) AS BLOB), 'line \"' || i, 0 FROM n"
    ));
    project
}

/// The rows a mutation gives back.
fn changed(server: &Server, document: &str, variables: &Value) -> Vec<Value> {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let json = "content-type: application/json";
    let mut answer = server.ask("POST /graphql", &[json], body.as_bytes()).json();
    match answer["data"]["seats"].take() {
        Value::Array(rows) => rows,
        _ => panic!("{answer}"),
    }
}

#[test]
fn many_rows_with_long_keys_are_changed_within_the_time_of_a_statement() {
    let project = seats();
    let server = project.serve(&[]).ready();
    let shown = "{ hallId mark line taken hall { name } }";
    let update = format!(
        "mutation {{ seats: updateSeats(where: {{ taken: {{ eq: 0 }} }}, set: {{ taken: 1 }}) \
         {shown} }}"
    );
    let rows = changed(&server, &update, &json!({}));
    assert_eq!(rows.len(), ROWS);
    let first = json!({ "hallId": 1, "mark": "JA==", "line": "line \"1", "taken": 1,
        "hall": { "name": "great" } });
    assert!(rows.contains(&first), "{}", rows[0]);

    let upsert =
        format!("mutation($rows: [SeatCreate!]!) {{ seats: upsertSeats(input: $rows) {shown} }}");
    let seat = |n: usize| json!({ "hallId": 1, "mark": "AP8=", "line": n.to_string(), "taken": 1 });
    let input: Vec<_> = (0..3_000).map(seat).collect();
    let rows = changed(&server, &upsert, &json!({ "rows": input }));
    assert_eq!((rows.len(), &rows[7]["line"]), (3_000, &json!("7")));

    let delete =
        format!("mutation {{ seats: deleteSeats(where: {{ taken: {{ eq: 1 }} }}) {shown} }}");
    assert_eq!(changed(&server, &delete, &json!({})).len(), ROWS + 3_000);
}
