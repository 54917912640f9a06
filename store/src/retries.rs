//! Transactions that the database undid for another one's sake: how often they run again, and when.
//!
//! Of two that wait for each other's rows, or that saw what the other has changed since, the database
//! undoes one as a whole. Nothing is left of it and nothing of it was handed out, so it may run again
//! from its beginning.

use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use crate::{Config, Error};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The longest pause before the second try; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(256);

/// How often a transaction may run again, and for how long.
pub(crate) struct Retries {
    max: u32,
    patience: Duration,
    metrics: Metrics,
}

impl Retries {
    pub(crate) fn new(config: &Config, metrics: Metrics) -> Self {
        Self {
            max: config.retries_max,
            patience: config.statement_timeout(true),
            metrics,
        }
    }

    /// Runs a transaction until no other one stands in its way, or it has run often enough.
    pub(crate) async fn run<T, Running>(&self, transact: impl Fn() -> Running) -> Result<T, Snag>
    where
        Running: Future<Output = Result<T, Snag>>,
    {
        let begun = Instant::now();
        let mut retried = 0;
        loop {
            let snag = match transact().await {
                Err(snag) if self.again(&snag, retried, begun.elapsed()) => snag,
                outcome => return outcome,
            };
            tracing::debug!(detail = %snag.error, "a transaction runs again");
            self.metrics.retries.inc();
            sleep(pause(retried)).await;
            retried += 1;
        }
    }

    /// Whether to run again after so many times and so long.
    fn again(&self, snag: &Snag, retried: u32, elapsed: Duration) -> bool {
        let may = match snag.kind {
            // Each time one of those that wait for a key gets on, so their number is the bound.
            Kind::Late => true,
            Kind::Refused => matches!(snag.error, Error::Serialization(_)) && retried < self.max,
            Kind::Lost | Kind::Stale | Kind::Abandoned => false,
        };
        may && elapsed < self.patience
    }
}

/// By chance, so that those who were in each other's way do not meet again.
fn pause(retried: u32) -> Duration {
    let longest = FIRST.saturating_mul(1 << retried.min(16)).min(LONGEST);
    longest.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(max: u32) -> Retries {
        let config = Config {
            retries_max: max,
            read_timeout_ms: 100,
            write_timeout_ms: 100,
            ..Config::default()
        };
        Retries::new(
            &config,
            Metrics::register(&mut model::metric::Registry::default()),
        )
    }

    fn snag(kind: Kind) -> Snag {
        Snag::new(kind, Error::Serialization("deadlock".into()))
    }

    #[test]
    fn only_what_the_database_undid_runs_again() {
        let retries = retries(2);
        let soon = Duration::ZERO;
        assert!(retries.again(&snag(Kind::Refused), 0, soon));
        assert!(retries.again(&snag(Kind::Late), 0, soon));
        for kind in [Kind::Lost, Kind::Stale, Kind::Abandoned] {
            assert!(!retries.again(&snag(kind), 0, soon), "{kind:?}");
        }
        let other = Snag::refused(Error::Unique("name".to_owned().into()));
        assert!(!retries.again(&other, 0, soon));
    }

    #[test]
    fn it_runs_again_so_often_and_so_long() {
        let (retries, refused) = (retries(2), snag(Kind::Refused));
        assert!(retries.again(&refused, 1, Duration::from_millis(99)));
        assert!(!retries.again(&refused, 2, Duration::ZERO));
        assert!(!retries.again(&refused, 0, Duration::from_millis(100)));
        assert!(retries.again(&snag(Kind::Late), 50, Duration::from_millis(99)));
        assert!(!retries.again(&snag(Kind::Late), 0, Duration::from_millis(100)));
        assert!(pause(0) <= FIRST && pause(u32::MAX) <= LONGEST);
    }
}
