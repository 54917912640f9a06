//! Requests up to each bound of the engine are answered alike by all databases, and those beyond
//! it are refused alike.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

/// People with bosses, and the clubs they are in.
const TABLES: &str = "
    CREATE TABLE person (
        id integer PRIMARY KEY, name text NOT NULL, boss_id integer REFERENCES person (id)
    );
    CREATE TABLE club (id integer PRIMARY KEY, name text NOT NULL);
    CREATE TABLE membership (
        person_id integer NOT NULL REFERENCES person (id),
        club_id integer NOT NULL REFERENCES club (id),
        PRIMARY KEY (person_id, club_id)
    );
    INSERT INTO person VALUES (1, 'Ann', NULL), (2, 'Bob', 1), (3, 'Cay', 2);
    INSERT INTO club VALUES (1, 'chess'), (2, 'choir');
    INSERT INTO membership VALUES (1, 1), (2, 1), (2, 2), (3, 2);";

/// The same data behind three servers.
pub(crate) struct Trio {
    servers: [Server; 3],
    _projects: [Project; 3],
    _databases: (Database, mariadb::Database),
}

impl Trio {
    pub(crate) fn new(settings: &[&str]) -> Self {
        let sqlite = Project::database(TABLES);
        sqlite.run(&["init", "--from", "sqlite:shop.db"]);
        sqlite.run(&["compile"]);
        let databases = (Database::empty(), mariadb::Database::empty());
        databases.0.sql(TABLES);
        databases.1.sql(TABLES);
        let [postgres, mariadb] =
            [databases.0.url(), databases.1.url()].map(|url| Project::on(&url));
        let projects = [sqlite, postgres, mariadb];
        Self {
            servers: projects
                .each_ref()
                .map(|project| project.serve(settings).ready()),
            _projects: projects,
            _databases: databases,
        }
    }

    /// What all answer.
    pub(crate) fn ask(&self, document: &str, variables: &Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let [sqlite, postgres, mariadb] = self.servers.each_ref().map(|server| {
            let headers = ["content-type: application/json"];
            let answer = server.ask("POST /graphql", &headers, body.as_bytes());
            answer.json()
        });
        assert_eq!(sqlite, postgres, "{document:.200}");
        assert_eq!(sqlite, mariadb, "{document:.200}");
        sqlite
    }

    /// How many people all find; the condition is GraphQL text.
    fn people(&self, condition: &str) -> usize {
        let answer = self.ask(
            &format!("{{ people(where: {condition}) {{ id }} }}"),
            &json!({}),
        );
        let people = answer["data"]["people"].as_array();
        people
            .unwrap_or_else(|| panic!("{answer:.300}: {condition:.200}"))
            .len()
    }

    /// The code and message with which all refuse, at the place of the field.
    fn refusal(&self, document: &str, variables: &Value) -> (String, String) {
        let answer = self.ask(document, variables);
        let error = &answer["errors"][0];
        assert!(
            answer["data"].is_null() && error["locations"][0]["line"] == 1,
            "{answer:.300}"
        );
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }

    /// The same of a condition on people.
    fn refused(&self, condition: &str) -> (String, String) {
        self.refusal(
            &format!("{{ people(where: {condition}) {{ id }} }}"),
            &json!({}),
        )
    }
}

fn told(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

/// `inner` between that many openings and closings.
fn nested(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

/// A list of that many items, each with its number in place of `#`.
fn numbered(item: &str, count: usize) -> String {
    let items: Vec<_> = (0..count)
        .map(|n| item.replace('#', &n.to_string()))
        .collect();
    format!("[{}]", items.join(", "))
}

#[test]
fn a_thousand_conditions_side_by_side_are_answered() {
    let trio = Trio::new(&[]);
    let names = numbered("{name: {ne: \"x#\"}}", 1_000);
    assert_eq!(trio.people(&format!("{{and: {names}}}")), 3);
    assert_eq!(trio.people(&format!("{{not: {{or: {names}}}}}")), 0);
    let some: Vec<_> = (0..999)
        .map(|n| json!({"name": {"eq": format!("x{n}")}}))
        .collect();
    let variables = json!({ "where": { "or": [{ "name": { "eq": "Ann" } }, { "or": some }] } });
    let document = "query ($where: PersonWhere!) { people(where: $where) { name } }";
    let answer = trio.ask(document, &variables);
    assert_eq!(answer, json!({"data": {"people": [{"name": "Ann"}]}}));
    let having = numbered("{count: {ne: 1000#}}", 1_000);
    let document = format!("{{ personAggregate(having: {{and: {having}}}) {{ count }} }}");
    assert_eq!(
        trio.ask(&document, &json!({}))["data"]["personAggregate"][0]["count"],
        3
    );
}

#[test]
fn the_conditions_of_an_operation_are_counted_together() {
    let trio = Trio::new(&["limits.conditions_max=5"]);
    let five = numbered("{name: {ne: \"x#\"}}", 5);
    assert_eq!(trio.people(&format!("{{and: {five}}}")), 3);
    let told = told(
        "engine.conditions",
        "the operation has more than 5 conditions",
    );
    for condition in [
        "{and: [{name: {ne: \"a\", like: \"%\"}}, {id: {gt: 0, lt: 9, ne: 8}}, {}]}".to_owned(),
        format!("{{or: {}}}", numbered("{}", 6)),
        "{compare: {id: {eq: id, ne: id, lt: bossId, lte: id, gt: id}, bossId: {gte: id}}}"
            .to_owned(),
        "{and: [{compare: {}}, {compare: {id: {}, bossId: {}}}, {id: {}}, {name: {}}, {}]}"
            .to_owned(),
        format!(
            "{{clubs: {{some: {{and: {}}}}}}}",
            numbered("{name: {ne: \"#\"}}", 6)
        ),
    ] {
        assert_eq!(trio.refused(&condition), told, "{condition}");
    }
    let three = numbered("{name: {ne: \"x#\"}}", 3);
    let twice = format!(
        "{{ a: people(where: {{and: {three}}}) {{ id }} \
            b: people(where: {{and: {three}}}) {{ id }} }}"
    );
    assert_eq!(trio.refusal(&twice, &json!({})), told);
    let nested = format!("{{ clubs {{ people(where: {{and: {three}}}) {{ id }} }} }}");
    assert!(trio.ask(&nested, &json!({}))["data"]["clubs"].is_array());
    let write = "mutation($w: PersonWhere!) { deletePeople(where: $w) { id } }";
    let six: Vec<_> = (0..6).map(|n| json!({ "id": { "eq": n } })).collect();
    assert_eq!(trio.refusal(write, &json!({ "w": { "or": six } })), told);
}

#[test]
fn conditions_are_nested_up_to_a_bound() {
    let trio = Trio::new(&[]);
    let not = |times| nested("{not: ", "{name: {eq: \"Ann\"}}", "}", times);
    let and = |times| nested("{and: [{name: {ne: \"x\"}}, ", "{id: {eq: 1}}", "]}", times);
    assert_eq!(trio.people(&not(31)), 2);
    assert_eq!(trio.people(&and(31)), 1);
    let told = told(
        "engine.condition_depth",
        "conditions are nested deeper than 32",
    );
    assert_eq!(trio.refused(&not(32)), told);
    assert_eq!(trio.refused(&and(60)), told);
}

#[test]
fn conditions_lead_through_relations_up_to_a_bound() {
    let trio = Trio::new(&[]);
    let to_one = |times| nested("{boss: ", "{}", "}", times);
    let to_many = |times| nested("{clubs: {some: {people: {none: ", "{}", "}}}}", times);
    assert_eq!(trio.people(&to_one(2)), 1);
    assert_eq!(trio.people(&to_one(8)), 0);
    assert_eq!(trio.people(&to_many(3)), 0);
    assert_eq!(trio.people(&to_many(4)), 3);
    let message = "a condition leads through more than 8 relations, one below the other";
    let told = told("engine.relation_depth", message);
    assert_eq!(trio.refused(&to_one(9)), told);
    assert_eq!(trio.refused(&to_many(5)), told);
    assert_eq!(trio.refused(&to_many(12)), told);
}

#[test]
fn the_deepest_condition_stands_below_the_deepest_field() {
    let trio = Trio::new(&[]);
    let condition = nested("{clubs: {some: {people: {some: ", "{}", "}}}}", 4);
    let last = format!("clubs {{ people(where: {condition}) {{ id }} }}");
    let document = format!(
        "{{ people {{ {} }} }}",
        nested("clubs(limit: 1) { people(limit: 1) { ", &last, " } }", 8)
    );
    assert!(trio.ask(&document, &json!({}))["data"]["people"].is_array());
}

#[test]
fn the_relations_in_conditions_are_counted_together() {
    let trio = Trio::new(&[]);
    let deep = nested("{boss: ", "{name: {ne: \"x#\"}}", "}", 8);
    assert_eq!(trio.people(&format!("{{or: {}}}", numbered(&deep, 12))), 0);
    let message = "the conditions of the operation lead through more than 100 relations";
    let told = told("engine.condition_relations", message);
    assert_eq!(
        trio.refused(&format!("{{or: {}}}", numbered(&deep, 13))),
        told
    );
    let flat = "{clubs: {some: {name: {eq: \"x#\"}}}}";
    assert_eq!(trio.people(&format!("{{and: {}}}", numbered(flat, 100))), 0);
    assert_eq!(
        trio.refused(&format!("{{and: {}}}", numbered(flat, 101))),
        told
    );
}

#[test]
fn an_order_joins_relations_up_to_a_bound() {
    let trio = Trio::new(&[]);
    let order = |times| nested("{boss: ", "{name: DESC}", "}", times);
    let people = |order: &str| format!("{{ people(orderBy: {order}) {{ id }} }}");
    let sorted = json!({ "data": { "people": [{ "id": 1 }, { "id": 2 }, { "id": 3 }] } });
    assert_eq!(trio.ask(&people(&order(50)), &json!({})), sorted);
    let told = told(
        "engine.joins",
        "more than 50 relations to one row are joined",
    );
    assert_eq!(trio.refusal(&people(&order(51)), &json!({})), told);
    assert_eq!(trio.refusal(&people(&order(80)), &json!({})), told);
    let page = format!(
        "{{ personConnection(orderBy: {}) {{ totalCount }} }}",
        order(80)
    );
    assert_eq!(trio.refusal(&page, &json!({})), told);
    let trio = Trio::new(&["limits.joins_max=3"]);
    let row = |times| nested("boss { ", "id", " }", times);
    let through = format!("{{ people(orderBy: {}) {{ {} }} }}", order(2), row(3));
    assert!(trio.ask(&through, &json!({}))["data"]["people"].is_array());
    let message = "more than 3 relations to one row are joined";
    let beyond = format!("{{ people {{ {} }} }}", row(4));
    assert_eq!(trio.refusal(&beyond, &json!({})).1, message);
}

#[test]
fn an_order_has_columns_up_to_a_bound() {
    let trio = Trio::new(&["limits.order_columns_max=2"]);
    let page = |order: &str| format!("{{ personConnection(orderBy: {order}) {{ totalCount }} }}");
    let two = page("[{name: ASC}, {boss: {name: DESC}}, {name: DESC}]");
    assert_eq!(
        trio.ask(&two, &json!({}))["data"]["personConnection"]["totalCount"],
        3
    );
    let told = told("engine.order_columns", "the order has more than 2 columns");
    let three = page("[{name: ASC}, {boss: {name: DESC}}, {bossId: DESC}]");
    assert_eq!(trio.refusal(&three, &json!({})), told);
}

#[test]
fn a_cursor_of_the_longest_order_finds_the_next_page() {
    let trio = Trio::new(&[]);
    let mixed = |n: usize| if n.is_multiple_of(2) { "ASC" } else { "DESC" };
    let sorts: Vec<_> = (0..32)
        .map(|n| nested("{boss: ", &format!("{{name: {}}}", mixed(n)), "}", n))
        .collect();
    let page = format!(
        "query ($after: String) {{ personConnection(first: 1, after: $after, orderBy: [{}]) \
         {{ nodes {{ name }} totalCount pageInfo {{ endCursor hasPreviousPage }} }} }}",
        sorts.join(", ")
    );
    let mut after = Value::Null;
    for name in ["Ann", "Bob", "Cay"] {
        let page = trio.ask(&page, &json!({ "after": after }))["data"]["personConnection"].take();
        assert_eq!(page["nodes"], json!([{ "name": name }]));
        assert_eq!(page["pageInfo"]["hasPreviousPage"], name != "Ann");
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[test]
fn a_row_has_values_up_to_a_bound() {
    let trio = Trio::new(&["limits.columns_max=4"]);
    let clubs = |fields: &str| format!("{{ people {{ {fields} }} }}");
    let four = clubs("id name a: clubs { id } b: clubs { id name people { id } }");
    assert!(trio.ask(&four, &json!({}))["data"]["people"].is_array());
    let told = told(
        "engine.columns",
        "a row of the result has more than 4 values",
    );
    for fields in [
        "id name a: clubs { id } b: clubs { id } c: clubs { id }",
        "id name bossId boss { id name }",
        "clubs { a: people { id } b: people { id } c: people { id } d: people { id } id }",
    ] {
        assert_eq!(trio.refusal(&clubs(fields), &json!({})), told, "{fields}");
    }
}

#[test]
fn a_pattern_has_bytes_up_to_a_bound() {
    let trio = Trio::new(&["limits.pattern_bytes_max=24000"]);
    let told = told("engine.pattern_bytes", "a pattern has at most 24000 bytes");
    for operator in ["like", "ilike", "startsWith", "endsWith", "contains"] {
        let document = format!(
            "query ($p: String!) {{ people(where: {{name: {{{operator}: $p}}}}) {{ id }} }}"
        );
        let longest = trio.ask(&document, &json!({ "p": "x".repeat(24_000) }));
        assert_eq!(longest, json!({ "data": { "people": [] } }), "{operator}");
        let longer = json!({ "p": "x".repeat(24_001) });
        assert_eq!(trio.refusal(&document, &longer), told, "{operator}");
        let literal = format!("{{name: {{{operator}: \"{}\"}}}}", "x".repeat(60_000));
        assert_eq!(trio.refused(&literal), told, "{operator}");
    }
}

#[test]
fn a_pattern_has_wildcards_up_to_a_bound() {
    let trio = Trio::new(&["limits.pattern_wildcards_max=1000"]);
    let told = told(
        "engine.pattern_wildcards",
        "a pattern has at most 1000 wildcards, % and _",
    );
    for operator in ["like", "ilike"] {
        let document = format!(
            "query ($p: String!) {{ people(where: {{name: {{{operator}: $p}}}}) {{ id }} }}"
        );
        let most = json!({ "p": "%z".repeat(999) + "_" });
        assert_eq!(
            trio.ask(&document, &most),
            json!({ "data": { "people": [] } })
        );
        let more = json!({ "p": "%z".repeat(1_001) });
        assert_eq!(trio.refusal(&document, &more), told, "{operator}");
    }
}

#[test]
fn a_number_of_rows_is_refused_at_its_place() {
    let trio = Trio::new(&[]);
    let told_page = told("engine.page_rows", "a page has at most 1000 rows");
    let told_negative = told("engine.argument", "a number of rows must not be negative");
    for (document, told) in [
        (
            "query ($n: Int!) { personConnection(first: $n) { totalCount } }",
            &told_page,
        ),
        (
            "query ($n: Int!) { personConnection(last: $n) { totalCount } }",
            &told_page,
        ),
        (
            "query ($n: Int!) { people { clubsConnection(first: $n) { totalCount } } }",
            &told_page,
        ),
    ] {
        assert_eq!(
            &trio.refusal(document, &json!({ "n": 1001 })),
            told,
            "{document}"
        );
        assert_eq!(
            trio.refusal(document, &json!({ "n": -1 })),
            told_negative,
            "{document}"
        );
    }
    let nested = trio.ask("{ people { clubs(limit: -1) { id } } }", &json!({}));
    assert_eq!(
        nested["errors"][0]["locations"],
        json!([{ "line": 1, "column": 12 }])
    );
    let cursor = "{ personConnection(after: \"x\") { totalCount } }";
    assert_eq!(trio.refusal(cursor, &json!({})).0, "engine.cursor");
}
