//! The shop within the database, the engine and the schema it is for.

use super::*;
use engine::{Ask, Engine, Source, artefact};
use model::metric::Registry;
use model::{Claims, Dialect, Rights, Schema, Secret};
use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::{Database, Reply};

fn shop() -> Connection {
    let shop = Connection::open_in_memory().expect("a database in memory");
    fill(&shop);
    shop
}

fn fill(shop: &Connection) {
    shop.pragma_update(None, "foreign_keys", true)
        .expect("keys");
    shop.execute_batch(TABLES).expect("the tables are made");
    for statement in statements() {
        shop.execute_batch(&statement)
            .expect("the rows fit the tables");
    }
}

fn number(shop: &Connection, query: &str) -> i64 {
    shop.query_row(query, [], |row| row.get(0)).expect(query)
}

#[test]
fn the_shop_is_as_large_as_promised() {
    let shop = shop();
    for (table, at_least) in [
        ("categories", 12),
        ("products", 500),
        ("tags", 12),
        ("product_tags", 500),
        ("customers", 1_000),
        ("orders", 10_000),
        ("order_lines", 30_000),
        ("reviews", 5_000),
        ("best_sellers", 500),
    ] {
        let rows = number(&shop, &format!("SELECT count(*) FROM {table}"));
        assert!(rows >= at_least, "{table}: {rows}");
    }
}

#[test]
fn the_shop_is_the_same_wherever_it_is_made() {
    let mut digest = Sha256::new();
    for statement in statements() {
        digest.update(statement);
    }
    let start: Vec<_> = digest.finalize().iter().take(8).copied().collect();
    assert_eq!(start, [0, 24, 28, 200, 21, 62, 168, 62]);
}

#[test]
fn every_key_leads_somewhere_and_every_index_agrees() {
    let shop = shop();
    let broken = number(&shop, "SELECT count(*) FROM pragma_foreign_key_check");
    assert_eq!(broken, 0);
    let verdict: String = shop
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a verdict");
    assert_eq!(verdict, "ok");
}

#[test]
fn the_total_of_an_order_is_the_sum_of_its_lines_to_the_cent() {
    let wrong = "SELECT count(*) FROM orders WHERE replace(total, '.', '') + 0 <> \
                 (SELECT sum(quantity * replace(unit_price, '.', '')) FROM order_lines \
                  WHERE order_id = orders.id)";
    let spelt = "SELECT count(*) FROM orders WHERE total NOT GLOB '*[0-9].[0-9][0-9]'";
    let shop = shop();
    assert_eq!(number(&shop, wrong), 0);
    assert_eq!(number(&shop, spelt), 0);
}

#[test]
fn nothing_happens_before_its_time() {
    let shop = shop();
    for (what, query) in [
        (
            "an order before its customer came",
            "SELECT count(*) FROM orders JOIN customers ON customers.id = customer_id \
             WHERE placed_at < customers.created_at",
        ),
        (
            "a sale before the release",
            "SELECT count(*) FROM order_lines JOIN orders ON orders.id = order_id \
             JOIN products ON products.id = product_id WHERE date(placed_at) < released_on",
        ),
        (
            "a review by somebody who did not buy",
            "SELECT count(*) FROM reviews WHERE NOT EXISTS (SELECT 1 FROM order_lines \
             JOIN orders ON orders.id = order_id WHERE order_lines.product_id = reviews.product_id \
             AND orders.customer_id = reviews.customer_id AND placed_at < reviews.created_at)",
        ),
        (
            "anything outside of the years",
            "SELECT count(*) FROM (SELECT placed_at AS at FROM orders UNION ALL \
             SELECT shipped_at FROM orders UNION ALL SELECT created_at FROM reviews UNION ALL \
             SELECT created_at FROM customers UNION ALL SELECT released_on FROM products) \
             WHERE at < '2024-01-01' OR at >= '2027-01-01'",
        ),
    ] {
        assert_eq!(number(&shop, query), 0, "{what}");
    }
}

#[test]
fn the_rows_are_of_every_kind() {
    let shop = shop();
    for (kinds, query) in [
        (5, "SELECT count(DISTINCT status) FROM orders"),
        (3, "SELECT count(DISTINCT tier) FROM customers"),
        (5, "SELECT count(DISTINCT rating) FROM reviews"),
        (2, "SELECT count(DISTINCT active) FROM products"),
        (2, "SELECT count(DISTINCT newsletter) FROM customers"),
    ] {
        assert_eq!(number(&shop, query), kinds, "{query}");
    }
    let same = "SELECT count(*) - count(DISTINCT name) FROM products";
    assert_eq!(number(&shop, same), 0);
}

#[tokio::test]
async fn the_schema_is_that_of_the_tables_and_answers_the_queries() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("shop.db");
    fill(&Connection::open(&path).expect("a database file"));
    let config = store::Config {
        url: Secret::new(store::sqlite_url(&path)),
        ..store::Config::default()
    };
    let database = Database::open(&config, &mut Registry::default()).expect("it opens");
    let schema = compiled();
    let catalog = database.catalog().await.expect("a catalog");
    assert_eq!(engine::drift(&schema, &catalog), []);

    let engine = ready(&schema);
    for (_, document) in QUERIES {
        let ask = Ask {
            document,
            operation: None,
            rights: &Rights::All,
        };
        let operation = engine.prepare(&ask).expect(document);
        let bound = engine
            .bind(
                &operation,
                (&Claims::default(), None),
                engine::Inserts::Together,
            )
            .expect(document);
        let answer = database
            .run(bound.script, bound.arguments, bound.weight)
            .await;
        let Ok(Reply::Whole(data)) = answer else {
            panic!("{document}\n{answer:?}");
        };
        let data: Value = serde_json::from_slice(&data).expect(document);
        let roots = data.as_object().expect(document).values();
        for root in roots {
            let is_there = root.is_object() || root.as_array().is_some_and(|rows| rows.len() > 1);
            assert!(is_there, "{document}\n{data}");
        }
    }
    database.close().await;
}

fn compiled() -> Schema {
    let source = Source {
        name: "schema.graphql".into(),
        text: SCHEMA.into(),
    };
    let compiled = engine::compile(&[source], Dialect::Sqlite).expect("it compiles");
    assert_eq!(compiled.warnings, []);
    compiled.schema
}

fn ready(schema: &Schema) -> Engine {
    let artefact = artefact::read(&artefact::write(schema)).expect("it can be read");
    let config = engine::Config::default();
    Engine::new(artefact, &config, &mut Registry::default()).expect("it makes an API")
}
