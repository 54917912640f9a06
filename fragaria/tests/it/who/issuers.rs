//! Issuers that change their keys, say something else, or are away.

use super::provider::{AUDIENCE, Provider};
use super::{fares, fares_at, good, refused, ruled};
use crate::client::PATIENCE;
use crate::instance::free_port;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// Asks with a token until it fares so.
fn until(server: &Server, token: &str, outcome: &(u16, String)) {
    let start = Instant::now();
    loop {
        let told = fares(server, token);
        if told == *outcome {
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{told:?} stays, and is not {outcome:?}"
        );
    }
}

/// Asks with a token until it is told to stop; how often it asked. All of it must come in.
fn traffic(address: SocketAddr, token: &str, stop: &AtomicBool, asked: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        assert_eq!(fares_at(address, token), good());
        asked.fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends the traffic, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn awaited(asked: &AtomicU64, more: u64) {
    let (start, goal) = (Instant::now(), asked.load(Ordering::Relaxed) + more);
    while asked.load(Ordering::Relaxed) < goal {
        assert!(start.elapsed() < PATIENCE, "the traffic stands still");
        thread::yield_now();
    }
}

#[test]
fn keys_are_rotated_while_traffic_flows_and_none_is_refused_wrongly() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &["auth.jwks_refresh_seconds=1"]);
    let old = provider.token("jwt-client");
    let (stop_old, stop_new) = (&AtomicBool::new(false), &AtomicBool::new(false));
    let (asked_old, asked_new) = (&AtomicU64::new(0), &AtomicU64::new(0));
    let old = &*old;
    thread::scope(|scope| {
        let address = server.address;
        let (old_flows, _new_flows) = (Stop(stop_old), Stop(stop_new));
        scope.spawn(move || traffic(address, old, stop_old, asked_old));
        awaited(asked_old, 20);
        // A token of the new key comes in the moment it is there, remembered or not.
        provider.hand("rotate", &json!({ "alg": "ES256", "kid": "second" }));
        let new = provider.token("jwt-client");
        for _ in 0..2 {
            let new = new.clone();
            scope.spawn(move || traffic(address, &new, stop_new, asked_new));
        }
        for index in 0..20 {
            let fresh = provider.sign(
                &json!({ "alg": "ES256", "kid": "second" }),
                &json!({ "jti": index }),
            );
            assert_eq!(fares(&server, &fresh), good());
        }
        awaited(asked_new, 20);
        awaited(asked_old, 20);
        drop(old_flows);
        provider.hand("forget", &json!({ "kid": "first" }));
        until(&server, old, &refused(401, "auth.invalid"));
        assert_eq!(fares(&server, old), refused(401, "auth.invalid"));
        awaited(asked_new, 20);
    });
    assert_eq!(fares(&server, &provider.token("jwt-client")), good());
}

#[test]
fn every_algorithm_that_is_taken_by_default_is_the_issuers_to_choose() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    for (index, alg) in ["RS256", "PS256", "ES256", "EdDSA"].into_iter().enumerate() {
        let kid = format!("key-{index}");
        provider.hand("rotate", &json!({ "alg": alg, "kid": kid }));
        assert_eq!(
            fares(&server, &provider.token("jwt-client")),
            good(),
            "{alg}"
        );
    }
    provider.hand("rotate", &json!({ "alg": "ES384", "kid": "other" }));
    let other = provider.token("jwt-client");
    assert_eq!(fares(&server, &other), refused(401, "auth.invalid"));
    drop(server);
    let setting = provider.setting(", algorithms = ['ES384']");
    let server = project.serve(&[&setting]).ready();
    assert_eq!(fares(&server, &other), good());
    provider.hand("forget", &json!({ "kid": "other" }));
    let usual = provider.token("jwt-client");
    assert_eq!(fares(&server, &usual), refused(401, "auth.invalid"));
}

#[test]
fn two_issuers_vouch_for_their_own_callers_only() {
    let [one, other] = [Provider::start(), Provider::start()];
    let project = ruled();
    let issuer = |provider: &Provider| {
        let origin = &provider.origin;
        format!("{{ issuer = '{origin}', audience = '{AUDIENCE}' }}")
    };
    let setting = format!("auth.issuers=[{}, {}]", issuer(&one), issuer(&other));
    let server = project.serve(&[&setting]).ready();
    for provider in [&one, &other] {
        assert_eq!(fares(&server, &provider.token("jwt-client")), good());
    }
    // Both call their key the same.
    let across = one.sign(&json!({}), &json!({ "iss": other.origin }));
    assert_eq!(fares(&server, &across), refused(401, "auth.invalid"));
    drop(other);
    assert_eq!(fares(&server, &one.token("jwt-client")), good());
    assert_eq!(server.get("/health/ready").status, 200);
}

#[test]
fn the_server_starts_while_its_issuer_is_away() {
    let (port, project) = (free_port(), ruled());
    let setting =
        format!("auth.issuers=[{{ issuer = 'http://127.0.0.1:{port}', audience = '{AUDIENCE}' }}]");
    let server = project.serve(&[&setting, "auth.jwks_retry_seconds=1"]);
    server.until("/health/ready", |response| {
        response.json()["dependencies"]["issuers"]["status"] == "down"
    });
    let elsewhere = Provider::start();
    let claims = json!({ "iss": format!("http://127.0.0.1:{port}") });
    let token = elsewhere.sign(&json!({}), &claims);
    let answer = super::ask(&server, &[&super::bearer(&token)]);
    assert_eq!((answer.status, &*answer.code()), (503, "auth.unavailable"));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(super::ask(&server, &[]).code(), "auth.required");
    for path in ["/health/live", "/metrics"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let provider = Provider::with(&json!({ "port": port }));
    until(&server, &provider.token("jwt-client"), &good());
    assert_eq!(fares(&server, &token), refused(401, "auth.invalid"));
    assert!(server.ready().get("/metrics").status == 200);
}

#[test]
fn a_server_that_lets_others_in_says_that_its_issuer_is_away() {
    let (port, project) = (free_port(), ruled());
    let setting =
        format!("auth.issuers=[{{ issuer = 'http://127.0.0.1:{port}', audience = '{AUDIENCE}' }}]");
    let server = project.serve(&[&setting, "auth.anonymous_role=clerk"]);
    let ready = server.until("/health/ready", |response| {
        response.json()["dependencies"]["issuers"]["status"] == "away"
    });
    assert_eq!(
        server
            .until("/health/ready", |ready| ready.status == 200)
            .status,
        200
    );
    assert!(ready.json()["dependencies"]["issuers"]["reason"].is_string());
}

#[test]
fn the_last_keys_of_an_issuer_that_went_away_hold_for_the_time_that_is_set() {
    let (port, project) = (free_port(), ruled());
    let provider = Provider::with(&json!({ "port": port }));
    let keep = "auth.jwks_keep_seconds=3";
    let server = provider.serve(&project, &[keep, "auth.jwks_refresh_seconds=1"]);
    let [before, never_seen] =
        ["a", "b"].map(|sub| provider.sign(&json!({}), &json!({ "sub": sub })));
    assert_eq!(fares(&server, &before), good());
    drop(provider);
    server.logged("the keys of an issuer cannot be fetched");
    assert_eq!(fares(&server, &never_seen), good());
    until(&server, &before, &refused(503, "auth.unavailable"));
    assert_eq!(
        fares(&server, &never_seen),
        refused(503, "auth.unavailable")
    );
    let ready = server.get("/health/ready");
    assert_eq!(
        (
            ready.status,
            &ready.json()["dependencies"]["issuers"]["status"]
        ),
        (503, &json!("down"))
    );
    let provider = Provider::with(&json!({ "port": port }));
    until(&server, &provider.token("jwt-client"), &good());
    assert_eq!(
        fares(&server, &before),
        refused(401, "auth.invalid"),
        "its key is gone"
    );
}

#[test]
fn an_issuer_that_answers_with_something_else_is_away() {
    let project = ruled();
    for (how, told) in [
        ("break", "the status 500"),
        ("nonsense", "describes no issuer"),
        ("flood", "larger than 262144 bytes"),
        ("redirect", "the status 302"),
        ("hang", "no answer within 500ms"),
        ("impersonate", "describes another issuer"),
    ] {
        let provider = Provider::start();
        provider.hand("behave", &json!({ "as": how }));
        let settings = ["auth.fetch_timeout_ms=500", "auth.jwks_retry_seconds=1"];
        let server = project.serve(&[&[&*provider.setting("")], &settings[..]].concat());
        let reason = server.logged("the keys of an issuer cannot be fetched")["reason"].clone();
        assert!(reason.as_str().unwrap().contains(told), "{how}: {reason}");
        let token = provider.sign(&json!({}), &json!({}));
        assert_eq!(
            fares(&server, &token),
            refused(503, "auth.unavailable"),
            "{how}"
        );
        assert_eq!(provider.asked("/elsewhere"), 0);
        provider.hand("behave", &json!({ "as": "answer" }));
        until(&server, &token, &good());
    }
}

#[test]
fn keys_may_be_where_the_configuration_says() {
    let (provider, project) = (Provider::start(), ruled());
    let more = format!(", jwks_url = '{}/jwks'", provider.origin);
    let server = project.serve(&[&provider.setting(&more)]).ready();
    assert_eq!(fares(&server, &provider.token("jwt-client")), good());
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 0);
    assert_eq!(provider.asked("/jwks"), 1);
    drop(server);
    let few = project
        .serve(&[&provider.setting(&more), "auth.jwks_keys_max=1"])
        .ready();
    provider.hand("rotate", &json!({ "alg": "ES256", "kid": "second" }));
    let new = provider.token("jwt-client");
    assert_eq!(fares(&few, &new), refused(503, "auth.unavailable"));
    let reason = few.logged("the keys of an issuer cannot be fetched")["reason"].clone();
    assert_eq!(reason, "it shows more than 1 keys");
}

/// A certificate authority, and a certificate by it for this machine: its file, and the options of
/// a provider that has it.
fn certified(project: &Project, name: &str) -> (String, Value) {
    let directory = project.path("");
    let openssl = |line: &str| {
        let mut command = Command::new("openssl");
        let told = command
            .current_dir(&directory)
            .args(line.split(' '))
            .output();
        let told = told.unwrap();
        assert!(told.status.success(), "{told:?}");
    };
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 {curve} -days 2 -subj /CN={name} -keyout {name}.ca.key -out {name}.crt"
    ));
    openssl(&format!(
        "req {curve} -subj /CN=issuer -addext subjectAltName=IP:127.0.0.1 \
         -keyout {name}.key -out {name}.csr"
    ));
    openssl(&format!(
        "x509 -req -in {name}.csr -CA {name}.crt -CAkey {name}.ca.key -CAcreateserial -days 2 \
         -copy_extensions copy -out {name}.pem"
    ));
    let [key, cert] = ["key", "pem"].map(|end| project.read(&format!("{name}.{end}")));
    (
        format!("{name}.crt"),
        json!({ "tls": { "key": key, "cert": cert } }),
    )
}

#[test]
fn an_issuer_is_asked_by_https_and_only_a_certificate_that_is_trusted_will_do() {
    let project = ruled();
    let (authority, options) = certified(&project, "issuer");
    let (other, _) = certified(&project, "other");
    let provider = Provider::with(&options);
    assert!(provider.origin.starts_with("https://"));
    let trusting = |authority: &str| {
        let roots = format!("auth.root_certificates={authority}");
        project.serve(&[&provider.setting(""), &roots])
    };
    let claims = provider.claims();
    let server = trusting(&authority).ready();
    assert_eq!(server.get("/health/ready").status, 200);
    let token = Provider::start().sign(&json!({}), &claims);
    assert_eq!(fares(&server, &token), refused(401, "auth.invalid"));
    drop(server);
    for server in [trusting(&other), project.serve(&[&provider.setting("")])] {
        let reason = server.logged("the keys of an issuer cannot be fetched")["reason"].clone();
        let reason = reason.as_str().unwrap();
        assert!(reason.contains("certificate"), "{reason}");
        assert_eq!(fares(&server, &token), refused(503, "auth.unavailable"));
    }
}
