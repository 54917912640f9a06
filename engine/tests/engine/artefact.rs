//! Artefacts: the same bytes every time, and nothing but what was written.

use crate::show;
use engine::artefact::{self, Error};
use model::{Dialect, Schema};

/// What the rules of two tables have in common is one rule.
const RULES: &str = "extend schema @role(name: \"x\") @role(name: \"y\")\n\
                     extend type A @access(to: \"x\", allow: READ, where: {id: {eq: {claim: \"a\"}}})\n\
                     extend type B @access(to: \"x\", allow: READ, where: {id: {eq: {claim: \"a\"}}}, fields: [\"id\"])\n\
                     type C @table { id: Int! @id } extend type C @access(to: \"x\", allow: READ, where: {id: {eq: {claim: \"a\"}}})\n\
                     extend type A @access(to: \"y\", allow: READ, fields: [\"id\"])\n\
                     extend type C @access(to: \"y\", allow: READ)";

const SDL: &str = "type A @table { id: Int! @id b: [B!]! @relation(inverse: \"a\") }\n\
                   type B @table { id: Int! @id aId: Int! s: S a: A! @relation(fields: [\"aId\"]) }\n\
                   enum S { X Y }";

fn schema() -> Schema {
    show::schema(SDL, Dialect::Sqlite)
}

fn text() -> String {
    String::from_utf8(artefact::write(&schema())).expect("JSON is text")
}

fn ruled() -> Schema {
    show::schema(&format!("{SDL}\n{RULES}"), Dialect::Sqlite)
}

fn refusal(text: &str) -> String {
    artefact::read(text.as_bytes())
        .expect_err("a refusal")
        .to_string()
}

#[test]
fn the_format_is_written_down() {
    insta::assert_snapshot!(text());
}

#[test]
fn what_is_written_reads_back() {
    let read = artefact::read(text().as_bytes()).expect("our own artefact");
    assert_eq!(read.schema, schema());
    assert!(text().contains(&format!("\"hash\":\"{}\"", read.hash)));
    assert_eq!(artefact::write(&read.schema), text().into_bytes());
}

#[test]
fn the_hash_follows_the_content() {
    let other = show::schema(&SDL.replace('Y', "Z"), Dialect::Sqlite);
    let hash = |schema| artefact::read(&artefact::write(schema)).expect("ours").hash;
    assert_ne!(hash(&schema()), hash(&other));
}

#[test]
fn every_change_of_a_byte_is_refused() {
    let text = artefact::write(&ruled());
    for index in 0..text.len() - 1 {
        for bit in [0, 3, 5, 7] {
            let mut changed = text.clone();
            changed[index] ^= 1 << bit;
            assert!(artefact::read(&changed).is_err(), "byte {index}");
        }
        assert!(artefact::read(&text[..index]).is_err(), "until {index}");
    }
}

#[test]
fn rules_that_are_alike_are_written_once() {
    let schema = ruled();
    let text = String::from_utf8(artefact::write(&schema)).expect("JSON is text");
    let (_, rules) = text.split_once("\"rules\":").expect("rules");
    insta::assert_snapshot!(rules);
    let read = artefact::read(text.as_bytes()).expect("our own artefact");
    assert_eq!(read.schema, schema);
    let of = |name: &str| {
        let mut tables = read.schema.tables.iter();
        &tables
            .find(|table| table.type_name == name)
            .expect("it")
            .access
    };
    assert!(std::sync::Arc::ptr_eq(&of("A")[1], &of("C")[1]));
    assert_eq!(of("B")[0].claims, [("a".to_owned(), "Int".to_owned())]);
}

#[test]
fn refusals_say_why() {
    let text = text();
    let of = |text: &str| {
        let read = artefact::read(text.as_bytes());
        read.expect("ours").hash.to_string()
    };
    let hash = of(&text);
    let rules = String::from_utf8(artefact::write(&ruled())).expect("JSON is text");
    let rehash_of_rules = |from: &str, to: &str| {
        let changed = rules.replacen(from, to, 1);
        match artefact::read(changed.as_bytes()) {
            Err(Error::Hash { found, .. }) => {
                refusal(&changed.replace(&of(&rules), &found.to_string()))
            }
            other => format!("{other:?}"),
        }
    };
    let rehashed = |from: &str, to: &str| {
        // What somebody writes who knows the format: the hash is no signature.
        let changed = text.replace(from, to);
        match artefact::read(changed.as_bytes()) {
            Err(Error::Hash { found, .. }) => refusal(&changed.replace(&hash, &found.to_string())),
            other => format!("{other:?}"),
        }
    };
    let shown = [
        refusal(""),
        refusal("{}"),
        refusal("[1]"),
        refusal(&text.replace("fragaria-artefact", "something")),
        refusal(&text.replace("\"version\":11", "\"version\":10")),
        refusal(&text.replace("\"name\":\"A\"", "\"name\":\"a\"")),
        refusal(&format!("{text}x")),
        refusal(&text.replace(&hash, "abc")),
        refusal(&text.replacen("\"sqlite\"", "\"postgres\"", 1)),
        refusal(&text.replacen("{\"format\"", "{\"more\":1,\"format\"", 1)),
        rehashed("\"target\":1", "\"target\":7"),
        rehashed("\"key\":[0]", "\"key\":[9]"),
        rehashed("\"writable\":true", "\"writable\": true"),
        rehashed("\"enums\":[", "\"more\":1,\"enums\":["),
        refusal(&"[".repeat(100_000)),
        rehash_of_rules("\"held\":[[0", "\"held\":[[9"),
        rehash_of_rules("\"held\":[[0", "\"held\":[[18446744073709551615"),
        rehash_of_rules("\"held\":[", "\"held\":[[],"),
        rehash_of_rules(
            "\"rules\":[",
            "\"rules\":[{\"roles\":[0],\"allow\":[],\"columns\":[],\"relations\":[]},",
        ),
        rehash_of_rules("\"columns\":[0", "\"columns\":[7"),
    ]
    .join("\n");
    insta::assert_snapshot!(shown);
}
