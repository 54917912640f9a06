//! What the cache tells of itself.

use super::Outcome;
use model::metric::{Counter, EncodeLabelSet, Family, Gauge, Registry, Unit};

/// The metrics of the cache; clones count together.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    requests: Family<Labels, Counter>,
    pub(super) puts: Counter,
    pub(super) evictions: Counter,
    pub(super) stale: Counter,
    pub(super) large: Counter,
    pub(super) bytes: Gauge,
    pub(super) entries: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
}

impl Metrics {
    /// Declares them.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for outcome in Outcome::ALL {
            drop(metrics.of(outcome));
        }
        registry.register(
            "fragaria_cache_requests",
            "Requests whose answer may be kept, by what came of it: given from the cache (hit), given what another one read at the same time (shared), read and perhaps kept (miss), read beside the cache (bypass)",
            metrics.requests.clone(),
        );
        for (name, help, counter) in [
            (
                "fragaria_cache_puts",
                "Answers that were kept",
                &metrics.puts,
            ),
            (
                "fragaria_cache_evictions",
                "Kept answers that made room for others, or found none",
                &metrics.evictions,
            ),
            (
                "fragaria_cache_stale",
                "Answers that were not given or not kept, as a table that they were read from had changed",
                &metrics.stale,
            ),
            (
                "fragaria_cache_large",
                "Answers that were not kept, as they were larger than cache.entry_bytes_max",
                &metrics.large,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register_with_unit(
            "fragaria_cache_size",
            "Memory of kept answers",
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        registry.register(
            "fragaria_cache_entries",
            "Answers that are kept",
            metrics.entries.clone(),
        );
        metrics
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.of(outcome).inc();
    }

    fn of(&self, outcome: Outcome) -> Counter {
        let outcome = outcome.name();
        self.requests.get_or_create(&Labels { outcome }).clone()
    }
}
