//! Who may stop a statement: its deadline, the one who waits for it, and a budget of steps.

use crate::Error;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Steps of SQLite's machine between two looks at the watch.
pub(super) const STEPS: i32 = 1_000;

/// Bytes a function of ours looks at in about the time of those steps.
const BYTES: usize = 16 * 1024;

/// No bound on the looks.
const ENDLESS: u32 = u32::MAX;

/// The watch over one connection, which serves one script after the other.
///
/// Each script has a ticket; a late call to stop an earlier one does nothing to the next.
#[derive(Debug)]
pub(super) struct Watch {
    made: Instant,
    deadline_ns: AtomicU64,
    ticket: AtomicU64,
    cancelled: AtomicU64,
    looks_left: AtomicU32,
    /// Bytes that functions looked at since the last look for them.
    bytes: AtomicUsize,
    spent: AtomicBool,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            made: Instant::now(),
            deadline_ns: AtomicU64::new(u64::MAX),
            ticket: AtomicU64::new(1),
            cancelled: AtomicU64::new(0),
            looks_left: AtomicU32::new(ENDLESS),
            bytes: AtomicUsize::new(0),
            spent: AtomicBool::new(false),
        }
    }

    /// Begins a script; a budget of `None` has no end.
    pub(super) fn begin(&self, time: Duration, budget: Option<u32>) -> u64 {
        let deadline = self.made.elapsed().saturating_add(time);
        self.deadline_ns.store(nanoseconds(deadline), Relaxed);
        self.looks_left.store(budget.unwrap_or(ENDLESS), Relaxed);
        self.spent.store(false, Relaxed);
        self.ticket.fetch_add(1, Relaxed) + 1
    }

    /// Lets everything pass, as a rollback must.
    pub(super) fn rest(&self) {
        self.deadline_ns.store(u64::MAX, Relaxed);
        self.looks_left.store(ENDLESS, Relaxed);
        self.ticket.fetch_add(1, Relaxed);
    }

    /// Stops the script of that ticket, if it is still at work.
    pub(super) fn cancel(&self, ticket: u64) {
        self.cancelled.fetch_max(ticket, Relaxed);
    }

    /// Puts the deadline off by a time the database was not at work.
    pub(super) fn extend(&self, time: Duration) {
        let deadline = self.deadline_ns.load(Relaxed);
        let later = deadline.saturating_add(nanoseconds(time));
        self.deadline_ns.store(later, Relaxed);
    }

    /// Stops the script because it needs more than it may have on this thread.
    pub(super) fn spend(&self) {
        self.spent.store(true, Relaxed);
    }

    /// Whether the script runs on a budget.
    pub(super) fn has_budget(&self) -> bool {
        self.looks_left.load(Relaxed) != ENDLESS
    }

    /// Whether the budget did not suffice.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.load(Relaxed)
    }

    /// One look: whether to stop.
    pub(super) fn look(&self) -> bool {
        let left = self.looks_left.load(Relaxed);
        if left == 0 {
            self.spend();
        } else if left != ENDLESS {
            self.looks_left.store(left - 1, Relaxed);
        }
        let spent = self.has_budget() && self.is_spent();
        spent || self.is_cancelled() || self.is_over()
    }

    /// Looks as often as it takes for a function that looks at so many bytes within one step of the
    /// machine; whether to stop.
    pub(super) fn charge(&self, bytes: usize) -> bool {
        let bytes = self.bytes.load(Relaxed).saturating_add(bytes);
        self.bytes.store(bytes % BYTES, Relaxed);
        (0..bytes / BYTES).any(|_| self.look())
    }

    /// Why a statement was stopped.
    pub(super) fn reason(&self) -> Error {
        if self.is_cancelled() {
            return Error::Cancelled;
        }
        Error::Timeout("stopped by its deadline".into())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed) >= self.ticket.load(Relaxed)
    }

    fn is_over(&self) -> bool {
        nanoseconds(self.made.elapsed()) > self.deadline_ns.load(Relaxed)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_call_to_stop_one_script_leaves_the_next_alone() {
        let watch = Watch::new();
        let first = watch.begin(Duration::from_secs(60), None);
        let second = watch.begin(Duration::from_secs(60), None);
        watch.cancel(first);
        assert!(!watch.look());
        watch.cancel(second);
        watch.cancel(first);
        assert!(watch.look());
        assert!(matches!(watch.reason(), Error::Cancelled));
    }

    #[test]
    fn a_budget_ends_after_its_looks() {
        let watch = Watch::new();
        watch.begin(Duration::from_secs(60), Some(2));
        assert_eq!(
            [watch.look(), watch.look(), watch.look()],
            [false, false, true]
        );
        assert!(watch.is_spent());
        watch.rest();
        assert!(!watch.look() && watch.is_spent());
    }

    #[test]
    fn what_functions_look_at_is_paid_from_the_budget() {
        let watch = Watch::new();
        watch.begin(Duration::from_secs(60), Some(2));
        for _ in 0..2 {
            assert!(!watch.charge(BYTES / 2) && !watch.charge(BYTES / 2));
        }
        assert!(!watch.charge(BYTES - 1) && watch.charge(1));
        assert!(watch.is_spent());
    }

    #[test]
    fn a_deadline_stops_and_can_be_put_off() {
        let watch = Watch::new();
        watch.begin(Duration::ZERO, None);
        assert!(watch.look());
        assert!(matches!(watch.reason(), Error::Timeout(_)));
        watch.extend(Duration::from_secs(60));
        assert!(!watch.look());
    }
}
