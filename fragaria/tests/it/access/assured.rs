//! Rows of PostgreSQL that tell by themselves what they must be: the statement that writes them says so,
//! and nothing is left of it where one is not.

use super::{asked, data, under};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE team (id int PRIMARY KEY, is_open boolean NOT NULL);
    CREATE TABLE note (
        id int PRIMARY KEY,
        team_id int REFERENCES team (id),
        size int NOT NULL DEFAULT 1,
        word varchar(50) NOT NULL DEFAULT 'w',
        secret varchar(50) NOT NULL DEFAULT 'xyzzy'
    );
    INSERT INTO team VALUES (1, true);
    INSERT INTO team VALUES (2, false);
    INSERT INTO note VALUES (1, 1);
    INSERT INTO note VALUES (2, 2);
    CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF new.word = ''move'' THEN new.team_id := 2; END IF; RETURN new; END';
    CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION moved();";

const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "guest") @role(name: "small")
extend type Team @access(to: ["clerk", "guest", "small"], allow: READ)
extend type Note
  @access(to: "clerk", allow: [READ, CREATE, UPDATE], where: {teamId: {eq: {claim: "team"}}}, except: ["secret"])
  @access(to: "guest", allow: [READ, CREATE, UPDATE], where: {team: {isOpen: {eq: true}}})
  @access(to: "small", allow: [READ, CREATE, UPDATE], check: {size: {lt: 10}})
"#;

/// All that is in the table.
const ALL: &str = "SELECT string_agg(id || ':' || coalesce(team_id, 0) || ':' || size, ' ' ORDER BY id) FROM note";

/// How many of our connections did that last.
fn last(stage: &Stage, like: &str) -> String {
    stage.outside(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fragaria' \
         AND datname = current_database() AND query LIKE '{like}'"
    ))
}

fn caller(role: &str) -> String {
    json!({ "roles": [role], "claims": { "team": 1 } }).to_string()
}

#[test]
fn a_row_that_tells_itself_takes_no_further_statement() {
    let stage = Stage::on_postgres(TABLES, &[]);
    let server = under(&stage, RULES);
    let create = |id: i32| {
        format!("mutation {{ createNote(input: {{ id: {id}, teamId: 1 }}) {{ id teamId }} }}")
    };
    let created = data(&server, &caller("clerk"), &create(11));
    assert_eq!(created["createNote"], json!({ "id": 11, "teamId": 1 }));
    assert_eq!(last(&stage, "INSERT%CASE WHEN%"), "1");
    data(&server, &caller("small"), &create(12));
    let update = "mutation { updateNote(id: 11, set: { size: 3 }) { id size } }";
    let updated = data(&server, &caller("clerk"), update);
    assert_eq!(updated["updateNote"], json!({ "id": 11, "size": 3 }));
    assert_eq!(last(&stage, "UPDATE%CASE WHEN%"), "1");
    let missing = "mutation { updateNote(id: 2, set: { size: 3 }) { id size } }";
    assert_eq!(
        data(&server, &caller("clerk"), missing)["updateNote"],
        Value::Null
    );
    // A rule that looks at another table is one of a statement that comes after the row.
    data(&server, &caller("guest"), &create(13));
    assert_eq!(last(&stage, "COMMIT"), "1");
    assert_eq!(stage.outside(ALL), "1:1:1 2:2:1 11:1:3 12:1:1 13:1:1");
}

/// Writes that are refused: by whom, where in the input, and what.
const REFUSED: [(&str, &str, &str); 12] = [
    (
        "clerk",
        "input",
        "createNote(input: { id: 11, teamId: 2 }) { id }",
    ),
    (
        "clerk",
        "input",
        "createNote(input: { id: 11, teamId: 2 }) { id word }",
    ),
    ("clerk", "input", "createNote(input: { id: 11 }) { id }"),
    (
        "clerk",
        "input",
        "createNote(input: { id: 11, teamId: 77 }) { id }",
    ),
    (
        "clerk",
        "input",
        "createNote(input: { id: 11, teamId: 1, word: \"move\" }) { id }",
    ),
    (
        "clerk",
        "input[1]",
        "createNotes(input: [{ id: 11, teamId: 1 }, { id: 12, teamId: 2 }]) { id }",
    ),
    (
        "clerk",
        "set",
        "updateNote(id: 1, set: { teamId: 2 }) { id }",
    ),
    (
        "clerk",
        "set",
        "updateNote(id: 1, set: { teamId: null }) { id }",
    ),
    (
        "clerk",
        "set",
        "updateNote(id: 1, set: { word: \"move\" }) { id }",
    ),
    (
        "small",
        "input",
        "createNote(input: { id: 11, teamId: 1, size: 10 }) { id }",
    ),
    (
        "small",
        "set",
        "updateNote(id: 1, set: { size: 10 }) { id }",
    ),
    (
        "guest",
        "input",
        "createNote(input: { id: 11, teamId: 2 }) { id }",
    ),
];

#[test]
fn nothing_is_left_of_a_row_that_is_not_as_it_must_be() {
    let stage = Stage::on_postgres(TABLES, &[]);
    let server = under(&stage, RULES);
    let before = stage.outside(ALL);
    for (role, place, write) in REFUSED {
        refused(&server, role, write, place);
        assert_eq!(stage.outside(ALL), before, "{write}");
    }
}

#[test]
fn words_of_a_refusal_refuse_nothing_and_each_field_is_by_itself() {
    let stage = Stage::on_postgres(TABLES, &[]);
    let server = under(&stage, RULES);
    let before = stage.outside(ALL);
    let said = "mutation { createNote(input: { id: 11, teamId: 1, word: \"fragaria: a row is not as it must be\" }) { word } }";
    let told = data(&server, &caller("clerk"), said);
    assert_eq!(
        told["createNote"]["word"],
        "fragaria: a row is not as it must be"
    );
    let both = "mutation { a: createNote(input: { id: 12, teamId: 1 }) { id } b: createNote(input: { id: 13, teamId: 2 }) { id } }";
    let answer = asked(&server, &caller("clerk"), both);
    assert_eq!(answer["errors"][0]["path"], json!(["b"]), "{answer}");
    assert_eq!(stage.outside(ALL), format!("{before} 11:1:1"));
}

fn refused(server: &Server, role: &str, write: &str, place: &str) {
    let answer = asked(server, &caller(role), &format!("mutation {{ {write} }}"));
    let error = &answer["errors"][0];
    let message = "Note: a row would be one that you may not write, or not see";
    assert_eq!(error["message"], message, "{write}: {answer}");
    assert_eq!(error["extensions"]["code"], "access.check", "{write}");
    assert_eq!(error["extensions"]["input"], place, "{write}: {answer}");
    assert!(
        error["locations"][0]["column"].is_u64(),
        "{write}: {answer}"
    );
    assert_eq!(answer["data"], Value::Null, "{write}");
}
