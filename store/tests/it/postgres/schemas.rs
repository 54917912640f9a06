//! A schema that is all there is to a connection.

use super::{Scratch, open};
use model::Secret;
use store::{Config, Error, Pooler};

/// A name that wants to be several.
const NAME: &str = r#"public, "x" \ -c role=y"#;

const TABLES: &str = "
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE place AS (zip int, mood mood);
CREATE DOMAIN price AS numeric(10, 2) NOT NULL;
CREATE TABLE maker (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, feels mood DEFAULT 'sad', at place);
CREATE TABLE item (
  id bigserial PRIMARY KEY, maker int REFERENCES maker, cost price, code text UNIQUE,
  words tsvector GENERATED ALWAYS AS (to_tsvector('english', code)) STORED
);
CREATE INDEX ON item USING gin (words);
CREATE VIEW happy AS SELECT id, feels FROM maker;
CREATE FUNCTION cheap(item) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1.cost < 1';
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 2 * n';";

/// SQL in the schema of that name.
fn within(name: &str, sql: &str) -> String {
    let name = name.replace('"', "\"\"");
    format!("CREATE SCHEMA \"{name}\"; SET search_path = \"{name}\"; {sql}; RESET search_path;")
}

#[tokio::test]
async fn the_catalog_of_a_schema_is_that_of_a_database_with_nothing_else() {
    let alone = Scratch::new(TABLES).await;
    let among = "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE other (id int REFERENCES item);";
    let setup = [
        TABLES,
        among,
        &within(NAME, TABLES),
        &within("third", TABLES),
    ]
    .concat();
    let scratch = Scratch::new(&setup).await;
    let home = scratch.open();
    let among = home.beside(&scratch.config(), Some(NAME)).unwrap();
    let (found, expected) = (
        among.catalog().await.unwrap(),
        alone.open().catalog().await.unwrap(),
    );
    assert_eq!(found, expected);
    assert_eq!((found.tables.len(), found.functions.len()), (3, 2));
}

#[tokio::test]
async fn what_a_schema_lacks_is_not_found_elsewhere() {
    let setup = TABLES.to_owned() + &within("some", "CREATE TABLE other (id int)");
    let scratch = Scratch::new(&setup).await;
    let home = scratch.open();
    for schema in ["some", "missing", "SOME"] {
        let url = scratch.address() + "?options=-c%20search_path%3Dpublic";
        let config = Config {
            url: Secret::new(url),
            ..Config::default()
        };
        let database = home.beside(&config, Some(schema)).unwrap();
        let names: Vec<_> = database.catalog().await.unwrap().tables;
        let names: Vec<_> = names.iter().map(|table| &*table.name).collect();
        let expected: &[&str] = if schema == "some" { &["other"] } else { &[] };
        assert_eq!(names, expected);
        let script = super::rows("SELECT id FROM item", &[], &[model::Scalar::BigInt]);
        let outcome = database
            .run(script, vec![vec![]], model::Weight::Bounded)
            .await;
        let refused = outcome.map(drop).unwrap_err();
        assert!(matches!(refused.error, Error::Schema(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_schema_is_for_servers_that_keep_it() {
    let scratch = Scratch::new("").await;
    let mut config = scratch.config();
    config.postgres.pooler = Pooler::Transaction;
    let pooled = open(&config).beside(&config, Some("a")).map(drop);
    assert!(matches!(pooled, Err(Error::Address(_))));
    let config = Config {
        url: Secret::new("sqlite::memory:"),
        ..Config::default()
    };
    let file = scratch.open().beside(&config, Some("a")).map(drop);
    assert!(matches!(file, Err(Error::Address(_))));
}
