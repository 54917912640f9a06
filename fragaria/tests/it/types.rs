//! Every type of each database the API has, with every operator the API offers for it.

mod kinds;

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use kinds::Kind;
use serde_json::{Value, json};

/// A table with a column of every type, and a server for it.
struct Stage {
    kinds: &'static [Kind],
    server: Server,
    _project: Project,
}

/// What the databases of the stages live in; it goes last.
struct Databases {
    postgres: Database,
    mariadb: mariadb::Database,
}

impl Databases {
    fn new() -> Self {
        Self {
            postgres: Database::empty(),
            mariadb: mariadb::Database::empty(),
        }
    }

    /// A stage on every database.
    fn stages(&self) -> [Stage; 3] {
        let sqlite = Project::database(&table(&kinds::SQLITE));
        sqlite.run(&["init", "--from", "sqlite:shop.db"]);
        sqlite.run(&["compile"]);
        self.postgres.sql(&format!(
            "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('calm', 'wild'); {}",
            table(&kinds::POSTGRES)
        ));
        self.mariadb.sql(&table(&kinds::MARIADB));
        [
            Stage::new(&kinds::SQLITE, sqlite),
            Stage::new(&kinds::POSTGRES, Project::on(&self.postgres.url())),
            Stage::new(&kinds::MARIADB, Project::on(&self.mariadb.url())),
        ]
    }
}

/// A table with two rows of values and one without.
fn table(kinds: &[Kind]) -> String {
    let each = |write: fn((usize, &Kind)) -> String| {
        kinds.iter().enumerate().map(write).collect::<String>()
    };
    format!(
        "CREATE TABLE thing (id integer PRIMARY KEY{});
         INSERT INTO thing VALUES (1{});
         INSERT INTO thing VALUES (2{});
         INSERT INTO thing (id) VALUES (3);",
        each(|(number, (kind, _, _))| format!(", c{number} {kind}")),
        each(|(_, (_, one, _))| format!(", {one}")),
        each(|(_, (_, _, other))| format!(", {other}")),
    )
}

impl Stage {
    fn new(kinds: &'static [Kind], project: Project) -> Self {
        Self {
            kinds,
            server: project.serve(&[]).ready(),
            _project: project,
        }
    }

    /// The type of a column; `None` for the key.
    fn kind(&self, column: &str) -> Option<&'static str> {
        let number = column.strip_prefix('c')?.parse::<usize>().ok()?;
        Some(self.kinds[number].0)
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
            fields { name type { name } } inputFields { name type { name } } enumValues { name } } }";
        let mut answer = self.ask(document, &json!({ "name": name }));
        let kind = answer["__type"].take();
        let members = ["fields", "inputFields", "enumValues"].into_iter();
        let members = members.filter_map(|name| kind[name].as_array()).flatten();
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

    /// Walks through all rows in an order, a page of one row at a time.
    fn walk(&self, column: &str, direction: &str) {
        let document = format!(
            "query($after: String) {{ thingConnection(orderBy: [{{{column}: {direction}}}], \
             first: 1, after: $after) {{ nodes {{ id }} pageInfo {{ endCursor }} }} }}"
        );
        let mut cursor = Value::Null;
        let mut ids = Vec::new();
        for _ in 0..3 {
            let page = self.ask(&document, &json!({ "after": cursor }));
            let page = &page["thingConnection"];
            ids.extend(page["nodes"].as_array().unwrap().iter().cloned());
            cursor = page["pageInfo"]["endCursor"].clone();
        }
        let of = self.kind(column);
        ids.sort_by_key(|row| row["id"].as_i64());
        let all = [1, 2, 3].map(|id| json!({ "id": id }));
        assert_eq!(ids, all, "{of:?} {direction}");
    }

    /// Compares a figure with what it is shown as, by every comparison, and orders by it.
    fn compares_figure(&self, figure: &str, (column, filter): (&str, &str)) {
        let of = self.kind(column);
        let document = format!("{{ thingAggregate {{ {figure} {{ {column} }} }} }}");
        let shown = self.ask(&document, &json!({}));
        let shown = &shown["thingAggregate"][0][figure][column];
        assert!(!shown.is_null(), "{figure} {of:?}");
        let extreme = [("min", 1), ("max", if column == "id" { 3 } else { 2 })];
        if let Some((_, id)) = extreme.iter().find(|(name, _)| *name == figure) {
            let row = self.ask(&format!("{{ thing(id: {id}) {{ {column} }} }}"), &json!({}));
            assert_eq!(*shown, row["thing"][column], "{figure} {of:?}");
        }
        for (operator, _) in self.members(filter) {
            let (operand, holds) = operand(&operator, shown);
            let document = "query($h: ThingHaving!) { thingAggregate(having: $h) { count } }";
            let having = json!({ figure: { column: { &*operator: operand } } });
            let groups = self.ask(document, &json!({ "h": having }));
            let count = groups["thingAggregate"].as_array().unwrap().len();
            let expected = usize::from(holds == Holds::Same);
            assert_eq!(count, expected, "{of:?} {having}");
        }
        let document = format!(
            "{{ thingAggregate(groupBy: [{{id: VALUE}}], orderBy: [{{{figure}: {{{column}: DESC}}}}]) \
             {{ count }} }}"
        );
        let groups = self.ask(&document, &json!({}));
        let count = groups["thingAggregate"].as_array().unwrap().len();
        assert_eq!(count, 3, "{figure} {of:?}");
    }
}

/// Which values a comparison with a value holds for.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    /// That one, and not for those that are less.
    Same,
    /// Others only, or none.
    Others,
}

/// What stands on the right of a comparison with a value, and what it holds for.
fn operand(operator: &str, value: &Value) -> (Value, Holds) {
    match operator {
        "eq" | "lte" | "gte" | "startsWith" | "endsWith" | "contains" => {
            (value.clone(), Holds::Same)
        }
        "ne" | "gt" | "lt" => (value.clone(), Holds::Others),
        "in" => (json!([value]), Holds::Same),
        "notIn" => (json!([value]), Holds::Others),
        "isNull" | "isEmpty" => (json!(true), Holds::Others),
        "like" | "ilike" => {
            let text = value.as_str().unwrap().trim_end();
            (json!(format!("{text}%")), Holds::Same)
        }
        "ieq" | "istartsWith" | "iendsWith" | "icontains" => {
            let text = value.as_str().unwrap();
            (json!(text.to_uppercase()), Holds::Same)
        }
        "overlaps" | "containedBy" => (value.clone(), Holds::Same),
        "has" => (value[0].clone(), Holds::Same),
        // The JSON of the first row is {"a": 1}.
        "hasKey" => (json!("a"), Holds::Same),
        "path" => {
            let one = json!([{ "at": ["a"], "number": { "eq": "1" } }]);
            (one, Holds::Same)
        }
        other => panic!("{other} is new: give it an operand"),
    }
}

/// The rows that a comparison with the value of the first row finds.
fn rows(operator: &str) -> Value {
    match operator {
        "ne" | "notIn" | "gt" => json!([2]),
        "gte" => json!([1, 2]),
        "lt" | "isEmpty" => json!([]),
        "isNull" => json!([3]),
        _ => json!([1]),
    }
}

#[test]
fn every_comparison_the_api_offers_works_on_every_type() {
    let databases = Databases::new();
    for stage in databases.stages() {
        for (column, filter) in stage.members("ThingWhere") {
            let Some(kind) = stage.kind(&column) else {
                continue;
            };
            let row = stage.ask(&format!("{{ thing(id: 1) {{ {column} }} }}"), &json!({}));
            let value = &row["thing"][&column];
            for (operator, _) in stage.members(&filter) {
                let condition = json!({ &*column: { &*operator: operand(&operator, value).0 } });
                let found = stage.found(&condition);
                assert_eq!(found, rows(&operator), "{kind} {condition}");
            }
        }
    }
}

#[test]
fn every_order_and_group_and_figure_the_api_offers_works_on_every_type() {
    let databases = Databases::new();
    for stage in databases.stages() {
        for (column, _) in stage.members("ThingOrderBy") {
            for direction in ["ASC", "DESC_NULLS_LAST"] {
                stage.walk(&column, direction);
            }
        }
        for (column, buckets) in stage.members("ThingGroupBy") {
            for (bucket, _) in stage.members(&buckets) {
                let groups = format!(
                    "{{ thingAggregate(groupBy: [{{{column}: {bucket}}}]) {{ key {{ {column} }} count }} }}"
                );
                let groups = stage.ask(&groups, &json!({}));
                let count = groups["thingAggregate"].as_array().unwrap().len();
                let all = if bucket == "VALUE" { 3 } else { count };
                assert_eq!(count, all, "{:?} {groups}", stage.kind(&column));
            }
        }
        for (figure, compared) in stage.members("ThingHaving") {
            let is_family = compared.starts_with("Thing") && figure != "not";
            let columns = if is_family {
                stage.members(&compared)
            } else {
                Vec::new()
            };
            for (column, filter) in columns {
                stage.compares_figure(&figure, (&column, &filter));
            }
        }
    }
}

#[test]
fn every_type_is_written_as_it_is_read() {
    let databases = Databases::new();
    for stage in databases.stages() {
        for (column, _) in stage.members("ThingUpdate") {
            let row = stage.ask(&format!("{{ thing(id: 2) {{ {column} }} }}"), &json!({}));
            let value = json!({ &*column: row["thing"][&column] });
            let write = "mutation($set: ThingUpdate!) { updateThing(id: 1, set: $set) { id } }";
            if column != "id" {
                stage.ask(write, &json!({ "set": value }));
                let row = stage.ask(&format!("{{ thing(id: 1) {{ {column} }} }}"), &json!({}));
                assert_eq!(row["thing"], value, "{:?}", stage.kind(&column));
            }
        }
    }
}
