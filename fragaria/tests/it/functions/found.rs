//! Functions that `init` finds: what it writes of them, and that the database serves it.

use super::data;
use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use serde_json::json;

const POSTGRES: &str = r#"
    CREATE SCHEMA shop;
    CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
    CREATE TYPE mood AS ENUM ('calm', 'very busy');
    CREATE DOMAIN digits AS numeric(10,2) NOT NULL;
    CREATE DOMAIN word AS varchar(3);
    CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, sold integer NOT NULL DEFAULT 0);
    CREATE TABLE shape (at point);
    CREATE VIEW brand AS SELECT name FROM item;
    INSERT INTO item VALUES (1, 'Ale', 0), (2, 'Bun', 0);

    CREATE FUNCTION cheaper(p_most numeric, "limit" integer) RETURNS SETOF item LANGUAGE sql STABLE
        AS 'SELECT * FROM item WHERE id < p_most';
    CREATE FUNCTION one(integer, id integer) RETURNS item LANGUAGE sql STABLE STRICT
        AS 'SELECT * FROM item WHERE item.id = $1 + $2';
    CREATE FUNCTION brands() RETURNS SETOF brand LANGUAGE sql STABLE AS 'SELECT name FROM item';
    CREATE FUNCTION vat(amount numeric, rate numeric DEFAULT 0.20) RETURNS numeric LANGUAGE sql IMMUTABLE
        AS 'SELECT amount * rate';
    COMMENT ON FUNCTION vat IS E'What is due.\nTo the state.';
    CREATE FUNCTION shop.vat() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 7';
    CREATE FUNCTION items() RETURNS mood LANGUAGE sql STABLE AS $$SELECT 'calm'::mood$$;
    CREATE FUNCTION mood_of(m mood) RETURNS mood LANGUAGE sql IMMUTABLE AS 'SELECT m';
    CREATE FUNCTION length(text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 99';
    CREATE FUNCTION kinds(a boolean, b integer, c bigint, d float8, e numeric, f text, g varchar, h char(2),
            i name, j uuid, k date, l time, m timestamp, n timestamptz, o jsonb, p bytea, q digits, r word)
        RETURNS text LANGUAGE sql STABLE AS $$SELECT concat_ws('|', a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r)$$;
    CREATE FUNCTION r_small() RETURNS smallint LANGUAGE sql STABLE AS 'SELECT 3::smallint';
    CREATE FUNCTION r_real() RETURNS real LANGUAGE sql STABLE AS 'SELECT 0.1::real';
    CREATE FUNCTION r_inet() RETURNS inet LANGUAGE sql STABLE AS $$SELECT '10.0.0.1'::inet$$;
    CREATE FUNCTION r_json() RETURNS json LANGUAGE sql STABLE AS $$SELECT '{"a": [1]}'::json$$;
    CREATE FUNCTION r_word() RETURNS word LANGUAGE sql STABLE AS $$SELECT 'abc'::word$$;

    CREATE FUNCTION item_label(i item, suffix text) RETURNS text LANGUAGE sql STABLE
        AS $$SELECT i.name || coalesce(suffix, '')$$;
    CREATE FUNCTION sold(i item) RETURNS integer LANGUAGE sql STABLE AS 'SELECT i.sold + 1';

    CREATE FUNCTION sell(item integer, number integer) RETURNS SETOF item LANGUAGE sql
        AS 'UPDATE item SET sold = sold + number WHERE id = sell.item RETURNING *';
    COMMENT ON FUNCTION sell IS E'Sells.\n}\nAnd more.';
    CREATE FUNCTION update_item() RETURNS integer LANGUAGE sql AS 'UPDATE item SET sold = 0 RETURNING sold';

    CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
    CREATE FUNCTION add(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    CREATE PROCEDURE clear() LANGUAGE sql AS 'DELETE FROM item';
    CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
    CREATE FUNCTION row_place() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE AS 'window_row_number';
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION same(v anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT v';
    CREATE FUNCTION both_of(OUT a integer, OUT b integer) LANGUAGE sql IMMUTABLE AS 'SELECT 1, 2';
    CREATE FUNCTION tabled() RETURNS TABLE (a integer) LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION many(VARIADIC numbers integer[]) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION listed(numbers integer[]) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION numbers() RETURNS integer[] LANGUAGE sql STABLE AS 'SELECT ARRAY[1]';
    CREATE FUNCTION counted() RETURNS SETOF integer LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION tiny(a smallint) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION given(i item, b item) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION shapes() RETURNS SETOF shape LANGUAGE sql STABLE AS 'SELECT * FROM shape';
    CREATE FUNCTION pair(i item) RETURNS SETOF item LANGUAGE sql STABLE AS 'SELECT i.*';
    CREATE FUNCTION touch(i item) RETURNS integer LANGUAGE sql AS 'UPDATE item SET sold = 9 RETURNING 1';
    CREATE FUNCTION rename() RETURNS SETOF brand LANGUAGE sql AS 'SELECT name FROM item';
    CREATE FUNCTION quiet() RETURNS void LANGUAGE sql AS 'DELETE FROM item';"#;

const POSTGRES_ROW: &str = r#"
  label(suffix: String): String @function(name: "item_label")
  soldFunction: Int @function(name: "sold")
}
"#;

const POSTGRES_ROOTS: &str = r#"
extend type Query {
  brandsFunction: [Brand!]! @function(name: "brands")
  cheaper(pMost: Decimal, limit2: Int): [Item!]! @function
  itemsFunction: Mood @function(name: "items")
  kinds(a: Boolean, b: Int, c: BigInt, d: Float, e: Decimal, f: String, g: String, h: String, i: String, j: UUID, k: Date, l: LocalTime, m: LocalDateTime, n: DateTime, o: JSON, p: Bytes, q: Decimal!, r: String): String @function
  length(argument: String): Int @function(schema: "public")
  moodOf(m: Mood): Mood @function(name: "mood_of")
  one(argument: Int!, id: Int!): Item @function
  rInet: String @function(name: "r_inet")
  rJson: JSON @function(name: "r_json")
  rSmall: Int @function(name: "r_small")
  rWord: String @function(name: "r_word")
  # rate is always 0.20
  """
  What is due.
  To the state.
  """
  vat(amount: Decimal): Decimal @function
  shopVat: BigInt @function(name: "vat", schema: "shop")
}

# These functions may write. Take the marks away to let clients call them.

# extend type Mutation {
#   """
#   Sells.
#   }
#   And more.
#   """
#   sell(item: Int, number: Int): [Item!]! @function
#   updateItemFunction: Int @function(name: "update_item")
# }

# left out: add: there are several of that name
# left out: audit: it is called by triggers
# left out: both_of: it has results among its arguments
# left out: clear: it is a procedure
# left out: counted: it gives rows of no table
# left out: given: no argument stands for "item"
# left out: listed: no argument stands for "integer[]"
# left out: many: it takes any number of arguments
# left out: numbers: no GraphQL type stands for "integer[]", which it gives
# left out: pair: it gives rows for a row
# left out: quiet: it gives nothing
# left out: r_real: no GraphQL type stands for "real", which it gives
# left out: rename: its rows have no key
# left out: row_place: it is a window function
# left out: same: no GraphQL type stands for "anyelement", which it gives
# left out: shapes: its rows are of a table that is left out
# left out: tabled: it has results among its arguments
# left out: tiny: no argument stands for "smallint"
# left out: total: it is an aggregate function
# left out: touch: it may write, and a field of rows only reads
"#;

/// What `init` writes and says; it writes the same again.
fn written(project: &Project, url: &str) -> (String, String) {
    let told = project.output(&["init", "--from", url]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    let schema = project.read("schema.graphql");
    project.run(&["init", "--from", url, "--force"]);
    assert_eq!(schema, project.read("schema.graphql"));
    project.run(&["compile", "--against"]);
    (schema, told)
}

/// The schema with the marks taken away that keep functions which may write out of it.
fn unmarked(schema: &str) -> String {
    let (before, marked) = schema.split_once("\n# extend type Mutation").unwrap();
    let (marked, after) = marked.split_once("\n# }\n\n").unwrap_or((marked, ""));
    let marked = marked.replace("\n# ", "\n").replace("\n#", "\n");
    format!("{before}\nextend type Mutation{marked}\n}}\n{after}")
}

#[test]
fn init_writes_the_functions_of_postgresql() {
    let database = Database::empty();
    database.sql(POSTGRES);
    let project = Project::empty();
    let (schema, told) = written(&project, &database.url());
    assert!(schema.contains(POSTGRES_ROW), "{schema}");
    assert!(schema.ends_with(POSTGRES_ROOTS), "{schema}");
    for line in [
        "warning[init.function]: functions that no field calls: 20",
        "warning[init.writing_function]: functions that may write, and stand in comments: 2",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let server = project.serve(&[]).ready();
    let read = r#"{
        cheaper(pMost: "2", limit2: 1, limit: 5) { name label(suffix: "!") soldFunction }
        one(argument: 1, id: 1) { name } brandsFunction { name } vat(amount: "10") shopVat itemsFunction
        moodOf(m: VERY_BUSY) length(argument: "x") rSmall rInet rJson rWord
        kinds(a: true, b: 1, c: "2", d: 0.5, e: "1.50", f: "f", g: "g", h: "h", i: "i",
          j: "6fa459ea-ee8a-3ca4-894e-db77e160355e", k: "2026-11-26", l: "10:00:00",
          m: "2026-11-26T10:00:00", n: "2026-11-26T10:00:00Z", o: [1], p: "AA==", q: "2.5", r: "abc") }"#;
    assert_eq!(
        data(&server, read),
        json!({
            "cheaper": [{ "name": "Ale", "label": "Ale!", "soldFunction": 1 }],
            "one": { "name": "Bun" }, "brandsFunction": [{ "name": "Ale" }, { "name": "Bun" }],
            "vat": "2.00", "shopVat": "7", "itemsFunction": "CALM", "moodOf": "VERY_BUSY", "length": 99,
            "rSmall": 3, "rInet": "10.0.0.1/32", "rJson": { "a": [1] }, "rWord": "abc",
            "kinds": "t|1|2|0.5|1.50|f|g|h|i|6fa459ea-ee8a-3ca4-894e-db77e160355e|2026-11-26|10:00:00\
                      |2026-11-26 10:00:00|[1]|\\x00|2.50|abc"
        })
    );
    let hidden = "mutation { sell(item: 1, number: 2) { sold } }";
    assert_eq!(server.graphql(hidden).code(), "engine.invalid");
    drop(server);
    project.write("schema.graphql", &unmarked(&schema));
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    assert_eq!(data(&server, hidden), json!({ "sell": [{ "sold": 2 }] }));
    assert_eq!(
        data(
            &server,
            "mutation { updateItemFunction updateItem(id: 2, set: { sold: 5 }) { sold } }"
        ),
        json!({ "updateItemFunction": 0, "updateItem": { "sold": 5 } })
    );
}

#[test]
fn init_writes_no_function_that_its_user_may_not_call() {
    let database = Database::empty();
    let poor = database.sql("SELECT current_database() || '_poor'");
    database.sql(&format!(
        "CREATE SCHEMA closed;
         CREATE TABLE item (id integer PRIMARY KEY);
         CREATE FUNCTION open() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
         CREATE FUNCTION shut() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
         CREATE FUNCTION closed.inner() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
         REVOKE EXECUTE ON FUNCTION shut FROM PUBLIC;
         CREATE ROLE {poor} LOGIN;
         GRANT SELECT ON item TO {poor};"
    ));
    let url = database.url();
    let (before, after) = url.split_once('@').unwrap();
    let user = before.rsplit_once("//").unwrap().0;
    let project = Project::empty();
    let (schema, _) = written(&project, &format!("{user}//{poor}@{after}"));
    database.sql(&format!("DROP OWNED BY {poor}; DROP ROLE {poor}"));
    assert!(
        schema.ends_with(
            "\nextend type Query {\n  open: Int @function\n}\n\n\
             # left out: inner: this user may not call it\n# left out: shut: this user may not call it\n"
        ),
        "{schema}"
    );
}

const MARIADB: &str = r"
    CREATE TABLE sale (id int PRIMARY KEY, number int NOT NULL);
    INSERT INTO sale VALUES (1, 5);
    CREATE FUNCTION vat(p_amount decimal(10,2), rate decimal(10,2)) RETURNS decimal(12,4) DETERMINISTIC
        COMMENT 'What is due.' RETURN p_amount * coalesce(rate, 0.20);
    CREATE FUNCTION total() RETURNS bigint READS SQL DATA RETURN (SELECT sum(number) FROM sale);
    CREATE FUNCTION plain() RETURNS int NO SQL RETURN 4;
    CREATE FUNCTION kinds(a boolean, b int, c bigint, d double, e decimal(20,3), f text, g varchar(9), h uuid,
            i date, j time, k datetime, l timestamp, m bigint unsigned, n float, o smallint, p bit(1), q year)
        RETURNS text NO SQL RETURN concat_ws('|', a, b, c, d, e, f, g, h, i, j, k, m, n, o, p + 0, q);
    CREATE FUNCTION r_bool() RETURNS boolean NO SQL RETURN 1;
    CREATE FUNCTION r_bit() RETURNS bit(1) NO SQL RETURN 1;
    CREATE FUNCTION r_huge() RETURNS bigint unsigned NO SQL RETURN 18446744073709551615;
    CREATE FUNCTION r_blob() RETURNS blob NO SQL RETURN x'00ff';
    CREATE FUNCTION r_at() RETURNS datetime(6) NO SQL RETURN '2026-11-26 10:00:00.5';
    CREATE FUNCTION unsaid() RETURNS int RETURN 1;
    CREATE FUNCTION r_float() RETURNS float NO SQL RETURN 0.1;
    CREATE FUNCTION spot(at point) RETURNS int NO SQL RETURN 1;
    CREATE PROCEDURE clear() DELETE FROM sale;
    CREATE PROCEDURE vat(p int) SELECT p;
    DELIMITER //
    CREATE FUNCTION wipe(below int) RETURNS int MODIFIES SQL DATA DETERMINISTIC
    BEGIN DELETE FROM sale WHERE id < below; RETURN row_count(); END //
    CREATE AGGREGATE FUNCTION most(x int) RETURNS int NO SQL
    BEGIN DECLARE m int DEFAULT 0; DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN m;
    LOOP FETCH GROUP  NEXT ROW; SET m = greatest(m, x); END LOOP; END //
    DELIMITER ;";

const MARIADB_ROOTS: &str = r#"
extend type Query {
  kinds(a: Boolean, b: Int, c: BigInt, d: Float, e: Decimal, f: String, g: String, h: UUID, i: Date, j: LocalTime, k: LocalDateTime, l: DateTime, m: Decimal, n: Float, o: Int, p: Boolean, q: Int): String @function
  plain: Int @function
  rAt: LocalDateTime @function(name: "r_at")
  rBit: Boolean @function(name: "r_bit")
  rBlob: Bytes @function(name: "r_blob")
  rBool: Boolean @function(name: "r_bool")
  rHuge: Decimal @function(name: "r_huge")
  total: BigInt @function
  "What is due."
  vat(pAmount: Decimal, rate: Decimal): Decimal @function
}

# These functions may write. Take the marks away to let clients call them.

# extend type Mutation {
#   unsaid: Int @function
#   wipe(below: Int): Int @function
# }

# left out: clear: it is a procedure
# left out: most: it is an aggregate function
# left out: r_float: no GraphQL type stands for "float", which it gives
# left out: spot: no argument stands for "point"
# left out: vat: it is a procedure
"#;

#[test]
fn init_writes_the_functions_of_mariadb() {
    let database = mariadb::Database::empty();
    database.sql(MARIADB);
    let project = Project::empty();
    let (schema, _) = written(&project, &database.url());
    assert!(schema.ends_with(MARIADB_ROOTS), "{schema}");
    project.write("schema.graphql", &unmarked(&schema));
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    let read = r#"{ vat(pAmount: "10") total plain rBool rBit rHuge rBlob rAt
        kinds(a: true, b: 1, c: "2", d: 0.5, e: "1.5", f: "f", g: "g", h: "6fa459ea-ee8a-3ca4-894e-db77e160355e",
          i: "2026-11-26", j: "10:00:00", k: "2026-11-26T10:00:00", l: "2026-11-26T10:00:00Z",
          m: "18446744073709551615", n: 0.5, o: 3, p: true, q: 2026) }"#;
    assert_eq!(
        data(&server, read),
        json!({
            "vat": "2.0000", "total": "5", "plain": 4, "rBool": true, "rBit": true,
            "rHuge": "18446744073709551615", "rBlob": "AP8=", "rAt": "2026-11-26T10:00:00.5",
            "kinds": "1|1|2|0.5|1.500|f|g|6fa459ea-ee8a-3ca4-894e-db77e160355e|2026-11-26|10:00:00\
                      |2026-11-26 10:00:00|18446744073709551615|0.5|3|1|2026"
        })
    );
    assert_eq!(
        data(&server, "mutation { wipe(below: 9) unsaid }"),
        json!({ "wipe": 1, "unsaid": 1 })
    );
    assert_eq!(database.sql("SELECT count(*) FROM sale"), "0");
}
