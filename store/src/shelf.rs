//! Statements that connections keep prepared: how long their texts may be, and how many there are.

use model::metric::Gauge;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// A statement with a longer text is prepared anew each time: what a connection keeps is bounded by
/// bytes too, and what is that long takes the database longer to plan than to be told again.
const TEXT_BYTES_MAX: usize = 32 * 1024;

/// Whether a statement may be kept.
pub(crate) fn may_keep(sql: &str) -> bool {
    sql.len() <= TEXT_BYTES_MAX
}

/// How many statements one connection keeps; they are counted until it is gone.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    count: AtomicI64,
    all: Gauge,
}

impl Shelf {
    /// An empty one, which counts with all others of the gauge.
    pub(crate) fn of(all: &Gauge) -> Self {
        Self {
            count: AtomicI64::new(0),
            all: all.clone(),
        }
    }

    /// There are so many now.
    pub(crate) fn holds(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let before = self.count.swap(count, Relaxed);
        self.all.inc_by(count - before);
    }

    /// There is one more; where there is no room for it, the one that was used least went.
    pub(crate) fn add(&self, room: usize) {
        self.holds((self.count() + 1).min(room));
    }

    /// One was taken out.
    pub(crate) fn remove(&self) {
        self.holds(self.count().saturating_sub(1));
    }

    fn count(&self) -> usize {
        usize::try_from(self.count.load(Relaxed)).unwrap_or(0)
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.holds(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_counted_than_there_is_room_for_nor_once_they_are_gone() {
        let all = Gauge::default();
        let (one, other) = (Shelf::of(&all), Shelf::of(&all));
        for _ in 0..3 {
            one.add(2);
            other.add(0);
        }
        assert_eq!(all.get(), 2);
        other.remove();
        other.holds(5);
        assert_eq!(all.get(), 7);
        one.remove();
        drop(other);
        assert_eq!(all.get(), 1);
        drop(one);
        assert_eq!(all.get(), 0);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        assert!(may_keep(&"x".repeat(TEXT_BYTES_MAX)));
        assert!(!may_keep(&"x".repeat(TEXT_BYTES_MAX + 1)));
    }
}
