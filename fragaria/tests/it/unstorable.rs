//! Values a column cannot hold: they are refused when they are given, and told where they stand.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::json;

const TABLE: &str = "
    CREATE TABLE thing (id integer PRIMARY KEY, d numeric(12,4), e numeric(2,2));
    INSERT INTO thing VALUES (1, 1.5, 0.25), (2, 2.5, NULL);";

const OUTSIDE: &str = "a number is outside the range of its column";

fn sqlite(table: &str) -> Project {
    let project = Project::database(table);
    project.run(&["init", "--from", "sqlite:shop.db"]);
    project.run(&["compile"]);
    project
}

/// Its code and message.
fn refusal(server: &Server, document: &str) -> (String, String) {
    let answer = server.graphql(document);
    let error = &answer.json()["errors"][0];
    let text = |text: &serde_json::Value| text.as_str().unwrap_or_default().to_owned();
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

#[test]
fn a_decimal_too_large_for_its_column_is_refused_by_every_database() {
    let postgres = Database::empty();
    postgres.sql(TABLE);
    let mariadb = mariadb::Database::empty();
    mariadb.sql(TABLE);
    for project in [
        sqlite(TABLE),
        Project::on(&postgres.url()),
        Project::on(&mariadb.url()),
    ] {
        let server = project.serve(&[]).ready();
        let refused = ("store.out_of_range".to_owned(), OUTSIDE.to_owned());
        for (column, value) in [
            ("d", "9".repeat(1_000)),
            ("d", format!("-{}", "9".repeat(400))),
            ("d", "100000000".to_owned()),
            ("e", "1".to_owned()),
        ] {
            for write in [
                format!("updateThing(id: 2, set: {{ {column}: \"{value}\" }}) {{ id }}"),
                format!("createThing(input: {{ id: 3, {column}: \"{value}\" }}) {{ id }}"),
                format!("upsertThing(input: {{ id: 2, {column}: \"{value}\" }}) {{ id }}"),
            ] {
                let document = format!("mutation {{ {write} }}");
                assert_eq!(refusal(&server, &document), refused, "{document:.80}");
            }
        }
        let most = "mutation { updateThing(id: 2, set: { d: \"-99999999.999900\", e: \"0.99\" }) { d e } }";
        let kept = json!({ "d": "-99999999.9999", "e": "0.99" });
        assert_eq!(server.graphql(most).json()["data"]["updateThing"], kept);
        let sum = server.graphql("{ thingAggregate { sum { d } } }").json();
        let sum = &sum["data"]["thingAggregate"][0]["sum"]["d"];
        assert_eq!(*sum, json!("-99999998.4999"));
    }
}

#[test]
fn a_decimal_with_more_digits_than_its_column_keeps_is_refused_by_every_database() {
    let postgres = Database::empty();
    postgres.sql(&format!("{TABLE} ALTER TABLE thing ADD l numeric(5,1)[]"));
    let mariadb = mariadb::Database::empty();
    mariadb.sql(TABLE);
    for (project, has_lists) in [
        (sqlite(TABLE), false),
        (Project::on(&postgres.url()), true),
        (Project::on(&mariadb.url()), false),
    ] {
        let server = project.serve(&[]).ready();
        let message = |field: &str, digits: u8| {
            let message =
                format!("{field} keeps {digits} digits after the point, and is given more");
            ("engine.argument".to_owned(), message)
        };
        for write in [
            "updateThing(id: 2, set: { d: \"1.00005\" }) { id }",
            "createThing(input: { id: 3, d: 1.00005 }) { id }",
            "createThings(input: [{ id: 3, d: 1 }, { id: 4, d: \"1e-5\" }]) { id }",
            "upsertThing(input: { id: 2, d: \"-99999999.99995\" }) { id }",
        ] {
            let document = format!("mutation {{ {write} }}");
            assert_eq!(refusal(&server, &document), message("d", 4), "{document}");
        }
        let variable = "mutation($d: Decimal) { updateThing(id: 2, set: { d: $d }) { d } }";
        let body = |d: &str| json!({ "query": variable, "variables": { "d": d } }).to_string();
        let ask = |d: &str| {
            let headers = ["content-type: application/json"];
            server.ask("POST /graphql", &headers, body(d).as_bytes())
        };
        assert_eq!(ask("2.25000").json()["data"]["updateThing"]["d"], "2.2500");
        assert_eq!(ask("2.25001").code(), "engine.argument");
        // What is compared is not stored.
        let found = server.graphql("{ things(where: { d: { lt: \"2.25001\" } }) { id } }");
        assert_eq!(
            found.json()["data"]["things"],
            json!([{ "id": 1 }, { "id": 2 }])
        );
        if has_lists {
            let list =
                "mutation { updateThing(id: 1, set: { l: [\"1.5\", null, \"1.05\"] }) { id } }";
            assert_eq!(refusal(&server, list), message("l", 1));
        }
    }
}

#[test]
fn an_infinity_that_somebody_else_wrote_is_told_as_one() {
    let project = sqlite(TABLE);
    project.sql("INSERT INTO thing VALUES (3, 9e999, NULL)");
    let server = project.serve(&[]).ready();
    let message = "a value is not a finite number and has no form in JSON";
    for document in [
        "{ things { id d } }",
        "{ thing(id: 3) { d } }",
        "{ thingAggregate { sum { d } } }",
        "{ thingAggregate { avg { d } } }",
        "{ thingAggregate { max { d } } }",
        "{ thingAggregate(having: { max: { d: { gt: \"1\" } } }) { count } }",
    ] {
        let refused = ("store.out_of_range".to_owned(), message.to_owned());
        assert_eq!(refusal(&server, document), refused, "{document}");
    }
    let mend = "mutation { updateThing(id: 3, set: { d: \"1\" }) { d } }";
    let mended = server.graphql(mend).json();
    assert_eq!(mended["data"]["updateThing"]["d"], json!("1.0000"));
}

#[test]
fn a_character_the_column_does_not_have_is_refused_by_every_text_operator_on_mariadb() {
    let database = mariadb::Database::empty();
    database.sql(
        "CREATE TABLE word (id integer PRIMARY KEY,
             a varchar(40) CHARACTER SET latin1 NOT NULL, b varchar(40) CHARACTER SET utf8mb3 NOT NULL,
             c varchar(40) CHARACTER SET utf8mb4 NOT NULL);
         INSERT INTO word VALUES (1, 'é', 'é', 'é'), (2, 'z', 'z', 'z');",
    );
    let project = Project::on(&database.url());
    let server = project.serve(&[]).ready();
    for operator in [
        "eq: $",
        "ne: $",
        "gt: $",
        "gte: $",
        "lt: $",
        "lte: $",
        "in: [$]",
        "notIn: [$]",
        "like: $",
        "ilike: $",
        "startsWith: $",
        "endsWith: $",
        "contains: $",
    ] {
        let ask = |column: &str, text: &str| {
            let operand = operator.replace('$', &format!("\"{text}\""));
            format!("{{ words(where: {{ {column}: {{ {operand} }} }}) {{ id }} }}")
        };
        for column in ["a", "b"] {
            let answer = server.graphql(&ask(column, "😀"));
            let code = answer.json()["errors"][0]["extensions"]["code"].clone();
            let found = answer.json()["data"]["words"].is_array();
            assert!(
                found || code == "store.out_of_range",
                "{column} {operator}: {answer:?}"
            );
        }
        for (column, text) in [("c", "😀"), ("a", "é"), ("b", "é")] {
            let answer = server.graphql(&ask(column, text)).json();
            assert!(answer["errors"].is_null(), "{column} {operator}: {answer}");
        }
    }
}
