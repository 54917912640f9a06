//! Writes under policies: what they refuse is told, and what they hide is not there.

use super::{Ground, asked, clerk, code, data};
use serde_json::{Value, json};

/// All that may change.
const STATE: &str = "SELECT (SELECT string_agg(c::text, ' ' ORDER BY id) FROM customer c) || ' ' ||
    (SELECT string_agg(i::text, ' ' ORDER BY id) FROM invoice i)";

#[test]
fn a_row_that_a_policy_refuses_is_not_written_and_its_place_is_told() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    let before = ground.stage.outside(STATE);
    for (document, input) in [
        (
            "createCustomer(input: { tenantId: 2, name: \"new\" }) { id }",
            "input",
        ),
        (
            "createCustomers(input: [{ tenantId: 1, name: \"a\" }, { tenantId: 2, name: \"b\" }]) { id }",
            "input[1]",
        ),
        ("updateCustomer(id: 1, set: { tenantId: 2 }) { id }", "set"),
        (
            "createCustomer(input: { tenantId: 1, name: \"a\", invoices: { create: [{ tenantId: 2, total: 1 }] } }) { id }",
            "input.invoices.create[0]",
        ),
        (
            "upsertCustomer(input: { id: 3, tenantId: 1, name: \"mine\" }, onConflict: ID) { id }",
            "input",
        ),
    ] {
        let answer = asked(&server, &clerk(1), &format!("mutation {{ {document} }}"));
        let error = &answer["errors"][0];
        assert_eq!(
            error["extensions"]["code"], "store.policy",
            "{document}: {answer}"
        );
        assert_eq!(error["extensions"]["input"], input, "{document}: {answer}");
        assert_eq!(answer["data"], Value::Null);
        let told = answer.to_string();
        assert!(
            !told.contains("of_tenant") && !told.contains("customer\\"),
            "{told}"
        );
        let detail = server.logged("the database refused")["detail"].to_string();
        assert!(detail.contains("row-level security"), "{detail}");
    }
    assert_eq!(ground.stage.outside(STATE), before);
}

#[test]
fn writes_reach_the_rows_of_the_policies_and_are_made_by_the_role() {
    let ground = Ground::new();
    let server = ground.dev(&[]);
    let mine = |document: &str| data(&server, &clerk(1), &format!("mutation {{ {document} }}"));
    for (document, expected) in [
        (
            "updateCustomer(id: 3, set: { name: \"x\" }) { id }",
            json!({ "updateCustomer": null }),
        ),
        (
            "deleteCustomer(id: 3) { id }",
            json!({ "deleteCustomer": null }),
        ),
        (
            "updateInvoices(where: {}, set: { total: 1 }, atMost: 10) { id }",
            json!({ "updateInvoices": [{ "id": 1 }, { "id": 2 }] }),
        ),
        (
            "deleteInvoices(where: { total: { gte: 0 } }, atMost: 10) { id }",
            json!({ "deleteInvoices": [{ "id": 1 }, { "id": 2 }] }),
        ),
    ] {
        assert_eq!(mine(document), expected, "{document}");
    }
    assert_eq!(
        ground
            .stage
            .outside("SELECT string_agg(id || ' ' || total, ',') FROM invoice"),
        "3 99"
    );
    let made = mine(
        "createCustomer(input: { tenantId: 1, name: \"new\", invoices: { create: [{ tenantId: 1, total: 5 }] } }) \
         { madeBy invoices { total } }",
    );
    let made_by = &ground.clerk;
    let expected = json!({ "madeBy": made_by, "invoices": [{ "total": 5 }] });
    assert_eq!(made["createCustomer"], expected);
    let whole = data(
        &server,
        &clerk(1),
        "mutation { a: createCustomer(input: { tenantId: 1, name: \"p\" }) { madeBy }
           b: updateCustomers(where: {}, set: { tenantId: 1 }, atMost: 10) { id } }",
    );
    assert_eq!(whole["a"]["madeBy"], json!(made_by));
    assert_eq!(whole["b"].as_array().unwrap().len(), 4, "{whole}");
}

#[test]
fn a_right_that_the_role_lacks_is_the_operators_to_grant_although_the_login_has_it() {
    let ground = Ground::new();
    ground
        .stage
        .change(&format!("REVOKE DELETE ON customer FROM {}", ground.clerk));
    let server = ground.dev(&[]);
    let delete = "mutation { deleteCustomer(id: 2) { id } }";
    assert_eq!(code(&server, &clerk(1), delete), "store.denied");
    let login =
        server.graphql("mutation { deleteInvoice(id: 2) { id } deleteCustomer(id: 2) { id } }");
    assert_eq!(login.json()["data"]["deleteCustomer"], json!({ "id": 2 }));
}

#[test]
fn a_transaction_that_runs_again_does_so_as_the_same_role() {
    let ground = Ground::new();
    // Of what a sequence gave nothing is undone with the transaction.
    ground.stage.change(
        "CREATE SEQUENCE tries;
         GRANT ALL ON SEQUENCE tries TO public;
         CREATE FUNCTION hinder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('tries') < 3 THEN
             RAISE EXCEPTION 'again' USING ERRCODE = '40001';
           END IF;
           RETURN NEW; END $$;
         CREATE TRIGGER hinder BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION hinder()",
    );
    let server = ground.dev(&[]);
    let made = data(
        &server,
        &clerk(1),
        "mutation { createCustomer(input: { tenantId: 1, name: \"new\" }) { madeBy } customers: updateCustomers(where: {}, set: { tenantId: 1 }, atMost: 9) { id } }",
    );
    assert_eq!(made["createCustomer"]["madeBy"], json!(ground.clerk));
    assert_eq!(made["customers"].as_array().unwrap().len(), 3);
    assert_eq!(server.metric("fragaria_store_retries_total"), 2);
    ground.stage.change("ALTER SEQUENCE tries RESTART");
    let foreign = "mutation { createCustomer(input: { tenantId: 2, name: \"newer\" }) { id } }";
    assert_eq!(code(&server, &clerk(1), foreign), "store.policy");
    assert_eq!(server.metric("fragaria_store_retries_total"), 4);
}
