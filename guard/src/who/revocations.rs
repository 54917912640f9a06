//! Tokens that were taken back before their end: read again and again, and known by heart.

use super::World;
use crate::config::Config;
use crate::error::{Error, Flaw};
use crate::metrics::Metrics;
use arc_swap::ArcSwap;
use model::revocation::{RESTORED, Revocation, Revoked};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// What something that was taken back is known by: nobody reads a name in memory.
type Print = [u8; 32];

/// What was taken back, as far as it is known here.
pub(super) struct Revocations {
    world: World,
    recheck: Duration,
    stale: Duration,
    patience: Duration,
    rows_max: usize,
    known: ArcSwap<Known>,
    has_looked: AtomicBool,
    metrics: Metrics,
}

/// What is known by heart.
#[derive(Clone, Debug, Default)]
struct Known {
    marks: Arc<HashMap<Print, Mark>>,
    /// The largest number that was read.
    last: u64,
    /// When all that was there was read.
    read_at: Option<Instant>,
    /// Whether there is more than may be known, so that nothing can be said of anybody.
    is_over: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    at: u64,
    until: u64,
}

/// What of a token tells whether it was taken back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'a> {
    pub(super) issuer: &'a str,
    /// What names its caller.
    pub(super) name: Option<&'a str>,
    pub(super) jti: Option<&'a str>,
    /// The second of its `iat`.
    pub(super) issued: Option<u64>,
}

impl Revocations {
    /// What was taken back, if that is looked for.
    pub(super) fn new(config: &Config, world: &World, metrics: &Metrics) -> Option<Arc<Self>> {
        let of = &config.revocations;
        of.enabled.then(|| {
            Arc::new(Self {
                world: world.clone(),
                recheck: Duration::from_secs(of.recheck_seconds),
                stale: Duration::from_secs(of.stale_seconds),
                patience: config.fetch_timeout(),
                rows_max: of.rows_max,
                known: ArcSwap::default(),
                has_looked: AtomicBool::new(false),
                metrics: metrics.clone(),
            })
        })
    }

    /// Refuses a token that was taken back; where that cannot be known, every token.
    pub(super) fn admit(&self, standing: Standing<'_>) -> Result<(), Error> {
        let known = self.known.load();
        if !self.is_fresh(&known) {
            let why = "what was revoked could not be read for too long".to_owned();
            return Err(Error::Unavailable(why));
        }
        if known.has(standing) {
            return Err(Flaw::Revoked.into());
        }
        Ok(())
    }

    /// Whether tokens are judged; nobody knows before the first look.
    pub(super) fn is_able(&self) -> Option<bool> {
        let is_fresh = self.is_fresh(&self.known.load());
        (is_fresh || self.has_looked.load(Relaxed)).then_some(is_fresh)
    }

    /// Reads what is new again and again, for as long as it is polled.
    pub(super) async fn tend(self: Arc<Self>) {
        let mut has_failed = false;
        loop {
            let looked = timeout(self.patience, self.look()).await;
            let looked = looked.unwrap_or_else(|_| Err("it took too long".to_owned()));
            self.metrics.revocations_read(looked.is_ok());
            let failed = looked.is_err();
            match looked {
                Err(detail) if !has_failed => {
                    tracing::warn!(detail, "what was revoked cannot be read");
                }
                Err(detail) => tracing::debug!(detail, "what was revoked cannot be read"),
                Ok(()) if has_failed => tracing::info!("what was revoked can be read again"),
                Ok(()) => {}
            }
            has_failed = failed;
            self.has_looked.store(true, Relaxed);
            tokio::time::sleep(self.recheck).await;
        }
    }

    /// Reads what is new.
    pub(super) async fn look(&self) -> Result<(), String> {
        let mut known = Known::clone(&self.known.load());
        let now = self.world.clock.seconds();
        // What is written while it is read may be missing in it.
        let at = self.world.clock.instant();
        known.forget(now);
        while known.marks.len() <= self.rows_max {
            let from = known.last;
            let read = self.world.revocations.since(from).await;
            let read = read.map_err(|why| why.to_string())?;
            let numbers = read.first().zip(read.last());
            let numbers = numbers.map(|(first, last)| (first.number, last.number));
            match numbers {
                None if from == 0 => break,
                Some((first, last)) if from == 0 || first == from => known.last = last,
                // It is not the table it was, as after a restore: its numbers begin anew.
                None | Some(_) => {
                    known.last = 0;
                    continue;
                }
            }
            for revocation in read {
                known.mark(&revocation, now);
            }
            if known.last == from {
                break;
            }
        }
        known.is_over = known.marks.len() > self.rows_max;
        known.read_at = Some(at);
        self.metrics.revocations_known(known.marks.len());
        self.known.store(Arc::new(known));
        Ok(())
    }

    fn is_fresh(&self, known: &Known) -> bool {
        let now = self.world.clock.instant();
        let is_recent = |at: Instant| now.saturating_duration_since(at) <= self.stale;
        !known.is_over && known.read_at.is_some_and(is_recent)
    }
}

impl Known {
    /// Forgets what need not be known any more.
    fn forget(&mut self, now: u64) {
        if self.marks.values().any(|mark| mark.until < now) {
            Arc::make_mut(&mut self.marks).retain(|_, mark| mark.until >= now);
        }
    }

    fn mark(&mut self, revocation: &Revocation, now: u64) {
        if revocation.until < now {
            return;
        }
        let (kind, word) = match &revocation.what {
            Revoked::Token(jti) => ("token", jti),
            Revoked::Subject(subject) => ("subject", subject),
        };
        let print = print(kind, revocation.issuer.as_deref(), word);
        if revocation.at == RESTORED {
            if self.marks.contains_key(&print) {
                Arc::make_mut(&mut self.marks).remove(&print);
            }
            return;
        }
        let before = self.marks.get(&print).copied().unwrap_or_default();
        let mark = Mark {
            at: before.at.max(revocation.at),
            until: before.until.max(revocation.until),
        };
        if mark != before {
            Arc::make_mut(&mut self.marks).insert(print, mark);
        }
    }

    /// Whether a token is one of those that were taken back. One that does not say when it was
    /// issued may be as old as any.
    fn has(&self, standing: Standing<'_>) -> bool {
        if self.marks.is_empty() {
            return false;
        }
        let mark = |kind, issuer, word| self.marks.get(&print(kind, issuer, word));
        let is_before = |mark: &Mark| standing.issued.is_none_or(|issued| issued <= mark.at);
        [None, Some(standing.issuer)].into_iter().any(|issuer| {
            let by_itself = standing.jti.and_then(|jti| mark("token", issuer, jti));
            let by_name = standing.name.and_then(|name| mark("subject", issuer, name));
            by_itself.is_some() || by_name.is_some_and(is_before)
        })
    }
}

fn print(kind: &str, issuer: Option<&str>, word: &str) -> Print {
    let mut hash = Sha256::new();
    let of = if issuer.is_some() { "of" } else { "any" };
    for part in [kind, of, issuer.unwrap_or_default(), word] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
