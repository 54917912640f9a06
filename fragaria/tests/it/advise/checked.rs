//! What a check says where it cannot compare, and what no plan of the login tells.

use super::{RECENT, TABLES, advise, analyse, codes, make, record, stages, trust};
use crate::project::told;
use crate::stage::Stage;
use serde_json::{Value, json};

const PLANS: &str = "fragaria.artefact.plans.json";

/// The finding of a code, if there is but one.
fn only<'a>(advice: &'a Value, code: &str) -> &'a Value {
    let findings = advice["findings"].as_array().unwrap().iter();
    let found: Vec<_> = findings.filter(|one| one["code"] == code).collect();
    assert_eq!(found.len(), 1, "{code}: {advice:#}");
    found[0]
}

/// What a machine is told of a failure, and the exit code.
fn failure(stage: &Stage, arguments: &[&str]) -> (Value, Option<i32>) {
    let mut all = vec!["advise", "--json"];
    all.extend(arguments);
    let output = stage.project.output(&all);
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    let told: Value = serde_json::from_str(&told(&output)).unwrap();
    assert_eq!(told.as_array().unwrap().len(), 1, "{told:#}");
    (told[0].clone(), output.status.code())
}

/// The finding about the document `changed`, beside others of its code.
fn of_changed(checked: &Value) -> &Value {
    let mut findings = checked["findings"].as_array().unwrap().iter();
    let found = findings.find(|one| {
        one["code"] == "advise.plan_none" && one["file"] == "documents/changed.graphql"
    });
    found.unwrap_or_else(|| panic!("{checked:#}"))
}

#[test]
fn what_the_login_may_not_do_cannot_be_compared_and_fails_the_check() {
    let changed = "mutation Changed { updateCustomer(id: 7, set: { name: \"x\" }) { id } }";
    let [_, postgres, mariadb] = stages(&[("changed", changed)]);
    let poor = format!("looking_{}", postgres.outside("SELECT current_database()"));
    postgres.change(&format!(
        "CREATE ROLE {poor} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {poor}"
    ));
    let database = mariadb.outside("SELECT DATABASE()");
    mariadb.change(&format!(
        "CREATE USER looking_{database}; GRANT SELECT ON `{database}`.* TO looking_{database}"
    ));
    for (stage, user) in [
        (&postgres, poor.clone()),
        (&mariadb, format!("looking_{database}")),
    ] {
        advise(stage, &["--record"]);
        assert_eq!(codes(&advise(stage, &["--check"])), [""; 0]);
        let url = stage.url_of(&user);
        let looked = advise(stage, &["--against", &url]);
        assert!(!looked["left"].as_array().unwrap().is_empty(), "{looked:#}");
        assert_eq!(codes(&looked), [""; 0], "{looked:#}");
        let checked = record::worse(stage, &["--against", &url]);
        let finding = of_changed(&checked);
        let place = (&finding["line"], &finding["column"], &finding["level"]);
        assert_eq!(place, (&json!(1), &json!(10), &json!("error")));
        let message = finding["message"].as_str().unwrap();
        let cause =
            "the document changed (Changed) cannot be compared: the database gives no plan: ";
        assert!(
            message.starts_with(cause) && message.contains("denied"),
            "{message}"
        );
        let help = finding["help"].as_str().unwrap();
        assert!(help.contains("a right of the login"), "{help}");
        let arguments = ["advise", "--check", "--against", &url];
        let output = stage.project.output(&arguments);
        assert_eq!(output.status.code(), Some(3));
        let people = told(&output);
        assert!(people.contains("error[advise.plan_none]"), "{people}");
        let whole = "not all plans can be compared with what was written down";
        assert!(
            people.contains(whole) && !people.contains("worse"),
            "{people}"
        );
    }
    postgres.change(&format!("DROP OWNED BY {poor}; DROP ROLE {poor}"));
    mariadb.change(&format!("DROP USER looking_{database}"));
}

#[test]
fn a_check_that_is_bounded_says_that_it_is_not_the_whole() {
    for stage in stages(&[("recent", RECENT)]) {
        advise(&stage, &["--record"]);
        let checked = record::worse(&stage, &["--questions-max", "2"]);
        let finding = only(&checked, "advise.plan_none");
        assert_eq!(finding["level"], "error");
        assert_eq!(finding["help"], "raise --questions-max");
        let over = checked["over"].as_u64().unwrap();
        let cause = format!("{over} operations and fields were not compared");
        assert_eq!(finding["message"], cause.as_str());
        // Who does not check is told, and that is no failure.
        let looked = advise(&stage, &["--questions-max", "2"]);
        assert_eq!(codes(&looked), [""; 0], "{looked:#}");
    }
}

#[test]
fn callers_who_act_as_roles_of_the_database_are_told_of_policies_at_the_role() {
    let stage = Stage::on_postgres(TABLES, &[]);
    analyse(&stage);
    let role = format!("acted_{}", stage.outside("SELECT current_database()"));
    stage.change(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON orders TO {role};
         ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
         CREATE POLICY of_total ON orders TO {role} USING (total = 7)"
    ));
    let schema = stage.project.read("schema.graphql");
    let lines = schema.lines().count() as u64;
    let acting = |database: &str| {
        let rules = format!(
            "extend schema\n  @role(name: \"clerk\"{database})\nextend type Order @access(to: \"clerk\", allow: [READ])\n"
        );
        stage
            .project
            .write("schema.graphql", &(schema.clone() + &rules));
        advise(&stage, &[])
    };
    let advice = acting(&format!(", database: \"{role}\""));
    let finding = only(&advice, "advise.acting");
    assert_eq!(finding["level"], "warning");
    assert_eq!(finding["file"], "schema.graphql", "{finding:#}");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&json!(lines + 2), &json!(3))
    );
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("without the policies"), "{message}");
    let help = finding["help"].as_str().unwrap();
    assert!(help.contains("columns that policies compare"), "{help}");
    // What the policy compares is in no plan of the login, and so not proposed.
    assert!(
        !super::proposed(&advice)
            .iter()
            .any(|index| index.contains("total"))
    );
    assert!(!codes(&acting("")).contains(&"advise.acting"));
    stage.change(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn plans_of_another_schema_or_database_are_not_compared_with() {
    let [sqlite, postgres, _] = stages(&[("recent", RECENT)]);
    advise(&sqlite, &["--record"]);
    advise(&postgres, &["--record"]);
    let (of_sqlite, of_postgres) = (sqlite.project.read(PLANS), postgres.project.read(PLANS));
    sqlite.project.write(PLANS, &of_postgres);
    let (finding, code) = failure(&sqlite, &["--check"]);
    assert_eq!(code, Some(1));
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("holds plans of PostgreSQL "), "{message}");
    assert!(
        message.contains("and the database is SQLite 3."),
        "{message}"
    );
    assert!(
        finding["help"].as_str().unwrap().contains("--plans"),
        "{finding:#}"
    );
    let other = Stage::sqlite(&[]);
    other.project.run(&["advise", "--record"]);
    sqlite.project.write(PLANS, &other.project.read(PLANS));
    let (finding, code) = failure(&sqlite, &["--check"]);
    assert_eq!(code, Some(1));
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("holds plans of another schema"),
        "{message}"
    );
    // Another version of the same database is compared with, and told.
    let version = of_sqlite.split("\"SQLite ").nth(1).unwrap();
    let version = version.split('"').next().unwrap();
    sqlite
        .project
        .write(PLANS, &of_sqlite.replace(version, "3.7.0"));
    let checked = advise(&sqlite, &["--check"]);
    let finding = only(&checked, "advise.plan_version");
    assert_eq!(finding["level"], "warning");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("SQLite 3.7.0") && message.contains(version),
        "{message}"
    );
    assert!(finding["help"].as_str().unwrap().contains("--record"));
}

#[test]
fn plans_that_cannot_be_read_are_told_with_a_mend_that_works() {
    let [stage, _, _] = stages(&[("recent", RECENT)]);
    advise(&stage, &["--record"]);
    let plans = stage.project.read(PLANS);
    for (text, cause) in [
        ("", "EOF while parsing"),
        (
            "{\"format\": \"fragaria plans 9\", \"more\": []}",
            "its format is \"fragaria plans 9\", and not",
        ),
        (
            plans.split_once("\"roles\"").unwrap().0,
            "EOF while parsing",
        ),
        (
            &plans.replacen("\"server\"", "\"servant\"", 1),
            "unknown field `servant`",
        ),
    ] {
        stage.project.write(PLANS, text);
        let (finding, code) = failure(&stage, &["--check"]);
        assert_eq!(code, Some(1));
        let message = finding["message"].as_str().unwrap();
        assert!(
            message.contains(PLANS) && message.contains(cause),
            "{message}"
        );
        let help = finding["help"].as_str().unwrap();
        assert_eq!(
            help,
            format!("remove {PLANS}, and let `fragaria advise --record` write it anew")
        );
        std::fs::remove_file(stage.project.path(PLANS)).unwrap();
        advise(&stage, &["--record"]);
        assert_eq!(stage.project.read(PLANS), plans);
    }
    let (finding, code) = failure(&stage, &["--check", "--plans", "documents"]);
    assert_eq!(code, Some(1));
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .starts_with("cannot read documents: "),
        "{finding:#}"
    );
    // Before anybody looks at plans, nobody asks the database.
    let (finding, code) = failure(&stage, &["--check", "--plans", "none.json"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        finding["message"],
        "there is no none.json to compare plans with"
    );
}

#[test]
fn a_machine_is_told_why_nothing_could_be_looked_at() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    analyse(&stage);
    advise(&stage, &["--record"]);
    let postgres = Stage::on_postgres(TABLES, &[]);
    postgres.project.run(&["advise", "--record"]);
    let down = "postgres://127.0.0.1:1/none";
    for check in [&[][..], &["--check"]] {
        let arguments = [&["--against", down][..], check].concat();
        let (finding, code) = failure(&postgres, &arguments);
        assert_eq!(code, Some(1));
        let message = finding["message"].as_str().unwrap();
        assert!(
            message.starts_with("cannot read the catalog of the database: "),
            "{message}"
        );
        let help = finding["help"].as_str().unwrap();
        assert!(help.contains("--against"), "{help}");
        let (finding, code) = failure(
            &stage,
            &[&["--against", "sqlite:none.db"][..], check].concat(),
        );
        assert_eq!(code, Some(1));
        assert!(
            finding["message"]
                .as_str()
                .unwrap()
                .contains("there is no file none.db"),
            "{finding:#}"
        );
        let (finding, code) = failure(&stage, &[&["none.artefact.json"][..], check].concat());
        assert_eq!(code, Some(1));
        assert!(
            finding["message"]
                .as_str()
                .unwrap()
                .contains("none.artefact.json"),
            "{finding:#}"
        );
    }
    for (arguments, told) in [
        (&["--nothing"][..], "--nothing"),
        (&["--check", "--record"], "cannot be used with"),
        (&["--plans", "elsewhere.json"], "required"),
        (&["--growth-max", "3"], "required"),
        (&["--check", "--growth-max", "NaN"], "at least 1"),
        (&["--rows-min", "few"], "--rows-min"),
        (&["--questions-max", "many"], "--questions-max"),
    ] {
        let (finding, code) = failure(&stage, arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains(told), "{arguments:?}: {finding:#}");
        assert!(!finding["help"].as_str().unwrap().is_empty(), "{finding:#}");
    }
}

#[test]
fn a_table_that_nobody_counted_may_be_large_where_a_plan_became_worse() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    stage.change(
        "CREATE TABLE event (id integer PRIMARY KEY, kind integer NOT NULL) WITHOUT ROWID;
         CREATE INDEX event_kind ON event (kind)",
    );
    stage
        .project
        .run(&["init", "--from", "sqlite:shop.db", "--force"]);
    trust(
        &stage,
        &[(
            "of",
            "query Of($kind: Int!) { events(where: { kind: { eq: $kind } }, limit: 5) { id } }",
        )],
    );
    advise(&stage, &["--record"]);
    assert!(!codes(&advise(&stage, &["--check"])).contains(&"advise.plan_index"));
    stage.change("DROP INDEX event_kind");
    let checked = record::worse(&stage, &[]);
    let finding = only(&checked, "advise.plan_index");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("rows of event by the index event_kind"),
        "{message}"
    );
    assert_eq!(finding["file"], "documents/of.graphql");
    assert!(
        codes(&checked).contains(&"advise.statistics"),
        "{checked:#}"
    );
    make(&stage, &advise(&stage, &[]));
}
