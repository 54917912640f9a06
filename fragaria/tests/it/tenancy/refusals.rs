//! Who has no place, and configurations by which nobody could have one.

use super::ground::{Ground, Kind, ask};
use super::{WHOSE, owners};
use crate::who::provider::Provider;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_caller_without_a_known_tenant_is_refused_with_one_answer_and_the_log_tells_why() {
    for ground in Ground::all() {
        let none = format!("x-api-key: {}", ground.tenantless_key());
        let server = ground.serve(&[]);
        let headers = [
            "acme\u{0}",
            "home",
            "public",
            "ACME",
            "acme ",
            "",
            "Ten \"ant1",
            "../acme",
        ];
        let mut strangers = vec![(none, "the caller has no tenant")];
        for name in &headers[1..5] {
            let key = format!("x-api-key: {}", ground.key(name));
            strangers.push((
                key,
                "the tenant of the caller is none of those in tenancy.tenants",
            ));
        }
        let mut bodies = Vec::new();
        for (key, why) in &strangers {
            // Nothing of the body is read, and no database is asked.
            for document in [WHOSE, "{ __typename }", "{"] {
                let answer = ask(&server, &[key], document);
                assert_eq!((answer.status, &*answer.code()), (403, "access.tenant"));
                bodies.push(answer.body);
                assert_eq!(server.logged("refused")["why"], *why);
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
        assert_eq!(server.metric("fragaria_tenancy_openings_total"), 0);
        let asked = u64::try_from(strangers.len() * 3).unwrap();
        assert_eq!(server.metric("fragaria_tenancy_strangers_total"), asked);
    }
}

#[test]
fn a_token_leads_to_the_tenant_in_its_claim() {
    let provider = Provider::start();
    for ground in [Kind::Files, Kind::Schemas].map(|kind| Ground::new(kind, &["acme", "globex"])) {
        let setting = provider.setting(", tenant_claim = 'org.tenant'");
        let server = ground
            .project
            .serve(&[&setting, "auth.anonymous_role=clerk"])
            .ready();
        let bearer = |claims: &Value| {
            format!(
                "authorization: Bearer {}",
                provider.sign(&json!({}), claims)
            )
        };
        for tenant in ["acme", "globex"] {
            // One and the same caller may work for several tenants.
            let token = bearer(&json!({ "org": { "tenant": tenant } }));
            assert_eq!(owners(&ask(&server, &[&token], WHOSE)), [tenant]);
        }
        let long = "x".repeat(255);
        for tenant in [
            "home",
            "public",
            "Acme",
            "acme\u{200b}",
            "../acme",
            "a'; --",
            &long,
        ] {
            let token = bearer(&json!({ "org": { "tenant": tenant } }));
            let answer = ask(&server, &[&token], WHOSE);
            assert_eq!(
                (answer.status, &*answer.code()),
                (403, "access.tenant"),
                "{tenant}"
            );
        }
        for claims in [json!({}), json!({ "tenant": "acme" })] {
            let answer = ask(&server, &[&bearer(&claims)], WHOSE);
            assert_eq!((answer.status, &*answer.code()), (403, "access.tenant"));
        }
        // Whoever is anonymous has no tenant.
        assert_eq!(ask(&server, &[], WHOSE).code(), "access.tenant");
        let once = |tenant: &str| {
            let token = bearer(&json!({ "org": { "tenant": tenant } }));
            let document = "mutation { createNote(input: { owner: \"x\", text: \"t\" }) { id } }";
            let answer = ask(&server, &[&token, "idempotency-key: one"], document);
            assert_eq!(answer.status, 200, "{answer:?}");
            (
                answer.code(),
                answer.header("idempotency-replayed").to_owned(),
            )
        };
        let told = [once("acme"), once("globex"), once("acme")];
        assert_eq!(
            told.map(|(code, replayed)| code + &replayed),
            ["", "", "true"]
        );
        assert_eq!(
            (ground.count("acme"), ground.count("globex")),
            ("3".into(), "3".into())
        );
    }
}

#[test]
fn who_develops_names_a_tenant_or_is_told_how() {
    let ground = Ground::new(Kind::Files, &["acme", "globex"]);
    let server = ground.project.dev(&[]).ready();
    let banner = server.read_answer("curl") + &server.read_answer("-d");
    assert!(
        banner.contains(r#"-H 'fragaria-as: {"tenant":"acme"}'"#),
        "{banner}"
    );
    let answer = server.graphql(WHOSE);
    assert_eq!((answer.status, &*answer.code()), (403, "access.tenant"));
    let told = String::from_utf8(answer.body).unwrap();
    assert!(
        told.contains("fragaria-as") && told.contains("tenancy.development"),
        "{told}"
    );
    let wishes = [
        (r#"{"tenant": "acme"}"#, Ok("acme")),
        (r#"{"tenant": "globex", "roles": ["clerk"]}"#, Ok("globex")),
        (r#"{"tenant": "other"}"#, Err("access.tenant")),
        (r#"{"roles": ["clerk"]}"#, Err("access.tenant")),
        ("{}", Err("auth.as")),
        (r#"{"tenant": "acme", "claims": {"a": 1}}"#, Err("auth.as")),
    ];
    for (wish, expected) in wishes {
        let answer = ask(&server, &[&format!("fragaria-as: {wish}")], WHOSE);
        match expected {
            Ok(tenant) => assert_eq!(owners(&answer), [tenant]),
            Err(code) => assert_eq!(answer.code(), code, "{wish}"),
        }
    }
    drop(server);
    let server = ground.project.dev(&["tenancy.development=globex"]).ready();
    assert_eq!(owners(&server.graphql(WHOSE)), ["globex"]);
    let answer = ask(&server, &[r#"fragaria-as: {"roles": ["clerk"]}"#], WHOSE);
    assert_eq!(answer.code(), "access.tenant");
}

#[test]
fn an_edit_is_compared_with_each_tenant_at_its_next_request() {
    let ground = Ground::new(Kind::Files, &["acme", "globex"]);
    let server = ground.project.dev(&["server.check_interval_ms=20"]).ready();
    let fares = |tenant: &str, document: &str| {
        ask(
            &server,
            &[&format!("fragaria-as: {{\"tenant\": \"{tenant}\"}}")],
            document,
        )
        .code()
    };
    assert_eq!(fares("acme", WHOSE), "");
    ground.sql("acme", "ALTER TABLE note ADD COLUMN extra TEXT");
    let schema = ground
        .project
        .read("schema.graphql")
        .replace("owner: String!", "owner: String! extra: String");
    ground.project.write("schema.graphql", &schema);
    server.read_log("the edit is served");
    assert_eq!(fares("acme", "{ notes { extra } }"), "");
    assert_eq!(
        fares("globex", "{ notes { extra } }"),
        "server.tenant_not_ready"
    );
}

#[test]
fn a_configuration_by_which_nobody_has_a_place_is_refused_and_no_password_is_told() {
    let ground = Ground::new(Kind::Files, &["acme"]);
    let project = &ground.project;
    let refused = |settings: &[&str], expected: &str| {
        let mut arguments = vec!["serve", ".", "--listen", "127.0.0.1:0"];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let told = project.fail(&arguments);
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    };
    refused(&[], "no caller could have a tenant");
    refused(
        &["auth.anonymous_role=clerk"],
        "no caller could have a tenant",
    );
    refused(&["tenancy.by=row"], "set `tenancy.by`");
    refused(
        &["tenancy.by=table"],
        "expected one of row, database, schema",
    );
    refused(&["tenancy.by=schema"], "SQLite has no schemas");
    refused(&["tenancy.open_max=0"], "at least 1");
    refused(&["tenancy.idle_seconds=0"], "at least 1");
    refused(&["tenancy.development=nobody"], "is none of");
    refused(&["tenancy.file=missing.toml"], "missing.toml");
    for (tenants, expected) in [
        ("[]", "there are none"),
        ("'postgres://me:hunter2@db/a'", "expected a list"),
        ("['postgres://me:hunter2@db/a']", "keys of its own"),
        ("[{ name = 'a', ulr = 'sqlite:a.db' }]", "unknown field ulr"),
        ("[{ name = 'a' }]", "needs a `url`"),
        ("[{ url = 'sqlite:a.db' }]", "needs a `name`"),
        (
            "[{ name = \"a\\nb\", url = 'sqlite:a.db' }]",
            "control characters",
        ),
        (
            "[{ name = 'a', url = 'postgres://me:hunter2@db/a' }]",
            "another kind of database",
        ),
        (
            "[{ name = 'a', url = 'oracle:hunter2' }]",
            "no database that was tested",
        ),
        ("[{ name = 'a', url = 'sqlite::memory:' }]", "in memory"),
        (
            "[{ name = 'a', url = 'sqlite:a.db', schema = 's' }]",
            "has a `schema`",
        ),
        (
            "[{ name = 'a', url = 'sqlite:a.db' }, { name = 'a', url = 'sqlite:b.db' }]",
            "stands twice",
        ),
        (
            "[{ name = 'a', url = 'sqlite:x/./a.db' }, { name = 'b', url = 'sqlite:./x/a.db' }]",
            "where another tenant is",
        ),
    ] {
        refused(&[&format!("tenancy.tenants={tenants}")], expected);
    }
    let long = format!(
        "tenancy.tenants=[{{ name = '{}', url = 'sqlite:a.db' }}]",
        "x".repeat(256)
    );
    refused(&[&long], "1 to 255 bytes");
}

#[test]
fn a_schema_for_each_is_refused_where_it_would_be_shared_or_lost() {
    let ground = Ground::new(Kind::Schemas, &["acme"]);
    let project = &ground.project;
    let on = "auth.api_keys.enabled=true";
    let refused = |settings: &[&str], expected: &str| {
        let mut arguments = vec!["serve", ".", "--listen", "127.0.0.1:0", "--set", on];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let told = project.fail(&arguments);
        assert!(told.contains(expected), "{expected}: {told}");
    };
    refused(
        &["database.postgres.pooler=transaction"],
        "keeps its schema",
    );
    refused(
        &["database.url=mariadb://me@db/a"],
        "in MariaDB a schema is a database",
    );
    for (schema, expected) in [
        ("public", "by default"),
        ("", "needs a `schema`"),
        ("pg_temp", "of the database's"),
        ("information_schema", "of the database's"),
        ("fragaria", "or of ours"),
        (&"x".repeat(64), "more than 63 bytes"),
    ] {
        let tenants = format!("tenancy.tenants=[{{ name = 'a', schema = '{schema}' }}]");
        refused(&[&tenants], expected);
    }
    refused(
        &["tenancy.tenants=[{ name = 'a', url = 'postgres://me@db/a' }]"],
        "has a `url`",
    );
    let twice = "tenancy.tenants=[{ name = 'a', schema = 's' }, { name = 'b', schema = 's' }]";
    refused(&[twice], "where another tenant is");
    let named = project
        .read("schema.graphql")
        .replace("@table(", "@table(schema: \"public\", ");
    assert!(named.contains("schema: \"public\""), "{named}");
    project.write("schema.graphql", &named);
    project.run(&["compile"]);
    refused(&[], "which all of them would share");
}

#[test]
fn tenants_are_listed_in_a_file_of_their_own_and_no_password_is_shown() {
    let ground = Ground::new(Kind::Databases, &["acme", "globex"]);
    let project = &ground.project;
    let configured = project.read("fragaria.toml");
    let (rest, tenants) = configured.split_once("[[tenancy.tenants]]").unwrap();
    project.write(
        "fragaria.toml",
        &rest.replace("by =", "file = \"tenants.toml\"\nby ="),
    );
    let tenants = format!("[[tenancy.tenants]]{tenants}").replace("[[tenancy.", "[[");
    project.write("tenants.toml", &tenants.replace('@', ":hunter2@"));
    let open_to_all = fs::Permissions::from_mode(0o604);
    fs::set_permissions(project.path("tenants.toml"), open_to_all).unwrap();
    let server = ground.serve(&[]);
    let begun = format!("{:?}", server.begun);
    let warned = "tenants.toml has secrets in it (addresses of tenants), and is open to everybody";
    assert!(
        begun.contains(warned) && !begun.contains("hunter2"),
        "{begun}"
    );
    assert_eq!(owners(&server.ask_as("acme", WHOSE)), ["acme"]);
    let shown = project.run(&[
        "config",
        "--json",
        "--set",
        "tenancy.tenants=[{ name = 'x', url = 'postgres://me:hunter2@db/x' }]",
    ]);
    assert!(
        !shown.contains("hunter2") && shown.contains("me:[redacted]@db"),
        "{shown}"
    );
    assert!(shown.contains("tenants.toml"), "{shown}");
    project.write(
        "tenants.toml",
        "[[tenants]]\nname = \"a\"\nulr = \"postgres://me:hunter2@db/x\"\n",
    );
    let told = project.fail(&["config"]);
    assert!(
        told.contains("tenants.toml") && told.contains("ulr"),
        "{told}"
    );
}
