//! A server is ready only where policies hold for the login and for every role it acts as.

use super::{Ground, clerk, code, data, quoted};
use serde_json::{Value, json};

/// Breaks what policies rest on, and mends it; each with what is told.
fn breaks(ground: &Ground) -> Vec<(String, String, String)> {
    let Ground { login, clerk, .. } = ground;
    let boss = quoted(&ground.boss);
    let told = |breaking: String, mend: String, told: &str| (breaking, mend, told.to_owned());
    vec![
        told(
            format!("ALTER ROLE {login} SUPERUSER"),
            format!("ALTER ROLE {login} NOSUPERUSER"),
            "error[drift.row_security]: the user of the database is a superuser",
        ),
        told(
            format!("ALTER ROLE {login} BYPASSRLS"),
            format!("ALTER ROLE {login} NOBYPASSRLS"),
            "error[drift.row_security]: the user of the database has BYPASSRLS",
        ),
        told(
            format!("ALTER ROLE {clerk} BYPASSRLS"),
            format!("ALTER ROLE {clerk} NOBYPASSRLS"),
            "_clerk\" of the database has BYPASSRLS",
        ),
        told(
            format!("ALTER ROLE {boss} SUPERUSER"),
            format!("ALTER ROLE {boss} NOSUPERUSER"),
            "of the database is a superuser, for whom no policy holds",
        ),
        told(
            format!("ALTER TABLE invoice OWNER TO {clerk}"),
            "ALTER TABLE invoice FORCE ROW LEVEL SECURITY".to_owned(),
            "of the database has the rights of the owner of the table of `Invoice`",
        ),
        told(
            format!("ALTER TABLE customer OWNER TO {login}"),
            "ALTER TABLE customer FORCE ROW LEVEL SECURITY".to_owned(),
            "the user of the database has the rights of the owner of the table of `Customer`",
        ),
        told(
            format!("REVOKE {clerk} FROM {login}"),
            format!("GRANT {clerk} TO {login}"),
            "error[drift.database_role]: the user of the database cannot act as",
        ),
        told(
            format!("ALTER ROLE {boss} RENAME TO {clerk}_gone"),
            format!("ALTER ROLE {clerk}_gone RENAME TO {boss}"),
            "error[drift.database_role]: the user of the database cannot act as",
        ),
        told(
            format!("REVOKE SELECT ON reading FROM {clerk}"),
            format!("GRANT SELECT ON reading TO {clerk}"),
            "of the database may not read the table of `Reading`",
        ),
        told(
            format!("CREATE SCHEMA {clerk} CREATE TABLE customer (LIKE public.customer);
                     GRANT ALL ON SCHEMA {clerk} TO {clerk}; GRANT ALL ON {clerk}.customer TO {clerk}"),
            format!("DROP SCHEMA {clerk} CASCADE"),
            "the name of the table of `Customer` means another one",
        ),
    ]
}

#[test]
fn a_database_whose_policies_do_not_hold_for_all_who_ask_is_not_served() {
    let ground = Ground::new();
    let (stage, project) = (&ground.stage, &ground.stage.project);
    let url = stage.url_of(&ground.login);
    let settings = [
        &format!("database.url={url}"),
        "server.check_interval_ms=50",
    ];
    for (breaking, mend, told) in breaks(&ground) {
        stage.change(&breaking);
        let refused = project.fail(&["compile", "--against", &url]);
        assert!(refused.contains(&told), "{breaking}: {refused}");
        let server = project.dev(&settings);
        server.until("/health/ready", |answer| answer.status == 503);
        assert_eq!(
            code(&server, &clerk(1), "{ customers { id } }"),
            "server.not_ready",
            "{breaking}"
        );
        stage.change(&mend);
        let server = server.ready();
        let seen = data(&server, &clerk(2), "{ customers { id } }");
        assert_eq!(seen["customers"], json!([{ "id": 3 }]), "{breaking}");
        project.run(&["compile", "--against", &url]);
    }
}

#[test]
fn a_role_that_is_taken_away_from_a_running_server_closes_it() {
    let ground = Ground::new();
    let server = ground.dev(&["server.check_interval_ms=50"]);
    let Ground {
        login, clerk: role, ..
    } = &ground;
    ground.stage.change(&format!("REVOKE {role} FROM {login}"));
    let document = "{ customers { id } }";
    assert_eq!(code(&server, &clerk(1), document), "store.denied");
    // A look that takes too long closes the door for a moment, too.
    let closed = || code(&server, &clerk(1), document) == "server.not_ready";
    server.until("/health/ready", |answer| answer.status == 503 && closed());
    ground.stage.change(&format!("GRANT {role} TO {login}"));
    let server = server.ready();
    assert_eq!(
        data(&server, &clerk(2), document)["customers"],
        json!([{ "id": 3 }])
    );
}

#[test]
fn tables_without_policies_are_served_and_named() {
    let ground = Ground::new();
    let (stage, project) = (&ground.stage, &ground.stage.project);
    stage.change("ALTER TABLE reading DISABLE ROW LEVEL SECURITY");
    let told = project.output(&["compile", "--against", &stage.url_of(&ground.login)]);
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(
        told.contains("warning[drift.unprotected]: the table of `Reading` has no row security"),
        "{told}"
    );
    assert!(!told.contains("`Customer`"), "{told}");
    let url = format!("database.url={}", stage.url_of(&ground.login));
    let server = project.dev(&[&url]);
    let warned = |line: &Value| line["code"] == "drift.unprotected";
    assert_eq!(server.begun.iter().filter(|line| warned(line)).count(), 1);
    let server = server.ready();
    let seen = data(
        &server,
        &clerk(1),
        "{ readingAggregate { count } customers { id } }",
    );
    assert_eq!(
        seen,
        json!({ "readingAggregate": [{ "count": 6000 }], "customers": [{ "id": 1 }, { "id": 2 }] })
    );
}

#[test]
fn the_report_and_the_diff_say_as_whom_roles_act() {
    let ground = Ground::new();
    let project = &ground.stage.project;
    let told = project.run(&["policy", "report"]);
    assert!(
        told.contains(&format!("  acts as {} in the database", ground.clerk)),
        "{told}"
    );
    let json = project.run(&["policy", "report", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["report"]["roles"][0]["database"], json!(ground.boss));
    std::fs::copy(
        project.path("fragaria.artefact.json"),
        project.path("acting.json"),
    )
    .unwrap();
    let rules = ground.rules();
    let plain = rules
        .replace(&format!(", database: \"{}\"", ground.clerk), "")
        .replace(&format!(", database: {}", json!(ground.boss)), "");
    ground.write_schema(&plain);
    std::fs::copy(
        project.path("fragaria.artefact.json"),
        project.path("plain.json"),
    )
    .unwrap();
    let told = project.run(&["diff", "acting.json", "plain.json"]);
    let expected = format!(
        "access: @role clerk: acts as the login in the database, and before as {}",
        ground.clerk
    );
    assert!(told.contains(&expected), "{told}");
    let told = project.run(&["diff", "plain.json", "acting.json"]);
    let expected = format!(
        "breaking: @role clerk: acts as {} in the database, and before as the login",
        ground.clerk
    );
    assert!(told.contains(&expected), "{told}");
}
