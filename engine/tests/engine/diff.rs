//! What clients are told about a new schema.

use crate::show;
use engine::diff;
use model::Dialect;

fn changes(old: &str, new: &str) -> String {
    let (old, new) = (
        show::schema(old, Dialect::Postgres),
        show::schema(new, Dialect::Postgres),
    );
    let changes: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
    changes.join("\n")
}

const OLD: &str = r#"
type Customer @table(name: "customers") @unique(fields: ["name", "city"]) {
  id: Int! @id @default
  name: String!
  city: String
  code: Int @unique
  age: Int!
  note: String
  score: Int! @default
  sum: Int @generated
  mentorId: Int
  status: Status!
  mentor: Customer @relation(fields: ["mentorId"])
  pupils: [Customer!]! @relation(inverse: "mentor")
}
type Old @table { id: Int! @id }
type Log @table { a: Int! @id b: Int! @id }
type Report @view { id: Int }
enum Status { OPEN CLOSED GONE }
enum Dropped { A }
interface Media @table(discriminator: "kind") { id: Int! @id kind: String! title: String! }
type Book implements Media @variant(value: "b") { id: Int! kind: String! title: String! pages: Int lines: Int }
type Film implements Media @variant(value: "f") { id: Int! kind: String! title: String! }
union Part @table(discriminator: "kind") = Wheel
type Wheel @variant(value: "w") { id: Int! @id kind: String! }
type Link @table { id: Int! @id of: Either @relation(oneOf: ["log"]) is: Either @relation(oneOf: ["log"]) a: Int! b: Int! log: New @relation(fields: ["a"]) report: Int }
union Either = New | Old
type New @table { id: Int! @id }
union Lost = Old
scalar Money @scalar(as: "Decimal")
scalar Gone @scalar(as: "String")
"#;

const NEW: &str = r#"
type Customer @table(name: "clients") @api(singular: "client") {
  id: Int! @id
  name: String
  city: String! @unique
  code: Int
  age: BigInt!
  note: String! @default
  score: Int!
  sum: Int
  mentorId: Int!
  status: Status
  added: String
  needed: String!
  mentor: Customer! @relation(fields: ["mentorId"])
  pupils: Int
}
type New @table { id: Int! @id }
type Log @table(key: ["b", "a"]) { a: Int! @id b: Int! @id }
type Report @view(key: ["id"]) { id: Int! }
enum Status { OPEN CLOSED PAUSED }
interface Media @table(discriminator: "kind") { id: Int! @id kind: String! }
type Book implements Media @variant(value: "b") { id: Int! kind: String! pages: Int title: String! }
type Map implements Media @variant(value: "m") { id: Int! kind: String! lines: Int }
type Part @table { id: Int! @id kind: String! }
type Link @table { id: Int! @id of: Other @relation(oneOf: ["log"]) is: Int a: Int! b: Int! log: New @relation(fields: ["a"]) report: Either @relation(oneOf: ["log"]) }
union Either = New
union Other = New
scalar Money @scalar(as: "String")
scalar Email @scalar(as: "String")
"#;

#[test]
fn changes_are_told_by_what_they_break() {
    insta::assert_snapshot!(changes(OLD, NEW));
}

#[test]
fn the_way_back_has_its_own_changes() {
    insta::assert_snapshot!(changes(NEW, OLD));
}

#[test]
fn a_schema_does_not_differ_from_itself() {
    assert_eq!(changes(OLD, OLD), "");
}

#[test]
fn where_a_table_lies_is_nobodys_business() {
    let old =
        "type A @table(name: \"a\", schema: \"x\") { id: Int! @id b: String @column(name: \"c\") }";
    let new = "\"Described.\" type A @table(name: \"z\") { b: String @column(type: \"varchar(9)\") id: Int! @id }";
    assert_eq!(changes(old, new), "");
}

#[test]
fn a_change_serializes_for_tools() {
    let old = show::schema("type A @table { id: Int! @id }", Dialect::Postgres);
    let new = show::schema("type B @table { id: Int! @id }", Dialect::Postgres);
    let text = serde_json::to_string(&diff(&old, &new)).expect("JSON");
    insta::assert_snapshot!(text);
}
