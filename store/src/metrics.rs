//! What the store measures about itself.

use model::metric::{Counter, Gauge, Histogram, Registry, Unit, seconds};

/// The store's metrics; cheap to clone, all clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// Time from asking for a connection to having it.
    pub(crate) queue_wait: Histogram,
    /// Connections at work.
    pub(crate) in_use: Gauge,
    /// Statements sent to the database.
    pub(crate) statements: Counter,
    /// Scripts stopped because their time was over.
    pub(crate) timeouts: Counter,
    /// Scripts refused because no connection came free.
    pub(crate) refused: Counter,
    /// Scripts stopped because nobody waited for them any more.
    pub(crate) cancelled: Counter,
    /// Top-level rows written.
    pub(crate) rows: Counter,
    /// Bytes of JSON handed out, whole or streamed.
    pub(crate) bytes: Counter,
    /// Results that were streamed.
    pub(crate) streams: Counter,
}

impl Metrics {
    /// Makes them known to the registry.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            queue_wait: Histogram::new(seconds()),
            in_use: Gauge::default(),
            statements: Counter::default(),
            timeouts: Counter::default(),
            refused: Counter::default(),
            cancelled: Counter::default(),
            rows: Counter::default(),
            bytes: Counter::default(),
            streams: Counter::default(),
        };
        metrics.declare(registry);
        metrics
    }

    fn declare(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "fragaria_store_queue_wait",
            "Time a request waited for a database connection",
            Unit::Seconds,
            self.queue_wait.clone(),
        );
        registry.register(
            "fragaria_store_pool_in_use",
            "Database connections at work now",
            self.in_use.clone(),
        );
        for (name, help, counter) in [
            (
                "fragaria_store_statements",
                "SQL statements sent to the database",
                &self.statements,
            ),
            (
                "fragaria_store_timeouts",
                "Requests stopped because the statement timeout passed",
                &self.timeouts,
            ),
            (
                "fragaria_store_refused",
                "Requests refused because no database connection came free",
                &self.refused,
            ),
            (
                "fragaria_store_cancelled",
                "Requests stopped in the database because the client was gone",
                &self.cancelled,
            ),
            (
                "fragaria_store_rows",
                "Top-level rows written as JSON",
                &self.rows,
            ),
            (
                "fragaria_store_bytes",
                "Bytes of JSON handed out",
                &self.bytes,
            ),
            (
                "fragaria_store_streams",
                "Results that were streamed instead of held whole",
                &self.streams,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
    }
}
