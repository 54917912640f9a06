//! What the store tells of changes, its own and those of others.

mod mariadb;
mod postgres;
mod sqlite;

use model::{Act, Footprint, Relation, Script};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Changes, Database, Followed, Generation, State};

/// A table by its name, which may follow that of its schema.
fn relation(name: &str) -> Relation {
    let (schema, name) = match name.split_once("::") {
        Some((schema, name)) => (Some(schema.to_owned()), name),
        None => (None, name),
    };
    Relation {
        schema,
        name: name.into(),
    }
}

fn reading(tables: &[&str]) -> Footprint {
    Footprint {
        reads: tables.iter().map(|table| relation(table)).collect(),
        knows_reads: true,
        ..Footprint::default()
    }
}

/// A script of ours that writes, and says that it does.
fn writing(sql: &str, writes: &[(&str, Act)]) -> Arc<Script> {
    let written = writes.iter().map(|(table, act)| (relation(table), *act));
    let step = crate::scripts::step("written", sql, model::Use::Discard);
    Arc::new(Script {
        footprint: Arc::new(Footprint {
            writes: written.collect(),
            knows_writes: true,
            ..Footprint::default()
        }),
        ..crate::scripts::writing(vec![step])
    })
}

/// Writes by the store.
async fn write(database: &Database, script: &Arc<Script>) -> Result<(), store::Failure> {
    let arguments = vec![Vec::new()];
    let weight = model::Weight::Bounded;
    let reply = database.run(Arc::clone(script), arguments, weight).await?;
    drop(reply);
    Ok(())
}

/// Tables that are followed, each by itself.
struct Tables(Vec<(String, Followed)>, Changes);

impl Tables {
    fn of(changes: &Changes, names: &[&str]) -> Self {
        let follow = |name: &&str| {
            let followed = changes.follow(&reading(&[name])).unwrap();
            ((*name).to_owned(), followed)
        };
        Self(names.iter().map(follow).collect(), changes.clone())
    }

    /// What each of them is at once.
    fn now(&self) -> Vec<Generation> {
        self.0.iter().map(|(_, it)| it.generation()).collect()
    }

    /// The same once all is seen that was committed before.
    async fn settled(&self) -> Vec<Generation> {
        let now = Instant::now();
        for (name, followed) in &self.0 {
            let wait = soon(|| followed.has_seen(now));
            assert!(wait.await, "{name} is not seen: {:?}", self.1.state());
        }
        self.now()
    }

    /// Names of those that are not as they were.
    fn changed(&self, before: &[Generation]) -> Vec<&str> {
        let now = self.now();
        let pairs = self.0.iter().zip(before.iter().zip(&now));
        let changed = pairs.filter(|(_, (before, now))| before != now);
        changed.map(|((name, _), _)| name.as_str()).collect()
    }
}

/// Waits until something holds; whether it does.
async fn soon(holds: impl Fn() -> bool) -> bool {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .is_ok()
}

/// Waits until the changes of others are not seen.
async fn down(changes: &Changes) {
    let is_down = soon(|| matches!(changes.state(), State::Down(_))).await;
    assert!(is_down, "{:?}", changes.state());
}

/// Why nothing is seen.
async fn absent(changes: &Changes) -> String {
    soon(|| matches!(changes.state(), State::Absent(_))).await;
    match changes.state() {
        State::Absent(why) => why,
        state => panic!("{state:?}"),
    }
}
