//! The catalog of a live database.

use super::Scratch;
use model::Dialect;
use model::catalog::{Catalog, Column, ForeignKey, Kind, Table};

const SHOP: &str =
    "CREATE TABLE album (id BIGINT PRIMARY KEY AUTO_INCREMENT COMMENT 'its number', \
       title VARCHAR(160) NOT NULL DEFAULT 'none', artist INT UNSIGNED, notes JSON, \
       size ENUM('S','it''s') NOT NULL, plain LONGTEXT CHECK (plain <> ''), \
       loud VARCHAR(160) AS (UPPER(title)) VIRTUAL, \
       added DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), tag VARCHAR(10) DEFAULT NULL, \
       UNIQUE KEY z (title, artist), UNIQUE KEY a (artist), UNIQUE KEY again (id), \
       UNIQUE KEY prefix (plain(10)), KEY slow (added)) COMMENT 'long players';
     CREATE TABLE Zeta (x INT, y INT, PRIMARY KEY (y, x));
     CREATE TABLE b_track (album BIGINT, place INT, side INT, PRIMARY KEY (place, album), \
       CONSTRAINT z FOREIGN KEY (album) REFERENCES album (id), \
       CONSTRAINT a FOREIGN KEY (side, place) REFERENCES Zeta (y, x));
     CREATE SEQUENCE s;
     CREATE TABLE fragaria_idempotency (id INT PRIMARY KEY, state ENUM('of', 'ours'));
     CREATE VIEW v AS SELECT id, size FROM album";

async fn read(setup: &str) -> Catalog {
    let scratch = Scratch::new(setup);
    scratch.open().catalog().await.unwrap()
}

fn table<'c>(catalog: &'c Catalog, name: &str) -> &'c Table {
    catalog
        .tables
        .iter()
        .find(|table| table.name == name)
        .unwrap()
}

fn column<'c>(catalog: &'c Catalog, table_name: &str, name: &str) -> &'c Column {
    let columns = &table(catalog, table_name).columns;
    columns.iter().find(|column| column.name == name).unwrap()
}

#[tokio::test]
async fn tables_and_views_are_found_in_the_order_of_their_bytes() {
    let catalog = read(SHOP).await;
    assert_eq!(catalog.dialect, Dialect::Mariadb);
    let found: Vec<_> = catalog
        .tables
        .iter()
        .map(|table| (table.name.as_str(), table.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("Zeta", Kind::Table),
            ("album", Kind::Table),
            ("b_track", Kind::Table),
            ("v", Kind::View),
        ]
    );
    assert_eq!(
        table(&catalog, "album").comment.as_deref(),
        Some("long players")
    );
    assert_eq!(table(&catalog, "v").comment, None);
    assert!(catalog.tables.iter().all(|table| table.schema.is_none()));
}

#[tokio::test]
async fn columns_have_their_types_defaults_and_comments() {
    let catalog = read(SHOP).await;
    let seen = |name: &str| {
        let column = column(&catalog, "album", name);
        (
            column.native.as_str(),
            column.nullable,
            column.default.as_deref(),
            column.generated,
        )
    };
    assert_eq!(
        seen("id"),
        ("bigint(20)", false, Some("AUTO_INCREMENT"), false)
    );
    assert_eq!(
        seen("title"),
        ("varchar(160)", false, Some("'none'"), false)
    );
    assert_eq!(seen("artist"), ("int(10) unsigned", true, None, false));
    assert_eq!(seen("notes"), ("json", true, None, false));
    assert_eq!(seen("plain"), ("longtext", true, None, false));
    assert_eq!(seen("loud"), ("varchar(160)", true, None, true));
    assert_eq!(
        seen("added"),
        ("datetime(6)", false, Some("current_timestamp(6)"), false)
    );
    assert_eq!(seen("tag"), ("varchar(10)", true, None, false));
    let id = column(&catalog, "album", "id");
    assert_eq!(id.comment.as_deref(), Some("its number"));
    let names = table(&catalog, "album")
        .columns
        .iter()
        .map(|column| column.name.as_str());
    let names: Vec<_> = names.collect();
    assert_eq!(
        names,
        [
            "id", "title", "artist", "notes", "size", "plain", "loud", "added", "tag"
        ]
    );
}

#[tokio::test]
async fn an_enum_belongs_to_its_column() {
    let catalog = read(SHOP).await;
    for table in ["album", "v"] {
        let size = column(&catalog, table, "size");
        assert_eq!(size.native, "enum('S','it''s')");
        let found = &catalog.enums[size.enumeration.unwrap()];
        assert_eq!(found.name, format!("{table}_size"));
        assert_eq!(found.labels, ["S", "it's"]);
    }
    assert_eq!(catalog.enums.len(), 2);
}

#[tokio::test]
async fn keys_are_those_that_hold_for_every_row() {
    let catalog = read(SHOP).await;
    let album = table(&catalog, "album");
    assert_eq!(album.primary_key, ["id"]);
    assert_eq!(album.uniques, [vec!["artist"], vec!["title", "artist"]]);
    assert_eq!(table(&catalog, "Zeta").primary_key, ["y", "x"]);
    let key = |columns: &[&str], target: &str, target_columns: &[&str]| ForeignKey {
        columns: columns.iter().map(ToString::to_string).collect(),
        target_schema: None,
        target: target.into(),
        target_columns: target_columns.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        table(&catalog, "b_track").foreign_keys,
        [
            key(&["side", "place"], "Zeta", &["y", "x"]),
            key(&["album"], "album", &["id"]),
        ]
    );
}

#[tokio::test]
async fn what_belongs_to_another_database_is_left_out() {
    let other = Scratch::new("CREATE TABLE target (id INT PRIMARY KEY)");
    let (_, name) = other
        .address()
        .rsplit_once('/')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let setup = format!(
        "CREATE TABLE t (id INT PRIMARY KEY, o INT, FOREIGN KEY (o) REFERENCES {name}.target (id))"
    );
    let scratch = Scratch::new(&setup);
    let catalog = scratch.open().catalog().await.unwrap();
    assert_eq!(catalog.tables.len(), 1);
    assert!(catalog.tables[0].foreign_keys.is_empty());
    scratch.outside.run("DROP TABLE t");
}
