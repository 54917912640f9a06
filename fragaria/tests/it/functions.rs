//! Functions of the database as root fields: what they are given, what they give, and that those
//! of queries cannot write.

mod found;

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const POSTGRES: &str = "
    CREATE TYPE mood AS ENUM ('calm', 'very busy');
    CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL,
        sold integer NOT NULL DEFAULT 0);
    CREATE TABLE sale (id serial PRIMARY KEY, item_id integer NOT NULL REFERENCES item,
        number integer NOT NULL);
    INSERT INTO item VALUES (1, 'Ale', 2.50), (2, 'Bun', 1.20), (3, 'Cod', 9.00);
    CREATE FUNCTION cheaper(most numeric) RETURNS SETOF item LANGUAGE sql STABLE
        AS 'SELECT * FROM item WHERE price < most';
    CREATE FUNCTION dearest(above numeric) RETURNS item LANGUAGE sql STABLE
        AS 'SELECT * FROM item WHERE price > above ORDER BY price DESC LIMIT 1';
    CREATE FUNCTION vat(amount numeric, rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
        AS 'SELECT amount * coalesce(rate, 0.20)';
    CREATE FUNCTION mood_of(m mood, t text) RETURNS mood LANGUAGE sql IMMUTABLE
        AS 'SELECT CASE WHEN t = ''calm down'' THEN ''calm''::mood ELSE m END';
    CREATE FUNCTION sell(item integer, number integer) RETURNS SETOF item LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO sale (item_id, number) VALUES (item, sell.number);
            UPDATE item SET sold = sold + sell.number WHERE id = sell.item;
            RETURN QUERY SELECT * FROM item i WHERE i.id = sell.item;
        END $$;
    CREATE FUNCTION sales() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM sale';
    CREATE FUNCTION wipe() RETURNS integer LANGUAGE sql AS 'DELETE FROM sale; SELECT 1';
    CREATE FUNCTION sneaky() RETURNS integer LANGUAGE plpgsql STABLE AS 'BEGIN RETURN wipe(); END';
    CREATE FUNCTION open() RETURNS integer LANGUAGE plpgsql STABLE
        AS 'BEGIN DELETE FROM sale; RETURN 1; END';";

const SCHEMA: &str = r#"
    type Item @table(name: "item") {
      id: Int! @id name: String! price: Decimal! @column(type: "numeric(10,2)") sold: Int! @default
      sales: [Sale!]! @relation(inverse: "item")
    }
    type Sale @table(name: "sale") {
      id: Int! @id @default itemId: Int! @column(name: "item_id") number: Int!
      item: Item! @relation(fields: ["itemId"])
    }
    enum Mood @enum(name: "mood") { CALM @value(name: "calm") VERY_BUSY @value(name: "very busy") }
    extend type Query {
      "Items that cost less."
      cheaper(most: Decimal!): [Item!]! @function
      dearest(above: Decimal!): Item @function
      vat(amount: Decimal!, rate: Decimal): Decimal @function(schema: "public")
      mood(m: Mood, t: String): Mood @function(name: "mood_of")
      saleCount: BigInt! @function(name: "sales")
      sneaky: Int @function
      open: Int @function
    }
    extend type Mutation {
      sell(item: Int!, number: Int!): [Item!]! @function
      wipe: Int @function
    }"#;

fn served(url: &str, schema: &str) -> (Project, Server) {
    let project = Project::empty();
    project.configure(url);
    project.write("schema.graphql", schema);
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    (project, server)
}

/// The data that a document gives.
fn data(server: &Server, document: &str) -> Value {
    let answer = server.graphql(document).json();
    assert!(answer["errors"].is_null(), "{document}: {answer}");
    answer["data"].clone()
}

#[test]
fn functions_of_postgresql_are_root_fields() {
    let database = Database::empty();
    database.sql(POSTGRES);
    let (_project, server) = served(&database.url(), SCHEMA);
    let rows = "{ cheaper(most: \"5\", where: { name: { ne: \"x\" } }, orderBy: [{ price: ASC }], limit: 5) \
                { name price sales { id } } }";
    assert_eq!(
        data(&server, rows),
        json!({ "cheaper": [{ "name": "Bun", "price": "1.20", "sales": [] },
                            { "name": "Ale", "price": "2.50", "sales": [] }] })
    );
    let one = "{ a: dearest(above: \"2\") { name } b: dearest(above: \"99\") { name } }";
    assert_eq!(
        data(&server, one),
        json!({ "a": { "name": "Cod" }, "b": null })
    );
    let values = "{ a: vat(amount: \"10\") b: vat(amount: \"10\", rate: \"0.5\") c: mood(m: VERY_BUSY) \
                  d: mood(m: VERY_BUSY, t: \"calm down\") e: mood saleCount }";
    assert_eq!(
        data(&server, values),
        json!({ "a": "2.00", "b": "5.0", "c": "VERY_BUSY", "d": "CALM", "e": null, "saleCount": "0" })
    );
    let hostile = "{ mood(m: CALM, t: \"'); DROP TABLE sale; --\") }";
    assert_eq!(data(&server, hostile), json!({ "mood": "CALM" }));
    assert_eq!(
        server.graphql("{ vat(rate: \"1\") }").code(),
        "engine.invalid"
    );
    assert_eq!(
        server.graphql("{ vat(amount: \"x\") }").code(),
        "engine.argument"
    );
}

#[test]
fn a_function_of_a_mutation_writes_in_its_transaction() {
    let database = Database::empty();
    database.sql(POSTGRES);
    let (_project, server) = served(&database.url(), SCHEMA);
    let sold = "mutation { sell(item: 2, number: 3) { name sold sales { number item { sold } } } }";
    assert_eq!(
        data(&server, sold),
        json!({ "sell": [{ "name": "Bun", "sold": 3, "sales": [{ "number": 3, "item": { "sold": 3 } }] }] })
    );
    let broken = "mutation { sell(item: 1, number: 1) { name } createItem(input: { id: 1, name: \"\", price: \"0\" }) { id } }";
    assert_eq!(server.graphql(broken).code(), "store.unique");
    assert_eq!(
        database.sql("SELECT count(*), sum(number) FROM sale"),
        "1|3"
    );
    assert_eq!(
        server
            .graphql("mutation { sell(item: 9, number: 1) { name } }")
            .code(),
        "store.foreign_key"
    );
    for document in ["{ sneaky saleCount }", "{ sneaky }", "{ open }"] {
        let refused = server.graphql(document);
        assert_eq!(
            (refused.status, &*refused.code()),
            (500, "store.function_writes"),
            "{document}"
        );
        assert_eq!(refused.header("retry-after"), "");
    }
    assert_eq!(database.sql("SELECT count(*) FROM sale"), "1");
    assert_eq!(data(&server, "mutation { wipe }"), json!({ "wipe": 1 }));
    assert_eq!(database.sql("SELECT count(*) FROM sale"), "0");
}

#[test]
fn a_field_of_rows_calls_a_function_with_the_row_or_its_columns() {
    let database = Database::empty();
    database.sql(POSTGRES);
    database.sql(
        "CREATE FUNCTION price_in(i item, currency text, rate numeric) RETURNS numeric LANGUAGE sql STABLE
            AS 'SELECT i.price * coalesce(rate, length(currency))';
         CREATE FUNCTION label(id integer, name text, suffix text) RETURNS text LANGUAGE sql IMMUTABLE
            AS $$ SELECT id || name || coalesce(suffix, '') $$;
         CREATE FUNCTION touched(i item) RETURNS integer LANGUAGE sql STABLE
            AS 'UPDATE item SET sold = 99 WHERE id = i.id RETURNING sold';
         INSERT INTO sale VALUES (7, 1, 2);",
    );
    let fields = r#"
      extend type Item {
        "What it costs elsewhere."
        priceIn(currency: String!, rate: Decimal): Decimal @function(name: "price_in")
        label(suffix: String): String @function(of: ["id", "name"])
        touched: Int @function
      }"#;
    let (project, server) = served(&database.url(), &format!("{SCHEMA} {fields}"));
    let read = "query($rate: Decimal) {
        items(orderBy: [{ id: ASC }], limit: 2) {
          euro: priceIn(currency: \"EUR\") yen: priceIn(currency: \"x\", rate: $rate) label(suffix: \"'\")
        }
        sales { item { label ... on Item { priceIn(currency: \"abcd\") } } }
        item(id: 3) { label(suffix: null) }
        itemConnection(first: 1) { nodes { sales { item { label } } } }
      }";
    let body = json!({ "query": read, "variables": { "rate": "1.5" } }).to_string();
    let answer = server
        .ask(
            "POST /graphql",
            &["content-type: application/json"],
            body.as_bytes(),
        )
        .json();
    assert_eq!(
        answer,
        json!({ "data": {
            "items": [{ "euro": "7.50", "yen": "3.750", "label": "1Ale'" },
                      { "euro": "3.60", "yen": "1.800", "label": "2Bun'" }],
            "sales": [{ "item": { "label": "1Ale", "priceIn": "10.00" } }],
            "item": { "label": "3Cod" },
            "itemConnection": { "nodes": [{ "sales": [{ "item": { "label": "1Ale" } }] }] }
        } })
    );
    let changed = "mutation { updateItem(id: 1, set: { name: \"Ann\" }) { name label } }";
    assert_eq!(
        data(&server, changed),
        json!({ "updateItem": { "name": "Ann", "label": "1Ann" } })
    );
    let refused = server.graphql("{ items { touched } }");
    assert_eq!(refused.code(), "store.function_writes");
    assert_eq!(database.sql("SELECT max(sold) FROM item"), "0");
    assert_eq!(
        server.graphql("{ items { priceIn } }").code(),
        "engine.invalid"
    );
    let gone =
        "extend type Sale { price(currency: String): Decimal @function(name: \"price_in\") }";
    project.write("schema.graphql", &format!("{SCHEMA} {gone}"));
    let told = project.fail(&["compile", "--against"]);
    assert!(
        told.contains("error[drift.expression]") && told.contains("`Sale.price`"),
        "{told}"
    );
}

#[test]
fn a_field_of_rows_calls_a_function_with_a_row_that_another_one_gave() {
    let database = Database::empty();
    database.sql(POSTGRES);
    database.sql(
        "ALTER TABLE item ADD f integer DEFAULT 7, ADD place point;
         CREATE FUNCTION backwards() RETURNS SETOF item LANGUAGE sql STABLE
            AS 'SELECT * FROM item ORDER BY name DESC';
         CREATE FUNCTION whole(i item) RETURNS text LANGUAGE sql STABLE AS 'SELECT i.name || i.f';",
    );
    let fields = "extend type Item { whole: String @function }
        extend type Query { backwards: [Item!]! @function }";
    let (_project, server) = served(&database.url(), &format!("{SCHEMA} {fields}"));
    let read = "{
        backwards { whole sales { item { whole } } }
        least: backwards(orderBy: [{ price: ASC }], limit: 1) { whole }
        dearest(above: \"2\") { whole }
        none: dearest(above: \"99\") { whole }
      }";
    assert_eq!(
        data(&server, read),
        json!({
            "backwards": [{ "whole": "Cod7", "sales": [] }, { "whole": "Bun7", "sales": [] },
                          { "whole": "Ale7", "sales": [] }],
            "least": [{ "whole": "Bun7" }], "dearest": { "whole": "Cod7" }, "none": null
        })
    );
    let sold = "mutation { sell(item: 2, number: 3) { whole } }";
    assert_eq!(
        data(&server, sold),
        json!({ "sell": [{ "whole": "Bun7" }] })
    );
}

#[test]
fn a_field_of_rows_calls_a_function_of_mariadb_with_columns() {
    let database = mariadb::Database::empty();
    database.sql(
        "CREATE TABLE sale (id int PRIMARY KEY, number int NOT NULL);
         INSERT INTO sale VALUES (1, 5), (2, 7);
         CREATE FUNCTION times(number int, factor int) RETURNS int DETERMINISTIC RETURN number * factor;",
    );
    let schema = |of: &str| {
        format!(
            "type Sale @table(name: \"sale\") {{ id: Int! @id number: Int! times(factor: Int!): Int @function{of} }}"
        )
    };
    let (project, server) = served(&database.url(), &schema("(of: [\"number\"])"));
    let read = "{ sales(orderBy: [{ id: DESC }]) { id times(factor: 3) twice: times(factor: 2) } }";
    assert_eq!(
        data(&server, read),
        json!({ "sales": [{ "id": 2, "times": 21, "twice": 14 }, { "id": 1, "times": 15, "twice": 10 }] })
    );
    for nothing in ["", "(of: [])"] {
        project.write("schema.graphql", &schema(nothing));
        let told = project.fail(&["compile"]);
        assert!(
            told.contains("error[sdl.function]: MariaDB gives a function no row"),
            "{told}"
        );
    }
}

#[test]
fn functions_of_mariadb_give_values() {
    let database = mariadb::Database::empty();
    database.sql(
        "CREATE TABLE sale (id int PRIMARY KEY, number int NOT NULL);
         INSERT INTO sale VALUES (1, 5);
         CREATE FUNCTION vat(amount decimal(10,2), rate decimal(10,2)) RETURNS decimal(12,4) DETERMINISTIC
             RETURN amount * coalesce(rate, 0.20);
         DELIMITER //
         CREATE FUNCTION wipe(below int) RETURNS int MODIFIES SQL DATA
         BEGIN DELETE FROM sale WHERE id < below; RETURN row_count(); END //
         DELIMITER ;",
    );
    let schema = r#"
        type Sale @table(name: "sale") { id: Int! @id number: Int! }
        extend type Query {
          vat(amount: Decimal!, rate: Decimal): Decimal @function
        }
        extend type Mutation { wipe(below: Int!): Int! @function }"#;
    let (project, server) = served(&database.url(), schema);
    let values = data(
        &server,
        "{ a: vat(amount: \"10\") b: vat(amount: \"10\", rate: \"0.5\") }",
    );
    assert_eq!(values, json!({ "a": "2.0000", "b": "5.0000" }));
    let broken = "mutation { wipe(below: 9) createSale(input: { id: 2, number: 1 }) { id } a: createSale(input: { id: 2, number: 1 }) { id } }";
    assert_eq!(server.graphql(broken).code(), "store.unique");
    assert_eq!(database.sql("SELECT count(*) FROM sale"), "1");
    assert_eq!(
        data(&server, "mutation { wipe(below: 9) }"),
        json!({ "wipe": 1 })
    );
    assert_eq!(database.sql("SELECT count(*) FROM sale"), "0");
    let sneaky = "extend type Query { sneaky(below: Int!): Int @function(name: \"wipe\") }";
    project.write("schema.graphql", &format!("{schema} {sneaky}"));
    let told = project.fail(&["compile", "--against"]);
    assert!(
        told.contains("error[drift.expression]") && told.contains("READ ONLY"),
        "{told}"
    );
}

#[test]
fn what_is_wrong_with_a_table_is_not_the_fault_of_functions_that_give_its_rows() {
    let database = Database::empty();
    database.sql(POSTGRES);
    let project = Project::empty();
    project.configure(&database.url());
    let refused = || {
        let told = project.fail(&["compile", "--against", "--json"]);
        let told: Vec<Value> = serde_json::from_str(&told).unwrap();
        let place = |it: &Value| (it["code"].as_str().unwrap().to_owned(), it["line"].clone());
        told.iter().map(place).collect::<Vec<_>>()
    };
    let broken =
        "\n@relation(inverse: \"item\")\ndear: Int! @computed(sql: \"no_such({price})\")\n";
    let schema = SCHEMA.replace("@relation(inverse: \"item\")", broken);
    project.write("schema.graphql", &schema);
    assert_eq!(refused(), [("drift.expression".to_owned(), json!(6))]);
    project.write("schema.graphql", SCHEMA);
    database.sql("ALTER TABLE item RENAME COLUMN name TO title");
    assert_eq!(
        refused(),
        [
            ("drift.missing_column".to_owned(), json!(3)),
            ("drift.unmapped".to_owned(), json!(2))
        ]
    );
}

#[test]
fn a_function_the_database_does_not_have_is_drift() {
    let database = Database::empty();
    database.sql(POSTGRES);
    let project = Project::empty();
    project.configure(&database.url());
    for (declared, why) in [
        (
            "extend type Query { vat(amount: String!): Decimal @function }",
            "vat(text)",
        ),
        (
            "extend type Query { cheap(most: Decimal!): [Item!]! @function }",
            "cheap",
        ),
        (
            "extend type Mutation { cheaper(most: Decimal!): [Sale!]! @function }",
            "item_id",
        ),
    ] {
        let tables = SCHEMA.split("enum Mood").next().unwrap();
        project.write("schema.graphql", &format!("{tables}\n{declared}"));
        let told = project.fail(&["compile", "--against"]);
        assert!(
            told.contains("error[drift.expression]") && told.contains(why),
            "{told}"
        );
    }
}

#[test]
fn a_volatile_function_of_a_query_is_drift() {
    let database = Database::empty();
    database.sql(POSTGRES);
    database.sql(
        "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n';
         CREATE FUNCTION pick(n integer, m integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT n';
         CREATE FUNCTION pick(n text) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1'",
    );
    let project = Project::empty();
    project.configure(&database.url());
    let tables = SCHEMA.split("enum Mood").next().unwrap();
    let row =
        "type Item @table(name: \"item\") { id: Int! @id twice: Int @function(of: [\"id\"]) }";
    let root = "extend type Query { wipe: Int @function(schema: \"public\") }";
    for (schema, field) in [
        (format!("{tables} {root}"), "Query.wipe"),
        (row.to_owned(), "Item.twice"),
    ] {
        project.write("schema.graphql", &schema);
        let told = project.fail(&["compile", "--against"]);
        let expected = format!("error[drift.volatile]: `{field}` calls");
        assert!(told.contains(&expected), "{told}");
    }
    // Which of several is called is for the database to say.
    let several = "extend type Query { pick(n: Int!): Int @function }";
    project.write("schema.graphql", &format!("{tables} {several}"));
    project.run(&["compile", "--against"]);
    database.sql("DROP FUNCTION pick(text)");
    let told = project.fail(&["compile", "--against"]);
    assert!(told.contains("error[drift.volatile]"), "{told}");
    database.sql("ALTER FUNCTION pick STABLE");
    project.run(&["compile", "--against"]);
}
