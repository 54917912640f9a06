//! What a client is told of its limits: the header fields `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-10), written as structured fields (RFC 9651).

use super::rule::Rule;
use std::fmt::Write as _;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// Where a request stands with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Units that are left.
    pub(super) remaining: u64,
    /// Nanoseconds until there are more for whoever was refused, or all again for others.
    pub(super) reset_ns: u64,
}

/// The value of `RateLimit-Policy`: what holds.
pub(super) fn policy<'a>(rules: impl Iterator<Item = &'a Rule>) -> String {
    let mut text = String::new();
    for rule in rules {
        let limit = rule.limit;
        let (quota, window) = (limit.quota, limit.period_ns.get() / SECOND);
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}\"{}\";q={quota}", rule.name);
        if rule.by_cost {
            text.push_str(";qu=\"fragaria-cost\"");
        }
        let _ = write!(text, ";w={window};fragaria-burst={}", limit.burst);
    }
    text
}

/// The value of `RateLimit`: what is left.
pub(super) fn standing<'a>(standings: impl Iterator<Item = (&'a Rule, Standing)>) -> String {
    let mut text = String::new();
    for (rule, standing) in standings {
        let comma = if text.is_empty() { "" } else { ", " };
        let (left, reset) = (standing.remaining, seconds(standing.reset_ns));
        let _ = write!(text, "{comma}\"{}\";r={left};t={reset}", rule.name);
    }
    text
}

/// Whole seconds in which so many nanoseconds are over.
pub(super) fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(SECOND)
}
