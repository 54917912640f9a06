//! Rules whose conditions lead back to the table they are about, or to the row around a list, on the
//! three databases.

use super::{data, holder, under};
use crate::stage::Stage;
use serde_json::json;

const TABLES: &str = "
    CREATE TABLE team (id int PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE person (
        id int PRIMARY KEY,
        name varchar(40) NOT NULL,
        team_id int NOT NULL REFERENCES team (id),
        boss_id int REFERENCES person (id)
    );
    INSERT INTO team VALUES (1, 'a');
    INSERT INTO team VALUES (2, 'b');
    INSERT INTO person VALUES (1, 'Ann', 1, NULL);
    INSERT INTO person VALUES (2, 'Bob', 1, 1);
    INSERT INTO person VALUES (3, 'Cay', 2, NULL);
    INSERT INTO person VALUES (4, 'Dan', 2, 1);";

const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "lead")
extend type Person
  @access(to: "clerk", allow: READ)
  @access(to: "clerk", allow: DELETE, where: {boss: {name: {eq: "Ann"}}})
  @access(to: "lead", allow: [READ, DELETE], where: {team: {people: {some: {name: {eq: "Cay"}}}}})
extend type Team
  @access(to: ["clerk", "lead"], allow: READ, fields: ["id", "name"])
  @access(to: ["clerk", "lead"], allow: READ, where: {people: {some: {name: {eq: "Ann"}}}}, fields: ["people"])
"#;

#[test]
fn a_delete_reaches_the_rows_of_a_rule_that_leads_back_to_its_table() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let one = "mutation { deletePerson(id: 1) { id } }";
        let nothing = json!({ "deletePerson": null });
        assert_eq!(data(&server, &holder(&["clerk"]), one), nothing);
        let all = "mutation { deletePeople(where: {}) { id } }";
        let deleted = json!({ "deletePeople": [{ "id": 2 }, { "id": 4 }] });
        assert_eq!(data(&server, &holder(&["clerk"]), all), deleted);
        assert_eq!(stage.outside("SELECT sum(id) FROM person"), "4");
        let rest = json!({ "deletePeople": [{ "id": 3 }] });
        assert_eq!(data(&server, &holder(&["lead"]), all), rest);
        assert_eq!(stage.outside("SELECT sum(id) FROM person"), "1");
    }
}

#[test]
fn groups_of_a_list_are_shown_in_the_rows_in_which_it_is_seen() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let groups = "{ teams { id peopleAggregate(groupBy: [{ teamId: VALUE }], having: { count: { gt: 1 } }) \
                      { key { teamId } count } } }";
        let shown = json!({ "teams": [
            { "id": 1, "peopleAggregate": [{ "key": { "teamId": 1 }, "count": 2 }] },
            { "id": 2, "peopleAggregate": [] },
        ] });
        assert_eq!(data(&server, &holder(&["clerk"]), groups), shown);
    }
}
