//! Conditions and orders that are found, or that no index brings, beside what plans do today.

use super::{TABLES, advise, analyse, events, make, proposed, trust};
use crate::stage::Stage;

#[test]
fn an_order_with_nulls_where_no_index_has_them_is_not_proposed() {
    let documents = "
        query First { events(orderBy: [{ a: ASC_NULLS_FIRST }], limit: 5) { id } }
        query Last { events(orderBy: [{ b: ASC_NULLS_LAST }], limit: 5) { id } }
        query DownFirst { events(orderBy: [{ a: DESC_NULLS_FIRST }, { id: ASC }], limit: 5) { id } }";
    let postgres = Stage::on_postgres(&events(), &[]);
    let mariadb = Stage::on_mariadb(&events(), &[]);
    for (stage, expected) in [
        (postgres, &["event: a DESC, id", "event: b, id"][..]),
        (mariadb, &["event: a"]),
    ] {
        analyse(&stage);
        trust(&stage, &[("ordered", documents)]);
        let advice = advise(&stage, &[]);
        assert_eq!(proposed(&advice), expected, "{advice:#}");
        make(&stage, &advice);
        assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
    }
}

#[test]
fn alternatives_of_one_column_want_one_index() {
    let either =
        "query Either { orders(where: { or: [{ total: { eq: 1 } }, { total: { eq: 2 } }] },
        orderBy: [{ placed: ASC }], limit: 5) { id } }";
    for stage in Stage::of(TABLES, &[]) {
        trust(&stage, &[("either", either)]);
        analyse(&stage);
        let advice = advise(&stage, &[]);
        let told = proposed(&advice);
        assert!(told.contains(&"orders: total".to_owned()), "{advice:#}");
        assert!(!told.iter().any(|index| index.contains("placed")));
        make(&stage, &advice);
        assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
    }
}

#[test]
fn alternatives_of_which_one_finds_too_much_are_not_proposed_on_sqlite() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    let any = "query Any { orders(where: { or: [{ paid: { eq: 5 } }, { total: { eq: 2 } }, { placed: { eq: 7 } }] },
        orderBy: [{ tenant: ASC }], limit: 5) { id } }";
    trust(&stage, &[("any", any)]);
    stage.change("CREATE INDEX a ON orders (paid); CREATE INDEX b ON orders (customer_id)");
    analyse(&stage);
    let advice = advise(&stage, &[]);
    let expected = ["orders: placed", "orders: tenant, id", "orders: total"];
    assert_eq!(proposed(&advice), expected, "{advice:#}");
    // As all are paid alike, all are read whatever finds the others: the order alone is of use.
    stage.change("UPDATE orders SET paid = 5; ANALYZE");
    let advice = advise(&stage, &[]);
    assert_eq!(proposed(&advice), ["orders: tenant, id"], "{advice:#}");
}

#[test]
fn an_order_that_is_sorted_as_before_is_no_reason_on_sqlite() {
    let stage = Stage::on_sqlite(&events(), &[]);
    let either = "query Either { events(where: { or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] },
        orderBy: [{ a: ASC_NULLS_FIRST }, { b: ASC_NULLS_LAST }], limit: 5) { id } }";
    trust(&stage, &[("either", either)]);
    analyse(&stage);
    let advice = advise(&stage, &[]);
    let expected = ["event: a, b, id", "event: b"];
    assert_eq!(proposed(&advice), expected, "{advice:#}");
    let indexes = advice["indexes"].as_array().unwrap().iter();
    let mut reasons = indexes.flat_map(|index| index["reasons"].as_array().unwrap());
    assert!(reasons.all(|reason| reason["now"] == "scan"), "{advice:#}");
}

#[test]
fn an_index_that_sqlite_makes_for_each_request_is_proposed() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    let some = "query Some { customers(where: { orders: { some: { total: { gt: 60 } } } }, limit: 5) { id } }";
    trust(&stage, &[("some", some)]);
    analyse(&stage);
    let advice = advise(&stage, &[]);
    let told = proposed(&advice);
    let index = "orders: customer_id, total".to_owned();
    assert!(told.contains(&index), "{advice:#}");
    make(&stage, &advice);
    assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
}

#[test]
fn a_row_that_is_joined_by_its_key_wants_no_other_index() {
    let stage = Stage::on_postgres(TABLES, &[]);
    let rules = r#"
extend schema @role(name: "clerk")
extend type Order @access(to: "clerk", allow: [READ])
extend type Customer @access(to: "clerk", allow: [READ], where: {country: {eq: {claim: "country"}}})
"#;
    let schema = stage.project.read("schema.graphql") + rules;
    stage.project.write("schema.graphql", &schema);
    let named = "query Named { orders(orderBy: [{ customer: { name: ASC } }], limit: 5) { id } }";
    trust(&stage, &[("named", named)]);
    analyse(&stage);
    let advice = advise(&stage, &["--record"]);
    let plans = stage.project.read("fragaria.artefact.plans.json");
    assert!(plans.contains("\"Hash Join\""), "{plans}");
    let told = proposed(&advice);
    assert!(told.contains(&"customer: country".to_owned()), "{advice:#}");
    let indexes = advice["indexes"].as_array().unwrap().iter();
    let mut reasons = indexes.flat_map(|index| index["reasons"].as_array().unwrap());
    let is_of = |asker: &str| asker == "the document named (Named)";
    assert!(
        reasons.all(|reason| !is_of(reason["asker"].as_str().unwrap())),
        "{advice:#}"
    );
}
