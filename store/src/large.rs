//! Whether the next result of a statement is likely to be too large to be held whole.
//!
//! One that was is streamed at once the next time. But results of one statement differ by its arguments
//! and by who asks, so that is forgotten as soon as one is seen that is not, and after a short time.

use crate::shelf::may_keep;
use quick_cache::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// How long a large result tells anything about the next, in milliseconds.
const LAPSE_MS: u64 = 1_000;

/// What times are counted from.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// When a result was too large last: milliseconds since the beginning, and one; zero where none was.
#[derive(Debug, Default)]
pub(crate) struct Large(AtomicU64);

impl Large {
    /// Whether the next is likely to be too large as well.
    pub(crate) fn is_likely(&self) -> bool {
        let seen = self.0.load(Relaxed);
        seen != 0 && is_recent(seen, now())
    }

    /// One was too large.
    pub(crate) fn seen(&self) {
        self.0.store(now(), Relaxed);
    }

    /// One was not.
    pub(crate) fn unseen(&self) {
        if self.0.load(Relaxed) != 0 {
            self.0.store(0, Relaxed);
        }
    }
}

/// Statements of which a result was too large, by their SQL.
pub(crate) struct Larges(Cache<Arc<str>, Arc<Large>>);

impl Larges {
    /// Of so many statements at the most.
    pub(crate) fn new(statements_max: usize) -> Self {
        Self(Cache::new(statements_max.max(1)))
    }

    /// Whether the next result of it is likely to be too large as well.
    pub(crate) fn is_likely(&self, sql: &Arc<str>) -> bool {
        self.0.get(sql).is_some_and(|large| large.is_likely())
    }

    /// One was too large. Of a statement that no connection keeps nothing is kept here either.
    pub(crate) fn seen(&self, sql: &Arc<str>) {
        if !may_keep(sql) {
            return;
        }
        let large = Large::default();
        large.seen();
        self.0.insert(Arc::clone(sql), Arc::new(large));
    }

    /// One was not.
    pub(crate) fn unseen(&self, sql: &Arc<str>) {
        self.0.remove(sql);
    }
}

fn now() -> u64 {
    let since = BEGINNING.elapsed().as_millis();
    u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1)
}

fn is_recent(seen: u64, now: u64) -> bool {
    now.saturating_sub(seen) < LAPSE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_is_remembered_for_itself() {
        let (larges, one, other) = (Larges::new(8), "one".into(), "other".into());
        larges.seen(&one);
        assert!(larges.is_likely(&one) && !larges.is_likely(&other));
        larges.unseen(&one);
        assert!(!larges.is_likely(&one));
    }

    #[test]
    fn a_large_result_tells_of_the_next_for_a_while_and_until_a_small_one() {
        let large = Large::default();
        assert!(!large.is_likely());
        large.seen();
        assert!(large.is_likely());
        large.unseen();
        assert!(!large.is_likely());
        assert!(is_recent(7, 7) && is_recent(7, 6 + LAPSE_MS));
        assert!(!is_recent(7, 7 + LAPSE_MS));
    }
}
