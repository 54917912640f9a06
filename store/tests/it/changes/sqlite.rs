//! SQLite is asked when it must be known.

use super::{Tables, write, writing};
use crate::shop::{Shop, open};
use model::{Act, Secret};
use std::process::Command;
use std::time::Instant;
use store::Config;

const SHOP: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT REFERENCES Customers ON DELETE CASCADE);
    CREATE TABLE notes (note TEXT);
    CREATE TABLE loud (note TEXT);
    CREATE TRIGGER more AFTER INSERT ON Loud BEGIN INSERT INTO notes VALUES ('x'); END;
    INSERT INTO customers VALUES (1, 'Ann')";

const ALL: [&str; 4] = ["customers", "orders", "notes", "loud"];

#[tokio::test]
async fn what_others_commit_is_seen_at_once_and_nothing_else() {
    let shop = Shop::new(SHOP);
    let database = shop.open();
    let tables = Tables::of(database.changes(), &ALL);
    let looked = || assert!(tables.0[0].1.has_seen(Instant::now()));
    looked();
    let before = tables.now();
    looked();
    assert_eq!(tables.now(), before, "nothing happened");
    shop.outside
        .execute_batch("BEGIN; INSERT INTO notes VALUES ('a')")
        .unwrap();
    looked();
    assert_eq!(tables.now(), before, "it is not committed");
    shop.outside.execute_batch("ROLLBACK").unwrap();
    looked();
    assert_eq!(tables.now(), before, "it never was");
    for sql in [
        "INSERT INTO notes VALUES ('a')",
        "DELETE FROM notes",
        "CREATE TABLE t (a)",
    ] {
        let before = tables.now();
        shop.outside.execute_batch(sql).unwrap();
        looked();
        assert_eq!(
            tables.changed(&before),
            ALL,
            "{sql}: which one it does not tell"
        );
    }
    let before = tables.now();
    let other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "changes::sqlite::another_process", "--nocapture"])
        .env(FILE, shop.path())
        .output()
        .unwrap();
    assert!(other.status.success(), "{other:?}");
    assert_eq!(shop.value::<i64>("SELECT count(*) FROM notes"), 1);
    looked();
    assert_eq!(tables.changed(&before), ALL);
    database.close().await;
}

/// The file that another process writes to.
const FILE: &str = "FRAGARIA_TEST_CHANGED_FILE";

/// What the test above starts; by itself it does nothing.
#[test]
fn another_process() {
    if let Some(file) = std::env::var_os(FILE) {
        let connection = rusqlite::Connection::open(file).unwrap();
        connection
            .execute_batch("INSERT INTO notes VALUES ('b')")
            .unwrap();
    }
}

#[tokio::test]
async fn our_own_writes_are_told_apart_from_those_of_others() {
    let shop = Shop::new(SHOP);
    let database = shop.open();
    let tables = Tables::of(database.changes(), &ALL);
    let looked = || assert!(tables.0[0].1.has_seen(Instant::now()));
    looked();
    for (sql, writes, expected) in [
        (
            "INSERT INTO notes VALUES ('a')",
            ("notes", Act::Insert),
            &["notes"][..],
        ),
        (
            "INSERT INTO customers VALUES (2, 'B')",
            ("customers", Act::Insert),
            &["customers"],
        ),
        (
            "DELETE FROM customers WHERE id = 1",
            ("customers", Act::Delete),
            &["customers", "orders"],
        ),
        ("INSERT INTO loud VALUES ('a')", ("loud", Act::Insert), &ALL),
    ] {
        let before = tables.now();
        write(&database, &writing(sql, &[writes])).await.unwrap();
        assert_eq!(tables.changed(&before), expected, "{sql}");
        looked();
        assert_eq!(tables.changed(&before), expected, "{sql}, looked at again");
    }
    // Others commit before ours, and it is ours that is looked at first.
    let before = tables.now();
    shop.outside.execute_batch("DELETE FROM loud").unwrap();
    let ours = writing("INSERT INTO notes VALUES ('a')", &[("notes", Act::Insert)]);
    write(&database, &ours).await.unwrap();
    looked();
    assert_eq!(tables.changed(&before), ALL);
    database.close().await;
}

#[tokio::test]
async fn a_file_that_is_replaced_is_another_database() {
    let (shop, other) = (Shop::new(SHOP), Shop::new(SHOP));
    let database = shop.open();
    let tables = Tables::of(database.changes(), &["notes"]);
    assert!(tables.0[0].1.has_seen(Instant::now()));
    let before = tables.now();
    other
        .outside
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    std::fs::rename(other.path(), shop.path()).unwrap();
    assert!(tables.0[0].1.has_seen(Instant::now()));
    assert_ne!(tables.now(), before);
    let before = tables.now();
    std::fs::remove_file(shop.path()).unwrap();
    assert!(!tables.0[0].1.has_seen(Instant::now()), "there is none");
    assert_ne!(tables.now(), before);
}

#[tokio::test]
async fn a_database_in_memory_is_written_by_us_alone() {
    let database = open(&Config {
        url: Secret::new("sqlite::memory:"),
        ..Config::default()
    });
    write(&database, &writing("CREATE TABLE notes (note TEXT)", &[]))
        .await
        .unwrap();
    let tables = Tables::of(database.changes(), &["notes"]);
    assert!(tables.0[0].1.has_seen(Instant::now()));
    let before = tables.now();
    let note = writing("INSERT INTO notes VALUES ('a')", &[("notes", Act::Insert)]);
    write(&database, &note).await.unwrap();
    assert!(tables.0[0].1.has_seen(Instant::now()));
    assert_ne!(tables.now(), before);
}
