//! Columns of nondeterministic collations, on whose values PostgreSQL matches no pattern.

use crate::database::Database;
use crate::project::Project;

const TABLES: &str = "
    CREATE COLLATION nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE DOMAIN mood AS text COLLATE nd;
    CREATE TABLE secrets (
      id int PRIMARY KEY, tenant_id int NOT NULL, title text NOT NULL, body text COLLATE nd,
      mood mood, tags text[] COLLATE nd);
    CREATE VIEW shown AS SELECT id, body FROM secrets;
    INSERT INTO secrets VALUES (1, 1, 'one', NULL), (2, 2, 'two', 'hidden');";

#[test]
fn no_column_has_a_collation_under_which_patterns_fail() {
    let database = Database::empty();
    database.sql(TABLES);
    let project = Project::empty();
    let told = project.output(&["init", "--from", &database.url()]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    for column in ["body", "mood", "tags"] {
        let why = "is left out: its collation is nondeterministic";
        assert!(
            told.contains(&format!("the column {column:?} of \"secrets\" {why}")),
            "{told}"
        );
    }
    let schema = project.read("schema.graphql");
    assert!(
        schema.contains("  # left out: body (text)") && !schema.contains("  body:"),
        "{schema}"
    );
    project.run(&["compile", "--against", &database.url()]);
    let api = project.run(&["schema"]);
    assert!(!api.contains("body"), "{api}");

    let named = schema
        .replace("# left out: body (text)", "body: String")
        .replace("# left out: mood (text)", "mood: String");
    project.write("schema.graphql", &named);
    let told = project.fail(&["compile", "--against", &database.url()]);
    for field in ["Secret.body", "Secret.mood", "Shown.body"] {
        let finding = format!(
            "error[drift.collation]: `{field}` has a nondeterministic collation in the database"
        );
        assert!(told.contains(&finding), "{told}");
    }
    assert!(
        told.contains("give the column a deterministic collation"),
        "{told}"
    );

    project.run(&["compile"]);
    let server = project.serve(&["server.check_interval_ms=20"]);
    let down = |response: &crate::client::Response| {
        response.json()["dependencies"]["schema"]["status"] == "down"
    };
    server.until("/health/ready", down);
    let refused = server.graphql("{ secrets(where: { body: { contains: \"a\" } }) { id } }");
    assert_eq!(refused.code(), "server.not_ready");
    database.sql(
        "DROP VIEW shown;
         ALTER TABLE secrets ALTER body TYPE text COLLATE \"default\", ALTER mood TYPE text COLLATE \"default\";
         CREATE VIEW shown AS SELECT id, body FROM secrets",
    );
    let server = server.ready();
    let found = server.graphql("{ secrets(where: { body: { contains: \"dd\" } }) { id } }");
    assert_eq!(
        found.json(),
        serde_json::json!({ "data": { "secrets": [{ "id": 2 }] } })
    );
}
