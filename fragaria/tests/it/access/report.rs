//! Reports of who sees what: that they are shown of each way, and signed.

use super::{RULES, TABLES};
use crate::project::Project;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn openssl(project: &Project, arguments: &[&str]) {
    let output = Command::new("openssl")
        .current_dir(project.path("."))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn ruled() -> Stage {
    let [sqlite, _, _] = Stage::of(TABLES, &[]);
    let schema = sqlite.project.read("schema.graphql") + RULES;
    sqlite.project.write("schema.graphql", &schema);
    sqlite
}

#[test]
fn the_rules_are_shown_to_hold_of_every_way_of_each_role_before_there_is_an_artefact() {
    for stage in Stage::of(TABLES, &[]) {
        let project = &stage.project;
        let told = project.run(&["compile"]);
        assert!(!told.contains("rules hold"), "{told}");
        let schema = project.read("schema.graphql") + RULES;
        project.write("schema.graphql", &schema);
        let told = project.run(&["compile"]);
        assert!(
            told.contains("the rules hold of each statement: 4 roles, "),
            "{told}"
        );
        assert!(!told.contains("not looked at"), "{told}");
        let told: Value = serde_json::from_str(&project.run(&["compile", "--json"])).unwrap();
        let shown = told["shown"].as_array().unwrap();
        for role in shown {
            let [ways, statements] = ["ways", "statements"].map(|of| role[of].as_u64().unwrap());
            assert!(ways > 0 && statements >= ways, "{role}");
        }
    }
}

#[test]
fn a_signed_report_is_the_one_that_was_signed() {
    let stage = ruled();
    let project = &stage.project;
    openssl(
        project,
        &["genpkey", "-algorithm", "ed25519", "-out", "signing.pem"],
    );
    openssl(
        project,
        &["genpkey", "-algorithm", "ed25519", "-out", "other.pem"],
    );
    for name in ["signing", "other"] {
        let [private, public] = [format!("{name}.pem"), format!("{name}.pub.pem")];
        openssl(
            project,
            &["pkey", "-in", &private, "-pubout", "-out", &public],
        );
    }
    let open_to_all = fs::Permissions::from_mode(0o644);
    fs::set_permissions(project.path("other.pem"), open_to_all).unwrap();
    let report = ["policy", "report", "--out", "access.json", "--sign"];
    let sign = |key: &'static str| [&report[..], &[key]].concat();
    let told = project.fail(&sign("other.pem"));
    assert!(
        told.contains("open to everybody") && told.contains("chmod 600"),
        "{told}"
    );
    let told = project.fail(&sign("signing.pub.pem"));
    assert!(told.contains("signing.pub.pem"), "{told}");
    assert!(!project.path("access.json").exists());

    project.run(&sign("signing.pem"));
    let report: Value = serde_json::from_str(&project.read("access.json")).unwrap();
    assert_eq!(report["shown"][0]["role"], "auditor");
    let verify = |key: &'static str| ["policy", "verify", "access.json", "--key", key];
    let told = project.run(&verify("signing.pub.pem"));
    assert!(told.contains("was signed at 20"), "{told}");
    let compiled: Value = serde_json::from_str(&project.run(&["compile", "--json"])).unwrap();
    let hash = compiled["hash"].as_str().unwrap();
    assert!(
        told.contains(&format!("it tells of artefact {hash}")),
        "{told}"
    );
    let told = project.fail(&verify("other.pub.pem"));
    assert!(told.contains("made with another key"), "{told}");
    let text = project.read("access.json");
    project.write("access.json", &text.replacen("clerk", "clark", 1));
    let told = project.fail(&verify("signing.pub.pem"));
    assert!(
        told.contains("the file, or the signature, was changed"),
        "{told}"
    );
    project.write("access.json", &text);
    let seal = project.read("access.json.jws");
    project.write("access.json.jws", &seal.replacen("..", ".x.", 1));
    let told = project.fail(&verify("signing.pub.pem"));
    assert!(told.contains("no detached JWS"), "{told}");
    fs::remove_file(project.path("access.json.jws")).unwrap();
    let told = project.fail(&verify("signing.pub.pem"));
    assert!(
        told.contains("access.json is not signed: there is no access.json.jws")
            && told.contains("--sign"),
        "{told}"
    );
    // Any tool that knows JWS may look: the payload goes between the two points.
    assert_eq!(seal.matches("..").count(), 1);
}

/// Rules that let a role do what the API has no field for.
const IDLE: &str = r#"
extend schema @role(name: "writer")
extend type Secret @access(to: "writer", allow: [UPDATE, DELETE])
extend type Invoice
  @access(to: "writer", allow: READ)
  @access(to: "writer", allow: CREATE, fields: ["id", "note"])
"#;

fn report_of(project: &Project, subject: &str, settings: &[&str]) -> (String, Value) {
    let sets = settings.iter().flat_map(|setting| ["--set", setting]);
    let arguments: Vec<_> = ["policy", "report", subject]
        .into_iter()
        .chain(sets)
        .collect();
    let words = project.run(&arguments);
    let json = project.run(&[&arguments[..], &["--json"]].concat());
    (words, serde_json::from_str(&json).unwrap())
}

#[test]
fn a_report_tells_of_the_api_that_there_is_and_of_what_is_allowed_beside_it() {
    let project = &ruled().project;
    let schema = project.read("schema.graphql") + IDLE;
    project.write("schema.graphql", &schema);
    let (words, report) = report_of(project, ".", &[]);
    let roles = report["report"]["roles"].as_array().unwrap();
    let writer = roles.iter().find(|role| role["role"] == "writer").unwrap();
    assert_eq!(writer["may"].as_array().unwrap().len(), 1, "{writer}");
    assert_eq!(
        writer["may"][0]["fields"],
        json!(["id", "customerId", "tenantId", "total", "note"]),
        "{writer}"
    );
    let unseen = "only rows that are seen are written, and READ of no column is allowed";
    assert_eq!(
        writer["unoffered"],
        json!([
            "CREATE of Invoice: a new row needs customerId, tenantId, total, to be given",
            "READ of Invoice.customer: nothing is seen of Customer, which it goes by",
            "READ of Invoice.tenant: nothing is seen of Tenant, which it goes by",
            format!("UPDATE of Secret: {unseen}"),
            format!("DELETE of Secret: {unseen}"),
        ])
    );
    assert!(
        words.contains(&format!(
            "allowed, and not to be had: UPDATE of Secret: {unseen}"
        )),
        "{words}"
    );
    // It is so.
    let api = project.run(&["schema", ".", "--role", "writer"]);
    assert!(
        api.contains("invoices(") && !api.contains("Secret") && !api.contains("Mutation"),
        "{api}"
    );
}

#[test]
fn a_report_marks_operators_and_who_is_anonymous() {
    let project = &ruled().project;
    let settings = [
        "auth.anonymous_role=guest",
        "auth.admin_roles=[\"manager\", \"boss\"]",
    ];
    let (words, report) = report_of(project, ".", &settings);
    assert_eq!(
        (&report["anonymous"], &report["operators"]),
        (&json!("guest"), &json!(["manager", "boss"]))
    );
    for expected in [
        "\nguest\n  whoever shows no credential has it (auth.anonymous_role)\n",
        "\nmanager\n  operators have it, who may revoke tokens (auth.admin_roles)\n",
        "\nboss\n  is no role of the schema, and sees nothing\n  operators have it, who may",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let keys = [&settings[..], &["auth.api_keys.enabled=true"]].concat();
    let (words, _) = report_of(project, ".", &keys);
    assert!(words.contains("make API keys with every role"), "{words}");
}

#[test]
fn a_report_is_of_what_is_served_too_and_says_where_the_files_say_something_else() {
    let project = &ruled().project;
    let artefact = "fragaria.artefact.json";
    // The artefact was made before there were rules.
    let (words, report) = report_of(project, artefact, &[]);
    assert!(words.contains("There are no rules: whoever"), "{words}");
    assert!(
        words.contains("does not say what the schema files beside it say now"),
        "{words}"
    );
    assert_eq!(report["report"]["rules"], false);
    assert!(report["stale"].as_str().is_some(), "{report}");
    let (words, report) = report_of(project, ".", &[]);
    assert!(
        words.contains("which is served, does not say what"),
        "{words}"
    );
    assert_eq!(
        (&report["source"], &report["report"]["rules"]),
        (&json!("files"), &json!(true))
    );
    project.run(&["compile"]);
    let (words, of_artefact) = report_of(project, artefact, &[]);
    assert!(!words.contains("does not say"), "{words}");
    assert_eq!(of_artefact["report"], report["report"]);
    assert_eq!(
        (&of_artefact["stale"], &of_artefact["source"]),
        (&Value::Null, &json!("artefact"))
    );
    fs::remove_file(project.path("schema.graphql")).unwrap();
    let (_, alone) = report_of(project, ".", &[]);
    assert_eq!(alone, of_artefact);
}

#[test]
fn a_gate_fails_where_a_role_gains_something() {
    let project = &ruled().project;
    project.run(&["compile"]);
    fs::copy(
        project.path("fragaria.artefact.json"),
        project.path("old.json"),
    )
    .unwrap();
    let unchanged = project.run(&["diff", "old.json", ".", "--check-access"]);
    assert_eq!(unchanged.trim(), "no change");
    let schema = project.read("schema.graphql");
    let role = RULES
        .split("name: \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let table = schema
        .split("type ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap();
    let more =
        format!("{schema}\nextend type {table} @access(to: \"{role}\", allow: [READ, DELETE])\n");
    project.write("schema.graphql", &more);
    let told = project.fail(&["diff", "old.json", ".", "--check-access"]);
    assert!(told.contains("roles gain something by"), "{told}");
    project.run(&["diff", "old.json", ".", "--check"]);
}

#[test]
fn a_diff_tells_the_same_of_many_fields_once_and_first_that_rules_are_gone() {
    let project = &ruled().project;
    project.run(&["compile", "--out", "old.json"]);
    let schema = project.read("schema.graphql");
    let more = "extend type Secret @access(to: [\"clerk\", \"guest\"], allow: [READ, DELETE], where: {id: {gt: 3}})";
    project.write("schema.graphql", &format!("{schema}\n{more}\n"));
    let told = project.run(&["diff", "old.json", "."]);
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "access: Secret: clerk gains DELETE of rows {id: {gt: 3}}",
            "access: Secret.{id, word}: clerk gains READ of rows {id: {gt: 3}}",
            "access: Secret: guest gains DELETE of rows {id: {gt: 3}}",
            "access: Secret.{id, word}: guest gains READ of rows {id: {gt: 3}}",
            "6 changes, 0 of them breaking, 6 by which roles gain something",
        ]
    );
    let all: Value =
        serde_json::from_str(&project.run(&["diff", "old.json", ".", "--json"])).unwrap();
    assert_eq!(all["changes"].as_array().unwrap().len(), 6);

    let (open, _) = schema.split_once("extend schema").unwrap();
    project.write(
        "schema.graphql",
        &open.replace("email: String", "mail: String @column(name: \"email\")"),
    );
    let told = project.run(&["diff", "old.json", "."]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines[0],
        "access rules were taken away altogether: callers are held to none any more"
    );
    assert!(
        lines[1].ends_with("of what roles had goes with them; --json lists each)"),
        "{told}"
    );
    assert!(
        lines[2..].iter().all(|line| !line.contains("clerk")),
        "{told}"
    );
    assert!(told.contains("breaking: Customer.email: "), "{told}");
    let all: Value =
        serde_json::from_str(&project.run(&["diff", "old.json", ".", "--json"])).unwrap();
    assert!(all.to_string().contains("clerk loses READ"), "{all}");
    project.fail(&["diff", "old.json", ".", "--check-access"]);
}

#[test]
fn a_gate_tells_less_from_something_else() {
    let project = &ruled().project;
    let schema = project.read("schema.graphql");
    let with = |more: &str| {
        let rule = format!("extend type Secret @access(to: \"guest\", allow: READ{more})");
        project.write("schema.graphql", &format!("{schema}\n{rule}\n"));
    };
    let some = ", where: {id: {gt: 3}}";
    for (before, after, sight, passes) in [
        ("", some, "loses", true),
        (", rowsMax: 50", ", rowsMax: 40", "loses", true),
        ("", ", mask: {word: NULL}", "loses", true),
        (some, ", where: {id: {gt: 4}}", "differs", false),
        (", rowsMax: 40", some, "differs", false),
        (some, "", "gains", false),
        (", rowsMax: 40", ", rowsMax: 50", "gains", false),
    ] {
        with(before);
        project.run(&["compile", "--out", "old.json"]);
        with(after);
        let told = project.run(&["diff", "old.json", ".", "--json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        let changes = told["changes"].as_array().unwrap();
        assert!(!changes.is_empty(), "{after}");
        for change in changes {
            assert_eq!(change["access"], sight, "{before} {after}: {change}");
            assert_eq!(change["breaking"], sight != "gains", "{change}");
        }
        let gate = ["diff", "old.json", ".", "--check-access"];
        if passes {
            project.run(&gate);
            project.fail(&["diff", "old.json", ".", "--check"]);
        } else {
            project.fail(&gate);
        }
    }
}
