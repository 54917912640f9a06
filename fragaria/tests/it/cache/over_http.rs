//! What clients and caches on the way are told, and how they ask whether an answer is still the same.

use super::ground::{Ground, ask};
use crate::client::Response;
use crate::server::Server;
use serde_json::Value;

/// `{ books { title } }`
const BOOKS: &str = "GET /graphql?query=%7Bbooks%7Btitle%7D%7D";
const RESPONSE: &str = "accept: application/graphql-response+json";

fn asked(server: &Server, headers: &[&str]) -> Response {
    server.ask(BOOKS, headers, b"")
}

fn tagged(server: &Server, tag: &str, headers: &[&str]) -> Response {
    let tag = format!("if-none-match: {tag}");
    asked(server, &[&[&*tag], headers].concat())
}

#[test]
fn who_has_an_answer_is_told_that_it_is_still_the_same() {
    let ground = Ground::sqlite();
    let server = ground.serve(&[]);
    let first = asked(&server, &[]);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 30, "{tag}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.header("age"), "0");
    let vary = "accept, authorization, x-api-key, fragaria-as";
    assert_eq!(first.header("vary"), vary);
    let others = format!("\"x\", W/{tag}");
    for given in [&*tag, &*others, "*"] {
        let same = tagged(&server, given, &[]);
        assert_eq!((same.status, &*same.body), (304, &b""[..]), "{given}");
        assert_eq!(same.header("etag"), tag);
        assert_eq!(same.header("cache-control"), "private, no-cache");
        assert_eq!(same.header("vary"), vary);
        assert_eq!(same.header("content-encoding"), "");
    }
    // Another media type is another representation.
    let other = tagged(&server, &tag, &[RESPONSE]);
    assert_eq!(other.status, 200);
    assert_ne!(other.header("etag"), tag);
    assert_eq!(
        tagged(&server, other.header("etag"), &[RESPONSE]).status,
        304
    );
    ask(
        &server,
        "mutation { updateBook(id: 1, set: { title: \"Sula\" }) { id } }",
    );
    let changed = tagged(&server, &tag, &[]);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(changed.json()["data"]["books"][0]["title"], "Sula");
}

#[test]
fn a_packed_answer_has_a_tag_of_its_own() {
    let ground = Ground::sqlite();
    let server = ground.serve(&["server.compression.bytes_min=10"]);
    let plain = asked(&server, &[]);
    let tag = plain.header("etag").to_owned();
    let packed = asked(&server, &["accept-encoding: gzip"]);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let inner = tag.trim_matches('"');
    assert_eq!(packed.header("etag"), format!("\"{inner}-gzip\""));
    assert!(packed.header("vary").contains("accept"), "{packed:?}");
    let same = tagged(&server, packed.header("etag"), &["accept-encoding: gzip"]);
    assert_eq!((same.status, same.header("content-encoding")), (304, ""));
}

#[test]
fn what_is_not_kept_and_what_is_posted_is_not_to_be_kept_by_others() {
    let ground = Ground::sqlite();
    let server = ground.serve(&[]);
    let posted = ask(&server, "{ books { title } }").answer;
    let loans = server.ask("GET /graphql?query=%7Bloans%7Breader%7D%7D", &[], b"");
    let wrong = server.ask("GET /graphql?query=%7Bnone%7D", &["if-none-match: *"], b"");
    let dear = asked(&server, &["graphql-cost: report", "if-none-match: *"]);
    drop(server);
    let off = ground.serve(&["cache.clients=off"]);
    let off = asked(&off, &["if-none-match: *"]);
    for answer in [posted, loans, wrong, dear, off] {
        assert_ne!(answer.status, 304);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!((answer.header("etag"), answer.header("age")), ("", ""));
    }
}

#[test]
fn others_may_keep_what_callers_without_credentials_are_answered_where_that_is_said() {
    let ground = Ground::sqlite();
    let rules = "
extend schema @role(name: \"guest\")
extend type Book @access(to: \"guest\", allow: READ)
";
    let schema = ground.project.read("schema.graphql") + rules;
    ground.project.write("schema.graphql", &schema);
    ground.project.run(&["compile"]);
    let settings = ["auth.anonymous_role=guest", "auth.api_keys.enabled=true"];
    let create = ["api-key", "create", "--name", "till", "--role", "guest"];
    let made = [&create[..], &["--expires", "1d", "--json"]].concat();
    let made: Value = serde_json::from_str(&ground.project.run(&made)).unwrap();
    let server = ground.serve(&settings);
    assert_eq!(
        asked(&server, &[]).header("cache-control"),
        "private, no-cache"
    );
    drop(server);
    let shared = [settings[0], settings[1], "cache.clients=shared"];
    let server = ground.serve(&shared);
    assert_eq!(asked(&server, &[]).header("surrogate-key"), "");
    drop(server);
    let keyed = [&shared[..], &["cache.surrogate_keys=true"]].concat();
    let server = ground.serve(&keyed);
    let open = asked(&server, &[]);
    assert_eq!(open.header("cache-control"), "public, max-age=600");
    assert_eq!(open.header("surrogate-key"), "book");
    assert_eq!(open.header("cache-tag"), "book");
    let key = format!("x-api-key: {}", made["key"].as_str().unwrap());
    let known = asked(&server, &[&key]);
    assert_eq!(known.header("cache-control"), "private, no-cache");
    assert_eq!(known.header("surrogate-key"), "");
    assert_eq!(known.body, open.body);
}
