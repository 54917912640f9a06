//! Columns that are shown masked, on the three databases.

use super::{asked, code, data, under};
use crate::stage::Stage;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const KEY: &str = "a key of the tests that nobody can guess";

const TABLES: &str = "
    CREATE TABLE patient (
        id int PRIMARY KEY,
        ward int NOT NULL,
        name varchar(80) NOT NULL UNIQUE,
        phone varchar(80),
        born int NOT NULL
    );
    CREATE TABLE visit (
        id int PRIMARY KEY,
        patient_id int NOT NULL REFERENCES patient (id),
        note varchar(80)
    );
    INSERT INTO patient VALUES (1, 1, 'Anna Archer', '+43 660 1234567', 1970);
    INSERT INTO patient VALUES (2, 1, 'Bo', '112', 1980);
    INSERT INTO patient VALUES (3, 2, 'Zoë Ødegård', NULL, 1990);
    INSERT INTO visit VALUES (1, 1, 'Anna Archer');
    INSERT INTO visit VALUES (2, 3, NULL);";

const RULES: &str = r#"
extend schema
  @role(name: "desk")
  @role(name: "research")
  @role(name: "doctor")
  @role(name: "archive")

extend type Patient
  @access(to: "desk", allow: [READ, CREATE, UPDATE], mask: {name: PARTIAL, phone: PARTIAL, born: NULL})
  @access(to: "research", allow: READ, where: {born: {lt: 1990}}, mask: {name: HASH, phone: HASH})
  @access(to: "doctor", allow: READ, where: {ward: {eq: {claim: "ward"}}})

extend type Patient @access(to: "archive", allow: READ, fields: ["id", "ward", "visits"])
extend type Visit
  @access(to: "archive", allow: [READ, UPDATE], mask: {patientId: NULL})
  @access(to: ["desk", "research"], allow: READ, mask: {note: HASH})
  @access(to: "doctor", allow: READ)
"#;

fn caller(roles: &[&str]) -> String {
    json!({ "roles": roles, "claims": { "ward": 1 } }).to_string()
}

/// A keyed hash, as RFC 2104 and the guide describe it.
pub(crate) fn hash(column: &str, text: &str) -> String {
    let key = Sha256::digest(KEY);
    let key = Sha256::new()
        .chain_update(key)
        .chain_update(column)
        .finalize();
    let pad = |with: u8| {
        let mut pad = [with; 64];
        for (byte, key) in pad.iter_mut().zip(key) {
            *byte ^= key;
        }
        pad
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize();
    let mut digits = String::new();
    for byte in outer {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}

#[test]
fn a_masked_column_is_shown_in_part_as_a_hash_or_not_at_all() {
    for stage in Stage::of(
        TABLES,
        &["masks.hash_key=a key of the tests that nobody can guess"],
    ) {
        let server = under(&stage, RULES);
        let all = "{ patients(orderBy: [{id: ASC}]) { id name phone born visits { note } } }";
        let of = |roles: &[&str]| data(&server, &caller(roles), all)["patients"].clone();
        let note = json!([{ "note": hash("Visit.note", "Anna Archer") }]);
        assert_eq!(
            of(&["desk"]),
            json!([
                { "id": 1, "name": "***cher", "phone": "***4567", "born": null, "visits": note },
                { "id": 2, "name": "***", "phone": "***", "born": null, "visits": [] },
                { "id": 3, "name": "***gård", "phone": null, "born": null, "visits": [{ "note": null }] },
            ])
        );
        let [anna, phone] = [
            ("Patient.name", "Anna Archer"),
            ("Patient.phone", "+43 660 1234567"),
        ]
        .map(|(column, text)| hash(column, text));
        assert_eq!(
            of(&["research"]),
            json!([
                { "id": 1, "name": anna, "phone": phone, "born": 1970, "visits": note },
                { "id": 2, "name": hash("Patient.name", "Bo"), "phone": hash("Patient.phone", "112"),
                  "born": 1980, "visits": [] },
            ])
        );
        assert_ne!(
            anna,
            hash("Visit.note", "Anna Archer"),
            "columns cannot be joined by their hashes"
        );
        // A doctor of the ward sees all of it there, and elsewhere what the desk shows.
        assert_eq!(
            of(&["desk", "doctor"]),
            json!([
                { "id": 1, "name": "Anna Archer", "phone": "+43 660 1234567", "born": 1970,
                  "visits": [{ "note": "Anna Archer" }] },
                { "id": 2, "name": "Bo", "phone": "112", "born": 1980, "visits": [] },
                { "id": 3, "name": "***gård", "phone": null, "born": null, "visits": [{ "note": null }] },
            ])
        );
        // The part is more than the hash.
        assert_eq!(of(&["desk", "research"])[0]["name"], "***cher");
        assert_eq!(of(&["desk", "research"])[0]["born"], 1970);
    }
}

#[test]
fn nothing_is_compared_ordered_grouped_or_counted_by_what_is_masked() {
    for stage in Stage::of(
        TABLES,
        &["masks.hash_key=a key of the tests that nobody can guess"],
    ) {
        let server = under(&stage, RULES);
        let told =
            |caller: &str, document: &str| asked(&server, caller, document)["errors"].clone();
        for roles in [&["desk"][..], &["desk", "doctor"]] {
            for (document, word) in [
                ("{ patients(where: {WORD: {eq: \"Bo\"}}) { id } }", "name"),
                ("{ patients(where: {WORD: {lt: 1975}}) { id } }", "born"),
                ("{ patients(orderBy: [{WORD: ASC}]) { id } }", "phone"),
                (
                    "{ visits(where: {patient: {WORD: {startsWith: \"A\"}}}) { id } }",
                    "name",
                ),
                (
                    "{ visits(orderBy: [{patient: {WORD: ASC}}]) { id } }",
                    "name",
                ),
                ("{ patientAggregate { min { WORD } } }", "born"),
                ("{ patientAggregate { countDistinct { WORD } } }", "name"),
                (
                    "{ patientAggregate(groupBy: [{WORD: VALUE}]) { count } }",
                    "name",
                ),
                (
                    "{ patients(where: {compare: {WORD: {eq: ID}}}) { id } }",
                    "born",
                ),
                (
                    "mutation { updatePatients(where: {WORD: {eq: \"Bo\"}}, set: {ward: 9}) { id } }",
                    "name",
                ),
                ("{ patientByName(WORD: \"Bo\") { id } }", "name"),
            ] {
                let asked_for = document.replace("WORD", word);
                let refused = told(&caller(roles), &asked_for);
                assert!(refused.is_array(), "{asked_for}: {refused}");
                let code = refused[0]["extensions"]["code"].as_str().unwrap();
                assert_eq!(code, "engine.invalid", "{asked_for}: {refused}");
            }
        }
        let doctor = caller(&["doctor"]);
        let found = "{ patients(where: {name: {eq: \"Bo\"}}, orderBy: [{born: ASC}]) { id } }";
        assert_eq!(
            data(&server, &doctor, found),
            json!({ "patients": [{ "id": 2 }] })
        );
    }
}

#[test]
fn what_is_masked_may_be_written_and_is_masked_in_the_answer() {
    for stage in Stage::of(
        TABLES,
        &["masks.hash_key=a key of the tests that nobody can guess"],
    ) {
        let server = under(&stage, RULES);
        let desk = caller(&["desk"]);
        let create = "mutation { createPatient(input: {id: 9, ward: 1, name: \"Carla Carpenter\", \
                      phone: \"0123456789\", born: 1999}) { id name phone born } }";
        let masked = json!({ "id": 9, "name": "***nter", "phone": "***6789", "born": null });
        assert_eq!(
            data(&server, &desk, create),
            json!({ "createPatient": masked })
        );
        let update =
            "mutation { updatePatient(id: 9, set: {phone: \"9876543210\"}) { phone name } }";
        let masked = json!({ "phone": "***3210", "name": "***nter" });
        assert_eq!(
            data(&server, &desk, update),
            json!({ "updatePatient": masked })
        );
        let stored = stage.outside("SELECT phone FROM patient WHERE id = 9");
        assert_eq!(stored, "9876543210");
        let taken = "mutation { updatePatient(id: 9, set: {name: \"Bo\"}) { name } }";
        assert_eq!(code(&server, &desk, taken), "store.unique");
    }
}

#[test]
fn a_mask_that_cannot_be_is_refused_where_it_stands() {
    let stage = Stage::sqlite(&[]);
    let project = &stage.project;
    let schema = project.read("schema.graphql");
    for (rule, message) in [
        (
            "allow: READ, mask: {nam: PARTIAL}",
            "`Product` has no column `nam`",
        ),
        (
            "allow: READ, mask: {name: SOME}",
            "`name` is masked by PARTIAL, HASH or NULL",
        ),
        (
            "allow: READ, mask: {id: HASH}",
            "`id` is no text, so only NULL masks it",
        ),
        (
            "allow: READ, mask: PARTIAL",
            "`mask` is an object of fields and how they are masked",
        ),
        ("allow: DELETE, mask: {name: NULL}", "`mask` is for READ"),
        (
            "allow: READ, fields: [\"id\"], mask: {name: NULL}",
            "the rule is not about `name`, so it is not shown",
        ),
    ] {
        let rules = format!(
            "\nextend schema @role(name: \"r\")\nextend type Product @access(to: \"r\", {rule})\n"
        );
        project.write("schema.graphql", &(schema.clone() + &rules));
        let told = project.fail(&["compile"]);
        assert!(
            told.contains(message) && told.contains("sdl.access"),
            "{rule}: {told}"
        );
    }
    let rules = "\nextend schema @role(name: \"r\")\n\
                 extend type Product @access(to: \"r\", allow: READ, mask: {name: HASH})\n";
    project.write("schema.graphql", &(schema + rules));
    project.run(&["compile"]);
    let told = project.fail(&["serve"]);
    assert!(told.contains("masks.hash_key"), "{told}");
    let told = project.fail(&["config", "--set", "masks.hash_key=short"]);
    assert!(told.contains("a key of 5 bytes can be guessed"), "{told}");
    let report = project.run(&["policy", "report"]);
    assert!(report.contains("masked name: HASH"), "{report}");
    let shown: Value = serde_json::from_str(&project.run(&[
        "config",
        "--json",
        "--set",
        &format!("masks.hash_key={KEY}"),
    ]))
    .unwrap();
    assert_eq!(shown["masks.hash_key"]["value"], "[redacted]");
}

#[test]
fn a_relation_that_goes_by_a_masked_column_is_not_offered() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        for document in [
            "{ visits { patient { id } } }",
            "{ patients { visits { id } } }",
            "{ patients { visitsAggregate { count } } }",
            "{ visits(where: { patient: { id: { eq: 1 } } }) { id } }",
            "{ patients(where: { visits: { some: { id: { eq: 1 } } } }) { id } }",
            "{ visits(orderBy: [{ patient: { ward: ASC } }]) { id } }",
            "{ visitAggregate(groupBy: [{ patient: { ward: VALUE } }]) { count } }",
            "mutation { updateVisit(id: 1, set: { patient: { connect: { id: 2 } } }) { id } }",
        ] {
            let told = code(&server, &caller(&["archive"]), document);
            assert_eq!(told, "engine.invalid", "{}: {document}", stage.url());
        }
        let archive = data(
            &server,
            &caller(&["archive"]),
            "{ visits { id patientId } }",
        );
        let masked = json!({ "id": 1, "patientId": null });
        assert_eq!(archive["visits"][0], masked);
        // Who sees the column as it is, by another role, is offered the relation.
        let both = caller(&["archive", "doctor"]);
        let seen = data(
            &server,
            &both,
            "{ visits(where: { id: { eq: 1 } }) { patientId patient { id } } }",
        );
        assert_eq!(
            seen["visits"],
            json!([{ "patientId": 1, "patient": { "id": 1 } }])
        );
    }
}
