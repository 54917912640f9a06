//! What a client is told when a constraint of the database refuses a row, as the schema has it.

use crate::server::Server;
use crate::stage::Stage;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE customer (
        id int PRIMARY KEY,
        email varchar(50) NOT NULL,
        score int NOT NULL,
        CONSTRAINT customer_email_key UNIQUE (email),
        CONSTRAINT score_range CHECK (score < 100)
    );
    CREATE TABLE invoice (
        id int PRIMARY KEY,
        number varchar(20) NOT NULL,
        customer_id int NOT NULL,
        CONSTRAINT invoice_payer FOREIGN KEY (customer_id) REFERENCES customer (id)
    );
    CREATE UNIQUE INDEX invoice_number ON invoice (number);
    INSERT INTO customer VALUES (1, 'ann@x', 5);
    INSERT INTO customer VALUES (2, 'bob@x', 5);
    INSERT INTO invoice VALUES (1, 'A1', 1);";

const CUSTOMER: &str = r#"
    extend type Customer
      @constraint(name: "customer_email_key", code: "EMAIL_TAKEN", message: "This address is taken.", field: "email")
      @constraint(name: "score_range", code: "SCORE_TOO_HIGH", message: "A score is below 100.", field: "score")
    extend type Invoice
      @constraint(name: "invoice_number", code: "NUMBER_TAKEN", message: "This number is given.", field: "number")
"#;

const PAYER: &str = r#"
    extend type Invoice
      @constraint(name: "invoice_payer", code: "NO_SUCH_PAYER", message: "An invoice has a customer.", field: "customerId")
"#;

/// A code and its message.
type Told = (&'static str, &'static str);

const TAKEN: Told = ("EMAIL_TAKEN", "This address is taken.");
const GIVEN: Told = ("NUMBER_TAKEN", "This number is given.");
const HIGH: Told = ("SCORE_TOO_HIGH", "A score is below 100.");

/// Root fields, what is told of them, and where they are wrong.
const MISTAKES: &[(&str, Told, &str)] = &[
    (
        "createCustomer(input: {id: 9, email: \"ann@x\", score: 1})",
        TAKEN,
        "input.email",
    ),
    (
        "createCustomers(input: [{id: 8, email: \"new@x\", score: 1}, {id: 9, email: \"ann@x\", score: 1}])",
        TAKEN,
        "input[1].email",
    ),
    (
        "createCustomer(input: {id: 9, email: \"c@x\", score: 100})",
        HIGH,
        "input.score",
    ),
    (
        "updateCustomer(id: 2, set: {email: \"ann@x\"})",
        TAKEN,
        "set.email",
    ),
    (
        "updateCustomer(id: 2, set: {score: 500})",
        HIGH,
        "set.score",
    ),
    (
        "upsertCustomer(input: {id: 2, email: \"ann@x\", score: 1})",
        TAKEN,
        "input.email",
    ),
    (
        "createInvoice(input: {id: 9, number: \"B1\", customer: {create: {id: 9, email: \"ann@x\", score: 1}}})",
        TAKEN,
        "input.customer.create.email",
    ),
    (
        "updateCustomer(id: 2, set: {invoices: {create: [{id: 8, number: \"B1\"}, {id: 9, number: \"A1\"}]}})",
        GIVEN,
        "set.invoices.create[1].number",
    ),
    (
        "createCustomer(input: {id: 9, email: \"c@x\", score: 1, invoices: {create: [{id: 9, number: \"A1\"}]}})",
        GIVEN,
        "input.invoices.create[0].number",
    ),
];

/// Adds to a schema.
fn add(stage: &Stage, text: &str) {
    let schema = stage.project.read("schema.graphql") + text;
    stage.project.write("schema.graphql", &schema);
}

/// Whether a database says which foreign key refused a row.
fn names_references(stage: &Stage) -> bool {
    stage.url().contains("://")
}

/// The stages, served with all that can be told on each.
fn served() -> impl Iterator<Item = (Stage, Server)> {
    Stage::of(TABLES, &[]).into_iter().map(|stage| {
        add(&stage, CUSTOMER);
        if names_references(&stage) {
            add(&stage, PAYER);
        }
        stage.project.run(&["compile", "--against", &stage.url()]);
        let server = stage.serve();
        (stage, server)
    })
}

/// Code, message and place of the only error; nothing was done, and no word of the database is told.
fn refused(server: &Server, document: &str) -> (String, String, Value) {
    let answer = server.graphql(document);
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["data"]),
        (200, &Value::Null),
        "{document}: {body}"
    );
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{body}");
    let told = body.to_string();
    for word in [
        "customer_",
        "score_range",
        "invoice_",
        "constraint",
        "ann@x",
    ] {
        assert!(!told.contains(word), "{told}");
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let extensions = &errors[0]["extensions"];
    assert_eq!(
        errors[0]["path"].as_array().map(Vec::len),
        Some(1),
        "{body}"
    );
    let message = text(&errors[0]["message"]);
    (
        text(&extensions["code"]),
        message,
        extensions["input"].clone(),
    )
}

#[test]
fn a_constraint_that_is_named_is_told_with_its_code_message_and_place() {
    for (stage, server) in served() {
        for (field, (code, message), place) in MISTAKES {
            let document = format!("mutation {{ {field} {{ id }} }}");
            let told = refused(&server, &document);
            let expected = ((*code).to_owned(), (*message).to_owned(), json!(place));
            assert_eq!(told, expected, "{document} on {}", stage.url());
        }
        let rows = "SELECT (SELECT count(*) FROM customer) * 10 + (SELECT count(*) FROM invoice)";
        assert_eq!(stage.outside(rows), "21");
        // A client chooses none of these, and a label has a bound.
        assert_eq!(
            server.metric("fragaria_http_faults_total{code=\"store.unique\"}"),
            7
        );
        let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
        assert!(!metrics.contains("EMAIL_TAKEN"), "{metrics}");
        let detail = server.logged("the database refused")["detail"].to_string();
        assert!(detail.contains("customer"), "{detail}");
        assert_eq!(server.logged("request")["code"], "store.unique");
    }
}

#[test]
fn a_reference_is_told_where_the_database_names_it() {
    for (stage, server) in served().filter(|(stage, _)| names_references(stage)) {
        let told = |document: &str| refused(&server, document);
        let (code, message, place) = told(
            "mutation { createInvoice(input: {id: 9, number: \"B\", customerId: 99}) { id } }",
        );
        assert_eq!(
            (&*code, &*message),
            ("NO_SUCH_PAYER", "An invoice has a customer.")
        );
        assert_eq!(place, "input.customerId");
        // The row in the way is another one's: nothing of the input is wrong.
        let (code, _, place) = told("mutation { deleteCustomer(id: 1) { id } }");
        assert_eq!(
            (&*code, &place),
            ("NO_SUCH_PAYER", &Value::Null),
            "{}",
            stage.url()
        );
        assert_eq!(stage.outside("SELECT count(*) FROM customer"), "2");
    }
}

#[test]
fn whoever_is_not_shown_the_field_is_told_what_everybody_is() {
    for stage in Stage::of(TABLES, &[]) {
        add(&stage, CUSTOMER);
        add(
            &stage,
            r#"
            extend schema @role(name: "clerk") @role(name: "chief")
            extend type Customer
              @access(to: "clerk", allow: [READ, CREATE], set: {email: "ann@x"}, except: ["email"])
              @access(to: "chief", allow: [READ, CREATE])
            "#,
        );
        let server = stage.project.dev(stage.settings()).ready();
        let asked = |role: &str, input: &str| {
            let body = json!({ "query": format!("mutation {{ createCustomer(input: {{{input}}}) {{ id }} }}") });
            let caller = format!("fragaria-as: {{\"roles\": [\"{role}\"]}}");
            let headers = ["content-type: application/json", &*caller];
            let answer = server.ask("POST /graphql", &headers, body.to_string().as_bytes());
            answer.json()["errors"][0].clone()
        };
        let hidden = asked("clerk", "id: 9, score: 1");
        assert_eq!(
            hidden["extensions"],
            json!({ "code": "store.unique", "input": "input" })
        );
        assert_eq!(
            hidden["message"],
            "a row with the same unique values exists"
        );
        let high = asked("clerk", "id: 9, score: 100");
        assert_eq!(high["extensions"]["code"], "SCORE_TOO_HIGH", "{high}");
        let shown = asked("chief", "id: 9, email: \"ann@x\", score: 1");
        assert_eq!(
            shown["extensions"],
            json!({ "code": "EMAIL_TAKEN", "input": "input.email" })
        );
    }
}

#[test]
fn a_constraint_the_database_does_not_have_keeps_the_server_closed() {
    for stage in Stage::of(TABLES, &[]) {
        let intact = stage.project.read("schema.graphql");
        add(&stage, &CUSTOMER.replace("score_range", "score_rang"));
        let compiled = stage.project.fail(&["compile", "--against", &stage.url()]);
        for word in [
            "drift.constraint",
            "no constraint \"score_rang\"",
            "\"score_range\"",
        ] {
            assert!(compiled.contains(word), "{compiled}");
        }
        stage.project.run(&["compile"]);
        let server = stage.project.serve(&["server.check_interval_ms=20"]);
        server.until("/health/ready", |response| {
            response.json()["dependencies"]["schema"]["status"] == "down"
        });
        drop(server);
        stage.project.write("schema.graphql", &intact);
        add(&stage, PAYER);
        if names_references(&stage) {
            stage.project.run(&["compile", "--against", &stage.url()]);
            continue;
        }
        let compiled = stage.project.fail(&["compile", "--against", &stage.url()]);
        assert!(compiled.contains("sqlite does not tell when"), "{compiled}");
        stage.project.write("schema.graphql", &intact);
        add(&stage, CUSTOMER);
        stage.change("CREATE UNIQUE INDEX again ON customer (email)");
        let compiled = stage.project.fail(&["compile", "--against", &stage.url()]);
        assert!(
            compiled.contains("does not tell when \"customer_email_key\""),
            "{compiled}"
        );
    }
}
