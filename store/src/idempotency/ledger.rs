//! How much is kept, as far as this server knows, and when it is to look again.
//!
//! Other servers keep outcomes in the same table. Each looks at all of it after a time, or when it
//! has itself kept a part of what may be kept; so together they may pass a bound by that part each.

use crate::Error;
use crate::config::Idempotency as Bounds;
use std::time::{Duration, Instant};

/// How long after a round the next one is due.
const PAUSE: Duration = Duration::from_secs(60);
/// The same while there is no room, so that it is soon seen when there is.
const PAUSE_FULL: Duration = Duration::from_secs(1);
/// A round is due earlier when one such part of what may be kept was kept here.
const PARTS: u64 = 64;

/// Outcomes, and the bytes of their answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// What the last round found, and what was kept here since.
#[derive(Debug)]
pub(super) struct Ledger {
    found: Load,
    kept: Load,
    /// Whether the last round left some of what it was to remove.
    is_behind: bool,
    /// When the last round ended; none while one is under way.
    ended: Option<Instant>,
}

impl Load {
    /// As a database counted it.
    pub(crate) fn counted(rows: i64, bytes: i64) -> Result<Self, Error> {
        match (rows.try_into(), bytes.try_into()) {
            (Ok(rows), Ok(bytes)) => Ok(Self { rows, bytes }),
            _ => Err(Error::IdempotencyTable(format!(
                "it has {rows} rows of {bytes} bytes"
            ))),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_sub(other.rows),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// Whether so many times as much is as much as may be kept.
    fn reaches(self, bounds: &Bounds, times: u64) -> bool {
        self.rows.saturating_mul(times) >= bounds.rows_max
            || self.bytes.saturating_mul(times) >= bounds.bytes_max
    }
}

impl Ledger {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            found: Load::default(),
            kept: Load::default(),
            is_behind: false,
            ended: Some(now),
        }
    }

    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.found.plus(self.kept).reaches(bounds, 1)
    }

    /// One more was kept here, with an answer of so many bytes.
    pub(super) fn kept(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.kept = self.kept.plus(Load { rows: 1, bytes });
    }

    /// What was kept here since the last round.
    pub(super) fn kept_here(&self) -> Load {
        self.kept
    }

    /// Whether a round begins now; none while one is under way.
    pub(super) fn begin(&mut self, bounds: &Bounds, now: Instant) -> bool {
        let Some(ended) = self.ended else {
            return false;
        };
        let pause = if self.is_full(bounds) {
            PAUSE_FULL
        } else {
            PAUSE
        };
        let has_grown = self.kept.rows > 0 && self.kept.reaches(bounds, PARTS);
        let begins = self.is_behind || has_grown || now >= ended + pause;
        if begins {
            self.ended = None;
        }
        begins
    }

    /// A round found so much. What was kept here before it is part of it; what was kept while it
    /// went on may be, and is counted twice rather than not at all.
    pub(super) fn found(&mut self, before: Load, found: Load, is_behind: bool) {
        self.found = found;
        self.kept = self.kept.minus(before);
        self.is_behind = is_behind;
    }

    /// A round ended, whether it found something or not.
    pub(super) fn end(&mut self, now: Instant) {
        self.ended = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Load = Load { rows: 0, bytes: 0 };

    fn bounds() -> Bounds {
        Bounds {
            hours: 24,
            rows_max: 640,
            bytes_max: 6_400,
        }
    }

    fn load(rows: u64, bytes: u64) -> Load {
        Load { rows, bytes }
    }

    #[test]
    fn there_is_one_round_at_a_time_and_a_pause_after_it() {
        let now = Instant::now();
        let mut ledger = Ledger::new(now);
        assert!(!ledger.begin(&bounds(), now));
        assert!(ledger.begin(&bounds(), now + PAUSE));
        assert!(
            !ledger.begin(&bounds(), now + 3 * PAUSE),
            "one is under way"
        );
        ledger.end(now);
        assert!(!ledger.begin(&bounds(), now + PAUSE_FULL));
        assert!(ledger.begin(&bounds(), now + PAUSE));
    }

    #[test]
    fn a_round_that_left_some_behind_is_followed_by_another() {
        let now = Instant::now();
        let mut ledger = Ledger::new(now);
        ledger.found(START, load(1, 1), true);
        assert!(ledger.begin(&bounds(), now));
        ledger.found(START, load(1, 1), false);
        ledger.end(now);
        assert!(!ledger.begin(&bounds(), now));
    }

    #[test]
    fn a_round_is_due_when_a_part_of_the_room_is_taken() {
        let now = Instant::now();
        for bytes in [1, 100] {
            let mut ledger = Ledger::new(now);
            let mut kept = 0;
            while !ledger.begin(&bounds(), now) {
                ledger.kept(bytes);
                kept += 1;
            }
            assert_eq!(kept, if bytes == 1 { 10 } else { 1 });
        }
    }

    #[test]
    fn a_full_table_is_looked_at_again_soon() {
        let now = Instant::now();
        for found in [load(640, 0), load(1, 6_400)] {
            let mut ledger = Ledger::new(now);
            assert!(!ledger.is_full(&bounds()));
            ledger.found(START, found, false);
            assert!(ledger.is_full(&bounds()));
            assert!(!ledger.begin(&bounds(), now));
            assert!(ledger.begin(&bounds(), now + PAUSE_FULL));
        }
    }

    #[test]
    fn what_is_kept_while_a_round_goes_on_is_not_forgotten() {
        let mut ledger = Ledger::new(Instant::now());
        ledger.kept(100);
        let before = ledger.kept_here();
        ledger.kept(200);
        ledger.found(before, load(639, 100), false);
        assert_eq!(ledger.kept_here(), load(1, 200));
        assert!(ledger.is_full(&bounds()));
    }
}
