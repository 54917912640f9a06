//! What is counted about limits.

use super::table::Change;
use model::metric::{Counter, EncodeLabelSet, Family, Gauge, Histogram, Registry, Unit, seconds};
use std::sync::Arc;
use std::time::Duration;

/// The metrics of the limits.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    decisions: Family<Decision, Counter>,
    entries: Gauge,
    evictions: Family<Eviction, Counter>,
    pub(super) redis: RedisMetrics,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decision {
    rule: Arc<str>,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Eviction {
    owed: &'static str,
}

/// What is counted about Redis.
#[derive(Clone)]
pub(super) struct RedisMetrics {
    up: Gauge,
    calls: Family<Call, Counter>,
    duration: Histogram,
    apart: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    outcome: &'static str,
}

/// The counters of one rule.
pub(super) struct RuleMetrics {
    allowed: Counter,
    refused: Counter,
}

impl Metrics {
    /// Declares them.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "fragaria_rates_decisions",
            "Decisions of rate limits, by rule and outcome",
            metrics.decisions.clone(),
        );
        registry.register(
            "fragaria_rates_entries",
            "Entries of those who owe a rate limit something",
            metrics.entries.clone(),
        );
        registry.register(
            "fragaria_rates_evictions",
            "Entries that went: because nothing was owed any more, or in favour of a newcomer that took over what was",
            metrics.evictions.clone(),
        );
        // Both are shown before the first.
        for owed in ["nothing", "something"] {
            metrics
                .evictions
                .get_or_create(&Eviction { owed })
                .inc_by(0);
        }
        metrics.redis.register(registry);
        metrics
    }

    /// The counters of a rule.
    pub(super) fn of(&self, rule: &str) -> RuleMetrics {
        let rule = Arc::<str>::from(rule);
        let counter = |outcome| {
            let rule = rule.clone();
            let decisions = self.decisions.get_or_create(&Decision { rule, outcome });
            decisions.clone()
        };
        RuleMetrics {
            allowed: counter("allowed"),
            refused: counter("refused"),
        }
    }

    /// What became of a table.
    pub(super) fn table(&self, change: Change) {
        let evicted = |owed, count| {
            if count > 0 {
                let evictions = self.evictions.get_or_create(&Eviction { owed });
                evictions.inc_by(count);
            }
        };
        evicted("nothing", change.expired);
        evicted("something", change.displaced);
        let gone = change.expired + change.displaced;
        let grown = change.added.cast_signed() - gone.cast_signed();
        if grown != 0 {
            self.entries.inc_by(grown);
        }
    }
}

impl Default for RedisMetrics {
    fn default() -> Self {
        Self {
            up: Gauge::default(),
            calls: Family::default(),
            duration: Histogram::new(seconds()),
            apart: Counter::default(),
        }
    }
}

impl RedisMetrics {
    fn register(&self, registry: &mut Registry) {
        for outcome in ["ok", "failed"] {
            self.calls.get_or_create(&Call { outcome }).inc_by(0);
        }
        registry.register(
            "fragaria_rates_redis_up",
            "Whether the Redis that rate limits are shared through answers",
            self.up.clone(),
        );
        registry.register(
            "fragaria_rates_redis_calls",
            "Calls of Redis for rate limits, by outcome",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "fragaria_rates_redis_call_duration",
            "From a call of Redis for rate limits to its answer",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "fragaria_rates_apart",
            "Decisions by this server's part of a shared rate limit, as Redis was away or too much was to be asked of it",
            self.apart.clone(),
        );
    }

    /// Whether it answers.
    pub(super) fn up(&self, up: bool) {
        self.up.set(i64::from(up));
    }

    /// A call that ended.
    pub(super) fn called(&self, duration: Duration, answered: bool) {
        let outcome = if answered { "ok" } else { "failed" };
        self.calls.get_or_create(&Call { outcome }).inc();
        self.duration.observe(duration.as_secs_f64());
    }

    /// A decision without it.
    pub(super) fn kept_apart(&self) {
        self.apart.inc();
    }
}

impl RuleMetrics {
    /// A decision.
    pub(super) fn decided(&self, allowed: bool) {
        if allowed {
            self.allowed.inc();
        } else {
            self.refused.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Metrics {
        pub(in crate::rates) fn entries(&self) -> i64 {
            self.entries.get()
        }
    }

    impl RuleMetrics {
        /// How many were let through, and how many refused.
        pub(in crate::rates) fn counts(&self) -> (u64, u64) {
            (self.allowed.get(), self.refused.get())
        }
    }

    #[test]
    fn an_entry_that_takes_the_place_of_another_is_no_more_than_there_was() {
        let metrics = Metrics::new(&mut Registry::default());
        let added = Change {
            added: 1,
            ..Change::default()
        };
        metrics.table(added);
        metrics.table(Change {
            displaced: 1,
            ..added
        });
        assert_eq!(metrics.entries(), 1);
    }
}
