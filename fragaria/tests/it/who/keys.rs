//! API keys: made by the command line, kept as hashes in the served database, shown by callers.

use super::{JSON, ask, bearer, counted, good, refused, rule, ruled};
use crate::client::PATIENCE;
use crate::instance::Instance;
use crate::project::{Project, told};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::time::Instant;

pub(super) const ON: &str = "auth.api_keys.enabled=true";
pub(super) const RECHECK: &str = "auth.api_keys.recheck_seconds=1";
const CREATE: [&str; 7] = [
    "api-key", "create", "--name", "robot", "--role", "clerk", "--json",
];

/// Projects with rules on all databases, whose servers take keys.
fn stages() -> [Stage; 3] {
    stages_with(&[ON, RECHECK])
}

/// The same with these settings.
pub(super) fn stages_with(settings: &[&'static str]) -> [Stage; 3] {
    let stages = Stage::all(settings);
    for stage in &stages {
        rule(&stage.project);
    }
    stages
}

/// What a command tells a machine.
fn run(project: &Project, arguments: &[&str]) -> Value {
    serde_json::from_str(&project.run(arguments)).unwrap()
}

/// A key that holds for a day, with further options.
pub(super) fn create(project: &Project, more: &[&str]) -> Value {
    run(project, &[&CREATE, &["--expires", "1d"][..], more].concat())
}

pub(super) fn text<'a>(told: &'a Value, name: &str) -> &'a str {
    told[name].as_str().unwrap()
}

/// How a request with a key in its header is answered.
pub(super) fn shows(server: &Server, key: &str) -> (u16, String) {
    let answer = ask(server, &[&format!("x-api-key: {key}")]);
    (answer.status, answer.code())
}

/// Asks until it is answered so.
pub(super) fn until(server: &Server, key: &str, expected: &(u16, String)) {
    let start = Instant::now();
    while shows(server, key) != *expected {
        assert!(start.elapsed() < PATIENCE, "it is not {expected:?}");
    }
}

pub(super) fn invalid() -> (u16, String) {
    refused(401, "auth.invalid")
}

#[test]
fn a_key_lets_its_caller_in_and_its_secret_is_kept_nowhere() {
    for stage in stages() {
        let server = stage.serve();
        let made = create(&stage.project, &[]);
        let key = text(&made, "key");
        for _ in 0..2 {
            assert_eq!(shows(&server, key), good());
            assert_eq!(super::fares(&server, key), good());
        }
        assert!(counted(&server, "key") >= 1 && counted(&server, "remembered") >= 1);
        let secret = key.rsplit('_').next().unwrap();
        let hash = stage.outside("SELECT hash FROM API_KEYS");
        assert!(hash.len() == 64 && !key.contains(&hash) && hash != secret);
        for column in ["id", "name", "hash", "roles", "claims"] {
            let kept = stage.outside(&format!("SELECT {column} FROM API_KEYS"));
            assert!(!kept.contains(secret), "{column}");
        }
        stage.until(
            "1",
            "SELECT count(*) FROM API_KEYS WHERE used_at IS NOT NULL",
        );
        stage.change("UPDATE API_KEYS SET used_at = 1000");
        let start = Instant::now();
        while stage.outside("SELECT count(*) FROM API_KEYS WHERE used_at > 1000") == "0" {
            assert_eq!(shows(&server, key), good());
            assert!(start.elapsed() < PATIENCE, "the last use stays");
        }
        let listed = run(&stage.project, &["api-key", "list", "--json"]);
        let listed = &listed["keys"][0];
        assert_eq!((&listed["id"], &listed["key"]), (&made["id"], &Value::Null));
        assert!(listed["used"].is_string() && listed["revoked"].is_null());
        drop(server);
        assert_eq!(shows(&stage.serve(), key), good());
    }
}

#[test]
fn a_revoked_key_is_refused_by_every_server_within_seconds() {
    for stage in stages() {
        let servers = [stage.serve(), stage.serve()];
        let made = create(&stage.project, &[]);
        let (id, key) = (text(&made, "id"), text(&made, "key"));
        for server in &servers {
            assert_eq!(shows(server, key), good());
        }
        let revoked = run(&stage.project, &["api-key", "revoke", id, "--json"]);
        assert!(revoked["revoked"].is_string());
        for server in &servers {
            until(server, key, &invalid());
            assert!(counted(server, "key_revoked") > 0);
        }
        drop(servers);
        assert_eq!(shows(&stage.serve(), key), invalid());
        let again = run(&stage.project, &["api-key", "revoke", id, "--json"]);
        assert_eq!(again["revoked"], revoked["revoked"]);
        let refusal = stage.project.fail(&["api-key", "rotate", id]);
        assert!(refusal.contains("was revoked"), "{refusal}");
        let misplaced = stage.project.fail(&["api-key", "revoke", ".", key]);
        assert!(misplaced.contains("name the key first"), "{misplaced}");
        assert!(!misplaced.contains(key), "{misplaced}");
    }
}

#[test]
fn the_secret_before_holds_for_the_time_of_grace() {
    for stage in stages() {
        let server = stage.serve();
        let made = create(&stage.project, &[]);
        let (id, old) = (text(&made, "id"), text(&made, "key"));
        assert_eq!(shows(&server, old), good());
        let rotate = |grace: &str| {
            let told = run(
                &stage.project,
                &["api-key", "rotate", id, "--grace", grace, "--json"],
            );
            text(&told, "key").to_owned()
        };
        let second = rotate("1h");
        until(&server, &second, &good());
        assert_eq!(shows(&server, old), good());
        let third = rotate("2s");
        until(&server, &third, &good());
        until(&server, old, &invalid());
        until(&server, &second, &invalid());
        assert_eq!(shows(&server, &third), good());
    }
}

#[test]
fn a_key_expires() {
    for stage in stages() {
        let server = stage.serve();
        let made = run(
            &stage.project,
            &[&CREATE, &["--expires", "4s"][..]].concat(),
        );
        let key = text(&made, "key");
        assert_eq!(shows(&server, key), good());
        until(&server, key, &invalid());
        assert!(counted(&server, "key_expired") > 0);
    }
}

#[test]
fn a_key_that_is_over_for_long_is_removed_when_the_next_one_is_made() {
    for stage in stages() {
        let [long_revoked, long_expired, revoked, living] =
            [(); 4].map(|()| text(&create(&stage.project, &[]), "id").to_owned());
        for (id, column, second) in [
            (&long_revoked, "revoked_at", 1_000),
            (&long_expired, "expires_at", 1_000),
            (&revoked, "revoked_at", super::provider::now() - 60),
        ] {
            stage.change(&format!(
                "UPDATE API_KEYS SET {column} = {second} WHERE id = '{id}'"
            ));
        }
        let made = create(&stage.project, &[]);
        let ids = || {
            let listed = run(&stage.project, &["api-key", "list", "--json"]);
            let ids = listed["keys"].as_array().unwrap().iter();
            let mut ids: Vec<_> = ids.map(|key| text(key, "id").to_owned()).collect();
            ids.sort();
            ids
        };
        let mut expected = [&*revoked, &*living, text(&made, "id")].map(str::to_owned);
        expected.sort();
        assert_eq!(ids(), expected);
        let soon = ["--set", "auth.api_keys.keep_seconds=30"];
        create(&stage.project, &soon);
        assert!(!ids().contains(&revoked) && ids().contains(&living));
    }
}

#[test]
fn what_a_caller_sees_follows_from_its_key() {
    let project = ruled();
    let server = project.serve(&[ON]).ready();
    for (role, expected) in [("clerk", ""), ("public", ""), ("auditor", "engine.invalid")] {
        let create = [
            "api-key",
            "create",
            "--name",
            "x",
            "--role",
            role,
            "--no-expiry",
        ];
        let key = project.run(&create);
        assert_eq!(shows(&server, key.trim()).1, expected, "{role}");
    }
    assert_eq!(ask(&server, &[]).code(), "auth.required");
}

#[test]
fn a_limit_for_each_key_counts_keys_apart() {
    let project = ruled();
    let rule = "rates.rules=[{ per = 'key', requests = 2, period_seconds = 3600 }]";
    let server = project.serve(&[ON, rule]).ready();
    let keys = [create(&project, &[]), create(&project, &[])];
    for key in &keys {
        let key = text(key, "key");
        for expected in [good(), good(), refused(429, "rates.exceeded")] {
            assert_eq!(shows(&server, key), expected);
        }
    }
}

#[test]
fn nobody_is_let_in_while_the_database_is_away() {
    let instance = Instance::start("", |_| ());
    crate::database::psql(
        &instance.address(),
        "CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL);
         INSERT INTO product VALUES (1, 'Strawberry')",
    );
    let project = Project::on(&instance.address());
    rule(&project);
    let server = project
        .serve(&[ON, RECHECK, "auth.anonymous_role=public"])
        .ready();
    let made = create(&project, &[]);
    let key = text(&made, "key");
    assert_eq!(shows(&server, key), good());
    instance.kill();
    until(&server, key, &refused(503, "auth.unavailable"));
    let message = server.read_log("the caller is not known").pop().unwrap();
    assert!(
        message["detail"].to_string().contains("the table of keys"),
        "{message}"
    );
    instance.start_again();
    until(&server, key, &good());
}

#[test]
fn whoever_shows_something_else_learns_nothing_of_the_keys_there_are() {
    let project = ruled();
    let server = project.serve(&[ON, "log.level=trace"]).ready();
    let (made, revoked) = (create(&project, &[]), create(&project, &[]));
    project.run(&["api-key", "revoke", text(&revoked, "id")]);
    let key = text(&made, "key");
    let other = create(&ruled(), &[]);
    let huge = format!("fra_{}", "a".repeat(7_000));
    let mut answers: Vec<_> = [
        text(&revoked, "key"),
        text(&other, "key"),
        key.strip_suffix(char::is_alphanumeric).unwrap(),
        &key.to_uppercase(),
        &huge,
        "fra__",
        "nothing",
        "",
        "%00",
        "' OR 1=1 --",
    ]
    .iter()
    .map(|shown| ask(&server, &[&format!("x-api-key: {shown}")]))
    .collect();
    let mut client = server.client();
    let head = format!("POST /graphql HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\n");
    let binary = [
        head.as_bytes(),
        b"x-api-key: fra_\xff\xfe\r\ncontent-length: 2\r\n\r\n{}",
    ];
    client.send(binary.concat()).unwrap();
    answers.push(client.response().unwrap());
    for answer in &answers {
        assert_eq!((answer.status, &*answer.code()), (401, "auth.invalid"));
        assert_eq!(answer.body, answers[0].body);
    }
    let line = format!("x-api-key: {key}");
    for several in [
        [&*line, &*line],
        [&*line, &*bearer(key)],
        [&*line, "authorization: Basic eDp5"],
    ] {
        let answer = ask(&server, &several);
        assert_eq!((answer.status, &*answer.code()), (400, "auth.ambiguous"));
    }
    assert_eq!(shows(&server, key), good());
    let said = told_by(server);
    assert!(
        said.contains("was revoked") && said.contains("is not known"),
        "{said}"
    );
    assert!(!said.contains(key.rsplit('_').next().unwrap()));
}

/// All that a server logged, once it has stopped.
fn told_by(server: Server) -> String {
    server.signal("TERM");
    let lines = server.read_log("stopped: every request was answered");
    assert!(server.ended().success());
    format!("{lines:?}")
}

#[test]
fn a_key_is_refused_where_none_are_taken() {
    let project = ruled();
    let server = project.serve(&["auth.anonymous_role=public"]).ready();
    let closed = project.serve(&["auth.admin_roles=[]"]).ready();
    let output = project.output(&[&CREATE[..6], &["--expires", "1d"]].concat());
    assert!(
        told(&output).contains("auth.api_keys.enabled"),
        "{output:?}"
    );
    let key = String::from_utf8(output.stdout).unwrap();
    for server in [&server, &closed] {
        assert_eq!(shows(server, key.trim()), invalid());
        assert_eq!(super::fares(server, key.trim()), invalid());
    }
    // The header of somebody else's key is none of ours.
    assert_eq!(shows(&server, "of-a-gateway"), good());
    assert_eq!(counted(&server, "anonymous"), 1);
    let lookups = "fragaria_guard_api_key_lookups_total{outcome=\"found\"}";
    assert_eq!(server.metric(lookups), 0);
}

#[test]
fn a_key_that_may_not_be_had_is_not_made() {
    let project = ruled();
    let made = |more: &[&str]| {
        let create = ["api-key", "create", "--name", "x"];
        project.output(&[&create, more].concat())
    };
    for (options, expected) in [
        (
            &["--role", "owner", "--expires", "1d"][..],
            "names no role \"owner\"",
        ),
        (
            &["--role", "clerk", "--expires", "soon"],
            "\"soon\" is no time",
        ),
        (
            &["--role", "clerk", "--expires", "1d", "--claims", "7"],
            "write a JSON object",
        ),
        (
            &[
                "--role",
                "clerk",
                "--expires",
                "1d",
                "--claims",
                "{\"key\": 1}",
            ],
            "is the id of the key",
        ),
        (
            &["--role", "clerk", "--expires", "1d", "--tenant", ""],
            "a tenant has 1 to 255 bytes",
        ),
    ] {
        let output = made(options);
        assert_eq!(output.status.code(), Some(1), "{options:?}");
        assert!(told(&output).contains(expected), "{}", told(&output));
    }
    for options in [
        &["--role", "clerk"][..],
        &["--expires", "1d"],
        &["--role", "clerk", "--expires", "1d", "--no-expiry"],
    ] {
        assert_eq!(made(options).status.code(), Some(2), "{options:?}");
    }
    for verb in ["revoke", "rotate"] {
        let refusal = project.fail(&["api-key", verb, "nobodys"]);
        assert!(refusal.contains("there is no such key"), "{refusal}");
    }
    assert_eq!(
        project.run(&["api-key", "list"]).trim(),
        "there are no keys"
    );
}

#[test]
fn a_key_carries_a_tenant_and_claims() {
    for stage in stages() {
        let claims = "{\"shop\": 7, \"ä\": [\"\\u0000\", null]}";
        let made = create(&stage.project, &["--tenant", "nörd", "--claims", claims]);
        let listed = run(&stage.project, &["api-key", "list", "--json"]);
        let claims: Value = serde_json::from_str(claims).unwrap();
        assert_eq!(listed["keys"][0]["claims"], claims);
        assert_eq!(listed["keys"][0]["tenant"], "nörd");
        let table = stage.project.run(&["api-key", "list"]);
        let decides = "  tenant nörd  claims {\"shop\":7,\"ä\":[\"\\u0000\",null]}  ";
        assert!(table.contains(decides), "{table}");
        assert_eq!(shows(&stage.serve(), text(&made, "key")), good());
    }
}

#[test]
fn a_user_without_the_right_to_make_the_table_lets_nobody_in() {
    let elsewhere = create(&ruled(), &[]);
    for stage in Stage::servers(&[]) {
        rule(&stage.project);
        let user = stage.poor_user();
        let url = format!("database.url={}", stage.url_of(&user));
        let server = stage.project.serve(&[ON, RECHECK, &url]).ready();
        let away = refused(503, "auth.unavailable");
        assert_eq!(shows(&server, text(&elsewhere, "key")), away);
        let refusal = stage
            .project
            .output(&[&CREATE[..], &["--expires", "1d", "--set", &url]].concat());
        assert_eq!(refusal.status.code(), Some(1));
        let made = create(&stage.project, &[]);
        assert_eq!(shows(&server, text(&made, "key")), away);
        stage.change(&stage.grant(&user));
        until(&server, text(&made, "key"), &good());
    }
}

#[test]
fn a_use_that_cannot_be_written_down_holds_nobody_up() {
    let stage = Stage::postgres(&[ON, RECHECK]);
    rule(&stage.project);
    let made = create(&stage.project, &[]);
    let server = stage.serve();
    let lock =
        stage.held("BEGIN; SELECT count(*) FROM (SELECT 1 FROM API_KEYS FOR UPDATE) AS held");
    assert_eq!(shows(&server, text(&made, "key")), good());
    assert_eq!(stage.outside("SELECT count(used_at) FROM API_KEYS"), "0");
    drop(lock);
    stage.until("1", "SELECT count(used_at) FROM API_KEYS");
}

#[test]
fn rules_know_the_tenant_of_a_key() {
    let project = Project::small();
    let rules = r#"
extend schema @role(name: "clerk")
extend type Product @access(to: "clerk", allow: READ, where: {id: {eq: {claim: "tenant"}}})
"#;
    project.write("schema.graphql", &(project.read("schema.graphql") + rules));
    project.run(&["compile"]);
    let server = project.serve(&[ON]).ready();
    let seen = |more: &[&str]| {
        let words = [
            "api-key",
            "create",
            "--name",
            "a",
            "--role",
            "clerk",
            "--no-expiry",
        ];
        let key = project.run(&[&words, more].concat());
        let shown = format!("x-api-key: {}", key.trim());
        let body = br#"{"query":"{ products { id } }"}"#;
        let answer = server.ask("POST /graphql", &[JSON, &shown], body);
        answer.json()["data"]["products"].clone()
    };
    assert_eq!(seen(&[]), json!([]));
    assert_eq!(seen(&["--tenant", "1"]), json!([{ "id": 1 }]));
    // What is said of it by the same name counts.
    assert_eq!(
        seen(&["--tenant", "1", "--claims", r#"{"tenant": 99}"#]),
        json!([])
    );
}
