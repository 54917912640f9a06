//! Outcomes of writes that are kept for requests that repeat them: bounded, counted, removed in time.
//!
//! A driver keeps them in a table of the database it serves. In the transaction of a write with a
//! [`Claim`] it claims the key before all else; one that is claimed already ends the transaction
//! with the kept answer, or with [`Error::IdempotencyReused`]. The answer is kept right before the
//! commit, so there is an outcome just when there is a change. The table is made outside of that
//! transaction, and no catalog shows it. All time is the database's, so that servers agree on it.

mod ledger;
mod words;

use crate::config::Idempotency as Bounds;
use crate::metrics::Metrics;
use crate::{Config, Error, Failure, Reply};
use ledger::Ledger;
pub(crate) use ledger::Load;
use model::Once;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::OnceCell;
pub(crate) use words::{Given, response, statement};

/// What is known of the kept outcomes, and when to look again.
pub(crate) struct Idempotency {
    bounds: Bounds,
    metrics: Metrics,
    ledger: Mutex<Ledger>,
    looked: OnceCell<()>,
    /// What this database adds to the metrics.
    shown: Mutex<Shown>,
}

/// What a database adds to the metrics that all of them have together.
#[derive(Clone, Copy, Default)]
struct Shown {
    rows: i64,
    bytes: i64,
}

/// A write that is to happen once, as a driver needs it.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) once: Once,
    /// An outcome that is older is none any more, and its key is free.
    pub(crate) hours: u16,
    /// Whether no other outcome may be kept.
    is_full: bool,
}

/// A look at all outcomes, which removes old ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Those that are older than so many hours are removed.
    pub(crate) hours: u16,
    /// At most so many of them, which keeps the writer of SQLite for a few milliseconds.
    pub(crate) rows_max: u32,
}

/// What a round did and found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swept {
    /// How many outcomes it removed.
    pub(crate) removed: u64,
    /// What is there after it.
    pub(crate) left: Load,
}

impl Claim {
    /// The key was free: the write is to run, if there is room for its outcome.
    pub(crate) fn is_first(&self) -> Result<Option<Vec<u8>>, Error> {
        if self.is_full {
            return Err(Error::IdempotencyFull);
        }
        Ok(None)
    }

    /// The key was not free: its row has the answer, or none if that is another request's.
    pub(crate) fn is_repeated(rows: Vec<Option<Vec<u8>>>) -> Result<Option<Vec<u8>>, Error> {
        match <[_; 1]>::try_from(rows) {
            Ok([Some(answer)]) if !answer.is_empty() => Ok(Some(answer)),
            Ok([None]) => Err(Error::IdempotencyReused),
            // One that is committed has its answer.
            Ok([Some(_)]) | Err(_) => Err(Error::IdempotencyTable(
                "a key is taken and has no outcome".into(),
            )),
        }
    }

    /// The answer is in so many rows.
    pub(crate) fn is_kept(rows: u64) -> Result<(), Error> {
        match rows {
            1 => Ok(()),
            _ => Err(Error::IdempotencyTable(format!(
                "an outcome is in {rows} rows"
            ))),
        }
    }
}

/// What an error means that befell a statement about a key: whatever the table itself refuses, it is
/// not as it must be, or may not be used.
pub(crate) fn unusable(error: Error) -> Error {
    match error {
        Error::Internal(_)
        | Error::Unique(_)
        | Error::ForeignKey(_)
        | Error::NotNull(_)
        | Error::Check(_)
        | Error::Rule(_)
        | Error::Policy(_)
        | Error::Schema(_)
        | Error::Denied(_)
        | Error::NotAsItMust(_)
        | Error::OutOfRange(_)
        | Error::Conversion(_) => Error::IdempotencyTable(error.to_string()),
        other => other,
    }
}

impl Idempotency {
    pub(crate) fn new(config: &Config, metrics: Metrics) -> Self {
        Self {
            bounds: config.idempotency.clone(),
            metrics,
            ledger: Mutex::new(Ledger::new(Instant::now())),
            looked: OnceCell::new(),
            shown: Mutex::default(),
        }
    }

    /// Refuses a key where no outcomes are kept.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        if self.bounds.hours == 0 {
            return Err(Error::IdempotencyOff);
        }
        Ok(())
    }

    /// Waits for a first round, whoever began it; one that failed is followed by the next.
    pub(crate) async fn first_look(
        &self,
        round: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        self.looked.get_or_try_init(|| round).await.copied()
    }

    /// What is to be claimed for a request.
    pub(crate) fn claim(&self, once: Once) -> Claim {
        Claim {
            once,
            hours: self.bounds.hours,
            is_full: self.ledger().is_full(&self.bounds),
        }
    }

    /// Counts what became of a request with a key; tells whether a round begins with it.
    pub(crate) fn count(&self, reply: &Result<Reply, Failure>) -> bool {
        match reply {
            Ok(Reply::Replayed(_)) => self.metrics.idempotency_replayed.inc(),
            Ok(Reply::Whole(answer)) => {
                self.ledger().kept(answer.len());
                self.metrics.idempotency_kept.inc()
            }
            Err(failure) if matches!(failure.error, Error::IdempotencyReused) => {
                self.metrics.idempotency_refused.inc()
            }
            Err(failure) if matches!(failure.error, Error::IdempotencyFull) => {
                self.metrics.idempotency_full.inc()
            }
            Ok(Reply::Stream(_)) | Err(_) => 0,
        };
        self.ledger().begin(&self.bounds, Instant::now())
    }

    /// What a round is to do, and what was kept here before it began.
    pub(crate) fn round(&self) -> (Round, Load) {
        let round = Round {
            hours: self.bounds.hours,
            rows_max: Round::ROWS_MAX,
        };
        (round, self.ledger().kept_here())
    }

    /// Takes note of what a round found.
    pub(crate) fn found(&self, before: Load, swept: Swept) {
        let is_behind = swept.removed >= u64::from(Round::ROWS_MAX);
        self.ledger().found(before, swept.left, is_behind);
        let size = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.show(Shown {
            rows: size(swept.left.rows),
            bytes: size(swept.left.bytes),
        });
    }

    /// Puts what was found in the place of what was found before.
    fn show(&self, found: Shown) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Metrics {
            idempotency_rows,
            idempotency_bytes,
            ..
        } = &self.metrics;
        idempotency_rows.inc_by(found.rows - shown.rows);
        idempotency_bytes.inc_by(found.bytes - shown.bytes);
        *shown = found;
    }

    /// Lets the next round begin in its time.
    pub(crate) fn end(&self) {
        self.ledger().end(Instant::now());
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Idempotency {
    fn drop(&mut self) {
        self.show(Shown::default());
    }
}

impl Round {
    const ROWS_MAX: u32 = 1_000;
}
