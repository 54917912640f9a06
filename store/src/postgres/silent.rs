//! Inserts that once wrote no row without an error, as by a trigger: they are transactions from then on, so
//! that what else the trigger did is undone.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most that are known; then they are found anew.
const MOST: usize = 256;

/// Their statements.
#[derive(Default)]
pub(super) struct Silent {
    any: AtomicBool,
    statements: Mutex<HashSet<Arc<str>>>,
}

impl Silent {
    pub(super) fn has(&self, sql: &str) -> bool {
        self.any.load(Relaxed) && self.lock().contains(sql)
    }

    pub(super) fn add(&self, sql: &Arc<str>) {
        let mut statements = self.lock();
        if statements.len() >= MOST {
            statements.clear();
        }
        statements.insert(Arc::clone(sql));
        self.any.store(true, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_known_than_there_is_room_for() {
        let silent = Silent::default();
        assert!(!silent.has("0"));
        for number in 0..=MOST {
            silent.add(&number.to_string().into());
        }
        assert!(silent.has(&MOST.to_string()) && !silent.has("0"));
        assert_eq!(silent.lock().len(), 1);
    }
}
