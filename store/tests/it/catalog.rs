//! The catalog of SQLite databases, small and strange or large and real.

use crate::shop::Shop;
use model::catalog::{Catalog, Column, ForeignKey, Kind, Table};

const STRANGE: &str = "
    CREATE TABLE Author (id INTEGER PRIMARY KEY, Name TEXT NOT NULL UNIQUE, born DATE DEFAULT '1900-01-01');
    CREATE TABLE book (
        isbn TEXT PRIMARY KEY, author INTEGER REFERENCES AUTHOR, title TEXT, price NUMERIC(10,2),
        label TEXT GENERATED ALWAYS AS (title || isbn) VIRTUAL,
        kept TEXT AS (upper(title)) STORED,
        ghost INTEGER REFERENCES nowhere(id),
        UNIQUE (title, author));
    CREATE UNIQUE INDEX partial ON book (price) WHERE price > 0;
    CREATE UNIQUE INDEX expression ON book (lower(title));
    CREATE UNIQUE INDEX again ON book (title, author);
    CREATE INDEX plain ON book (price);
    CREATE TABLE sale (
        shop INT, day DATE, book TEXT, place INT,
        PRIMARY KEY (day, shop)) WITHOUT ROWID;
    CREATE TABLE line (
        day DATE, shop INT, no INT, first TEXT REFERENCES Book(ISBN), second TEXT,
        PRIMARY KEY (shop, day, no),
        FOREIGN KEY (shop, day) REFERENCES sale (shop, day),
        FOREIGN KEY (second) REFERENCES book);
    CREATE VIEW expensive AS SELECT isbn, price * 2 AS twice FROM book;
    CREATE VIRTUAL TABLE search USING fts5(title);
    CREATE TABLE \"odd name\"(\"a column\" TEXT);
    CREATE TABLE counter (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE TABLE fragaria_idempotency (key TEXT PRIMARY KEY);
";

async fn catalog(sql: &str) -> Catalog {
    Shop::new(sql).open_catalog().await
}

impl Shop {
    async fn open_catalog(&self) -> Catalog {
        self.open().catalog().await.unwrap()
    }
}

fn find<'c>(catalog: &'c Catalog, name: &str) -> &'c Table {
    catalog
        .tables
        .iter()
        .find(|table| table.name == name)
        .unwrap()
}

fn column<'t>(table: &'t Table, name: &str) -> &'t Column {
    table
        .columns
        .iter()
        .find(|column| column.name == name)
        .unwrap()
}

fn key(columns: &[&str], target: &str, target_columns: &[&str]) -> ForeignKey {
    ForeignKey {
        columns: columns.iter().map(ToString::to_string).collect(),
        target_schema: None,
        target: target.into(),
        target_columns: target_columns.iter().map(ToString::to_string).collect(),
    }
}

#[tokio::test]
async fn tables_and_views_are_listed_by_name_and_the_rest_is_not() {
    let catalog = catalog(STRANGE).await;
    let listed: Vec<_> = catalog
        .tables
        .iter()
        .map(|t| (t.name.as_str(), t.kind))
        .collect();
    let expected = [
        ("Author", Kind::Table),
        ("book", Kind::Table),
        ("counter", Kind::Table),
        ("expensive", Kind::View),
        ("line", Kind::Table),
        ("odd name", Kind::Table),
        ("sale", Kind::Table),
        ("search", Kind::View),
    ];
    assert_eq!(listed, expected);
    assert_eq!(
        column(find(&catalog, "odd name"), "a column").native,
        "TEXT"
    );
    assert_eq!(find(&catalog, "search").columns.len(), 1);
}

#[tokio::test]
async fn columns_tell_their_type_default_and_who_fills_them() {
    let catalog = catalog(STRANGE).await;
    let author = find(&catalog, "Author");
    let id = column(author, "id");
    assert_eq!((id.nullable, id.default.as_deref()), (false, Some("rowid")));
    assert!(!column(author, "Name").nullable);
    assert_eq!(
        column(author, "born").default.as_deref(),
        Some("'1900-01-01'")
    );
    let book = find(&catalog, "book");
    let isbn = column(book, "isbn");
    assert_eq!((isbn.nullable, isbn.default.as_deref()), (false, None));
    assert_eq!(column(book, "price").native, "NUMERIC(10,2)");
    assert!(column(book, "label").generated && column(book, "kept").generated);
    assert!(!column(book, "title").generated);
    assert!(column(find(&catalog, "sale"), "shop").default.is_none());
    assert!(column(find(&catalog, "counter"), "id").default.is_some());
}

#[tokio::test]
async fn keys_are_in_key_order_and_spelled_as_their_tables_spell_them() {
    let catalog = catalog(STRANGE).await;
    assert_eq!(find(&catalog, "sale").primary_key, ["day", "shop"]);
    let book = find(&catalog, "book");
    assert_eq!(book.uniques, [["title", "author"]]);
    assert_eq!(book.foreign_keys, [key(&["author"], "Author", &["id"])]);
    assert_eq!(find(&catalog, "Author").uniques, [["Name"]]);
    let line = find(&catalog, "line");
    assert_eq!(line.primary_key, ["shop", "day", "no"]);
    let expected = [
        key(&["first"], "book", &["isbn"]),
        key(&["shop", "day"], "sale", &["shop", "day"]),
        key(&["second"], "book", &["isbn"]),
    ];
    assert_eq!(line.foreign_keys, expected);
}
