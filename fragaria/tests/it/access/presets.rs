//! Columns that the rules give, in writes through relations: a row belongs to the one it is written
//! under, or nothing is written.

use super::{code, data, under};
use crate::stage::Stage;
use serde_json::json;

const TABLES: &str = "
    CREATE TABLE shelf (id int PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE book (
        id int PRIMARY KEY,
        shelf_id int REFERENCES shelf (id),
        title varchar(40) NOT NULL
    );
    CREATE TABLE lid (id int PRIMARY KEY, shelf_id int NOT NULL UNIQUE REFERENCES shelf (id));
    CREATE TABLE tag (id int PRIMARY KEY, word varchar(40) NOT NULL);
    CREATE TABLE book_tag (
        book_id int NOT NULL REFERENCES book (id),
        tag_id int NOT NULL REFERENCES tag (id),
        PRIMARY KEY (book_id, tag_id)
    );
    INSERT INTO shelf VALUES (1, 'a');
    INSERT INTO shelf VALUES (2, 'b');
    INSERT INTO book VALUES (1, 1, 'one');
    INSERT INTO book VALUES (2, 2, 'two');
    INSERT INTO tag VALUES (1, 'x');
    INSERT INTO tag VALUES (2, 'y');";

const RULES: &str = r#"
extend schema @role(name: "filer") @role(name: "mover") @role(name: "tagger") @role(name: "founder")
extend type Shelf @access(to: ["filer", "mover"], allow: [READ, UPDATE])
extend type Book
  @access(to: ["filer", "mover", "tagger"], allow: READ)
  @access(to: "filer", allow: CREATE, set: {shelfId: {claim: "shelf"}})
  @access(to: "founder", allow: CREATE, check: {title: {eq: {claim: "title"}}})
  @access(to: "mover", allow: UPDATE, set: {shelfId: {claim: "shelf"}})
  @access(to: "tagger", allow: UPDATE)
extend type Lid
  @access(to: "filer", allow: READ)
  @access(to: "filer", allow: CREATE, set: {shelfId: {claim: "shelf"}})
extend type Tag @access(to: "tagger", allow: [READ, CREATE])
extend type BookTag
  @access(to: "tagger", allow: [READ, DELETE])
  @access(to: "tagger", allow: CREATE, set: {tagId: 2})
"#;

/// All that is in the tables.
const ALL: &str = "SELECT (SELECT sum(id * 1000 + coalesce(shelf_id, 0) * 100) FROM book) * 100
    + (SELECT count(*) FROM lid) * 10 + (SELECT count(*) FROM book_tag) + (SELECT count(*) FROM tag)";

fn caller(roles: &[&str]) -> String {
    json!({ "roles": roles, "claims": { "shelf": 2 } }).to_string()
}

fn shelf(id: i32, of: &str) -> String {
    format!("mutation {{ updateShelf(id: {id}, set: {{ {of} }}) {{ id }} }}")
}

fn tags(of: &str) -> String {
    format!("mutation {{ updateBook(id: 1, set: {{ tags: {{ {of} }} }}) {{ id }} }}")
}

#[test]
fn a_row_whose_column_the_rules_give_is_written_under_no_other_row() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let before = stage.outside(ALL);
        for (role, expected, document) in [
            (
                "filer",
                "access.check",
                shelf(1, "books: { create: [{ id: 5, title: \"x\" }] }"),
            ),
            (
                "filer",
                "access.check",
                shelf(
                    1,
                    "books: { create: [{ id: 5, title: \"x\" }, { id: 6, title: \"x\" }] }",
                ),
            ),
            (
                "filer",
                "access.check",
                shelf(1, "lid: { create: { id: 5 } }"),
            ),
            (
                "mover",
                "access.check",
                shelf(1, "books: { connect: [{ id: 2 }] }"),
            ),
            (
                "mover",
                "access.denied",
                shelf(1, "books: { disconnect: [{ id: 1 }] }"),
            ),
            ("mover", "access.denied", shelf(1, "books: { set: [] }")),
            ("tagger", "access.check", tags("connect: [{ id: 1 }]")),
            (
                "tagger",
                "access.check",
                tags("create: [{ id: 9, word: \"z\" }]"),
            ),
        ] {
            let told = code(&server, &caller(&[role]), &document);
            assert_eq!(told, expected, "{}: {document}", stage.url());
            assert_eq!(stage.outside(ALL), before, "{document}");
        }
        for (role, document) in [
            (
                "filer",
                shelf(
                    2,
                    "books: { create: [{ id: 5, title: \"x\" }, { id: 6, title: \"x\" }] }",
                ),
            ),
            ("filer", shelf(2, "lid: { create: { id: 5 } }")),
            ("mover", shelf(2, "books: { connect: [{ id: 1 }] }")),
            ("tagger", tags("connect: [{ id: 2 }]")),
        ] {
            data(&server, &caller(&[role]), &document);
        }
        let there = "SELECT sum(id) FROM book WHERE shelf_id = 2";
        assert_eq!(stage.outside(there), "14", "{}", stage.url());
        assert_eq!(stage.outside("SELECT shelf_id FROM lid"), "2");
        assert_eq!(stage.outside("SELECT tag_id FROM book_tag"), "2");
    }
}

#[test]
fn a_row_is_led_nowhere_by_a_column_that_the_rules_give() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let document = "mutation { createBook(input: { id: 5, title: \"x\", shelf: { connect: { id: 1 } } }) { id } }";
        // It is not offered, unless another role may lead it; and that one lacks its claim here.
        for (roles, expected) in [
            (&["filer"][..], "engine.invalid"),
            (&["filer", "founder"], "access.denied"),
        ] {
            let told = code(&server, &caller(roles), document);
            assert_eq!(told, expected, "{}: {roles:?}", stage.url());
        }
        let both = json!({ "roles": ["filer", "founder"], "claims": { "shelf": 2, "title": "x" } });
        data(&server, &both.to_string(), document);
        assert_eq!(stage.outside("SELECT shelf_id FROM book WHERE id = 5"), "1");
    }
}
