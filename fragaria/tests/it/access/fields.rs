//! Rules that stand on single fields.

use super::{TABLES, clerk, code, data, holder};
use crate::stage::Stage;
use serde_json::json;

/// The rules of fields, and the same on the type.
const OF_FIELDS: &str = r#"@access(to: "auditor", allow: READ) @access(to: "clerk", allow: UPDATE, where: {tenantId: {eq: {claim: "tenant"}}})"#;
const OF_TYPE: &str = r#"
extend type Customer
  @access(to: "auditor", allow: READ, fields: ["email"])
  @access(to: "clerk", allow: UPDATE, where: {tenantId: {eq: {claim: "tenant"}}}, fields: ["email"])
"#;

const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "auditor")
extend type Customer
  @access(to: "clerk", allow: READ, where: {tenantId: {eq: {claim: "tenant"}}}, fields: ["id", "tenantId", "name"])
  @access(to: "auditor", allow: READ, where: {score: {gte: 7}}, fields: ["id"])
"#;

/// What a project prints about its rules once its schema is that.
fn report(stage: &Stage, schema: &str) -> String {
    stage.project.write("schema.graphql", schema);
    stage.project.run(&["compile"]);
    stage.project.run(&["policy", "report"])
}

#[test]
fn a_rule_on_a_field_is_the_rule_of_its_type_for_that_field() {
    for stage in Stage::of(TABLES, &[]) {
        let schema = stage.project.read("schema.graphql") + RULES;
        let on_type = report(&stage, &format!("{schema}{OF_TYPE}"));
        let on_field = schema.replacen("email: String", &format!("email: String {OF_FIELDS}"), 1);
        assert_ne!(on_field, schema);
        assert_eq!(report(&stage, &on_field), on_type);
        let server = stage.project.dev(stage.settings()).ready();
        // It shows rows, too, and the field alone of those that nothing else shows.
        let seen = data(&server, &holder(&["auditor"]), "{ customers { id email } }");
        let expected = json!({ "customers": [
            { "id": null, "email": "ann@x" },
            { "id": 2, "email": "abe@x" },
            { "id": 3, "email": "bob@x" },
        ] });
        let mut rows = seen["customers"].as_array().unwrap().clone();
        rows.sort_by_key(|row| row["email"].to_string());
        let mut wanted = expected["customers"].as_array().unwrap().clone();
        wanted.sort_by_key(|row| row["email"].to_string());
        assert_eq!(rows, wanted);
        assert_eq!(
            code(&server, &holder(&["auditor"]), "{ customers { name } }"),
            "engine.invalid"
        );
        assert_eq!(
            code(&server, &clerk(1), "{ customers { email } }"),
            "engine.invalid"
        );
        let changed = "mutation { updateCustomer(id: 1, set: {email: \"new@x\"}) { id } }";
        data(&server, &clerk(1), changed);
        let named = "mutation { updateCustomer(id: 1, set: {name: \"New\"}) { id } }";
        assert_eq!(code(&server, &clerk(1), named), "engine.invalid");
        data(
            &server,
            &clerk(1),
            "mutation { updateCustomer(id: 3, set: {email: \"no@x\"}) { id } }",
        );
        let emails = "SELECT count(*) FROM customer WHERE email IN ('new@x', 'no@x')";
        assert_eq!(stage.outside(emails), "1");
    }
}

#[test]
fn what_a_rule_on_a_field_cannot_say_is_refused_where_it_stands() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    let schema = stage.project.read("schema.graphql") + RULES;
    for (rule, told) in [
        (
            "allow: READ, fields: [\"email\"]",
            "`fields` says nothing of a single field",
        ),
        (
            "allow: READ, except: [\"id\"]",
            "`except` says nothing of a single field",
        ),
        (
            "allow: READ, mask: {email: NULL}",
            "`mask` says nothing of a single field",
        ),
        (
            "allow: READ, rowsMax: 5",
            "`rowsMax` says nothing of a single field",
        ),
        (
            "allow: UPDATE, set: {email: \"x\"}",
            "`set` says nothing of a single field",
        ),
        (
            "allow: [READ, DELETE]",
            "rows are deleted, and not single fields",
        ),
        (
            "where: {id: {eq: 1}}",
            "a rule says in `allow` what its roles may do",
        ),
        ("allow: READ, where: {emial: {eq: \"x\"}}", "emial"),
    ] {
        let rule = format!("email: String @access(to: \"auditor\", {rule})");
        let wrong = schema.replacen("email: String", &rule, 1);
        stage.project.write("schema.graphql", &wrong);
        let answer = stage.project.fail(&["compile"]);
        let line = wrong.lines().position(|line| line.contains(&rule)).unwrap() + 1;
        let place = format!("--> schema.graphql:{line}:");
        assert!(answer.contains(told) && answer.contains(&place), "{answer}");
    }
}
