//! Names that need quoting, indexes that are there in another form, and databases that nobody counted.

use super::{TABLES, advise, analyse, codes, make, proposed, stages, trust};
use crate::stage::Stage;
use serde_json::Value;

#[test]
fn names_are_quoted_whatever_they_are() {
    let long = "l".repeat(58);
    let tables = |quote: &str, inner: &str| {
        let name = format!("{quote}od{inner}d tÄble (a=?){quote}");
        let column = format!("{quote}cö lumn{quote}");
        let long = format!("{quote}{long}{quote}");
        let (digits, _) = TABLES.split_at(TABLES.find("CREATE TABLE customer").unwrap());
        format!(
            "{digits}
            CREATE TABLE customer (id integer PRIMARY KEY);
            CREATE TABLE orders (id integer PRIMARY KEY);
            CREATE TABLE kind (id integer PRIMARY KEY);
            CREATE TABLE {name} (id integer PRIMARY KEY, {column} integer NOT NULL, {long} integer NOT NULL);
            INSERT INTO {name} SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n, a.n + 10 * b.n, c.n + 10 * d.n
            FROM digit a, digit b, digit c, digit d;"
        )
    };
    let stages = [
        Stage::on_sqlite(&tables("\"", "\"\""), &[]),
        Stage::on_postgres(&tables("\"", "\"\""), &[]),
        Stage::on_mariadb(&tables("`", "``"), &[]),
    ];
    for stage in stages {
        analyse(&stage);
        let schema = stage.project.read("schema.graphql");
        let found = schema.lines().find(|line| line.contains("tÄble")).unwrap();
        let type_name = found.split(' ').nth(1).unwrap();
        let lines: Vec<_> = schema.split(found).nth(1).unwrap().lines().collect();
        let schema = schema
            .replace(&format!("type {type_name} "), "type Odd ")
            .replace(lines[2], "  one: Int! @column(name: \"cö lumn\")")
            .replace(
                lines[3],
                &format!("  other: Int! @column(name: \"{long}\")"),
            );
        stage.project.write("schema.graphql", &schema);
        let document = "
            query A { odds(where: { one: { eq: 1 } }, limit: 50) { id } }
            query B { odds(where: { other: { eq: 1 } }, limit: 50) { id } }";
        trust(&stage, &[("found", document)]);
        let advice = advise(&stage, &[]);
        assert_eq!(proposed(&advice).len(), 2, "{advice:#}");
        make(&stage, &advice);
        let after = advise(&stage, &["--record"]);
        assert_eq!(proposed(&after), [""; 0], "{after:#}");
        let plans = stage.project.read("fragaria.artefact.plans.json");
        let plans: Value = serde_json::from_str(&plans).unwrap();
        for operation in ["A", "B"] {
            let is_of = |plan: &&Value| plan["asker"]["document"]["operation"] == operation;
            let plan = plans["plans"].as_array().unwrap().iter().find(is_of);
            let nodes = plan.unwrap()["plan"]["nodes"].as_array().unwrap();
            let mut indexes = nodes.iter().filter_map(|node| node["index"].as_str());
            let made = indexes.any(|name| name.contains("(a=?)_") && !name.ends_with("_pkey"));
            assert!(made, "{plans:#}");
        }
    }
}

const INDEXES: &str = "
    CREATE INDEX a ON orders (customer_id);
    CREATE INDEX b ON orders (tenant, placed DESC, id);
    CREATE INDEX c ON orders (placed, total);";

#[test]
fn indexes_that_serve_are_not_proposed_again() {
    for stage in stages(&[("recent", super::RECENT), ("late", super::LATE)]) {
        stage.change(INDEXES);
        analyse(&stage);
        let advice = advise(&stage, &[]);
        assert_eq!(proposed(&advice), [""; 0], "{advice:#}");
    }
}

#[test]
fn an_index_of_other_rows_or_another_expression_does_not_serve() {
    let stages = [
        Stage::on_sqlite(TABLES, &[]),
        Stage::on_postgres(TABLES, &[]),
    ];
    for stage in stages {
        stage.change("CREATE INDEX a ON orders (tenant) WHERE total = 3; CREATE INDEX b ON orders (abs(tenant)); \
                      CREATE INDEX c ON orders (placed, tenant); CREATE INDEX d ON orders (customer_id)");
        let document =
            "query One($t: Int!) { orders(where: { tenant: { eq: $t } }, limit: 50) { note } }";
        trust(&stage, &[("one", document)]);
        analyse(&stage);
        let advice = advise(&stage, &[]);
        assert_eq!(proposed(&advice), ["orders: tenant, id"], "{advice:#}");
        make(&stage, &advice);
        assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
    }
}

#[test]
fn a_table_in_parts_is_one_table() {
    let tables = "
        CREATE TABLE event (id integer NOT NULL, day integer NOT NULL, kind integer NOT NULL, PRIMARY KEY (id, day))
            PARTITION BY RANGE (day);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (50);
        CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (50) TO (100);
        INSERT INTO event SELECT g, g % 100, g % 300 FROM generate_series(1, 20000) g;";
    let stage = Stage::on_postgres(tables, &[]);
    let document =
        "query Of($kind: Int!) { events(where: { kind: { eq: $kind } }, limit: 5) { id } }";
    trust(&stage, &[("of", document)]);
    analyse(&stage);
    let advice = advise(&stage, &[]);
    assert_eq!(proposed(&advice), ["event: kind, id, day"], "{advice:#}");
    make(&stage, &advice);
    assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
}

#[test]
fn a_database_that_nobody_counted_is_told_so() {
    let stages = [
        Stage::on_sqlite(TABLES, &[]),
        Stage::on_postgres(TABLES, &[]),
    ];
    for stage in stages {
        let advice = advise(&stage, &[]);
        assert!(codes(&advice).contains(&"advise.statistics"), "{advice:#}");
        assert!(
            proposed(&advice).contains(&"orders: customer_id, id".to_owned()),
            "{advice:#}"
        );
        analyse(&stage);
        assert!(!codes(&advise(&stage, &[])).contains(&"advise.statistics"));
    }
}
