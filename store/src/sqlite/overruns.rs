//! Which scripts overran their budget lately, so that the next try is not in vain.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const SLOTS: usize = 64;

/// Scripts lie at multiples of eight, which leaves three bits to count in.
const COUNT: usize = 0b111;

/// A small table of addresses with the turns each of them is still passed over.
///
/// An address may come to mean another script, which then is handed over a few times for nothing.
#[derive(Debug)]
pub(super) struct Overruns([AtomicUsize; SLOTS]);

impl Overruns {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicUsize::new(0)))
    }

    /// Notes that this one overran.
    pub(super) fn note<T>(&self, script: &T) {
        let address = address(script);
        self.slot(address).store(address | COUNT, Relaxed);
    }

    /// Whether this one is to be passed over; it has another try after a few turns.
    pub(super) fn pass_over<T>(&self, script: &T) -> bool {
        let address = address(script);
        let slot = self.slot(address);
        let noted = slot.load(Relaxed);
        let passed_over = noted & !COUNT == address && noted & COUNT != 0;
        if passed_over {
            slot.store(noted - 1, Relaxed);
        }
        passed_over
    }

    fn slot(&self, address: usize) -> &AtomicUsize {
        // Neighbours in memory are some 64 bytes apart.
        &self.0[(address >> 6) % SLOTS]
    }
}

fn address<T>(script: &T) -> usize {
    std::ptr::from_ref(script).addr() & !COUNT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_overran_is_passed_over_seven_times() {
        let overruns = Overruns::new();
        let (one, other) = (Box::new(1_u64), Box::new(2_u64));
        overruns.note(&*one);
        assert!(!overruns.pass_over(&*other));
        assert_eq!((0..10).filter(|_| overruns.pass_over(&*one)).count(), 7);
    }
}
