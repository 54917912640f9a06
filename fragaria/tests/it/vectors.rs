//! Vectors of `pgvector`: columns are text, and functions find the nearest rows.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use crate::database::psql;
use crate::project::Project;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE EXTENSION vector;
    CREATE TABLE page (id integer PRIMARY KEY, title text NOT NULL, embedding vector(3));
    CREATE INDEX ON page USING hnsw (embedding vector_l2_ops);
    CREATE FUNCTION nearest(wanted vector, most integer) RETURNS SETOF page LANGUAGE sql STABLE
        AS 'SELECT * FROM page WHERE embedding IS NOT NULL ORDER BY embedding <-> wanted LIMIT most';
    CREATE FUNCTION nearest(wanted text, most integer) RETURNS SETOF page LANGUAGE sql STABLE
        AS 'SELECT * FROM nearest(wanted::vector, most)';";

#[test]
fn vectors_are_written_shown_and_found_by_their_distance() {
    let url = std::env::var("FRAGARIA_TEST_VECTOR")
        .expect("FRAGARIA_TEST_VECTOR names a server: run the tests with `cargo xtask test`");
    psql(&url, TABLES);
    let project = Project::on(&url);
    let schema = project.read("schema.graphql");
    assert!(
        schema.contains("embedding: String @column(type: \"vector(3)\")"),
        "{schema}"
    );
    let schema = schema.replacen(
        "type Page ",
        "extend type Query { nearest(to: String!, most: Int!): [Page!]! @function }\n\
         extend type Page { length: Float @computed(sql: \"vector_norm({embedding})\") }\n\
         type Page ",
        1,
    );
    project.write("schema.graphql", &schema);
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    let ask = |document: &str| -> Value { server.graphql(document).json() };
    let written = ask(
        "mutation { createPages(input: [{ id: 1, title: \"a\", embedding: \"[3, 4, 0]\" },
           { id: 2, title: \"b\", embedding: \"[1,1,1]\" }, { id: 3, title: \"c\" }]) { embedding length } }",
    );
    assert_eq!(
        written["data"]["createPages"],
        json!([{ "embedding": "[3,4,0]", "length": 5.0 },
               { "embedding": "[1,1,1]", "length": 3.0_f64.sqrt() },
               { "embedding": null, "length": null }])
    );
    let found = ask(
        "{ nearest(to: \"[1,1,2]\", most: 5) { title } pages(where: { length: { gt: 4 } }) { title }
           same: pages(where: { embedding: { eq: \"[1,1,1]\" } }) { title } }",
    );
    assert_eq!(
        found["data"],
        json!({ "nearest": [{ "title": "b" }, { "title": "a" }], "pages": [{ "title": "a" }],
                "same": [{ "title": "b" }] })
    );
    for wrong in ["[1,2]", "[1,2,x]", "\\\"; DROP TABLE page"] {
        let document =
            format!("mutation {{ updatePage(id: 1, set: {{ embedding: \"{wrong}\" }}) {{ id }} }}");
        assert!(!ask(&document)["errors"][0].is_null(), "{wrong}");
    }
    assert_eq!(
        psql(&url, "SELECT embedding FROM page WHERE id = 1"),
        "[3,4,0]"
    );
}
