//! Conditions that fail on stored values: what is not seen makes no request fail, on the three
//! databases.

use super::{asked, code, data, under};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};

/// Rows of two owners: of those of the other one nothing can be calculated.
const SQLITE: &str = r#"
    CREATE TABLE folder (id integer PRIMARY KEY, name text NOT NULL);
    CREATE TABLE note (
        id integer PRIMARY KEY, folder_id integer NOT NULL REFERENCES folder (id),
        owner text NOT NULL, title text NOT NULL, body json, parts integer NOT NULL
    );
    CREATE VIEW best (id, owner, share) AS SELECT id, owner, json_extract(body, '$.n') FROM note;
    INSERT INTO folder VALUES (1, 'a');
    INSERT INTO note VALUES (1, 1, 'ann', 'one', '{"n": 1}', 1);
    INSERT INTO note VALUES (2, 1, 'ann', 'two', '{"n": 2}', 2);
    INSERT INTO note VALUES (3, 1, 'bob', x'ff', '{"n": ', 0);"#;

const POSTGRES: &str = r#"
    CREATE TABLE folder (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE note (
        id int PRIMARY KEY, folder_id int NOT NULL REFERENCES folder (id),
        owner text NOT NULL, title text NOT NULL, body json, parts int NOT NULL
    );
    CREATE VIEW best (id, owner, share) AS SELECT id, owner, (2 / parts)::bigint FROM note;
    INSERT INTO folder VALUES (1, 'a');
    INSERT INTO note VALUES (1, 1, 'ann', 'one', '{"n": 1}', 1);
    INSERT INTO note VALUES (2, 1, 'ann', 'two', '{"n": 2}', 2);
    INSERT INTO note VALUES (3, 1, 'bob', 'three', '{"n": "\u0000"}', 0);"#;

const MARIADB: &str = r#"
    CREATE TABLE folder (id int PRIMARY KEY, name varchar(20) NOT NULL);
    CREATE TABLE note (
        id int PRIMARY KEY, folder_id int NOT NULL REFERENCES folder (id),
        owner varchar(20) NOT NULL, title varchar(20) NOT NULL, body longtext, parts int NOT NULL
    );
    CREATE VIEW best (id, owner, share) AS
        SELECT id, owner, 9223372036854775807 - parts + 2 FROM note;
    INSERT INTO folder VALUES (1, 'a');
    INSERT INTO note VALUES (1, 1, 'ann', 'one', '{"n": 1}', 2);
    INSERT INTO note VALUES (2, 1, 'ann', 'two', '{"n": 2}', 3);
    INSERT INTO note VALUES (3, 1, 'bob', 'three', '{"n": ', 0);"#;

const SCHEMA: &str = r#"
extend schema @role(name: "owner") @role(name: "partner") @role(name: "auditor")
type Folder @table(name: "folder")
  @access(to: ["owner", "partner", "auditor"], allow: READ) {
  id: Int! @id
  name: String!
  notes: [Note!]! @relation(inverse: "folder")
}
type Note @table(name: "note")
  @access(to: "owner", allow: [READ, UPDATE, DELETE], where: {owner: {eq: {claim: "who"}}})
  @access(to: "partner", allow: READ, where: {owner: {eq: {claim: "who"}}})
  @access(to: "partner", allow: READ, where: {owner: {eq: {claim: "whom"}}}, fields: ["id"])
  @access(to: "auditor", allow: READ) {
  id: Int! @id
  folderId: Int! @column(name: "folder_id")
  owner: String!
  title: String!
  body: JSON BODY
  parts: Int!
  share: BigInt @computed(sql: "SHARE")
  folder: Folder! @relation(fields: ["folderId"])
}
type Best @view(name: "best", key: ["id"])
  @access(to: "owner", allow: READ, where: {owner: {eq: {claim: "who"}}})
  @access(to: "auditor", allow: READ) {
  id: Int!
  owner: String!
  share: BigInt
}
"#;

fn stages() -> [(Stage, String); 3] {
    let sql = |body: &str, share: &str| SCHEMA.replace("BODY", body).replace("SHARE", share);
    [
        (
            Stage::on_sqlite(SQLITE, &[]),
            sql("", "json_extract({body}, '$.n')"),
        ),
        (
            Stage::on_postgres(POSTGRES, &[]),
            sql("@column(type: \"json\")", "2 / {parts}"),
        ),
        (
            Stage::on_mariadb(MARIADB, &[]),
            sql(
                "@column(type: \"longtext\")",
                "9223372036854775807 - {parts} + 2",
            ),
        ),
    ]
}

fn served(stage: &Stage, schema: &str) -> Server {
    stage.project.write("schema.graphql", schema);
    under(stage, "")
}

fn ann() -> String {
    ann_as("owner")
}

fn ann_as(role: &str) -> String {
    json!({ "roles": [role], "claims": { "who": "ann" } }).to_string()
}

fn auditor() -> String {
    json!({ "roles": ["auditor"] }).to_string()
}

/// Conditions on notes that hold of all that can be looked at.
const CONDITIONS: [&str; 11] = [
    "{share: {isNull: false}}",
    "{share: {gte: 0}}",
    "{not: {share: {lt: 0}}}",
    "{body: {path: [{at: [\"n\"], number: {gte: 0}}]}}",
    "{not: {body: {path: [{at: [\"n\"], isNull: true}]}}}",
    "{body: {hasKey: \"n\"}}",
    "{not: {body: {eq: {n: 7}}}}",
    "{not: {body: {contains: {n: 7}}}}",
    "{title: {ilike: \"%O%\"}}",
    "{title: {contains: \"o\"}}",
    "{folder: {notes: {some: {share: {gte: 0}}}}}",
];

/// Those that a database has: MariaDB does not compare whole documents.
fn conditions(stage: &Stage) -> impl Iterator<Item = &'static str> {
    let is_mariadb = stage.is_mariadb();
    let all = CONDITIONS.into_iter();
    all.filter(move |condition| !is_mariadb || !condition.contains("{n: 7}"))
}

fn holds_of_all(server: &Server, caller: &str, condition: &str) {
    for document in [
        "{ notes(where: CONDITION) { id } }",
        "{ noteAggregate(where: CONDITION) { count } }",
        "{ folders(where: {notes: {some: CONDITION}}) { notes { id } } }",
        "{ folders(where: {notes: {every: CONDITION}}) { notes(where: CONDITION) { id } } }",
        "{ noteConnection(where: CONDITION, first: 2) { nodes { id } } }",
    ] {
        let document = document.replace("CONDITION", condition);
        let told = data(server, caller, &document).to_string();
        let is_there = told.contains(r#"[{"id":1},{"id":2}]"#) || told.contains(r#""count":2"#);
        assert!(is_there, "{caller} {document}: {told}");
    }
}

#[test]
fn no_condition_fails_on_a_row_that_is_not_seen() {
    for (stage, schema) in stages() {
        let server = served(&stage, &schema);
        // Of rows that a partner sees, some cells may be hidden, for all that is known of its rules.
        for caller in ["owner", "partner"].map(ann_as) {
            conditions(&stage).for_each(|condition| holds_of_all(&server, &caller, condition));
        }
        let told = data(
            &server,
            &ann(),
            "{ bests(where: {share: {gte: 0}}) { id } }",
        );
        assert_eq!(told["bests"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn no_order_and_no_cursor_fails_on_a_row_that_is_not_seen() {
    for (stage, schema) in stages() {
        let server = served(&stage, &schema);
        for (list, connection) in [("notes", "noteConnection"), ("bests", "bestConnection")] {
            let document =
                format!("{{ {list}(orderBy: [{{share: DESC}}, {{id: ASC}}]) {{ id }} }}");
            let whole = data(&server, &ann(), &document)[list].clone();
            let mut walked = Vec::new();
            let mut after = Value::Null;
            while walked.len() < 2 {
                let document = format!(
                    "{{ {connection}(orderBy: [{{share: DESC}}, {{id: ASC}}], first: 1, after: {after}) {{ nodes {{ id }} pageInfo {{ endCursor }} }} }}"
                );
                let page = data(&server, &ann(), &document)[connection].clone();
                walked.extend(page["nodes"].as_array().unwrap().clone());
                after = page["pageInfo"]["endCursor"].clone();
            }
            assert_eq!(Value::from(walked), whole);
        }
    }
}

#[test]
fn no_write_fails_on_a_row_that_is_not_seen() {
    for (stage, schema) in stages() {
        let server = served(&stage, &schema);
        for condition in conditions(&stage) {
            let document = format!(
                "mutation {{ updateNotes(where: {condition}, set: {{folderId: 1}}) {{ id }} }}"
            );
            let told = data(&server, &ann(), &document);
            assert_eq!(told["updateNotes"], json!([{ "id": 1 }, { "id": 2 }]));
        }
        let document = "mutation { deleteNotes(where: {share: {gte: 0}}) { id } }";
        let told = data(&server, &ann(), document);
        assert_eq!(told["deleteNotes"], json!([{ "id": 1 }, { "id": 2 }]));
        assert_eq!(
            stage.outside("SELECT count(*) * 10 + min(id) FROM note"),
            "13"
        );
    }
}

#[test]
fn who_sees_the_row_is_told_that_its_value_is_unfit() {
    for (stage, schema) in stages() {
        let server = served(&stage, &schema);
        let document = "{ notes(where: {share: {gte: 0}}) { id } }";
        let answer = asked(&server, &auditor(), document);
        assert_eq!(answer["data"], Value::Null, "{answer}");
        let told = code(&server, &auditor(), document);
        assert!(told.starts_with("store."), "{told}");
    }
}
