//! The one line every request leaves: opened when it arrives, closed at its last byte.

use crate::logs::Callers;
use model::metric::{Counter, EncodeLabelSet, Family, Gauge, Histogram, Registry, Unit, seconds};
use model::{Caller, Clock, Kind, Rights};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest operation name that is kept.
const NAME_CHARACTERS_MAX: usize = 100;

/// Longest list of the roles of a caller that is kept.
const ROLES_CHARACTERS_MAX: usize = 400;

/// The metrics of requests, and the clock they are timed by.
#[derive(Clone)]
pub struct Requests(Arc<Counted>);

struct Counted {
    clock: Arc<dyn Clock>,
    callers: Callers,
    total: Family<Labels, Counter>,
    faults: Family<Code, Counter>,
    duration: Family<Endpoint, Histogram>,
    /// Those of most requests, at hand.
    answered: (Counter, Histogram),
    in_flight: Gauge,
    bytes: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    endpoint: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

/// GraphQL that was answered: nearly all requests.
const ANSWERED: Labels = Labels {
    endpoint: "graphql",
    outcome: "ok",
};
const GRAPHQL: Endpoint = Endpoint {
    endpoint: "graphql",
};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client was given what it asked for.
    Ok,
    /// The client was told of a fault.
    Fault(Kind),
    /// The server failed after the first byte, or its client took nothing for too long, and the
    /// connection was cut.
    Aborted,
    /// The client went away before the last byte.
    Cancelled,
}

/// A request on its way; dropping it closes it.
pub struct Line {
    requests: Requests,
    opened: Instant,
    entry: Entry,
}

/// What the log tells of a request.
#[derive(Debug)]
pub struct Entry {
    /// The id the client was given.
    pub request_id: Box<str>,
    /// Which part of the server it was for: `graphql`, `health`, `metrics`, `console`, `none`.
    pub endpoint: &'static str,
    /// Hash of the artefact that answered.
    pub artefact: Option<Arc<str>>,
    /// Who asked, once that is known.
    pub caller: Option<Arc<Caller>>,
    /// The tenant in whose database it worked.
    pub tenant: Option<Arc<str>>,
    /// Name of the operation, cut to a bounded length.
    pub operation: Option<Box<str>>,
    /// HTTP status; 0 until one is decided.
    pub status: u16,
    /// Code of the first fault told.
    pub code: Option<&'static str>,
    /// What the operation costs, as far as it came.
    pub cost: Option<u64>,
    /// What came of looking for a kept answer, where one may be kept: `hit`, `shared`, `miss`, `bypass`.
    pub cache: Option<&'static str>,
    /// Name of the rate limit that was passed.
    pub limit: Option<Box<str>>,
    /// Bytes of the response body handed over.
    pub bytes: u64,
    /// How it ended; cancelled until something else is known.
    pub outcome: Outcome,
}

impl Requests {
    /// Declares the metrics; of callers the lines tell no more than that.
    pub fn new(clock: Arc<dyn Clock>, callers: Callers, registry: &mut Registry) -> Self {
        let total = Family::<Labels, Counter>::default();
        let duration =
            Family::<Endpoint, Histogram>::new_with_constructor(|| Histogram::new(seconds()));
        let answered = (
            total.get_or_create(&ANSWERED).clone(),
            duration.get_or_create(&GRAPHQL).clone(),
        );
        let counted = Counted {
            clock,
            callers,
            answered,
            total,
            faults: Family::default(),
            duration,
            in_flight: Gauge::default(),
            bytes: Counter::default(),
        };
        counted.register(registry);
        Self(Arc::new(counted))
    }

    /// Opens the line of a request.
    pub fn open(&self, request_id: Box<str>, endpoint: &'static str) -> Line {
        self.0.in_flight.inc();
        let entry = Entry {
            request_id,
            endpoint,
            artefact: None,
            caller: None,
            tenant: None,
            operation: None,
            status: 0,
            code: None,
            cost: None,
            cache: None,
            limit: None,
            bytes: 0,
            outcome: Outcome::Cancelled,
        };
        Line {
            requests: self.clone(),
            opened: self.0.clock.instant(),
            entry,
        }
    }
}

impl Counted {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "fragaria_http_requests",
            "Requests ended, by outcome",
            self.total.clone(),
        );
        registry.register(
            "fragaria_http_faults",
            "Requests refused, failed or broken off, by the code that the log has, too",
            self.faults.clone(),
        );
        registry.register_with_unit(
            "fragaria_http_request_duration",
            "From the head of the request to the last byte of the response",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "fragaria_http_requests_in_flight",
            "Requests being served",
            self.in_flight.clone(),
        );
        registry.register_with_unit(
            "fragaria_http_response",
            "Bytes of response bodies handed to connections",
            Unit::Bytes,
            self.bytes.clone(),
        );
    }

    fn close(&self, entry: &Entry, duration: Duration) {
        let endpoint = entry.endpoint;
        let labels = Labels {
            endpoint,
            outcome: entry.outcome.name(),
        };
        self.in_flight.dec();
        if labels == ANSWERED {
            let (total, durations) = &self.answered;
            total.inc();
            durations.observe(duration.as_secs_f64());
        } else {
            self.total.get_or_create(&labels).inc();
            self.duration
                .get_or_create(&Endpoint { endpoint })
                .observe(duration.as_secs_f64());
        }
        if let Some(code) = entry.code {
            self.faults.get_or_create(&Code { code }).inc();
        }
        self.bytes.inc_by(entry.bytes);
    }
}

impl Line {
    /// Names the operation, as far as the log keeps names.
    pub fn name(&mut self, operation: Option<&str>) {
        let cut = |name: &str| name.chars().take(NAME_CHARACTERS_MAX).collect();
        self.entry.operation = operation.map(cut);
    }

    /// What is known of the request so far.
    pub fn entry(&mut self) -> &mut Entry {
        &mut self.entry
    }

    /// The id the client was given.
    pub fn request_id(&self) -> &str {
        &self.entry.request_id
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let duration = self
            .requests
            .0
            .clock
            .instant()
            .saturating_duration_since(self.opened);
        self.requests.0.close(&self.entry, duration);
        self.entry.write(duration, self.requests.0.callers);
    }
}

impl Entry {
    /// Looks at health and metrics come every few seconds and say little: they are for debugging.
    fn write(&self, duration: Duration, callers: Callers) {
        let (caller, roles) = self.who(callers);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request_id = &*self.request_id,
                    endpoint = self.endpoint,
                    artefact = self.artefact.as_deref(),
                    caller,
                    roles = roles.as_deref(),
                    tenant = self.tenant.as_deref(),
                    operation = self.operation.as_deref(),
                    outcome = self.outcome.name(),
                    status = self.status,
                    code = self.code,
                    cost = self.cost,
                    cache = self.cache,
                    limit = self.limit.as_deref(),
                    bytes = self.bytes,
                    duration_ms = (duration.as_secs_f64() * 1e6).round() / 1e3,
                    "request"
                )
            };
        }
        match (self.endpoint, self.outcome) {
            ("graphql", _) | (_, Outcome::Aborted) => line!(info),
            _ => line!(debug),
        }
    }
}

impl Entry {
    /// What may be told of who asked: its name, and its roles with commas between them.
    fn who(&self, callers: Callers) -> (Option<&str>, Option<String>) {
        let caller = self.caller.as_deref();
        let roles = caller.filter(|_| callers != Callers::Nothing);
        let roles = roles.and_then(|caller| match &caller.rights {
            Rights::All => None,
            Rights::Of(roles) => {
                let names: Vec<_> = roles.names().collect();
                Some(names.join(",").chars().take(ROLES_CHARACTERS_MAX).collect())
            }
        });
        let name = caller.filter(|_| callers == Callers::Name);
        (name.map(|caller| &*caller.name), roles)
    }
}

impl Outcome {
    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fault(Kind::Malformed) => "malformed",
            Self::Fault(Kind::Unauthenticated) => "unauthenticated",
            Self::Fault(Kind::Invalid) => "invalid",
            Self::Fault(Kind::Conflict) => "conflict",
            Self::Fault(Kind::Denied) => "denied",
            Self::Fault(Kind::Limit) => "limit",
            Self::Fault(Kind::Unavailable) => "unavailable",
            Self::Fault(Kind::Timeout) => "timeout",
            Self::Fault(Kind::Internal) => "internal",
            Self::Aborted => "aborted",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::render;
    use std::sync::Mutex;
    use std::time::SystemTime;

    struct Hand(Mutex<Instant>);

    impl Clock for Hand {
        fn instant(&self) -> Instant {
            *self.0.lock().unwrap()
        }

        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
    }

    #[test]
    fn a_request_is_in_flight_until_its_line_is_dropped() {
        let mut registry = Registry::default();
        let clock = Arc::new(Hand(Mutex::new(Instant::now())));
        let requests = Requests::new(clock.clone(), Callers::Name, &mut registry);
        let mut line = requests.open("a-1".into(), "graphql");
        assert!(render([&registry]).unwrap().contains("in_flight 1"));
        line.entry().outcome = Outcome::Ok;
        line.entry().bytes = 12;
        *clock.0.lock().unwrap() += Duration::from_millis(20);
        drop(line);
        let text = render([&registry]).unwrap();
        assert!(text.contains("in_flight 0"));
        assert!(
            text.contains(r#"requests_total{endpoint="graphql",outcome="ok"} 1"#),
            "{text}"
        );
        assert!(
            text.contains(r#"duration_seconds_sum{endpoint="graphql"} 0.02"#),
            "{text}"
        );
        assert!(
            text.contains("fragaria_http_response_bytes_total 12"),
            "{text}"
        );
    }

    #[test]
    fn a_line_nobody_finished_counts_as_cancelled() {
        let mut registry = Registry::default();
        let clock = Arc::new(Hand(Mutex::new(Instant::now())));
        let requests = Requests::new(clock, Callers::Name, &mut registry);
        drop(requests.open("a-1".into(), "graphql"));
        assert!(
            render([&registry])
                .unwrap()
                .contains(r#"outcome="cancelled"} 1"#)
        );
    }
}
