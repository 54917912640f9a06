//! Commits that were decoded and that no snapshot showed yet.

use crate::changes::Seen;
use std::collections::BTreeSet;

/// How many commits may wait; so many come between two looks of no server.
const COMMITS_MAX: usize = 1_000_000;

/// A moment as the server sees it: which transactions can be seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The first number that was given to none.
    pub(super) next: u64,
    /// Those that were under way.
    pub(super) running: Vec<u64>,
}

/// What is counted again once it can be seen.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    transactions: Vec<u32>,
    tables: BTreeSet<(String, String)>,
    everything: bool,
}

impl Snapshot {
    /// Reads what the server writes: `xmin:xmax:xip,xip`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (_least, next) = (parts.next()?, parts.next()?);
        let running = parts.next()?.split(',').filter(|part| !part.is_empty());
        let running: Result<_, _> = running.map(str::parse).collect();
        Some(Self {
            next: next.parse().ok()?,
            running: running.ok()?,
        })
    }

    /// Whether what a transaction that was committed did can be seen; its number lacks the epoch.
    fn shows(&self, transaction: u32) -> bool {
        // Numbers go in a circle, and two billion of them are before each.
        let is_later = transaction.wrapping_sub(short(self.next)) < 1 << 31;
        !is_later && !self.running.iter().any(|one| short(*one) == transaction)
    }
}

impl Unsettled {
    /// Everything may change until the transactions have ended that were under way.
    pub(super) fn everything_since(&mut self, snapshot: &Snapshot) {
        let running = snapshot.running.iter().copied();
        self.transactions.extend(running.map(short));
        self.everything = true;
    }

    /// A transaction was decoded; whether there is room for it.
    pub(super) fn committed(
        &mut self,
        transaction: u32,
        everything: bool,
        tables: BTreeSet<(String, String)>,
    ) -> bool {
        self.transactions.push(transaction);
        self.everything |= everything;
        self.tables.extend(tables);
        self.transactions.len() <= COMMITS_MAX
    }

    /// Counts again what can be seen now.
    pub(super) fn settle(&mut self, snapshot: &Snapshot, seen: &Seen) {
        if self.transactions.is_empty() && !self.everything {
            return;
        }
        self.transactions.retain(|one| !snapshot.shows(*one));
        count(seen, self.everything, &self.tables);
        if self.transactions.is_empty() {
            *self = Self::default();
        }
    }
}

/// The number of a transaction without its epoch.
#[expect(clippy::cast_possible_truncation, reason = "the epoch stands above")]
fn short(number: u64) -> u32 {
    number as u32
}

/// Counts a change of these tables, or of all.
pub(super) fn count(seen: &Seen, everything: bool, tables: &BTreeSet<(String, String)>) {
    if everything {
        seen.generations.bump_everything();
        return;
    }
    for (schema, name) in tables {
        seen.changed_there(schema, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_shows_what_was_over_and_nothing_else() {
        let snapshot = Snapshot::read("740:745:740,743").unwrap();
        for (transaction, shown) in [(739, true), (740, false), (741, true), (743, false)] {
            assert_eq!(snapshot.shows(transaction), shown, "{transaction}");
        }
        assert!(snapshot.shows(744) && !snapshot.shows(745) && !snapshot.shows(746));
        assert_eq!(Snapshot::read("5:5:").unwrap().running, [0_u64; 0]);
        for text in ["", "5", "5:6", "5:x:", "5:6:x"] {
            assert_eq!(Snapshot::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_go_in_a_circle() {
        let snapshot = Snapshot::read("4294967290:4294967301:4294967297").unwrap();
        assert!(snapshot.shows(u32::MAX) && snapshot.shows(3) && snapshot.shows(4));
        assert!(!snapshot.shows(1) && !snapshot.shows(5) && !snapshot.shows(6));
    }
}
