//! What an operation costs is known before it runs, told to who asks, and bounded.

use super::{JSON, counted, logged};
use crate::client::Response;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE product (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL,
        category_id INTEGER NOT NULL REFERENCES category (id)
    );
    INSERT INTO category VALUES (1, 'fruit');
    INSERT INTO product VALUES (1, 'Strawberry', 1), (2, 'Raspberry', 1);";

fn project() -> Project {
    let project = Project::database(TABLES);
    project.run(&["init", "--from", "sqlite:shop.db"]);
    project.run(&["compile"]);
    project
}

fn ask(server: &Server, document: &str, variables: &Value) -> Response {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let headers = [JSON, "graphql-cost: report"];
    server.ask("POST /graphql", &headers, body.as_bytes())
}

/// A server, and what it tells of the cost of documents.
struct Scale {
    server: Server,
    _project: Project,
}

impl Scale {
    fn new() -> Self {
        let project = project();
        Self {
            server: project.serve(&[]).ready(),
            _project: project,
        }
    }

    /// The cost of a document is told in the answer and in the log.
    fn costs(&self, cost: u64, document: &str, variables: &Value) {
        let answer = ask(&self.server, document, variables).json();
        let told = &answer["extensions"]["cost"];
        assert_eq!(*told, cost, "{document}: {answer:.300}");
        assert_eq!(logged(&self.server)["cost"], cost, "{document}");
    }
}

#[test]
fn an_operation_costs_about_one_for_each_object_of_its_answer() {
    let scale = Scale::new();
    for (cost, document) in [
        (
            0,
            "{ __typename __schema { types { name fields { name } } } }",
        ),
        (1, "{ product(id: 1) { id name } }"),
        (2, "{ product(id: 1) { category { name } } }"),
        (7, "{ products(limit: 7) { id name } }"),
        (100, "{ products { id } }"),
        (
            5 * (1 + 4 + 10),
            "{ categories(limit: 5) { a: products(limit: 4) { id } products { id } } }",
        ),
        (
            1 + 5 + 5 * 2 + 1 + 10,
            "{ productConnection(first: 5) { nodes { id } edges { node { id } } \
             pageInfo { endCursor } totalCount } }",
        ),
        (1 + 100, "{ productConnection { nodes { id } } }"),
        (10 + 10 * 2, "{ productAggregate { count max { id } } }"),
        (
            1 + 5,
            "{ products(limit: 1, where: {and: [{id: {eq: 1}}, {id: {gt: 0}}]}) { id } }",
        ),
        (
            3 * 2,
            "{ products(limit: 3) { id } products(limit: 3) { ...F ...F } } \
             fragment F on Product { category { id } category { name } }",
        ),
        (
            10 + 1 + 1,
            "mutation { createProducts(input: {id: 6, name: \"x\", categoryId: 1}) { id } }",
        ),
        (
            10 + 2 + 4,
            "mutation { deleteProducts(where: {id: {gt: 5}}, atMost: 4) { id } }",
        ),
    ] {
        scale.costs(cost, document, &json!({}));
    }
    let plain = scale.server.graphql("{ product(id: 1) { id } }").json();
    assert_eq!(plain.get("extensions"), None);
}

#[test]
fn a_weight_of_the_schema_takes_the_place_of_the_usual_one() {
    let project = project();
    let schema = project.read("schema.graphql");
    let dear = schema
        .replace(
            "type Product @table(",
            "type Product @cost(weight: \"7\") @table(",
        )
        .replace(
            "type Product @table ",
            "type Product @cost(weight: \"7\") @table ",
        )
        .replacen("name: String!", "name: String! @cost(weight: \"3\")", 1)
        .replace(
            "@relation(inverse: \"category\")",
            "@relation(inverse: \"category\") @listSize(assumedSize: 2) @cost(weight: \"5\")",
        );
    project.write("schema.graphql", &dear);
    project.run(&["compile"]);
    let shown = project.run(&["schema"]);
    let scale = Scale {
        server: project.serve(&["limits.cost_max=100"]).ready(),
        _project: project,
    };
    for (cost, document) in [
        (7, "{ product(id: 1) { id name } }"),
        (3 * 7, "{ products(limit: 3) { id } }"),
        // Those of a category, of which each has its name.
        (2 * (1 + 3), "{ categories(limit: 2) { id name } }"),
        (1 + 5 + 2 * 7, "{ category(id: 1) { products { id } } }"),
        (
            1 + 5 + 4 * 7,
            "{ category(id: 1) { products(limit: 4) { id } } }",
        ),
        (
            1 + 5 + 1 + 2 * 7,
            "{ category(id: 1) { productsConnection(first: 2) { nodes { id } } } }",
        ),
    ] {
        scale.costs(cost, document, &json!({}));
    }
    let over = ask(&scale.server, "{ products(limit: 15) { id } }", &json!({}));
    assert_eq!(over.code(), "engine.cost");
    for line in [
        "type Product implements Node @cost(weight: \"7\") {",
        "  name: String! @cost(weight: \"3\")",
        "[Product!]! @cost(weight: \"5\") @listSize(assumedSize: 2, ",
    ] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
}

#[test]
fn variables_decide_about_the_cost_as_what_stands_in_the_document_does() {
    let scale = Scale::new();
    let list = "query ($n: Int, $w: Boolean = true) { products(limit: $n) { id \
        category @include(if: $w) { id } } }";
    scale.costs(6, list, &json!({ "n": 3 }));
    scale.costs(3, list, &json!({ "n": 3, "w": false }));
    scale.costs(200, list, &json!({ "n": null }));
    scale.costs(200, list, &json!({}));
    let skipped = "query ($s: Boolean!) { ... @include(if: $s) { product(id: 1) { id } } \
        ...F @skip(if: $s) } fragment F on Query { b: product(id: 2) { category { id } } }";
    // What a fragment holds may be spread elsewhere, too.
    scale.costs(3, skipped, &json!({ "s": true }));
    scale.costs(2, skipped, &json!({ "s": false }));
    let page = "query ($a: Int) { productConnection(last: $a) { nodes { id } } }";
    scale.costs(1 + 9, page, &json!({ "a": 9 }));
    let condition = json!({ "w": { "and": [{ "id": { "eq": 1 } }, { "id": { "gt": 0 } }] } });
    let found = "query ($w: ProductWhere) { products(limit: 1, where: $w) { id } }";
    scale.costs(1 + 5, found, &condition);
    let row = |id: u64| json!({ "id": id, "name": "x", "categoryId": 1 });
    let rows = json!({ "rows": [row(7), row(8), row(9)] });
    let write = "mutation ($rows: [ProductCreate!]!) { createProducts(input: $rows) \
        { category { id } } }";
    scale.costs(10 + 3 + 3 * 2, write, &rows);
}

#[test]
fn an_operation_that_costs_too_much_is_refused_before_it_runs() {
    let project = project();
    let server = project.serve(&["limits.cost_max=10"]).ready();
    let document = "query ($n: Int) { products(limit: $n) { id } }";
    let within = ask(&server, document, &json!({ "n": 10 })).json();
    assert_eq!(within["extensions"]["cost"], 10);
    let over = ask(&server, document, &json!({ "n": 11 })).json();
    assert_eq!(over.get("data"), None);
    let error = &over["errors"][0];
    let message = "the operation costs 11, and at most 10 is allowed";
    assert_eq!(error["message"], message);
    assert_eq!(error["extensions"]["code"], "engine.cost");
    assert_eq!(error["locations"], json!([{ "line": 1, "column": 1 }]));
    assert_eq!(counted(&server, "engine.cost"), 1);
    assert_eq!(logged(&server)["cost"], 10);
    let line = logged(&server);
    assert_eq!(
        (&line["code"], &line["outcome"]),
        (&json!("engine.cost"), &json!("limit"))
    );
    let write = "mutation { createCategory(input: {id: 9, name: \"x\"}) { id } \
        deleteCategories(where: {id: {eq: 9}}) { id } }";
    assert_eq!(server.graphql(write).code(), "engine.cost");
    let kept = server.graphql("{ categories(limit: 9) { id } }").json();
    assert_eq!(kept, json!({ "data": { "categories": [{ "id": 1 }] } }));
}

#[test]
fn a_cost_that_no_number_holds_is_refused_too() {
    let project = project();
    let server = project.serve(&[]).ready();
    let lists = (0..8).fold("id".to_owned(), |inner, _| {
        format!("products(limit: 2147483647) {{ category {{ {inner} }} }}")
    });
    let document = format!("{{ category(id: 1) {{ {lists} }} }}");
    assert_eq!(server.graphql(&document).code(), "engine.cost");
}

#[test]
fn a_stream_tells_its_cost_behind_its_data() {
    let project = Project::large();
    let server = project.serve(&[]).ready();
    let answer = ask(&server, "{ readings { id note } }", &json!({}));
    assert_eq!(answer.header("transfer-encoding"), "chunked");
    assert!(answer.body.ends_with(b"]},\"extensions\":{\"cost\":100}}"));
}

#[test]
fn another_word_in_the_header_of_the_cost_is_refused() {
    let project = project();
    let server = project.serve(&[]).ready();
    let body = br#"{"query":"{ __typename }"}"#;
    let answer = |headers: &[&str]| {
        let headers = [&[JSON], headers].concat();
        server.ask("POST /graphql", &headers, body)
    };
    for headers in [&["graphql-cost: 1"][..], &["graphql-cost: report"; 2]] {
        let refused = answer(headers);
        assert_eq!(
            (refused.status, &*refused.code()),
            (400, "request.graphql_cost")
        );
    }
    assert_eq!(answer(&["graphql-cost: Report"]).status, 200);
}

#[test]
fn the_weights_are_declared_in_the_text_of_the_api() {
    let project = project();
    let text = project.run(&["schema"]);
    for line in [
        "directive @cost(weight: String!) on ",
        "[Product!]! @listSize(assumedSize: 100, slicingArguments: [\"limit\"]",
        "ProductConnection! @listSize(slicingArguments: [\"first\", \"last\"]",
        "totalCount: Int! @cost(weight: \"10\")",
        "createProduct(input: ProductCreate!): Product! @cost(weight: \"10\")",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
