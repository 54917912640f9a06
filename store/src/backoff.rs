//! When to try again to reach a server that is away.

use crate::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Connects to one server: within a limit of time, and without a stampede while it is away.
#[derive(Debug)]
pub(crate) struct Attempts {
    timeout: Duration,
    backoff: Mutex<Backoff>,
}

/// Failed attempts in a row, and until when nobody tries again.
///
/// While the server is away one attempt at a time probes it; all others are refused at once.
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
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            backoff: Mutex::default(),
        }
    }

    /// Makes an attempt; refused at once while the server is known to be away.
    pub(crate) async fn connect<T>(
        &self,
        attempt: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let leave = self
            .backoff(|backoff| backoff.admit(Instant::now()))
            .map_err(|pause| {
                Error::Unavailable(format!(
                    "the next attempt is due in {} ms",
                    pause.as_millis()
                ))
            })?;
        match self.in_time(attempt).await {
            Ok(connection) => {
                self.backoff(Backoff::succeeded);
                Ok(connection)
            }
            Err(error) => {
                self.backoff(|backoff| backoff.failed(&leave, Instant::now()));
                tracing::warn!(%error, "no connection to the database");
                Err(error)
            }
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

    fn backoff<T>(&self, act: impl FnOnce(&mut Backoff) -> T) -> T {
        act(&mut self.backoff.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
