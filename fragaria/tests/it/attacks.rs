//! What attackers tried: every database refuses it alike, before it reads or writes a row.

use crate::client::Client;
use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Parents with an older parent, and their children.
const TABLES: &str = "
    CREATE TABLE parent (
        id integer PRIMARY KEY, name varchar(40) NOT NULL, born date, weight double precision,
        older_id integer, FOREIGN KEY (older_id) REFERENCES parent (id)
    );
    CREATE TABLE child (
        id integer PRIMARY KEY, parent_id integer NOT NULL, name varchar(40) NOT NULL,
        FOREIGN KEY (parent_id) REFERENCES parent (id)
    );
    CREATE TABLE paper (id integer PRIMARY KEY, content json);
    INSERT INTO parent VALUES (1, 'Ann', '1970-01-01', 1.5, NULL), (2, 'Bob', NULL, 2.5, 1);
    INSERT INTO child VALUES (1, 1, 'Cay'), (2, 1, 'Dan'), (3, 2, 'Eve');";

/// The same rows behind a server for each database.
struct Servers {
    all: [Server; 3],
    _projects: [Project; 3],
    _postgres: Database,
    _mariadb: mariadb::Database,
}

impl Servers {
    fn new() -> Self {
        Self::with(&[])
    }

    /// Servers with settings of their own.
    fn with(settings: &[&str]) -> Self {
        let sqlite = Project::database(TABLES);
        sqlite.run(&["init", "--from", "sqlite:shop.db"]);
        sqlite.run(&["compile"]);
        let postgres = Database::empty();
        postgres.sql(&TABLES.replace(" json", " jsonb"));
        let mariadb = mariadb::Database::empty();
        mariadb.sql(TABLES);
        let projects = [
            sqlite,
            Project::on(&postgres.url()),
            Project::on(&mariadb.url()),
        ];
        Self {
            all: projects
                .each_ref()
                .map(|project| project.serve(settings).ready()),
            _projects: projects,
            _postgres: postgres,
            _mariadb: mariadb,
        }
    }

    /// What all of them answer.
    fn ask(&self, document: &str, variables: &Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let [sqlite, others @ ..] = self.all.each_ref().map(|server| {
            let headers = ["content-type: application/json"];
            let answer = server.ask("POST /graphql", &headers, body.as_bytes());
            (answer.status, answer.json())
        });
        for other in others {
            assert_eq!(sqlite, other, "{document:.200} {variables}");
        }
        sqlite.1
    }

    /// The data they answer.
    fn data(&self, document: &str, variables: &Value) -> Value {
        let mut answer = self.ask(document, variables);
        assert!(answer["errors"].is_null(), "{document:.200}: {answer:.400}");
        answer["data"].take()
    }

    /// The code and message with which they refuse, at a place in the document.
    fn refusal(&self, document: &str, variables: &Value) -> (String, String) {
        let answer = self.ask(document, variables);
        let error = &answer["errors"][0];
        assert!(
            answer["data"].is_null() && error["locations"][0]["line"] == 1,
            "{document:.200}: {answer:.400}"
        );
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }

    /// A write is refused because its condition `$w` compares nothing, as literal and as variable.
    fn does_not_write(&self, write: &str, type_name: &str, condition: &Value) {
        // No value in it is a string, so without its quotes it is a literal.
        let literal = condition.to_string().replace('"', "");
        let literal = format!("mutation {{ {} {{ id }} }}", write.replace("$w", &literal));
        let variable = format!("mutation($w: {type_name}!) {{ {write} {{ id }} }}");
        for document in [literal, variable] {
            let (code, message) = self.refusal(&document, &json!({ "w": condition }));
            assert_eq!(code, "engine.argument", "{document} {condition}");
            assert!(message.contains("nothing is compared"), "{message}");
        }
    }
}

#[test]
fn a_variable_stands_only_where_its_whole_type_fits() {
    let servers = Servers::new();
    for (document, variables) in [
        (
            "mutation($x: [Date]) { updateParent(id: 1, set: {born: $x}) { id } }",
            json!({"x": ["2020-01-01", "1999-01-01"]}),
        ),
        (
            "query($x: [Int]) { parents(where: {id: {eq: $x}}) { id } }",
            json!({"x": [1, 2]}),
        ),
        (
            "query($x: [String]) { parents(where: {name: {like: $x}}) { id } }",
            json!({"x": ["a"]}),
        ),
        (
            "query($x: [Int!]) { parents(where: {id: {in: [$x]}}) { id } }",
            json!({"x": [1]}),
        ),
        (
            "query($x: [Int]) { parents(where: {id: {notIn: $x}}) { id } }",
            json!({"x": [1, null]}),
        ),
        (
            "query($x: Int) { parents(where: {id: {in: $x}}) { id } }",
            json!({"x": 1}),
        ),
        (
            "query($x: Int) { parents(where: {and: [{not: {id: {in: [1, $x]}}}]}) { id } }",
            json!({"x": null}),
        ),
        (
            "query($x: Int) { parents { id ...F } } fragment F on Parent { ...G } \
             fragment G on Parent { children(where: {or: {id: {in: [$x]}}}) { id } }",
            json!({"x": 1}),
        ),
        (
            "query($x: String = null) { createParent: parent(id: 1) { children { \
             parent { children(where: {name: {in: [$x]}}) { id } } } } }",
            json!({}),
        ),
        (
            "query($x: OrderDirection) { parents(orderBy: [{name: $x}]) { id } }",
            json!({"x": "ASC"}),
        ),
        (
            "mutation($x: [String!]!) { createParent(input: {id: 9, name: $x}) { id } }",
            json!({"x": ["a"]}),
        ),
    ] {
        let (code, message) = servers.refusal(document, &variables);
        assert_eq!(code, "engine.invalid", "{document}: {message}");
        assert!(message.contains("$x"), "{message}");
    }
    let kept = servers.data("{ parents { born } }", &json!({}));
    assert_eq!(
        kept,
        json!({"parents": [{"born": "1970-01-01"}, {"born": null}]})
    );
}

#[test]
fn a_variable_that_may_be_null_is_taken_where_a_default_stands_in() {
    let servers = Servers::new();
    let in_list = "query($x: Int = 2) { parents(where: {id: {in: [$x]}}) { id } }";
    let second = json!({"parents": [{"id": 2}]});
    assert_eq!(servers.data(in_list, &json!({})), second);
    let (code, _) = servers.refusal(in_list, &json!({"x": null}));
    assert_eq!(code, "engine.argument");
    for (document, variables) in [
        (
            "query($x: [Int!] = [2]) { parents(where: {id: {in: $x}}) { id } }",
            json!({}),
        ),
        (
            "query($x: Int!) { parents(where: {and: {id: {eq: $x}}}) { id } }",
            json!({"x": 2}),
        ),
        (
            "query($x: OrderDirection!) { parents(orderBy: {id: $x}, limit: 1) { id } }",
            json!({"x": "DESC"}),
        ),
        (
            "query($x: OrderDirection = DESC) { parents(orderBy: {id: $x}, limit: 1) { id } }",
            json!({}),
        ),
        (
            "query($x: [ParentOrderBy!]) { parents(orderBy: $x, limit: 1) { id } }",
            json!({"x": {"id": "DESC"}}),
        ),
    ] {
        assert_eq!(servers.data(document, &variables), second, "{document}");
    }
}

#[test]
fn a_cursor_of_an_order_by_a_relation_is_refused_in_another_order() {
    let servers = Servers::new();
    let page = "query($order: [ParentOrderBy!], $after: String) { parentConnection(first: 1, \
                orderBy: $order, after: $after) { pageInfo { endCursor } nodes { id } } }";
    let orders = [
        json!([{"name": "ASC"}]),
        json!([{"older": {"name": "ASC"}}]),
        json!([{"older": {"older": {"name": "ASC"}}}]),
    ];
    for made in &orders {
        let first = servers.data(page, &json!({ "order": made }));
        let cursor = &first["parentConnection"]["pageInfo"]["endCursor"];
        for used in &orders {
            let variables = json!({ "order": used, "after": cursor });
            if made == used {
                servers.data(page, &variables);
            } else {
                let (code, _) = servers.refusal(page, &variables);
                assert_eq!(code, "engine.cursor", "{made} {used}");
            }
        }
    }
}

#[test]
fn a_condition_that_compares_nothing_does_not_widen_a_write() {
    let servers = Servers::new();
    for condition in [
        json!({"children": {}}),
        json!({"children": {"every": {}}}),
        json!({"children": {"some": {"and": []}}}),
        json!({"children": {"none": {"parent": {}}}}),
        json!({"and": []}),
        json!({"and": [{}]}),
        json!({"and": [{"id": {"eq": 1}, "not": {}}]}),
        json!({"or": []}),
        json!({"or": [{"id": {"eq": 1}}, {}]}),
        json!({"not": {}}),
        json!({"not": {"not": {}}}),
        json!({"not": {"or": []}}),
        json!({"older": {"children": {}}}),
        json!({"older": {"name": {}}}),
    ] {
        for write in [
            "updateParents(where: $w, set: {name: \"x\"})",
            "deleteParents(where: $w)",
            "upsertParent(input: {id: 1, name: \"x\"}, updateWhere: $w)",
        ] {
            servers.does_not_write(write, "ParentWhere", &condition);
        }
    }
    let write = "updateChildren(where: $w, set: {name: \"x\"})";
    servers.does_not_write(write, "ChildWhere", &json!({"parent": {}}));
    let kept = servers.data("{ parents { name } children { name } }", &json!({}));
    let name = |name| json!({ "name": name });
    let parents = ["Ann", "Bob"].map(name);
    let children = ["Cay", "Dan", "Eve"].map(name);
    assert_eq!(kept, json!({"parents": parents, "children": children}));
}

#[test]
fn a_condition_on_having_partners_still_picks_rows_to_write() {
    let servers = Servers::new();
    for (condition, ids) in [
        ("{children: {none: {}}}", json!([])),
        ("{older: {}}", json!([2])),
        ("{children: {some: {name: {eq: \"Eve\"}}}}", json!([2])),
        ("{children: {some: {}}}", json!([1, 2])),
        ("{}", json!([1, 2])),
    ] {
        let document = format!(
            "mutation {{ updateParents(where: {condition}, set: {{name: \"x\"}}) {{ id }} }}"
        );
        let answer = servers.data(&document, &json!({}));
        let found = answer["updateParents"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|row| row["id"].clone()).collect();
        assert_eq!(json!(found), ids, "{condition}");
    }
}

#[test]
fn minus_zero_is_zero_in_every_database() {
    let servers = Servers::new();
    for (document, variables) in [
        (
            "mutation { updateParent(id: 1, set: {weight: -0.0}) { weight } }",
            json!({}),
        ),
        (
            "mutation { updateParent(id: 1, set: {weight: -0}) { weight } }",
            json!({}),
        ),
        (
            "mutation($x: Float) { updateParent(id: 1, set: {weight: $x}) { weight } }",
            json!({"x": -0.0}),
        ),
        (
            "mutation($x: ParentUpdate!) { updateParent(id: 1, set: $x) { weight } }",
            json!({"x": {"weight": -1e-300 * 1e-300}}),
        ),
    ] {
        servers.data(document, &variables);
        let kept = servers.data("{ parent(id: 1) { weight } }", &json!({}));
        assert_eq!(
            kept.to_string(),
            "{\"parent\":{\"weight\":0.0}}",
            "{document}"
        );
    }
}

#[test]
fn a_number_in_json_has_no_exponent_that_fills_a_database_with_digits() {
    let servers = Servers::new();
    let given = |id: i32, number: &str| {
        let literal = format!(
            "mutation {{ createPaper(input: {{ id: {id}, content: [{{ a: [{number}] }}] }}) {{ id }} }}"
        );
        let variable = format!(
            "mutation($x: JSON) {{ createPaper(input: {{ id: {}, content: $x }}) {{ id }} }}",
            id + 1
        );
        let value: Value = serde_json::from_str(&format!("[{{\"a\": [{number}]}}]")).unwrap();
        [(literal, json!({})), (variable, json!({ "x": value }))]
    };
    for number in ["1e131071", "1e1001", "-1.5E-1001", "0e+99999999999"] {
        for (document, variables) in given(1, number) {
            let answer = servers.ask(&document, &variables);
            let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(
                message.contains("an exponent of at most 1000"),
                "{answer:.400}"
            );
        }
    }
    let none = servers.data("{ papers { id } }", &json!({}));
    assert_eq!(none, json!({ "papers": [] }));
    for (number, id) in ["1e1000", "-1.5E-1000", "2e5"].iter().zip((1..).step_by(2)) {
        for (document, variables) in given(id, number) {
            servers.data(&document, &variables);
        }
    }
}

/// The query of GraphiQL.
const GRAPHIQL: &str = "query IntrospectionQuery { __schema { description queryType { name kind } \
    mutationType { name kind } subscriptionType { name kind } types { ...FullType } \
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL \
    fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } \
    type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[test]
fn introspection_is_answered_once_and_refused_when_it_multiplies() {
    let servers = Servers::with(&["limits.roots_max=1000", "limits.aliases_max=10000"]);
    for server in &servers.all {
        let answer = server.graphql(GRAPHIQL).json();
        let types = &answer["data"]["__schema"]["types"];
        assert!(types.as_array().unwrap().len() > 30, "{answer:.400}");
    }
    let named: Vec<_> = (0..20)
        .map(|n| format!("a{n}: __schema {{ ...S }}"))
        .collect();
    let full = GRAPHIQL.replace(
        "query IntrospectionQuery { __schema {",
        "fragment S on __Schema {",
    );
    let full = full.replacen(" } } fragment FullType", " } fragment FullType", 1);
    let many = format!("{{ {} }} {full}", named.join(" "));
    // The texts of the three APIs, and so the bounds, differ by a few bytes.
    for server in &servers.all {
        assert_eq!(server.graphql(&many).code(), "engine.introspection_bytes");
    }
    let aliases = |count: usize, what: &str| {
        let aliases = (0..count).map(|n| format!("a{n}:{what} "));
        aliases.collect::<Vec<_>>().concat()
    };
    let many = format!(
        "{{ {} }} fragment S on __Schema {{ {} }} fragment T on __Type {{ {} }}",
        aliases(900, "__schema{...S}"),
        aliases(300, "types{...T}"),
        aliases(20, "name")
    );
    let (code, _) = servers.refusal(&many, &json!({}));
    assert_eq!(code, "engine.fields");
}

/// Everything there is to tell, that many times.
fn told_often(times: usize) -> String {
    let all = GRAPHIQL.split_once("__schema {").unwrap().1;
    let (all, fragments) = all.split_once(" } } fragment").unwrap();
    let often = (0..times).map(|n| format!("a{n}: __schema {{ ...S }} "));
    let often = often.collect::<Vec<_>>().concat();
    format!("{{ {often} }} fragment S on __Schema {{ {all} }} fragment{fragments}")
}

/// Bounds for answers of up to 32 MiB, of which one at a time has room while it is written.
const TOLD_OFTEN: [&str; 6] = [
    "limits.roots_max=60",
    "limits.fields_max=100000",
    "limits.introspection_times_max=100000",
    "limits.introspection_bytes_max=33554432",
    "server.introspections_bytes_max=67108864",
    "database.queue_timeout_ms=300",
];

/// A client that has asked and takes in little before it is read from.
fn asking(server: &Server, document: &str) -> Client {
    let mut client = Client::narrow(server.address);
    let body = json!({ "query": document }).to_string();
    let headers = ["content-type: application/json"];
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
    client
}

/// Waits until that many bytes of introspection are held.
fn until_held(server: &Server, bytes: usize) {
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains(&format!("fragaria_http_introspections_bytes {bytes}\n"))
    });
}

#[test]
fn answers_to_introspection_share_a_bound_until_they_are_taken() {
    let servers = Servers::with(&TOLD_OFTEN);
    let document = told_often(60);
    let short = "{ __schema { queryType { name } } }";
    for server in &servers.all {
        let mut client = asking(server, &document);
        let mut head = client.head().unwrap();
        assert_eq!(head.status, 200);
        let length = head.header("content-length").parse().unwrap();
        assert!((8_000_000..33_000_000).contains(&length), "{length}");
        until_held(server, length);
        let refused = server.graphql(short);
        assert_eq!(refused.status, 503);
        assert_eq!(refused.code(), "server.introspections_full");
        assert_eq!(refused.header("retry-after"), "1");
        let count = server.metric("fragaria_http_introspections_refused_total");
        assert_eq!(count, 1);
        let row = server.graphql("{ parent(id: 1) { name } }");
        assert_eq!(row.status, 200);
        client.body(&mut head).unwrap();
        assert!(head.json()["data"]["a59"]["types"][0]["kind"].is_string());
        until_held(server, 0);
        let mut gone = asking(server, &document);
        gone.head().unwrap();
        until_held(server, length);
        drop(gone);
        until_held(server, 0);
        assert_eq!(server.graphql(short).status, 200);
    }
}

#[test]
fn many_who_ask_for_all_of_the_api_at_once_take_bounded_memory() {
    let servers = Servers::with(&TOLD_OFTEN);
    let document = told_often(60);
    for server in &servers.all {
        let (before, _) = server.memory();
        let mut clients: Vec<_> = (0..24).map(|_| asking(server, &document)).collect();
        let heads = clients.iter_mut().map(|client| client.head().unwrap());
        let answered = heads.filter(|head| head.status == 200).count();
        assert!((1..24).contains(&answered), "{answered} are answered");
        let (_, most) = server.memory();
        let grown = (most - before) >> 20;
        assert!(grown < 128, "{grown} MiB for {answered} answers");
    }
}

/// JSON that stands in texts in JSON, each of which the parser takes for what it holds.
fn hidden(levels: usize) -> String {
    (0..levels).fold("1".to_owned(), |inner, _| {
        let text = inner.replace('\\', "\\u005c").replace('"', "\\u0022");
        let (open, close) = ("[".repeat(97), "]".repeat(97));
        format!("{open}{{\"$serde_json::private::RawValue\":\"{text}\"}}{close}")
    })
}

#[test]
fn json_that_hides_in_json_ends_no_server() {
    let servers = Servers::new();
    let json = hidden(12);
    let headers = ["content-type: application/json"];
    let token = |head: &str| URL_SAFE_NO_PAD.encode(format!("[\"{head}\",{json}]"));
    let node = format!("{{ node(id: \"{}\") {{ __typename }} }}", token("Parent"));
    let after = token("0123456789abcdef");
    let after = format!("{{ parentConnection(after: \"{after}\") {{ nodes {{ id }} }} }}");
    for server in &servers.all {
        for member in ["variables", "extensions"] {
            let body = format!(r#"{{"query":"{{__typename}}","{member}":{{"x":{json}}}}}"#);
            let answer = server.ask("POST /graphql", &headers, body.as_bytes());
            assert_eq!(answer.status, 400, "{member}");
            let message = answer.json()["errors"][0]["message"].to_string();
            assert!(message.contains("is reserved"), "{message}");
        }
        let number =
            r#"{"query":"{__typename}","variables":{"x":{"$serde_json::private::Number":"1"}}}"#;
        let answer = server.ask("POST /graphql", &headers, number.as_bytes());
        assert_eq!(answer.code(), "request.variables");
        let url: String =
            form_urlencoded::byte_serialize(format!("{{\"x\":{json}}}").as_bytes()).collect();
        let url = format!("GET /graphql?query=%7B__typename%7D&variables={url}");
        let answer = server.ask(&url, &[], &[]);
        assert_eq!(answer.code(), "request.variables");
        assert_eq!(server.graphql(&node).status, 200);
        assert_eq!(server.graphql(&after).code(), "engine.cursor");
        assert_eq!(server.graphql("{ parent(id: 1) { name } }").status, 200);
    }
}

#[test]
fn a_document_of_many_operations_or_fragments_is_refused_before_it_is_validated() {
    let servers = Servers::new();
    let chain = |fragments: usize| {
        let fragment = |n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1);
        let last = format!("fragment F{fragments} on Query {{ __typename }}");
        (0..fragments)
            .map(fragment)
            .chain([last])
            .collect::<String>()
    };
    let operations = |count: usize| {
        let operation = |n| format!("query A{n} {{ ...F0 }} ");
        (0..count).map(operation).collect::<String>()
    };
    for (document, code) in [
        (operations(21) + &chain(10), "engine.operations"),
        (operations(1_000) + &chain(90), "engine.operations"),
        (operations(1) + &chain(200), "engine.fragments"),
    ] {
        assert_eq!(servers.refusal(&document, &json!({})).0, code);
    }
    for server in &servers.all {
        let body = json!({ "query": operations(20) + &chain(60), "operationName": "A7" });
        let headers = ["content-type: application/json"];
        let answer = server.ask("POST /graphql", &headers, body.to_string().as_bytes());
        assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }));
    }
}

#[test]
fn a_page_goes_on_behind_a_row_whose_cursor_is_long() {
    let project = Project::database(
        "CREATE TABLE leaf (id integer PRIMARY KEY, body text NOT NULL);
         INSERT INTO leaf SELECT value, printf('%.*c', 30000, value)
             FROM (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3);",
    );
    project.run(&["init", "--from", "sqlite:shop.db"]);
    project.run(&["compile"]);
    let server = project.serve(&[]).ready();
    let next = "query($after: String) { leafConnection(first: 1, after: $after, orderBy: [{ body: ASC }]) \
                { nodes { id } pageInfo { endCursor } } }";
    let mut after = Value::Null;
    for id in 1..=3 {
        let body = json!({ "query": next, "variables": { "after": after } }).to_string();
        let headers = ["content-type: application/json"];
        let answer = server.ask("POST /graphql", &headers, body.as_bytes());
        let page = &answer.json()["data"]["leafConnection"];
        assert_eq!(page["nodes"], json!([{ "id": id }]));
        after = page["pageInfo"]["endCursor"].clone();
        assert!(after.as_str().unwrap().len() > 40_000);
    }
}

#[test]
fn a_long_list_costs_time_and_memory_in_proportion() {
    let servers = Servers::new();
    let before = servers.all.each_ref().map(|server| server.memory().0);
    let numbers: Vec<_> = (2..6_002).collect();
    let literal = format!("{{ parents(where: {{id: {{in: {numbers:?}}}}}) {{ id }} }}");
    let names: Vec<_> = (0..16_000).map(|n| format!("{n:050}")).collect();
    let variable =
        "query($x: [String!]!) { parents(where: {name: {notIn: $x}, id: {gt: 1}}) { id } }";
    // Time in their square would pass the patience of the client.
    for (document, variables) in [(&*literal, json!({})), (variable, json!({"x": names}))] {
        let found = servers.data(document, &variables);
        assert_eq!(found, json!({"parents": [{"id": 2}]}));
    }
    for (server, before) in servers.all.iter().zip(before) {
        let grown = (server.memory().1 - before) >> 20;
        assert!(grown < 64, "{grown} MiB");
    }
}
