//! What it takes to be told.

use super::{Shop, config};
use crate::changes::{Tables, absent, write, writing};
use crate::postgres::instance::Instance;
use crate::postgres::{Scratch, connect, open};
use model::Act;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_lacks_is_told_with_what_mends_it() {
    let scratch = Scratch::new("CREATE TABLE notes (note text)").await;
    let database = open(&config(scratch.address()));
    let tables = Tables::of(database.changes(), &["notes"]);
    let why = absent(database.changes()).await;
    assert!(why.contains("set wal_level = logical"), "{why}");
    let before = tables.now();
    let note = writing("INSERT INTO notes VALUES ('a')", &[("notes", Act::Insert)]);
    write(&database, &note).await.unwrap();
    assert_ne!(tables.now(), before, "our own are counted nevertheless");
    assert!(!tables.0[0].1.has_seen(Instant::now()));
    database.close().await;

    let shop = Shop::open("max_replication_slots = 0").await;
    let why = absent(shop.database.changes()).await;
    assert!(why.contains("max_replication_slots"), "{why}");
    shop.run("CREATE ROLE plain LOGIN").await;
    let address = shop.server.address().replace("postgres@", "plain@");
    let plain = open(&config(address));
    let why = absent(plain.changes()).await;
    assert!(why.contains("ALTER ROLE … REPLICATION"), "{why}");
    let mut pooled = config(shop.server.address());
    pooled.postgres.pooler = store::Pooler::Transaction;
    let why = absent(open(&pooled).changes()).await;
    assert!(why.contains("pooler"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_logs_in_as_all_other_connections_do() {
    let server = Instance::start("wal_level = logical\nssl = on", |data| {
        crate::postgres::tls::certify(data);
        let rules = "host all postgres 127.0.0.1/32 trust\n\
                     hostssl all by_scram all scram-sha-256\nhost all by_md5 all md5\n\
                     host all by_text all password\n";
        std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
    });
    let outside = connect(&server.address()).await;
    outside
        .batch_execute(
            "CREATE TABLE notes (note text); \
             CREATE ROLE by_scram LOGIN REPLICATION PASSWORD 'p:s'; \
             CREATE ROLE by_text LOGIN REPLICATION PASSWORD 'p:s'; \
             SET password_encryption = md5; \
             CREATE ROLE by_md5 LOGIN REPLICATION PASSWORD 'p:s'; \
             GRANT ALL ON notes TO by_scram, by_md5, by_text",
        )
        .await
        .unwrap();
    let trusted = server.file("ca.crt");
    let strict = format!("sslmode=verify-full&sslrootcert={trusted}");
    for (user, query) in [
        ("by_scram", strict.as_str()),
        ("by_scram", "sslmode=require"),
        ("by_md5", "sslmode=disable"),
        ("by_text", "sslmode=prefer"),
    ] {
        let address = format!(
            "postgres://{user}:p%3As@localhost:{}/postgres?{query}",
            server.port
        );
        let database = open(&config(address));
        let tables = Tables::of(database.changes(), &["notes"]);
        let before = tables.settled().await;
        outside
            .batch_execute("INSERT INTO notes VALUES ('a')")
            .await
            .unwrap();
        assert_ne!(tables.settled().await, before, "{user} {query}");
        database.close().await;
    }
}
