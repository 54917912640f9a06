//! Conditions inside random JSON mean the same on every database that has them.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use fastrand::Rng;
use serde_json::{Value, json};
use std::fmt::Write as _;

const SCHEMA: &str = "type Document @table(name: \"document\") { id: Int! @id data: JSON }";
const DOCUMENTS: usize = 150;
const REQUESTS: usize = 40;
/// Conditions of one request.
const CONDITIONS: usize = 12;

/// Values without anything inside, some of them the same in another spelling.
const SCALARS: [&str; 18] = [
    "\"a\"",
    "\"b\"",
    "\"A\"",
    "\"ä\\n\"",
    "\"\"",
    "\"1\"",
    "\"true\"",
    "1",
    "1.0",
    "0",
    "-0.50",
    "1e2",
    "100",
    "12345678901234567890",
    "12345678901234567891",
    "true",
    "false",
    "null",
];
const NAMES: [&str; 5] = ["a", "b", "0", "ä", "a.\\\"b"];

/// The same documents behind three servers.
struct Servers {
    sqlite: Server,
    postgres: Server,
    mariadb: Server,
    _projects: [Project; 3],
    _postgres: Database,
    _mariadb: mariadb::Database,
}

impl Servers {
    fn start(documents: &[String]) -> Self {
        let table = "CREATE TABLE document (id integer PRIMARY KEY, data json)";
        let postgres = Database::empty();
        postgres.sql(&table.replace("json", "jsonb"));
        let mariadb = mariadb::Database::empty();
        mariadb.sql(table);
        let sqlite = Project::database(table);
        let projects = [
            project(sqlite, "sqlite:shop.db"),
            project(Project::empty(), &postgres.url()),
            project(Project::empty(), &mariadb.url()),
        ];
        let servers = Self {
            sqlite: projects[0].serve(&[]).ready(),
            postgres: projects[1].serve(&[]).ready(),
            mariadb: projects[2].serve(&[]).ready(),
            _projects: projects,
            _postgres: postgres,
            _mariadb: mariadb,
        };
        let input: Vec<_> = documents
            .iter()
            .enumerate()
            .map(|(id, data)| json!({ "id": id, "data": parsed(data) }))
            .collect();
        let create =
            "mutation($input: [DocumentCreate!]!) { createDocuments(input: $input) { id } }";
        for server in [&servers.sqlite, &servers.postgres, &servers.mariadb] {
            let answer = ask(server, create, &json!({ "input": input }));
            assert!(answer["errors"].is_null(), "{answer}");
        }
        servers
    }
}

fn project(project: Project, url: &str) -> Project {
    project.write("schema.graphql", SCHEMA);
    project.configure(url);
    project.run(&["compile", "--against", url]);
    project
}

fn ask(server: &Server, document: &str, variables: &Value) -> Value {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let headers = ["content-type: application/json"];
    server
        .ask("POST /graphql", &headers, body.as_bytes())
        .json()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A document, nested at most so deep.
fn document(rng: &mut Rng, depth: usize) -> String {
    let count = rng.usize(..4);
    match rng.u8(..if depth == 0 { 1 } else { 4 }) {
        0 => SCALARS[rng.usize(..SCALARS.len())].to_owned(),
        1 => {
            let items: Vec<_> = (0..count).map(|_| document(rng, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let mut names = NAMES.to_vec();
            rng.shuffle(&mut names);
            let members: Vec<_> = names
                .iter()
                .take(count)
                .map(|name| format!("\"{name}\":{}", document(rng, depth - 1)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

/// One request of many conditions, with the values of each as a variable.
fn request(conditions: &[(&str, &str, Value)]) -> (String, Value) {
    let (mut declared, mut fields, mut variables) = (String::new(), String::new(), json!({}));
    for (index, (operator, type_name, value)) in conditions.iter().enumerate() {
        write!(declared, "$v{index}: {type_name} ").unwrap();
        write!(
            fields,
            "c{index}: documents(where: {{ data: {{ {operator}: $v{index} }} }}) {{ id }} "
        )
        .unwrap();
        variables[format!("v{index}")] = value.clone();
    }
    (format!("query({declared}) {{ {fields} }}"), variables)
}

/// How many rows all conditions of an answer find.
fn found(answer: &Value) -> usize {
    let data = answer["data"].as_object().unwrap();
    data.values()
        .map(|rows| rows.as_array().unwrap().len())
        .sum()
}

#[test]
fn json_equals_and_contains_the_same_on_sqlite_as_on_postgres() {
    let mut rng = Rng::with_seed(7);
    let documents: Vec<_> = (0..DOCUMENTS).map(|_| document(&mut rng, 3)).collect();
    let servers = Servers::start(&documents);
    let mut rows = 0;
    for _ in 0..REQUESTS {
        let conditions: Vec<_> = (0..CONDITIONS)
            .map(|index| {
                let operator = ["contains", "contains", "contains", "eq", "ne"][index % 5];
                let wanted = if rng.bool() {
                    let depth = rng.usize(1..3);
                    document(&mut rng, depth)
                } else {
                    documents[rng.usize(..DOCUMENTS)].clone()
                };
                // A variable that is null is no JSON null.
                let wanted = if wanted == "null" { "{}" } else { &wanted };
                (operator, "JSON!", parsed(wanted))
            })
            .collect();
        let (query, variables) = request(&conditions);
        let [sqlite, postgres] =
            [&servers.sqlite, &servers.postgres].map(|server| ask(server, &query, &variables));
        assert_eq!(sqlite, postgres, "{variables}");
        rows += found(&sqlite);
    }
    assert!(rows > 1_000, "only {rows} rows were found");
}

#[test]
fn paths_and_keys_find_the_same_on_every_database() {
    let mut rng = Rng::with_seed(11);
    let documents: Vec<_> = (0..DOCUMENTS).map(|_| document(&mut rng, 3)).collect();
    let servers = Servers::start(&documents);
    let mut rows = 0;
    for _ in 0..REQUESTS {
        let conditions: Vec<_> = (0..CONDITIONS)
            .map(|_| match rng.u8(..5) {
                0 => ("hasKey", "String!", parsed(&name(&mut rng))),
                _ => ("path", "[JSONPathFilter!]!", path(&mut rng)),
            })
            .collect();
        let (query, variables) = request(&conditions);
        let [sqlite, postgres, mariadb] = [&servers.sqlite, &servers.postgres, &servers.mariadb]
            .map(|server| ask(server, &query, &variables));
        assert_eq!(sqlite, postgres, "{variables}");
        assert_eq!(sqlite, mariadb, "{variables}");
        rows += found(&sqlite);
    }
    assert!(rows > 1_000, "only {rows} rows were found");
}

fn name(rng: &mut Rng) -> String {
    format!("\"{}\"", NAMES[rng.usize(..NAMES.len())])
}

fn path(rng: &mut Rng) -> Value {
    let steps = (0..rng.usize(..3)).map(|_| match rng.u8(..3) {
        0 => rng.u8(..3).to_string(),
        _ => name(rng),
    });
    let steps = steps.collect::<Vec<_>>().join(",");
    let conditions = [
        "\"string\":{\"eq\":\"a\"}",
        "\"string\":{\"ne\":\"a\"}",
        "\"string\":{\"ieq\":\"A\"}",
        "\"string\":{\"in\":[\"a\",\"ä\\n\",\"\"]}",
        "\"string\":{\"lt\":\"b\"}",
        "\"string\":{\"endsWith\":\"\\n\"}",
        "\"number\":{\"eq\":\"1\"}",
        "\"number\":{\"ne\":1.00}",
        "\"number\":{\"gte\":\"-0.5\",\"lt\":100}",
        "\"number\":{\"in\":[100,\"12345678901234567891\"]}",
        "\"number\":{\"isNull\":false}",
        "\"boolean\":{\"eq\":true}",
        "\"boolean\":{\"ne\":true}",
        "\"isNull\":true",
        "\"isNull\":false",
    ];
    let condition = conditions[rng.usize(..conditions.len())];
    parsed(&format!("{{\"at\":[{steps}],{condition}}}"))
}
