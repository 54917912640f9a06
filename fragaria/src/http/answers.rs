//! The bytes of answers that wait for their receivers: all together have a bound, and those for one
//! address a share of it.

use super::answer::Refusal;
use super::streams::Streams;
use crate::config::Server as Config;
use guard::share::{Seat, Share, Tally};
use model::metric::{Counter, Gauge, Registry};
use model::{Fault, Kind};
use std::fmt;
use std::sync::Arc;
use store::{Admittance, Entering, Gate, Reply};
use tokio::time::Instant;

/// Bytes that an answer is counted with beside its own: what is known of its request takes memory
/// for as long as it waits.
const BESIDE: usize = 1024;

/// Where what is for an address is counted together.
pub(crate) struct Account {
    seat: Arc<Seat<Tally>>,
    streams: Arc<Streams>,
}

/// The room there is for answers.
pub(crate) struct Answers {
    bytes_max: usize,
    /// What one more may need that is not made up yet.
    next: usize,
    /// What one takes whose rows stream, however long it becomes.
    stream: usize,
    held: Gauge,
    share: Share<Tally>,
    streams: Arc<Streams>,
    refused: Counter,
    share_refused: Counter,
}

/// What of it one answer takes, until it is dropped.
pub(crate) struct Held {
    bytes: usize,
    gauge: Gauge,
    whose: Arc<Account>,
}

/// There is no room.
#[derive(Debug)]
pub(crate) enum Full {
    /// For anybody.
    All,
    /// For answers to that address.
    Share,
}

impl Answers {
    /// Declares the metrics. One answer always has room.
    pub(crate) fn new(config: &Config, database: &store::Config, registry: &mut Registry) -> Self {
        let (all, percent) = (config.answers_bytes_max, config.answers_share_percent);
        let answers = Self {
            bytes_max: all,
            next: database.whole_bytes_max + BESIDE,
            stream: database.stream_bytes(),
            held: Gauge::default(),
            share: Share::of(all, percent, one(database)),
            streams: Arc::new(Streams::new(config, database, registry)),
            refused: Counter::default(),
            share_refused: Counter::default(),
        };
        registry.register(
            "fragaria_http_answers_bytes",
            "Bytes of answers that their receivers did not take yet",
            answers.held.clone(),
        );
        registry.register(
            "fragaria_http_answers_refused",
            "Requests refused because answers_bytes_max waited for their receivers",
            answers.refused.clone(),
        );
        registry.register(
            "fragaria_http_answers_share_refused",
            "Requests refused because answers to their address had their share of answers_bytes_max",
            answers.share_refused.clone(),
        );
        answers
    }

    /// Where answers for an address are counted.
    pub(crate) fn account(&self, whose: &str) -> Arc<Account> {
        Arc::new(Account {
            seat: self.share.tally(whose),
            streams: Arc::clone(&self.streams),
        })
    }

    /// What an answer takes.
    pub(crate) fn bytes(&self, reply: &Reply) -> usize {
        match reply {
            Reply::Whole(bytes) | Reply::Replayed(bytes) => bytes.len(),
            Reply::Stream(_) => self.stream,
        }
    }

    /// Whether one more may be made up.
    pub(crate) fn look(&self, whose: &Account) -> Result<(), Full> {
        self.allow(whose, self.next)
    }

    /// Counts an answer, unless there is no room for it.
    pub(crate) fn take(&self, whose: &Arc<Account>, bytes: usize) -> Result<Held, Full> {
        let held = self.hold(whose, bytes);
        self.allow(whose, 0).map(|()| held)
    }

    /// Counts an answer that is to be given whatever room there is.
    pub(crate) fn hold(&self, whose: &Arc<Account>, bytes: usize) -> Held {
        let bytes = bytes + BESIDE;
        self.held.inc_by(signed(bytes));
        whose.seat.add(bytes);
        Held {
            bytes,
            gauge: self.held.clone(),
            whose: Arc::clone(whose),
        }
    }

    fn allow(&self, whose: &Account, more: usize) -> Result<(), Full> {
        if self.held.get() > signed(self.bytes_max) - signed(more) {
            self.refused.inc();
            return Err(Full::All);
        }
        if !self.share.allows(&whose.seat, more) {
            self.share_refused.inc();
            return Err(Full::Share);
        }
        Ok(())
    }
}

impl Gate for Account {
    fn enter(self: Arc<Self>, until: Instant) -> Entering {
        Box::pin(async move {
            let place = self.streams.enter(self.seat.who(), until).await?;
            Ok(Box::new(place) as Admittance)
        })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.seat.who()).finish()
    }
}

impl Held {
    /// Gives back what is not needed for so many bytes.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes + BESIDE);
        self.give_back(less);
        self.bytes -= less;
    }

    fn give_back(&self, bytes: usize) {
        self.gauge.dec_by(signed(bytes));
        self.whose.seat.subtract(bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// What the largest answer takes.
pub(crate) fn one(database: &store::Config) -> usize {
    let whole = database.whole_bytes_max.max(database.write_bytes_max);
    whole.max(database.stream_bytes()) + BESIDE
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Self {
        let (code, message) = match full {
            Full::All => (
                "http.answers_full",
                "as many bytes of answers as may be wait for their receivers, try again later",
            ),
            Full::Share => (
                "http.answers_share",
                "as many bytes of answers as may be wait for receivers at this address, take them first",
            ),
        };
        Fault::new(code, Kind::Unavailable, message).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_tells_what_was_done_has_room_and_keeps_others_out_until_it_is_taken() {
        let config = Config {
            answers_bytes_max: 1000 * BESIDE,
            ..Config::default()
        };
        let database = store::Config {
            whole_bytes_max: 100 * BESIDE,
            write_bytes_max: 400 * BESIDE,
            chunk_bytes: BESIDE,
            ..store::Config::default()
        };
        let answers = Answers::new(&config, &database, &mut Registry::default());
        let (a, b) = (answers.account("a"), answers.account("b"));
        assert!(answers.look(&a).is_ok());
        let done = answers.hold(&a, 499 * BESIDE);
        assert!(matches!(answers.look(&a), Err(Full::Share)));
        assert!(matches!(answers.take(&a, 0), Err(Full::Share)));
        let mut other = answers.take(&b, 399 * BESIDE).unwrap();
        let more = answers.hold(&a, 100 * BESIDE);
        assert!(matches!(answers.take(&b, 0), Err(Full::All)));
        drop(more);
        other.shrink(9 * BESIDE);
        assert_eq!(answers.held.get(), 510 * 1024);
        assert!(answers.look(&b).is_ok());
        drop((done, other));
        assert_eq!(answers.held.get(), 0);
        assert!(answers.look(&a).is_ok());
        assert_eq!((answers.refused.get(), answers.share_refused.get()), (1, 2));
    }
}
