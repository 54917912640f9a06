//! What cases of access rules count for, and what is told beside them.

use super::cases::{tried, with_rules, write};
use super::{RULES, TABLES};
use crate::stage::Stage;
use serde_json::Value;

/// A rule that is tried on both sides, as it seems.
const RULE: &str = r#"
extend schema @role(name: "clerk")
extend type Customer @access(to: "clerk", allow: READ, where: {tenantId: {eq: {claim: "tenant"}}})
"#;

fn cases(blind: &str) -> String {
    format!(
        "[[case]]\nname = \"sees\"\nas = {{ roles = [\"clerk\"], claims = {{ tenant = 1 }} }}\n\
         sees = [{{ type = \"Customer\", id = 1 }}]\n\
         [[case]]\nname = \"blind\"\nas = {{ roles = [\"clerk\"]{blind} }}\n\
         does_not_see = [{{ type = \"Customer\", id = 3 }}]\n"
    )
}

#[test]
fn a_rule_that_only_lacked_a_claim_was_not_tried() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    with_rules(&stage, RULE, &cases(""));
    let (code, told) = tried(&stage, &["--coverage-min", "100"]);
    assert_eq!(code, 1, "{told}");
    for part in [
        "READ Customer: held nothing back",
        "  ok    blind\n        without the claim tenant, which rules of its roles read",
        "1 of 2 sides of rules tried, 50 %",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let (_, told) = tried(&stage, &["--json"]);
    let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(told["cases"][0]["lacks"], serde_json::json!([]));
    assert_eq!(told["cases"][1]["lacks"], serde_json::json!(["tenant"]));
    // A claim that is there and is nothing like a tenant is as good as none.
    write(&stage, &cases(", claims = { tenant = \"acme\" }"));
    assert_eq!(tried(&stage, &["--coverage-min", "100"]).0, 1);
    for seeing in [", claims = { tenant = 2 }", ", tenant = \"2\""] {
        write(&stage, &cases(seeing).replace("id = 3", "id = 1"));
        let (code, told) = tried(&stage, &["--coverage-min", "100"]);
        assert_eq!(code, 0, "{told}");
    }
}

#[test]
fn a_claim_that_no_rule_reads_is_refused() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    with_rules(&stage, RULES, &cases(", claims = { tennant = 2 }"));
    let (code, told) = tried(&stage, &["--coverage-min", "50"]);
    assert_eq!(code, 2, "{told}");
    for part in [
        "no rule reads the claim `tennant`",
        "did you mean `tenant`?",
        "policy/clerks.toml:5",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    // Those of other roles, and such as hold further ones, are no mistake.
    let read = ", claims = { tenant = 2, name = \"x\", org = { tenants = [1] } }";
    write(&stage, &cases(read));
    let (code, told) = tried(&stage, &[]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("got       seen"), "{told}");
    // What fails is told, and what nobody tried is not put behind it unless it is asked for.
    let untried = "Rules that no case has tried";
    assert!(!told.contains(untried), "{told}");
    let (_, told) = tried(&stage, &["--coverage-min", "50"]);
    assert!(told.contains(untried), "{told}");
}
