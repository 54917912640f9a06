//! Which answers are kept, and for how long.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Answers that are kept, of operations that look at nothing but types with `@cache`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    /// Whether any are kept.
    pub(crate) enabled: bool,
    /// Memory that kept answers take together, in bytes.
    pub(crate) bytes_max: u64,
    /// The largest answer that is kept, with the values it was asked with, in bytes. As much is held of
    /// each answer on its way that might be kept.
    pub(crate) entry_bytes_max: usize,
    /// No kept answer is given that may lack what others committed longer ago than that, in
    /// milliseconds; what this server writes is never lacking. More than twice `database.changes.beat_ms`.
    pub(crate) stale_ms_max: u64,
    /// What is done where the database does not show what others change: `refuse` keeps nothing,
    /// `expire` gives kept answers all the same until they are as old as `@cache` allows.
    pub(crate) unseen: Unseen,
    /// What answers to GET that may be kept tell those who keep answers themselves: `off` that they must
    /// not; `revalidate` that they may if they ask each time whether it is still the same; `shared`, beside
    /// that, that anybody may give an answer to callers without credentials again for as long as `@cache`
    /// says.
    pub(crate) clients: Clients,
    /// Whether what anybody may keep names the tables it was read from, in `surrogate-key` and `cache-tag`,
    /// by which a CDN lets go of it. Who reads them learns what the tables are called.
    pub(crate) surrogate_keys: bool,
}

/// What those are told who keep answers themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Clients {
    /// They keep nothing.
    Off,
    /// They ask each time.
    Revalidate,
    /// They may keep what callers without credentials are answered.
    Shared,
}

/// What is done where the database does not show what others change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unseen {
    /// Nothing is kept.
    Refuse,
    /// Kept answers are given until they expire.
    Expire,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            enabled: false,
            bytes_max: 64 * 1024 * 1024,
            entry_bytes_max: 256 * 1024,
            stale_ms_max: 1_000,
            unseen: Unseen::Refuse,
            clients: Clients::Revalidate,
            surrogate_keys: false,
        }
    }
}

impl Cache {
    /// The bound of what may be lacking.
    pub(crate) fn stale_max(&self) -> Duration {
        Duration::from_millis(self.stale_ms_max)
    }

    /// What is wrong with it, by its key.
    pub(crate) fn findings(&self, following: &store::Following) -> Vec<(&'static str, String)> {
        let mut findings = Vec::new();
        if !self.enabled {
            return findings;
        }
        if self.entry_bytes_max == 0 {
            findings.push(("cache.entry_bytes_max", "keeps nothing: at least 1".into()));
        }
        if self.bytes_max < self.entry_bytes_max as u64 {
            let message = "is less than `cache.entry_bytes_max`, which must fit in".to_owned();
            findings.push(("cache.bytes_max", message));
        }
        let least = 2 * following.beat_ms;
        if self.stale_ms_max <= least {
            let message = format!(
                "is so short that no answer would be given twice: more than {least}, twice \
                 `database.changes.beat_ms`"
            );
            findings.push(("cache.stale_ms_max", message));
        }
        findings
    }
}
