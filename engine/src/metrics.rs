//! What the engine counts.

use model::metric::{Counter, Gauge, Registry, Unit};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::hash::Hash;

/// The metrics of one engine.
pub(crate) struct Metrics {
    pub(crate) documents: CacheMetrics,
    pub(crate) plans: CacheMetrics,
    pub(crate) shapes: CacheMetrics,
    pub(crate) types: Gauge,
}

/// The metrics of a cache bounded by bytes.
#[derive(Default)]
pub(crate) struct CacheMetrics {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    bytes: Gauge,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("fragaria_engine");
        let types = Gauge::default();
        let help = "Types of the API that were made so far, for all roles together";
        registry.register("types", help, types.clone());
        Self {
            documents: CacheMetrics::register(registry, "document"),
            plans: CacheMetrics::register(registry, "plan"),
            shapes: CacheMetrics::register(registry, "shape"),
            types,
        }
    }
}

impl CacheMetrics {
    pub(crate) fn register(registry: &mut Registry, what: &str) -> Self {
        let metrics = Self::default();
        let name = |suffix: &str| format!("{what}_cache_{suffix}");
        let help = |text: &str| format!("{text} the {} cache", what.replace('_', " "));
        registry.register(
            name("hits"),
            help("Requests answered from"),
            metrics.hits.clone(),
        );
        registry.register(
            name("misses"),
            help("Requests that missed"),
            metrics.misses.clone(),
        );
        registry.register_with_unit(
            name("size"),
            help("Estimated memory of"),
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        metrics
    }

    /// Takes the size of the cache down.
    pub(crate) fn observe<K: Eq + Hash, V: Clone, W: Weighter<K, V> + Clone>(
        &self,
        cache: &Cache<K, V, W>,
    ) {
        self.bytes
            .set(i64::try_from(cache.weight()).unwrap_or(i64::MAX));
    }
}
