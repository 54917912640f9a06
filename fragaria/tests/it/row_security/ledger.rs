//! Outcomes that are kept are the login's, whatever role a mutation is made as.

use super::{Ground, clerk};
use crate::client::Response;
use crate::server::Server;
use crate::stage::KEYS;
use serde_json::{Value, json};

const JSON: &str = "content-type: application/json";

fn repeated(server: &Server, caller: &str, document: &str) -> Response {
    let body = json!({ "query": document }).to_string();
    let caller = format!("fragaria-as: {caller}");
    let headers = [JSON, "idempotency-key: k1", &caller];
    server.ask("POST /graphql", &headers, body.as_bytes())
}

fn claiming(claims: &Value) -> String {
    json!({ "roles": ["clerk"], "claims": claims }).to_string()
}

#[test]
fn a_mutation_of_a_role_without_rights_on_the_ledger_happens_once() {
    let ground = Ground::new();
    // A trigger that waits for the commit writes down as whom it runs.
    ground.stage.change(&format!(
        "CREATE TABLE diary (line text);
         GRANT INSERT ON diary TO {0};
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO diary VALUES (whoami());
           RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER note AFTER INSERT ON customer
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()",
        ground.clerk
    ));
    let server = ground.dev(&["database.postgres.exclusive_connections=2"]);
    let make = "mutation { createCustomer(input: { tenantId: 1, name: \"new\" }) { madeBy } }";
    let first = claiming(&json!({ "tenant": 1, "exp": 1, "jti": "a" }));
    for replayed in [false, true] {
        let answer = repeated(&server, &first, make);
        assert_eq!(
            answer.json()["data"]["createCustomer"]["madeBy"],
            json!(ground.clerk)
        );
        assert_eq!(
            answer.headers.contains_key("idempotency-replayed"),
            replayed
        );
    }
    // The next token of the same caller is no other request; other claims are.
    let renewed = claiming(&json!({ "tenant": 1, "exp": 2, "jti": "b" }));
    assert_eq!(repeated(&server, &renewed, make).status, 200);
    let moved = claiming(&json!({ "tenant": 2, "exp": 1, "jti": "a" }));
    assert_eq!(
        repeated(&server, &moved, make).code(),
        "store.idempotency_reused"
    );
    let stage = &ground.stage;
    assert_eq!(stage.outside(KEYS), "1");
    assert_eq!(
        stage.outside("SELECT count(*) FROM customer WHERE name = 'new'"),
        "1"
    );
    let line = stage.outside("SELECT line FROM diary");
    assert!(line.starts_with(&format!("{} {{", ground.clerk)), "{line}");
    let rights = format!(
        "SELECT has_schema_privilege('{}', 'fragaria', 'USAGE')",
        ground.clerk
    );
    assert_eq!(stage.outside(&rights), "f");
}

#[test]
fn a_refused_mutation_takes_its_claim_of_a_key_with_it() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    let foreign = "mutation { createCustomer(input: { tenantId: 2, name: \"new\" }) { id } }";
    for _ in 0..2 {
        assert_eq!(repeated(&server, &clerk(1), foreign).code(), "store.policy");
    }
    assert_eq!(ground.stage.outside(KEYS), "0");
    let mine = "mutation { createCustomer(input: { tenantId: 1, name: \"new\" }) { id } }";
    assert_eq!(repeated(&server, &clerk(1), mine).status, 200);
    assert_eq!(ground.stage.outside(KEYS), "1");
}
