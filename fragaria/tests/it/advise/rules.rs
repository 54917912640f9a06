//! Access rules and documents: the columns they narrow by, and what no index serves.

use super::{advise, codes, make, proposed, stages};
use serde_json::Value;

const RULES: &str = r#"
extend schema @role(name: "clerk") @role(name: "writer") @role(name: "anyone")
extend type Order
  @access(to: "clerk", allow: [READ], where: {tenant: {eq: {claim: "tenant"}}})
  @access(to: "writer", allow: [READ], where: {note: {endsWith: "x"}})
  @access(to: "anyone", allow: [READ], where: {or: [{paid: {eq: 1}}, {customer: {country: {eq: 2}}}]})
extend type Customer @access(to: "anyone", allow: [READ])
extend type Kind @access(to: "writer", allow: [READ], where: {name: {endsWith: "x"}})
"#;

#[test]
fn the_column_of_a_rule_is_proposed_and_a_rule_that_none_serves_is_told_with_its_place() {
    for stage in stages(&[]) {
        let schema = stage.project.read("schema.graphql");
        stage
            .project
            .write("schema.graphql", &(schema.clone() + RULES));
        let advice = advise(&stage, &[]);
        let told = proposed(&advice);
        let tenant = told
            .iter()
            .find(|index| index.starts_with("orders: tenant"));
        assert!(tenant.is_some(), "{advice:#}");
        let indexes = advice["indexes"].as_array().unwrap().iter();
        let mut of_rule = indexes.filter(|index| {
            let reasons = index["for"].as_array().unwrap();
            reasons.contains(&Value::from("rule"))
        });
        let reason = &of_rule.next().unwrap()["reasons"][0];
        assert_eq!(reason["roles"], Value::from(vec!["clerk"]), "{advice:#}");
        assert_eq!(codes(&advice), ["advise.rule", "advise.rule"], "{advice:#}");
        let line = schema.lines().count() as u64;
        let places: Vec<_> = advice["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                assert_eq!(finding["file"], "schema.graphql");
                let message = finding["message"].as_str().unwrap();
                let why = message.split("of Order: ").nth(1).unwrap_or(message);
                let why = why.split(';').next().unwrap().to_owned();
                (finding["line"].as_u64().unwrap() - line, why)
            })
            .collect();
        let alternatives =
            "one of several conditions must hold, and not each of them is about a column of Order";
        let pattern = "a pattern is looked for anywhere in Order.note";
        let mut whys: Vec<_> = places.iter().map(|(_, why)| why.as_str()).collect();
        whys.sort_unstable();
        assert_eq!(whys, [pattern, alternatives], "{advice:#}");
        assert!(places[0].0 < places[1].0, "{advice:#}");
        make(&stage, &advice);
        let after = advise(&stage, &[]);
        assert_eq!(proposed(&after), [""; 0], "{after:#}");
    }
}

#[test]
fn conditions_of_documents_that_no_index_serves_are_told_with_their_places() {
    let compared = "query Compared {\n  orders(where: { compare: { total: { gt: paid } } }, limit: 9) { id }\n}";
    let found = "query Found {\n  orders(where: { note: { contains: \"7\" } }, limit: 9) { id }\n}";
    let narrowed =
        "query Narrowed {\n  orders(where: { id: { eq: 7 }, note: { contains: \"7\" } }) { id }\n}";
    let documents = [
        ("compared", compared),
        ("found", found),
        ("narrowed", narrowed),
    ];
    for stage in stages(&documents) {
        let advice = advise(&stage, &[]);
        assert_eq!(codes(&advice), ["advise.document"; 2], "{advice:#}");
        let places = advice["findings"].as_array().unwrap().iter();
        let places: Vec<_> = places
            .map(|finding| {
                let place = (&finding["file"], &finding["line"], &finding["column"]);
                (
                    place.0.as_str().unwrap(),
                    place.1.as_u64().unwrap(),
                    place.2.as_u64().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("documents/compared.graphql", 2, 30),
            ("documents/found.graphql", 2, 19),
        ];
        assert_eq!(places, expected, "{advice:#}");
    }
}
