//! Very many tables and roles: what is not asked for is not made, and what is asked for is the same.

use crate::project::Project;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A compiled project of so many tables, each with a row, and roles that see it.
fn things(tables: usize, roles: usize) -> Project {
    let (mut schema, mut sql) = (String::new(), String::from("BEGIN;"));
    for role in 0..roles {
        writeln!(schema, "extend schema @role(name: \"role_{role}\")").unwrap();
    }
    for table in 0..tables {
        writeln!(
            schema,
            "type Thing{table} @table {{ id: Int! @id tenantId: Int! name: String! amount: Int }}"
        )
        .unwrap();
        for role in 0..roles {
            writeln!(
                schema,
                "extend type Thing{table} @access(to: \"role_{role}\", allow: READ, where: {{tenantId: {{eq: 1}}}})"
            )
            .unwrap();
        }
        write!(
            sql,
            "CREATE TABLE thing{table} (id integer PRIMARY KEY, tenantId integer NOT NULL, name text NOT NULL, amount integer);
             INSERT INTO thing{table} VALUES (1, 1, 'ours', {table}), (2, 2, 'theirs', 0);"
        )
        .unwrap();
    }
    let project = Project::database(&(sql + "COMMIT;"));
    project.configure("sqlite:shop.db");
    project.write("schema.graphql", &schema);
    project.run(&["compile"]);
    project
}

const MADE: &str = "fragaria_engine_types";

/// The names of all types that introspection tells.
fn told(answer: &Value) -> BTreeSet<String> {
    let types = answer["data"]["__schema"]["types"].as_array().unwrap();
    let names = types.iter().map(|ty| ty["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn the_first_answer_of_a_thousand_tables_needs_the_types_of_one() {
    let project = things(1_000, 0);
    let server = project.serve(&["limits.introspection=everyone"]).ready();
    assert_eq!(server.metric(MADE), 0);
    let answer = server.graphql("{ thing500(id: 1) { id name amount } }");
    let row = json!({ "id": 1, "name": "ours", "amount": 500 });
    assert_eq!(answer.json(), json!({ "data": { "thing500": row } }));
    let made = server.metric(MADE);
    assert!((1..100).contains(&made), "{made}");

    // What is wrong is told as if all were there, with what was meant.
    let answer = server.graphql("{ thing500(id: 1) { nane } }");
    let message = answer.json()["errors"][0]["message"].clone();
    let expected = "type `Thing500` does not have a field `nane`: did you mean `name`?";
    assert_eq!(message, expected);
    let answer = server.graphql("query($w: Thing999Were) { thing999s(where: $w) { id } }");
    let message = answer.json()["errors"][0]["message"].clone();
    assert!(
        message
            .to_string()
            .contains("did you mean `Thing999Where`?"),
        "{message}"
    );

    // Whoever asks for all is told all.
    let types = told(&server.graphql("{ __schema { types { name } } }").json());
    for table in 0..1_000 {
        for end in ["", "Where", "OrderBy", "Create", "Aggregate", "Connection"] {
            assert!(types.contains(&format!("Thing{table}{end}")));
        }
    }
}

#[test]
fn what_roles_are_shown_is_made_for_each_when_it_asks() {
    let project = things(40, 10);
    let settings = ["auth.anonymous_role=role_3"];
    let server = project.serve(&settings).ready();
    let answer = server.graphql("{ thing7s { name } thing8(id: 2) { name } }");
    let seen = json!({ "thing7s": [{ "name": "ours" }], "thing8": null });
    assert_eq!(answer.json(), json!({ "data": seen }));
    let few = server.metric(MADE);
    assert!((1..150).contains(&few), "{few}");
    server.graphql("{ thing7s(where: {amount: {gt: 1}}, orderBy: {id: ASC}) { name } }");
    let more = server.metric(MADE);
    assert!(few < more && more < few + 50, "{few} {more}");
    let bytes = server.metric("fragaria_engine_shape_cache_size_bytes");
    assert!(bytes > 0);

    // With less room than that takes nothing is kept, and all is answered.
    let settings = [
        "auth.anonymous_role=role_3",
        "limits.shape_cache_bytes_max=1000",
    ];
    let server = project.serve(&settings).ready();
    for table in 0..40 {
        let answer = server.graphql(&format!("{{ thing{table}s {{ name }} }}"));
        assert_eq!(
            answer.json()["data"][format!("thing{table}s")],
            json!([{ "name": "ours" }])
        );
    }
    assert_eq!(server.metric("fragaria_engine_shape_cache_size_bytes"), 0);
    let kept = server.metric(MADE);
    // The conditions of rules are kept with the artefact.
    assert!(kept < 150, "{kept}");
}

#[test]
fn an_artefact_that_is_damaged_is_refused_wherever_it_is() {
    let project = things(12, 3);
    let whole = std::fs::read(project.path("fragaria.artefact.json")).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(project.path("fragaria.artefact.json"), bytes).unwrap();
        let told = project.fail(&["serve", "."]);
        assert!(
            told.contains("fragaria.artefact.json is not usable"),
            "{what}: {told}"
        );
    };
    for part in 0..20 {
        let at = part * (whole.len() - 1) / 20;
        refused(&whole[..at], &format!("cut at {at}"));
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        refused(&flipped, &format!("flipped at {at}"));
    }
    let text = String::from_utf8(whole).unwrap();
    let (front, back) = text.split_once("\"held\":[[").unwrap();
    for hostile in [
        "18446744073709551615,",
        "1e999,",
        "-1,",
        &"[".repeat(10_000),
    ] {
        refused(
            format!("{front}\"held\":[[{hostile}{back}").as_bytes(),
            hostile,
        );
    }
    let old = text.replacen("\"version\":11", "\"version\":10", 1);
    std::fs::write(project.path("fragaria.artefact.json"), old).unwrap();
    let told = project.fail(&["serve", "."]);
    assert!(told.contains("format version 10") && told.contains("compile the schema again"));
}
