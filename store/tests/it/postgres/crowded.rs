//! Servers that take few connections.

use super::{Scratch, WAITING_FOR_LOCKS, rows, run, script, step};
use model::metric::Registry;
use model::{Scalar, Script, Secret, Use, Weight};
use std::sync::Arc;
use store::{Config, Database};

/// A database over a server that takes three connections, and what it measures.
pub(crate) struct Crowded {
    pub(crate) database: Database,
    registry: Registry,
}

impl Crowded {
    pub(crate) fn open(config: &Config) -> Self {
        let mut registry = Registry::default();
        let database = Database::open(config, &mut registry).unwrap();
        Self { database, registry }
    }

    /// Thirty who write at the same time, one after the other each, and read in between.
    pub(crate) async fn writers(&self) {
        let insert = "INSERT INTO t VALUES (1)";
        let insert = script(true, vec![step("n", insert, &[], Use::Discard)]);
        let read = rows("SELECT 1", &[], &[Scalar::Int]);
        let writers = [(); 30].map(|()| {
            let (database, insert, read) = (self.database.clone(), insert.clone(), read.clone());
            tokio::spawn(async move {
                for weight in [Weight::Light, Weight::Bounded, Weight::Unbounded] {
                    for script in [&insert, &read] {
                        run(&database, script, vec![], weight).await.unwrap();
                    }
                    database.check().await.unwrap();
                }
            })
        });
        for writer in writers {
            writer.await.unwrap();
        }
        let refused = self.refused();
        assert!((1..=50).contains(&refused), "refused {refused} times");
    }

    /// Ten requests that hold a connection each.
    pub(crate) fn hold(&self, script: &Arc<Script>) {
        for _ in 0..10 {
            let (database, script) = (self.database.clone(), Arc::clone(script));
            tokio::spawn(async move { run(&database, &script, vec![], Weight::Light).await });
        }
    }

    /// How many connections the server refused.
    fn refused(&self) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let name = "fragaria_store_connections_refused_total ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_few_connections_answers_all_requests_over_those() {
    let scratch = Scratch::new("CREATE TABLE t (n int); GRANT ALL ON t TO PUBLIC").await;
    let (_, name) = scratch.address().rsplit_once('/').map(owned).unwrap();
    let role = format!("CREATE ROLE {name} LOGIN CONNECTION LIMIT 3");
    scratch.outside.batch_execute(&role).await.unwrap();
    let address = scratch
        .address()
        .replace("//postgres@", &format!("//{name}@"));
    assert!(address.contains(&format!("//{name}@")), "{address}");
    let crowded = Crowded::open(&Config {
        url: Secret::new(address),
        ..scratch.config()
    });
    crowded.writers().await;
    assert_eq!(scratch.number("SELECT count(*) FROM t").await, 90);
    // Once the server takes more, the pool grows while its connections are at work.
    let lock = format!("SELECT pg_advisory_lock(7); ALTER ROLE {name} CONNECTION LIMIT 20");
    scratch.outside.batch_execute(&lock).await.unwrap();
    let wait = "SELECT pg_advisory_xact_lock_shared(7)";
    crowded.hold(&script(true, vec![step("w", wait, &[], Use::Discard)]));
    scratch.assert_soon(10, WAITING_FOR_LOCKS).await;
    let drop = format!("SELECT pg_advisory_unlock(7); DROP OWNED BY {name}; DROP ROLE {name}");
    scratch.outside.batch_execute(&drop).await.unwrap();
}

fn owned((one, other): (&str, &str)) -> (String, String) {
    (one.into(), other.into())
}
