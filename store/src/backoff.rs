//! When to try again to reach a server that is away, or that takes no further connection.

use crate::Error;
use crate::metrics::Metrics;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// How often the log tells that a server takes no further connection, at the most.
const TOLD: Duration = Duration::from_secs(60);

/// Connects to one server: within a limit of time, and without a stampede while it is away or full.
#[derive(Debug)]
pub(crate) struct Attempts {
    timeout: Duration,
    /// Attempts that found it away.
    away: Mutex<Backoff>,
    /// Attempts that it refused because it takes no further connection. It is there: what has a
    /// connection has it, and no more are asked for until the next attempt is due.
    full: Mutex<Backoff>,
    /// When the log told so last.
    told: Mutex<Option<Instant>>,
    metrics: Metrics,
}

/// Failed attempts in a row, and until when nobody tries again.
///
/// While the server refuses one attempt at a time probes it; all others are refused at once.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

/// Leave for one attempt to connect.
#[derive(Debug, PartialEq, Eq)]
struct Leave {
    failures: u32,
}

impl Attempts {
    pub(crate) fn new(timeout: Duration, metrics: Metrics) -> Self {
        Self {
            timeout,
            away: Mutex::default(),
            full: Mutex::default(),
            told: Mutex::default(),
            metrics,
        }
    }

    /// Makes an attempt; refused at once while the server is known to be away, or to be full.
    pub(crate) async fn connect<T>(
        &self,
        attempt: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let now = Instant::now();
        let reach = locked(&self.away).admit(now).map_err(due);
        let reach = reach.map_err(Error::Unavailable)?;
        let room = locked(&self.full).admit(now).map_err(due);
        let room = room.map_err(Error::Full)?;
        let outcome = self.in_time(attempt).await;
        match &outcome {
            Ok(_) => {
                locked(&self.away).succeeded();
                locked(&self.full).succeeded();
            }
            Err(error @ Error::Full(_)) => {
                locked(&self.away).succeeded();
                locked(&self.full).failed(&room, Instant::now());
                self.tell(error, Instant::now());
            }
            Err(error) => {
                locked(&self.away).failed(&reach, Instant::now());
                tracing::warn!(%error, "no connection to the database");
            }
        }
        outcome
    }

    /// Counts that the server takes no further connection, and tells it in the log now and then.
    fn tell(&self, error: &Error, now: Instant) {
        self.metrics.connections_refused.inc();
        let mut told = locked(&self.told);
        if told.is_none_or(|told| now.saturating_duration_since(told) >= TOLD) {
            *told = Some(now);
            tracing::warn!(%error, "no further connection to the database");
        }
    }

    /// Waits for a connection as long as making one may take.
    pub(crate) async fn in_time<T, E: From<Error>>(
        &self,
        connecting: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match timeout(self.timeout, connecting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::Unavailable("connecting took too long".into()).into()),
        }
    }
}

fn locked<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn due(pause: Duration) -> String {
    format!("the next attempt is due in {} ms", pause.as_millis())
}

impl Backoff {
    /// Leave to connect now, or how long to wait.
    fn admit(&mut self, now: Instant) -> Result<Leave, Duration> {
        match self.until {
            Some(until) if until > now => Err(until - now),
            Some(_) => {
                self.until = Some(now + self.pause());
                Ok(self.leave())
            }
            None => Ok(self.leave()),
        }
    }

    /// An attempt succeeded.
    fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// An attempt failed; of several that ran at once, the first counts.
    fn failed(&mut self, leave: &Leave, now: Instant) {
        if leave.failures == self.failures {
            self.failures += 1;
            self.until = Some(now + self.pause());
        }
    }

    fn leave(&self) -> Leave {
        Leave {
            failures: self.failures,
        }
    }

    /// Doubles with each failure; the lower half is by chance, so that servers do not come back
    /// to all of us at once.
    fn pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(16);
        let longest = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_probe_at_a_time_and_ever_longer_pauses() {
        let mut backoff = Backoff::default();
        let mut now = Instant::now();
        let (first, second) = (backoff.admit(now).unwrap(), backoff.admit(now).unwrap());
        backoff.failed(&first, now);
        backoff.failed(&second, now);
        assert_eq!(backoff.failures, 1, "attempts side by side count once");
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let pause = backoff.admit(now).unwrap_err();
            pauses.push(pause);
            now += pause;
            let probe = backoff.admit(now).unwrap();
            assert!(backoff.admit(now).is_err(), "only one probes");
            backoff.failed(&probe, now);
        }
        assert!(pauses[0] <= FIRST && pauses[0] >= FIRST / 2);
        assert!(pauses[9] <= LONGEST && pauses[9] >= LONGEST / 2);
    }

    #[tokio::test]
    async fn a_server_that_takes_no_further_connection_is_not_away() {
        let metrics = Metrics::register(&mut model::metric::Registry::default());
        let attempts = Attempts::new(Duration::from_secs(1), metrics);
        let refused = async || {
            let full = async { Err::<(), _>(Error::Full("too many".into())) };
            attempts.connect(full).await
        };
        assert!(matches!(refused().await, Err(Error::Full(_))));
        let at_once = refused().await.unwrap_err().to_string();
        assert!(at_once.contains("is due in"), "{at_once}");
        assert_eq!(locked(&attempts.away).failures, 0);
        assert_eq!(attempts.metrics.connections_refused.get(), 1);
        locked(&attempts.full).until = Some(Instant::now());
        assert!(attempts.connect(async { Ok(()) }).await.is_ok());
        assert!(attempts.connect(async { Ok(()) }).await.is_ok());
    }

    #[test]
    fn a_success_opens_the_door_for_all() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let leave = backoff.admit(now).unwrap();
        backoff.failed(&leave, now);
        backoff.succeeded();
        assert!(backoff.admit(now).is_ok());
        assert!(backoff.admit(now).is_ok());
    }
}
