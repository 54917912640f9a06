//! How many tenants' databases are open, and how they fare; never which.

use model::metric::{Counter, Gauge, Registry};

/// Counts, without the names of tenants; clones count together.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    /// Databases that are open, or still closing.
    pub(super) open: Gauge,
    /// Those of them that cannot be reached.
    pub(super) away: Gauge,
    /// Those of them that do not hold what the artefact says.
    pub(super) unfit: Gauge,
    /// Databases that were opened.
    pub(super) openings: Counter,
    /// Databases that were closed, for they were idle or another one needed the place.
    pub(super) closings: Counter,
    /// Requests for which no place came free.
    pub(super) refused: Counter,
    /// Requests of callers without a tenant that is known.
    pub(super) strangers: Counter,
}

impl Metrics {
    /// Makes them known to the registry.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("fragaria_tenancy");
        for (name, help, gauge) in [
            ("open", "Databases of tenants that are open", &metrics.open),
            (
                "away",
                "Open databases of tenants that the last look could not reach",
                &metrics.away,
            ),
            (
                "unfit",
                "Open databases of tenants that do not hold what the artefact says",
                &metrics.unfit,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        for (name, help, counter) in [
            (
                "openings",
                "Databases of tenants that were opened",
                &metrics.openings,
            ),
            (
                "closings",
                "Databases of tenants that were closed, idle or for another one",
                &metrics.closings,
            ),
            (
                "refused",
                "Requests refused because tenancy.open_max databases of tenants were in use",
                &metrics.refused,
            ),
            (
                "strangers",
                "Requests refused because their caller has no tenant that is known",
                &metrics.strangers,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        metrics
    }
}
