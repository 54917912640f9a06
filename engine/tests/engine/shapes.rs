//! Objects inside JSON: what their types become, what is said of wrong ones, what clients are told; composite types
//! along with them.

use crate::catalogs::catalog;
use crate::show;
use engine::{Scaffold, artefact, diff, drift, scaffold};
use model::Dialect::{self, Mariadb, Postgres, Sqlite};
use model::Schema;
use model::schema::Form;

const SDL: &str = r#"
type Product @table { id: Int! @id size: Size! parts: [Part!] @column(type: "json") }
"How large it is."
type Size @json { width: Int! "The other side." height: Int @member(name: "the height") unit: Unit! }
type Part @json { names: [[String]!]! parts: [Part!]! whole: Part any: JSON }
enum Unit { CM @value(name: "cm") INCH }
"#;

/// Findings of each text beside a table with a JSON column of that type.
fn findings(texts: &[&str]) -> String {
    let shown = texts.iter().map(|text| {
        let text = format!("type T @table {{ id: Int! @id a: A }}\n{text}");
        show::findings(&text, Postgres)
    });
    shown.collect::<Vec<_>>().join("────\n")
}

fn changes(old: &str, new: &str) -> String {
    let (old, new) = (show::schema(old, Sqlite), show::schema(new, Sqlite));
    let changes: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
    changes.join("\n")
}

#[test]
fn columns_and_shapes_resolve() {
    let schema = show::schema(SDL, Postgres);
    insta::assert_debug_snapshot!((&schema.tables[0].columns, &schema.shapes));
}

#[test]
fn what_is_written_reads_back_and_leads_nowhere_else() {
    let schema = show::schema(SDL, Sqlite);
    let read = |schema: &Schema| artefact::read(&artefact::write(schema));
    assert_eq!(read(&schema).expect("our own").schema, schema);
    let mut broken = schema.clone();
    broken.shapes[0].members[0].value.form = Form::Shape(2);
    assert!(read(&broken).is_err(), "a member");
    let mut broken = schema;
    broken.tables[0].columns[1].form = Some(Form::Enum(1));
    assert!(read(&broken).is_err(), "a column");
}

#[test]
fn an_object_inside_json_has_nothing_of_a_table() {
    let shown = findings(&[
        "type A @json @table(name: \"a\") { x: Int }",
        "type A @json @view @api(singular: \"a\") @unique(fields: [\"x\"]) { x: Int @id @unique @default }",
        "type A @json { x: Int @column(name: \"y\") y: Int @generated z: Int @computed(sql: \"1\") v: Int! @version }",
        "type A @json { t: T @relation(fields: [\"x\"]) x: Int }",
        "type A @json { all: [T!]! at: ID kind: __Type n: Nowhere }",
        "type A @json(name: \"a\") { x(y: Int): Int @member }",
        "type A @json { x: Int y: Int @member(name: \"x\") }",
        "type A @json",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn an_object_must_have_an_end() {
    let shown = findings(&[
        "type A @json { a: A! }",
        "type A @json { b: B! }\ntype B @json { c: C! }\ntype C @json { a: A! b: B }",
        "type A @json { b: B! a: [A!]! c: A }\ntype B @json { b: A }",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn names_of_shapes_are_those_of_nothing_else() {
    let shown = findings(&[
        "type A @json { x: Int }\ntype AInput @json { x: Int }",
        "type A @json { x: Int }\nenum AInput { X }",
        "type A @json { x: Int }\ntype TWhere @json { x: Int }",
        "type A @json { x: Int }\ntype Node @json { x: Int }",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_column_of_a_shape_is_json_in_every_other_way() {
    let beside = "\ntype A @json { x: Int }";
    let shown = [
        "type T @table { id: A! @id }",
        "type T @table { id: Int! @id a: A @unique }",
        "type T @table { id: Int! @id a: A @column(type: \"text\") }",
        "type T @table { id: Int! @id a: A @relation(fields: [\"id\"]) b: A @member(name: \"c\") }",
        "type T @view { a: A }",
    ]
    .map(|text| show::findings(&format!("{text}{beside}"), Postgres));
    insta::assert_snapshot!(shown.join("────\n"));
}

#[test]
fn a_column_that_holds_no_json_is_drift() {
    let sdl = "type T @table(name: \"t\") { id: Int! @id a: A b: [A!]! }\ntype A @json { x: Int }";
    let between = |dialect: Dialect, columns: &str| {
        let database = format!("table t\n  id integer key\n{columns}");
        let drift = drift(&show::schema(sdl, dialect), &catalog(dialect, &database));
        show::findings_of("", &drift)
    };
    assert_eq!(between(Postgres, "  a jsonb?\n  b jsonb\n"), "");
    assert_eq!(between(Sqlite, "  a json?\n  b json\n"), "");
    let shown = [
        between(Postgres, "  a text?\n  b json\n"),
        between(Mariadb, "  a int?\n  b longtext\n"),
        between(Sqlite, "  a blob?\n  b json?\n"),
    ];
    insta::assert_snapshot!(shown.join("────\n"));
}

#[test]
fn changes_of_shapes_are_told_by_what_they_break() {
    let old = "type T @table { id: Int! @id a: A b: A }\n\
               type A @json { same: Int gone: Int less: Int! more: Int other: Int list: [Int!] at: Int @member(name: \"x\") }\n\
               type Old @json { x: Int }";
    let new = "type T @table { id: Int! @id a: [A!] b: JSON }\n\
               type A @json { same: Int less: Int more: Int! other: BigInt list: [Int] at: Int added: Int needed: Int! }\n\
               type New @json { x: Int }";
    assert_eq!(changes(old, old), "");
    insta::assert_snapshot!(changes(old, new));
}

const PLACES: &str = r"
table people # Who lives somewhere.
  id integer key
  home %place?
  work %place
  mood @mood?
  spot %nothing?
  homes place[]?
composite stock.place # Where it is.
  street name text # With its number.
  zip numeric(10,2)
  spot %spot
  raw bytea
  more jsonb
composite spot
  mood @mood
  shelf character(2)
composite nothing
  area point
composite unused
  a text
enum mood = sad | happy
";

#[test]
fn composite_types_are_written_with_what_can_be_shown_of_them() {
    let database = PLACES.replace("street name", "street\u{2423}name");
    let catalog = catalog(Postgres, &database);
    let Scaffold { sdl, warnings } = scaffold(&catalog);
    let schema = show::schema(&sdl, Postgres);
    let drift = show::findings_of("", &drift(&schema, &catalog));
    let warnings = show::findings_of("", &warnings);
    insta::assert_snapshot!(format!("{sdl}---\n{warnings}---\n{drift}"));
}

#[test]
fn what_a_composite_type_lacks_is_drift() {
    let sdl = r#"
type Person @table(name: "people") { id: Int! @id home: Place work: Place! mood: Mood }
type Place @composite(name: "place", schema: "stock") { street: String zip: Decimal spot: Spot more: More }
type Spot @composite(name: "spot") { mood: Mood shelf: String }
type More @json { x: Int }
enum Mood @enum(name: "mood") { SAD @value(name: "sad") HAPPY @value(name: "happy") }
"#;
    let database = PLACES
        .replace("street name", "street")
        .replace("  raw bytea\n", "");
    let schema = show::schema(sdl, Postgres);
    let between =
        |database: &str| show::findings_of("", &drift(&schema, &catalog(Postgres, database)));
    assert_eq!(between(&database), "");
    let cases = [
        ("  street text", "  streets text"),
        ("  street text", "  street integer"),
        ("  zip numeric(10,2)\n", "  zip bytea\n"),
        ("  zip numeric(10,2)\n", ""),
        ("  spot %spot", "  spot %unused"),
        ("  more jsonb", "  more text"),
        ("  mood @mood\n  shelf", "  mood text\n  shelf"),
        (
            "  shelf character(2)",
            "  shelf character(2)\n  further text",
        ),
        ("  home %place?", "  home %spot?"),
        ("  home %place?", "  home jsonb?"),
        ("  work %place", "  work %place?"),
        ("composite stock.place", "composite place"),
        ("composite spot", "composite spots"),
    ];
    let found = cases.map(|(from, to)| {
        let mut changed = database.replacen(from, to, 1);
        assert_ne!(changed, database, "{from}");
        if to == "composite spots" {
            changed = changed.replace("%spot", "%spots");
        }
        format!("{:?} → {:?}\n{}", from.trim(), to.trim(), between(&changed))
    });
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn composite_types_are_of_postgresql_and_of_no_json() {
    let texts = [
        "type A @composite { x: Int }",
        "type A @composite(name: \"a\") @json { x: Int }",
        "type A @composite(name: \"a\") { x: Int @id raw: Bytes list: [Int] lists: [B!] b: B c: C cs: [C] t: T }\n\
         type B @composite(name: \"b\") { x: Int }\ntype C @json { x: B xs: [B!] }",
        "type A @composite(name: \"\") { x: Int @member(name: \"\") }",
        "type A @composite(name: \"a\") { x: Int }\n\
         type U @table { id: Int! @id a: [A!] b: A @column(type: \"jsonb\") c: A @unique }",
        "type A @composite(name: \"a\") { a: A! }",
    ];
    let sqlite = show::findings(
        "type T @table { id: Int! @id a: A }\ntype A @composite(name: \"a\") { x: Int }",
        Sqlite,
    );
    insta::assert_snapshot!(format!("{}────\n{sqlite}", findings(&texts)));
}
