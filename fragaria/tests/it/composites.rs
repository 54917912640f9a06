//! Composite types of PostgreSQL: written into the first schema file, read and written member by member.

use crate::database::Database;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const TABLES: &str = r#"
    CREATE SCHEMA stock;
    CREATE TYPE mood AS ENUM ('sad', 'very happy');
    CREATE TYPE stock.spot AS (shelf char(2), "the mood" mood);
    CREATE TYPE stock.thing AS (
        name varchar(10), exact numeric, scaled numeric(10,2), large bigint, small smallint, rate float8,
        ok boolean, token uuid, day date, clock time, local timestamp, seen timestamptz, address inet,
        more jsonb, spot stock.spot, raw bytea, tags text[]);
    CREATE DOMAIN home AS stock.thing CHECK ((VALUE).name IS DISTINCT FROM 'nobody');
    CREATE TABLE shelf (id integer PRIMARY KEY);
    CREATE TABLE item (id integer PRIMARY KEY, thing stock.thing, home home, spot stock.spot NOT NULL,
        shelf_id integer REFERENCES shelf);
    INSERT INTO shelf VALUES (1);
    SET TimeZone = 'Asia/Tokyo';
    INSERT INTO item VALUES
      (1, ROW('ä"', 12345678901234567890.1250, 1.5, 9223372036854775807, -7, 0.5, true,
          '6FA459EA-EE8A-3CA4-894E-DB77E160355E', '2026-11-23', '18:12', '2026-11-23 18:12:18.5',
          '2026-11-23 18:12:18+02', '10.0.0.1', '{"a": [1.10]}', ROW('ab', 'very happy'), '\x00ff', '{a}'),
       NULL, ROW('x ', NULL), 1),
      (2, NULL, ROW('home', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       ROW(NULL, NULL), 1),
      (3, ROW(NULL, 'NaN', NULL, NULL, NULL, 'Infinity', NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       NULL, ROW(NULL, NULL), NULL);
    CREATE VIEW overview AS SELECT id, thing FROM item;"#;

const WHOLE: &str = "name exact scaled large small rate ok token day clock local seen address more spot { shelf theMood }";

/// A server of what `init` has written.
fn served() -> (Database, Project, Server) {
    let database = Database::empty();
    database.sql(TABLES);
    let project = Project::on(&database.url());
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    (database, project, server)
}

/// The data that a document gives.
fn data(server: &Server, document: &str) -> Value {
    let answer = server.graphql(document).json();
    assert!(answer["errors"].is_null(), "{document}: {answer}");
    answer["data"].clone()
}

/// A number with every digit it has.
fn number(digits: &str) -> Value {
    serde_json::from_str(digits).unwrap()
}

fn message(server: &Server, document: &str) -> String {
    let answer = server.graphql(document).json();
    let error = &answer["errors"][0];
    format!(
        "{}: {}",
        error["extensions"]["code"].as_str().unwrap_or_default(),
        error["message"].as_str().unwrap_or_default()
    )
}

#[test]
fn the_first_schema_has_the_composite_types() {
    let (_database, project, _server) = served();
    let schema = project.read("schema.graphql");
    for line in [
        "type Thing @composite(name: \"thing\", schema: \"stock\") {",
        "  spot: Spot\n",
        "  theMood: Mood @member(name: \"the mood\")\n",
        "  thing: Thing\n",
        "  home: Thing\n",
        "  spot: Spot!\n",
        "  # left out: raw (bytea)\n  # left out: tags (text[])\n",
    ] {
        assert!(schema.contains(line), "{line}\n{schema}");
    }
}

#[test]
fn members_are_read_with_every_digit() {
    let (_database, _project, server) = served();
    let document = format!(
        "{{ items(where: {{ id: {{ lt: 3 }} }}) {{ id thing {{ {WHOLE} }} home {{ name exact }} spot {{ shelf theMood __typename }} }} \
         shelves {{ items(limit: 1) {{ a: thing {{ large }} thing {{ spot {{ theMood }} }} }} }} overviews(where: {{ id: {{ eq: 1 }} }}) {{ thing {{ large }} }} }}"
    );
    let thing = json!({
        "name": "ä\"", "exact": "12345678901234567890.1250", "scaled": "1.50", "large": "9223372036854775807",
        "small": -7, "rate": 0.5, "ok": true, "token": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
        "day": "2026-11-23", "clock": "18:12:00", "local": "2026-11-23T18:12:18.5",
        "seen": "2026-11-23T16:12:18Z", "address": "10.0.0.1", "more": { "a": [number("1.10")] },
        "spot": { "shelf": "ab", "theMood": "VERY_HAPPY" }
    });
    let expected = json!({
        "items": [
            { "id": 1, "thing": thing, "home": null, "spot": { "shelf": "x ", "theMood": null, "__typename": "Spot" } },
            { "id": 2, "thing": null, "home": { "name": "home", "exact": null },
              "spot": { "shelf": null, "theMood": null, "__typename": "Spot" } }
        ],
        "shelves": [{ "items": [{ "a": { "large": "9223372036854775807" }, "thing": { "spot": { "theMood": "VERY_HAPPY" } } }] }],
        "overviews": [{ "thing": { "large": "9223372036854775807" } }]
    });
    assert_eq!(data(&server, &document), expected);
}

#[test]
fn what_has_no_form_in_json_is_told_by_its_place() {
    let (_database, _project, server) = served();
    for (member, told) in [
        ("exact", "is no Decimal, but some string"),
        ("rate", "is no Float, but some string"),
        ("day", "is no Date, but some string"),
    ] {
        assert_eq!(
            message(
                &server,
                &format!("{{ item(id: 3) {{ thing {{ {member} }} }} }}")
            ),
            format!(
                "store.document: a stored document is not of the type the schema declares: Item.thing.{member} {told}"
            )
        );
    }
    let name = "{ item(id: 3) { thing { name } } }";
    assert_eq!(
        data(&server, name)["item"]["thing"],
        json!({ "name": null })
    );
}

#[test]
fn rows_are_written_as_a_whole() {
    let (database, _project, server) = served();
    let create = format!(
        "mutation {{ createItem(input: {{ id: 9, shelfId: 1, spot: {{ theMood: SAD }}, home: {{ name: \"here\" }}, thing: {{ \
           name: \"n\", exact: \"12345678901234567890.1250\", scaled: 2.555, large: \"-9223372036854775808\", small: 3, rate: 1e2, \
           ok: false, token: \"6FA459EA-EE8A-3CA4-894E-DB77E160355E\", day: \"2026-11-23\", clock: \"18:12:00\", \
           local: \"2026-11-23T18:12:18.5\", seen: \"2026-11-23T18:12:18+02:00\", address: \"10.0.0.1\", more: {{ a: [1.10] }}, \
           spot: {{ shelf: \"cd\" }} }} }}) {{ thing {{ {WHOLE} }} shelf {{ id }} spot {{ theMood }} home {{ name }} }} }}"
    );
    let created = &data(&server, &create)["createItem"];
    assert_eq!(
        created.to_string(),
        json!({
            "home": { "name": "here" },
            "shelf": { "id": 1 },
            "spot": { "theMood": "SAD" },
            "thing": {
                "name": "n", "exact": "12345678901234567890.1250", "scaled": "2.56", "large": "-9223372036854775808",
                "small": 3, "rate": 100.0, "ok": false, "token": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
                "day": "2026-11-23", "clock": "18:12:00", "local": "2026-11-23T18:12:18.5",
                "seen": "2026-11-23T16:12:18Z", "address": "10.0.0.1", "more": { "a": [number("1.10")] },
                "spot": { "shelf": "cd", "theMood": null }
            }
        })
        .to_string()
    );
    let change = "mutation Change($spot: SpotInput!) { \
        a: updateItem(id: 1, set: { thing: { name: \"new\", spot: $spot }, home: null }) { thing { name exact spot { theMood } } } \
        b: updateItem(id: 9, set: { thing: null }) { id thing { name } } \
        c: upsertItem(input: { id: 2, spot: $spot }) { spot { theMood } home { name } } }";
    let body = json!({ "query": change, "variables": { "spot": { "theMood": "VERY_HAPPY" } } });
    let headers = ["content-type: application/json"];
    let changed = server
        .ask("POST /graphql", &headers, body.to_string().as_bytes())
        .json();
    assert_eq!(
        changed["data"],
        json!({
            "a": { "thing": { "name": "new", "exact": null, "spot": { "theMood": "VERY_HAPPY" } } },
            "b": { "id": 9, "thing": null },
            "c": { "spot": { "theMood": "VERY_HAPPY" }, "home": { "name": "home" } }
        }),
        "{changed}"
    );
    let stored = database.sql("SELECT string_agg(concat(id, thing, home IS NULL, (spot).\"the mood\"), ';' ORDER BY id) FROM item WHERE id <> 3");
    assert_eq!(
        stored.trim(),
        "1(new,,,,,,,,,,,,,,\"(,\"\"very happy\"\")\",,)t;2fvery happy;9fsad"
    );
}

#[test]
fn what_a_member_cannot_hold_is_refused() {
    let (_database, _project, server) = served();
    for (thing, code) in [
        ("{ name: \"longer than ten\" }", "store.out_of_range"),
        ("{ small: 40000 }", "store.out_of_range"),
        ("{ scaled: \"123456789012\" }", "store.out_of_range"),
        ("{ address: \"nowhere\" }", "store.out_of_range"),
        ("{ small: 2147483648 }", "engine.invalid"),
        ("{ raw: \"\" }", "engine.invalid"),
        ("{ spot: { theMood: ANGRY } }", "engine.invalid"),
    ] {
        let document =
            format!("mutation {{ updateItem(id: 2, set: {{ thing: {thing} }}) {{ id }} }}");
        let told = message(&server, &document);
        assert!(told.starts_with(code), "{thing}: {told}");
    }
    let home = "mutation { updateItem(id: 2, set: { home: { name: \"nobody\" } }) { id } }";
    assert!(message(&server, home).starts_with("store.check"));
    assert_eq!(
        data(&server, "{ item(id: 2) { thing { name } } }")["item"]["thing"],
        Value::Null
    );
}

#[test]
fn conditions_look_into_a_row_as_into_json() {
    let (_database, _project, server) = served();
    let ids = |condition: &str| {
        let document = format!("{{ items(where: {{ {condition} }}) {{ id }} }}");
        data(&server, &document)["items"].to_string()
    };
    assert_eq!(
        ids("thing: { path: { at: [\"spot\", \"the mood\"], string: { eq: \"very happy\" } } }"),
        "[{\"id\":1}]"
    );
    assert_eq!(
        ids("thing: { contains: { large: 9223372036854775807 } }"),
        "[{\"id\":1}]"
    );
    assert_eq!(ids("thing: { isNull: true }"), "[{\"id\":2}]");
    // A row of nothing but NULL is a row.
    assert_eq!(ids("spot: { isNull: true }"), "[]");
}

#[test]
fn a_type_that_is_changed_is_drift() {
    let (database, project, _server) = served();
    database.sql("ALTER TYPE stock.spot ADD ATTRIBUTE further text");
    let output = project.output(&["compile", "--against"]);
    let told = crate::project::told(&output);
    assert!(
        output.status.success() && told.contains("warning[drift.unmapped]"),
        "{told}"
    );
    database.sql("ALTER TYPE stock.spot RENAME ATTRIBUTE shelf TO rack CASCADE");
    let told = project.fail(&["compile", "--against"]);
    assert!(told.contains("error[drift.missing_attribute]"), "{told}");
    database.sql("ALTER TYPE stock.spot RENAME TO place");
    let told = project.fail(&["compile", "--against"]);
    assert!(told.contains("error[drift.missing_composite]"), "{told}");
}

#[test]
fn an_expression_may_give_a_composite_value() {
    let (_database, project, _server) = served();
    let schema = project.read("schema.graphql").replace(
        "  spot: Spot!\n",
        "  spot: Spot!\n  inner: Spot @computed(sql: \"({thing}).spot\")\n",
    );
    project.write("schema.graphql", &schema);
    project.run(&["compile", "--against"]);
    let server = project.serve(&[]).ready();
    let inner = &data(&server, "{ item(id: 1) { inner { shelf } } }")["item"]["inner"];
    assert_eq!(*inner, json!({ "shelf": "ab" }));
}
