//! Answers that are kept: given again while nothing changed, and never one moment too long.

mod apart;
mod consistency;
mod ground;
mod over_http;
mod together;

use crate::client::PATIENCE;
use crate::project::{Project, told};
use ground::{Base, Ground, ask, counted, settled, until};
use serde_json::json;
use std::time::{Duration, Instant};

const TITLE: &str = "{ book(id: 1) { title shelf { name } } }";

#[test]
fn an_answer_is_given_again_until_a_table_changes_whoever_changes_it() {
    for ground in Ground::all() {
        let server = ground.serve(&[]);
        let first = json!({ "book": { "title": "Emma", "shelf": { "name": "high" } } });
        assert_eq!(settled(&server, TITLE), first);
        // What this server writes is seen by whoever asks after it.
        for round in 0..5 {
            let title = format!("Emma {round}");
            let write =
                format!("mutation {{ updateBook(id: 1, set: {{ title: \"{title}\" }}) {{ id }} }}");
            assert_eq!(ask(&server, &write).cache, "");
            let read = ask(&server, TITLE);
            assert_ne!(read.cache, "hit");
            assert_eq!(read.data()["book"]["title"], *title);
            settled(&server, TITLE);
        }
        // What others write is seen soon, and at once where the database can be asked.
        ground.sql("UPDATE shelf SET name = 'higher' WHERE id = 1");
        let after = json!({ "book": { "title": "Emma 4", "shelf": { "name": "higher" } } });
        if matches!(ground.base, Base::Sqlite) {
            assert_eq!(ask(&server, TITLE).data(), after);
        }
        until(&server, TITLE, &after);
        // Another table is another thing, where the database tells which it was.
        settled(&server, TITLE);
        assert_eq!(
            ask(
                &server,
                "mutation { updateLoan(id: 1, set: { reader: \"Bob\" }) { id } }"
            )
            .cache,
            ""
        );
        assert_eq!(ask(&server, TITLE).cache, "hit");
        assert!(server.metric("fragaria_cache_stale_total") > 0);
        assert!(server.metric("fragaria_cache_size_bytes") > 0);
    }
}

#[test]
fn a_cache_of_which_no_type_makes_use_is_told() {
    let project = Project::small();
    let compiled = |more: &[&str]| {
        let output = project.output(&[&["compile"], more].concat());
        assert!(output.status.success());
        told(&output)
    };
    let asked = compiled(&["--set", "cache.enabled=true"]);
    let warning = "warning[cache.unused]: cache.enabled is true, and no type says";
    assert!(asked.contains(warning), "{asked}");
    assert!(!compiled(&[]).contains("cache.unused"));
    let served = || {
        let server = project.serve(&["cache.enabled=true"]);
        let lines = server.begun.iter().map(|line| line["message"].to_string());
        lines.collect::<String>()
    };
    let begun = served();
    assert!(begun.contains("no type says that answers"), "{begun}");
    let schema = std::fs::read_to_string(project.path("schema.graphql")).unwrap();
    let schema = schema.replacen(" @table", " @cache(maxAge: 60) @table", 1);
    project.write("schema.graphql", &schema);
    let used = compiled(&["--set", "cache.enabled=true"]);
    assert!(!used.contains("cache.unused"), "{used}");
    let begun = served();
    assert!(!begun.contains("no type says that answers"), "{begun}");
}

#[test]
fn what_is_kept_is_given_without_a_word_to_the_database() {
    for ground in Ground::all().into_iter().skip(1) {
        let server = ground.serve(&[]);
        let before = settled(&server, TITLE);
        let mut holder = ground.session();
        holder.sql(if ground.is_postgres() {
            "BEGIN; LOCK TABLE book IN ACCESS EXCLUSIVE MODE; SELECT 1"
        } else {
            "LOCK TABLES book WRITE; SELECT 1"
        });
        let kept = ask(&server, TITLE);
        assert_eq!((kept.data(), &*kept.cache), (before, "hit"));
    }
}

#[test]
fn foreign_keys_and_triggers_change_what_is_kept() {
    const NOTE: &str = "{ notes { word } }";
    const BOOKS: &str = "{ bookAggregate { count } }";
    for ground in Ground::all() {
        let server = ground.serve(&[]);
        // By this server: seen by the next request.
        settled(&server, NOTE);
        ask(
            &server,
            "mutation { updateBook(id: 1, set: { title: \"Sula\" }) { id } }",
        );
        assert_eq!(
            ask(&server, NOTE).data(),
            json!({ "notes": [{ "word": "Sula" }] })
        );
        assert_eq!(settled(&server, BOOKS)["bookAggregate"][0]["count"], 3);
        ask(&server, "mutation { deleteShelf(id: 2) { id } }");
        assert_eq!(ask(&server, BOOKS).data()["bookAggregate"][0]["count"], 2);
        // By others.
        settled(&server, NOTE);
        ground.sql("UPDATE book SET title = 'Jazz' WHERE id = 2");
        until(&server, NOTE, &json!({ "notes": [{ "word": "Jazz" }] }));
        settled(&server, BOOKS);
        ground.sql("DELETE FROM shelf WHERE id = 1");
        until(
            &server,
            BOOKS,
            &json!({ "bookAggregate": [{ "count": 0 }] }),
        );
    }
}

#[test]
fn nothing_is_kept_unless_both_the_configuration_and_all_types_say_so() {
    let ground = Ground::sqlite();
    let server = ground.project.serve(&[]).ready();
    for _ in 0..3 {
        assert_eq!(ask(&server, TITLE).cache, "");
    }
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(!metrics.contains("fragaria_cache_"), "{metrics}");
    drop(server);
    let server = ground.serve(&[]);
    for document in [
        "{ loans { reader } }",
        "{ books { title loans { reader } } }",
        "{ books(where: { loans: { some: { reader: { eq: \"Ann\" } } } }) { title } }",
        "{ books { title } loanAggregate { count } }",
        "{ books { title loansAggregate { count } } }",
        "{ __typename }",
        "{ books { title } __schema { queryType { name } } }",
        "mutation { updateBook(id: 1, set: { title: \"x\" }) { title } }",
    ] {
        for _ in 0..2 {
            let told = ask(&server, document);
            assert_eq!(told.cache, "", "{document}");
            told.data();
        }
    }
    assert_eq!(ask(&server, "{ books { none } }").cache, "");
    assert_eq!(server.metric("fragaria_cache_puts_total"), 0);
}

#[test]
fn the_least_age_counts_and_an_answer_that_is_as_old_is_read_anew() {
    let ground = Ground::sqlite();
    ground.replace("@cache(maxAge: 600)", "@cache(maxAge: 1)");
    let server = ground.serve(&[]);
    let begun = Instant::now();
    settled(&server, TITLE);
    settled(&server, "{ shelves { name } }");
    while ask(&server, TITLE).cache == "hit" {
        assert!(begun.elapsed() < PATIENCE, "it is kept for ever");
    }
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(ask(&server, "{ shelves { name } }").cache, "hit");
}

#[test]
fn what_is_large_is_answered_whole_and_not_kept() {
    let ground = Ground::sqlite();
    ground.sql(
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3009)
         INSERT INTO book SELECT i, 1, printf('%0100d', i) FROM n",
    );
    let document = "{ books(orderBy: [{ id: ASC }]) { id title } }";
    let server = ground.project.serve(&[]).ready();
    let expected = ask(&server, document).answer.body;
    drop(server);
    for room in [2_000, 200_000, expected.len() + 200] {
        let room = format!("cache.entry_bytes_max={room}");
        let server = ground.serve(&[&room, "database.chunk_bytes=1000"]);
        for _ in 0..2 {
            let told = ask(&server, document);
            assert_eq!(told.cache, "miss");
            assert!(told.answer.body == expected, "it is another answer");
        }
        assert_eq!(server.metric("fragaria_cache_large_total"), 2);
        assert_eq!(server.metric("fragaria_cache_entries"), 0);
    }
    let room = format!("cache.entry_bytes_max={}", expected.len() + 2_000);
    let server = ground.serve(&[&room]);
    settled(&server, document);
    assert!(ask(&server, document).answer.body == expected);
}

#[test]
fn what_is_kept_has_a_bound_and_makes_room() {
    const ROOM: u64 = 100_000;
    let ground = Ground::sqlite();
    let server = ground.serve(&["cache.bytes_max=100000", "cache.entry_bytes_max=10000"]);
    for id in 0..500 {
        let document = format!("{{ books(where: {{ id: {{ gt: -{id} }} }}) {{ title }} }}");
        assert_eq!(ask(&server, &document).cache, "miss");
        let taken = server.metric("fragaria_cache_size_bytes");
        assert!((1..=ROOM).contains(&taken), "{taken}");
    }
    let entries = server.metric("fragaria_cache_entries");
    assert!((50..500).contains(&entries), "{entries}");
    let evictions = server.metric("fragaria_cache_evictions_total");
    assert_eq!(evictions + entries, 500);
    assert_eq!(counted(&server, "hit"), 0);
}

#[test]
fn an_error_is_not_kept() {
    const NOTE: &str = "{ notes { word } }";
    let ground = Ground::sqlite();
    let server = ground.serve(&[]);
    ground.sql("ALTER TABLE note RENAME TO away");
    for _ in 0..2 {
        let told = ask(&server, NOTE);
        assert_ne!(told.cache, "hit");
        assert!(!told.answer.code().is_empty());
    }
    assert_eq!(server.metric("fragaria_cache_entries"), 0);
    ground.sql("ALTER TABLE away RENAME TO note");
    server.until("/health/ready", |response| response.status == 200);
    assert_eq!(
        settled(&server, NOTE),
        json!({ "notes": [{ "word": "first" }] })
    );
}

#[test]
fn bad_settings_and_directives_are_told() {
    let ground = Ground::sqlite();
    for (settings, said) in [
        (&["cache.unseen=maybe"][..], "expected refuse or expire"),
        (
            &["cache.enabled=true", "cache.stale_ms_max=200"],
            "more than 200",
        ),
        (
            &["cache.enabled=true", "cache.bytes_max=10"],
            "cache.bytes_max",
        ),
        (
            &["cache.enabled=true", "cache.entry_bytes_max=0"],
            "at least 1",
        ),
        (&["cache.size=1"], "cache.size"),
    ] {
        let settings = settings.iter().flat_map(|it| ["--set", *it]);
        let arguments: Vec<_> = ["config", "."].into_iter().chain(settings).collect();
        let told = ground.project.fail(&arguments);
        assert!(told.contains(said), "{told}");
    }
    let schema = ground.project.read("schema.graphql");
    for (old, new, said) in [
        ("maxAge: 600", "maxAge: 0", "from 1 to 604800"),
        ("maxAge: 600", "maxAge: 604801", "from 1 to 604800"),
        ("@cache(maxAge: 600)", "@cache", "maxAge"),
        (
            "@table(name: \"note\")",
            "@view(name: \"note\")",
            "behind a view",
        ),
    ] {
        ground
            .project
            .write("schema.graphql", &schema.replace(old, new));
        let told = ground.project.fail(&["compile"]);
        assert!(told.contains(said), "{told}");
    }
}
