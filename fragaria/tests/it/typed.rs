//! Typed JSON: documents that others wrote, whatever is in them.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

/// A table whose documents are text of JSON, as all databases take it unread.
const TABLE: &str = "CREATE TABLE thing (id integer PRIMARY KEY, doc JSONTYPE);";

const SCHEMA: &str = r#"
type Thing @table(name: "thing") { id: Int! @id doc: Doc @column(type: "JSONTYPE") }
type Doc @json {
  n: Int exact: Decimal large: BigInt rate: Float word: String
  must: String! list: [Int!] inner: Doc any: JSON
}"#;

/// The same table behind a server of each database.
struct Served {
    server: Server,
    database: Place,
}

/// Where it lies.
enum Place {
    File(Project),
    Postgres(Database, Project),
    Mariadb(mariadb::Database, Project),
}

impl Served {
    fn all() -> [Self; 3] {
        let (postgres, mariadb) = (Database::empty(), mariadb::Database::empty());
        let sqlite = Project::database(&TABLE.replace("JSONTYPE", "text"));
        postgres.sql(&TABLE.replace("JSONTYPE", "json"));
        mariadb.sql(&TABLE.replace("JSONTYPE", "longtext"));
        let urls = (postgres.url(), mariadb.url());
        [
            Place::File(compiled(sqlite, "sqlite:shop.db", "text")),
            Place::Postgres(postgres, compiled(Project::empty(), &urls.0, "json")),
            Place::Mariadb(mariadb, compiled(Project::empty(), &urls.1, "longtext")),
        ]
        .map(|database| Self {
            server: database.project().serve(&[]).ready(),
            database,
        })
    }

    /// The answer to a question about a document.
    fn ask(&self, document: &str, selection: &str) -> Value {
        let quoted = document.replace('\'', "''");
        let quoted = match self.database {
            Place::Mariadb(..) => quoted.replace('\\', "\\\\"),
            _ => quoted,
        };
        let sql = format!("DELETE FROM thing; INSERT INTO thing VALUES (1, '{quoted}');");
        match &self.database {
            Place::File(project) => project.sql(&sql),
            Place::Postgres(database, _) => drop(database.sql(&sql)),
            Place::Mariadb(database, _) => drop(database.sql(&sql)),
        }
        let document = format!("{{ thing(id: 1) {{ doc {selection} }} }}");
        self.server.graphql(&document).json()
    }
}

impl Place {
    fn project(&self) -> &Project {
        match self {
            Self::File(project) | Self::Postgres(_, project) | Self::Mariadb(_, project) => project,
        }
    }
}

fn compiled(project: Project, url: &str, native: &str) -> Project {
    project.write("schema.graphql", &SCHEMA.replace("JSONTYPE", native));
    project.configure(url);
    project.run(&["compile", "--against"]);
    project
}

/// Documents, what is selected of them, and what is told of it.
const MISFITS: &[(&str, &str, &str)] = &[
    ("[]", "{ n }", " is no object"),
    ("\"{}\"", "{ n }", " is no object"),
    (
        "{}",
        "{ n must }",
        ".must is null or missing, and must not be",
    ),
    (
        r#"{"must": null}"#,
        "{ must }",
        ".must is null or missing, and must not be",
    ),
    (
        r#"{"n": 2147483648}"#,
        "{ n }",
        ".n is no Int, but some number",
    ),
    (r#"{"n": 1e0}"#, "{ n }", ".n is no Int, but some number"),
    (r#"{"n": "1"}"#, "{ n }", ".n is no Int, but some string"),
    (
        r#"{"exact": 1e999999999999}"#,
        "{ exact }",
        ".exact is no Decimal, but some number",
    ),
    (
        r#"{"large": 9223372036854775808}"#,
        "{ large }",
        ".large is no BigInt, but some number",
    ),
    (
        r#"{"rate": 1e400}"#,
        "{ rate }",
        ".rate is no Float, but some number",
    ),
    (
        r#"{"word": {"a": 1}}"#,
        "{ word }",
        ".word is no String, but an object",
    ),
    (
        r#"{"word": "\ud83c"}"#,
        "{ word }",
        ".word is no String, but some string",
    ),
    (
        r#"{"word": "a", "w\u006frd": "b"}"#,
        "{ word }",
        ".word stands there more than once",
    ),
    (
        r#"{"\udf53": 1}"#,
        "{ n }",
        " is no object whose names can be read",
    ),
    (r#"{"list": {"0": 1}}"#, "{ list }", ".list is no list"),
    (
        r#"{"list": [1, 2, null]}"#,
        "{ list }",
        ".list[2] is null or missing, and must not be",
    ),
    (
        r#"{"list": [[1]]}"#,
        "{ list }",
        ".list[0] is no Int, but a list",
    ),
    (
        r#"{"inner": {"inner": {"n": true}}}"#,
        "{ inner { inner { n } } }",
        ".inner.inner.n is no Int, but a boolean",
    ),
];

#[test]
fn a_document_of_another_type_is_an_error_that_names_the_place() {
    let nested = format!("{{\"inner\": {}1{}}}", "[".repeat(3_000), "]".repeat(3_000));
    let nested = (nested.as_str(), "{ inner { n } }", ".inner is no object");
    for served in Served::all() {
        for (document, selection, told) in MISFITS.iter().chain([&nested]) {
            let answer = served.ask(document, selection);
            let error = json!({
                "message": format!("a stored document is not of the type the schema declares: Thing.doc{told}"),
                "path": ["thing"],
                "extensions": { "code": "store.document" },
            });
            assert_eq!(
                answer["errors"],
                json!([error]),
                "{document:.80} {selection}"
            );
            assert_eq!(answer["data"], Value::Null, "{document:.80}");
        }
    }
}

#[test]
fn what_is_not_selected_may_be_anything() {
    let deep = format!("{}1{}", "[".repeat(3_000), "]".repeat(3_000));
    let long = "x".repeat(5 << 20);
    let cases = [
        (r#"{"n": 1, "word": 2, "other": 1e999999999, "list": {}, "must": []}"#.to_owned(), "{ n }", json!({ "n": 1 })),
        (r#"{"word": 1, "word": 2, "n": 1}"#.to_owned(), "{ n }", json!({ "n": 1 })),
        (r#"{"n": -0, "other": "\ud83c"}"#.to_owned(), "{ n }", json!({ "n": 0 })),
        (format!(r#"{{"any": 1, "deep": {deep}, "n": 7}}"#), "{ n any }", json!({ "n": 7, "any": 1 })),
        (format!(r#" {{ "long" : "{long}" , "exact" : 12345678901234567890.10 }} "#), "{ exact }", json!({ "exact": "12345678901234567890.10" })),
        (r#"{"$serde_json::private::RawValue": "1", "any": {"$serde_json::private::Number": "1"}}"#.to_owned(), "{ n }", json!({ "n": null })),
        ("null".to_owned(), "{ must }", Value::Null),
    ];
    for served in Served::all() {
        for (document, selection, expected) in &cases {
            let answer = served.ask(document, selection);
            let expected = json!({ "data": { "thing": { "doc": expected } } });
            assert_eq!(answer.to_string(), expected.to_string(), "{document:.80}");
        }
    }
}

#[test]
fn a_document_is_not_gone_through_without_end() {
    let padding = "x".repeat(1 << 20);
    let document = format!(r#"{{"inner": {{"padding": "{padding}", "n": 1}}}}"#);
    let times = |count: usize| {
        let names = (0..count).map(|index| format!("a{index}: inner {{ n }} "));
        format!("{{ {} }}", names.collect::<String>())
    };
    for served in Served::all() {
        let answer = served.ask(&document, &times(50));
        assert_eq!(answer["data"]["thing"]["doc"]["a49"], json!({ "n": 1 }));
        let answer = served.ask(&document, &times(80));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "store.too_large");
    }
}

#[test]
fn a_column_that_holds_no_json_is_drift() {
    let database = Database::empty();
    database.sql("CREATE TABLE thing (id integer PRIMARY KEY, doc text)");
    let project = Project::empty();
    project.write("schema.graphql", &SCHEMA.replace("JSONTYPE", "jsonb"));
    project.configure(&database.url());
    let told = project.fail(&["compile", "--against"]);
    assert!(told.contains("error[drift.type]"), "{told}");
    assert!(
        told.contains("`Thing.doc` is text in the database"),
        "{told}"
    );
    database.sql("ALTER TABLE thing ALTER doc TYPE jsonb USING doc::jsonb");
    project.run(&["compile", "--against"]);
}
