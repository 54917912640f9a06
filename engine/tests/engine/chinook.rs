//! The Chinook database on each dialect: scaffold, compile, no drift.

use crate::catalogs::catalog;
use crate::show;
use model::Dialect;

const POSTGRES: &str = include_str!("chinook/postgres.txt");
const MARIADB: &str = include_str!("chinook/mariadb.txt");
const SQLITE: &str = include_str!("chinook/sqlite.txt");

fn goes_through(dialect: Dialect, text: &str) -> String {
    let catalog = catalog(dialect, text);
    let scaffold = engine::scaffold(&catalog);
    let schema = show::schema(&scaffold.sdl, dialect);
    let drift = engine::drift(&schema, &catalog);
    assert!(drift.is_empty(), "{drift:#?}");
    let warnings = show::findings_of("", &scaffold.warnings);
    format!("{}\n---\n{warnings}", scaffold.sdl)
}

#[test]
fn postgres_goes_through_without_an_edit() {
    insta::assert_snapshot!(goes_through(Dialect::Postgres, POSTGRES));
}

#[test]
fn sqlite_goes_through_without_an_edit() {
    insta::assert_snapshot!(goes_through(Dialect::Sqlite, SQLITE));
}

#[test]
fn mariadb_goes_through_without_an_edit() {
    insta::assert_snapshot!(goes_through(Dialect::Mariadb, MARIADB));
}

#[test]
fn every_database_gives_the_same_api() {
    let schema = |dialect, text| {
        let scaffold = engine::scaffold(&catalog(dialect, text));
        show::schema(&scaffold.sdl, dialect)
    };
    let (postgres, sqlite) = (
        schema(Dialect::Postgres, POSTGRES),
        schema(Dialect::Sqlite, SQLITE),
    );
    assert_eq!(
        engine::diff(&postgres, &schema(Dialect::Mariadb, MARIADB)),
        []
    );
    let changes = engine::diff(&postgres, &sqlite);
    // SQLite fills integer keys by itself; Chinook on PostgreSQL does not.
    let others: Vec<_> = changes
        .iter()
        .filter(|change| change.what != "new rows may leave the field out")
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}
