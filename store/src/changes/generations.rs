//! How often each table changed, counted.
//!
//! A count only grows, so the sum of several is the same as before just when none of them grew: one
//! number stands for any number of tables, and nothing is allocated to compare it.

use model::Relation;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The counts of tables that somebody asked about.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    everything: AtomicU64,
    /// Goes up with each table that is asked about anew.
    edition: AtomicU64,
    /// By names without regard to case: databases differ in that, and one change too many is told
    /// rather than one too few.
    tables: RwLock<HashMap<String, Vec<Arc<Table>>>>,
}

/// The count of a table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) relation: Relation,
    generation: AtomicU64,
    /// Whether the feed tells what happens to it.
    followed: AtomicBool,
    /// Whether no policies of the database hold for us.
    open: AtomicBool,
}

impl Table {
    pub(crate) fn set_followed(&self, followed: bool) {
        self.followed.store(followed, SeqCst);
    }

    pub(crate) fn is_followed(&self) -> bool {
        self.followed.load(SeqCst)
    }

    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, SeqCst);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(SeqCst)
    }

    fn bump(&self) {
        self.generation.fetch_add(1, SeqCst);
    }
}

impl Generations {
    /// The count of a table, from now on.
    pub(crate) fn of(&self, relation: &Relation) -> Arc<Table> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let named = tables.entry(folded(&relation.name)).or_default();
        if let Some(known) = named.iter().find(|known| known.relation == *relation) {
            return Arc::clone(known);
        }
        let fresh = Arc::new(Table {
            relation: relation.clone(),
            generation: AtomicU64::new(0),
            followed: AtomicBool::new(false),
            open: AtomicBool::new(false),
        });
        named.push(Arc::clone(&fresh));
        self.edition.fetch_add(1, SeqCst);
        fresh
    }

    /// The sum of the counts of some tables.
    pub(crate) fn sum(&self, tables: &[Arc<Table>]) -> u64 {
        let counts = tables.iter().map(|table| table.generation.load(SeqCst));
        counts.fold(self.everything.load(SeqCst), u64::wrapping_add)
    }

    /// Counts a change of each table that a name may mean.
    pub(crate) fn bump(&self, name: &str, may_be: impl Fn(&Table) -> bool) -> u64 {
        let tables = self.read();
        let named = tables.get(&folded(name)).into_iter().flatten();
        let met = named
            .filter(|table| may_be(table))
            .map(|table| table.bump());
        met.count() as u64
    }

    /// Counts a change of all tables.
    pub(crate) fn bump_everything(&self) {
        self.everything.fetch_add(1, SeqCst);
    }

    /// A number that is another one once a further table is asked about.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(SeqCst)
    }

    /// All tables that were asked about.
    pub(crate) fn tables(&self) -> Vec<Arc<Table>> {
        self.read().values().flatten().map(Arc::clone).collect()
    }

    /// Their names, as they were given.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let tables = self.tables();
        let names = tables.iter().map(|table| table.relation.name.clone());
        names.collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Vec<Arc<Table>>>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(schema: Option<&str>, name: &str) -> Relation {
        Relation {
            schema: schema.map(Into::into),
            name: name.into(),
        }
    }

    #[test]
    fn a_sum_is_the_same_just_when_none_of_its_tables_changed() {
        let generations = Generations::default();
        let orders = generations.of(&relation(None, "orders"));
        let lines = generations.of(&relation(Some("shop"), "lines"));
        assert_eq!(generations.edition(), 2);
        assert!(Arc::ptr_eq(
            &orders,
            &generations.of(&relation(None, "orders"))
        ));
        assert_eq!(generations.edition(), 2, "it is no further table");
        let (both, one) = ([Arc::clone(&orders), lines], [orders]);
        let before = (generations.sum(&both), generations.sum(&one));
        assert_eq!(generations.bump("LINES", |_| true), 1);
        assert_eq!(generations.bump("lines", |_| false), 0);
        assert_eq!(generations.bump("others", |_| true), 0);
        assert_ne!(generations.sum(&both), before.0);
        assert_eq!(generations.sum(&one), before.1);
        generations.bump_everything();
        assert_ne!(generations.sum(&one), before.1);
    }
}
