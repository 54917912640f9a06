//! What stands between a schema and the database it is to be served on.

use crate::catalogs::catalog;
use crate::show;
use engine::{drift, locate};
use model::Dialect::{self, Postgres, Sqlite};

fn between(dialect: Dialect, sdl: &str, database: &str) -> String {
    let mut findings = drift(&show::schema(sdl, dialect), &catalog(dialect, database));
    locate(&mut findings, &show::source(sdl));
    show::findings_of(sdl, &findings)
}

const SDL: &str = r#"
type Customer @table(name: "customers") @unique(fields: ["name", "city"]) {
  id: Int! @id @default
  name: String!
  city: String
  code: String @column(type: "varchar(10)")
  total: Int @generated
  status: Status!
  plain: Plain
}
type Report @view(name: "report", key: ["id"]) { id: Int! }
enum Status @enum(name: "status") { OPEN @value(name: "open") CLOSED @value(name: "closed") }
enum Plain { A }
"#;

const DATABASE: &str = r"
table customers
  id integer key default=nextval('x')
  name text
  city text?
  code character varying(10)?
  total integer? generated
  status @status
  plain text?
  extra text?
  filled integer default=0
  unique (city, name)
view report
  id integer?
table other
  id integer key
enum status = open | closed
";

#[test]
fn a_database_may_hold_more_than_the_schema() {
    assert_eq!(between(Postgres, SDL, DATABASE), "");
}

#[test]
fn whatever_would_fail_is_drift() {
    let cases = [
        ("table customers", "table custommers"),
        ("  city text?\n", "  town text?\n"),
        ("  name text\n", "  name text?\n"),
        ("  name text\n", "  name integer\n"),
        ("  name text\n", "  name citext\n"),
        ("  name text\n", "  name text[]\n"),
        ("  name text\n", "  name @status\n"),
        ("varying(10)", "varying(20)"),
        ("  city text?\n", "  city text\n"),
        ("  status @status\n", "  status text\n"),
        ("  plain text?\n", "  plain @status?\n"),
        ("id integer key", "id integer"),
        ("  unique (city, name)\n", ""),
        (
            "enum status = open | closed",
            "enum status = open | closd | lost",
        ),
        ("  total integer? generated", "  total integer?"),
        ("  city text?\n", "  city text? generated\n"),
        ("id integer key default=nextval('x')", "id integer key"),
        ("  extra text?\n", "  extra text\n"),
        ("table customers", "view customers"),
        ("table customers", "table app.customers"),
        ("@status", "@state"),
    ];
    let database = DATABASE;
    let found = cases.map(|(from, to)| {
        let changed = match from {
            "@status" => database
                .replace("enum status", "enum state")
                .replace(from, to),
            _ => database.replacen(from, to, 1),
        };
        assert_ne!(changed, database, "{from:?}");
        format!(
            "{:?} → {:?}\n{}",
            from.trim(),
            to.trim(),
            between(Postgres, SDL, &changed)
        )
    });
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn a_database_without_any_table_of_the_schema_is_probably_another_one() {
    let found = between(Postgres, SDL, "table other\n  id integer key\n");
    insta::assert_snapshot!(found);
}

#[test]
fn what_a_type_adds_to_a_table_of_several_types_is_found_at_the_table() {
    let sdl = r#"
interface Work @table(name: "works", discriminator: "kind") { id: Int! @id kind: String! }
type Book implements Work @variant(value: "book") { id: Int! kind: String! pages: Int }
"#;
    let database = "table works\n  id integer key\n  kind text\n";
    insta::assert_snapshot!(between(Postgres, sdl, database));
}

#[test]
fn sqlite_compares_declared_types_and_names_without_case() {
    let sdl = r#"type Item @table(name: "items") {
        id: Int! @id price: Decimal! @column(type: "numeric(10,2)") made: DateTime exact: Decimal plain: S
    }
    enum S { A }"#;
    let database = "table ITEMS\n  ID INTEGER key\n  price NUMERIC(10, 2)\n  made DATETIME?\n  exact DECIMAL_TEXT?\n  plain VARCHAR(3)?\n";
    insta::assert_snapshot!(between(Sqlite, sdl, database));
    let database = database
        .replace("(10, 2)", "(10,3)")
        .replace("DECIMAL_TEXT", "NUMERIC(9,1)");
    insta::assert_snapshot!(between(Sqlite, sdl, &database));
}

#[test]
fn a_named_first_schema_is_found_unnamed() {
    let sdl = r#"type A @table(name: "a", schema: "public") { id: Int! @id }"#;
    assert_eq!(between(Postgres, sdl, "table a\n  id integer key\n"), "");
}

#[test]
fn another_database_language_is_refused_as_a_whole() {
    let schema = show::schema("type A @table { id: Int! @id }", Sqlite);
    let shown = show::findings_of("", &drift(&schema, &catalog(Postgres, "")));
    insta::assert_snapshot!(shown);
}

#[test]
fn a_query_calls_no_function_that_may_write() {
    let told = |sdl: &str, functions: &str| {
        let database = format!("table Item\n  id integer key\n{functions}");
        let sdl = format!("type Item @table {{ id: Int! @id }}\n{sdl}");
        between(Postgres, &sdl, &database)
    };
    let query = "extend type Query { vat(a: Int, b: Int): Int @function }";
    for functions in [
        "function vat(2,2)",
        "function vat(1,1) volatile",
        "function vat(3,9) volatile",
        "function rate(2,2) volatile",
        "function vat(2,2) volatile\nfunction vat(0,9)",
    ] {
        assert_eq!(told(query, functions), "", "{functions}");
    }
    let row = "extend type Item { vat(b: Int): Int @function }";
    for (sdl, functions) in [
        (query, "function vat(2,2) volatile"),
        (
            query,
            "function vat(1,9) volatile\nfunction shop.vat(2,2) volatile",
        ),
        (row, "function vat(2,2) volatile"),
    ] {
        let told = told(sdl, functions);
        assert_eq!(told.matches("error[drift.volatile]").count(), 1, "{told}");
    }
    let mutation = query.replace("Query", "Mutation");
    assert_eq!(told(&mutation, "function vat(2,2) volatile"), "");
}
