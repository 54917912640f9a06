//! Tokens that are taken back before their end.

use super::keys::{ON, create, text};
use super::provider::{AUDIENCE, Provider, now};
use super::{JSON, bearer, fares, good, refused, rule, ruled};
use crate::client::PATIENCE;
use crate::instance::Instance;
use crate::project::{Project, told};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::time::Instant;

const LOOKS: &str = "auth.revocations.enabled=true";
const RECHECK: &str = "auth.revocations.recheck_seconds=1";

fn serve(provider: &Provider, project: &Project, more: &[&str]) -> Server {
    provider.serve(project, &[&[LOOKS, RECHECK], more].concat())
}

/// A token that is called so.
fn called(provider: &Provider, jti: &str) -> String {
    provider.sign(&json!({}), &json!({ "jti": jti }))
}

fn revoke(project: &Project, what: &[&str]) -> Value {
    let told = project.run(&[&["token", "revoke", "--json", "--set", LOOKS], what].concat());
    serde_json::from_str(&told).unwrap()
}

/// Asks until it is answered so.
pub(super) fn until(server: &Server, token: &str, expected: &(u16, String)) {
    let start = Instant::now();
    while fares(server, token) != *expected {
        assert!(start.elapsed() < PATIENCE, "it is not {expected:?}");
    }
}

pub(super) fn invalid() -> (u16, String) {
    refused(401, "auth.invalid")
}

#[test]
fn a_revoked_token_is_refused_by_every_server_within_seconds() {
    let provider = Provider::start();
    for stage in Stage::all(&[]) {
        rule(&stage.project);
        let servers = [0, 1].map(|_| serve(&provider, &stage.project, &[]));
        let (taken, kept) = (called(&provider, "ä 'a"), called(&provider, "b"));
        for server in &servers {
            assert_eq!(
                [fares(server, &taken), fares(server, &kept)],
                [good(), good()]
            );
        }
        let told = revoke(&stage.project, &["--jti", "ä 'a"]);
        assert_eq!(told["jti"], "ä 'a");
        for server in &servers {
            until(server, &taken, &invalid());
            assert_eq!(fares(server, &kept), good());
            assert!(super::counted(server, "revoked") > 0);
        }
        drop(servers);
        let server = serve(&provider, &stage.project, &[]);
        assert_eq!(
            [fares(&server, &taken), fares(&server, &kept)],
            [invalid(), good()]
        );
    }
}

#[test]
fn all_tokens_of_a_subject_that_were_issued_before_are_refused() {
    let provider = Provider::start();
    for stage in Stage::all(&[]) {
        rule(&stage.project);
        let server = serve(&provider, &stage.project, &[]);
        let of = |subject: &str, claims: &Value| {
            let claims = super::provider::changed(json!({ "sub": subject }), claims);
            provider.sign(&json!({}), &claims)
        };
        let later = json!({ "iat": now() + 25 });
        let tokens = [
            of("ann", &json!({ "n": 1 })),
            of("ann", &json!({ "iat": null })),
            of("ann", &later),
            of("bob", &json!({})),
        ];
        for token in &tokens {
            assert_eq!(fares(&server, token), good());
        }
        revoke(
            &stage.project,
            &["--subject", "bob", "--issuer", "https://other.example"],
        );
        revoke(
            &stage.project,
            &["--subject", "ann", "--issuer", &provider.origin],
        );
        until(&server, &tokens[0], &invalid());
        let fates = tokens.each_ref().map(|token| fares(&server, token));
        assert_eq!(fates, [invalid(), invalid(), good(), good()]);
        revoke(&stage.project, &["--subject", "bob"]);
        until(&server, &tokens[3], &invalid());
        assert_eq!(fares(&server, &tokens[2]), good());
    }
}

#[test]
fn a_token_that_cannot_be_read_is_taken_back_before_its_issuer_is_asked_again() {
    let (provider, project) = (Provider::start(), ruled());
    let of = |key: &str, value: &str| format!("auth.introspection.{key}={value}");
    let settings = [
        of("url", &format!("{}/token/introspection", provider.origin)),
        of("issuer", &provider.origin),
        of("audience", AUDIENCE),
        of("client_id", "fragaria"),
        of("client_secret", "the secret of fragaria"),
        of("name_claim", "client_id"),
        of("cache_seconds", "30"),
        LOOKS.to_owned(),
        RECHECK.to_owned(),
    ];
    let server = project
        .serve(&settings.each_ref().map(String::as_str))
        .ready();
    let token = provider.token("opaque-client");
    assert_eq!(fares(&server, &token), good());
    revoke(&project, &["--subject", "opaque-client"]);
    until(&server, &token, &invalid());
    assert_eq!(provider.asked("/token/introspection"), 1);
}

#[test]
fn nobody_with_a_token_is_let_in_while_it_is_not_known_what_was_revoked() {
    let (provider, instance) = (Provider::start(), Instance::start("", |_| ()));
    crate::database::psql(
        &instance.address(),
        "CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL);
         INSERT INTO product VALUES (1, 'Strawberry')",
    );
    let project = Project::on(&instance.address());
    rule(&project);
    let server = serve(&provider, &project, &["auth.revocations.stale_seconds=2"]);
    let token = called(&provider, "a");
    assert_eq!(fares(&server, &token), good());
    instance.kill();
    until(&server, &token, &refused(503, "auth.unavailable"));
    let ready = server.until("/health/ready", |response| {
        response.json()["dependencies"]["revocations"]["status"] == "down"
    });
    assert_eq!(ready.status, 503);
    instance.start_again();
    until(&server, &token, &good());
    server.until("/health/ready", |response| response.status == 200);
}

#[test]
fn no_more_is_kept_than_may_be() {
    let (provider, project) = (Provider::start(), ruled());
    let two = ["--set", "auth.revocations.rows_max=2"];
    for jti in ["a", "b"] {
        revoke(
            &project,
            &[&["--jti", jti, "--keep", "5s"], &two[..]].concat(),
        );
    }
    let full = [&["token", "revoke", "--jti", "c", "--set", LOOKS], &two[..]].concat();
    let start = Instant::now();
    let refusal = project.fail(&full);
    assert!(refusal.contains("auth.revocations.rows_max"), "{refusal}");
    // What need not be known any more makes room, but for the last.
    while !project.output(&full).status.success() {
        assert!(start.elapsed() < PATIENCE);
    }
    let server = serve(&provider, &project, &[]);
    let fates = ["b", "c", "d"].map(|jti| fares(&server, &called(&provider, jti)));
    assert_eq!(fates, [good(), invalid(), good()]);
}

#[test]
fn many_who_revoke_at_once_each_have_a_number_of_their_own() {
    for stage in Stage::all(&[]) {
        std::thread::scope(|scope| {
            for number in 0..6 {
                let project = &stage.project;
                scope.spawn(move || revoke(project, &["--jti", &number.to_string()]));
            }
        });
        for what in ["count(DISTINCT jti)", "max(number)"] {
            assert_eq!(
                stage.outside(&format!("SELECT {what} FROM REVOCATIONS")),
                "6"
            );
        }
    }
}

#[test]
fn what_says_nothing_of_tokens_is_refused() {
    let project = ruled();
    for (what, status) in [
        (&[][..], 2),
        (&["--jti", "a", "--subject", "b"], 2),
        (&["--jti", ""], 1),
        (&["--jti", "a", "--keep", "long"], 1),
        (&["--subject", "a", "--issuer", ""], 1),
    ] {
        let output = project.output(&[&["token", "revoke", "--set", LOOKS], what].concat());
        assert_eq!(output.status.code(), Some(status), "{what:?}");
    }
    let long = "x".repeat(256);
    let refusal = project.fail(&["token", "revoke", "--set", LOOKS, "--jti", &long]);
    assert!(refusal.contains("1 to 255 bytes"), "{refusal}");
}

#[test]
fn what_would_take_nothing_back_is_refused() {
    let project = ruled();
    let issuers = "auth.issuers=[{ issuer = 'https://a.example', audience = 'api' }]";
    let revoke = |what: &[&str]| {
        let words = [
            "token", "revoke", "--json", "--set", issuers, "--set", LOOKS,
        ];
        project.output(&[&words, what].concat())
    };
    for (what, why) in [
        (
            &["--subject", "ann", "--issuer", "https://a.example/"][..],
            "no tokens of https://a.example/ are taken, letter by letter; known are: https://a.example",
        ),
        (
            &["--subject", "key:7b4vqk2mzt6ydcpa"],
            "fragaria api-key revoke",
        ),
    ] {
        let output = revoke(what);
        let told = told(&output);
        assert!(!output.status.success() && told.contains(why), "{told}");
    }
    let output = revoke(&["--subject", "https://a.example ann"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["subject"], &told["issuer"]),
        (&json!("ann"), &json!("https://a.example"))
    );
    let refusal = project.fail(&["token", "revoke", "--jti", "a"]);
    for part in [
        "no server looks for what is revoked",
        "auth.revocations.enabled",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    let listed = project.run(&["token", "list"]);
    assert!(!listed.contains("the token a"), "{listed}");
}

#[test]
fn an_operator_takes_tokens_back() {
    let (provider, project) = (Provider::start(), ruled());
    let server = serve(&provider, &project, &["auth.admin_roles=['auditor']"]);
    let operator = provider.sign(&json!({}), &json!({ "sub": "op", "roles": ["auditor"] }));
    let (clerk, other) = (called(&provider, "a"), called(&provider, "b"));
    let order = |token: &str, body: &Value| {
        let headers = [JSON, &bearer(token)];
        let body = body.to_string();
        let answer = server.ask("POST /admin/revocations", &headers, body.as_bytes());
        (answer.status, answer.code())
    };
    let body = json!({ "jti": "a" });
    assert_eq!(order(&clerk, &body), refused(403, "auth.denied"));
    assert_eq!(fares(&server, &clerk), good());
    assert_eq!(order(&operator, &body), good());
    until(&server, &clerk, &invalid());
    assert_eq!(fares(&server, &other), good());
    for body in [
        json!({}),
        json!({ "jti": "a", "subject": "b" }),
        json!({ "sub": "a" }),
    ] {
        assert_eq!(
            order(&operator, &body),
            refused(400, "admin.invalid"),
            "{body}"
        );
    }
    assert_eq!(order(&operator, &json!({ "subject": "op" })), good());
    until(&server, &operator, &invalid());
}

#[test]
fn a_key_is_no_token() {
    let project = ruled();
    let server = project.serve(&[LOOKS, RECHECK, ON]).ready();
    let made = create(&project, &[]);
    assert_eq!(fares(&server, text(&made, "key")), good());
}
