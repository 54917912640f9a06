//! Tokens that nobody gave: forged, altered, stale, and made for something else.

use super::provider::{AUDIENCE, Provider, now};
use super::{ask, bearer, counted, fares, fares_at, good, refused, ruled};
use crate::server::Server;
use serde_json::{Value, json};

/// A part of a token as it is written; `base64` is the crate's name.
fn part(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn a_token_that_its_issuer_did_not_sign_is_refused() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let real = provider.sign(&json!({}), &json!({}));
    assert_eq!(fares(&server, &real), good());
    let parts: Vec<&str> = real.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{real}")
    };
    let mut raised = provider.claims();
    raised["roles"] = json!(["admin"]);
    let raised = part(&raised.to_string());
    let confused = json!({
        "header": { "alg": "HS256", "kid": "first" },
        "claims": provider.claims(),
    });
    let confused = provider.hand("confuse", &confused)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = |kid: &str, alg: &str| {
        let header = json!({ "alg": alg, "kid": kid });
        provider
            .signed(&json!({ "header": header, "claims": provider.claims(), "signer": "nobody" }))
    };
    let none = part(r#"{"alg":"none"}"#);
    let forged = [
        ("without a signature", format!("{header}.{claims}.")),
        ("with two parts", format!("{header}.{claims}")),
        ("with five", format!("{header}.{claims}.{signature}.a.b")),
        ("of alg none", format!("{none}.{claims}.")),
        (
            "of alg none, with a signature",
            format!("{none}.{claims}.{signature}"),
        ),
        (
            "with other claims",
            format!("{header}.{raised}.{signature}"),
        ),
        ("with a padded signature", format!("{real}==")),
        ("signed by HMAC with the public key", confused),
        (
            "of a key of nobody under a known name",
            foreign("first", "RS256"),
        ),
        ("of a key of nobody", foreign("nobody", "RS256")),
        (
            "of another kind of key under a known name",
            foreign("first", "ES256"),
        ),
        (
            "of another algorithm of that key",
            foreign("first", "RS512"),
        ),
    ];
    for (what, token) in &forged {
        assert_eq!(
            fares(&server, token),
            refused(401, "auth.invalid"),
            "{what}: {token}"
        );
    }
    assert_eq!(fares(&server, &real), good());
}

#[test]
fn a_key_that_a_token_brings_along_is_not_used() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let elsewhere = Provider::start();
    let jwk = elsewhere.hand("show", &json!({}));
    for header in [
        json!({ "jwk": jwk }),
        json!({ "jku": format!("{}/jwks", elsewhere.origin) }),
        json!({ "x5u": format!("{}/jwks", elsewhere.origin) }),
        json!({ "x5c": ["MIIB"] }),
    ] {
        let mut named = header.clone();
        named["alg"] = "RS256".into();
        named["kid"] = "first".into();
        // The other provider's own key has the same name.
        let forged = elsewhere.signed(&json!({ "header": named, "claims": provider.claims() }));
        assert_eq!(
            fares(&server, &forged),
            refused(401, "auth.invalid"),
            "{header}"
        );
        assert_eq!(
            fares(&server, &provider.sign(&header, &json!({}))),
            good(),
            "{header}"
        );
    }
    assert_eq!(elsewhere.asked("/jwks"), 0);
}

/// Whether tokens that differ so from a good one, in header or claims, are refused with those words.
fn check_refused(server: &Server, provider: &Provider, wrong: &[(Value, Value, &str)]) {
    for (header, claims, told) in wrong {
        let token = provider.sign(header, claims);
        let answer = ask(server, &[&bearer(&token)]);
        let what = format!("{header} {claims}");
        assert_eq!(
            (answer.status, &*answer.code()),
            (401, "auth.invalid"),
            "{what}"
        );
        let message = answer.json()["errors"][0]["message"].to_string();
        assert!(message.contains(told), "{what}: {message}");
    }
}

#[test]
fn a_token_of_another_time_or_place_is_refused() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let now = now();
    let wrong = [
        (json!({ "exp": now - 60 }), "has expired"),
        (json!({ "exp": null }), "must"),
        (json!({ "exp": "never" }), "must"),
        (json!({ "nbf": now + 120 }), "not valid yet"),
        (json!({ "nbf": "now" }), "must"),
        (json!({ "iat": now + 120 }), "not valid yet"),
        (
            json!({ "aud": "https://other.example" }),
            "not for this API",
        ),
        (json!({ "aud": null }), "not for this API"),
        (json!({ "aud": [] }), "not for this API"),
        (
            json!({ "iss": "https://other.example" }),
            "an issuer that is not known",
        ),
        (json!({ "iss": null }), "an issuer that is not known"),
        (
            json!({ "iss": format!("{}/", provider.origin) }),
            "an issuer that is not known",
        ),
        (json!({ "sub": null }), "must"),
        (json!({ "roles": 7 }), "must"),
        (json!({ "cnf": { "jkt": "x" } }), "must"),
    ];
    let wrong = wrong.map(|(claims, told)| (json!({}), claims, told));
    check_refused(&server, &provider, &wrong);
    for (outcome, count) in [
        ("expired", 1),
        ("early", 2),
        ("audience", 3),
        ("issuer", 3),
        ("claims", 6),
    ] {
        assert_eq!(counted(&server, outcome), count, "{outcome}");
    }
    let several = json!({ "aud": ["https://other.example", AUDIENCE], "nbf": now + 20 });
    assert_eq!(fares(&server, &provider.sign(&json!({}), &several)), good());
}

#[test]
fn a_token_of_another_kind_is_refused() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let wrong = [
        json!({ "typ": "logout+jwt" }),
        json!({ "cty": "JWT" }),
        json!({ "crit": ["b64"], "b64": true }),
    ];
    let wrong = wrong.map(|header| (header, json!({}), "no token that can be read"));
    check_refused(&server, &provider, &wrong);
    let unknown = provider.signed(&json!({
        "header": { "alg": "RS256", "kid": "second" },
        "claims": provider.claims(),
        "signer": "first",
    }));
    let answer = ask(&server, &[&bearer(&unknown)]);
    let altered = fares(&server, &(provider.sign(&json!({}), &json!({})) + "AAAA"));
    assert_eq!((answer.status, answer.code()), altered);
    let message = answer.json()["errors"][0]["message"].to_string();
    assert!(message.contains("not signed with a key"), "{message}");
    for typ in ["JWT", "at+jwt", "application/at+JWT"] {
        let token = provider.sign(&json!({ "typ": typ }), &json!({}));
        assert_eq!(fares(&server, &token), good(), "{typ}");
    }
}

#[test]
fn a_token_without_bounds_is_refused_unread() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &["auth.token_bytes_max=4096"]);
    let large = provider.sign(&json!({}), &json!({ "x": "x".repeat(4096) }));
    assert_eq!(fares(&server, &large), refused(401, "auth.invalid"));
    let payloads = [
        provider.sign(&json!({}), &json!({})),
        "[".repeat(2000),
        format!("{}1{}", r#"{"a":"#.repeat(300), "}".repeat(300)),
        "null".to_owned(),
        String::new(),
    ];
    for payload in payloads {
        let header = json!({ "alg": "RS256", "kid": "first" });
        let token = provider.signed(&json!({ "header": header, "payload": payload }));
        assert_eq!(
            fares(&server, &token),
            refused(401, "auth.invalid"),
            "{payload}"
        );
    }
    assert_eq!(counted(&server, "malformed"), 6);
    let small = provider.sign(&json!({}), &json!({ "x": "x".repeat(1024) }));
    assert_eq!(fares(&server, &small), good());
}

#[test]
fn a_flood_of_names_of_unknown_keys_reaches_the_issuer_once() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &["auth.jwks_retry_seconds=600"]);
    let before = provider.asked("/jwks");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (address, provider) = (server.address, &provider);
            scope.spawn(move || {
                let claims = part(&provider.claims().to_string());
                for index in 0..50 {
                    let header = format!(r#"{{"alg":"RS256","kid":"x{thread}-{index}"}}"#);
                    let token = format!("{}.{claims}.AAAA", part(&header));
                    assert_eq!(fares_at(address, &token), refused(401, "auth.invalid"));
                }
            });
        }
    });
    assert_eq!(provider.asked("/jwks") - before, 1);
    assert_eq!(counted(&server, "signature"), 200);
}
