//! Rows of several types whose parts are in tables of their own: each is seen by the rules of all tables
//! that it is in, and of no others.

use super::{code, data};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE party (
        id int PRIMARY KEY,
        kind varchar(10) NOT NULL,
        name varchar(20) NOT NULL,
        owner int NOT NULL
    );
    CREATE TABLE person (id int PRIMARY KEY REFERENCES party (id), born int NOT NULL, points int NOT NULL);
    CREATE TABLE company (id int PRIMARY KEY REFERENCES party (id), vat varchar(20) NOT NULL);
    CREATE TABLE letter (id int PRIMARY KEY, party_id int NOT NULL REFERENCES party (id));
    INSERT INTO party VALUES (1, 'person', 'Ada', 1);
    INSERT INTO party VALUES (2, 'person', 'Bo', 2);
    INSERT INTO party VALUES (3, 'company', 'Acme', 1);
    INSERT INTO person VALUES (1, 1815, 0);
    INSERT INTO person VALUES (2, 1950, 0);
    INSERT INTO company VALUES (3, 'X1');
    INSERT INTO letter VALUES (1, 1);
    INSERT INTO letter VALUES (2, 2);";

/// Clerks see no person of long ago; owners no party of others.
const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "owner")
extend interface Party
  @access(to: "clerk", allow: [READ, CREATE, UPDATE, DELETE])
  @access(to: "owner", allow: READ, where: {owner: {eq: {claim: "owner"}}})
extend type Person
  @access(to: "clerk", allow: [READ, CREATE, UPDATE, DELETE], where: {born: {gte: 1900}})
  @access(to: "owner", allow: [READ, UPDATE, DELETE])
extend type Company @access(to: ["clerk", "owner"], allow: READ)
extend type Letter @access(to: ["clerk", "owner"], allow: READ)
"#;

/// The schema that `init` writes, in which parties are persons and companies.
fn of_several_types(schema: &str) -> String {
    let is_back = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("company: Company") || line.starts_with("person: Person")
    };
    let lines = schema.lines().filter(|line| !is_back(line));
    let shared = "  kind: String!\n  name: String!\n  owner: Int!\n  letters: [Letter!]!";
    let lines = lines.map(|line| match line {
        "type Party @table(name: \"party\") {" => {
            "interface Party @table(name: \"party\", discriminator: \"kind\") {".to_owned()
        }
        "type Person @table(name: \"person\") {" => format!(
            "type Person implements Party @table(name: \"person\") @variant(value: \"person\") {{\n{shared}"
        ),
        "type Company @table(name: \"company\") {" => format!(
            "type Company implements Party @table(name: \"company\") @variant(value: \"company\") {{\n{shared}"
        ),
        line => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn ruled(stage: &Stage) -> Server {
    let schema = of_several_types(&stage.project.read("schema.graphql")) + RULES;
    stage.project.write("schema.graphql", &schema);
    stage.project.dev(stage.settings()).ready()
}

fn clerk() -> String {
    json!({ "roles": ["clerk"] }).to_string()
}

fn owner(of: i32) -> String {
    json!({ "roles": ["owner"], "claims": { "owner": of } }).to_string()
}

const PARTIES: &str = "{ parties(orderBy: [{ id: ASC }]) { __typename name ... on Person { born } ... on Company { vat } } }";

#[test]
fn a_row_is_seen_where_each_of_its_parts_is() {
    for stage in Stage::of(TABLES, &[]) {
        let server = ruled(&stage);
        let bo = json!({ "__typename": "Person", "name": "Bo", "born": 1950 });
        let ada = json!({ "__typename": "Person", "name": "Ada", "born": 1815 });
        let acme = json!({ "__typename": "Company", "name": "Acme", "vat": "X1" });
        for (caller, document, expected) in [
            (clerk(), PARTIES, json!({ "parties": [bo, acme] })),
            (owner(1), PARTIES, json!({ "parties": [ada, acme] })),
            (
                clerk(),
                "{ party(id: 1) { name } partyAggregate { count } }",
                json!({
                    "party": null, "partyAggregate": [{ "count": 2 }],
                }),
            ),
            (
                clerk(),
                "{ letters(orderBy: [{ id: ASC }]) { party { name } } }",
                json!({
                    "letters": [{ "party": null }, { "party": { "name": "Bo" } }],
                }),
            ),
            (
                clerk(),
                "{ letters(where: { party: { name: { ne: \"x\" } } }) { id } }",
                json!({ "letters": [{ "id": 2 }] }),
            ),
            (
                owner(1),
                "{ people { name born } companies { name } person(id: 2) { name } personAggregate { count } }",
                json!({
                    "people": [{ "name": "Ada", "born": 1815 }], "companies": [{ "name": "Acme" }],
                    "person": null, "personAggregate": [{ "count": 1 }],
                }),
            ),
            (
                owner(2),
                "{ people { name } companies { name } }",
                json!({ "people": [{ "name": "Bo" }], "companies": [] }),
            ),
        ] {
            assert_eq!(
                data(&server, &caller, document),
                expected,
                "{}: {document}",
                stage.url()
            );
        }
    }
}

#[test]
fn a_write_reaches_and_leaves_rows_of_which_each_part_is_seen() {
    for stage in Stage::of(TABLES, &[]) {
        let server = ruled(&stage);
        for (caller, document, expected) in [
            (
                clerk(),
                "mutation { updateParties(where: {}, set: { owner: 2 }) { name } }",
                json!({ "updateParties": [{ "name": "Bo" }, { "name": "Acme" }] }),
            ),
            (
                clerk(),
                "mutation { updateParty(id: 1, set: { owner: 2 }) { name } deleteParty(id: 1) { name } }",
                json!({ "updateParty": null, "deleteParty": null }),
            ),
            (
                owner(1),
                "mutation { updatePeople(where: {}, set: { points: 7 }) { name } }",
                json!({ "updatePeople": [{ "name": "Ada" }] }),
            ),
            (
                owner(1),
                "mutation { deletePerson(id: 2) { name } }",
                json!({ "deletePerson": null }),
            ),
            (
                clerk(),
                "mutation { createPerson(input: { born: 1960, points: 1, party: { create: { id: 7, kind: \"person\", name: \"Cy\", owner: 1 } } }) { name born } }",
                json!({ "createPerson": { "name": "Cy", "born": 1960 } }),
            ),
        ] {
            assert_eq!(
                data(&server, &caller, document),
                expected,
                "{}: {document}",
                stage.url()
            );
        }
        assert_eq!(stage.outside("SELECT sum(owner * id) FROM party"), "18");
        assert_eq!(stage.outside("SELECT sum(points) FROM person"), "8");
        let long_ago = "mutation { createPerson(input: { born: 1800, points: 1, party: { create: { id: 8, kind: \"person\", name: \"Di\", owner: 1 } } }) { name } }";
        assert_eq!(code(&server, &clerk(), long_ago), "access.check");
        assert_eq!(stage.outside("SELECT count(*) FROM party"), "4");
    }
}

#[test]
fn an_explanation_tells_that_a_part_is_not_seen() {
    for stage in Stage::of(TABLES, &[]) {
        drop(ruled(&stage));
        let explained = |caller: &str, of: &str, id: &str| -> Value {
            let told = stage.project.run(&[
                "policy", "explain", "--json", "--as", caller, "--type", of, "--id", id,
            ]);
            serde_json::from_str(&told).unwrap()
        };
        for (caller, of, id, seen) in [
            (clerk(), "Party", "1", false),
            (clerk(), "Party", "2", true),
            (owner(1), "Person", "2", false),
            (owner(1), "Person", "1", true),
        ] {
            let told = explained(&caller, of, id);
            assert_eq!(
                (&told["seen"], &told["allowed"]),
                (&json!(seen), &json!(seen)),
                "{told}"
            );
            let whole = if seen { Value::Null } else { json!(false) };
            assert_eq!(told["whole"], whole, "{told}");
        }
    }
}
