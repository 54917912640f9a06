//! Tenants with databases of their own: who works where, and nobody anywhere else.

mod ground;
mod hostile;
mod places;
mod refusals;

use crate::client::Response;
use ground::Ground;
use serde_json::json;

/// Whose the rows are, as each of them says.
const WHOSE: &str = "{ notes(limit: 100) { id owner } }";

/// The owners in an answer, each once.
fn owners(answer: &Response) -> Vec<String> {
    let body = answer.json();
    let notes = body["data"]["notes"].as_array();
    let notes = notes.unwrap_or_else(|| panic!("no notes: {body}"));
    let mut owners: Vec<_> = notes
        .iter()
        .map(|note| note["owner"].as_str().unwrap().to_owned())
        .collect();
    owners.sort();
    owners.dedup();
    owners
}

#[test]
fn each_tenant_reads_and_writes_in_its_own_place() {
    for ground in Ground::all() {
        let server = ground.serve(&[]);
        let create = |owner: &str| {
            format!(
                "mutation {{ createNote(input: {{ owner: \"{owner}\", text: \"new\" }}) {{ owner text }} }}"
            )
        };
        for tenant in ["acme", "globex"] {
            assert_eq!(owners(&server.ask_as(tenant, WHOSE)), [tenant]);
            let made = server.ask_as(tenant, &create(tenant));
            assert_eq!(made.json()["data"]["createNote"]["text"], "new", "{made:?}");
            let page =
                "{ noteConnection(first: 1) { totalCount edges { cursor node { owner } } } }";
            let page = server.ask_as(tenant, page).json();
            assert_eq!(page["data"]["noteConnection"]["totalCount"], 3);
            assert_eq!(
                page["data"]["noteConnection"]["edges"][0]["node"]["owner"],
                tenant
            );
            assert_eq!(ground.count(tenant), "3");
        }
        assert_eq!(server.metric("fragaria_tenancy_open"), 2);
        let line = server.logged("request");
        assert_eq!(line["tenant"], "acme");
    }
}

#[test]
fn a_stream_and_an_id_and_a_cursor_stay_with_their_tenant() {
    for ground in Ground::all() {
        ground.fill("acme", 3_000);
        let server = ground.serve(&["database.whole_bytes_max=1000", "database.chunk_bytes=1000"]);
        let long = server.ask_as("acme", "{ notes { owner text } }");
        assert_eq!(owners(&long), ["acme"]);
        assert_eq!(
            long.json()["data"]["notes"].as_array().unwrap().len(),
            3_002
        );
        let id = server.ask_as("acme", "{ note(id: 1) { nodeId } }");
        let id = id.json()["data"]["note"]["nodeId"]
            .as_str()
            .unwrap()
            .to_owned();
        let node = format!("{{ node(id: \"{id}\") {{ ... on Note {{ owner }} }} }}");
        // An id says which row of which table, and nothing of a tenant: each has its own.
        for tenant in ["globex", "acme"] {
            let found = server.ask_as(tenant, &node).json();
            assert_eq!(found["data"]["node"]["owner"], tenant);
        }
        let page = "{ noteConnection(first: 1) { pageInfo { endCursor } } }";
        let page = server.ask_as("acme", page).json();
        let cursor = page["data"]["noteConnection"]["pageInfo"]["endCursor"].clone();
        let next = format!(
            "{{ noteConnection(first: 9, after: {cursor}) {{ edges {{ node {{ owner }} }} }} }}"
        );
        let next = server.ask_as("globex", &next).json();
        let edges = next["data"]["noteConnection"]["edges"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(edges, [json!({ "node": { "owner": "globex" } })]);
    }
}

#[test]
fn a_key_of_one_tenant_is_another_key_at_another() {
    for ground in Ground::all() {
        let server = ground.serve(&[]);
        let document = "mutation { createNote(input: { owner: \"x\", text: \"once\" }) { id } }";
        let once = |tenant: &str| {
            let answer =
                server.ask_with(&[&server.header(tenant), "idempotency-key: k1"], document);
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.header("idempotency-replayed").to_owned()
        };
        assert_eq!(once("acme"), "");
        assert_eq!(once("globex"), "", "the key of another tenant");
        assert_eq!(
            (once("acme"), once("globex")),
            ("true".into(), "true".into())
        );
        assert_eq!(
            (ground.count("acme"), ground.count("globex")),
            ("3".into(), "3".into())
        );
    }
}

#[test]
fn requests_of_two_tenants_at_a_time_are_never_mixed() {
    for ground in Ground::all() {
        let server = ground.serve(&[]);
        let tenants = ["acme", "globex"].into_iter().cycle().take(200);
        let sent: Vec<_> = tenants
            .map(|tenant| (tenant, server.send_as(tenant, WHOSE)))
            .collect();
        for (tenant, mut client) in sent {
            assert_eq!(owners(&client.response().unwrap()), [tenant]);
        }
        assert_eq!(server.metric("fragaria_tenancy_openings_total"), 2);
    }
}
