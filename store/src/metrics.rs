//! What the store measures about itself.

use crate::Error;
use model::metric::{Counter, Family, Gauge, Histogram, Registry, Unit, seconds};
use std::sync::atomic::AtomicU64;

/// The store's metrics; cheap to clone, all clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// Time from asking for a connection to having it.
    pub(crate) queue_wait: Histogram,
    /// Connections at work for one request alone.
    pub(crate) in_use: Gauge,
    /// Connections that are open.
    connections: Family<Of, Gauge>,
    /// Requests that wait for one.
    waiting: Family<Of, Gauge>,
    /// Requests on shared connections.
    pub(crate) in_flight: Gauge,
    /// Statements sent to the database.
    pub(crate) statements: Counter,
    /// Statements that connections keep prepared.
    pub(crate) statements_kept: Gauge,
    /// Scripts stopped because their time was over.
    pub(crate) timeouts: Counter,
    /// Scripts refused because no connection came free.
    pub(crate) refused: Counter,
    /// Connections that the database refused, as it has as many as it takes.
    pub(crate) connections_refused: Counter,
    /// Scripts stopped because nobody waited for them any more.
    pub(crate) cancelled: Counter,
    /// Answers stopped because they were longer than any may be.
    pub(crate) over_bytes: Counter,
    /// Answers stopped because they had more rows than any may have.
    pub(crate) over_rows: Counter,
    /// Top-level rows written.
    pub(crate) rows: Counter,
    /// Bytes of JSON handed out, whole or streamed.
    pub(crate) bytes: Counter,
    /// Results that were streamed.
    pub(crate) streams: Counter,
    /// Writes committed together with others.
    pub(crate) grouped: Counter,
    /// Groups of writes that were undone, each of which ran again by itself.
    pub(crate) ungrouped: Counter,
    /// Transactions that ran again.
    pub(crate) retries: Counter,
    /// Outcomes kept for requests that repeat theirs.
    pub(crate) idempotency_kept: Counter,
    /// Requests given the outcome of an earlier one.
    pub(crate) idempotency_replayed: Counter,
    /// Requests with the key of another one.
    pub(crate) idempotency_refused: Counter,
    /// Requests whose outcome there was no room for.
    pub(crate) idempotency_full: Counter,
    /// Outcomes that are kept.
    pub(crate) idempotency_rows: Gauge,
    /// Bytes of their answers.
    pub(crate) idempotency_bytes: Gauge,
    /// Changes of tables that are followed.
    pub(crate) changes: Counter,
    /// How often following began anew.
    pub(crate) changes_restarts: Counter,
    /// Whether they are followed now.
    pub(crate) changes_following: Gauge,
    /// How far what was seen was behind when it was last looked at, in seconds.
    pub(crate) changes_lag: Gauge<f64, AtomicU64>,
}

/// Which connections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of PostgreSQL, for small reads of many requests.
    Shared,
    /// Of PostgreSQL and MariaDB, for one request at a time.
    Exclusive,
    /// Of SQLite, for short reads.
    Reader,
    /// Of SQLite, for long ones.
    LongReader,
    /// Of SQLite.
    Writer,
}

/// The label of what is counted by kind.
type Of = [(&'static str, &'static str); 1];

impl Kind {
    fn label(self) -> Of {
        let kind = match self {
            Self::Shared => "shared",
            Self::Exclusive => "exclusive",
            Self::Reader => "reader",
            Self::LongReader => "long_reader",
            Self::Writer => "writer",
        };
        [("kind", kind)]
    }
}

/// Connections of one kind, and who is before them.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    /// Those that are open.
    pub(crate) open: Gauge,
    /// Requests that wait for one.
    pub(crate) waiting: Gauge,
}

/// One that a gauge counts, until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// What is counted of some connections; of all that are of that kind together.
    pub(crate) fn of(&self, kind: Kind) -> Crowd {
        Crowd {
            open: self.connections.get_or_create_owned(&kind.label()),
            waiting: self.waiting.get_or_create_owned(&kind.label()),
        }
    }

    /// Makes them known to the registry.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            queue_wait: Histogram::new(seconds()),
            in_use: Gauge::default(),
            connections: Family::default(),
            waiting: Family::default(),
            in_flight: Gauge::default(),
            statements: Counter::default(),
            statements_kept: Gauge::default(),
            timeouts: Counter::default(),
            refused: Counter::default(),
            connections_refused: Counter::default(),
            cancelled: Counter::default(),
            over_bytes: Counter::default(),
            over_rows: Counter::default(),
            rows: Counter::default(),
            bytes: Counter::default(),
            streams: Counter::default(),
            grouped: Counter::default(),
            ungrouped: Counter::default(),
            retries: Counter::default(),
            idempotency_kept: Counter::default(),
            idempotency_replayed: Counter::default(),
            idempotency_refused: Counter::default(),
            idempotency_full: Counter::default(),
            idempotency_rows: Gauge::default(),
            idempotency_bytes: Gauge::default(),
            changes: Counter::default(),
            changes_restarts: Counter::default(),
            changes_following: Gauge::default(),
            changes_lag: Gauge::default(),
        };
        metrics.declare(registry);
        metrics
    }

    /// Counts a script that ran into a bound, by the bound.
    pub(crate) fn stopped(&self, error: &Error) {
        match error {
            Error::Timeout(_) => self.timeouts.inc(),
            Error::AnswerBytes(_) => self.over_bytes.inc(),
            Error::AnswerRows(_) => self.over_rows.inc(),
            _ => 0,
        };
    }

    /// Counts a script that got no answer: it ran into a bound, or no connection came free.
    pub(crate) fn unanswered(&self, error: &Error) {
        match error {
            Error::Busy(_) | Error::Full(_) => _ = self.refused.inc(),
            error => self.stopped(error),
        }
    }

    fn declare(&self, registry: &mut Registry) {
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
                "fragaria_store_over_bytes",
                "Answers stopped because they passed database.answer_bytes_max",
                &self.over_bytes,
            ),
            (
                "fragaria_store_over_rows",
                "Answers stopped because they passed database.answer_rows_max",
                &self.over_rows,
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
        registry.register(
            "fragaria_store_statements_kept",
            "Statements that database connections keep prepared now",
            self.statements_kept.clone(),
        );
        self.declare_writes(registry);
        self.declare_connections(registry);
        self.declare_idempotency(registry);
        self.declare_changes(registry);
    }

    fn declare_writes(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            (
                "fragaria_store_writes_grouped",
                "Writes committed together with others that waited, on SQLite",
                &self.grouped,
            ),
            (
                "fragaria_store_groups_undone",
                "Groups of waiting writes that could not be committed together, so that each ran by itself",
                &self.ungrouped,
            ),
            (
                "fragaria_store_retries",
                "Transactions run again because another one stood in their way",
                &self.retries,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    fn declare_connections(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "fragaria_store_queue_wait",
            "Time a request waited for a database connection of its own",
            Unit::Seconds,
            self.queue_wait.clone(),
        );
        registry.register(
            "fragaria_store_pool_in_use",
            "Connections that one request alone has now; requests on shared ones are fragaria_store_in_flight",
            self.in_use.clone(),
        );
        registry.register(
            "fragaria_store_in_flight",
            "Requests now on the connections that small reads share, at work or in line",
            self.in_flight.clone(),
        );
        registry.register(
            "fragaria_store_connections",
            "Open connections that requests are answered on, by kind",
            self.connections.clone(),
        );
        registry.register(
            "fragaria_store_waiting",
            "Requests that wait now until a connection comes free or is made, by its kind",
            self.waiting.clone(),
        );
        registry.register(
            "fragaria_store_connections_refused",
            "Connections the database refused because it takes no more of them",
            self.connections_refused.clone(),
        );
    }

    fn declare_changes(&self, registry: &mut Registry) {
        registry.register(
            "fragaria_store_changes",
            "How often tables that are followed counted as changed",
            self.changes.clone(),
        );
        registry.register(
            "fragaria_store_changes_restarts",
            "How often following the changes of others broke off",
            self.changes_restarts.clone(),
        );
        registry.register(
            "fragaria_store_changes_following",
            "Whether changes that others make are seen: 1, or 0 while they are not",
            self.changes_following.clone(),
        );
        registry.register_with_unit(
            "fragaria_store_changes_lag",
            "Time from asking whether all changes of others are seen to knowing it, last time",
            Unit::Seconds,
            self.changes_lag.clone(),
        );
    }

    fn declare_idempotency(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            (
                "fragaria_store_idempotency_kept",
                "Outcomes of mutations kept for requests that repeat them",
                &self.idempotency_kept,
            ),
            (
                "fragaria_store_idempotency_replayed",
                "Repeated requests given the outcome of the first",
                &self.idempotency_replayed,
            ),
            (
                "fragaria_store_idempotency_refused",
                "Requests refused because their key was used for another one",
                &self.idempotency_refused,
            ),
            (
                "fragaria_store_idempotency_full",
                "Requests refused because database.idempotency.rows_max or bytes_max was reached",
                &self.idempotency_full,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        for (name, help, gauge) in [
            (
                "fragaria_store_idempotency_rows",
                "Outcomes kept in the database when it was last looked at",
                &self.idempotency_rows,
            ),
            (
                "fragaria_store_idempotency_bytes",
                "Bytes of the answers kept in the database when it was last looked at",
                &self.idempotency_bytes,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }
}
