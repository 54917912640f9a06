//! Reports of who sees what: that they are shown of each way, and signed.

use super::{RULES, TABLES};
use crate::project::Project;
use crate::stage::Stage;
use serde_json::Value;
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
    // Any tool that knows JWS may look: the payload goes between the two points.
    assert_eq!(seal.matches("..").count(), 1);
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
