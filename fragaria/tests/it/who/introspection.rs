//! Tokens that cannot be read here, about which their issuer is asked.

use super::provider::{AUDIENCE, Provider};
use super::{JSON, QUERY, bearer, counted, fares, good, refused, ruled};
use crate::client::{Client, OTHER, PATIENCE};
use crate::project::Project;
use serde_json::json;
use std::time::Instant;

const PATH: &str = "/token/introspection";

/// The settings by which a provider is asked.
fn settings(provider: &Provider) -> Vec<String> {
    let origin = &provider.origin;
    [
        format!("url={origin}{PATH}"),
        format!("issuer={origin}"),
        format!("audience={AUDIENCE}"),
        "client_id=fragaria".to_owned(),
        "client_secret=the secret of fragaria".to_owned(),
        "name_claim=client_id".to_owned(),
        "cache_seconds=1".to_owned(),
    ]
    .map(|setting| format!("auth.introspection.{setting}"))
    .into()
}

fn served(provider: &Provider, project: &Project, more: &[&str]) -> crate::server::Server {
    let settings = settings(provider);
    let settings: Vec<_> = settings
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    project.serve(&settings).ready()
}

#[test]
fn a_token_that_cannot_be_read_is_asked_about_until_it_is_taken_back() {
    let (provider, project) = (Provider::start(), ruled());
    let server = served(&provider, &project, &[]);
    let token = provider.token("opaque-client");
    assert!(!token.contains('.'));
    assert_eq!(fares(&server, &token), good());
    assert_eq!(fares(&server, "nobodys"), refused(401, "auth.invalid"));
    assert_eq!(super::ask(&server, &[]).code(), "auth.required");
    let form = format!("token={token}");
    assert_eq!(
        provider
            .post("/token/revocation", "opaque-client", &form)
            .status,
        200
    );
    let start = Instant::now();
    while fares(&server, &token) == good() {
        assert!(start.elapsed() < PATIENCE, "it was taken back");
    }
    assert_eq!(fares(&server, &token), refused(401, "auth.invalid"));
    assert!(counted(&server, "inactive") >= 2);
}

#[test]
fn an_answer_is_remembered_for_the_time_that_is_set() {
    let (provider, project) = (Provider::start(), ruled());
    let server = served(
        &provider,
        &project,
        &["auth.introspection.cache_seconds=30"],
    );
    let token = provider.token("opaque-client");
    for _ in 0..5 {
        assert_eq!(fares(&server, &token), good());
        assert_eq!(fares(&server, "nobodys"), refused(401, "auth.invalid"));
    }
    assert_eq!(provider.asked(PATH), 2);
}

#[test]
fn an_address_that_has_many_tokens_asked_about_leaves_questions_to_others() {
    let (provider, project) = (Provider::start(), ruled());
    let more = [
        "auth.introspection.questions_max=2",
        "auth.fetch_timeout_ms=30000",
    ];
    let server = served(&provider, &project, &more);
    let token = provider.token("opaque-client");
    provider.hand("behave", &json!({ "as": "hang" }));
    let mut greedy = server.client();
    let headers = [JSON, &bearer("nobodys")];
    greedy.request("POST /graphql", &headers, QUERY).unwrap();
    let start = Instant::now();
    while provider.asked(PATH) < 1 {
        assert!(start.elapsed() < PATIENCE, "it is asked about");
    }
    provider.hand("behave", &json!({ "as": "answer" }));
    let answer = super::ask(&server, &[&bearer("anothers")]);
    assert_eq!((answer.status, &*answer.code()), (503, "auth.share"));
    assert_eq!(answer.header("retry-after"), "1");
    let mut other = Client::from(OTHER, server.address);
    let headers = [JSON, &bearer(&token)];
    other.request("POST /graphql", &headers, QUERY).unwrap();
    assert_eq!(other.response().unwrap().status, 200);
    assert_eq!(counted(&server, "share"), 1);
    let outcome = "fragaria_guard_introspections_total{outcome=\"share\"}";
    assert_eq!(server.metric(outcome), 1);
    drop(greedy);
    let start = Instant::now();
    while fares(&server, "nobodys") != refused(401, "auth.invalid") {
        assert!(start.elapsed() < PATIENCE, "its question is over");
    }
}

#[test]
fn nobody_is_let_in_while_the_issuer_cannot_be_asked() {
    let (provider, project) = (Provider::start(), ruled());
    let more = [
        "auth.introspection.cache_seconds=0",
        "auth.fetch_timeout_ms=500",
    ];
    let server = served(&provider, &project, &more);
    let token = provider.token("opaque-client");
    assert_eq!(fares(&server, &token), good());
    provider.hand("behave", &json!({ "as": "hang" }));
    assert_eq!(fares(&server, &token), refused(503, "auth.unavailable"));
    provider.hand("behave", &json!({ "as": "answer" }));
    assert_eq!(fares(&server, &token), good());
    drop(provider);
    assert_eq!(fares(&server, &token), refused(503, "auth.unavailable"));
    assert_eq!(server.get("/health/live").status, 200);
}

#[test]
fn the_answer_must_be_about_a_token_for_this_api_and_the_server_known_to_the_issuer() {
    let (provider, project) = (Provider::start(), ruled());
    let token = provider.token("opaque-client");
    for (setting, outcome) in [
        (
            "audience=https://other.example",
            refused(401, "auth.invalid"),
        ),
        ("issuer=https://other.example", refused(401, "auth.invalid")),
        ("name_claim=sub", refused(401, "auth.invalid")),
        ("client_secret=guessed", refused(503, "auth.unavailable")),
    ] {
        let setting = format!("auth.introspection.{setting}");
        let server = served(&provider, &project, &[&setting]);
        assert_eq!(fares(&server, &token), outcome, "{setting}");
    }
}

#[test]
fn a_signed_token_is_never_asked_about_where_its_issuers_are_known() {
    let (provider, project) = (Provider::start(), ruled());
    let server = served(&provider, &project, &[&provider.setting("")]);
    assert_eq!(fares(&server, &provider.token("jwt-client")), good());
    let other = provider.sign(&json!({}), &json!({ "iss": "https://other.example" }));
    assert_eq!(fares(&server, &other), refused(401, "auth.invalid"));
    assert_eq!(provider.asked(PATH), 0);
    assert_eq!(fares(&server, &provider.token("opaque-client")), good());
    assert_eq!(provider.asked(PATH), 1);
}
