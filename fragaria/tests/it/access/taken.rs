//! Writes that meet a row which is not seen: what they say of its key.

use super::{asked, holder, under};
use crate::stage::Stage;

const TABLES: &str = "
    CREATE TABLE person (id int PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, team int NOT NULL);
    CREATE TABLE prize (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person (id));
    INSERT INTO person VALUES (1, 'Ann', 1);
    INSERT INTO person VALUES (2, 'Bob', 2);
    INSERT INTO prize VALUES (1, 2);
    INSERT INTO prize VALUES (20, 2);";

const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "manager")
extend type Person
  @access(to: "clerk", allow: [READ, CREATE, UPDATE], where: {team: {eq: 1}})
  @access(to: "manager", allow: [READ, CREATE, UPDATE])
extend type Prize
  @access(to: "clerk", allow: [READ, CREATE, UPDATE], where: {id: {lt: 10}})
  @access(to: "manager", allow: [READ, CREATE, UPDATE])
"#;

#[test]
fn a_key_that_a_hidden_row_has_is_taken() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let all = "SELECT sum(person_id * 100 + id) + (SELECT sum(team * 10 + id) FROM person) FROM prize";
        let before = stage.outside(all);
        let told = |role: &str, write: &str| {
            let answer = asked(
                &server,
                &holder(&[role]),
                &format!("mutation {{ {write} }}"),
            );
            assert_eq!(stage.outside(all), before, "{write}: {answer}");
            let error = &answer["errors"][0];
            let code = error["extensions"]["code"].as_str().unwrap_or_default();
            let message = error["message"].as_str().unwrap_or_default();
            (code.to_owned(), message.to_owned())
        };
        let of_list = |key: i32| {
            format!(
                "updatePerson(id: 1, set: {{ prizes: {{ connectOrCreate: [{{ input: {{ id: {key} }} }}] }} }}) {{ id }}"
            )
        };
        for write in [
            "upsertPerson(input: { id: 2, name: \"Zoe\", team: 1 }) { id }",
            "upsertPerson(input: { id: 2, name: \"Zoe\", team: 1 }, update: []) { id }",
            "upsertPerson(input: { id: 9, name: \"Bob\", team: 1 }, onConflict: NAME, update: []) { id }",
        ] {
            let (code, message) = told("clerk", write);
            // Where an insert cannot give way, the key is found taken.
            if stage.is_mariadb() && code == "store.unique" {
                continue;
            }
            assert_eq!(code, "access.taken", "{}: {write}", stage.url());
            let expected = "the key is taken by a row out of your reach";
            assert!(message.ends_with(expected), "{write}: {message}");
        }
        // In a tree a hidden row reads as one that is seen and belongs elsewhere.
        let to_one = "createPrize(input: { id: 9, person: { connectOrCreate: { input: { id: 2, name: \"Zoe\", team: 1 } } } }) { id }";
        for (role, write) in [
            ("manager", &*of_list(1)),
            ("clerk", &of_list(20)),
            ("clerk", to_one),
        ] {
            let (code, message) = told(role, write);
            if stage.is_mariadb() && code == "store.unique" {
                continue;
            }
            assert_eq!(code, "engine.not_found", "{}: {message}", stage.url());
            assert!(message.contains("belongs elsewhere"), "{message}");
        }
    }
}
