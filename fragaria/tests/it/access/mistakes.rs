//! Rules that say nothing, or not what was meant: what is told of them at compile, and the mend.

use super::TABLES;
use crate::project::Project;
use serde_json::Value;

const ROLES: &str = r#"
extend schema @role(name: "clerk") @role(name: "boss")
extend type Secret @access(to: ["clerk", "boss"], allow: READ)
"#;

/// A project with these tables, and the schema that was made of them.
fn project() -> (Project, String) {
    let project = Project::database(TABLES);
    project.run(&["init", "--from", "sqlite:shop.db"]);
    let schema = project.read("schema.graphql") + ROLES;
    (project, schema)
}

/// What is told of a rule: its code, its message and its mend, if it is told once.
fn told(findings: &Value, rule: &str) -> [String; 3] {
    let findings = findings.as_array().unwrap();
    let [finding] = findings.as_slice() else {
        panic!("{rule} gives {findings:?}")
    };
    assert!(
        finding["place"].is_object() || finding["file"].is_string(),
        "{finding}"
    );
    ["code", "message", "help"].map(|part| finding[part].as_str().unwrap_or_default().to_owned())
}

fn warned(rules: &str) -> Value {
    let (project, schema) = project();
    project.write("schema.graphql", &format!("{schema}{rules}\n"));
    let told = project.run(&["compile", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    told["warnings"].clone()
}

fn refused(rules: &str) -> Value {
    let (project, schema) = project();
    project.write("schema.graphql", &format!("{schema}{rules}\n"));
    let told = project.fail(&["compile", "--json"]);
    serde_json::from_str(&told).unwrap()
}

/// What narrows a rule.
const TENANT: &str = r#"where: {tenantId: {eq: {claim: "tenant"}}}"#;

/// A rule beside one of the same role that lets more be done.
fn beside(narrow: &str) -> String {
    format!(
        r#"extend type Customer
          @access(to: ["clerk", "boss"], allow: [READ, UPDATE], {TENANT})
          @access(to: "clerk", {narrow})"#
    )
}

/// Rules that do nothing, and what is told of them.
fn idle() -> Vec<(String, &'static str)> {
    let nothing = "the rule adds nothing: clerk may do all that by another rule of `Customer`";
    let alone = |rule: &str| format!("extend type Customer @access(to: \"clerk\", {rule})");
    vec![
        (
            r#"extend schema @role(name: "idler")"#.to_owned(),
            "no rule is for the role `idler`: who holds it alone sees nothing",
        ),
        (
            alone("allow: READ, fields: []"),
            "the rule is about no field, so it shows and changes nothing",
        ),
        (
            alone("allow: READ, except: []"),
            "`except` says nothing when it is empty",
        ),
        (
            alone("allow: [READ, CREATE], set: {}"),
            "`set` says nothing when it is empty",
        ),
        (
            r#"extend type Tenant @access(to: "clerk", allow: UPDATE)"#.to_owned(),
            "`clerk` alone has no UPDATE of `Tenant`: only rows that are seen are written, and READ of no column is allowed",
        ),
        (
            r#"extend type Tenant
              @access(to: "clerk", allow: READ)
              @access(to: "clerk", allow: CREATE, fields: ["id"])"#
                .to_owned(),
            "`clerk` alone has no CREATE of `Tenant`: a new row needs name, to be given",
        ),
        (
            beside(&format!(r#"allow: READ, {TENANT}, fields: ["name"]"#)),
            nothing,
        ),
        (
            beside(&format!(
                "allow: READ, {TENANT}, mask: {{name: NULL}}, rowsMax: 5"
            )),
            nothing,
        ),
        (beside(&format!("allow: [READ, UPDATE], {TENANT}")), nothing),
    ]
}

/// Rules that look like those, and give something.
fn useful() -> [String; 8] {
    let two =
        |one: &str, other: &str| format!("extend type Customer @access({one}) @access({other})");
    let clerk = r#"to: "clerk", allow: READ"#;
    [
        two(clerk, &format!(r#"to: "boss", allow: READ, {TENANT}"#)),
        beside("allow: READ, where: {score: {gt: 5}}"),
        beside(&format!(
            "allow: UPDATE, where: {{score: {{gt: 5}}}}, check: {}",
            TENANT.trim_start_matches("where: ")
        )),
        beside(&format!("allow: [READ, DELETE], {TENANT}")),
        beside(&format!("allow: UPDATE, {TENANT}, check: {{}}")),
        beside(&format!("allow: UPDATE, {TENANT}, set: {{score: 1}}")),
        two(
            &format!("{clerk}, {TENANT}, mask: {{name: NULL}}"),
            &format!(r#"{clerk}, {TENANT}, fields: ["name"]"#),
        ),
        two(
            &format!("{clerk}, {TENANT}, rowsMax: 5"),
            &format!(r#"{clerk}, {TENANT}, rowsMax: 9, fields: ["name"]"#),
        ),
    ]
}

#[test]
fn rules_that_do_nothing_are_told_with_their_place_and_the_mend() {
    for (rules, expected) in idle() {
        let [code, message, help] = told(&warned(&rules), &rules);
        assert_eq!(message, expected, "{rules}");
        let is_role = rules.contains("idler");
        let known = if is_role {
            "sdl.idle_role"
        } else {
            "sdl.idle_rule"
        };
        assert_eq!(code, known, "{rules}");
        assert!(!help.is_empty(), "{rules}");
    }
    for rules in useful() {
        assert_eq!(warned(&rules), Value::Array(Vec::new()), "{rules}");
    }
}

/// Rules as other systems write them: the code, the message and the mend that are told.
const THEIRS: &[(&str, &str, &str, &str)] = &[
    (
        r#"extend type Custmer @access(to: "clerk", allow: READ)"#,
        "sdl.unknown_type",
        "there is no type `Custmer`",
        "did you mean `Customer`?",
    ),
    (
        r#"extend type Vehicle @access(to: "clerk", allow: READ)"#,
        "sdl.unknown_type",
        "there is no type `Vehicle`",
        "there is Customer, Invoice, Secret, Tenant",
    ),
    (
        r#"extend interface Customer @access(to: "clerk", allow: READ)"#,
        "sdl.invalid",
        "adding an interface type extension, but `Customer` is an object type, so it is extended as that",
        "write `extend type Customer`",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: READ, columns: ["id"])"#,
        "sdl.unknown_argument",
        "there is no argument `columns` here",
        "did you mean `fields`?",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: READ, column: "id")"#,
        "sdl.unknown_argument",
        "there is no argument `column` here",
        "did you mean `fields`?",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: READ, filter: {id: {eq: 1}})"#,
        "sdl.unknown_argument",
        "there is no argument `filter` here",
        "did you mean `where`?",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: READ, limit: 5)"#,
        "sdl.unknown_argument",
        "there is no argument `limit` here",
        "did you mean `rowsMax`?",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: READ, zebra: 5)"#,
        "sdl.unknown_argument",
        "there is no argument `zebra` here",
        "there is to, allow, where, check, set, mask, rowsMax, fields, except",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: SELECT)"#,
        "sdl.access",
        "`SELECT` is nothing that a rule allows",
        "here it is called READ",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: [READ, INSERT])"#,
        "sdl.access",
        "`INSERT` is nothing that a rule allows",
        "here it is called CREATE",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: [READ, REMOVE])"#,
        "sdl.access",
        "`REMOVE` is nothing that a rule allows",
        "here it is called DELETE",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: [READ, read])"#,
        "sdl.access",
        "`read` is nothing that a rule allows",
        "did you mean `READ`?",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: "READ")"#,
        "sdl.access",
        "`READ` is nothing that a rule allows",
        "write it without quotes: READ",
    ),
    (
        "extend type Customer @access(to: [], allow: READ)",
        "sdl.role",
        "`[]` names no role",
        "name roles as texts, `to: \"clerk\"`; without a rule nobody is let do anything",
    ),
    (
        r#"extend type Customer @access(to: "clerk", allow: READ, mask: {})"#,
        "sdl.access",
        "`mask: {}` masks nothing",
        "say which fields are masked, and how, or leave it out",
    ),
];

#[test]
fn rules_as_other_systems_write_them_are_refused_with_the_word_that_is_meant() {
    for (rules, code, message, mend) in THEIRS {
        let expected = [*code, *message, *mend].map(str::to_owned);
        assert_eq!(told(&refused(rules), rules), expected, "{rules}");
    }
}

#[test]
fn rows_of_several_types_are_extended_as_the_interface_that_they_are() {
    let (project, _) = project();
    let schema = "interface Party @table { id: Int! @id kind: String! }\n\
                  type Person implements Party @variant(value: \"p\") { id: Int! kind: String! }\n\
                  extend schema @role(name: \"clerk\")\n\
                  extend type Party @access(to: \"clerk\", allow: READ)\n";
    project.write("schema.graphql", schema);
    let findings: Value = serde_json::from_str(&project.fail(&["compile", "--json"])).unwrap();
    let findings = findings.as_array().unwrap();
    let mends: Vec<_> = findings.iter().map(|finding| &finding["help"]).collect();
    assert!(
        mends.contains(&&Value::from("write `extend interface Party`")),
        "{findings:?}"
    );
}
