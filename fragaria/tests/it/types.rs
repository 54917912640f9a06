//! Every type of PostgreSQL the API has, with every operator the API offers for it.

use crate::database::Database;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

/// A type, and two values of it in SQL.
type Type = (&'static str, &'static str, &'static str);

const TYPES: [Type; 31] = [
    ("boolean", "true", "false"),
    ("integer", "1", "2"),
    ("smallint", "1", "2"),
    ("bigint", "1", "2"),
    ("double precision", "1.5", "2.5"),
    ("real", "1.1", "2.2"),
    ("numeric", "1.10", "2.2"),
    ("numeric(10,2)", "1.10", "2.20"),
    ("text", "'a'", "'b'"),
    ("varchar(40)", "'a'", "'b'"),
    ("character(3)", "'a'", "'b'"),
    ("bpchar", "'a'", "'b'"),
    ("\"char\"", "'a'", "'b'"),
    ("name", "'a'", "'b'"),
    ("citext", "'a'", "'b'"),
    ("inet", "'10.0.0.1'", "'10.0.0.2'"),
    ("cidr", "'10.0.0.0/8'", "'11.0.0.0/8'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    (
        "macaddr8",
        "'08:00:2b:01:02:03:04:05'",
        "'08:00:2b:01:02:03:04:06'",
    ),
    ("interval", "'1 day'", "'2 days'"),
    ("timetz", "'10:00+01'", "'11:00+01'"),
    ("xml", "'<a>1</a>'", "'<b/>'"),
    (
        "uuid",
        "'6fa459ea-ee8a-3ca4-894e-db77e160355e'",
        "'7fa459ea-ee8a-3ca4-894e-db77e160355e'",
    ),
    ("date", "'2026-01-01'", "'2026-01-02'"),
    ("time", "'10:00'", "'11:00'"),
    ("timestamp", "'2026-01-01 10:00'", "'2026-01-01 11:00'"),
    (
        "timestamptz",
        "'2026-01-01 10:00+00'",
        "'2026-01-01 11:00+00'",
    ),
    ("jsonb", "'{\"a\": 1}'", "'[]'"),
    ("json", "'{\"a\": 1}'", "'[]'"),
    ("bytea", "'\\x01'", "'\\x02'"),
    ("mood", "'calm'", "'wild'"),
];

/// A table with a column of every type, and a server for it.
struct Stage {
    server: Server,
    _project: Project,
    _database: Database,
}

impl Stage {
    fn new() -> Self {
        let database = Database::empty();
        let each = |write: fn((usize, &Type)) -> String| {
            TYPES.iter().enumerate().map(write).collect::<String>()
        };
        database.sql(&format!(
            "CREATE EXTENSION citext;
             CREATE TYPE mood AS ENUM ('calm', 'wild');
             CREATE TABLE thing (id integer PRIMARY KEY{});
             INSERT INTO thing VALUES (1{});
             INSERT INTO thing VALUES (2{});
             INSERT INTO thing VALUES (3);",
            each(|(number, (kind, _, _))| format!(", c{number} {kind}")),
            each(|(_, (_, one, _))| format!(", {one}")),
            each(|(_, (_, _, other))| format!(", {other}")),
        ));
        let project = Project::on(&database.url());
        Self {
            server: project.serve(&[]).ready(),
            _project: project,
            _database: database,
        }
    }

    /// The data of an answer without errors.
    fn ask(&self, document: &str, variables: &Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let headers = ["content-type: application/json"];
        let answer = self.server.ask("POST /graphql", &headers, body.as_bytes());
        let mut json = answer.json();
        assert!(
            answer.status == 200 && json["errors"].is_null(),
            "{document} {variables}: {json}"
        );
        json["data"].take()
    }

    /// The members of a type of the API, as their names and the names of their types.
    fn members(&self, name: &str) -> Vec<(String, String)> {
        let document = "query($name: String!) { __type(name: $name) { \
            fields { name type { name ofType { name } } } inputFields { name type { name } } } }";
        let mut answer = self.ask(document, &json!({ "name": name }));
        let kind = answer["__type"].take();
        let members = [&kind["inputFields"], &kind["fields"]].into_iter();
        let members = members.filter_map(Value::as_array).flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        members
            .map(|member| (text(&member["name"]), text(&member["type"]["name"])))
            .collect()
    }

    /// The ids of the rows a condition finds.
    fn found(&self, condition: &Value) -> Value {
        let document = "query($w: ThingWhere!) { things(where: $w) { id } }";
        let answer = self.ask(document, &json!({ "w": condition }));
        let rows = answer["things"].as_array().unwrap().iter();
        json!(rows.map(|row| row["id"].clone()).collect::<Vec<_>>())
    }
}

#[test]
fn every_comparison_the_api_offers_works_on_every_type() {
    let stage = Stage::new();
    for (column, filter) in stage.members("ThingWhere") {
        let Some(number) = column.strip_prefix('c') else {
            continue;
        };
        let kind = TYPES[number.parse::<usize>().unwrap()].0;
        let row = stage.ask(&format!("{{ thing(id: 1) {{ {column} }} }}"), &json!({}));
        let value = &row["thing"][&column];
        for (operator, _) in stage.members(&filter) {
            let (operand, ids) = match &*operator {
                "eq" | "lte" => (value.clone(), json!([1])),
                "ne" | "gt" => (value.clone(), json!([2])),
                "lt" => (value.clone(), json!([])),
                "gte" => (value.clone(), json!([1, 2])),
                "in" => (json!([value]), json!([1])),
                "notIn" => (json!([value]), json!([2])),
                "isNull" => (json!(true), json!([3])),
                "like" | "ilike" | "startsWith" | "endsWith" | "contains" => {
                    let text = value.as_str().unwrap().trim_end();
                    let pattern = if operator.contains("like") { "%" } else { "" };
                    (json!(format!("{text}{pattern}")), json!([1]))
                }
                other => panic!("{other} is new: give it an operand"),
            };
            // Whether false is less than true is the database's word.
            let condition = json!({ &*column: { &*operator: operand } });
            let found = stage.found(&condition);
            let padded = kind.starts_with("char") && operator == "endsWith";
            assert!(found == ids || padded, "{kind} {condition}: {found}");
        }
    }
}

#[test]
fn every_order_and_group_and_figure_the_api_offers_works_on_every_type() {
    let stage = Stage::new();
    let kind = |column: &str| {
        let number = column.strip_prefix('c')?.parse::<usize>().ok()?;
        Some(TYPES[number].0)
    };
    for (column, _) in stage.members("ThingOrderBy") {
        for direction in ["ASC", "DESC_NULLS_LAST"] {
            let document = format!(
                "query($after: String) {{ thingConnection(orderBy: [{{{column}: {direction}}}], \
                 first: 1, after: $after) {{ nodes {{ id }} pageInfo {{ endCursor }} }} }}"
            );
            let mut cursor = Value::Null;
            for _ in 0..3 {
                let page = stage.ask(&document, &json!({ "after": cursor }));
                let page = &page["thingConnection"];
                assert_eq!(
                    page["nodes"].as_array().unwrap().len(),
                    1,
                    "{:?}",
                    kind(&column)
                );
                cursor = page["pageInfo"]["endCursor"].clone();
            }
        }
        let groups = format!(
            "{{ thingAggregate(groupBy: [{{{column}: VALUE}}]) {{ key {{ {column} }} count }} }}"
        );
        let groups = stage.ask(&groups, &json!({}));
        let count = groups["thingAggregate"].as_array().unwrap().len();
        assert_eq!(count, 3, "{:?}", kind(&column));
    }
    for (figure, suffix) in [
        ("countDistinct", "CountDistinct"),
        ("sum", "Sum"),
        ("avg", "Avg"),
        ("min", "Min"),
        ("max", "Max"),
    ] {
        for (column, _) in stage.members(&format!("Thing{suffix}")) {
            let document = format!("{{ thingAggregate {{ {figure} {{ {column} }} }} }}");
            let shown = stage.ask(&document, &json!({}));
            let shown = &shown["thingAggregate"][0][figure][&column];
            assert!(!shown.is_null(), "{figure} {:?}", kind(&column));
            let document = format!(
                "{{ thingAggregate(having: {{{figure}: {{{column}: {{eq: {shown}, in: [{shown}], \
                 lte: {shown}}}}}}}) {{ count }} }}"
            );
            let groups = stage.ask(&document, &json!({}));
            let count = groups["thingAggregate"].as_array().unwrap().len();
            assert_eq!(count, 1, "{figure} {:?}", kind(&column));
        }
    }
}

#[test]
fn every_type_is_written_as_it_is_read() {
    let stage = Stage::new();
    for (column, _) in stage.members("ThingUpdate") {
        let row = stage.ask(&format!("{{ thing(id: 2) {{ {column} }} }}"), &json!({}));
        let value = json!({ &*column: row["thing"][&column] });
        let write = "mutation($set: ThingUpdate!) { updateThing(id: 1, set: $set) { id } }";
        if column != "id" {
            stage.ask(write, &json!({ "set": value }));
            let row = stage.ask(&format!("{{ thing(id: 1) {{ {column} }} }}"), &json!({}));
            assert_eq!(row["thing"], value);
        }
    }
}
