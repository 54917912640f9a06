//! What is owed by whom, in a bounded number of entries.
//!
//! Entries that are full again go first, and nothing is lost with them. Where everybody in a full
//! table owes something, a newcomer takes the place of who owes least, and takes over what that one
//! owed (the Space-Saving algorithm of Metwally, Agrawal and El Abbadi, 2005). So whoever was
//! forgotten and comes again owes no less than it did: a flood of keys frees nobody. And a newcomer
//! is refused at once only where every entry owes nearly a burst, which takes that many requests
//! as often as they come back.

use super::lease::Lease;
use super::limit::{Full, Moment};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

/// Who a rule counts, in a form of one length.
pub(super) type Key = [u8; 16];

/// What an entry takes at most, with its places in the map and in the order; measured by a test.
pub(super) const ENTRY_BYTES: usize = 512;

/// Parts with a lock each.
const SHARDS: usize = 16;

/// What is owed.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// When all units will be there again.
    pub(super) full: Full,
    /// What was granted of a shared limit and is not used yet.
    pub(super) lease: Option<Box<Lease>>,
}

/// Entries by key.
pub(super) struct Table {
    shards: Vec<Mutex<Shard>>,
    /// Secret, so that nobody can choose keys that meet in one shard.
    seed: RandomState,
}

/// What became of the entries when one was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// One more.
    pub(super) added: u64,
    /// Those that went because they were full again.
    pub(super) expired: u64,
    /// Those that went while they owed something, which a newcomer took over.
    pub(super) displaced: u64,
}

struct Shard {
    entries: HashMap<Key, (Moment, Entry)>,
    /// By the moment at which nothing is owed any more.
    order: BTreeSet<(Moment, Key)>,
    most: usize,
}

impl Table {
    /// A table of at most so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        let most = (bytes_max / ENTRY_BYTES / SHARDS).max(1);
        let shard = || Shard {
            entries: HashMap::new(),
            order: BTreeSet::new(),
            most,
        };
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(shard())).collect(),
            seed: RandomState::new(),
        }
    }

    /// Works on the entry of a key, which is made when it is not there; the work says until when
    /// the entry matters.
    pub(super) fn with<R>(
        &self,
        key: &Key,
        now: Moment,
        work: impl FnOnce(&mut Entry) -> (Moment, R),
    ) -> (Change, R) {
        let place = usize::try_from(self.seed.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // There are that many shards.
        let shard = self.shards.get(place).unwrap_or(&self.shards[0]);
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.with(key, now, work)
    }
}

impl Shard {
    fn with<R>(
        &mut self,
        key: &Key,
        now: Moment,
        work: impl FnOnce(&mut Entry) -> (Moment, R),
    ) -> (Change, R) {
        if let Some((until, entry)) = self.entries.get_mut(key) {
            let (later, result) = work(entry);
            if later != *until {
                self.order.remove(&(*until, *key));
                self.order.insert((later, *key));
                *until = later;
            }
            return (Change::default(), result);
        }
        let (mut change, full) = self.make_room(now);
        let mut entry = Entry { full, lease: None };
        let (until, result) = work(&mut entry);
        self.entries.insert(*key, (until, entry));
        self.order.insert((until, *key));
        change.added = 1;
        (change, result)
    }

    /// Room for one more, and what it has to take over.
    fn make_room(&mut self, now: Moment) -> (Change, Full) {
        let mut change = Change::default();
        // Two for each that comes: the table shrinks to those who owe something.
        while change.expired < 2
            && let Some(&(until, key)) = self.order.first()
            && until <= now
        {
            self.order.pop_first();
            self.entries.remove(&key);
            change.expired += 1;
        }
        if self.entries.len() < self.most {
            return (change, Full::default());
        }
        let least = self.order.pop_first();
        let least = least.and_then(|(_, key)| self.entries.remove(&key));
        change.displaced = u64::from(least.is_some());
        (
            change,
            least.map_or(Full::default(), |(_, entry)| entry.full),
        )
    }
}

#[cfg(test)]
mod tests;
