//! Whether the server is alive, has started, and is ready, with the reason where it is not.

use model::metric::{EncodeLabelSet, Family, Gauge, Registry};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the server knows about its own condition.
#[derive(Debug)]
pub struct Health {
    state: Mutex<State>,
    up: Family<Labels, Gauge>,
}

/// The condition of one thing the server depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "reason", rename_all = "lowercase")]
pub enum Condition {
    /// It has not been looked at yet.
    Unknown,
    /// The last look found it in order.
    Up,
    /// The last look found it out of order, for that reason. It is shown to anyone who may ask.
    Down(String),
    /// The same of something without which the server is ready.
    Away(String),
}

/// The answer of a health address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `ok`, or a word for what is missing.
    pub status: &'static str,
    /// The condition of each dependency, where the answer depends on them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<&'static str, Condition>,
}

impl Report {
    /// Whether the answer is yes.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

#[derive(Debug)]
struct State {
    started: bool,
    draining: bool,
    dependencies: BTreeMap<&'static str, Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    dependency: &'static str,
}

impl Health {
    /// A server that has not started and has not looked at its dependencies.
    pub fn new(dependencies: &[&'static str], registry: &mut Registry) -> Self {
        let up = Family::<Labels, Gauge>::default();
        registry.register(
            "fragaria_dependency_up",
            "Whether the last look at a dependency found it in order",
            up.clone(),
        );
        for &dependency in dependencies {
            up.get_or_create(&Labels { dependency }).set(0);
        }
        let dependencies = dependencies
            .iter()
            .map(|&name| (name, Condition::Unknown))
            .collect();
        let state = State {
            started: false,
            draining: false,
            dependencies,
        };
        Self {
            state: Mutex::new(state),
            up,
        }
    }

    /// Records a look at a dependency; returns whether its condition changed.
    pub fn record(&self, dependency: &'static str, condition: Condition) -> bool {
        let up = i64::from(condition == Condition::Up);
        self.up.get_or_create(&Labels { dependency }).set(up);
        let mut state = self.state();
        let known = state
            .dependencies
            .entry(dependency)
            .or_insert(Condition::Unknown);
        let changed = *known != condition;
        *known = condition;
        changed
    }

    /// The server listens.
    pub fn start(&self) {
        self.state().started = true;
    }

    /// The server takes no new work from now on.
    pub fn drain(&self) {
        self.state().draining = true;
    }

    /// The process runs.
    pub fn live(&self) -> Report {
        Report {
            status: "ok",
            dependencies: BTreeMap::new(),
        }
    }

    /// The server has started.
    pub fn startup(&self) -> Report {
        let status = if self.state().started {
            "ok"
        } else {
            "starting"
        };
        Report {
            status,
            dependencies: BTreeMap::new(),
        }
    }

    /// Requests will be answered: it has started, does not drain, and all dependencies are up.
    pub fn ready(&self) -> Report {
        let state = self.state();
        let up = state
            .dependencies
            .values()
            .all(|condition| matches!(condition, Condition::Up | Condition::Away(_)));
        let status = match (state.draining, state.started, up) {
            (true, _, _) => "draining",
            (_, false, _) => "starting",
            (_, _, false) => "not ready",
            _ => "ok",
        };
        Report {
            status,
            dependencies: state.dependencies.clone(),
        }
    }

    /// The condition of one dependency.
    pub fn condition(&self, dependency: &str) -> Condition {
        let state = self.state();
        state
            .dependencies
            .get(dependency)
            .cloned()
            .unwrap_or(Condition::Unknown)
    }

    /// Nothing that holds the lock can leave the state half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        Health::new(&["database"], &mut Registry::default())
    }

    #[test]
    fn a_server_is_ready_when_it_has_started_and_its_dependencies_are_up() {
        let health = health();
        assert_eq!(health.ready().status, "starting");
        health.start();
        assert_eq!(health.ready().status, "not ready");
        assert!(health.record("database", Condition::Up));
        assert!(!health.record("database", Condition::Up));
        assert!(health.ready().is_ok());
    }

    #[test]
    fn the_reason_is_told_while_a_dependency_is_down() {
        let health = health();
        health.start();
        health.record("database", Condition::Down("connection refused".into()));
        let json = serde_json::to_string(&health.ready()).unwrap();
        assert_eq!(
            json,
            r#"{"status":"not ready","dependencies":{"database":{"status":"down","reason":"connection refused"}}}"#
        );
        assert!(health.live().is_ok() && health.startup().is_ok());
    }

    #[test]
    fn a_draining_server_is_alive_and_not_ready() {
        let health = health();
        health.start();
        health.record("database", Condition::Up);
        health.drain();
        assert_eq!(health.ready().status, "draining");
        assert!(health.live().is_ok());
    }
}
