//! One limit: bursts, rests, floods, costs, and the nanosecond between.

use super::*;

const SECOND: u64 = 1_000_000_000;

fn limit(quota: u64, seconds: u64, burst: u64) -> Limit {
    Limit {
        quota: NonZeroU64::new(quota).unwrap(),
        period_ns: NonZeroU64::new(seconds * SECOND).unwrap(),
        burst,
    }
}

/// How many of these arrivals, each of one unit, are let through.
fn let_through(limit: Limit, arrivals: impl IntoIterator<Item = u64>) -> u64 {
    let mut full = Full::default();
    let mut count = 0;
    for at in arrivals {
        if let Ok(after) = limit.take(full, Moment(at), 1) {
            full = after;
            count += 1;
        }
    }
    count
}

#[test]
fn a_burst_is_let_through_at_once_and_not_one_more() {
    assert_eq!(let_through(limit(1, 1, 5), [0; 20]), 5);
}

#[test]
fn a_burst_of_one_spaces_requests_evenly() {
    let limit = limit(4, 1, 1);
    let quarter = SECOND / 4;
    assert_eq!(let_through(limit, (0..8).map(|n| n * quarter)), 8);
    assert_eq!(let_through(limit, (0..8).map(|n| n * (quarter - 1))), 4);
}

#[test]
fn after_a_rest_the_whole_burst_is_there_and_no_more() {
    let limit = limit(10, 1, 3);
    let rested = [0; 9].into_iter().chain([3600 * SECOND; 9]);
    assert_eq!(let_through(limit, rested), 6);
}

#[test]
fn a_minute_of_flood_lets_through_the_burst_and_what_came_back() {
    let limit = limit(100, 1, 50);
    let flood = (0..600_000).map(|n| n * SECOND / 10_000);
    // The last arrival is a ten thousandth of a second before the minute ends.
    assert_eq!(let_through(limit, flood), 50 + 5_999);
}

#[test]
fn a_quota_that_divides_nothing_is_kept_to_the_unit() {
    let flood = (0..=700_000).map(|n| n * SECOND / 1_000);
    assert_eq!(let_through(limit(7, 1, 2), flood), 2 + 700 * 7);
}

#[test]
fn nothing_is_rounded_over_a_million_units() {
    let limit = limit(3, 1, 1);
    let mut full = Full::default();
    for unit in 0..1_000_000_u64 {
        let there = limit.moment(full);
        assert_eq!(there.0, (unit * SECOND).div_ceil(3));
        full = limit.after(full, Moment(0), 1);
    }
}

#[test]
fn a_quota_above_one_in_a_nanosecond_is_counted_too() {
    let limit = limit(5_000_000_000, 1, 10);
    assert_eq!(
        let_through(limit, (0..100).flat_map(|at| [at; 10])),
        10 + 99 * 5
    );
}

#[test]
fn a_day_is_a_period_like_any_other() {
    let limit = limit(10, 86_400, 10);
    let every_hour = (0..24 * 10).map(|hour| hour * 3600 * SECOND);
    assert_eq!(let_through(limit, every_hour), 10 + 99);
}

#[test]
fn a_refused_request_costs_nothing() {
    let limit = limit(1, 1, 1);
    let full = limit.take(Full::default(), Moment(0), 1).unwrap();
    for _ in 0..100 {
        assert!(limit.take(full, Moment(SECOND - 1), 1).is_err());
    }
    assert!(limit.take(full, Moment(SECOND), 1).is_ok());
}

#[test]
fn who_waits_as_long_as_told_is_let_through_and_not_a_nanosecond_earlier() {
    for (quota, seconds, burst) in [(7, 3, 2), (1000, 1, 1), (1, 60, 1), (13, 11, 5)] {
        let limit = limit(quota, seconds, burst);
        let full = limit.take(Full::default(), Moment(5), burst).unwrap();
        let Err(Short::For(wait)) = limit.take(full, Moment(5), 1) else {
            panic!("refused for some time")
        };
        assert!(limit.take(full, Moment(5 + wait), 1).is_ok());
        assert!(limit.take(full, Moment(5 + wait - 1), 1).is_err());
    }
}

#[test]
fn a_request_that_costs_more_than_a_burst_never_fits() {
    let limit = limit(10, 1, 5);
    let full = Full::default();
    assert_eq!(limit.take(full, Moment(SECOND), 6), Err(Short::Always));
    assert!(limit.take(full, Moment(SECOND), 5).is_ok());
}

#[test]
fn costs_add_up_to_the_burst() {
    let limit = limit(10, 1, 100);
    let full = limit.take(Full::default(), Moment(0), 60).unwrap();
    assert_eq!(
        limit.take(full, Moment(0), 41),
        Err(Short::For(SECOND / 10))
    );
    let full = limit.take(full, Moment(0), 40).unwrap();
    assert_eq!(limit.remaining(full, Moment(0)), 0);
    assert_eq!(limit.remaining(full, Moment(SECOND)), 10);
}

#[test]
fn a_request_that_costs_nothing_is_always_let_through() {
    let limit = limit(1, 1, 1);
    let full = limit.take(Full::default(), Moment(0), 1).unwrap();
    assert_eq!(limit.take(full, Moment(0), 0), Ok(full));
}

#[test]
fn what_remains_is_told_in_whole_units() {
    let limit = limit(2, 1, 4);
    let full = limit.take(Full::default(), Moment(0), 3).unwrap();
    assert_eq!(limit.remaining(full, Moment(0)), 1);
    assert_eq!(limit.remaining(full, Moment(SECOND / 2 - 1)), 1);
    assert_eq!(limit.remaining(full, Moment(SECOND / 2)), 2);
    assert_eq!(limit.remaining(full, Moment(900 * SECOND)), 4);
}

#[test]
fn returned_units_are_as_if_never_taken() {
    let limit = limit(7, 3, 5);
    let before = limit.take(Full::default(), Moment(9), 2).unwrap();
    let after = limit.take(before, Moment(9), 3).unwrap();
    assert_eq!(limit.returned(after, 3), before);
}

#[test]
fn a_moment_that_repeats_gives_no_unit_back() {
    let limit = limit(1_000, 1, 2);
    assert_eq!(let_through(limit, [7, 7, 7, 7]), 2);
}

#[test]
fn a_clock_that_seems_to_go_back_frees_nobody() {
    let limit = limit(1, 1, 1);
    let full = limit.take(Full::default(), Moment(10 * SECOND), 1).unwrap();
    assert_eq!(
        limit.take(full, Moment(9 * SECOND), 1),
        Err(Short::For(2 * SECOND))
    );
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let limit = limit(1_000_000_000, 2_678_400, 1_000_000_000);
    let late = Moment(u64::MAX);
    assert_eq!(
        limit.take(Full::default(), late, u64::MAX),
        Err(Short::Always)
    );
    let full = limit.take(Full::default(), late, limit.burst).unwrap();
    assert_eq!(limit.remaining(full, late), 0);
    assert_eq!(limit.moment(full), Moment(u64::MAX));
}

#[test]
fn no_window_of_any_flood_holds_more_than_the_burst_and_what_came_back_in_it() {
    let limit = limit(11, 1, 4);
    let mut seed = 7_u64;
    let mut at = 0;
    let (mut full, mut let_through) = (Full::default(), Vec::new());
    for _ in 0..5_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        at += seed >> 37;
        if let Ok(after) = limit.take(full, Moment(at), 1) {
            full = after;
            let_through.push(at);
        }
    }
    for (first, from) in let_through.iter().enumerate() {
        for (count, to) in let_through.iter().skip(first).enumerate() {
            let most = 4 * SECOND + (to - from) * 11;
            assert!((count as u64 + 1) * SECOND <= most, "from {from} to {to}");
        }
    }
}
