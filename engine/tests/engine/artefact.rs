//! Artefacts: the same bytes every time, and nothing but what was written.

use crate::show;
use engine::artefact::{self, Error};
use model::{Dialect, Schema};

const SDL: &str = "type A @table { id: Int! @id b: [B!]! @relation(inverse: \"a\") }\n\
                   type B @table { id: Int! @id aId: Int! s: S a: A! @relation(fields: [\"aId\"]) }\n\
                   enum S { X Y }";

fn schema() -> Schema {
    show::schema(SDL, Dialect::Sqlite)
}

fn text() -> String {
    String::from_utf8(artefact::write(&schema())).expect("JSON is text")
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
    let text = text().into_bytes();
    for index in 0..text.len() - 1 {
        let mut changed = text.clone();
        changed[index] ^= 1;
        assert!(artefact::read(&changed).is_err(), "byte {index}");
    }
}

#[test]
fn refusals_say_why() {
    let text = text();
    let hash = artefact::read(text.as_bytes())
        .expect("ours")
        .hash
        .to_string();
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
    ]
    .join("\n");
    insta::assert_snapshot!(shown);
}
