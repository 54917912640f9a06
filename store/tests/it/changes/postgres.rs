//! PostgreSQL tells of changes by logical decoding.

mod entering;

use super::{Tables, down, soon, write, writing};
use crate::postgres::instance::Instance;
use crate::postgres::{connect, open};
use model::{Act, Secret};
use std::time::{Duration, Instant};
use store::{Config, Database, State};
use tokio_postgres::Client;

const SHOP: &str = "CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE);
    CREATE TABLE lines (num int, of int REFERENCES orders ON DELETE SET NULL ON UPDATE CASCADE);
    CREATE TABLE notes (note text);
    CREATE TABLE log (at int, text text) PARTITION BY RANGE (at);
    CREATE TABLE log_old PARTITION OF log FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (at);
    CREATE TABLE log_oldest PARTITION OF log_old FOR VALUES FROM (0) TO (10);
    CREATE TABLE log_new PARTITION OF log FOR VALUES FROM (100) TO (200);
    CREATE TABLE animals (name text);
    CREATE TABLE cats (lives int) INHERITS (animals);
    CREATE SCHEMA other; CREATE TABLE other.notes (note text);
    CREATE TABLE \"Odd: INSERT: \"\"x\"\"\" (id int);
    INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob');
    INSERT INTO orders VALUES (1, 1), (2, 2);
    INSERT INTO lines VALUES (1, 1)";

/// A server that decodes, a database of it that is followed, and a connection of others.
struct Shop {
    server: Instance,
    database: Database,
    outside: Client,
}

impl Shop {
    async fn open(settings: &str) -> Self {
        let settings = format!("wal_level = logical\nmax_prepared_transactions = 2\n{settings}");
        let server = Instance::start(&settings, |_| {});
        let outside = connect(&server.address()).await;
        outside.batch_execute(SHOP).await.unwrap();
        let database = open(&config(server.address()));
        Self {
            server,
            database,
            outside,
        }
    }

    fn tables(&self, names: &[&str]) -> Tables {
        Tables::of(self.database.changes(), names)
    }

    async fn run(&self, sql: &str) {
        self.outside.batch_execute(sql).await.unwrap();
    }

    async fn number(&self, sql: &str) -> i64 {
        self.outside.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn config(address: String) -> Config {
    let mut config = Config {
        url: Secret::new(address),
        ..Config::default()
    };
    config.changes.beat_ms = 5;
    config
}

const ALL: [&str; 12] = [
    "customers",
    "orders",
    "lines",
    "notes",
    "other::notes",
    "log",
    "log_old",
    "log_oldest",
    "log_new",
    "animals",
    "cats",
    "Odd: INSERT: \"x\"",
];

const WAITING: &str =
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'notes'::regclass";

const SLOTS: &str = "SELECT count(*) FROM pg_replication_slots";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_commit_is_seen_and_nothing_else() {
    let shop = Shop::open("").await;
    let tables = shop.tables(&ALL);
    let mut before = tables.settled().await;
    for (sql, expected) in [
        ("INSERT INTO notes VALUES ('a')", &["notes"][..]),
        // Without a key, and with nothing that tells rows apart.
        ("UPDATE notes SET note = 'b'", &["notes"]),
        ("DELETE FROM other.notes", &[]),
        ("INSERT INTO other.notes VALUES ('a')", &["other::notes"]),
        ("BEGIN; INSERT INTO notes VALUES ('b'); ROLLBACK", &[]),
        (
            "BEGIN; INSERT INTO notes VALUES ('c'); SAVEPOINT a; INSERT INTO cats VALUES ('d', 9); \
             ROLLBACK TO a; COMMIT",
            &["notes"],
        ),
        ("INSERT INTO lines VALUES (2, 2)", &["lines"]),
        (
            "DELETE FROM customers WHERE id = 1",
            &["customers", "orders", "lines"],
        ),
        (
            "UPDATE orders SET id = 3 WHERE id = 2",
            &["orders", "lines"],
        ),
        (
            "INSERT INTO log VALUES (5, 'x')",
            &["log", "log_old", "log_oldest", "log_new"],
        ),
        ("INSERT INTO cats VALUES ('Tom', 9)", &["animals", "cats"]),
        (
            "INSERT INTO \"Odd: INSERT: \"\"x\"\"\" VALUES (1)",
            &["Odd: INSERT: \"x\""],
        ),
        ("SELECT count(*) FROM orders", &[]),
        (
            "CREATE TEMP TABLE mine (a int); INSERT INTO mine VALUES (1)",
            &[],
        ),
        ("ANALYZE", &[]),
        (
            "BEGIN; INSERT INTO orders VALUES (7, 2); PREPARE TRANSACTION 'later'",
            &[],
        ),
        ("COMMIT PREPARED 'later'", &["orders"]),
    ] {
        shop.run(sql).await;
        tables.settled().await;
        let changed = tables.changed(&before);
        assert_eq!(changed, expected, "{sql}");
        before = tables.now();
    }
    assert_eq!(shop.database.changes().state(), State::Following);
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_no_row_but_the_table_is_seen() {
    let shop = Shop::open("").await;
    let tables = shop.tables(&["notes", "log"]);
    let mut before = tables.settled().await;
    for sql in [
        "TRUNCATE notes, cats",
        "ALTER TABLE notes ALTER note TYPE text USING note || '!'",
        "BEGIN; ALTER TABLE notes RENAME TO gone; ALTER TABLE cats RENAME TO notes; COMMIT",
        "ALTER TABLE log_old DETACH PARTITION log_oldest",
        "BEGIN; CREATE TYPE mood AS ENUM ('glad', 'sad'); ALTER TABLE notes ADD feels mood; COMMIT",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE notes_more () INHERITS (notes)",
    ] {
        shop.run(sql).await;
        let after = tables.settled().await;
        assert!(before[0] != after[0] || before[1] != after[1], "{sql}");
        before = after;
    }
    let rows = &tables.0[0].1;
    shop.run("ALTER TABLE notes_more SET UNLOGGED").await;
    shop.tables(&["log"]).settled().await;
    let moment = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
    assert!(!rows.has_seen(moment), "a part of it is not in the log");
    shop.run("DROP TABLE notes_more").await;
    tables.settled().await;
    shop.run(
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; \
              CREATE FOREIGN TABLE far (a int) SERVER s; CREATE VIEW seen AS SELECT * FROM notes",
    )
    .await;
    for name in ["far", "seen", "missing"] {
        let followed = shop.tables(&[name]);
        tables.settled().await;
        tables.settled().await;
        let long_ago = shop.database.changes().clone();
        assert_eq!(long_ago.state(), State::Following);
        let moment = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        assert!(!followed.0[0].1.has_seen(moment), "{name} is not followed");
    }
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_writes_are_counted_with_all_they_reach_before_their_answer() {
    let shop = Shop::open("").await;
    let tables = shop.tables(&ALL);
    tables.settled().await;
    for (sql, writes, expected) in [
        (
            "INSERT INTO customers VALUES (3, 'C')",
            ("customers", Act::Insert),
            &["customers"][..],
        ),
        (
            "DELETE FROM customers WHERE id = 1",
            ("customers", Act::Delete),
            &["customers", "orders", "lines"],
        ),
        (
            "UPDATE orders SET id = 5 WHERE id = 2",
            ("orders", Act::Update),
            &["orders", "lines"],
        ),
        // A name without a schema may mean both.
        (
            "INSERT INTO notes VALUES ('a')",
            ("notes", Act::Insert),
            &["notes", "other::notes"],
        ),
        (
            "INSERT INTO cats VALUES ('Tom', 9)",
            ("cats", Act::Insert),
            &["animals", "cats"],
        ),
    ] {
        let before = tables.settled().await;
        write(&shop.database, &writing(sql, &[writes]))
            .await
            .unwrap();
        assert_eq!(tables.changed(&before), expected, "{sql}");
    }
    shop.run(
        "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO cats VALUES ('Tom', 9); RETURN NULL; END $$; \
         CREATE TRIGGER more AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION more()",
    )
    .await;
    let before = tables.settled().await;
    let triggering = writing("INSERT INTO notes VALUES ('a')", &[("notes", Act::Insert)]);
    write(&shop.database, &triggering).await.unwrap();
    assert_eq!(
        tables.changed(&before),
        ALL,
        "nobody knows what a trigger does"
    );
    let before = tables.settled().await;
    let failing = writing(
        "INSERT INTO orders VALUES (9, 99)",
        &[("orders", Act::Insert)],
    );
    write(&shop.database, &failing).await.unwrap_err();
    assert_eq!(
        tables.changed(&before),
        ["orders"],
        "it may have been committed"
    );
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_decoded_before_it_is_shown_is_counted_when_it_is() {
    let shop = Shop::open("").await;
    let tables = shop.tables(&["notes"]);
    let before = tables.settled().await;
    shop.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        .await;
    shop.run("SELECT pg_reload_conf()").await;
    let writer = connect(&shop.server.address()).await;
    let waiting = tokio::spawn(async move {
        writer
            .batch_execute("INSERT INTO notes VALUES ('late')")
            .await
    });
    assert!(soon(|| tables.now() != before).await, "it is decoded");
    assert_eq!(
        shop.number("SELECT count(*) FROM notes").await,
        0,
        "not shown"
    );
    // Whoever reads now keeps what is before the change, under one of these generations.
    let first = tables.settled().await;
    assert_ne!(tables.settled().await, first, "none of them lasts");
    shop.run("ALTER SYSTEM RESET synchronous_standby_names")
        .await;
    shop.run("SELECT pg_reload_conf()").await;
    waiting.await.unwrap().unwrap();
    assert_eq!(shop.number("SELECT count(*) FROM notes").await, 1);
    let shown = tables.settled().await;
    assert_eq!(tables.settled().await, shown, "now one does");
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_does_not_tell_nothing_is_seen_and_then_everything_has_changed() {
    let shop = Shop::open("").await;
    let tables = shop.tables(&["notes", "orders"]);
    let before = tables.settled().await;
    assert_eq!(shop.number(SLOTS).await, 1);
    let killed = "SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots";
    assert_eq!(shop.number(killed).await, 1);
    let changes = shop.database.changes();
    down(changes).await;
    let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
    assert!(
        !tables.0[0].1.has_seen(long_ago),
        "not even what was seen before"
    );
    let after = tables.settled().await;
    assert!(before[0] != after[0] && before[1] != after[1]);
    assert_eq!(shop.number(SLOTS).await, 1, "the slot of before is gone");
    shop.server.kill();
    down(changes).await;
    shop.server.start_again();
    tables.settled().await;
    shop.database.close().await;
    assert!(matches!(changes.state(), State::Down(_)));
    let outside = connect(&shop.server.address()).await;
    let gone = async {
        while outside
            .query_one(SLOTS, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            != 0
        {}
    };
    let gone = tokio::time::timeout(Duration::from_secs(20), gone).await;
    assert!(gone.is_ok(), "a slot stays behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_waits_for_old_transactions_and_holds_no_more_of_the_log_than_it_may() {
    let shop = Shop::open("").await;
    shop.run("BEGIN; INSERT INTO notes VALUES ('open')").await;
    let mut config = config(shop.server.address());
    config.changes.behind_bytes_max = 1;
    config.changes.silence_ms = 200;
    let database = open(&config);
    let changes = database.changes();
    let says = |words: &'static str| move || matches!(changes.state(), State::Down(why) if why.contains(words));
    assert!(
        soon(says("under way before")).await,
        "{:?}",
        changes.state()
    );
    shop.run("COMMIT").await;
    // Whatever is written is more than one byte.
    let writer = connect(&shop.server.address()).await;
    let writing = tokio::spawn(async move {
        while writer
            .batch_execute("INSERT INTO notes VALUES ('more')")
            .await
            .is_ok()
        {}
    });
    let is_behind = soon(says("database.changes.behind_bytes_max")).await;
    assert!(is_behind, "{:?}", changes.state());
    writing.abort();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_of_a_million_rows_takes_no_memory() {
    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.unwrap().parse().unwrap()
    }
    let shop = Shop::open("").await;
    let tables = shop.tables(&["notes", "orders"]);
    let before = tables.settled().await;
    let rss = resident_kib();
    shop.run(
        "INSERT INTO notes SELECT repeat('x', 100) FROM generate_series(1, 1000000); \
         INSERT INTO notes SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000000) n",
    )
    .await;
    tables.settled().await;
    let grown = resident_kib().saturating_sub(rss);
    assert_eq!(tables.changed(&before), ["notes"]);
    assert!(grown < 48 * 1024, "{grown} KiB more");
    shop.database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_nobody_waits_for_counts_until_it_must_be_over() {
    let shop = Shop::open("wal_level = replica").await;
    let tables = shop.tables(&["notes"]);
    down(shop.database.changes()).await;
    let rests = tables.now();
    shop.run("BEGIN; LOCK TABLE notes").await;
    let script = writing("INSERT INTO notes VALUES ('a')", &[("notes", Act::Insert)]);
    let database = shop.database.clone();
    let left = tokio::spawn(async move { write(&database, &script).await });
    while shop.number(WAITING).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tables.now(), rests, "it is not over");
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    // Where the database goes on with it, it is made at any moment from now on.
    for _ in 0..3 {
        let before = tables.now();
        let goes_on = soon(|| !tables.changed(&before).is_empty());
        assert!(goes_on.await, "it counts once");
    }
    shop.run("ROLLBACK").await;
    shop.database.close().await;
}
