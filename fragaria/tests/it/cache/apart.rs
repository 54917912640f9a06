//! Nobody is given what another one was answered, unless the same statement with the same values would be
//! run for both.

use super::ground::{Ground, ask, ask_as, counted, settled};
use crate::access;
use crate::client::PATIENCE;
use crate::server::Server;
use serde_json::{Value, json};
use std::time::Instant;

const NOTE: &str = "{ note(id: 1) { word } }";

const RULES: &str = "
extend schema @role(name: \"clerk\") @role(name: \"boss\")
extend type Book
  @access(to: \"clerk\", allow: READ, where: { shelfId: { eq: { claim: \"shelf\" } } }, except: [\"shelfId\"])
  @access(to: \"boss\", allow: READ)
";

fn dev(ground: &Ground, settings: &[&str]) -> Server {
    let schema = ground.project.read("schema.graphql") + RULES;
    ground.project.write("schema.graphql", &schema);
    let settings = [
        &["cache.enabled=true", "database.changes.beat_ms=5"],
        settings,
    ]
    .concat();
    ground.project.dev(&settings).ready()
}

fn holder(role: &str, claims: &Value) -> String {
    let who = json!({ "roles": [role], "claims": claims });
    format!("fragaria-as: {who}")
}

#[test]
fn callers_share_an_answer_just_when_all_that_is_bound_is_the_same() {
    const BOOKS: &str = "{ books(orderBy: [{ id: ASC }]) { title } }";
    let ground = Ground::sqlite();
    let server = dev(&ground, &[]);
    let seen = |who: &str| {
        let told = ask_as(&server, &[who], &json!({ "query": BOOKS }));
        let books = told.data()["books"].clone();
        let titles: Vec<_> = books
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["title"].clone())
            .collect();
        (titles, told.cache)
    };
    let clerk = |claims: Value| holder("clerk", &claims);
    let (high, low) = (json!(["Emma", "Ulysses"]), json!(["Momo"]));
    let titles = |titles: &Value| titles.as_array().unwrap().clone();
    assert_eq!(
        seen(&clerk(json!({ "shelf": 1 }))),
        (titles(&high), "miss".into())
    );
    assert_eq!(
        seen(&clerk(json!({ "shelf": 2 }))),
        (titles(&low), "miss".into())
    );
    // Who it is is bound nowhere, so it makes no difference.
    let other = clerk(json!({ "shelf": 1, "sub": "another" }));
    assert_eq!(seen(&other), (titles(&high), "hit".into()));
    assert_eq!(
        seen(&clerk(json!({ "shelf": 2 }))),
        (titles(&low), "hit".into())
    );
    let nobody = ask_as(&server, &[&clerk(json!({}))], &json!({ "query": BOOKS }))
        .answer
        .body;
    assert!(!String::from_utf8(nobody).unwrap().contains("Emma"));
    let all = json!(["Emma", "Ulysses", "Momo"]);
    assert_eq!(
        seen(&holder("boss", &json!({}))),
        (titles(&all), "miss".into())
    );
    assert_eq!(seen("x-nothing: 1"), (titles(&all), "miss".into()));
    assert_eq!(
        seen(&holder("boss", &json!({ "shelf": 1 }))),
        (titles(&all), "hit".into())
    );
    // What a role may not see is refused, whoever saw it before.
    let shelves = "{ books { shelfId } }";
    let boss = holder("boss", &json!({}));
    ask_as(&server, &[&boss], &json!({ "query": shelves })).data();
    let clerk = r#"{"roles": ["clerk"], "claims": {"shelf": 1}}"#;
    let refused = access::asked(&server, clerk, shelves);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "engine.invalid");
}

#[test]
fn values_and_names_are_told_apart() {
    const BY_WORD: &str = "query($word: String) { notes(where: { word: { eq: $word } }) { id } }";
    const TWO: &str =
        "query A { a: notes(limit: 1) { id } } query B { a: notes(limit: 1) { word } }";
    let ground = Ground::sqlite();
    ground.sql("INSERT INTO note VALUES (2, '1'), (3, 'null'), (4, '')");
    let server = ground.serve(&[]);
    let one = "{ a: notes(limit: 1) { id } }";
    let asked = [
        (
            json!({ "query": BY_WORD, "variables": { "word": "1" } }),
            json!({ "notes": [{ "id": 2 }] }),
        ),
        (
            json!({ "query": BY_WORD, "variables": { "word": "null" } }),
            json!({ "notes": [{ "id": 3 }] }),
        ),
        (
            json!({ "query": BY_WORD, "variables": { "word": "" } }),
            json!({ "notes": [{ "id": 4 }] }),
        ),
        (
            json!({ "query": BY_WORD, "variables": { "word": "first" } }),
            json!({ "notes": [{ "id": 1 }] }),
        ),
        (json!({ "query": one }), json!({ "a": [{ "id": 1 }] })),
        (
            json!({ "query": "{ b: notes(limit: 1) { id } }" }),
            json!({ "b": [{ "id": 1 }] }),
        ),
        (
            json!({ "query": one.replace("id", "word") }),
            json!({ "a": [{ "word": "first" }] }),
        ),
        (
            json!({ "query": TWO, "operationName": "A" }),
            json!({ "a": [{ "id": 1 }] }),
        ),
        (
            json!({ "query": TWO, "operationName": "B" }),
            json!({ "a": [{ "word": "first" }] }),
        ),
    ];
    // Twice each: what is kept of one is not given for another.
    for cache in ["miss", "hit"] {
        for (body, data) in &asked {
            let told = ask_as(&server, &[], body);
            assert_eq!((&told.data(), &*told.cache), (data, cache), "{body}");
        }
        for word in [json!(1), json!(true), json!(["1"]), json!({ "eq": "1" })] {
            let body = json!({ "query": BY_WORD, "variables": { "word": word } });
            let told = ask_as(&server, &[], &body);
            assert_eq!((&*told.cache, told.answer.code().is_empty()), ("", false));
        }
    }
    let absent = json!({ "query": BY_WORD, "variables": {} });
    let null = json!({ "query": BY_WORD, "variables": { "word": null } });
    let [absent, null] = [absent, null].map(|body| {
        let [once, again] = [0, 1].map(|_| ask_as(&server, &[], &body).answer.body);
        assert_eq!(once, again);
        once
    });
    for (_, data) in &asked {
        let data = json!({ "data": data }).to_string();
        assert!(null != data.as_bytes() && absent != data.as_bytes());
    }
    assert!(counted(&server, "hit") >= 9);
}

#[test]
fn an_edit_of_the_schema_lets_go_of_what_was_kept() {
    const BOOKS: &str = "{ books { title } }";
    let ground = Ground::sqlite();
    let server = dev(&ground, &[]);
    let clerk = holder("clerk", &json!({ "shelf": 1 }));
    let seen = || ask_as(&server, &[&clerk], &json!({ "query": BOOKS }));
    seen().data();
    assert_eq!(seen().cache, "hit");
    let schema = ground.project.read("schema.graphql");
    let narrowed = schema.replace("except: [\"shelfId\"]", "except: [\"shelfId\", \"title\"]");
    assert_ne!(schema, narrowed);
    ground.project.write("schema.graphql", &narrowed);
    server.read_log("the edit is served");
    assert_eq!(server.metric("fragaria_cache_entries"), 0);
    assert_eq!(seen().answer.code(), "engine.invalid");
    let moved = schema.replace("{ claim: \"shelf\" }", "2");
    assert_ne!(schema, moved);
    ground.project.write("schema.graphql", &moved);
    server.read_log("the edit is served");
    assert_eq!(seen().data(), json!({ "books": [{ "title": "Momo" }] }));
    assert_eq!(seen().cache, "hit");
}

#[test]
fn nothing_is_kept_where_nobody_sees_what_others_change() {
    const NOTE: &str = "{ notes { word } }";
    let ground = Ground::postgres("max_replication_slots = 0");
    let server = ground.serve(&[]);
    for _ in 0..20 {
        assert_eq!(ask(&server, NOTE).cache, "bypass");
    }
    assert_eq!(server.metric("fragaria_cache_puts_total"), 0);
    drop(server);
    // Unless that is said: then an answer is as old as it may be, and what this server writes is seen.
    ground.replace(
        "type Note @cache(maxAge: 60)",
        "type Note @cache(maxAge: 2)",
    );
    let server = ground.serve(&["cache.unseen=expire"]);
    let begun = Instant::now();
    let first = settled(&server, NOTE);
    ground.sql("UPDATE note SET word = 'second'");
    while ask(&server, NOTE).data() == first {
        assert!(begun.elapsed() < PATIENCE, "it is kept for ever");
    }
    settled(&server, NOTE);
    ask(
        &server,
        "mutation { updateNote(id: 1, set: { word: \"third\" }) { id } }",
    );
    assert_eq!(
        ask(&server, NOTE).data(),
        json!({ "notes": [{ "word": "third" }] })
    );
}

#[test]
fn nothing_that_is_kept_is_given_while_the_feed_is_down() {
    const NOTE: &str = "{ notes { word } }";
    for ground in Ground::all().into_iter().skip(1) {
        let server = ground.serve(&["cache.stale_ms_max=50"]);
        let before = settled(&server, NOTE);
        ground.kill();
        let start = Instant::now();
        while ask(&server, NOTE).cache == "hit" {
            assert!(
                start.elapsed() < PATIENCE,
                "what was kept is given for ever"
            );
        }
        for _ in 0..3 {
            let told = ask(&server, NOTE);
            assert_ne!(told.cache, "hit");
            assert!(!told.answer.code().is_empty());
        }
        ground.start_again();
        server.until("/health/ready", |response| response.status == 200);
        let start = Instant::now();
        while ask(&server, NOTE).cache != "hit" {
            assert!(start.elapsed() < PATIENCE, "nothing is kept any more");
        }
        assert_eq!(settled(&server, NOTE), before);
    }
}

#[test]
fn nothing_is_kept_of_a_table_whose_policies_hold_for_the_server() {
    let ground = Ground::postgres("");
    ground.sql(
        "CREATE ROLE app LOGIN REPLICATION; GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
         ALTER TABLE note ENABLE ROW LEVEL SECURITY;
         CREATE POLICY here ON note USING (EXISTS (SELECT FROM loan WHERE reader = 'Ann'))",
    );
    let url = as_app(&ground);
    for unseen in ["refuse", "expire"] {
        let settings = [
            format!("database.url={url}"),
            format!("cache.unseen={unseen}"),
        ];
        let server = ground.serve(&settings.each_ref().map(|it| &**it));
        settled(&server, "{ shelves { name } }");
        for _ in 0..20 {
            let told = ask(&server, "{ notes { word } }");
            assert_eq!(&*told.cache, "bypass", "{unseen}");
            assert_eq!(told.data(), json!({ "notes": [{ "word": "first" }] }));
        }
    }
}

#[test]
fn what_is_kept_goes_with_the_labels_and_the_rights_by_which_it_was_read() {
    let ground = Ground::postgres("");
    ground.sql(
        "CREATE TYPE mood AS ENUM ('GLAD', 'SAD');
         ALTER TABLE counter ADD feels mood NOT NULL DEFAULT 'GLAD';
         UPDATE counter SET feels = 'SAD' WHERE id = 2;
         CREATE ROLE app LOGIN REPLICATION BYPASSRLS; GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
         ALTER TABLE note ENABLE ROW LEVEL SECURITY",
    );
    let moods = "enum Mood @enum(name: \"mood\") { GLAD SAD }\n\ntype Counter ";
    ground.replace("type Counter ", moods);
    ground.replace("value: Int!", "value: Int!\n  feels: Mood!");
    let url = as_app(&ground);
    let server = ground.serve(&[&format!("database.url={url}")]);
    let moods = "{ counters { feels } }";
    assert_eq!(
        settled(&server, moods)["counters"],
        json!([{ "feels": "GLAD" }, { "feels": "SAD" }])
    );
    assert_eq!(settled(&server, NOTE)["note"]["word"], "first");
    ground.sql(
        "BEGIN; ALTER TYPE mood RENAME VALUE 'SAD' TO 'OTHER'; ALTER TYPE mood RENAME VALUE 'GLAD' TO 'SAD';
         ALTER TYPE mood RENAME VALUE 'OTHER' TO 'GLAD'; COMMIT",
    );
    soon(
        &server,
        moods,
        &json!({ "counters": [{ "feels": "SAD" }, { "feels": "GLAD" }] }),
    );
    ground.sql("ALTER ROLE app NOBYPASSRLS");
    soon(&server, NOTE, &json!({ "note": null }));
}

/// The database for the login `app`.
fn as_app(ground: &Ground) -> String {
    let config = ground.project.read("fragaria.toml");
    let mut lines = config.lines();
    let url = lines.find_map(|line| line.strip_prefix("url = \""));
    url.unwrap()
        .trim_end_matches('"')
        .replace("postgres@", "app@")
}

/// Waits until a kept answer is another one.
fn soon(server: &Server, document: &str, expected: &Value) {
    let start = Instant::now();
    while ask(server, document).data() != *expected {
        assert!(
            start.elapsed() < PATIENCE,
            "{document} stays as it was kept"
        );
    }
}
