//! Answers packed for clients that unpack them: the same text, in constant memory, and never the part
//! for the whole.

use crate::client::{Client, Response};
use crate::project::Project;
use crate::server::Server;
use serde_json::json;
use std::io::Read as _;

const JSON: &str = "content-type: application/json";
const READINGS: &str = "
    CREATE TABLE reading (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO reading SELECT i, printf('%0100d', i * 7919) FROM n;
    CREATE VIEW broken AS SELECT id, note FROM reading
    WHERE abs(iif(id = 150000, -9223372036854775807 - 1, id)) > 0;";
/// What the server may need for an answer of any size, and for packing it.
const MEMORY: u64 = 32 << 20;

const SOME: &str = "{ readings(limit: 100, orderBy: [{ id: ASC }]) { id note } }";
const ALL: &str = "{ readings { id note } }";

fn served() -> (Project, Server) {
    let project = Project::database(READINGS);
    project.run(&["init", "--from", "sqlite:shop.db"]);
    project.run(&["compile"]);
    let server = project.serve(&[]).ready();
    (project, server)
}

fn asked(server: &Server, document: &str, accepted: &str) -> Response {
    let body = json!({ "query": document }).to_string();
    let accepted = format!("accept-encoding: {accepted}");
    server.ask("POST /graphql", &[JSON, &accepted], body.as_bytes())
}

/// The text of a packed answer, or why it has none.
fn unpacked(answer: &Response) -> std::io::Result<String> {
    let (body, mut text) = (answer.body.as_slice(), String::new());
    match answer.header("content-encoding") {
        "zstd" => zstd::Decoder::new(body)?.read_to_string(&mut text),
        "br" => brotli::Decompressor::new(body, 4096).read_to_string(&mut text),
        "gzip" => flate2::read::GzDecoder::new(body).read_to_string(&mut text),
        other => panic!("{other:?}"),
    }?;
    Ok(text)
}

#[test]
fn an_answer_is_packed_as_its_client_likes_best() {
    let (_project, server) = served();
    let plain = server.graphql(SOME);
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.header("vary"), "accept-encoding");
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br;q=0.9, zstd;q=0", "gzip"),
        ("br", "br"),
    ] {
        let answer = asked(&server, SOME, accepted);
        assert_eq!(answer.header("content-encoding"), coding);
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert!(answer.body.len() < plain.body.len() / 2);
        assert_eq!(unpacked(&answer).unwrap().as_bytes(), plain.body);
    }
    for accepted in ["deflate", "gzip;q=0", "identity", ""] {
        let answer = asked(&server, SOME, accepted);
        assert_eq!(answer.header("content-encoding"), "", "{accepted}");
        assert_eq!(answer.body, plain.body);
    }
}

#[test]
fn what_is_short_is_not_packed_and_nothing_is_where_that_is_switched_off() {
    let (project, server) = served();
    let short = asked(&server, "{ reading(id: 1) { id } }", "gzip");
    assert_eq!(short.header("content-encoding"), "");
    assert_eq!(short.header("vary"), "");
    drop(server);
    let server = project.serve(&["server.compression.codings=[]"]).ready();
    let plain = asked(&server, SOME, "gzip");
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.header("vary"), "");
}

#[test]
fn a_long_answer_is_packed_in_constant_memory() {
    let (_project, server) = served();
    server.graphql("{ reading(id: 1) { id } }");
    let plain = String::from_utf8(server.graphql(ALL).body).unwrap();
    let (before, _) = server.memory();
    for coding in ["zstd", "br", "gzip"] {
        let answer = asked(&server, ALL, coding);
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(unpacked(&answer).unwrap() == plain, "{coding} changed it");
    }
    let (_, most) = server.memory();
    let grown = most.saturating_sub(before);
    assert!(grown < MEMORY, "memory grew by {} MiB", grown >> 20);
    let (whole, sent) = (
        server.metric("fragaria_http_packed_plain_bytes_total"),
        server.metric("fragaria_http_packed_sent_bytes_total"),
    );
    assert_eq!(whole, 3 * plain.len() as u64);
    assert!(sent < whole / 4, "{sent} of {whole}");
}

#[test]
fn no_more_long_answers_are_packed_at_a_time_than_may_be() {
    let (project, server) = served();
    drop(server);
    let server = project.serve(&["server.compression.packers_max=1"]).ready();
    let mut slow = Client::narrow(server.address);
    let body = json!({ "query": ALL }).to_string();
    slow.request(
        "POST /graphql",
        &[JSON, "accept-encoding: gzip"],
        body.as_bytes(),
    )
    .unwrap();
    let mut first = slow.head().unwrap();
    assert_eq!(first.header("content-encoding"), "gzip");
    let second = asked(&server, ALL, "gzip");
    assert_eq!(second.header("content-encoding"), "");
    assert_eq!(server.metric("fragaria_http_packed_refused_total"), 1);
    slow.body(&mut first).unwrap();
    assert_eq!(unpacked(&first).unwrap().as_bytes(), second.body);
    let third = asked(&server, ALL, "gzip");
    assert_eq!(third.header("content-encoding"), "gzip");
}

#[test]
fn a_packed_answer_that_breaks_off_is_no_whole_one() {
    let (_project, server) = served();
    for coding in ["zstd", "br", "gzip"] {
        let mut client = server.client();
        let body = json!({ "query": "{ brokens { id note } }" }).to_string();
        let accepted = format!("accept-encoding: {coding}");
        client
            .request("POST /graphql", &[JSON, &accepted], body.as_bytes())
            .unwrap();
        let mut answer = client.head().unwrap();
        assert_eq!(answer.status, 200);
        assert!(client.body(&mut answer).is_err(), "{coding} looks whole");
        assert!(!answer.body.is_empty(), "rows came before it");
        assert!(
            unpacked(&answer).is_err(),
            "{coding} ends as if it were whole"
        );
        let line = server.logged("request");
        assert_eq!(line["outcome"], "aborted");
    }
}
