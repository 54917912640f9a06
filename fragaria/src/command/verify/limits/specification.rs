//! What a limit lets through exactly: a bucket that is filled and emptied in whole numbers.
//!
//! It knows nothing of how limits are kept: not their arithmetic, and not that servers share them.

use super::scenario::Asker;

/// Nanoseconds in a second: the parts of a unit that come back in a nanosecond are as many as the
/// quota has units.
const UNIT: i128 = 1_000_000_000;

/// How many of these arrivals, in nanoseconds and in order, a limit lets through.
pub(super) fn allowed(asker: &Asker, arrivals: impl Iterator<Item = u64>) -> u64 {
    let most = i128::from(asker.burst) * UNIT;
    let (mut there, mut before, mut count) = (most, 0, 0);
    for at in arrivals {
        let back = i128::from(at - before) * i128::from(asker.quota);
        (there, before) = (most.min(there + back), at);
        if there >= UNIT {
            there -= UNIT;
            count += 1;
        }
    }
    count
}

/// By how many requests these, which were let through, are more than a limit lets through in the time
/// in which they are most.
pub(super) fn over(asker: &Asker, let_through: impl Iterator<Item = u64>) -> u64 {
    let (mut level, mut worst, mut before) = (0, 0, 0);
    for at in let_through {
        let back = i128::from(at - before) * i128::from(asker.quota);
        (level, before) = (0.max(level - back) + UNIT, at);
        worst = worst.max(level);
    }
    let over = (worst - i128::from(asker.burst) * UNIT).max(0);
    u64::try_from(over.unsigned_abs().div_ceil(UNIT.unsigned_abs())).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: Asker = Asker {
        name: "me",
        demand: 0,
        quota: 10,
        burst: 3,
    };

    fn at(milliseconds: u64) -> u64 {
        milliseconds * 1_000_000
    }

    #[test]
    fn more_than_a_limit_lets_through_is_counted_over_any_time() {
        let over = |times: &[u64]| over(&ASKER, times.iter().map(|time| at(*time)));
        assert_eq!(over(&[]), 0);
        assert_eq!(over(&[0, 0, 0, 100, 200]), 0);
        assert_eq!(over(&[0, 0, 0, 99]), 1);
        // A time with nothing makes up for nothing.
        assert_eq!(over(&[0, 9000, 9000, 9000, 9000, 9000]), 2);
        let steady: Vec<_> = (0..1_000).map(|tenth| tenth * 100).collect();
        assert_eq!(over(&steady), 0);
    }

    #[test]
    fn a_bucket_lets_through_what_is_in_it_and_what_comes_back() {
        assert_eq!(allowed(&ASKER, [0; 9].into_iter()), 3);
        assert_eq!(allowed(&ASKER, [0, 0, 0, at(99)].into_iter()), 3);
        assert_eq!(allowed(&ASKER, [0, 0, 0, at(100)].into_iter()), 4);
        let flood = (0..1_000).map(at);
        assert_eq!(allowed(&ASKER, flood), 3 + 9);
    }
}
