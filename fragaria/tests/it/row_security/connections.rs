//! Connections that callers of different tenants and roles share, one after the other.

use super::{Ground, asked, clerk, data};
use crate::client::Client;
use crate::stage::send;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const ONE: &[&str] = &[
    "database.postgres.exclusive_connections=1",
    "database.postgres.light_connections=1",
    "database.postgres.bounded_connections=1",
];

#[test]
fn nothing_of_a_caller_is_left_on_its_connection() {
    let ground = Ground::new();
    let server = ground.dev(ONE);
    let login = || {
        // Two steps, so that they run on the connection that callers have too.
        let answer = server.graphql("{ whoami customers { id } }").json();
        assert_eq!(
            answer["data"]["customers"].as_array().unwrap().len(),
            3,
            "{answer}"
        );
        let whoami = answer["data"]["whoami"].as_str().unwrap();
        assert_eq!(whoami.trim_end(), ground.login, "{answer}");
    };
    login();
    for document in [
        "{ whoami }",
        "{ readings { note } }",
        "mutation { updateCustomers(where: {}, set: { tenantId: 1 }, atMost: 9) { id } }",
        // One that a policy refuses, one that fails in the database, one that fails before it.
        "mutation { createCustomer(input: { tenantId: 2, name: \"x\" }) { id } }",
        "mutation { createCustomer(input: { tenantId: 1, name: \"Ann\" }) { id } }",
        "{ nothing }",
    ] {
        asked(&server, &clerk(1), document);
        login();
        let whoami = data(&server, &clerk(2), "{ whoami customers { name } }");
        let expected = format!("{} {{\"tenant\":2}} development ", ground.clerk);
        assert_eq!(whoami["whoami"], json!(expected), "{document}");
        assert_eq!(
            whoami["customers"],
            json!([{ "name": "Bob" }]),
            "{document}"
        );
    }
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = ";
    let sessions = ground
        .stage
        .outside(&format!("{sessions}'{}'", ground.login));
    assert!(sessions.parse::<u8>().unwrap() <= 3, "{sessions}");
}

#[test]
fn a_client_that_leaves_in_the_midst_leaves_nothing_of_its_role() {
    let ground = Ground::new();
    let server = ground.dev(ONE);
    for _ in 0..5 {
        let lock = ground.stage.held("BEGIN; LOCK TABLE invoice; SELECT 1");
        let caller = format!("fragaria-as: {}", clerk(1));
        let client = send(
            &server,
            &[&caller],
            &json!({ "query": "{ whoami invoices { id } }" }),
        );
        ground.stage.wait_for_waiting(1, &server);
        drop(client);
        ground.stage.wait_for_waiting(0, &server);
        drop(lock);
        let all = server.graphql("{ whoami invoices { id } }").json();
        assert_eq!(
            all["data"]["invoices"].as_array().unwrap().len(),
            3,
            "{all}"
        );
        let theirs = data(&server, &clerk(2), "{ invoices { id } }");
        assert_eq!(theirs["invoices"], json!([{ "id": 3 }]));
    }
}

#[test]
fn a_read_whose_connection_is_killed_is_made_again_as_the_same_role() {
    let ground = Ground::new();
    let server = ground.dev(ONE);
    for document in [
        "{ invoices(limit: 2) { total } }",
        "{ invoices { total } }",
        "{ a: invoices { total } b: invoices { total } }",
    ] {
        let lock = ground.stage.held("BEGIN; LOCK TABLE invoice; SELECT 1");
        let caller = format!("fragaria-as: {}", clerk(2));
        let mut client = send(&server, &[&caller], &json!({ "query": document }));
        ground.stage.wait_for_waiting(1, &server);
        ground.stage.change(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND datname = current_database()",
        );
        drop(lock);
        let answer = client.response().unwrap().json();
        for list in answer["data"].as_object().unwrap().values() {
            assert_eq!(*list, json!([{ "total": 99 }]), "{document}: {answer}");
        }
    }
}

/// What a tenant sees, if it is answered.
fn check(answer: &Value, tenant: i64) -> bool {
    let Some(all) = answer["data"].as_object() else {
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap();
        let is_away = [
            "store.unavailable",
            "store.outcome_unknown",
            "server.not_ready",
            "store.busy",
        ];
        assert!(is_away.contains(&code), "{answer}");
        return false;
    };
    for list in all.values() {
        let rows = list.as_array().unwrap();
        assert!(!rows.is_empty(), "{answer}");
        assert!(
            rows.iter().all(|row| row["tenantId"] == json!(tenant)),
            "{answer}"
        );
    }
    true
}

#[test]
fn tenants_that_share_few_connections_never_see_rows_of_each_other() {
    let ground = Ground::new();
    let server = ground.dev(&[
        "database.postgres.exclusive_connections=2",
        "database.chunk_bytes=1000",
        "database.queue_timeout_ms=60000",
        "load.in_flight_min=1000",
        "rates.rules=[]",
    ]);
    ask_at_once(server.address, 40, true);
}

#[test]
fn connections_that_are_killed_all_the_time_show_nobody_rows_of_others() {
    let ground = Ground::new();
    let server = ground.dev(&[
        "database.postgres.exclusive_connections=2",
        "database.queue_timeout_ms=60000",
        "load.in_flight_min=1000",
        "rates.rules=[]",
    ]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let kill = format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{}'",
                ground.login
            );
            let mut session = ground.stage.session();
            while !done.load(Ordering::Relaxed) {
                session.sql(&kill);
            }
        });
        let address = server.address;
        let asked = scope.spawn(move || ask_at_once(address, 25, false)).join();
        done.store(true, Ordering::Relaxed);
        asked.unwrap();
    });
    let server = server.ready();
    let calm = data(&server, &clerk(2), "{ customers { tenantId } }");
    assert_eq!(calm["customers"], json!([{ "tenantId": 2 }]));
}

/// Asks as two tenants and as the login, from many threads.
fn ask_at_once(address: SocketAddr, times: usize, all_answered: bool) {
    const DOCUMENTS: [&str; 5] = [
        "{ customers(limit: 3) { tenantId } }",
        "{ readings { tenantId } }",
        "{ a: invoices { tenantId } b: customers { tenantId } }",
        "mutation { updateCustomers(where: {}, set: { madeBy: \"x\" }, atMost: 9) { tenantId } }",
        "{ invoices(where: { customer: { name: { ne: \"nobody\" } } }) { tenantId } }",
    ];
    let ask = move |number: usize| {
        let mut client = Client::connect(address);
        for turn in 0..times {
            if number == 7 {
                answered(
                    &mut client,
                    None,
                    "{ a: customers { id } b: invoices { id } }",
                );
                continue;
            }
            let tenant = 1 + i64::try_from(number % 2).unwrap();
            let document = DOCUMENTS[(number + turn) % DOCUMENTS.len()];
            let answer = answered(&mut client, Some(tenant), document);
            assert!(check(&answer, tenant) || !all_answered, "{answer}");
        }
    };
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || ask(number));
        }
    });
}

fn answered(client: &mut Client, tenant: Option<i64>, document: &str) -> Value {
    let caller = tenant.map(|tenant| format!("fragaria-as: {}", clerk(tenant)));
    let headers: Vec<_> = [Some("content-type: application/json"), caller.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let body = json!({ "query": document }).to_string();
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
    client.response().unwrap().json()
}
