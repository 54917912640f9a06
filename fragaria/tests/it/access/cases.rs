//! Cases of access rules in files: that `policy test` tells what the server does, and that nothing of
//! them stays, on the three databases.

use super::{RULES, TABLES};
use crate::client::PATIENCE;
use crate::project::told;
use crate::server::binary;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::fs;
use std::time::Instant;

const CASES: &str = r#"
[[rows]]
type = "Customer"
values = { id = 50, tenantId = 1, name = "Given", score = 1 }

[[case]]
name = "a clerk works for its tenant"
as = { roles = ["clerk"], claims = { tenant = 1 } }
sees = [
  { type = "Customer", id = 1, shows = ["name", "invoices"], hides = ["email"] },
  { type = "Customer", id = 50 },
]
does_not_see = [{ type = "Customer", id = 3 }, { type = "Secret", id = 1 }]
may = [
  { update = "Customer", id = 50, values = { name = "Changed" } },
  { delete = "Customer", id = 50 },
  { create = "Customer", values = { id = 60, name = "New", score = 1 } },
  { create = "Invoice", values = '{"id": 70, "customerId": 50, "total": 1, "note": null}' },
]
may_not = [
  { update = "Customer", id = 3, values = { name = "x" } },
  { update = "Customer", id = 1, values = { tenantId = 2 } },
  { update = "Customer", id = 1, values = { email = "x" } },
  { delete = "Secret", id = 1 },
  { create = "Invoice", values = { id = 70, customerId = 3, total = 1 } },
]

[[case.asks]]
document = "{ customers(orderBy: [{ id: ASC }]) { id } }"
answer = { customers = [{ id = 1 }, { id = 2 }, { id = 50 }] }

[[case.asks]]
document = "mutation Add($name: String!) { createCustomer(input: { id: 61, name: $name, score: 2 }) { tenantId } }"
variables = { name = "Another" }
answer = '{"createCustomer": {"tenantId": 1}}'

[[case.asks]]
document = "{ secrets { id } }"
error = "engine.invalid"

[[case]]
name = "who has no tenant sees nothing"
as = { roles = ["clerk"] }
does_not_see = [{ type = "Customer", id = 1 }, { type = "Customer", id = 50 }]
may_not = [{ create = "Customer", values = { id = 60, name = "New", score = 1 } }]
"#;

/// What is in the tables.
const STORED: [&str; 3] = [
    "SELECT count(*) * 1000 + sum(id) + sum(score) FROM customer",
    "SELECT count(*) * 1000 + sum(id) + sum(total) FROM invoice",
    "SELECT min(name) FROM customer",
];

pub(super) fn with_rules(stage: &Stage, rules: &str, cases: &str) {
    let project = &stage.project;
    let schema = project.read("schema.graphql") + rules;
    project.write("schema.graphql", &schema);
    write(stage, cases);
}

pub(super) fn write(stage: &Stage, cases: &str) {
    fs::create_dir_all(stage.project.path("policy")).unwrap();
    stage.project.write("policy/clerks.toml", cases);
}

/// How the command ends, and what it tells.
pub(super) fn tried(stage: &Stage, arguments: &[&str]) -> (i32, String) {
    let output = stage
        .project
        .output(&[&["policy", "test"], arguments].concat());
    let answer = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code().unwrap(), answer + &told(&output))
}

#[test]
fn cases_that_the_rules_fulfil_pass_and_leave_nothing_behind() {
    for stage in Stage::of(TABLES, &[]) {
        with_rules(&stage, RULES, CASES);
        let before = STORED.map(|sql| stage.outside(sql));
        let (code, told) = tried(&stage, &[]);
        assert_eq!(code, 0, "{}: {told}", stage.url());
        for line in [
            "policy/clerks.toml\n  ok    a clerk works for its tenant\n",
            "2 cases, 0 failing;",
            "CREATE Invoice: held nothing back",
        ] {
            assert_eq!(told.contains(line), !line.contains("held"), "{line} {told}");
        }
        assert!(
            told.contains("schema.graphql:") && told.contains("READ Tenant"),
            "{told}"
        );
        assert_eq!(STORED.map(|sql| stage.outside(sql)), before);
        let (code, told) = tried(&stage, &["--json", "--coverage-min", "100"]);
        assert_eq!(code, 1, "{told}");
        assert!(
            told.contains("of the rules' sides, and not 100 %"),
            "{told}"
        );
        let answer = told.lines().next().unwrap();
        let told: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(told["failing"], 0);
        assert_eq!(told["cases"][0]["expects"].as_array().unwrap().len(), 16);
        let coverage = &told["coverage"];
        assert!(coverage["tried"].as_u64() < coverage["of"].as_u64());
        let percent = coverage["percent"].to_string();
        assert_eq!(tried(&stage, &["--coverage-min", &percent]).0, 0);
        assert_eq!(STORED.map(|sql| stage.outside(sql)), before);
    }
}

/// A case that becomes wrong by another text, and what is told of it.
const WRONG: [(&str, &str, &str); 11] = [
    (
        r#"does_not_see = [{ type = "Customer", id = 3 }"#,
        r#"does_not_see = [{ type = "Customer", id = 2 }"#,
        "does_not_see Customer 2\n          expected  not seen\n          got       seen",
    ),
    (
        r#"{ type = "Customer", id = 50 },"#,
        r#"{ type = "Customer", id = 3 },"#,
        "got       The row is not seen.",
    ),
    (
        r#"{ type = "Customer", id = 50 },"#,
        r#"{ type = "Customer", id = 51 },"#,
        "got       There is no such row.",
    ),
    (
        r#"hides = ["email"]"#,
        r#"hides = ["name"]"#,
        "expected  name is not shown\n          got       name is shown",
    ),
    (
        r#"shows = ["name", "invoices"]"#,
        r#"shows = ["email"]"#,
        "email is not in the API of this caller",
    ),
    (
        r#"shows = ["name", "invoices"]"#,
        r#"masks = ["name"]"#,
        "expected  name is masked",
    ),
    (
        r#"{ update = "Customer", id = 50, values = { name = "Changed" } }"#,
        r#"{ update = "Customer", id = 3, values = { name = "Changed" } }"#,
        "got       there is no such row for this caller",
    ),
    (
        r#"{ create = "Customer", values = { id = 60,"#,
        r#"{ create = "Customer", values = { id = 1,"#,
        "expected  done\n          got       refused: a row with the same unique values exists (store.unique)",
    ),
    (
        r#"{ update = "Customer", id = 3, values = { name = "x" } }"#,
        r#"{ update = "Customer", id = 1, values = { name = "x" } }"#,
        "expected  refused by the rules\n          got       done",
    ),
    (
        r#"{ create = "Invoice", values = { id = 70, customerId = 3, total = 1 } }"#,
        r#"{ create = "Invoice", values = { id = 1, customerId = 1, total = 1 } }"#,
        "refused for another reason, so that nothing is shown",
    ),
    (
        "{ id = 2 }, { id = 50 }]",
        "{ id = 3 }, { id = 50 }]",
        "they differ at /customers/1/id",
    ),
];

#[test]
fn a_case_that_the_rules_do_not_fulfil_fails_with_its_place_and_why() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    with_rules(&stage, RULES, CASES);
    let before = STORED.map(|sql| stage.outside(sql));
    for (right, wrong, expected) in WRONG {
        assert!(CASES.contains(right), "{right}");
        write(&stage, &CASES.replacen(right, wrong, 1));
        let (code, told) = tried(&stage, &[]);
        assert_eq!(code, 1, "{wrong}: {told}");
        for part in [
            expected,
            "  FAIL  a clerk works for its tenant  (policy/clerks.toml:6)",
            "1 of 2 cases fails",
        ] {
            assert!(told.contains(part), "{wrong}: {part} is not in {told}");
        }
    }
    write(&stage, &CASES.replacen("id = 3 }", "id = 2 }", 1));
    let (_, told) = tried(&stage, &[]);
    let why = "yes  tenantId is the claim tenant: it is 1, the claim tenant is 1";
    assert!(told.contains(why), "{told}");
    assert_eq!(STORED.map(|sql| stage.outside(sql)), before);
}

/// A case that nobody can try by another text, and what is told of it.
const UNUSABLE: [(&str, &str, &str); 12] = [
    ("does_not_see", "doesnt_see", "unknown field `doesnt_see`"),
    ("hides =", "hide =", "unknown field `hide`"),
    (
        r#"roles = ["clerk"]"#,
        r#"roles = ["clrk"]"#,
        "there is no role `clrk`",
    ),
    (
        r#"type = "Secret""#,
        r#"type = "Secrets""#,
        "there is no type `Secrets` with rows",
    ),
    (
        "id = 3 }",
        "id = \"x\" }",
        "this is no key of Customer: \"x\"",
    ),
    (
        r#"["email"]"#,
        r#"["mail"]"#,
        "Customer has no field `mail`",
    ),
    (
        "{ secrets { id } }",
        "{ secret { id } }",
        "nobody can ask that",
    ),
    (
        "values = { email = \"x\" }",
        "values = { mail = \"x\" }",
        "nobody can ask that",
    ),
    (
        "{ delete = \"Secret\", id = 1 }",
        "{ delete = \"Secret\" }",
        "that is not what such a write is made of",
    ),
    (
        "{ delete = \"Secret\", id = 1 }",
        "{ id = 1 }",
        "it is not said what is done",
    ),
    (
        "values = { id = 50, tenantId = 1,",
        "values = { id = 50, tenantId = 1, age = 1,",
        "Customer stores no column `age`",
    ),
    (
        "error = \"engine.invalid\"",
        "",
        "it is not said what is answered",
    ),
];

#[test]
fn cases_that_cannot_be_used_are_told_with_their_place_and_none_is_tried() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    with_rules(&stage, RULES, CASES);
    for (right, wrong, expected) in UNUSABLE {
        assert!(CASES.contains(right), "{right}");
        write(&stage, &CASES.replacen(right, wrong, 1));
        let (code, told) = tried(&stage, &[]);
        assert_eq!(code, 2, "{wrong}: {told}");
        assert!(told.contains(expected), "{wrong}: {told}");
        assert!(told.contains("policy/clerks.toml:"), "{wrong}: {told}");
        assert!(!told.contains("ok "), "{told}");
    }
    for (cases, expected) in [
        ("", "there is no case in 1 file"),
        ("[[case]\n", "policy/clerks.toml:1"),
        (
            "[[case]]\nname = \"x\"\nas = { roles = [] }\n",
            "the case `x` expects nothing",
        ),
    ] {
        write(&stage, cases);
        let (code, told) = tried(&stage, &[]);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(expected), "{told}");
    }
    fs::remove_file(stage.project.path("policy/clerks.toml")).unwrap();
    let (code, told) = tried(&stage, &["--json"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("there is no case"), "{told}");
    write(&stage, CASES);
    stage
        .project
        .configure("postgres://nobody@127.0.0.1:1/none");
    let (code, told) = tried(&stage, &[]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("could not be tried"), "{told}");
}

#[test]
fn a_command_that_is_killed_in_the_middle_leaves_nothing() {
    let [_, postgres, mariadb] = Stage::of(TABLES, &[]);
    for stage in [postgres, mariadb] {
        with_rules(&stage, RULES, CASES);
        let before = STORED.map(|sql| stage.outside(sql));
        let lock = stage.held("BEGIN; SELECT name FROM customer WHERE id = 1 FOR UPDATE");
        let mut child = binary()
            .args(["policy", "test"])
            .current_dir(stage.project.path("."))
            .spawn()
            .unwrap();
        let waiting = if stage.is_mariadb() {
            "SELECT count(*) > 0 FROM information_schema.processlist \
             WHERE db = DATABASE() AND info LIKE '%customer%' AND id <> CONNECTION_ID()"
        } else {
            "SELECT count(*) > 0 FROM pg_stat_activity \
             WHERE wait_event_type = 'Lock' AND datname = current_database()"
        };
        let start = Instant::now();
        while !["1", "t", "true"].contains(&&*stage.outside(waiting)) {
            assert!(start.elapsed() < PATIENCE, "nothing waits");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        drop(lock);
        for (sql, expected) in STORED.iter().zip(&before) {
            stage.until(expected, sql);
        }
    }
}

#[test]
fn a_table_that_could_not_undo_it_is_not_written_to() {
    let [_, _, stage] = Stage::of(TABLES, &[]);
    with_rules(&stage, RULES, CASES);
    stage.change("CREATE TABLE lasting (id int PRIMARY KEY) ENGINE=MyISAM");
    let before = STORED.map(|sql| stage.outside(sql));
    let (code, told) = tried(&stage, &[]);
    assert_eq!(code, 3, "{told}");
    assert!(
        told.contains("lasting (MyISAM) knows no transactions"),
        "{told}"
    );
    assert_eq!(STORED.map(|sql| stage.outside(sql)), before);
}

#[test]
fn what_a_database_looks_at_in_the_end_is_looked_at_before_it_is_undone() {
    let tables = "
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child (id int PRIMARY KEY, parent_id int NOT NULL
            REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);";
    let stage = Stage::on_postgres(tables, &[]);
    let rules = "extend schema @role(name: \"a\")\n\
                 extend type Child @access(to: \"a\", allow: [READ, CREATE])";
    let case = |values: &str| {
        format!(
            "[[rows]]\ntype = \"Parent\"\nvalues = {{ id = 1 }}\n[[case]]\nname = \"x\"\n\
             as = {{ roles = [\"a\"] }}\nmay = [{{ create = \"Child\", values = {values} }}]\n"
        )
    };
    with_rules(&stage, rules, &case("{ id = 1, parentId = 1 }"));
    let (code, told) = tried(&stage, &[]);
    assert_eq!(code, 0, "{told}");
    write(&stage, &case("{ id = 1, parentId = 7 }"));
    let (code, told) = tried(&stage, &[]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("store.foreign_key"), "{told}");
    assert_eq!(stage.outside("SELECT count(*) FROM parent"), "0");
    assert_eq!(json!(stage.outside("SELECT count(*) FROM child")), "0");
}
