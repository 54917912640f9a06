//! What is kept about callers in the served database.

use super::within;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that what was read may hold.
const RECHECK_MAX: u64 = 30;
/// The longest that it may stay unread.
const STALE_MAX: u64 = 600;

/// The longest that what is over is kept: ten years.
const KEEP_MAX: u64 = 10 * 366 * 24 * 60 * 60;

/// Keys of callers that are kept in the served database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeys {
    /// Whether keys are taken, in the header `x-api-key` or as a bearer token.
    pub enabled: bool,
    /// How long what was read of a key holds, in seconds, at most 30: for so long a key that was
    /// taken back is still taken; with 0 each request reads it.
    pub recheck_seconds: u64,
    /// How long a key is kept after it expired or was taken back, in seconds. Then it is removed, as the
    /// next key is made; the log knows it by its id no more.
    pub keep_seconds: u64,
    /// How many keys may be read at a time; further ones wait for `auth.fetch_timeout_ms` at most.
    pub lookups_max: usize,
}

impl Default for ApiKeys {
    fn default() -> Self {
        Self {
            enabled: false,
            recheck_seconds: 2,
            keep_seconds: 366 * 24 * 60 * 60,
            lookups_max: 8,
        }
    }
}

/// Tokens that are taken back before their end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revocations {
    /// Whether what was revoked is looked for in the served database.
    pub enabled: bool,
    /// How often that is read, in seconds, at most 30: for about so long a token that was taken back
    /// is still taken.
    pub recheck_seconds: u64,
    /// How long tokens are taken while it cannot be read, in seconds; then they are refused.
    pub stale_seconds: u64,
    /// The most revocations that are known at a time. No further one is written; and where there
    /// are more all the same, tokens are refused.
    pub rows_max: usize,
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            enabled: false,
            recheck_seconds: 2,
            stale_seconds: 10,
            rows_max: 100_000,
        }
    }
}

impl Revocations {
    pub(super) fn findings(&self) -> Vec<(&'static str, String)> {
        within(&[
            (
                "auth.revocations.recheck_seconds",
                self.recheck_seconds,
                1,
                RECHECK_MAX,
            ),
            (
                "auth.revocations.stale_seconds",
                self.stale_seconds,
                self.recheck_seconds.saturating_add(1),
                STALE_MAX,
            ),
            (
                "auth.revocations.rows_max",
                self.rows_max as u64,
                1,
                1_000_000,
            ),
        ])
    }
}

impl ApiKeys {
    pub(super) fn findings(&self) -> Vec<(&'static str, String)> {
        within(&[
            (
                "auth.api_keys.recheck_seconds",
                self.recheck_seconds,
                0,
                RECHECK_MAX,
            ),
            ("auth.api_keys.keep_seconds", self.keep_seconds, 0, KEEP_MAX),
            (
                "auth.api_keys.lookups_max",
                self.lookups_max as u64,
                1,
                1_000,
            ),
        ])
    }

    pub(crate) fn recheck(&self) -> Duration {
        Duration::from_secs(self.recheck_seconds)
    }
}
