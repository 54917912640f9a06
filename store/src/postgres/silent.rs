//! Inserts that once wrote no row without an error, as by a trigger: they are transactions from then on, so
//! that what else the trigger did is undone.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most that are known, and of how many bytes together; then they are found anew.
const MOST: usize = 256;
const BYTES_MOST: usize = 4 * 1024 * 1024;

/// Their statements.
#[derive(Default)]
pub(super) struct Silent {
    any: AtomicBool,
    statements: Mutex<Statements>,
}

#[derive(Default)]
struct Statements {
    known: HashSet<Arc<str>>,
    bytes: usize,
}

impl Silent {
    pub(super) fn has(&self, sql: &str) -> bool {
        self.any.load(Relaxed) && self.lock().known.contains(sql)
    }

    pub(super) fn add(&self, sql: &Arc<str>) {
        let mut statements = self.lock();
        if statements.known.len() >= MOST || statements.bytes + sql.len() > BYTES_MOST {
            *statements = Statements::default();
        }
        if statements.known.insert(Arc::clone(sql)) {
            statements.bytes += sql.len();
        }
        self.any.store(true, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Statements> {
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
        assert_eq!(silent.lock().known.len(), 1);
        // One that is longer than all may be is alone.
        let (long, short): (Arc<str>, Arc<str>) = ("x".repeat(BYTES_MOST).into(), "x".into());
        for sql in [&long, &short, &short] {
            silent.add(sql);
            assert!(silent.has(sql));
        }
        assert!(!silent.has(&long));
        assert_eq!(silent.lock().bytes, 1);
    }
}
