//! MariaDB tells of changes by its binary log.

use super::{Tables, absent, down, write, writing};
use crate::mariadb::instance::Instance;
use crate::mariadb::outside::Outside;
use crate::postgres::open;
use model::{Act, Secret};
use std::time::Instant;
use store::{Config, Database, State};

const SHOP: &str = "CREATE DATABASE shop; CREATE DATABASE other; USE shop;
    CREATE TABLE customers (id INT PRIMARY KEY, name TEXT);
    CREATE TABLE orders (id INT PRIMARY KEY, customer INT,
        FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE);
    CREATE TABLE items (num INT, part_of INT,
        FOREIGN KEY (part_of) REFERENCES orders (id) ON DELETE SET NULL ON UPDATE CASCADE);
    CREATE TABLE notes (note TEXT);
    CREATE TABLE parts (id INT) PARTITION BY HASH (id) PARTITIONS 3;
    CREATE TABLE loud (note TEXT);
    CREATE TRIGGER more AFTER INSERT ON loud FOR EACH ROW INSERT INTO notes VALUES ('x');
    CREATE TABLE old (a INT) ENGINE = MyISAM;
    CREATE TABLE `große x-y/z.` (id INT PRIMARY KEY);
    CREATE TABLE `@Kind` (of INT, FOREIGN KEY (of) REFERENCES `große x-y/z.` (id) ON DELETE CASCADE);
    INSERT INTO `große x-y/z.` VALUES (1);
    CREATE TABLE other.notes (note TEXT);
    INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob');
    INSERT INTO orders VALUES (1, 1), (2, 2);
    INSERT INTO items VALUES (1, 1)";

const ALL: [&str; 8] = [
    "customers",
    "orders",
    "items",
    "notes",
    "parts",
    "loud",
    "große x-y/z.",
    "@Kind",
];

/// A server that keeps a binary log, a database of it that is followed, and a client of others.
struct Shop {
    server: Instance,
    database: Database,
    outside: Outside,
}

impl Shop {
    fn open(options: &[&str]) -> Self {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        let server = Instance::start(|_| options);
        let outside = Outside::connect(&server.address());
        outside.run(SHOP);
        let database = open(&config(&server, "root"));
        Self {
            server,
            database,
            outside,
        }
    }

    fn rows() -> Self {
        Self::open(&["--log-bin=log", "--server-id=1", "--binlog-format=ROW"])
    }

    fn tables(&self, names: &[&str]) -> Tables {
        Tables::of(self.database.changes(), names)
    }
}

fn config(server: &Instance, user: &str) -> Config {
    let address = format!("mariadb://{user}@127.0.0.1:{}/shop", server.port);
    let mut config = Config {
        url: Secret::new(address),
        ..Config::default()
    };
    config.changes.beat_ms = 5;
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_commit_is_seen_and_nothing_else() {
    let shop = Shop::rows();
    let tables = shop.tables(&ALL);
    let mut before = tables.settled().await;
    for (sql, expected) in [
        ("INSERT INTO notes VALUES ('a')", &["notes"][..]),
        ("UPDATE notes SET note = 'b'", &["notes"]),
        ("INSERT INTO other.notes VALUES ('a')", &[]),
        ("BEGIN; INSERT INTO notes VALUES ('b'); ROLLBACK", &[]),
        (
            "BEGIN; INSERT INTO notes VALUES ('c'); SAVEPOINT a; INSERT INTO parts VALUES (1); \
             ROLLBACK TO a; COMMIT",
            &["notes"],
        ),
        ("INSERT INTO parts VALUES (1), (2), (3)", &["parts"]),
        // Nothing of what foreign keys do stands in the log.
        (
            "DELETE FROM customers WHERE id = 1",
            &["customers", "orders", "items"],
        ),
        ("INSERT INTO customers VALUES (3, 'C')", &["customers"]),
        (
            "UPDATE orders SET id = 3 WHERE id = 2",
            &["orders", "items"],
        ),
        ("INSERT INTO loud VALUES ('a')", &["notes", "loud"]),
        ("SELECT * FROM notes", &[]),
        ("DELETE FROM `große x-y/z.`", &["große x-y/z.", "@Kind"]),
        // What is told as a statement may be about anything.
        (
            "SET binlog_format = STATEMENT; INSERT INTO notes VALUES ('z'); SET binlog_format = ROW",
            &ALL,
        ),
        ("TRUNCATE parts", &ALL),
        ("ALTER TABLE notes ADD COLUMN more INT DEFAULT 1", &ALL),
        ("FLUSH BINARY LOGS", &[]),
        ("DELETE FROM parts WHERE id = 1", &[]),
        ("DELETE FROM notes WHERE note = 'z'", &["notes"]),
        (
            "XA START 'a'; INSERT INTO notes (note) VALUES ('y'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'",
            &ALL,
        ),
    ] {
        shop.outside.run(sql);
        tables.settled().await;
        assert_eq!(tables.changed(&before), expected, "{sql}");
        before = tables.now();
    }
    shop.outside.run(
        "ALTER TABLE items ADD other INT, ADD FOREIGN KEY (other) REFERENCES customers (id) \
         ON DELETE CASCADE; DROP TABLE IF EXISTS nothing",
    );
    let before = tables.settled().await;
    shop.outside.run("DELETE FROM customers WHERE id = 3");
    tables.settled().await;
    assert_eq!(tables.changed(&before), ["customers", "orders", "items"]);
    let long_ago = Instant::now();
    for name in ["old", "missing"] {
        let followed = shop.tables(&[name]);
        tables.settled().await;
        tables.settled().await;
        assert!(
            !followed.0[0].1.has_seen(long_ago),
            "{name} is not followed"
        );
    }
    assert_eq!(shop.database.changes().state(), State::Following);
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_writes_are_counted_with_all_they_reach_before_their_answer() {
    let shop = Shop::rows();
    let tables = shop.tables(&ALL);
    for (sql, writes, expected) in [
        (
            "INSERT INTO customers VALUES (3, 'C')",
            ("customers", Act::Insert),
            &["customers"][..],
        ),
        (
            "DELETE FROM customers WHERE id = 1",
            ("customers", Act::Delete),
            &["customers", "orders", "items"],
        ),
        ("INSERT INTO loud VALUES ('a')", ("loud", Act::Insert), &ALL),
    ] {
        let before = tables.settled().await;
        write(&shop.database, &writing(sql, &[writes]))
            .await
            .unwrap();
        assert_eq!(tables.changed(&before), expected, "{sql}");
    }
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_does_not_tell_nothing_is_seen_and_then_everything_has_changed() {
    let shop = Shop::rows();
    let tables = shop.tables(&["notes", "orders"]);
    let before = tables.settled().await;
    let reader = "SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump'";
    let id = shop.outside.ask(reader);
    shop.outside.run(&format!("KILL {}", id.trim()));
    let changes = shop.database.changes();
    down(changes).await;
    let after = tables.settled().await;
    assert!(before[0] != after[0] && before[1] != after[1]);
    shop.server.kill();
    down(changes).await;
    let long_ago = Instant::now();
    assert!(!tables.0[0].1.has_seen(long_ago));
    shop.server.start_again();
    let before = after;
    let after = tables.settled().await;
    assert!(before[0] != after[0] && before[1] != after[1]);
    let outside = Outside::connect(&shop.server.address());
    outside.run("RESET MASTER");
    outside.run("INSERT INTO shop.notes VALUES ('a')");
    let before = after;
    assert_ne!(tables.settled().await, before, "the log began anew");
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_lacks_is_told_with_what_mends_it() {
    let without = Shop::open(&[]);
    let why = absent(without.database.changes()).await;
    assert!(why.contains("start it with log_bin"), "{why}");
    let partly = Shop::open(&["--log-bin=log", "--server-id=1", "--binlog-ignore-db=shop"]);
    let why = absent(partly.database.changes()).await;
    assert!(why.contains("binlog_ignore_db"), "{why}");
    let shop = Shop::rows();
    for (user, rights) in [
        ("plain", "USAGE"),
        ("watcher", "BINLOG MONITOR, PROCESS"),
        ("replica", "REPLICATION SLAVE, PROCESS"),
        ("blind", "REPLICATION SLAVE, BINLOG MONITOR"),
    ] {
        shop.outside.run(&format!(
            "CREATE USER {user}; GRANT {rights} ON *.* TO {user}; GRANT SELECT ON shop.* TO {user}"
        ));
        let database = open(&config(&shop.server, user));
        let why = absent(database.changes()).await;
        assert!(
            why.contains("GRANT REPLICATION SLAVE, BINLOG MONITOR, PROCESS"),
            "{why}"
        );
    }
    shop.outside.run(
        "CREATE USER reader; GRANT REPLICATION SLAVE, BINLOG MONITOR, PROCESS ON *.* TO reader; \
              GRANT SELECT ON shop.customers TO reader; GRANT SELECT ON shop.items TO reader",
    );
    let database = open(&config(&shop.server, "reader"));
    let tables = Tables::of(database.changes(), &["customers", "items"]);
    let before = tables.settled().await;
    shop.outside.run("DELETE FROM customers WHERE id = 1");
    tables.settled().await;
    let changed = tables.changed(&before);
    assert_eq!(changed, ["customers", "items"], "it may not see orders");
    database.close().await;
}
