//! Writes through relations: null never makes one reach further, and its bounds hold.

use crate::bounds::Trio;
use serde_json::{Value, json};

const MANY: [&str; 10] = [
    "set",
    "disconnect",
    "delete",
    "deleteMany",
    "update",
    "updateMany",
    "connect",
    "connectOrCreate",
    "upsert",
    "create",
];
const ONE: [&str; 7] = [
    "create",
    "connect",
    "connectOrCreate",
    "upsert",
    "update",
    "disconnect",
    "delete",
];

/// All there is to change.
fn rows(trio: &Trio) -> Value {
    let document = "{ people { id name bossId clubs { id name } } clubs { id name } }";
    trio.ask(document, &json!({}))
}

/// Asks all to write that of Bob, with the input in the document and as a variable; returns the
/// code with which both are refused.
fn refused(trio: &Trio, relation: &str, said: &Value) -> String {
    let set = json!({ "name": "Zed", relation: said });
    let update = |set: &str, variable: &str| {
        format!("mutation{variable} {{ updatePerson(id: 2, set: {set}) {{ id }} }}")
    };
    let codes = [
        trio.ask(&update(&literal(&set), ""), &json!({})),
        trio.ask(
            &update("$set", "($set: PersonUpdate!)"),
            &json!({ "set": set }),
        ),
    ]
    .map(|answer| {
        assert!(answer["data"].is_null(), "{relation}: {said}: {answer}");
        answer["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    codes.join(" ")
}

/// JSON as a document writes it.
fn literal(json: &Value) -> String {
    match json {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, member)| format!("{name}: {}", literal(member)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(literal);
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn null_at_any_verb_of_any_relation_is_refused_and_changes_nothing() {
    let trio = Trio::new(&[]);
    let before = rows(&trio);
    for relation in ["peopleByBoss", "memberships", "clubs", "boss"] {
        let is_one = relation == "boss";
        let verbs: &[&str] = if is_one { &ONE } else { &MANY };
        assert_eq!(
            refused(&trio, relation, &Value::Null),
            "engine.argument engine.argument"
        );
        for verb in verbs {
            refused(&trio, relation, &json!({ *verb: null }));
            if !is_one {
                refused(&trio, relation, &json!({ *verb: [null] }));
            }
        }
        // What is picked without null, with one in its place, and with nothing.
        for (verb, item) in [
            ("deleteMany", json!({ "where": null })),
            ("deleteMany", json!({})),
            ("deleteMany", json!({ "where": {}, "atMost": null })),
            ("updateMany", json!({ "where": null, "set": {} })),
            ("updateMany", json!({ "where": {}, "set": null })),
            ("update", json!({ "key": null, "set": {} })),
            ("update", json!({ "key": {}, "set": {} })),
            ("delete", json!({})),
            ("disconnect", json!({})),
            ("set", json!({})),
            ("connect", json!({})),
            ("upsert", json!({ "input": null })),
            ("connectOrCreate", json!({ "input": null })),
            ("create", json!({ "id": 9, "name": null })),
        ] {
            if !is_one {
                refused(&trio, relation, &json!({ verb: [item] }));
            } else if verbs.contains(&verb) {
                refused(&trio, relation, &json!({ verb: item }));
            }
        }
    }
    for member in ["onConflict", "update", "updateWhere"] {
        let put = json!({ "input": { "id": 1, "name": "Zoe" }, member: null });
        refused(&trio, "clubs", &json!({ "upsert": [put] }));
        refused(&trio, "peopleByBoss", &json!({ "upsert": [put] }));
        refused(&trio, "boss", &json!({ "upsert": put }));
    }
    assert_eq!(rows(&trio), before);
    // The same shape without null is taken.
    let whole = "mutation { updatePerson(id: 2, set: { name: \"Zed\", \
        clubs: { deleteMany: [{ where: { name: { eq: \"none\" } }, atMost: 1 }] } }) { name } }";
    let answer = trio.ask(whole, &json!({}));
    assert_eq!(
        answer,
        json!({ "data": { "updatePerson": { "name": "Zed" } } })
    );
}

#[test]
fn a_tree_has_statements_up_to_a_bound() {
    let trio = Trio::new(&["limits.tree_statements_max=20"]);
    let before = rows(&trio);
    let document = "mutation($set: PersonUpdate!) { updatePerson(id: 1, set: $set) { id } }";
    let connected = |count: usize| {
        let clubs = vec![json!({ "id": 2 }); count];
        trio.ask(
            document,
            &json!({ "set": { "clubs": { "connect": clubs } } }),
        )
    };
    let answer = connected(20);
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "engine.tree_statements");
    assert_eq!(
        error["message"],
        "writing through relations takes more than 20 statements"
    );
    let place = error["extensions"]["input"].as_str().unwrap();
    assert!(place.starts_with("set.clubs.connect["), "{answer}");
    assert_eq!(rows(&trio), before);
    assert!(connected(5)["data"]["updatePerson"].is_object());
}

#[test]
fn a_tree_is_nested_up_to_a_bound() {
    let trio = Trio::new(&["limits.depth_max=5"]);
    let before = rows(&trio);
    let created = |levels: usize| {
        let mut input = json!({ "id": 100, "name": "last" });
        for level in 1..levels {
            let below = json!({ "create": [input] });
            input = json!({ "id": 100 + level, "name": "one", "peopleByBoss": below });
        }
        let document = "mutation($input: PersonCreate!) { createPerson(input: $input) { id } }";
        trio.ask(document, &json!({ "input": input }))
    };
    let answer = created(9);
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "engine.depth");
    assert_eq!(
        error["message"],
        "relations in the input are nested deeper than 5"
    );
    assert_eq!(rows(&trio), before);
    assert!(created(5)["data"]["createPerson"].is_object());
}

#[test]
fn many_rows_below_one_are_written_by_few_statements() {
    let trio = Trio::new(&["limits.tree_statements_max=20"]);
    let people: Vec<_> = (0..500)
        .map(|n| json!({ "id": 100 + n, "name": format!("person {n}") }))
        .collect();
    let document = "mutation($input: PersonCreate!) { createPerson(input: $input) \
        { peopleByBossAggregate { count } } }";
    let input = json!({ "id": 99, "name": "boss", "peopleByBoss": { "create": people } });
    let answer = trio.ask(document, &json!({ "input": input }));
    let figures = &answer["data"]["createPerson"]["peopleByBossAggregate"];
    assert_eq!(figures[0]["count"], 500, "{answer:.500}");
}
