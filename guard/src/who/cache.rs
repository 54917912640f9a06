//! Tokens and keys that were looked at before, so that it need not be done for each request again.

use super::claims::Known;
use super::kept::Read;
use crate::metrics::Metrics;
use quick_cache::Weighter;
use quick_cache::sync::{Cache as Entries, EntryAction, EntryResult};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// What an entry takes beside what its token says.
const ENTRY_BYTES: usize = 512;
/// How much larger claims are in memory than in a token, at most about.
const GROWTH: usize = 8;

/// What a token is remembered by: of the token itself nothing is kept.
pub(super) type Print = [u8; 32];

/// The tokens that are remembered.
pub(super) struct Cache {
    entries: Entries<Print, Entry, Bytes>,
    metrics: Metrics,
}

/// What was found out about a token.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) verdict: Verdict,
    bytes: usize,
}

/// What was found out about a token.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It was signed with the key of that print, of the issuer at that place.
    Signed {
        known: Known,
        issuer: usize,
        key: Print,
    },
    /// Its issuer said that it is active.
    Active(Known),
    /// Its issuer said that it is not, which holds until that second.
    Inactive(u64),
    /// Not about a token, but what is kept of the key with that id.
    Kept(Arc<Read>),
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Print, Entry> for Bytes {
    fn weight(&self, _: &Print, entry: &Entry) -> u64 {
        entry.bytes as u64
    }
}

/// What a token is remembered by.
pub(super) fn print(token: &str) -> Print {
    Sha256::digest(token).into()
}

impl Cache {
    /// A cache of at most so many bytes.
    pub(super) fn new(bytes_max: usize, metrics: &Metrics) -> Self {
        let entries = bytes_max / (2 * ENTRY_BYTES);
        Self {
            entries: Entries::with_weighter(entries, bytes_max as u64, Bytes),
            metrics: metrics.clone(),
        }
    }

    /// What is remembered of a token.
    pub(super) fn find(&self, print: &Print) -> Option<Verdict> {
        self.entries.get(print).map(|entry| entry.verdict)
    }

    /// Remembers what was found out about a token of that length.
    pub(super) fn keep(&self, print: Print, length: usize, verdict: Verdict) {
        let bytes = ENTRY_BYTES + GROWTH * length;
        self.entries.insert(print, Entry { verdict, bytes });
        self.measure();
    }

    /// What is remembered under a print and holds, and that it was there; or what is found out now, by
    /// one of those who ask at a time: the others wait for it.
    pub(super) async fn recall<E>(
        &self,
        print: Print,
        holds: impl Fn(&Verdict) -> bool,
        learn: impl Future<Output = Result<(Verdict, usize), E>>,
    ) -> Result<(Verdict, bool), E> {
        if let Some(verdict) = self.find(&print).filter(&holds) {
            return Ok((verdict, true));
        }
        let keep = |_: &Print, entry: &mut Entry| {
            if holds(&entry.verdict) {
                EntryAction::Retain(entry.verdict.clone())
            } else {
                EntryAction::ReplaceWithGuard
            }
        };
        let guard = match self.entries.entry_async(&print, keep).await {
            EntryResult::Retained(verdict) => return Ok((verdict, true)),
            EntryResult::Vacant(guard) | EntryResult::Replaced(guard, _) => Some(guard),
            EntryResult::Removed(..) | EntryResult::Timeout => None,
        };
        let (verdict, length) = learn.await?;
        if let Some(guard) = guard {
            let bytes = ENTRY_BYTES + GROWTH * length;
            let entry = Entry {
                verdict: verdict.clone(),
                bytes,
            };
            // What was forgotten meanwhile is not remembered.
            drop(guard.insert(entry));
        }
        self.measure();
        Ok((verdict, false))
    }

    /// Forgets a token.
    pub(super) fn forget(&self, print: &Print) {
        self.entries.remove(print);
        self.measure();
    }

    fn measure(&self) {
        let bytes = i64::try_from(self.entries.weight()).unwrap_or(i64::MAX);
        self.metrics.token_cache.set(bytes);
    }
}
