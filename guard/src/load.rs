//! How many requests are worked on at a time: a bound that falls when they slow each other down,
//! and that callers share.

mod pace;

use crate::share::Holders;
use model::metric::{Counter, EncodeLabelSet, Family, Gauge, Registry};
use model::{Clock, Fault, Kind, Weight};
use pace::Pace;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many requests are worked on at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Most requests that the database works on, or that wait for it, at a time. Mutations may be a
    /// quarter more, so that they are the last to be refused.
    pub in_flight_max: usize,
    /// How far that bound may fall by itself when requests slow each other down; the same as the
    /// other where it is to stay.
    pub in_flight_min: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            in_flight_max: 1_024,
            in_flight_min: 32,
        }
    }
}

impl Config {
    /// Keys whose values cannot be worked with, and why.
    pub fn findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = Vec::new();
        if self.in_flight_min < 1 {
            let message = "0 is too small, at least 1".to_owned();
            findings.push(("in_flight_min", message));
        }
        if self.in_flight_max < self.in_flight_min {
            let (max, min) = (self.in_flight_max, self.in_flight_min);
            let message = format!("{max} is less than load.in_flight_min, {min}");
            findings.push(("in_flight_max", message));
        }
        findings
    }
}

/// What a request does, as far as others of its kind take about as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Whether it writes.
    pub writes: bool,
    /// How much it may bring.
    pub weight: Weight,
}

impl Work {
    /// The kinds there are.
    const KINDS: usize = 4;

    fn kind(self) -> usize {
        match (self.writes, self.weight) {
            (true, _) => 3,
            (false, Weight::Light) => 0,
            (false, Weight::Bounded) => 1,
            (false, Weight::Unbounded) => 2,
        }
    }
}

/// The requests that are worked on.
pub struct Load {
    config: Config,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    counted: Counted,
}

/// What several loads count together.
#[derive(Clone, Default)]
struct Counted {
    in_flight: Gauge,
    limit: Gauge,
    shed: Family<Shed, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Shed {
    why: &'static str,
}

struct State {
    in_flight: usize,
    /// Whose they are.
    callers: Holders<()>,
    pace: Pace,
    /// The bound as it was counted last.
    limit: usize,
}

/// A request that may be worked on, until it is dropped.
#[must_use = "the request is over when this is dropped"]
pub struct Pass {
    load: Arc<Load>,
    caller: Box<str>,
    work: Work,
    since: Instant,
    /// Whether how long it took says something about others.
    telling: bool,
}

impl Load {
    /// Nobody is worked for yet; declares the metrics.
    pub fn new(config: Config, clock: Arc<dyn Clock>, registry: &mut Registry) -> Arc<Self> {
        let counted = Counted::default();
        let registry = registry.sub_registry_with_prefix("fragaria_load");
        let help = "Requests that the database works on, or that wait for it, now";
        registry.register("in_flight", help, counted.in_flight.clone());
        let help = "How many of them there may be now";
        registry.register("limit", help, counted.limit.clone());
        let help = "Requests refused because there were too many, of all or of their caller";
        registry.register("shed", help, counted.shed.clone());
        for why in ["limit", "share"] {
            drop(counted.shed.get_or_create(&Shed { why }));
        }
        Self::of(config, clock, counted)
    }

    /// The load of another database, with the same bounds for itself; both count together.
    pub fn beside(&self) -> Arc<Self> {
        Self::of(self.config, Arc::clone(&self.clock), self.counted.clone())
    }

    fn of(config: Config, clock: Arc<dyn Clock>, counted: Counted) -> Arc<Self> {
        let limit = config.in_flight_max;
        counted.limit.inc_by(size(limit));
        Arc::new(Self {
            state: Mutex::new(State {
                in_flight: 0,
                callers: Holders::default(),
                pace: Pace::new(config, clock.instant()),
                limit,
            }),
            config,
            clock,
            counted,
        })
    }

    /// Lets a request of a caller be worked on, or refuses it at once.
    pub fn enter(self: &Arc<Self>, caller: &str, work: Work) -> Result<Pass, Fault> {
        let mut state = self.state();
        state.admit(caller, work).inspect_err(|fault| {
            let why = if fault.code == SHARE {
                "share"
            } else {
                "limit"
            };
            self.counted.shed.get_or_create(&Shed { why }).inc();
        })?;
        self.counted.in_flight.inc();
        Ok(Pass {
            load: Arc::clone(self),
            caller: caller.into(),
            work,
            since: self.clock.instant(),
            telling: false,
        })
    }

    fn leave(&self, pass: &Pass) {
        let now = self.clock.instant();
        let took = now.saturating_duration_since(pass.since);
        let mut state = self.state();
        state.leave(&pass.caller);
        if pass.telling {
            state.pace.took(pass.work.kind(), took);
        }
        let in_flight = state.in_flight;
        state.pace.adapt(&self.config, now, in_flight);
        let limit = state.pace.limit();
        self.counted.in_flight.dec();
        self.counted.limit.inc_by(size(limit) - size(state.limit));
        state.limit = limit;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SHARE: &str = "server.share";

impl State {
    fn admit(&mut self, caller: &str, work: Work) -> Result<(), Fault> {
        let limit = self.pace.limit();
        let room = if work.writes {
            limit + (limit / 4).max(1)
        } else {
            limit
        };
        let refused = |code, message| Err(Fault::new(code, Kind::Unavailable, message));
        if self.in_flight >= room {
            let message = "the server works on as many requests as it can, try again later";
            return refused("server.overloaded", message);
        }
        // As long as there is much room, nobody is asked to share it.
        let has_its_share = self.callers.has(caller) >= self.callers.equal_part(caller, room);
        if self.in_flight * 2 >= limit && has_its_share {
            let message = "this caller has its share of the server already, try again later";
            return refused(SHARE, message);
        }
        self.in_flight += 1;
        self.pace.reached(self.in_flight);
        self.callers.enter(caller, || ());
        Ok(())
    }

    fn leave(&mut self, caller: &str) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.callers.leave(caller);
    }
}

impl Pass {
    /// The request was answered, or took too long to be: how long it took tells how others fare.
    pub fn told(mut self) {
        self.telling = true;
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let limit = self.state().limit;
        self.counted.limit.dec_by(size(limit));
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.load.leave(self);
    }
}

fn size(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
