//! The load: everybody asks every server, at moments that a seed decides.

use super::float;
use super::nodes::Nodes;
use super::scenario::{Asker, Plan, Scenario};
use anyhow::Result;
use fastrand::Rng;
use guard::rates::{Rates, Visit};
use model::Caller;
use serde_json::Map;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// After how many requests a caller shows another key.
const KEY_REQUESTS: u64 = 50;

/// A decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// When it was asked for, in nanoseconds since the load began.
    pub(super) at: u64,
    pub(super) node: usize,
    /// Who asked, by its place in the plan.
    pub(super) asker: usize,
    pub(super) allowed: bool,
    pub(super) took: Duration,
}

/// Somebody's requests to one server.
struct Stream {
    rates: Arc<Rates>,
    node: usize,
    place: usize,
    asker: Asker,
    scenario: Scenario,
    /// Requests in a second.
    demand: f64,
    random: Rng,
}

/// Puts the load on the servers; every decision, in the order in which they were asked for.
pub(super) async fn run(
    plan: &Plan,
    nodes: &Nodes,
    (length, seed): (Duration, u64),
) -> Result<Vec<Record>> {
    let mut random = Rng::with_seed(seed ^ plan.scenario as u64);
    let mut streams = JoinSet::new();
    let began = Instant::now();
    for (node, rates) in nodes.rates.iter().enumerate() {
        for (place, asker) in plan.askers.iter().enumerate() {
            let stream = Stream {
                rates: rates.clone(),
                node,
                place,
                asker: *asker,
                scenario: plan.scenario,
                demand: float(asker.demand) / float(plan.nodes as u64),
                random: random.fork(),
            };
            streams.spawn(stream.run(began, length));
        }
    }
    let mut records = Vec::new();
    while let Some(stream) = streams.join_next().await {
        records.extend(stream?);
    }
    records.sort_by_key(|record| record.at);
    Ok(records)
}

impl Stream {
    async fn run(mut self, began: Instant, length: Duration) -> Vec<Record> {
        let mut records = Vec::new();
        let mut due = Duration::ZERO;
        loop {
            due = self.next(due);
            if due >= length {
                return records;
            }
            sleep_until(began + due).await;
            let caller = self.caller(records.len() as u64 / KEY_REQUESTS);
            let mut visit = Visit::default();
            let asked = Instant::now();
            let outcome = self.rates.admit(&mut visit, &caller).await;
            records.push(Record {
                at: u64::try_from((asked - began).as_nanos()).unwrap_or(u64::MAX),
                node: self.node,
                asker: self.place,
                allowed: outcome.is_ok(),
                took: asked.elapsed(),
            });
        }
    }

    /// When the next request comes: independently of all before.
    fn next(&mut self, after: Duration) -> Duration {
        let gap = -(1.0 - self.random.f64()).ln() / self.demand;
        let due = after + Duration::from_secs_f64(gap);
        match self.scenario {
            Scenario::Bursts if due.as_secs() % 6 >= 3 => {
                Duration::from_secs(due.as_secs() / 6 * 6 + 6)
            }
            _ => due,
        }
    }

    fn caller(&self, key: u64) -> Caller {
        let mut claims = Map::new();
        if self.scenario == Scenario::Keys {
            claims.insert("key".to_owned(), key.to_string().into());
        }
        Caller {
            name: self.asker.name.into(),
            tenant: Some(self.asker.name.into()),
            claims: claims.into(),
            ..Caller::development()
        }
    }
}
