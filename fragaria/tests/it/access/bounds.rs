//! Ways to many rows that are no lists or pages: groups, what writes find, name, let go of and answer,
//! and what functions give.

use super::{asked, code, data, holder, under};
use crate::stage::Stage;
use serde_json::json;

const TABLES: &str = "
    CREATE TABLE shelf (id int PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE book (
        id int PRIMARY KEY,
        shelf_id int REFERENCES shelf (id),
        title varchar(40) NOT NULL
    );
    CREATE TABLE tag (id int PRIMARY KEY, word varchar(40) NOT NULL);
    CREATE TABLE book_tag (
        book_id int NOT NULL REFERENCES book (id),
        tag_id int NOT NULL REFERENCES tag (id),
        PRIMARY KEY (book_id, tag_id)
    );
    INSERT INTO shelf VALUES (1, 'a');
    INSERT INTO shelf VALUES (2, 'b');
    INSERT INTO book VALUES (1, 1, 'one');
    INSERT INTO book VALUES (2, 1, 'two');
    INSERT INTO book VALUES (3, 1, 'three');
    INSERT INTO book VALUES (4, 2, 'four');
    INSERT INTO tag VALUES (1, 'x');
    INSERT INTO tag VALUES (2, 'y');
    INSERT INTO book_tag VALUES (1, 1);
    INSERT INTO book_tag VALUES (1, 2);
    INSERT INTO book_tag VALUES (2, 1);";

const RULES: &str = r#"
extend schema @role(name: "temp") @role(name: "writer")
extend type Shelf @access(to: ["temp", "writer"], allow: [READ, UPDATE])
extend type Tag @access(to: "temp", allow: [READ, UPDATE])
extend type Book
  @access(to: "temp", allow: [READ, CREATE, UPDATE, DELETE], rowsMax: 2)
  @access(to: "writer", allow: READ, rowsMax: 2)
  @access(to: "writer", allow: [CREATE, UPDATE, DELETE])
extend type BookTag
  @access(to: "temp", allow: [READ, CREATE, DELETE], rowsMax: 1)
"#;

/// All that is in the tables.
const ALL: &str = "SELECT (SELECT sum(id * 1000 + shelf_id * 100 + length(title)) FROM book) * 100
    + (SELECT sum(book_id * 10 + tag_id) FROM book_tag)";

fn books(of: &str) -> String {
    format!("mutation {{ updateShelf(id: 1, set: {{ books: {{ {of} }} }}) {{ id }} }}")
}

fn tags(of: &str) -> String {
    format!("mutation {{ updateBook(id: 1, set: {{ tags: {{ {of} }} }}) {{ id }} }}")
}

#[test]
fn groups_are_as_many_rows_as_the_rules_let_be_asked_for() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let temp = holder(&["temp"]);
        for document in [
            "{ bookAggregate(groupBy: [{ title: VALUE }]) { key { title } } }",
            "{ bookAggregate(groupBy: [{ title: VALUE }], limit: 3) { key { title } } }",
            "{ bookAggregate(groupBy: [{ shelf: { name: VALUE } }]) { count } }",
            "{ shelves { booksAggregate(groupBy: [{ title: VALUE }]) { count } } }",
            "{ tags { booksAggregate(groupBy: [{ title: VALUE }], limit: 3) { count } } }",
        ] {
            let told = code(&server, &temp, document);
            assert_eq!(told, "engine.page_rows", "{}: {document}", stage.url());
        }
        let seen = data(
            &server,
            &temp,
            "{ bookAggregate { count } shelves { booksAggregate(groupBy: [{ title: VALUE }], limit: 2) { count } } }",
        );
        assert_eq!(seen["bookAggregate"], json!([{ "count": 4 }]));
        let groups = seen.pointer("/shelves/0/booksAggregate");
        assert_eq!(groups, Some(&json!([{ "count": 1 }, { "count": 1 }])));
    }
}

#[test]
fn each_list_of_a_write_is_about_as_many_rows_as_the_rules_say() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let before = stage.outside(ALL);
        for document in [
            books("set: []"),
            books("set: [{ id: 1 }, { id: 2 }, { id: 3 }]"),
            books("connect: [{ id: 1 }, { id: 2 }, { id: 4 }]"),
            books("disconnect: [{ id: 1 }, { id: 2 }, { id: 3 }]"),
            books("delete: [{ id: 1 }, { id: 2 }, { id: 3 }]"),
            books("deleteMany: [{ where: {} }]"),
            books("updateMany: [{ where: {}, set: { title: \"x\" } }]"),
            books(
                "update: [{ key: { id: 1 }, set: { title: \"x\" } }, { key: { id: 2 }, set: { title: \"x\" } }, { key: { id: 3 }, set: { title: \"x\" } }]",
            ),
            books(
                "upsert: [{ input: { id: 1, title: \"x\" } }, { input: { id: 2, title: \"x\" } }, { input: { id: 3, title: \"x\" } }]",
            ),
            tags("set: []"),
            tags("disconnect: [{ id: 1 }, { id: 2 }]"),
            "mutation { upsertBooks(input: [{ id: 1, title: \"x\" }, { id: 2, title: \"x\" }, { id: 3, title: \"x\" }]) { id } }".to_owned(),
        ] {
            let told = asked(&server, &holder(&["temp"]), &document)["errors"][0].clone();
            assert_eq!(
                told["extensions"]["code"], "engine.at_most",
                "{}: {document}: {told}",
                stage.url()
            );
            assert_eq!(stage.outside(ALL), before, "{document}");
        }
        for document in [
            books(
                "create: [{ id: 5, title: \"x\" }, { id: 6, title: \"x\" }, { id: 7, title: \"x\" }]",
            ),
            books("delete: [{ id: 5 }, { id: 6 }]"),
            books("connect: [{ id: 4 }], set: [{ id: 2 }, { id: 7 }]"),
            tags("disconnect: [{ id: 2 }], connect: [{ id: 1 }, { id: 2 }]"),
        ] {
            data(&server, &holder(&["temp"]), &document);
        }
        let there = "SELECT sum(id) FROM book WHERE shelf_id = 1";
        assert_eq!(stage.outside(there), "13", "{}", stage.url());
    }
}

#[test]
fn a_mutation_answers_no_more_rows_than_may_be_read() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        let writer = holder(&["writer"]);
        stage.change("DELETE FROM book_tag");
        let books = "SELECT sum(id * 1000 + shelf_id * 100 + length(title)) FROM book";
        let before = stage.outside(books);
        for document in [
            "mutation { updateBooks(where: {}, set: { shelfId: 1 }) { title } }",
            "mutation { deleteBooks(where: { id: { gt: 1 } }) { title } }",
            "mutation { deleteBooks(where: { id: { gt: 1 } }) { shelf { name } } }",
            "mutation { upsertBooks(input: [{ id: 2, title: \"x\" }, { id: 3, title: \"x\" }, { id: 4, title: \"x\" }], update: []) { title } }",
        ] {
            let told = code(&server, &writer, document);
            assert_eq!(told, "engine.at_most", "{}: {document}", stage.url());
            assert_eq!(stage.outside(books), before, "{document}");
        }
        let few =
            "mutation { updateBooks(where: { id: { gt: 2 } }, set: { title: \"x\" }) { id } }";
        let seen = data(&server, &writer, few);
        assert_eq!(seen["updateBooks"], json!([{ "id": 3 }, { "id": 4 }]));
        let many = "mutation { createBooks(input: [{ id: 5, title: \"x\" }, { id: 6, title: \"x\" }, { id: 7, title: \"x\" }]) { id } }";
        let made = data(&server, &writer, many);
        assert_eq!(made["createBooks"].as_array().map(Vec::len), Some(3));
    }
}

#[test]
fn a_function_that_writes_gives_no_more_rows_than_may_be_read() {
    let stage = Stage::on_postgres(TABLES, &[]);
    stage.change(
        "CREATE FUNCTION rename(low integer) RETURNS SETOF book LANGUAGE sql
             AS 'UPDATE book SET title = ''x'' WHERE id >= low RETURNING *'",
    );
    let function =
        "extend type Mutation { rename(low: Int!): [Book!]! @function @access(to: \"temp\") }";
    let server = under(&stage, &(RULES.to_owned() + function));
    let ask = |low: i32| {
        let document = format!("mutation {{ rename(low: {low}) {{ id }} }}");
        asked(&server, &holder(&["temp"]), &document)
    };
    let told = ask(2);
    assert_eq!(
        told["errors"][0]["extensions"]["code"], "engine.at_most",
        "{told}"
    );
    let renamed = "SELECT count(*) FROM book WHERE title = 'x'";
    assert_eq!(stage.outside(renamed), "0");
    let rows = ask(3)["data"]["rename"].as_array().map(Vec::len);
    assert_eq!(rows, Some(2));
    assert_eq!(stage.outside(renamed), "2");
}
