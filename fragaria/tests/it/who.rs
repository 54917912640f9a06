//! Who is asking: tokens of a real `OpenID` provider, forged ones, and none.

mod forged;
mod introspection;
mod issuers;
mod keys;
mod logged;
mod operators;
pub(crate) mod provider;
mod restored;
mod revoked;

use crate::client::{Client, Response};
use crate::project::Project;
use crate::server::Server;
use provider::Provider;
use serde_json::{Value, json};
use std::net::SocketAddr;

const JSON: &str = "content-type: application/json";
const NEW: &str = "accept: application/graphql-response+json";
const OLD: &str = "accept: application/json";
const QUERY: &[u8] = br#"{"query":"{ product(id: 1) { name } }"}"#;

/// Who may ask that, and who may not.
const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "public") @role(name: "auditor")
extend type Product
  @access(to: "clerk", allow: [READ, CREATE])
  @access(to: "public", allow: READ)
"#;

/// A project with access rules.
pub(crate) fn ruled() -> Project {
    let project = Project::small();
    rule(&project);
    project
}

/// Adds the rules to a project.
fn rule(project: &Project) {
    project.write("schema.graphql", &(project.read("schema.graphql") + RULES));
    project.run(&["compile"]);
}

/// One request with these headers.
fn ask(server: &Server, headers: &[&str]) -> Response {
    server.ask("POST /graphql", &[&[JSON], headers].concat(), QUERY)
}

/// How a request with a token is answered: its status, and the code of its error.
fn fares(server: &Server, token: &str) -> (u16, String) {
    fares_at(server.address, token)
}

/// The same, wherever the server is.
fn fares_at(address: SocketAddr, token: &str) -> (u16, String) {
    let mut client = Client::connect(address);
    let headers = [JSON, &bearer(token)];
    client.request("POST /graphql", &headers, QUERY).unwrap();
    let answer = client.response().unwrap();
    (answer.status, answer.code())
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// How many requests ended so at the door.
fn counted(server: &Server, outcome: &str) -> u64 {
    server.metric(&format!(
        "fragaria_guard_callers_total{{outcome=\"{outcome}\"}}"
    ))
}

#[test]
fn a_token_of_an_openid_provider_lets_its_caller_in() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let token = provider.token("jwt-client");
    for _ in 0..3 {
        assert_eq!(fares(&server, &token), good());
    }
    assert_eq!(
        (counted(&server, "token"), counted(&server, "remembered")),
        (1, 2)
    );
    let spelled = format!("Authorization: bearer {token}");
    assert_eq!(ask(&server, &[&spelled]).status, 200);
    assert_eq!(provider.asked("/jwks"), 1);
    let logged = server.logged("the keys of an issuer are here");
    assert_eq!(
        (&logged["issuer"], &logged["keys"]),
        (&json!(provider.origin), &json!(1))
    );
    let fetched = format!(
        "fragaria_guard_jwks_fetched_seconds{{issuer=\"{}\"}}",
        provider.origin
    );
    assert!(provider::now() - server.metric(&fetched) < 60);
}

#[test]
fn a_request_without_credentials_is_asked_for_some() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    for accept in [NEW, OLD] {
        let answer = ask(&server, &[accept]);
        assert_eq!((answer.status, &*answer.code()), (401, "auth.required"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let answer = ask(&server, &[accept, "authorization: Bearer x"]);
        assert_eq!((answer.status, &*answer.code()), (401, "auth.invalid"));
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Bearer error="invalid_token""#
        );
    }
    let get = server.get("/graphql?query=%7B__typename%7D");
    assert_eq!((get.status, &*get.code()), (401, "auth.required"));
    // A body that is never read costs nothing.
    assert_eq!(
        server.ask("POST /graphql", &[JSON], b"{").code(),
        "auth.required"
    );
    for path in ["/health", "/health/live", "/health/ready", "/metrics", "/"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(
        (counted(&server, "required"), counted(&server, "malformed")),
        (4, 2)
    );
    let outcome = "{endpoint=\"graphql\",outcome=\"unauthenticated\"}";
    assert_eq!(
        server.metric(&format!("fragaria_http_requests_total{outcome}")),
        6
    );
}

#[test]
fn more_than_one_credential_is_ambiguous() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let token = bearer(&provider.token("jwt-client"));
    for other in [
        &*token,
        "authorization: Bearer x",
        "authorization: Basic eDp5",
    ] {
        for headers in [[&*token, other], [other, &*token]] {
            let answer = ask(&server, &headers);
            assert_eq!((answer.status, &*answer.code()), (400, "auth.ambiguous"));
        }
    }
    assert_eq!(ask(&server, &[&token]).status, 200);
}

#[test]
fn each_caller_has_a_name_of_its_own() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let write = |token: &str, id: u32| {
        let document =
            format!("mutation {{ createProduct(input: {{ id: {id}, name: \"{id}\" }}) {{ id }} }}");
        let body = json!({ "query": document }).to_string();
        let headers = [JSON, &bearer(token), "idempotency-key: k"];
        let answer = server.ask("POST /graphql", &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("idempotency-replayed").to_owned()
    };
    let [one, other] = ["a", "b"].map(|sub| provider.sign(&json!({}), &json!({ "sub": sub })));
    assert_eq!(write(&one, 10), "");
    assert_eq!(write(&other, 11), "", "the key of another caller");
    let renewed = provider.sign(&json!({}), &json!({ "sub": "a", "jti": "new" }));
    assert_eq!(
        write(&renewed, 10),
        "true",
        "the same caller by another token"
    );
    let database = rusqlite::Connection::open(project.path("shop.db")).unwrap();
    let mut statement = database
        .prepare("SELECT caller FROM fragaria_idempotency ORDER BY caller")
        .unwrap();
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        names,
        ["a", "b"].map(|sub| format!("{} {sub}", provider.origin))
    );
}

#[test]
fn what_a_caller_sees_follows_from_the_roles_of_its_token() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &[]);
    let with = |roles: Value| {
        fares(
            &server,
            &provider.sign(&json!({}), &json!({ "roles": roles })),
        )
    };
    for roles in [
        json!("auditor clerk"),
        json!(["clerk", "unknown"]),
        json!(["public"]),
    ] {
        assert_eq!(with(roles.clone()), good(), "{roles}");
    }
    for roles in [json!("auditor"), json!(["unknown"]), json!([]), json!(null)] {
        assert_eq!(with(roles.clone()).1, "engine.invalid", "{roles}");
    }
    drop(server);
    let elsewhere = provider.setting(", roles_claim = 'realm.roles'");
    let server = project.serve(&[&elsewhere]).ready();
    let claims = json!({ "realm": { "roles": ["clerk"] }, "roles": null });
    assert_eq!(fares(&server, &provider.sign(&json!({}), &claims)), good());
    assert_eq!(
        fares(&server, &provider.token("jwt-client")).1,
        "engine.invalid"
    );
}

#[test]
fn whoever_has_no_token_is_anonymous_and_a_bad_token_never_is() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &["auth.anonymous_role=public"]);
    assert_eq!(ask(&server, &[]).status, 200);
    assert_eq!(counted(&server, "anonymous"), 1);
    let expired = provider.sign(&json!({}), &json!({ "exp": provider::now() - 60 }));
    for bad in [&*expired, "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(fares(&server, bad), refused(401, "auth.invalid"), "{bad}");
    }
    for header in [
        "authorization:",
        "authorization: Basic eDp5",
        "authorization: Bearer",
    ] {
        let answer = ask(&server, &[header]);
        assert_eq!(
            (answer.status, &*answer.code()),
            (401, "auth.invalid"),
            "{header}"
        );
    }
    assert_eq!(counted(&server, "anonymous"), 1);
    assert_eq!(fares(&server, &provider.token("jwt-client")), good());
    drop(server);
    let alone = project.serve(&["auth.anonymous_role=public"]).ready();
    assert_eq!(ask(&alone, &[]).status, 200);
    assert_eq!(fares(&alone, "x"), refused(401, "auth.invalid"));
}

#[test]
fn whoever_develops_needs_no_token_and_a_bad_one_is_refused() {
    let (provider, project) = (Provider::start(), ruled());
    let server = project.dev(&[&provider.setting("")]).ready();
    assert_eq!(ask(&server, &[]).status, 200);
    assert_eq!(counted(&server, "development"), 1);
    server.until("/health/ready", |response| {
        response.json()["dependencies"]["issuers"]["status"] == "up"
    });
    assert_eq!(fares(&server, &provider.token("jwt-client")), good());
    assert_eq!(fares(&server, "x"), refused(401, "auth.invalid"));
    let wish = r#"fragaria-as: {"roles": ["clerk"]}"#;
    assert_eq!(ask(&server, &[wish]).status, 200);
    let both = ask(&server, &[wish, &bearer(&provider.token("jwt-client"))]);
    assert_eq!((both.status, &*both.code()), (400, "auth.ambiguous"));
}

#[test]
fn a_token_is_written_nowhere() {
    let (provider, project) = (Provider::start(), ruled());
    let server = provider.serve(&project, &["log.level=trace"]);
    let good_one = provider.token("jwt-client");
    let bad = provider.sign(&json!({}), &json!({ "aud": "other" }));
    assert_eq!(fares(&server, &good_one), good());
    let answer = ask(&server, &[&bearer(&bad), "x-request-id: mine"]);
    let message = answer.json()["errors"][0]["message"].to_string();
    assert!(message.contains("not for this API"), "{message}");
    let lines = server.read_log("the caller is not known");
    let last = lines.last().unwrap();
    assert_eq!(last["request_id"], "mine");
    assert!(last["detail"].to_string().contains("audience"), "{last}");
    server.signal("TERM");
    let rest = server.read_log("stopped: every request was answered");
    let told = format!("{lines:?}{rest:?}{answer:?}");
    for token in [good_one, bad] {
        for part in token.split('.') {
            assert!(!told.contains(part), "{part}");
        }
    }
    assert!(server.ended().success());
}

#[test]
fn what_cannot_be_kept_safe_is_refused_at_configuration() {
    let project = ruled();
    let with = |more: &str| format!("auth.issuers=[{{ audience = 'a', {more} }}]");
    let issuer = "issuer = 'https://issuer.example'";
    for (setting, told) in [
        (
            with(&format!("{issuer}, algorithms = ['HS256']")),
            "unknown variant HS256",
        ),
        (
            with(&format!("{issuer}, algorithms = ['none']")),
            "unknown variant none",
        ),
        (
            with(&format!("{issuer}, algorithms = []")),
            "has no `algorithms`",
        ),
        (
            with("issuer = 'http://issuer.example'"),
            "http:// is for loopback only",
        ),
        (
            with(&format!("{issuer}, jwks_url = 'http://a.example'")),
            "http:// is for loopback only",
        ),
        (
            with(&format!("{issuer}, audiense = 'b'")),
            "unknown field audiense",
        ),
        (
            format!("auth.issuers=[{{ {issuer} }}]"),
            "has no `audience`",
        ),
        (
            "auth.jwks_keep_seconds=1".to_owned(),
            "1 is too small, at least 300",
        ),
        (
            "auth.introspection.client_id=me".to_owned(),
            "auth.introspection.url: is missing",
        ),
    ] {
        let refusal = project.fail(&["config", "--set", &setting]);
        assert!(refusal.contains(told), "{setting}: {refusal}");
    }
    let both = [
        "config",
        "--set",
        "auth.open=true",
        "--set",
        "auth.anonymous_role=x",
    ];
    let refusal = project.fail(&both);
    assert!(refusal.contains("auth.open: lets everybody"), "{refusal}");
    for (file, told) in [
        ("fragaria.toml", "has no certificate in it"),
        ("nowhere.pem", "nowhere.pem cannot be used"),
    ] {
        let setting = format!("auth.root_certificates={file}");
        let refusal = project.fail(&["serve", "--set", &setting]);
        assert!(refusal.contains(told), "{setting}: {refusal}");
    }
}

#[test]
fn issuers_stand_in_the_file_in_sections_of_their_own() {
    let project = ruled();
    let file = "[database]\nurl = \"sqlite:shop.db\"\n\n[[auth.issuers]]\nissuer = \"https://a.example\"\n";
    project.write("fragaria.toml", file);
    let refusal = project.fail(&["config"]);
    assert!(refusal.contains("fragaria.toml:4"), "{refusal}");
    project.write(
        "fragaria.toml",
        &format!("{file}audience = \"a\"\nleeway = 1\n"),
    );
    let refusal = project.fail(&["config"]);
    assert!(refusal.contains("unknown field leeway"), "{refusal}");
    let whole = "[auth.introspection]\nurl = \"https://a.example/ask\"\nissuer = \"a\"\n\
        audience = \"a\"\nclient_id = \"me\"\nclient_secret = \"hunter2\"\n";
    project.write(
        "fragaria.toml",
        &format!("{file}audience = \"a\"\n\n{whole}"),
    );
    let told: Value = serde_json::from_str(&project.run(&["config", "--json"])).unwrap();
    assert_eq!(
        told["auth.introspection.client_secret"]["value"],
        "[redacted]"
    );
    assert_eq!(told["auth.issuers"]["value"][0]["audience"], "a");
}
