//! What a server was granted of a limit that it shares, and has not used yet.
//!
//! Where units come back often, a server takes them in small lots, as large as what it needed of late, and
//! while it uses one it has the next reserved for the moment at which it comes back; servers that ask
//! in turn are served in turn. So hardly a request waits for an answer from elsewhere. Where units come back seldom, or a request
//! takes more than a lot, each is asked for when it is needed, and nothing is taken in advance.

use super::config;
use super::limit::{Full, Limit, Moment};

/// How long units that were granted can be used, in leases.
const HOLD: u64 = 10;
/// The shortest time that a need is reckoned over, in parts of a lease.
const LEASE_PARTS: u64 = 10;

/// How a server takes from a limit that it shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Most units in a lot.
    lot: u64,
    /// The time in which such a lot comes back, in nanoseconds.
    lease_ns: u64,
    /// How far ahead a lot may be reserved, in nanoseconds; 0 where nothing is taken in advance.
    ahead_ns: u64,
}

/// Units that are there for one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lease {
    /// Units that can be used, and until when.
    hand: u64,
    hand_until: Moment,
    /// The next lot, and from when it can be used.
    next: Option<(u64, Moment)>,
    /// Units in the lot that was asked for last.
    pace: u64,
    /// Units that were needed, and since when.
    needed: u64,
    since: Moment,
    /// Whether an answer is on its way.
    asked: bool,
    /// Counts the answers, so that a request that waits is reckoned in once for each.
    answers: u64,
    /// Units that requests wait for, and the most that one of them needs.
    wanted: u64,
    largest: u64,
    /// Until when so many units are known not to be there.
    none: (u64, Moment),
    /// When all units are there again, as it was told last.
    known: Full,
    /// The same, if nothing was owed but what was taken without asking, each unit for all servers.
    apart: Full,
}

/// What comes of a request for units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// They are taken.
    Taken,
    /// They are not there for so many nanoseconds.
    Short(u64),
    /// An answer is on its way.
    Wait,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// As many as this, if they are there.
    pub(super) most: u64,
    /// None at all, if there are fewer than these.
    pub(super) least: u64,
    /// So many as soon as they come back, if none are there.
    pub(super) reserve: u64,
    /// How long that may take, in nanoseconds.
    pub(super) ahead_ns: u64,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// Units granted.
    pub(super) units: u64,
    /// In how many nanoseconds they can be used; or, if there are none, asked for again.
    pub(super) in_ns: u64,
}

impl Terms {
    /// How to take from a limit.
    pub(super) fn of(limit: Limit, config: &config::Redis) -> Self {
        let lease_ns = config.lease_ms.saturating_mul(1_000_000);
        let back = u128::from(limit.quota.get()) * u128::from(lease_ns);
        let back = back / u128::from(limit.period_ns.get());
        let back = u64::try_from(back).unwrap_or(u64::MAX);
        Self {
            lot: back.clamp(1, limit.burst.max(1)),
            lease_ns,
            ahead_ns: match back {
                0 => 0,
                _ => lease_ns.saturating_mul(2 * u64::from(config.nodes)),
            },
        }
    }

    fn in_advance(self, units: u64) -> bool {
        self.ahead_ns > 0 && units <= self.lot
    }

    /// How much to take in advance, if so much was needed in so many nanoseconds.
    fn pace(self, needed: u64, nanoseconds: u64) -> u64 {
        let over = nanoseconds.max(self.lease_ns / LEASE_PARTS).max(1);
        let pace = (u128::from(needed) * u128::from(self.lease_ns)).div_ceil(u128::from(over));
        u64::try_from(pace).unwrap_or(u64::MAX).clamp(1, self.lot)
    }

    fn hold_ns(self) -> u64 {
        self.lease_ns.saturating_mul(HOLD)
    }
}

impl Lease {
    /// Takes units, and says whether to ask for more. `counted` is of the request alone.
    pub(super) fn take(
        &mut self,
        terms: Terms,
        now: Moment,
        units: u64,
        counted: &mut Option<u64>,
    ) -> (Step, bool) {
        self.settle(terms, now);
        if counted.is_none() {
            self.needed = self.needed.saturating_add(units);
        }
        if self.pay(units) {
            let low = self.hand + self.next.map_or(0, |(units, _)| units) <= self.pace;
            let ask = terms.ahead_ns > 0 && low && !self.asked;
            self.asked |= ask;
            return (Step::Taken, ask);
        }
        if let Some((_, from)) = self.next
            && terms.in_advance(units)
        {
            return (Step::Short(now.until(from)), false);
        }
        let (least, until) = self.none;
        if !self.asked && units >= least && now < until {
            return (Step::Short(now.until(until)), false);
        }
        if *counted != Some(self.answers) {
            *counted = Some(self.answers);
            self.wanted = self.wanted.saturating_add(units);
            self.largest = self.largest.max(units);
        }
        let ask = !self.asked;
        self.asked = true;
        (Step::Wait, ask)
    }

    /// Takes units that are there, without a word to anybody.
    pub(super) fn take_in_hand(&mut self, terms: Terms, now: Moment, units: u64) -> bool {
        self.settle(terms, now);
        self.pay(units)
    }

    /// Puts back units that were taken and not used.
    pub(super) fn put_back(&mut self, terms: Terms, now: Moment, units: u64) {
        self.settle(terms, now);
        self.hand = self.hand.saturating_add(units);
        self.hand_until = self.hand_until.max(now.after(terms.hold_ns()));
    }

    /// What to ask for.
    pub(super) fn wish(&mut self, terms: Terms, now: Moment) -> Wish {
        self.pace = terms.pace(self.needed, self.since.until(now));
        (self.needed, self.since) = (0, now);
        if terms.in_advance(self.largest) {
            return Wish {
                most: self.wanted.saturating_add(self.pace),
                least: 1,
                reserve: self.pace,
                ahead_ns: terms.ahead_ns,
            };
        }
        let missing = self.wanted.saturating_sub(self.hand).max(1);
        Wish {
            most: missing,
            least: self.largest.saturating_sub(self.hand).max(1),
            reserve: 0,
            ahead_ns: 0,
        }
    }

    /// Takes an answer in.
    pub(super) fn granted(&mut self, terms: Terms, now: Moment, wish: Wish, grant: Grant) {
        self.unanswered();
        self.settle(terms, now);
        if grant.units == 0 {
            self.none = (wish.least, now.after(grant.in_ns));
        } else if grant.in_ns == 0 {
            self.hand = self.hand.saturating_add(grant.units);
            self.hand_until = now.after(terms.hold_ns());
        } else {
            let earlier = self.next.map_or(0, |(units, _)| units);
            self.next = Some((earlier.saturating_add(grant.units), now.after(grant.in_ns)));
        }
    }

    /// No answer came, or none will.
    pub(super) fn unanswered(&mut self) {
        self.asked = false;
        self.answers += 1;
        (self.wanted, self.largest) = (0, 0);
    }

    /// Remembers what was told of all that is owed.
    pub(super) fn told(&mut self, full: Full) {
        self.known = full;
    }

    /// Remembers units that were taken without asking.
    pub(super) fn taken_apart(&mut self, limit: Limit, now: Moment, units: u64) {
        self.apart = limit.after(self.apart, now, units);
    }

    /// Forgets them, for they are not owed.
    pub(super) fn returned_apart(&mut self, limit: Limit, units: u64) {
        self.apart = limit.returned(self.apart, units);
    }

    /// Nanoseconds until all units are there again, as it was told last; and until those are that were
    /// taken without asking, which are told now.
    pub(super) fn owed(&mut self, limit: Limit, now: Moment) -> (u64, u64) {
        let apart = std::mem::take(&mut self.apart);
        let until = |full| now.until(limit.moment(full));
        (until(self.known), until(apart))
    }

    /// What was told of units taken without asking did not arrive.
    pub(super) fn untold(&mut self, limit: Limit, now: Moment, apart_ns: u64) {
        let owed = limit.full_at(now.after(apart_ns));
        self.apart = self.apart.max(owed);
    }

    /// Units that can be used.
    pub(super) fn in_hand(&self) -> u64 {
        self.hand
    }

    /// Until when there is something.
    pub(super) fn until(&self, terms: Terms) -> Moment {
        let next = self.next.map(|(_, from)| from.after(terms.hold_ns()));
        let hand = (self.hand > 0).then_some(self.hand_until);
        next.max(hand).unwrap_or_default().max(self.none.1)
    }

    /// A lot whose time has come is there, and one whose time is over is not.
    fn settle(&mut self, terms: Terms, now: Moment) {
        if now >= self.hand_until {
            self.hand = 0;
        }
        if let Some((units, from)) = self.next
            && from <= now
        {
            self.next = None;
            let until = from.after(terms.hold_ns());
            if now < until {
                self.hand = self.hand.saturating_add(units);
                self.hand_until = until;
            }
        }
    }

    fn pay(&mut self, units: u64) -> bool {
        let rest = self.hand.checked_sub(units);
        self.hand = rest.unwrap_or(self.hand);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests;
