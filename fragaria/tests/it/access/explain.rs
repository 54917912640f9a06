//! Why a caller sees or changes a row, or not: that `policy explain` tells what the server does, on the
//! three databases.

use super::{asked, data, under};
use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TABLES: &str = "
    CREATE TABLE tenant (id int PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE customer (
        id int PRIMARY KEY,
        tenant_id int NOT NULL REFERENCES tenant (id),
        name varchar(40) NOT NULL,
        phone varchar(40),
        score int
    );
    CREATE TABLE invoice (
        id int PRIMARY KEY,
        customer_id int REFERENCES customer (id),
        total int NOT NULL,
        note varchar(40)
    );
    CREATE TABLE work (
        id int PRIMARY KEY,
        kind varchar(10) NOT NULL,
        tenant_id int NOT NULL,
        title varchar(40) NOT NULL,
        pages int,
        minutes int
    );
    INSERT INTO tenant VALUES (1, 'a');
    INSERT INTO tenant VALUES (2, 'b');
    INSERT INTO customer VALUES (1, 1, 'Ann Archer', '+43 660 1234567', 5);
    INSERT INTO customer VALUES (2, 1, 'Abe', '112', NULL);
    INSERT INTO customer VALUES (3, 2, 'Bob', NULL, 9);
    INSERT INTO invoice VALUES (1, 1, 10, 'n1');
    INSERT INTO invoice VALUES (2, 3, 99, NULL);
    INSERT INTO invoice VALUES (3, NULL, 20, 'n3');
    INSERT INTO work VALUES (1, 'BOOK', 1, 'Emma', 474, NULL);
    INSERT INTO work VALUES (2, 'FILM', 2, 'M', NULL, 99);";

const RULES: &str = r#"
extend schema
  @role(name: "clerk") @role(name: "auditor") @role(name: "desk") @role(name: "research")
  @role(name: "manager") @role(name: "guest") @role(name: "writer")

extend type Customer
  @access(to: "clerk", allow: [READ, UPDATE], where: {tenantId: {eq: {claim: "tenant"}}}, except: ["phone"], rowsMax: 50)
  @access(to: "auditor", allow: READ, where: {or: [{score: {gte: 7}}, {not: {score: {isNull: false}}}]}, fields: ["id", "phone", "score"])
  @access(to: "desk", allow: READ, mask: {name: PARTIAL, phone: PARTIAL, score: NULL}, fields: ["id", "name", "phone", "score"])
  @access(to: "research", allow: READ, where: {tenantId: {eq: 1}, score: {isNull: false}}, mask: {name: HASH, phone: HASH})
  @access(to: "manager", allow: [READ, UPDATE], where: {tenantId: {in: {claim: "org.tenants"}}}, check: {score: {gt: 5}}, set: {tenantId: {claim: "org.home"}})
  @access(to: "guest", allow: READ, where: {invoices: {some: {total: {gt: {claim: "floor"}}}}, tenant: {name: {ne: "a"}}})

extend type Invoice
  @access(to: "clerk", allow: [READ, CREATE, UPDATE, DELETE], where: {customer: {tenantId: {eq: {claim: "tenant"}}}})
  @access(to: "auditor", allow: READ, where: {customer: {invoices: {every: {total: {lt: 50}}}}}, fields: ["id", "total", "customer"])
  @access(to: "writer", allow: READ)
  @access(to: "writer", allow: [CREATE, UPDATE], where: {note: {isNull: false}}, check: {total: {lte: 20}}, fields: ["id", "total", "note", "customerId"])

extend interface Work
  @access(to: "clerk", allow: READ, where: {tenantId: {eq: {claim: "tenant"}}})
  @access(to: "auditor", allow: READ, fields: ["id", "kind", "title", "pages"])

extend type Tenant @access(to: ["clerk", "auditor"], allow: READ)
"#;

/// A key that the server and the command share.
const KEY: &str = "\n[masks]\nhash_key = \"a key of the tests that nobody can guess\"\n";

const ROWS: [(&str, &str, &[i64]); 3] = [
    ("Customer", "customers", &[1, 2, 3, 99]),
    ("Invoice", "invoices", &[1, 2, 3]),
    ("Work", "works", &[1, 2]),
];

fn callers() -> Vec<Value> {
    vec![
        json!({ "roles": ["clerk"], "claims": { "tenant": 1 } }),
        json!({ "roles": ["clerk"], "claims": { "tenant": "one" } }),
        json!({ "roles": ["clerk", "auditor"], "claims": { "tenant": "2" } }),
        json!({ "roles": ["auditor", "desk", "stranger"] }),
        json!({ "roles": ["research", "desk"] }),
        json!({ "roles": ["manager"], "claims": { "org": { "tenants": [1, 2], "home": 1 } } }),
        json!({ "roles": ["manager", "desk"], "claims": { "org": { "tenants": [2] } } }),
        json!({ "roles": ["guest", "writer"], "claims": { "floor": 15 } }),
        json!({ "roles": [] }),
    ]
}

/// A dev server under the rules, with rows of several types.
fn ruled(stage: &Stage) -> Server {
    let project = &stage.project;
    project.write("fragaria.toml", &(project.read("fragaria.toml") + KEY));
    let schema = of_several_types(&project.read("schema.graphql"));
    project.write("schema.graphql", &schema);
    under(stage, RULES)
}

/// The same schema, in which works are books and films.
fn of_several_types(schema: &str) -> String {
    let (before, rest) = schema.split_once("type Work @table").unwrap();
    let (body, after) = rest.split_once("\n}\n").unwrap();
    let fields: Vec<_> = body.lines().skip(1).collect();
    let is_of = |line: &&str, name: &str| line.trim_start().starts_with(name);
    let own = |name: &str| fields.iter().find(|line| is_of(line, name)).unwrap();
    let shared = fields
        .iter()
        .filter(|line| !is_of(line, "pages") && !is_of(line, "minutes"));
    let shared: Vec<_> = shared.copied().collect();
    let bare: Vec<_> = shared
        .iter()
        .map(|line| line.split(" @").next().unwrap())
        .collect();
    let (shared, bare) = (shared.join("\n"), bare.join("\n"));
    format!(
        "{before}interface Work @table(name: \"work\", discriminator: \"kind\") {{\n{shared}\n}}\n\
         type Book implements Work @variant(value: \"BOOK\") {{\n{bare}\n{}\n}}\n\
         type Film implements Work @variant(value: \"FILM\") {{\n{bare}\n{}\n}}\n{after}",
        own("pages"),
        own("minutes"),
    )
}

fn explained(stage: &Stage, caller: &Value, (of, id): (&str, i64), operation: &str) -> Value {
    let (caller, id) = (caller.to_string(), id.to_string());
    let told = stage.project.run(&[
        "policy",
        "explain",
        "--json",
        "--as",
        &caller,
        "--type",
        of,
        "--id",
        &id,
        "--operation",
        operation,
    ]);
    serde_json::from_str(&told).unwrap()
}

/// The columns of a type that a caller is offered.
fn offered(server: &Server, caller: &str, of: &str) -> Vec<String> {
    let document = format!(
        "{{ __type(name: \"{of}\") {{ fields {{ name type {{ kind ofType {{ kind }} }} }} }} }}"
    );
    let told = data(server, caller, &document);
    let fields = told["__type"]["fields"].as_array().cloned();
    let is_scalar = |field: &Value| {
        let kinds = [&field["type"]["kind"], &field["type"]["ofType"]["kind"]];
        kinds.contains(&&json!("SCALAR"))
    };
    let fields = fields.unwrap_or_default().into_iter().filter(is_scalar);
    let names = fields.map(|field| field["name"].as_str().unwrap().to_owned());
    names.filter(|name| name != "nodeId").collect()
}

/// What the server shows a caller of the rows of a type, by their ids.
fn shown(server: &Server, caller: &str, (of, plural): (&str, &str)) -> BTreeMap<i64, Value> {
    let names = offered(server, caller, of);
    if names.is_empty() {
        return BTreeMap::new();
    }
    let further = if of == "Work" {
        "... on Book { pages }"
    } else {
        ""
    };
    let names = names.join(" ");
    let document = format!("{{ {plural}(limit: 50) {{ {names} {further} }} }}");
    let answer = asked(server, caller, &document);
    assert_eq!(answer["errors"], Value::Null, "{document}: {answer}");
    let rows = answer["data"][plural].as_array().cloned().unwrap();
    rows.into_iter()
        .map(|row| (row["id"].as_i64().unwrap(), row))
        .collect()
}

#[test]
fn what_is_told_of_a_row_is_what_the_server_shows() {
    for stage in Stage::of(TABLES, &[]) {
        let server = ruled(&stage);
        let mut sights = BTreeMap::<String, usize>::new();
        for caller in callers() {
            let as_header = caller.to_string();
            for (of, plural, ids) in ROWS {
                let rows = shown(&server, &as_header, (of, plural));
                let columns = offered(&server, &as_header, of);
                for id in ids {
                    let told = explained(&stage, &caller, (of, *id), "read");
                    let what = format!("{} {caller} {of} {id}: {told}", stage.url());
                    assert_eq!(told["isThere"], json!(*id != 99), "{what}");
                    let seen = rows.get(id);
                    let expected = (*id != 99).then_some(seen.is_some());
                    assert_eq!(told["allowed"], json!(expected), "{what}");
                    for field in told["fields"].as_array().unwrap() {
                        let name = field["field"].as_str().unwrap();
                        let sight = field["sight"].as_str().unwrap_or("none").to_owned();
                        let is_inside = matches!(name, "pages" | "minutes");
                        if columns.iter().any(|column| column == name) {
                            assert_ne!(sight, "notOffered", "{name} {what}");
                            let value = seen.map_or(&Value::Null, |row| &row[name]);
                            assert_eq!(&field["value"], value, "{name} {what}");
                        } else if !is_inside && !["tenant", "customer", "invoices"].contains(&name)
                        {
                            assert_eq!(sight, "notOffered", "{name} {what}");
                        }
                        *sights.entry(sight).or_default() += 1;
                    }
                }
            }
        }
        let kinds: Vec<_> = sights.keys().map(String::as_str).collect();
        assert_eq!(kinds, ["hidden", "masked", "none", "notOffered", "shown"]);
    }
}

/// The rows as they are stored, by type, id and field: what is written to see whether it may be.
fn stored(of: &str, id: i64, field: &str) -> Option<Value> {
    let rows = json!({
        "Customer": {
            "1": { "id": 1, "tenantId": 1, "name": "Ann Archer", "phone": "+43 660 1234567", "score": 5 },
            "2": { "id": 2, "tenantId": 1, "name": "Abe", "phone": "112", "score": null },
            "3": { "id": 3, "tenantId": 2, "name": "Bob", "phone": null, "score": 9 },
        },
        "Invoice": {
            "1": { "id": 1, "customerId": 1, "total": 10, "note": "n1" },
            "2": { "id": 2, "customerId": 3, "total": 99, "note": null },
            "3": { "id": 3, "customerId": null, "total": 20, "note": "n3" },
        },
    });
    rows[of][id.to_string()].get(field).cloned()
}

/// Whether a mutation of one row does something, as that caller.
fn does(server: &Server, caller: &str, document: &str) -> bool {
    let answer = asked(server, caller, document);
    let data = answer["data"].as_object();
    let row = data.and_then(|data| data.values().next());
    row.is_some_and(|row| !row.is_null())
}

#[test]
fn what_is_told_of_a_change_is_what_the_server_lets_be_done() {
    for stage in Stage::of(TABLES, &[]) {
        let server = ruled(&stage);
        let mut outcomes = BTreeMap::<bool, usize>::new();
        for caller in callers() {
            let header = caller.to_string();
            for (of, id) in [("Customer", 1), ("Customer", 2), ("Customer", 3)]
                .into_iter()
                .chain([("Invoice", 1), ("Invoice", 2), ("Invoice", 3)])
            {
                let told = explained(&stage, &caller, (of, id), "update");
                for field in told["fields"].as_array().unwrap() {
                    let name = field["field"].as_str().unwrap();
                    let value = stored(of, id, name).unwrap();
                    let document = format!(
                        "mutation {{ update{of}(id: {id}, set: {{ {name}: {value} }}) {{ __typename }} }}"
                    );
                    let done = does(&server, &header, &document);
                    let what = format!("{} {caller} {document}: {told}", stage.url());
                    assert_eq!(field["sight"] == "written", done, "{what}");
                    *outcomes.entry(done).or_default() += 1;
                }
                let told = explained(&stage, &caller, (of, id), "delete");
                if told["allowed"] == false {
                    let document = format!("mutation {{ delete{of}(id: {id}) {{ __typename }} }}");
                    assert!(!does(&server, &header, &document), "{caller} {document}");
                }
            }
        }
        assert!(outcomes[&true] > 5 && outcomes[&false] > 20, "{outcomes:?}");
        let clerk = json!({ "roles": ["clerk"], "claims": { "tenant": 1 } });
        let told = explained(&stage, &clerk, ("Invoice", 1), "delete");
        assert_eq!(told["allowed"], true, "{told}");
        let document = "mutation { deleteInvoice(id: 1) { id } }";
        assert!(does(&server, &clerk.to_string(), document));
        let told = explained(&stage, &clerk, ("Invoice", 1), "delete");
        assert_eq!(
            (&told["isThere"], &told["allowed"]),
            (&json!(false), &Value::Null)
        );
    }
}

#[test]
fn a_person_is_told_the_rule_its_place_and_what_does_not_hold() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    drop(ruled(&stage));
    let line = |text: &str| {
        let schema = stage.project.read("schema.graphql");
        let place = schema.lines().position(|line| line.contains(text)).unwrap();
        format!("schema.graphql:{}", place + 1)
    };
    let ask = |caller: &str, rest: &[&str]| {
        let words = [&["policy", "explain", "--as", caller], rest].concat();
        stage.project.run(&words)
    };
    let clerk = r#"{"roles": ["clerk"], "claims": {"tenant": 1}}"#;
    let told = ask(clerk, &["--type", "Customer", "--id", "3"]);
    let rule = line("to: \"clerk\", allow: [READ, UPDATE], where");
    for part in [
        "The row is not seen.",
        &format!("{rule}  clerk READ: holds it back"),
        "no   tenantId is the claim tenant: it is 2, the claim tenant is 1",
        "phone     is not in the API of this caller",
        "at most 50 rows at a time",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let told = ask(
        clerk,
        &["--type", "Invoice", "--id", "3", "--operation", "delete"],
    );
    assert!(
        told.contains("The row may not be removed: it is not seen."),
        "{told}"
    );
    assert!(told.contains("it leads to no row"), "{told}");
    let told = ask(r#"{"roles": ["clerk"]}"#, &["--type", "Work", "--id", "1"]);
    assert!(told.contains("the caller has no claim tenant"), "{told}");
    let told = ask(
        r#"{"roles": ["guest"], "claims": {"floor": "5"}}"#,
        &["--type", "Customer", "--id", "1"],
    );
    assert!(
        told.contains("it leads to 1 row, of which 1 has that")
            && told.contains("no   tenant.name is not \"a\""),
        "{told}"
    );
    let told = ask(clerk, &["--type", "Customer", "--operation", "create"]);
    assert!(
        told.contains("no rule for Customer lets a role of the caller CREATE"),
        "{told}"
    );
}

#[test]
fn what_cannot_be_told_is_an_error_with_its_mend() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    drop(ruled(&stage));
    let clerk = r#"{"roles": ["clerk"], "claims": {"tenant": 1}}"#;
    for (words, help) in [
        (
            ["--type", "Custmer", "--id", "1"],
            "did you mean `Customer`?",
        ),
        (
            ["--type", "Customer", "--id", "x"],
            "give a value of id, which is of type Int",
        ),
        (
            ["--type", "Customer", "--operation", "read"],
            "give its key: --id 7",
        ),
    ] {
        let words = [&["policy", "explain", "--as", clerk], &words[..]].concat();
        let told = stage.project.fail(&words);
        assert!(told.contains(help), "{told}");
    }
    let told = stage.project.fail(&[
        "policy", "explain", "--as", "clerk", "--type", "Work", "--id", "1",
    ]);
    assert!(told.contains("--as cannot be read"), "{told}");
}
