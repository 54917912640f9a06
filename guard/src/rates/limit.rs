//! The generic cell rate algorithm (ITU-T I.371), in whole numbers: nothing is rounded, so nobody is
//! given more or less than was said.

use std::num::NonZeroU64;

/// Nanoseconds since a clock that never goes back was first read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

/// So many units in a period, and so many of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Units that come back in a period.
    pub quota: NonZeroU64,
    /// The period, in nanoseconds.
    pub period_ns: NonZeroU64,
    /// Units that can be taken at once after a rest.
    pub burst: u64,
}

/// When all units are there again: the theoretical arrival time, in parts of a nanosecond, of which
/// there are as many as the quota has units. So a unit comes back in `period_ns` parts exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Full(u128);

/// Why units are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// They are in so many nanoseconds.
    For(u64),
    /// They never are: that is more than a burst.
    Always,
}

impl Limit {
    /// Takes units at a moment: when all will be there again, or why they are not there. What is
    /// refused costs nothing.
    pub fn take(self, full: Full, now: Moment, units: u64) -> Result<Full, Short> {
        let after = self.after(full, now, units);
        let most = self.parts(now) + self.cost(self.burst);
        match after.0.checked_sub(most) {
            None | Some(0) => Ok(after),
            Some(_) if units > self.burst => Err(Short::Always),
            Some(excess) => Err(Short::For(self.nanoseconds(excess))),
        }
    }

    /// When all will be there again if units are taken, whether they are there or not.
    pub fn after(self, full: Full, now: Moment, units: u64) -> Full {
        Full(full.0.max(self.parts(now)) + self.cost(units))
    }

    /// The moment as it was before units were taken that nobody used.
    pub fn returned(self, full: Full, units: u64) -> Full {
        Full(full.0.saturating_sub(self.cost(units)))
    }

    /// Units that are there.
    pub fn remaining(self, full: Full, now: Moment) -> u64 {
        let owed = full.0.saturating_sub(self.parts(now));
        let there = self.cost(self.burst).saturating_sub(owed);
        u64::try_from(there / u128::from(self.period_ns.get())).unwrap_or(u64::MAX)
    }

    /// The first moment at which all units are there.
    pub fn moment(self, full: Full) -> Moment {
        Moment(self.nanoseconds(full.0))
    }

    /// What is owed when all units are there at that moment.
    pub fn full_at(self, moment: Moment) -> Full {
        Full(self.parts(moment))
    }

    /// What so many units cost, in parts of a nanosecond.
    fn cost(self, units: u64) -> u128 {
        u128::from(units) * u128::from(self.period_ns.get())
    }

    fn parts(self, moment: Moment) -> u128 {
        u128::from(moment.0) * u128::from(self.quota.get())
    }

    /// Rounded up: whoever waits so long does not wait in vain.
    fn nanoseconds(self, parts: u128) -> u64 {
        let whole = parts.div_ceil(u128::from(self.quota.get()));
        u64::try_from(whole).unwrap_or(u64::MAX)
    }
}

impl Moment {
    /// Nanoseconds from here to a later moment.
    pub fn until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0)
    }

    /// So many nanoseconds later.
    pub fn after(self, nanoseconds: u64) -> Self {
        Self(self.0.saturating_add(nanoseconds))
    }
}

#[cfg(test)]
mod tests;
