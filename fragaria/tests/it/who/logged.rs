//! Who asked, as the log tells it: by name and roles, and never by what a caller shows.

use super::keys::{ON, create, text};
use super::provider::Provider;
use super::{ask, bearer, ruled};
use crate::server::Server;
use serde_json::{Value, json};

/// Caller and roles of the line that the next request leaves, and all that was logged.
fn logged(server: &Server, headers: &[&str]) -> (Value, Value, String) {
    ask(server, headers);
    loop {
        let lines = server.read_log("request");
        let line = lines.last().unwrap();
        if line["endpoint"] == "graphql" {
            let whole = Value::from(lines.clone()).to_string();
            return (line["caller"].clone(), line["roles"].clone(), whole);
        }
    }
}

#[test]
fn the_line_of_a_request_names_its_caller_and_its_roles_and_nothing_it_shows() {
    let (provider, project) = (Provider::start(), ruled());
    let made = create(&project, &["--claims", "{\"shop\": \"seven-seas\"}"]);
    let key = text(&made, "key");
    let secret = key.rsplit('_').next().unwrap();
    let token = provider.sign(
        &json!({}),
        &json!({ "sub": "ann", "roles": ["clerk", "auditor"], "city": "Graz" }),
    );
    let by_key = format!("x-api-key: {key}");
    let by_token = bearer(&token);
    let name = format!("{} ann", provider.origin);
    let id = format!("key:{}", text(&made, "id"));
    for (callers, expected) in [
        (
            "name",
            [
                (json!(name), json!("auditor,clerk")),
                (json!(id), json!("clerk")),
            ],
        ),
        (
            "roles",
            [
                (Value::Null, json!("auditor,clerk")),
                (Value::Null, json!("clerk")),
            ],
        ),
        (
            "nothing",
            [(Value::Null, Value::Null), (Value::Null, Value::Null)],
        ),
    ] {
        let setting = format!("log.callers={callers}");
        let server = provider.serve(&project, &[ON, &setting]);
        let showing = [[&*by_token], [&*by_key]];
        for (shown, (caller, roles)) in showing.iter().zip(expected) {
            let (told, had, whole) = logged(&server, shown);
            assert_eq!((told, had), (caller, roles), "{callers}");
            for private in [&*token, key, secret, "seven-seas", "Graz"] {
                assert!(!whole.contains(private), "{private} is in {whole}");
            }
            let names = whole.contains("ann\"") || whole.contains(&id);
            assert_eq!(names, callers == "name", "{whole}");
        }
        // Nobody is known by a bad token.
        let (told, had, _) = logged(&server, &["authorization: Bearer a.b.c"]);
        assert_eq!((told, had), (Value::Null, Value::Null));
    }
}

#[test]
fn whoever_develops_is_named_so_and_whoever_is_anonymous_has_its_role() {
    let project = ruled();
    let server = project.dev(&["log.format=json"]).ready();
    let (caller, roles, _) = logged(&server, &[]);
    assert_eq!((caller, roles), (json!("development"), Value::Null));
    let wish = "fragaria-as: {\"roles\": [\"clerk\"], \"claims\": {\"tenant\": 77123}}";
    let (_, roles, whole) = logged(&server, &[wish]);
    assert_eq!(roles, json!("clerk"));
    assert!(!whole.contains("77123"), "{whole}");
    drop(server);
    let server = project.serve(&["auth.anonymous_role=public"]).ready();
    let (caller, roles, _) = logged(&server, &[]);
    assert_eq!((caller, roles), (json!("anonymous"), json!("public")));
}
