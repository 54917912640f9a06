//! Names that need quoting, indexes that are there in another form, and databases that nobody counted.

use super::{TABLES, advise, analyse, codes, events, make, proposed, stages, trust};
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

#[test]
fn what_is_printed_is_a_script_whatever_tables_are_called() {
    let tables = format!(
        "{TABLES} CREATE TABLE \"q;\ndrop table orders; --\" (id integer PRIMARY KEY, kind integer NOT NULL);
         INSERT INTO \"q;\ndrop table orders; --\" SELECT id, id % 1000 FROM orders;"
    );
    let stage = Stage::on_sqlite(&tables, &[]);
    let schema = stage.project.read("schema.graphql");
    let odd = schema.lines().find(|line| line.contains("drop table"));
    let odd = odd.unwrap().split(' ').nth(1).unwrap();
    let schema = schema.replace(&format!("type {odd} "), "type Odd ");
    stage.project.write("schema.graphql", &schema);
    trust(
        &stage,
        &[(
            "found",
            "{ odds(where: { kind: { eq: 1 } }, limit: 50) { id } }",
        )],
    );
    analyse(&stage);
    let script = stage.project.run(&["advise"]);
    assert!(
        script.contains("rows of q;\\ndrop table orders; -- are read"),
        "{script}"
    );
    let orders = stage.outside("SELECT count(*) FROM orders");
    stage.change(&script);
    assert_eq!(stage.outside("SELECT count(*) FROM orders"), orders);
    assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
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
        stage.change("CREATE INDEX a ON orders (tenant, id) WHERE total = 3; CREATE INDEX b ON orders (abs(tenant)); \
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

#[test]
fn a_name_that_is_taken_is_not_proposed() {
    for stage in stages(&[("recent", super::RECENT)]) {
        let name = if stage.is_mariadb() {
            "orders_tenant_placed_idx"
        } else {
            "orders_tenant_placed_id_idx"
        };
        // Names are of a table in MariaDB, and of a schema elsewhere.
        let table = if stage.is_mariadb() {
            "orders (total)"
        } else {
            "kind (name)"
        };
        stage.change(&format!("CREATE INDEX {name} ON {table}"));
        let advice = advise(&stage, &[]);
        assert!(!proposed(&advice).is_empty(), "{advice:#}");
        make(&stage, &advice);
        assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
    }
}

#[test]
fn indexes_that_are_proposed_together_have_names_of_their_own() {
    let tables = format!(
        "{TABLES} CREATE TABLE orders_total (id integer PRIMARY KEY, placed integer NOT NULL);
         INSERT INTO orders_total SELECT id, placed FROM orders;"
    );
    let documents = "
        query Up { orders(orderBy: [{ total: ASC }, { placed: ASC }], limit: 5) { id } }
        query Mixed { orders(orderBy: [{ total: ASC }, { placed: DESC }], limit: 5) { id } }
        query Turned { orders(orderBy: [{ total: DESC }, { placed: ASC }], limit: 5) { id } }
        query Other { ordersTotals(orderBy: [{ placed: ASC }], limit: 5) { id } }";
    for stage in Stage::of(&tables, &[]) {
        trust(&stage, &[("ordered", documents)]);
        analyse(&stage);
        let advice = advise(&stage, &[]);
        let told = proposed(&advice);
        let of = |start: &str| told.iter().filter(|index| index.starts_with(start)).count();
        assert_eq!(
            (of("orders: total"), of("orders_total: placed")),
            (3, 1),
            "{advice:#}"
        );
        make(&stage, &advice);
        assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
    }
}

#[test]
fn an_index_that_is_walked_for_but_a_few_rows_is_fine() {
    let few = "query Few { orders(where: { paid: { eq: 5 } }, orderBy: [{ placed: ASC }], limit: 10) { id } }";
    // A number of rows that requests bring is no unknown one, with which a tenth of all is reckoned.
    let bound = few
        .replace("Few", "Bound($limit: Int!)")
        .replace("10", "$limit");
    let said = bound.replace("Bound($limit: Int!)", "Said($limit: Int = 30)");
    let [_, postgres, _] = stages(&[("few", few), ("bound", &bound), ("said", &said)]);
    postgres.change("CREATE INDEX a ON orders (placed, id)");
    analyse(&postgres);
    let advice = advise(&postgres, &["--record"]);
    let plans = postgres.project.read("fragaria.artefact.plans.json");
    assert!(plans.contains("\"work\": \"walk\""), "{plans}");
    let plans: Value = serde_json::from_str(&plans).unwrap();
    let rows = |name: &str| {
        let mut all = plans["plans"].as_array().unwrap().iter();
        let plan = all.find(|plan| plan["asker"].to_string().contains(name));
        plan.unwrap()["plan"]["rows"].as_u64().unwrap()
    };
    assert_eq!(
        (rows("\"Few\""), rows("\"Bound\""), rows("\"Said\"")),
        (10, 20, 30)
    );
    // A tenth of the rows fits, so a hundred are walked for ten.
    assert_eq!(proposed(&advice), ["orders: customer_id, id"], "{advice:#}");
    let advice = advise(&postgres, &["--rows-min", "50"]);
    let is_told = |index: &String| index.starts_with("orders: paid");
    assert!(proposed(&advice).iter().any(is_told), "{advice:#}");
}

#[test]
fn an_index_that_sqlite_would_not_use_is_not_proposed() {
    let stage = Stage::on_sqlite(&events(), &[]);
    let order =
        "query Order { events(orderBy: [{ a: ASC_NULLS_FIRST }, { b: ASC }], limit: 5) { id } }";
    analyse(&stage);
    trust(
        &stage,
        &[("order", &order.replace("b: ASC", "b: ASC_NULLS_LAST"))],
    );
    let advice = advise(&stage, &[]);
    assert_eq!(proposed(&advice), [""; 0], "{advice:#}");
    for (condition, index) in [
        ("b: { isNull: true }", "event: b, id"),
        ("a: { in: [1, 2] }, b: { gt: 3 }", "event: a, b"),
    ] {
        let text = format!("query Of {{ events(where: {{ {condition} }}, limit: 5) {{ id }} }}");
        trust(&stage, &[("order", &text)]);
        assert_eq!(proposed(&advise(&stage, &[])), [index]);
    }
    trust(
        &stage,
        &[("order", &order.replace("b: ASC", "b: ASC_NULLS_FIRST"))],
    );
    let advice = advise(&stage, &[]);
    assert_eq!(proposed(&advice), ["event: a, b, id"], "{advice:#}");
    assert_eq!(advice["indexes"][0]["tried"], true, "{advice:#}");
    make(&stage, &advice);
    assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
}

#[test]
fn a_function_of_the_database_is_left_out_and_that_is_told() {
    let stage = Stage::on_postgres(TABLES, &[]);
    stage.change(
        "CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders'",
    );
    analyse(&stage);
    let schema = stage.project.read("schema.graphql");
    let schema = schema + "extend type Query { counted: BigInt @function }\n";
    stage.project.write("schema.graphql", &schema);
    let advice = advise(&stage, &[]);
    let left = &advice["left"][0];
    assert_eq!(left["asker"], "Query.counted", "{advice:#}");
    let why = "what a function of the database does is not told by a plan";
    assert_eq!(left["why"], why, "{advice:#}");
}

#[test]
fn a_long_text_is_found_by_its_beginning() {
    let (digits, _) = TABLES.split_at(TABLES.find("CREATE TABLE customer").unwrap());
    let stage = Stage::on_mariadb(
        &format!(
            "{digits} CREATE TABLE letter (id integer PRIMARY KEY, body longtext NOT NULL,
                 kind integer NOT NULL, day integer NOT NULL);
             INSERT INTO letter SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n, CONCAT(d.n, c.n, b.n), a.n, b.n
             FROM digit a, digit b, digit c, digit d"
        ),
        &[],
    );
    analyse(&stage);
    // The beginning finds a text, and neither brings an order nor has one behind it.
    let written = "
        query Of { letters(where: { body: { eq: \"123\" }, kind: { eq: 1 } }, orderBy: [{ day: ASC }], limit: 5) { id } }
        query From { letters(where: { body: { gte: \"7\" } }, orderBy: [{ day: ASC }], limit: 5) { id } }
        query Sorted { letters(orderBy: [{ body: ASC }], limit: 5) { id } }";
    trust(&stage, &[("of", written)]);
    let advice = advise(&stage, &[]);
    assert_eq!(proposed(&advice), ["letter: kind, body"], "{advice:#}");
    let sql = advice["indexes"][0]["sql"].as_str().unwrap();
    assert!(sql.ends_with("(`kind`, `body`(64))"), "{sql}");
    make(&stage, &advice);
    let after = advise(&stage, &["--record"]);
    assert_eq!(proposed(&after), [""; 0], "{after:#}");
    let plans = stage.project.read("fragaria.artefact.plans.json");
    assert!(
        plans.contains("\"index\": \"letter_kind_body_idx\""),
        "{plans}"
    );
}

#[test]
fn an_index_that_goes_other_ways_does_not_serve_an_order() {
    let mixed =
        "query Mixed { orders(orderBy: [{ total: ASC }, { placed: DESC }], limit: 5) { id } }";
    // The others sort what is alike in the first column, which is little.
    let [_, _, stage] = stages(&[("mixed", mixed)]);
    stage.change("CREATE INDEX a ON orders (total, placed)");
    analyse(&stage);
    let advice = advise(&stage, &[]);
    let told = proposed(&advice);
    assert_eq!(told, ["orders: total, placed DESC"], "{advice:#}");
    make(&stage, &advice);
    assert_eq!(proposed(&advise(&stage, &[])), [""; 0]);
}
