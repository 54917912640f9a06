//! Time as something passed in.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where the time comes from: the machine, or a test that moves it by hand.
pub trait Clock: Send + Sync {
    /// A reading that never goes back, for durations.
    fn instant(&self) -> Instant;
    /// The time of day, for records.
    fn now(&self) -> SystemTime;

    /// The time of day in seconds since 1970.
    fn seconds(&self) -> u64 {
        let passed = self.now().duration_since(UNIX_EPOCH);
        passed.unwrap_or_default().as_secs()
    }
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_for_durations_never_goes_back() {
        let clock = SystemClock;
        let first = clock.instant();
        assert!(clock.instant() >= first);
        assert!(clock.now() > SystemTime::UNIX_EPOCH);
    }
}
