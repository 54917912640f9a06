//! How often may be asked.
//!
//! A request is judged three times, as soon as enough is known of it: when it arrives, by its
//! address, before its body is read; when its caller is known; and when its operation is. Each time
//! it must keep all rules that are for it, and where one is passed it costs nothing in the others.
//!
//! Reading order: `config` is what can be said, `rule` whom it is for; `limit` is the arithmetic of
//! one limit, `table` the bounded memory of who owes what and `ledger` the books of all rules;
//! `lease` is what a server holds of a limit that several share, and `shared` how they do. `address`
//! finds out where a request came from, `fields` tells clients, `metrics` everybody else.
//!
//! Invariants: only a clock that never goes back is read, and that of Redis by Redis alone; numbers
//! are whole; memory is bounded, and whoever is forgotten owes no less when it comes again; without
//! Redis a server lets through its part, never everything.

mod address;
pub mod config;
mod fields;
mod lease;
mod ledger;
pub mod limit;
mod metrics;
mod rule;
mod shared;
mod table;

pub use config::{Config, Per};

use crate::address::{Origin, counted};
use crate::error::Error;
use fields::Standing;
use ledger::{Ledger, Place, Source, Verdict};
use limit::Short;
use metrics::Metrics;
use model::metric::Registry;
use model::{Caller, Clock};
use rule::{Asker, Rule, Stage};
use shared::Shared;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The limits of a server.
pub struct Rates {
    ledger: Arc<Ledger>,
    shared: Option<Shared>,
    trusted_hops: u8,
    forwarded: config::Forwarded,
}

/// A request on its way through the limits.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// Where it came from, as it is counted.
    address: Arc<str>,
    /// The rules it met, by their places, and where it stands with them.
    met: Vec<(usize, Standing)>,
    /// The rule it passed.
    passed: Option<Box<str>>,
}

/// An operation, as limits see it.
#[derive(Clone, Copy, Debug)]
pub struct Weight<'a> {
    /// Its name, empty if it has none.
    pub operation: &'a str,
    /// What it costs.
    pub cost: u64,
}

impl Rates {
    /// The limits of a configuration that was checked; declares the metrics. Where limits are
    /// shared it needs a runtime, and Redis need not be up.
    pub fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        let metrics = Metrics::new(registry);
        let ledger = Arc::new(Ledger::new(config, clock, metrics));
        Ok(Self {
            shared: Shared::open(&config.redis, &ledger)?,
            ledger,
            trusted_hops: config.trusted_hops,
            forwarded: config.forwarded,
        })
    }

    /// Whether this server lets through its part alone, for Redis is away.
    pub fn is_apart(&self) -> bool {
        self.shared.as_ref().is_some_and(Shared::is_away)
    }

    /// The name of the header that tells where a request came from, where one is believed.
    pub fn believed(&self) -> Option<&'static str> {
        (self.trusted_hops > 0).then(|| self.forwarded.name())
    }

    /// Judges a request by where it came from alone: by its connection, and by what the believed
    /// header says, in all its lines.
    pub async fn arrive(
        &self,
        visit: &mut Visit,
        connection: &Origin,
        forwarded: &[&[u8]],
    ) -> Result<(), Error> {
        let (nearest, hops) = (connection.address(), self.trusted_hops);
        let address = address::client(nearest, hops, self.forwarded, forwarded)?;
        visit.address = if address == nearest {
            Arc::clone(connection.counted())
        } else {
            counted(address).into()
        };
        self.judge(visit, Stage::Arrival, None, None).await
    }

    /// Judges a request whose caller is known.
    pub async fn admit(&self, visit: &mut Visit, caller: &Caller) -> Result<(), Error> {
        self.judge(visit, Stage::Caller, Some(caller), None).await
    }

    /// Judges a request whose operation is known.
    pub async fn weigh(
        &self,
        visit: &mut Visit,
        caller: &Caller,
        weight: Weight<'_>,
    ) -> Result<(), Error> {
        self.judge(visit, Stage::Operation, Some(caller), Some(weight))
            .await
    }

    /// What the client is told: names of header fields and their values.
    pub fn fields(&self, visit: &Visit) -> Vec<(&'static str, String)> {
        if visit.met.is_empty() {
            return Vec::new();
        }
        let met = || {
            let met = visit.met.iter();
            met.filter_map(|(place, standing)| {
                Some((&self.ledger.rules.get(*place)?.rule, *standing))
            })
        };
        vec![
            (
                "ratelimit-policy",
                fields::policy(met().map(|(rule, _)| rule)),
            ),
            ("ratelimit", fields::standing(met())),
        ]
    }

    async fn judge(
        &self,
        visit: &mut Visit,
        stage: Stage,
        caller: Option<&Caller>,
        weight: Option<Weight<'_>>,
    ) -> Result<(), Error> {
        let address = std::mem::take(&mut visit.address);
        let asker = Asker {
            address: &address,
            caller,
            key: caller.and_then(Caller::api_key),
            operation: weight.map_or("", |weight| weight.operation),
        };
        let cost = weight.map_or(1, |weight| weight.cost);
        let outcome = self.keep(visit, stage, &asker, cost).await;
        visit.address = address;
        outcome
    }

    /// Takes from every rule of a stage, or from none.
    async fn keep(
        &self,
        visit: &mut Visit,
        stage: Stage,
        asker: &Asker<'_>,
        cost: u64,
    ) -> Result<(), Error> {
        let mut taken: Vec<(Place, Source, u64)> = Vec::new();
        for place in self.meant(stage, asker) {
            let Some(account) = self.ledger.rules.get(place.rule) else {
                continue;
            };
            let units = if account.rule.by_cost { cost } else { 1 };
            let Some(verdict) = self.decide(place, units).await else {
                continue;
            };
            account.counters.decided(verdict.outcome.is_ok());
            visit.met.push((place.rule, verdict.standing));
            match verdict.outcome {
                Ok(source) => taken.push((place, source, units)),
                Err(short) => {
                    for (place, source, units) in taken {
                        self.ledger.give_back(place, source, units);
                    }
                    visit.passed = Some(account.rule.name.clone());
                    return Err(short.error(&account.rule));
                }
            }
        }
        Ok(())
    }

    /// The entries of a stage that a request is counted in.
    fn meant(&self, stage: Stage, asker: &Asker<'_>) -> Vec<Place> {
        let all = || self.ledger.rules.iter().map(|account| &account.rule);
        let of_stage = all().enumerate().filter(|(_, rule)| rule.stage == stage);
        let meant = of_stage.filter_map(|(place, rule)| {
            let subject = rule.subject(asker)?;
            let displaced =
                all().any(|other| rule.gives_way_to(other) && other.subject(asker).is_some());
            (!displaced).then(|| Place {
                rule: place,
                key: rule.key(subject),
            })
        });
        meant.collect()
    }

    /// Takes units, here or from what several share.
    async fn decide(&self, place: Place, units: u64) -> Option<Verdict> {
        match &self.shared {
            None => self.ledger.take(place, units),
            Some(shared) => self.decide_shared(shared, place, units).await,
        }
    }

    async fn decide_shared(&self, shared: &Shared, place: Place, units: u64) -> Option<Verdict> {
        let mut counted = None;
        let mut answers = None;
        let mut until = None;
        while !shared.is_away() {
            let (verdict, ask) = self.ledger.take_granted(place, units, &mut counted)?;
            let is_put = !ask || shared.ask(place);
            if !is_put {
                self.ledger.unanswered(place);
            }
            if verdict.is_some() {
                return verdict;
            }
            if !is_put {
                break;
            }
            let Some(answers) = &mut answers else {
                // It may have been answered just before; so it is looked at once more.
                answers = Some(shared.answers());
                continue;
            };
            let until = *until.get_or_insert_with(|| Instant::now() + shared.patience);
            if !matches!(timeout_at(until, answers.changed()).await, Ok(Ok(()))) {
                break;
            }
        }
        self.ledger.take_part(place, units)
    }
}

impl Short {
    fn error(self, rule: &Rule) -> Error {
        Error::Exceeded {
            rule: rule.name.clone(),
            retry_after: match self {
                Self::For(nanoseconds) => Some(fields::seconds(nanoseconds).max(1)),
                Self::Always => None,
            },
        }
    }
}

impl Visit {
    /// Where it came from, as it is counted; nothing before it was judged by that.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The rule it passed, if it passed one.
    pub fn passed(&self) -> Option<&str> {
        self.passed.as_deref()
    }
}

impl config::Forwarded {
    /// The name of the header.
    fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

#[cfg(test)]
mod tests;
