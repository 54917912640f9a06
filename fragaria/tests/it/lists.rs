//! Columns of PostgreSQL that hold lists, from the database to the API.

use crate::database::Database;
use crate::project::Project;
use serde_json::json;

const TABLES: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN words AS varchar(20)[];
    CREATE DOMAIN score AS integer;
    CREATE TABLE shelf (
        id integer PRIMARY KEY,
        tags text[] NOT NULL DEFAULT '{}',
        sizes numeric(10,2)[],
        moods mood[] NOT NULL,
        words words,
        matrix integer[][],
        grids mood[][],
        scores score[],
        UNIQUE (tags)
    );";

#[test]
fn arrays_become_lists_and_those_of_several_dimensions_are_left_out() {
    let database = Database::empty();
    database.sql(TABLES);
    let url = database.url();
    let project = Project::empty();
    let told = project.output(&["init", "--from", &url]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    let schema = project.read("schema.graphql");
    for line in [
        "  tags: [String]! @default(value: \"'{}'::text[]\")",
        "  sizes: [Decimal] @column(type: \"numeric(10,2)[]\")",
        "  moods: [Mood]!",
        "  words: [String] @column(type: \"varchar(20)[]\")",
        "  # left out: matrix (integer[][])",
        "  # left out: grids (mood[][])",
        "  # left out: scores (score[])",
    ] {
        assert!(
            schema.lines().any(|known| known == line),
            "{line}\n{schema}"
        );
    }
    assert!(!schema.contains("@unique"), "{schema}");
    assert!(told.contains("integer[][]"), "{told}");
    project.run(&["compile", "--against", &url]);
    let api = project.run(&["schema"]);
    for line in [
        "  tags: StringListFilter",
        "  moods: [Mood]!",
        "  has: Mood",
    ] {
        assert!(api.lines().any(|known| known == line), "{line}\n{api}");
    }
    for (from, to, what) in [
        ("tags: [String]!", "tags: String!", "Shelf.tags"),
        ("moods: [Mood]!", "moods: Mood!", "Shelf.moods"),
        ("  id: Int!", "  matrix: [Int]\n  id: Int!", "Shelf.matrix"),
    ] {
        project.write("schema.graphql", &schema.replacen(from, to, 1));
        let told = project.fail(&["compile", "--against", &url]);
        assert!(told.contains("drift.type") && told.contains(what), "{told}");
    }
}

#[test]
fn a_change_of_lists_is_told_by_what_it_breaks() {
    let project = Project::empty();
    project.configure("postgres://me@127.0.0.1:1/none");
    let told = |was: &str, is: &str| {
        let schema = |fields: &str| format!("type Shelf @table {{ id: Int! @id {fields} }}");
        project.write("schema.graphql", &schema(was));
        project.run(&["compile", "--out", "old.json"]);
        project.write("schema.graphql", &schema(is));
        let told = project.run(&["diff", "old.json", "."]);
        let changes = told.lines().filter(|line| line.contains("Shelf"));
        changes.collect::<Vec<_>>().join("\n")
    };
    for (was, is, changes) in [
        (
            "tags: [String]",
            "tags: [Int]",
            "breaking: Shelf.tags: the type is [Int], was [String]",
        ),
        (
            "tags: [String]",
            "tags: String",
            "breaking: Shelf.tags: the type is String, was [String]",
        ),
        (
            "tags: String",
            "tags: [String]",
            "breaking: Shelf.tags: the type is [String], was String",
        ),
        (
            "tags: [String]! @default",
            "tags: [String] @default",
            "breaking: Shelf.tags: the field may now be null",
        ),
        (
            "tags: [String]!",
            "tags: [String]",
            "breaking: Shelf.tags: the field may now be null\nsafe: Shelf.tags: new rows may leave the field out",
        ),
        (
            "tags: [String]",
            "tags: [String]!",
            "breaking: Shelf.tags: every new row must now give the field\nsafe: Shelf.tags: the field is never null",
        ),
        ("", "tags: [String]", "safe: Shelf.tags: the field is new"),
        (
            "tags: [String]",
            "",
            "breaking: Shelf.tags: the field is removed",
        ),
        (
            "tags: [String]",
            "tags: [String] @column(type: \"varchar(9)[]\")",
            "",
        ),
    ] {
        assert_eq!(told(was, is), changes, "{was} to {is}");
    }
}

#[test]
fn items_are_looked_for_in_lists_up_to_a_bound() {
    let database = Database::empty();
    database.sql("CREATE TABLE shelf (id integer PRIMARY KEY, tags text[])");
    database.sql("INSERT INTO shelf SELECT 1, array_agg('t' || n) FROM generate_series(1, 1000) n");
    let project = Project::on(&database.url());
    let server = project.serve(&[]).ready();
    let ask = |conditions: &str, count: usize| {
        let document = format!(
            "query ($t: [String!]) {{ shelves(where: {{ or: [{conditions}] }}) {{ id }} }}"
        );
        let tags: Vec<_> = (1..=count).map(|n| format!("t{n}")).collect();
        let body = json!({ "query": document, "variables": { "t": tags } }).to_string();
        let headers = ["content-type: application/json"];
        server.ask("POST /graphql", &headers, body.as_bytes())
    };
    let found = json!({ "data": { "shelves": [{ "id": 1 }] } });
    for operator in ["contains", "containedBy", "overlaps"] {
        let one = format!("{{ tags: {{ {operator}: $t }} }}");
        assert_eq!(ask(&one, 1000).json(), found, "{operator}");
        assert_eq!(ask(&one, 1001).code(), "engine.list_items");
        // The same list counts as often as it is compared.
        assert_eq!(ask(&one.repeat(2), 501).code(), "engine.list_items");
    }
    let all = |count: usize| {
        let conditions = "{ tags: { has: \"t1\" } }".repeat(count);
        server.graphql(&format!(
            "{{ shelves(where: {{ and: [{conditions}] }}) {{ id }} }}"
        ))
    };
    assert_eq!(all(1000).json(), found);
    assert_eq!(all(1001).code(), "engine.list_items");
    let equal = ask("{ tags: { eq: $t } }", 1001).json();
    assert_eq!(equal, json!({ "data": { "shelves": [] } }));
}

#[test]
fn functions_neither_take_nor_give_lists_of_values() {
    let project = Project::empty();
    project.write(
        "fragaria.toml",
        "[database]\nurl = \"postgres://localhost/shop\"\n",
    );
    for field in [
        "total(of: [Int!]!): Int @function",
        "tags: [String] @function",
    ] {
        let schema = format!("type A @table {{ id: Int! @id }}\nextend type Query {{ {field} }}\n");
        project.write("schema.graphql", &schema);
        let told = project.fail(&["compile"]);
        for part in ["error[sdl.function]", "schema.graphql:2:", "only columns"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
