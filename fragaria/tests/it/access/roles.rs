//! What rules mean where several of them, or hidden cells, meet: as the guide says it, and as the attack
//! on the rules once found it otherwise.

use super::{code, data};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE rack (id int PRIMARY KEY, twin int NOT NULL, label varchar(20) NOT NULL, open boolean NOT NULL);
    CREATE TABLE book (
        id int PRIMARY KEY,
        rack_id int REFERENCES rack (id),
        title varchar(20) NOT NULL,
        owner varchar(20)
    );
    INSERT INTO rack VALUES (1, 1, 'a', true);
    INSERT INTO rack VALUES (2, 2, 'b', false);
    INSERT INTO book VALUES (1, 1, 'one', 'ann');
    INSERT INTO book VALUES (2, 2, 'two', 'bob');";

const RULES: &str = r#"
extend schema @role(name: "reader") @role(name: "lender") @role(name: "keeper") @role(name: "stamper")
  @role(name: "other")

extend type Rack
  @access(to: "reader", allow: READ, where: {open: {eq: true}})
  @access(to: "reader", allow: READ, fields: ["twin", "label", "open"])

extend type Book
  @access(to: ["reader", "lender", "keeper"], allow: READ)
  @access(to: "lender", allow: [CREATE, UPDATE], set: {owner: "house"})
  @access(to: "lender", allow: DELETE, where: {owner: {ne: {claim: "name"}}})
  @access(to: "keeper", allow: [CREATE, UPDATE])
  @access(to: "other", allow: READ, where: {id: {notIn: {claim: "ids"}}})
  @access(to: "other", allow: UPDATE, where: {id: {in: {claim: "own"}}}, set: {owner: "house"}, fields: ["title"])
  @access(to: "stamper", allow: [READ, UPDATE], fields: ["id", "owner"], set: {owner: "house", id: 1})
"#;

fn stages() -> impl Iterator<Item = (Stage, Server)> {
    Stage::of(TABLES, &[]).into_iter().map(|stage| {
        let schema = stage.project.read("schema.graphql") + RULES;
        stage.project.write("schema.graphql", &schema);
        let server = stage.project.dev(stage.settings()).ready();
        (stage, server)
    })
}

fn caller(roles: &[&str], claims: &Value) -> String {
    json!({ "roles": roles, "claims": claims }).to_string()
}

#[test]
fn a_row_that_is_seen_is_there_although_its_key_is_not() {
    for (stage, server) in stages() {
        let document = "{ books { title rack { label } } }";
        let seen = data(&server, &caller(&["reader"], &json!({})), document);
        let expected = json!([
            { "title": "one", "rack": { "label": "a" } },
            { "title": "two", "rack": { "label": "b" } },
        ]);
        assert_eq!(seen["books"], expected, "{}", stage.url());
    }
}

#[test]
fn a_cell_that_is_not_seen_compares_with_no_other_column() {
    for (stage, server) in stages() {
        let reader = caller(&["reader"], &json!({}));
        for condition in ["id: { eq: twin }", "twin: { eq: id }"] {
            let document =
                format!("{{ racks(where: {{ compare: {{ {condition} }} }}) {{ label }} }}");
            let seen = data(&server, &reader, &document);
            assert_eq!(
                seen["racks"],
                json!([{ "label": "a" }]),
                "{}: {condition}",
                stage.url()
            );
        }
    }
}

#[test]
fn an_upsert_takes_the_value_that_another_role_lets_be_given() {
    for (stage, server) in stages() {
        let both = caller(&["lender", "keeper"], &json!({}));
        for (id, given, expected) in [
            (1, ", owner: \"cid\"", "cid"),
            (2, "", "house"),
            (3, "", "house"),
        ] {
            let document = format!(
                "mutation {{ upsertBook(input: {{ id: {id}, title: \"new\"{given} }}) {{ owner }} }}"
            );
            let seen = data(&server, &both, &document);
            assert_eq!(
                seen["upsertBook"]["owner"],
                expected,
                "{}: {document}",
                stage.url()
            );
        }
    }
}

#[test]
fn a_claim_that_is_no_text_is_not_the_text_of_itself() {
    for (stage, server) in stages() {
        let document = "mutation { deleteBooks(where: { id: { eq: 2 } }) { id } }";
        for name in [
            json!(null),
            json!(true),
            json!([]),
            json!(["ann"]),
            json!({ "eq": "ann" }),
        ] {
            let lender = caller(&["lender"], &json!({ "name": name }));
            let told = code(&server, &lender, document);
            assert_eq!(told, "access.denied", "{}: {name}", stage.url());
        }
        assert_eq!(stage.outside("SELECT count(*) FROM book"), "2");
        let lender = caller(&["lender"], &json!({ "name": "ann" }));
        assert_eq!(
            data(&server, &lender, document)["deleteBooks"],
            json!([{ "id": 2 }])
        );
    }
}

#[test]
fn a_role_that_may_give_no_column_a_value_has_an_api() {
    for (stage, server) in stages() {
        let stamper = caller(&["stamper"], &json!({}));
        let seen = data(
            &server,
            &stamper,
            "{ books(where: { id: { eq: 1 } }) { id } }",
        );
        assert_eq!(seen["books"], json!([{ "id": 1 }]), "{}", stage.url());
    }
}

#[test]
fn a_claim_that_is_a_list_of_nothing_excludes_nothing_and_lets_nothing() {
    for (stage, server) in stages() {
        let ids = |ids: Value, own: Value| caller(&["other"], &json!({ "ids": ids, "own": own }));
        for (excluded, expected) in [
            (json!([]), json!([{ "id": 1 }, { "id": 2 }])),
            (json!([1]), json!([{ "id": 2 }])),
            (json!([1, 2, 3]), json!([])),
        ] {
            let seen = data(&server, &ids(excluded, json!([])), "{ books { id } }");
            assert_eq!(seen["books"], expected, "{}", stage.url());
        }
        let document =
            "mutation { updateBooks(where: {id: {gte: 0}}, set: {title: \"x\"}) { id owner } }";
        let told = data(&server, &ids(json!([]), json!([])), document);
        assert_eq!(told["updateBooks"], json!([]), "{}", stage.url());
        let told = data(&server, &ids(json!([]), json!([2])), document);
        let expected = json!([{ "id": 2, "owner": "house" }]);
        assert_eq!(told["updateBooks"], expected, "{}", stage.url());
    }
}
