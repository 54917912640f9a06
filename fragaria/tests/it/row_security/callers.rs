//! Which callers act as which role of the database, and who is told of it.

use super::{Ground, code, data};
use crate::client::Response;
use crate::server::Server;
use crate::who::provider::Provider;
use serde_json::{Value, json};

fn holder(roles: &[&str]) -> String {
    json!({ "roles": roles, "claims": { "tenant": 1, "name": "Ann" } }).to_string()
}

#[test]
fn a_caller_acts_as_one_role_of_the_database_or_is_refused_before_it_is_asked() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    let seen =
        |roles: &[&str]| data(&server, &holder(roles), "{ customers { id } }")["customers"].clone();
    assert_eq!(
        seen(&["clerk", "helper", "stranger"]),
        json!([{ "id": 1 }, { "id": 2 }])
    );
    assert_eq!(seen(&["boss"]), json!([{ "id": 1 }]));
    let before = server.metric("fragaria_store_statements_total");
    for roles in [&["clerk", "boss"][..], &["stranger"], &[]] {
        for document in ["{ customers { id } }", "{ __typename }", "{ nothing }"] {
            assert_eq!(
                code(&server, &holder(roles), document),
                "access.database_role"
            );
        }
        let body = json!({ "query": "{ customers { id } }" }).to_string();
        let caller = format!("fragaria-as: {}", holder(roles));
        let headers = [
            "content-type: application/json",
            "accept: application/graphql-response+json",
            &caller,
        ];
        assert_eq!(
            server
                .ask("POST /graphql", &headers, body.as_bytes())
                .status,
            403
        );
    }
    assert_eq!(server.metric("fragaria_store_statements_total"), before);
}

fn with_token(server: &Server, token: &str, document: &str) -> Response {
    let body = json!({ "query": document }).to_string();
    let token = format!("authorization: Bearer {token}");
    let headers = ["content-type: application/json", &token];
    server.ask("POST /graphql", &headers, body.as_bytes())
}

#[test]
fn the_claims_of_a_token_reach_the_policies_and_a_role_in_it_names_none_of_the_database() {
    let ground = Ground::new();
    ground.stage.change(&format!(
        "DROP POLICY of_tenant ON customer;
         CREATE POLICY of_tenant ON customer TO {} USING
           (tenant_id = current_setting('fragaria.tenant', true)::int
            AND current_setting('fragaria.caller', true) LIKE '% ann')",
        ground.clerk
    ));
    let provider = Provider::start();
    let url = format!("database.url={}", ground.stage.url_of(&ground.login));
    let issuer = provider.setting(", tenant_claim = 'tenant'");
    let project = &ground.stage.project;
    let server = project.serve(&[url.as_str(), issuer.as_str()]).ready();
    let ask = |claims: Value| {
        let token = provider.sign(&json!({}), &claims);
        with_token(&server, &token, "{ customers { id } }").json()
    };
    let ann = ask(json!({ "sub": "ann", "roles": ["clerk"], "tenant": "2" }));
    assert_eq!(ann["data"]["customers"], json!([{ "id": 3 }]), "{ann}");
    let ben = ask(json!({ "sub": "ben", "roles": ["clerk"], "tenant": "2" }));
    assert_eq!(ben["data"]["customers"], json!([]), "{ben}");
    let crafty =
        ask(json!({ "sub": "ann", "roles": [ground.login], "role": ground.login, "tenant": "2" }));
    assert_eq!(
        crafty["errors"][0]["extensions"]["code"], "access.database_role",
        "{crafty}"
    );
}
