//! What triggers and functions of the database refuse, and what its user may not do.

use crate::project::Project;
use crate::stage::{ROWS, Stage};
use serde_json::{Value, json};

/// A trigger that refuses one note, on each database.
const RULES: [&str; 3] = [
    "CREATE TRIGGER rule BEFORE INSERT ON reading WHEN NEW.note = 'bad'
     BEGIN SELECT RAISE(ABORT, 'house rule 7'); END",
    "CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.note = 'bad' THEN RAISE EXCEPTION 'house rule 7'; END IF;
       IF NEW.note = 'own' THEN RAISE EXCEPTION 'house rule 7' USING ERRCODE = 'HR007'; END IF;
       RETURN NEW; END $$;
     CREATE TRIGGER rule BEFORE INSERT ON reading FOR EACH ROW EXECUTE FUNCTION rule()",
    "DELIMITER //
     CREATE TRIGGER rule BEFORE INSERT ON reading FOR EACH ROW BEGIN
       IF NEW.note = 'bad' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'house rule 7'; END IF;
       IF NEW.note = 'own' THEN
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'house rule 7', MYSQL_ERRNO = 5007; END IF;
     END //
     DELIMITER ;",
];

#[test]
fn what_a_trigger_refuses_has_one_code_and_the_words_of_the_database_stay_in_the_log() {
    for (stage, rule) in Stage::all(&[]).iter().zip(RULES) {
        stage.change(rule);
        let server = stage.serve();
        let notes: &[&str] = if rule.contains("'own'") {
            &["bad", "own"]
        } else {
            &["bad"]
        };
        for note in notes {
            let answer = server.graphql(&format!(
                "mutation {{ createReadings(input: [{{ note: \"good\" }}, {{ note: \"{note}\" }}]) {{ id }} }}"
            ));
            assert_eq!(
                (answer.status, &*answer.code()),
                (200, "store.check"),
                "{note}"
            );
            let body = answer.json();
            let error = &body["errors"][0];
            assert_eq!(body["data"], Value::Null);
            assert_eq!(error["extensions"]["input"], "input[1]");
            assert_eq!(
                error["message"],
                "a trigger or a function of the database refuses it"
            );
            let detail = server.logged("the database refused")["detail"].to_string();
            assert!(detail.contains("house rule 7"), "{detail}");
        }
        assert_eq!(stage.outside("SELECT count(*) FROM reading"), "0");
    }
}

#[test]
fn what_a_policy_of_postgresql_refuses_has_a_code_of_its_own() {
    let stage = Stage::postgres(&[]);
    let user = stage.poor_user();
    stage.change(
        "ALTER TABLE reading ENABLE ROW LEVEL SECURITY;
         CREATE POLICY short ON reading USING (true) WITH CHECK (length(note) < 5)",
    );
    let server = stage.serve_as(&user);
    let answer = server.graphql("mutation { createReading(input: { note: \"longer\" }) { id } }");
    assert_eq!((answer.status, &*answer.code()), (200, "store.policy"));
}

#[test]
fn a_right_that_the_user_of_the_database_lacks_is_told_to_whoever_can_grant_it() {
    for stage in Stage::servers(&[]) {
        let user = stage.poor_user();
        stage.change(&format!("REVOKE INSERT ON reading FROM {user}"));
        let server = stage.serve_as(&user);
        let answer = server.graphql("mutation { createReading(input: { note: \"a\" }) { id } }");
        assert_eq!((answer.status, &*answer.code()), (500, "store.denied"));
        assert_eq!(answer.header("retry-after"), "");
        let message = answer.json()["errors"][0]["message"].to_string();
        assert!(
            message.contains("right") && !message.contains("reading"),
            "{message}"
        );
        let detail = server.logged("the database refused")["detail"].to_string();
        assert!(
            detail.contains("reading") && detail.contains("denied"),
            "{detail}"
        );
    }
}

#[test]
fn a_database_that_takes_no_writes_may_take_them_later() {
    let stage = Stage::postgres(&[]);
    let user = stage.poor_user();
    stage.change(&format!(
        "ALTER ROLE {user} SET default_transaction_read_only = on"
    ));
    let server = stage.serve_as(&user);
    let answer = server.graphql("mutation { createReading(input: { note: \"a\" }) { id } }");
    assert_eq!((answer.status, &*answer.code()), (503, "store.unavailable"));
    assert_eq!(answer.header("retry-after"), "1");
    let read = server.graphql("{ readings(limit: 1) { id } products(limit: 1) { id } }");
    assert_eq!(read.status, 200);
}

#[test]
fn json_of_mariadb_is_json_for_a_user_who_may_use_the_tables_and_no_more() {
    let stage = Stage::mariadb(&[]);
    stage.change(
        "ALTER TABLE product ADD facts json,
         ADD plain longtext COMMENT 'it''s CHECK (json_valid(`plain`))'",
    );
    let user = stage.poor_user();
    let project = Project::on(&stage.url_of(&user));
    let schema = project.read("schema.graphql");
    assert!(
        schema.contains("facts: JSON") && schema.contains("plain: String"),
        "{schema}"
    );
    let told = project.output(&["compile", "--against"]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let server = project.serve(&[]).ready();
    let write = "mutation { updateProduct(id: 1, set: { facts: { a: [1.5] } }) { facts } }";
    assert_eq!(
        server.graphql(write).json(),
        json!({ "data": { "updateProduct": { "facts": { "a": [1.5] } } } })
    );
    // What makes a table is not shown to those who may see some of its columns only.
    stage.change(&format!(
        "REVOKE ALL PRIVILEGES ON product FROM {user};
         GRANT SELECT (id, name, facts, plain) ON product TO {user}"
    ));
    let told = project.fail(&["compile", "--against"]);
    assert!(told.contains("error[drift.type]"), "{told}");
}

#[test]
fn a_table_that_the_user_of_the_database_may_not_read_is_drift() {
    for stage in Stage::servers(&["server.check_interval_ms=50"]) {
        let user = stage.poor_user();
        let url = format!("database.url={}", stage.url_of(&user));
        let settings = [url.as_str(), "server.check_interval_ms=50"];
        let server = stage.project.serve(&settings).ready();
        stage.change(&format!("REVOKE SELECT ON reading FROM {user}"));
        let told = stage
            .project
            .fail(&["compile", "--against", &stage.url_of(&user)]);
        let finding = "the user of the database may not read the table of `Reading`";
        let expected = format!("error[drift.denied]: {finding}");
        assert!(told.contains(&expected), "{told}");
        let denied = server.graphql("{ readings(limit: 1) { id } }");
        assert_eq!((denied.status, &*denied.code()), (500, "store.denied"));
        server.until("/health/ready", |response| response.status == 503);
        server.logged(&format!("drift: {finding}"));
        stage.change(&format!("GRANT SELECT ON reading TO {user}"));
        let server = server.ready();
        assert_eq!(server.graphql("{ readings(limit: 1) { id } }").status, 200);
    }
}

/// A trigger that writes no row of one note, and says nothing.
const MUTE: [&str; 2] = [
    "CREATE TRIGGER mute BEFORE INSERT ON reading WHEN NEW.note = 'mute'
     BEGIN SELECT RAISE(IGNORE); END",
    "CREATE FUNCTION mute() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.note = 'mute' THEN RETURN NULL; END IF; RETURN NEW; END $$;
     CREATE TRIGGER mute BEFORE INSERT ON reading FOR EACH ROW EXECUTE FUNCTION mute()",
];

#[test]
fn what_a_trigger_keeps_back_without_a_word_is_no_success() {
    for (stage, mute) in [Stage::sqlite(&[]), Stage::postgres(&[])].iter().zip(MUTE) {
        stage.change(mute);
        let server = stage.serve();
        let refused = |write: &str, code: &str| {
            let answer = server.graphql(&format!("mutation {{ {write} }}"));
            assert_eq!(answer.code(), code, "{}: {write}", stage.url());
            assert_eq!(answer.json()["data"], Value::Null, "{write}");
            assert_eq!(stage.outside(ROWS), "0", "{write}");
        };
        for write in [
            "createReading(input: { note: \"mute\" }) { id note }",
            "createReadings(input: [{ note: \"good\" }, { note: \"mute\" }]) { id }",
        ] {
            refused(write, "engine.not_written");
        }
        // By itself it is made before anybody sees that there is no row, and so only once.
        let alone = "createReading(input: { note: \"mute\" }) { id }";
        if stage.url().starts_with("postgres") {
            refused(alone, "store.outcome_unknown");
        }
        refused(alone, "engine.not_written");
    }
}
