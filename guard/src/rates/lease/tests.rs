//! Servers that share a limit through a bank that is never away, by a clock that is moved by hand.

use super::*;
use crate::rates::limit::Full;
use std::num::NonZeroU64;

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

fn limit(quota: u64, burst: u64) -> Limit {
    Limit {
        quota: NonZeroU64::new(quota).unwrap(),
        period_ns: NonZeroU64::new(SECOND).unwrap(),
        burst,
    }
}

fn terms(limit: Limit) -> Terms {
    let config = config::Redis {
        lease_ms: 10,
        ..config::Redis::default()
    };
    Terms::of(limit, &config)
}

/// What Redis does, with an answer at once.
struct Bank {
    limit: Limit,
    full: Full,
    calls: u64,
}

impl Bank {
    fn new(limit: Limit) -> Self {
        Self {
            limit,
            full: Full::default(),
            calls: 0,
        }
    }

    fn grant(&mut self, now: Moment, wish: Wish) -> Grant {
        self.calls += 1;
        let there = self.limit.remaining(self.full, now);
        let (units, in_ns) = if there >= wish.least {
            (wish.most.min(there), 0)
        } else {
            let needed = wish.least.max(wish.reserve);
            let after = self.limit.after(self.full, now, needed);
            let most = self.limit.after(Full::default(), now, self.limit.burst);
            let in_ns = self.limit.moment(most).until(self.limit.moment(after));
            let reserved = wish.reserve > 0 && in_ns <= wish.ahead_ns;
            (if reserved { wish.reserve } else { 0 }, in_ns)
        };
        self.full = self.limit.after(self.full, now, units);
        Grant { units, in_ns }
    }
}

/// One request at a server; whether it is let through.
fn ask(lease: &mut Lease, bank: &mut Bank, now: u64, units: u64) -> Result<(), u64> {
    let (now, terms) = (Moment(now), terms(bank.limit));
    let mut counted = None;
    loop {
        let (step, asks) = lease.take(terms, now, units, &mut counted);
        if asks {
            let wish = lease.wish(terms, now);
            let grant = bank.grant(now, wish);
            lease.granted(terms, now, wish, grant);
        }
        match step {
            Step::Taken => return Ok(()),
            Step::Short(wait) => return Err(wait),
            Step::Wait => assert!(asks, "nobody answers"),
        }
    }
}

/// How many each of three servers lets through, if each has so many requests in a second.
fn three(bank: &mut Bank, each: u64, seconds: u64) -> [u64; 3] {
    let mut leases = [(); 3].map(|()| Lease::default());
    let mut through = [0; 3];
    for at in 0..each * seconds {
        for (place, lease) in leases.iter_mut().enumerate() {
            let now = at * SECOND / each + place as u64 * 1_000;
            through[place] += u64::from(ask(lease, bank, now, 1).is_ok());
        }
    }
    through
}

#[test]
fn a_lot_is_what_comes_back_in_the_time_of_a_lease() {
    assert_eq!(terms(limit(1_000, 1_000)).lot, 10);
    assert_eq!(terms(limit(1_000, 4)).lot, 4);
    assert_eq!(terms(limit(100, 100)).lot, 1);
    assert!(terms(limit(100, 100)).in_advance(1));
    assert!(!terms(limit(99, 99)).in_advance(1));
}

#[test]
fn three_servers_under_a_flood_let_through_what_one_would() {
    let mut bank = Bank::new(limit(1_000, 100));
    let through = three(&mut bank, 2_000, 10);
    let all: u64 = through.iter().sum();
    let exact = 100 + 10 * 1_000;
    assert!(all <= exact, "{all}");
    // Each may hold a lot, and have one reserved.
    assert!(all >= exact - 3 * 2 * 10, "{all}");
}

#[test]
fn three_servers_under_a_flood_have_fair_shares() {
    let mut bank = Bank::new(limit(1_000, 100));
    let through = three(&mut bank, 2_000, 10);
    let all: u64 = through.iter().sum();
    assert!(
        through.iter().all(|&one| one * 3 * 10 >= all * 9),
        "{through:?}"
    );
}

#[test]
fn three_servers_below_their_limit_refuse_nobody() {
    let mut bank = Bank::new(limit(1_000, 100));
    assert_eq!(three(&mut bank, 300, 10), [3_000; 3]);
}

#[test]
fn a_flood_asks_seldom() {
    let mut bank = Bank::new(limit(1_000, 100));
    three(&mut bank, 5_000, 10);
    // 150,000 decisions.
    assert!(bank.calls <= 10 * 1_000 / 10 + 100, "{}", bank.calls);
}

#[test]
fn units_that_come_back_seldom_are_never_taken_in_advance() {
    let mut bank = Bank::new(limit(1, 5));
    assert_eq!(three(&mut bank, 4, 20).iter().sum::<u64>(), 5 + 19);
    let mut lease = Lease::default();
    let mut bank = Bank::new(limit(1, 5));
    assert_eq!(ask(&mut lease, &mut bank, 0, 1), Ok(()));
    assert_eq!(bank.limit.remaining(bank.full, Moment(0)), 4);
    assert_eq!(lease.in_hand(), 0);
}

#[test]
fn who_is_refused_is_told_when_units_are_there() {
    let mut bank = Bank::new(limit(1, 1));
    let mut lease = Lease::default();
    assert_eq!(ask(&mut lease, &mut bank, 0, 1), Ok(()));
    assert_eq!(
        ask(&mut lease, &mut bank, SECOND / 4, 1),
        Err(SECOND * 3 / 4)
    );
    let calls = bank.calls;
    assert_eq!(ask(&mut lease, &mut bank, SECOND / 2, 1), Err(SECOND / 2));
    assert_eq!(bank.calls, calls, "it is known, and not asked again");
    assert_eq!(ask(&mut lease, &mut bank, SECOND, 1), Ok(()));
}

#[test]
fn a_request_of_many_units_is_let_through_if_all_of_them_are_there() {
    let mut bank = Bank::new(limit(1_000, 500));
    let mut lease = Lease::default();
    assert_eq!(ask(&mut lease, &mut bank, 0, 400), Ok(()));
    let Err(wait) = ask(&mut lease, &mut bank, 0, 400) else {
        panic!("refused")
    };
    assert_eq!(wait, 300 * MILLISECOND);
    assert_eq!(ask(&mut lease, &mut bank, 0, 60), Ok(()));
    assert!(ask(&mut lease, &mut bank, 300 * MILLISECOND, 400).is_err());
    assert_eq!(ask(&mut lease, &mut bank, 500 * MILLISECOND, 400), Ok(()));
}

#[test]
fn requests_of_many_and_of_few_units_never_get_more_than_there_is() {
    let mut bank = Bank::new(limit(1_000, 200));
    let mut leases = [(); 3].map(|()| Lease::default());
    let (mut seed, mut spent) = (11_u64, 0);
    for at in 0..20_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let units = if seed >> 61 == 0 {
            50
        } else {
            1 + (seed >> 40) % 5
        };
        let lease = &mut leases[(seed >> 33) as usize % 3];
        let outcome = ask(lease, &mut bank, at * SECOND / 2_000, units);
        spent += if outcome.is_ok() { units } else { 0 };
    }
    assert!(spent <= 200 + 10 * 1_000, "{spent}");
    assert!(spent >= 10_000 - 100, "{spent}");
}

#[test]
fn what_was_granted_is_used_within_ten_leases_or_not_at_all() {
    let mut bank = Bank::new(limit(1_000, 100));
    let terms = terms(bank.limit);
    let mut lease = Lease::default();
    for _ in 0..20 {
        assert_eq!(ask(&mut lease, &mut bank, 0, 1), Ok(()));
    }
    assert!(lease.in_hand() > 2, "{lease:?}");
    assert!(lease.take_in_hand(terms, Moment(100 * MILLISECOND - 1), 1));
    assert!(!lease.take_in_hand(terms, Moment(100 * MILLISECOND), 1));
}

#[test]
fn no_more_is_taken_in_advance_than_was_needed_of_late() {
    let mut bank = Bank::new(limit(1_000, 100));
    let mut lease = Lease::default();
    for at in 1..=20 {
        assert_eq!(ask(&mut lease, &mut bank, at * SECOND / 10, 1), Ok(()));
        assert!(lease.in_hand() <= 2, "{lease:?}");
    }
}

#[test]
fn pauses_between_floods_leave_nothing_to_be_used_beside_the_burst() {
    let mut bank = Bank::new(limit(1_000, 100));
    let mut leases = [(); 3].map(|()| Lease::default());
    for round in 0..5 {
        let mut through = 0;
        for at in 0..1_000 {
            for lease in &mut leases {
                let now = round * SECOND + at * SECOND / 2_000;
                through += u64::from(ask(lease, &mut bank, now, 1).is_ok());
            }
        }
        // Half a second of flood, and half a second without.
        let exact = 100 + 500;
        // Half a lot of each server waits for the end of the flood.
        assert!((exact - 15..=exact).contains(&through), "{through}");
    }
}

#[test]
fn a_reserved_lot_is_not_used_before_its_time() {
    let mut bank = Bank::new(limit(1_000, 10));
    let terms = terms(bank.limit);
    let mut lease = Lease::default();
    while ask(&mut lease, &mut bank, 0, 1).is_ok() {}
    let Err(wait) = ask(&mut lease, &mut bank, 0, 1) else {
        panic!("refused")
    };
    assert!(wait > 0);
    assert!(!lease.take_in_hand(terms, Moment(wait - 1), 1));
    assert!(lease.take_in_hand(terms, Moment(wait), 1));
}

#[test]
fn requests_that_wait_for_one_answer_are_asked_for_together() {
    let terms = terms(limit(1, 100));
    let mut lease = Lease::default();
    let mut counted = [None; 7];
    let asked = counted
        .iter_mut()
        .map(|counted| lease.take(terms, Moment(0), 1, counted));
    let asked: Vec<_> = asked.collect();
    assert_eq!(asked[0], (Step::Wait, true));
    assert!(
        asked
            .iter()
            .skip(1)
            .all(|step| *step == (Step::Wait, false))
    );
    for counted in &mut counted {
        lease.take(terms, Moment(0), 1, counted);
    }
    let wish = lease.wish(terms, Moment(0));
    assert_eq!((wish.most, wish.least), (7, 1));
}

#[test]
fn an_answer_that_never_comes_is_asked_for_again() {
    let terms = terms(limit(1, 100));
    let mut lease = Lease::default();
    assert_eq!(
        lease.take(terms, Moment(0), 1, &mut None),
        (Step::Wait, true)
    );
    assert_eq!(
        lease.take(terms, Moment(0), 1, &mut None),
        (Step::Wait, false)
    );
    lease.unanswered();
    assert_eq!(
        lease.take(terms, Moment(0), 1, &mut None),
        (Step::Wait, true)
    );
}

#[test]
fn units_that_were_not_used_are_there_again() {
    let mut bank = Bank::new(limit(1_000, 100));
    let mut lease = Lease::default();
    assert_eq!(ask(&mut lease, &mut bank, 0, 1), Ok(()));
    let before = lease.in_hand();
    lease.put_back(terms(bank.limit), Moment(0), 1);
    assert_eq!(lease.in_hand(), before + 1);
}
