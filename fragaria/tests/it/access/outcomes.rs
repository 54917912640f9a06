//! Kept outcomes of mutations: whoever may see less by now is not given again what it saw then.

use super::{TABLES, holder};
use crate::client::Response;
use crate::server::Server;
use crate::stage::Stage;
use serde_json::json;

const ROLE: &str = r#"extend schema @role(name: "clerk") @role(name: "other")"#;
const ALL: &str = r#"extend type Customer @access(to: "clerk", allow: [READ, UPDATE])"#;

/// The rules of the role as they may be later, each of which shows less.
const LESS: [&str; 3] = [
    r#"extend type Customer @access(to: "clerk", allow: [READ, UPDATE], where: {id: {lt: 3}})"#,
    r#"extend type Customer @access(to: "clerk", allow: [READ, UPDATE], mask: {name: PARTIAL})"#,
    r#"extend type Customer @access(to: "clerk", allow: READ, where: {id: {lt: 2}})
       @access(to: "clerk", allow: READ, fields: ["id"]) @access(to: "clerk", allow: UPDATE)"#,
];

/// The same rule, and more that is not of that role.
const SAME: &str = r#"extend type Customer
    @access(to: "other", allow: READ) @access(to: ["clerk", "other"], allow: [UPDATE, READ])
    extend type Invoice @access(to: "other", allow: READ)"#;

fn ask(server: &Server) -> Response {
    let document = "mutation { updateCustomers(where: {}, set: { score: 1 }) { name } }";
    let body = json!({ "query": document }).to_string();
    let caller = format!("fragaria-as: {}", holder(&["clerk"]));
    let headers = [
        "content-type: application/json",
        "idempotency-key: k",
        &caller,
    ];
    server.ask("POST /graphql", &headers, body.as_bytes())
}

#[test]
fn an_outcome_is_given_again_under_the_same_rules_and_under_no_others() {
    for stage in Stage::of(TABLES, &[]) {
        let tables = stage.project.read("schema.graphql");
        let under = |rules: &str| {
            let schema = format!("{tables}\n{ROLE}\n{rules}");
            stage.project.write("schema.graphql", &schema);
            stage.project.dev(stage.settings()).ready()
        };
        let first = ask(&under(ALL));
        let names = json!([{ "name": "Ann" }, { "name": "Abe" }, { "name": "Bob" }]);
        assert_eq!(first.json()["data"]["updateCustomers"], names);
        stage.change("UPDATE customer SET score = 2");
        for less in LESS {
            let told = ask(&under(less));
            assert_eq!(
                told.code(),
                "store.idempotency_reused",
                "{}: {less}",
                stage.url()
            );
            assert!(!told.json().to_string().contains("Bob"), "{less}");
        }
        for rules in [SAME, ALL] {
            let again = ask(&under(rules));
            assert_eq!(
                again.header("idempotency-replayed"),
                "true",
                "{}",
                stage.url()
            );
            assert_eq!(again.json(), first.json());
        }
        // The write was never done a second time.
        assert_eq!(stage.outside("SELECT sum(score) FROM customer"), "6");
    }
}
