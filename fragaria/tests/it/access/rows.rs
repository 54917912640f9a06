//! How many rows callers may ask for at a time, on the three databases.

use super::{asked, data, holder, under};
use crate::stage::Stage;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE shelf (id int PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE book (
        id int PRIMARY KEY,
        shelf_id int NOT NULL REFERENCES shelf (id),
        title varchar(40) NOT NULL
    );
    INSERT INTO shelf VALUES (1, 'a');
    INSERT INTO book VALUES (1, 1, 'one');
    INSERT INTO book VALUES (2, 1, 'two');
    INSERT INTO book VALUES (3, 1, 'three');
    INSERT INTO book VALUES (4, 1, 'four');";

const RULES: &str = r#"
extend schema @role(name: "reader") @role(name: "visitor") @role(name: "keeper")
extend type Shelf @access(to: ["reader", "visitor", "keeper"], allow: [READ, UPDATE])
extend type Book
  @access(to: "visitor", allow: [READ, UPDATE], rowsMax: 2)
  @access(to: "reader", allow: [READ, DELETE], rowsMax: 3)
  @access(to: "keeper", allow: [READ, UPDATE, DELETE])
"#;

#[test]
fn a_list_a_page_and_a_mutation_have_at_most_as_many_rows_as_the_rules_say() {
    for stage in Stage::of(TABLES, &[]) {
        let server = under(&stage, RULES);
        for (document, role, code) in TOO_MANY {
            let told = asked(&server, &holder(&[role]), document)["errors"][0].clone();
            assert_eq!(told["extensions"]["code"], code, "{document}: {told}");
        }
        let told = asked(&server, &holder(&["visitor"]), "{ books { id } }").to_string();
        assert!(told.contains("at most 2 rows of Book at a time"), "{told}");
        let changed = "SELECT count(*) FROM book WHERE title = 'x'";
        assert_eq!(stage.outside(changed), "0");

        for (roles, document, at, expected) in FEW {
            let told = data(&server, &holder(roles), document);
            let rows = told.pointer(at).and_then(Value::as_array);
            assert_eq!(rows.map(Vec::len), Some(expected), "{document}: {told}");
        }
        let update = "mutation { updateBooks(where: {id: {lte: 2}}, set: {title: \"x\"}) { id } }";
        let answer = json!({ "updateBooks": [{ "id": 1 }, { "id": 2 }] });
        assert_eq!(data(&server, &holder(&["visitor"]), update), answer);
        assert_eq!(stage.outside(changed), "2");
    }
}

const TOO_MANY: [(&str, &str, &str); 8] = [
    ("{ books { id } }", "visitor", "engine.page_rows"),
    ("{ books(limit: 3) { id } }", "visitor", "engine.page_rows"),
    (
        "{ shelves { books { id } } }",
        "visitor",
        "engine.page_rows",
    ),
    (
        "{ shelves { books(limit: 4) { id } } }",
        "reader",
        "engine.page_rows",
    ),
    (
        "{ bookConnection(first: 3) { nodes { id } } }",
        "visitor",
        "engine.page_rows",
    ),
    (
        "mutation { updateBooks(where: {}, set: {title: \"x\"}) { id } }",
        "visitor",
        "engine.at_most",
    ),
    (
        "mutation { deleteBooks(where: {}, atMost: 9) { id } }",
        "reader",
        "engine.at_most",
    ),
    (
        "mutation { updateShelf(id: 1, set: {books: {updateMany: [{where: {}, set: {title: \"x\"}}]}}) { id } }",
        "visitor",
        "engine.at_most",
    ),
];

type Few<'t> = (&'t [&'t str], &'t str, &'t str, usize);

/// Of several roles the one that lets more rows be asked for counts.
const FEW: [Few<'_>; 5] = [
    (&["visitor"], "{ books(limit: 2) { id } }", "/books", 2),
    (
        &["visitor"],
        "{ bookConnection { nodes { id } } }",
        "/bookConnection/nodes",
        2,
    ),
    (
        &["visitor"],
        "{ shelves { books(limit: 1) { id } } }",
        "/shelves/0/books",
        1,
    ),
    (
        &["visitor", "reader"],
        "{ books(limit: 3) { id } }",
        "/books",
        3,
    ),
    (&["visitor", "keeper"], "{ books { id } }", "/books", 4),
];
