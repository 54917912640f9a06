//! Access rules and documents: the columns they narrow by, and what no index serves.

use super::{SEVERAL, advise, analyse, codes, make, proposed, stages, trust};
use crate::stage::Stage;
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
    // What a rule says is told at the rule, and at no document that is held to it.
    let all = "query All { orders(limit: 9) { note } }";
    for stage in stages(&[("all", all)]) {
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

const NARROWED: &str = r#"
extend schema @role(name: "boss") @role(name: "chief") @role(name: "clerk") @role(name: "guest")
extend type Order
  @access(to: ["boss", "chief"], allow: [READ])
  @access(to: "clerk", allow: [READ], where: {total: {eq: {claim: "total"}}, note: {endsWith: "x"}})
  @access(to: "guest", allow: [READ], where: {or: [{paid: {eq: 1}}, {placed: {eq: 2}}]})
extend type Kind @access(to: "boss", allow: [READ])
extend type Customer @access(to: "guest", allow: [READ])
"#;

#[test]
fn what_a_rule_compares_stands_first_and_alternatives_have_an_index_each() {
    let of_tenant =
        "query Of($t: Int!) { orders(where: { tenant: { eq: $t } }, limit: 10) { id } }";
    for stage in stages(&[("of", of_tenant), ("several", SEVERAL)]) {
        let schema = stage.project.read("schema.graphql") + NARROWED;
        stage.project.write("schema.graphql", &schema);
        let advice = advise(&stage, &[]);
        // A pattern beside a column that finds the rows, and alternatives that are found, are no finding.
        assert_eq!(codes(&advice), [""; 0], "{advice:#}");
        let told = proposed(&advice);
        for start in [
            "orders: total, tenant",
            "orders: paid",
            "orders: placed",
            "orders: tenant",
        ] {
            let is_told = told.iter().any(|index| index.starts_with(start));
            assert!(is_told, "{start}: {advice:#}");
        }
        let indexes = advice["indexes"].as_array().unwrap().iter();
        let reasons = indexes.flat_map(|index| index["reasons"].as_array().unwrap());
        let mut of_all = reasons.filter(|reason| {
            reason["asker"] == "the document of (Of)"
                && reason["roles"].as_array().unwrap().len() > 1
        });
        let roles = &of_all.next().unwrap_or_else(|| panic!("{advice:#}"))["roles"];
        assert_eq!(roles, &Value::from(vec!["boss", "chief"]), "{advice:#}");
        make(&stage, &advice);
        let after = advise(&stage, &[]);
        assert_eq!(proposed(&after), [""; 0], "{after:#}");
    }
}

#[test]
fn a_condition_that_an_index_of_an_expression_serves_is_no_finding() {
    let cased = "query Cased { orders(where: { note: { ieq: \"O11\" } }, limit: 1000) { id } }";
    let [_, postgres, _] = stages(&[("cased", cased)]);
    assert_eq!(codes(&advise(&postgres, &[])), ["advise.document"]);
    postgres.change("CREATE INDEX lowered ON orders (lower(note)); ANALYZE");
    let after = advise(&postgres, &[]);
    assert_eq!(codes(&after), [""; 0], "{after:#}");
}

#[test]
fn what_looks_into_documents_lists_and_expressions_is_told() {
    let tables = "
        CREATE TABLE paper (id int PRIMARY KEY, body jsonb NOT NULL, tags text[] NOT NULL, pages int NOT NULL);
        INSERT INTO paper SELECT g, jsonb_build_object('a', g), ARRAY['t' || g % 7], g % 9
        FROM generate_series(1, 10000) g";
    let stage = Stage::on_postgres(tables, &[]);
    analyse(&stage);
    let schema = stage.project.read("schema.graphql");
    let schema = schema + "extend type Paper { doubled: Int! @computed(sql: \"{pages} * 2\") }\n";
    stage.project.write("schema.graphql", &schema);
    let conditions = [
        (
            "key",
            "body: { hasKey: \"b\" }",
            "it looks into what Paper.body holds",
        ),
        (
            "holds",
            "tags: { contains: [\"t1\"] }",
            "it looks into what Paper.tags holds",
        ),
        ("doubled", "doubled: { eq: 4 }", "Paper.doubled"),
    ];
    for (name, condition, _) in conditions {
        let text = format!("query Q {{ papers(where: {{ {condition} }}, limit: 9) {{ id }} }}");
        trust(&stage, &[(name, &text)]);
    }
    let advice = advise(&stage, &[]);
    assert_eq!(codes(&advice), ["advise.document"; 3], "{advice:#}");
    assert_eq!(proposed(&advice), [""; 0], "{advice:#}");
    let findings = advice["findings"].as_array().unwrap();
    for (name, _, why) in conditions {
        let file = format!("documents/{name}.graphql");
        let finding = findings
            .iter()
            .find(|finding| finding["file"] == file.as_str());
        let message = finding.unwrap()["message"].as_str().unwrap();
        assert!(message.contains(why), "{name}: {message}");
    }
}

#[test]
fn each_condition_that_no_index_serves_says_what_keeps_it() {
    let conditions = [
        (
            "negated",
            "not: { paid: { eq: 5 } }",
            "it says what Order.paid must not be",
        ),
        (
            "unequal",
            "paid: { ne: 5 }",
            "it says what Order.paid must not be",
        ),
        ("cased", "note: { ieq: \"O7\" }", "whatever the case"),
        (
            "compared",
            "compare: { total: { eq: paid } }",
            "is compared with another column of the same row",
        ),
        (
            "either",
            "or: [{ paid: { eq: 5 } }, { note: { contains: \"7\" } }]",
            "one of several conditions must hold",
        ),
    ];
    let texts = conditions.map(|(name, condition, _)| {
        let text = format!("query Q {{ orders(where: {{ {condition} }}, limit: 9) {{ id }} }}");
        (name, text)
    });
    let documents: Vec<_> = texts
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    for stage in stages(&documents) {
        let advice = advise(&stage, &[]);
        let findings = advice["findings"].as_array().unwrap();
        assert_eq!(codes(&advice), ["advise.document"; 5], "{advice:#}");
        for (name, _, why) in conditions {
            let file = format!("documents/{name}.graphql");
            let finding = findings
                .iter()
                .find(|finding| finding["file"] == file.as_str());
            let message = finding.unwrap()["message"].as_str().unwrap();
            assert!(message.contains(why), "{name}: {message}");
        }
        // Small tables are read as a whole.
        let small = advise(&stage, &["--rows-min", "20000"]);
        assert_eq!(codes(&small), [""; 0], "{small:#}");
    }
}
