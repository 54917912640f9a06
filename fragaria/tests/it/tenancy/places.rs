//! Places that are closed for others, away, or not as they must be: their callers alone notice.

use super::ground::{Ground, Kind};
use super::{WHOSE, owners};
use crate::client::{Client, PATIENCE, Response};
use crate::server::Server;
use serde_json::Value;
use std::thread;
use std::time::Instant;

const SOON: &str = "server.check_interval_ms=20";

/// How a request fares: its status, and the code of its error.
fn fares(answer: &Response) -> (u16, String) {
    (answer.status, answer.code())
}

fn not_ready() -> (u16, String) {
    (503, "server.tenant_not_ready".to_owned())
}

/// Asks until it is so.
fn until(holds: impl Fn() -> bool, what: &str) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::yield_now();
    }
}

#[test]
fn one_place_at_a_time_serves_all_tenants_in_turn_even_while_it_is_used() {
    for kind in [Kind::Files, Kind::Schemas, Kind::Mariadb] {
        let ground = Ground::new(kind, &["a", "b", "c"]);
        let server = ground.serve(&["tenancy.open_max=1", "database.queue_timeout_ms=20000"]);
        let tenants = ["a", "b", "c"].into_iter().cycle().take(60);
        let sent: Vec<_> = tenants
            .map(|tenant| (tenant, server.send_as(tenant, WHOSE)))
            .collect();
        for (tenant, mut client) in sent {
            assert_eq!(owners(&client.response().unwrap()), [tenant]);
        }
        assert!(server.metric("fragaria_tenancy_closings_total") >= 2);
        until(
            || server.metric("fragaria_tenancy_open") <= 1,
            "more than one is open",
        );
    }
}

#[test]
fn a_stream_goes_on_while_its_place_is_wanted_and_who_wants_it_waits_for_a_time() {
    for kind in [Kind::Files, Kind::Databases, Kind::Mariadb] {
        let ground = Ground::new(kind, &["acme", "globex"]);
        ground.fill("acme", 60_000);
        let server = ground.serve(&["tenancy.open_max=1", "database.queue_timeout_ms=300"]);
        let mut slow = Client::narrow(server.address);
        let body = br#"{"query":"{ notes { owner text } }"}"#;
        let headers = ["content-type: application/json", &server.header("acme")];
        slow.request("POST /graphql", &headers, body).unwrap();
        let mut head = slow.head().unwrap();
        let refused = server.ask_as("globex", WHOSE);
        assert_eq!(fares(&refused), (503, "server.tenants_full".to_owned()));
        assert_eq!(refused.header("retry-after"), "1");
        slow.body(&mut head).unwrap();
        assert_eq!(owners(&head), ["acme"]);
        assert_eq!(
            head.json()["data"]["notes"].as_array().unwrap().len(),
            60_002
        );
        until(
            || server.ask_as("globex", WHOSE).status == 200,
            "no place comes free",
        );
        assert!(server.metric("fragaria_tenancy_refused_total") >= 1);
    }
}

#[test]
fn a_place_that_nobody_asks_for_is_closed_and_opened_again() {
    let ground = Ground::new(Kind::Schemas, &["acme"]);
    let server = ground.serve(&[SOON, "tenancy.idle_seconds=1"]);
    assert_eq!(owners(&server.ask_as("acme", WHOSE)), ["acme"]);
    until(
        || server.metric("fragaria_tenancy_open") == 0,
        "it stays open",
    );
    assert_eq!(owners(&server.ask_as("acme", WHOSE)), ["acme"]);
    assert_eq!(server.metric("fragaria_tenancy_openings_total"), 2);
}

#[test]
fn a_place_that_is_away_is_refused_to_its_callers_alone_until_it_is_back() {
    for kind in [Kind::Files, Kind::Databases, Kind::Mariadb] {
        let ground = Ground::new(kind, &["acme", "globex"]);
        ground.take_first_away();
        let server = ground.serve(&[SOON]);
        for _ in 0..3 {
            let refused = server.ask_as("acme", WHOSE);
            assert_eq!(fares(&refused), not_ready());
            assert_eq!(refused.header("retry-after"), "1");
            assert_eq!(owners(&server.ask_as("globex", WHOSE)), ["globex"]);
        }
        is_told_of_no_tenant(&server);
        let logged = server.logged("the database of a tenant is away");
        assert_eq!(logged["tenant"], "acme");
        let checked = ground
            .project
            .output(&["tenants", "check", "--tenant", "acme"]);
        assert_eq!(checked.status.code(), Some(3));
        ground.bring_first_back();
        until(
            || server.ask_as("acme", WHOSE).status == 200,
            "it stays away",
        );
        assert_eq!(owners(&server.ask_as("acme", WHOSE)), ["acme"]);
        assert_eq!(server.metric("fragaria_tenancy_away"), 0);
    }
}

/// Whoever may look at health and metrics reads that one is away, and of none what it is called.
fn is_told_of_no_tenant(server: &Server) {
    let ready = server.get("/health/ready");
    assert_eq!(ready.status, 200);
    let told = String::from_utf8(ready.body).unwrap();
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(
        !told.contains("acme") && !metrics.contains("acme"),
        "{told}"
    );
    assert_eq!(server.metric("fragaria_tenancy_away"), 1);
}

#[test]
fn a_schema_that_is_dropped_or_renamed_never_falls_back_to_another() {
    let ground = Ground::new(Kind::Schemas, &["acme", "globex"]);
    let server = ground.serve(&[SOON]);
    assert_eq!(owners(&server.ask_as("acme", WHOSE)), ["acme"]);
    let schema = "\"Ten \"\"ant1\"";
    ground.sql("globex", &format!("ALTER SCHEMA {schema} RENAME TO gone"));
    until(
        || {
            let answer = server.ask_as("acme", WHOSE);
            assert!(answer.status == 503, "{answer:?}");
            fares(&answer) == not_ready()
        },
        "it is served without its schema",
    );
    assert_eq!(owners(&server.ask_as("globex", WHOSE)), ["globex"]);
    ground.sql("globex", &format!("ALTER SCHEMA gone RENAME TO {schema}"));
    until(
        || server.ask_as("acme", WHOSE).status == 200,
        "it stays away",
    );
}

#[test]
fn a_schema_is_kept_by_connections_that_are_made_anew() {
    let ground = Ground::new(Kind::Schemas, &["acme", "globex"]);
    let server = ground.serve(&[SOON]);
    for _ in 0..3 {
        for tenant in ["acme", "globex"] {
            let answers = || {
                let answer = server.ask_as(tenant, WHOSE);
                if answer.status == 200 {
                    assert_eq!(owners(&answer), [tenant]);
                }
                answer.status == 200
            };
            // Several, as each may be answered by another connection.
            for _ in 0..3 {
                until(answers, "it stays away");
            }
        }
        // Waits until they are gone: a connection that is still about to be ended may answer once.
        ground.sql(
            "acme",
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
}

#[test]
fn a_place_that_does_not_hold_the_schema_is_refused_to_its_callers_alone() {
    for ground in Ground::all() {
        ground.sql("acme", "ALTER TABLE note RENAME COLUMN owner TO holder");
        let server = ground.serve(&[SOON]);
        assert_eq!(fares(&server.ask_as("acme", WHOSE)), not_ready());
        assert_eq!(owners(&server.ask_as("globex", WHOSE)), ["globex"]);
        assert_eq!(server.metric("fragaria_tenancy_unfit"), 1);
        let told = server
            .read_log("the database of a tenant does not hold what the artefact was compiled for");
        assert_eq!(told[told.len() - 1]["tenant"], "acme");
        let checked = ground.project.output(&["tenants", "check", "--json"]);
        assert_eq!(checked.status.code(), Some(3), "{checked:?}");
        let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let listed = checked["tenants"].as_array().unwrap();
        let shown: Vec<_> = listed.iter().map(|it| (&it["name"], &it["fits"])).collect();
        assert_eq!(
            shown,
            [
                (&"acme".into(), &false.into()),
                (&"globex".into(), &true.into())
            ]
        );
        assert!(
            listed[0]["findings"][0]["message"]
                .as_str()
                .unwrap()
                .contains("owner")
        );
        ground.sql("acme", "ALTER TABLE note RENAME COLUMN holder TO owner");
        until(
            || server.ask_as("acme", WHOSE).status == 200,
            "it stays unfit",
        );
        assert_eq!(server.metric("fragaria_tenancy_unfit"), 0);
        // A change under a server is noticed at the first request that meets it.
        ground.sql("globex", "ALTER TABLE note RENAME COLUMN owner TO holder");
        until(
            || fares(&server.ask_as("globex", WHOSE)) == not_ready(),
            "it stays fit",
        );
        assert_eq!(owners(&server.ask_as("acme", WHOSE)), ["acme"]);
        ground.sql("globex", "ALTER TABLE note RENAME COLUMN holder TO owner");
        ground.project.run(&["tenants", "check"]);
    }
}
