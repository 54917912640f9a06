//! Advice about indexes: what is proposed is made, and then plans make use of it.

mod checked;
mod hostile;
mod reading;
mod record;
mod rules;
mod wants;

use crate::project::told;
use crate::stage::Stage;
use serde_json::Value;

/// Ten thousand orders of a thousand customers, found by nothing but their keys.
const TABLES: &str = "
    CREATE TABLE digit (n integer PRIMARY KEY);
    INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
    CREATE TABLE customer (id integer PRIMARY KEY, name varchar(40) NOT NULL, country integer NOT NULL);
    CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, tenant integer NOT NULL,
        placed integer NOT NULL, total integer NOT NULL, paid integer NOT NULL, note varchar(40) NOT NULL,
        FOREIGN KEY (customer_id) REFERENCES customer (id));
    CREATE TABLE kind (id integer PRIMARY KEY, name varchar(40) NOT NULL);
    INSERT INTO kind SELECT n, CONCAT('k', n) FROM digit;
    INSERT INTO customer SELECT a.n + 10 * b.n + 100 * c.n, CONCAT('n', a.n, b.n, c.n), a.n
        FROM digit a, digit b, digit c;
    INSERT INTO orders SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n, a.n + 10 * b.n + 100 * c.n,
        a.n + 10 * b.n, 7919 * (a.n + 10 * b.n + 100 * c.n + 1000 * d.n) % 10007,
        a.n * 7 + d.n, b.n * 5, CONCAT('o', d.n, c.n)
        FROM digit a, digit b, digit c, digit d;";

const RECENT: &str = "query Recent($tenant: Int!) {
  orders(where: { tenant: { eq: $tenant } }, orderBy: [{ placed: DESC }], limit: 10) { id placed }
}";
const LATE: &str = "query Late($from: Int!, $to: Int!) {
  orders(where: { placed: { gte: $from, lte: $to } }, limit: 10) { id }
}";
const SEVERAL: &str = "query Several { orders(where: { total: { in: [1, 2] } }, limit: 5) { id } }";
const PAGE: &str = "query Page($after: String!) {
  orderConnection(orderBy: [{ total: ASC }, { placed: ASC }], first: 10, after: $after) {
    edges { node { id } }
  }
}";
const SMALL: &str = "query Small { kinds(where: { name: { eq: \"k1\" } }) { id } }";

/// Projects on the three databases, with documents.
fn stages(documents: &[(&str, &str)]) -> [Stage; 3] {
    let stages = Stage::of(TABLES, &[]);
    for stage in &stages {
        trust(stage, documents);
        analyse(stage);
    }
    stages
}

fn trust(stage: &Stage, documents: &[(&str, &str)]) {
    let project = &stage.project;
    std::fs::create_dir_all(project.path("documents")).unwrap();
    let config = project.read("fragaria.toml");
    if !config.contains("[documents]") {
        let config = config + "\n[documents]\nfolder = \"documents\"\n";
        project.write("fragaria.toml", &config);
    }
    for (name, text) in documents {
        project.write(&format!("documents/{name}.graphql"), text);
    }
}

/// Ten thousand events, of which columns may be NULL.
fn events() -> String {
    let (digits, _) = TABLES.split_at(TABLES.find("CREATE TABLE customer").unwrap());
    format!(
        "{digits} CREATE TABLE event (id integer PRIMARY KEY, a integer, b integer);
         INSERT INTO event SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n, a.n, b.n
         FROM digit a, digit b, digit c, digit d"
    )
}

/// Lets the database count what is in its tables.
fn analyse(stage: &Stage) {
    if !stage.is_mariadb() {
        return stage.change("ANALYZE");
    }
    let tables = stage.outside(
        "SELECT GROUP_CONCAT(CONCAT('`', REPLACE(table_name, '`', '``'), '`')) \
         FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
    );
    stage.change(&format!("ANALYZE TABLE {tables}"));
}

/// What is told to a machine.
fn advise(stage: &Stage, arguments: &[&str]) -> Value {
    let mut all = vec!["advise", "--json"];
    all.extend(arguments);
    serde_json::from_str(&stage.project.run(&all)).unwrap()
}

/// The tables and columns of the indexes that are proposed.
fn proposed(advice: &Value) -> Vec<String> {
    let indexes = advice["indexes"].as_array().unwrap().iter();
    let told = indexes.map(|index| {
        let columns = index["columns"].as_array().unwrap().iter();
        let columns = columns.map(|column| {
            let down = if column["descending"] == true {
                " DESC"
            } else {
                ""
            };
            format!("{}{down}", column["name"].as_str().unwrap())
        });
        let columns: Vec<_> = columns.collect();
        format!(
            "{}: {}",
            index["table"].as_str().unwrap(),
            columns.join(", ")
        )
    });
    told.collect()
}

/// Makes all that is proposed.
fn make(stage: &Stage, advice: &Value) {
    for index in advice["indexes"].as_array().unwrap() {
        stage.change(index["sql"].as_str().unwrap());
    }
    analyse(stage);
}

/// The codes of what was found besides.
fn codes(advice: &Value) -> Vec<&str> {
    let findings = advice["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

#[test]
fn what_is_proposed_is_made_and_then_plans_make_use_of_it() {
    let documents = [
        ("recent", RECENT),
        ("late", LATE),
        ("several", SEVERAL),
        ("page", PAGE),
        ("small", SMALL),
    ];
    for stage in stages(&documents) {
        let advice = advise(&stage, &[]);
        let mut told = proposed(&advice);
        told.sort();
        // In MariaDB a foreign key has its index, and an index has the key besides.
        let expected: &[&str] = if stage.is_mariadb() {
            &[
                "orders: placed",
                "orders: tenant, placed DESC",
                "orders: total, placed",
            ]
        } else {
            &[
                "orders: customer_id, id",
                "orders: placed",
                "orders: tenant, placed DESC, id",
                "orders: total, placed, id",
            ]
        };
        assert_eq!(told, expected, "{advice:#}");
        assert_eq!(advice["left"], Value::Array(Vec::new()), "{advice:#}");
        let first = &advice["indexes"][0]["reasons"][0];
        let rows = first["rows"].as_u64().unwrap();
        assert!((8_000..=12_000).contains(&rows), "{advice:#}");
        make(&stage, &advice);
        let after = advise(&stage, &["--record"]);
        assert_eq!(proposed(&after), [""; 0], "{after:#}");
        let plans = stage.project.read("fragaria.artefact.plans.json");
        for index in advice["indexes"].as_array().unwrap() {
            let sql = index["sql"].as_str().unwrap();
            let name = sql.split(['"', '`']).nth(1).unwrap();
            let named = format!("\"index\": \"{name}\"");
            assert!(plans.contains(&named), "{name} is not used: {plans}");
        }
    }
}

#[test]
fn people_are_told_the_worst_first_with_the_statement_to_run() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    trust(&stage, &[("recent", RECENT)]);
    analyse(&stage);
    let told = stage.project.run(&["advise"]);
    let expected = "\
CREATE INDEX \"orders_customer_id_id_idx\" ON \"orders\" (\"customer_id\", \"id\");
-- Query.customers.orders: all of about 10000 rows of orders are read
-- for a relation; tried in a copy without rows: the plans make use of it

CREATE INDEX \"orders_tenant_placed_id_idx\" ON \"orders\" (\"tenant\", \"placed\" DESC, \"id\");
-- the document recent (Recent): all of about 10000 rows of orders are read
-- for a condition; tried in a copy without rows: the plans make use of it
";
    assert!(told.starts_with(expected), "{told}");
    assert!(told.contains(" of SQLite 3."), "{told}");
}

#[test]
fn small_tables_are_no_finding_unless_it_is_said_what_is_small() {
    for stage in stages(&[("small", SMALL)]) {
        let of_kinds = |advice: &Value| {
            let told = proposed(advice);
            told.iter()
                .filter(|index| index.starts_with("kind:"))
                .count()
        };
        assert_eq!(of_kinds(&advise(&stage, &[])), 0);
        let all = advise(&stage, &["--rows-min", "5"]);
        assert_eq!(of_kinds(&all), 1, "{all:#}");
    }
}

#[test]
fn what_is_left_out_is_told() {
    let open = "query Open($where: OrderWhere!) { orders(where: $where, limit: 1) { id } }";
    for stage in stages(&[("open", open), ("recent", RECENT)]) {
        let advice = advise(&stage, &["--questions-max", "2"]);
        let left = advice["left"].as_array().unwrap();
        assert_eq!(left[0]["asker"], "the document open (Open)", "{advice:#}");
        assert!(
            left[0]["why"]
                .as_str()
                .unwrap()
                .contains("what its variables hold")
        );
        assert!(advice["over"].as_u64().unwrap() > 3, "{advice:#}");
        let output = stage.project.output(&["advise", "--questions-max", "2"]);
        let answer = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(
            answer.contains("more, as --questions-max bounds them"),
            "{answer}"
        );
        assert_eq!(told(&output), "");
    }
}
