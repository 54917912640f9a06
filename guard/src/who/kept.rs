//! Callers by the keys that are kept in the served database.

use super::World;
use super::cache::{Cache, Print, Verdict, print};
use crate::api_key::{self, Shown};
use crate::config::Config;
use crate::error::{Error, Flaw, KeyFlaw};
use crate::metrics::Metrics;
use model::api_key::{ApiKey, ApiKeys, USE_SECONDS};
use model::{Caller, Claims, Rights};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

/// How many uses may wait to be written down.
const USES_MAX: usize = 1_024;

/// The claim that has the id of the key.
const CLAIM: &str = "key";

/// A use of a key, and when it was.
type Use = (Box<str>, u64);

/// Keys, and what is known of them.
pub(super) struct Kept {
    table: Arc<dyn ApiKeys>,
    world: World,
    recheck: Duration,
    patience: Duration,
    lookups: Semaphore,
    uses: Sender<Use>,
    waiting: Mutex<Receiver<Use>>,
    metrics: Metrics,
}

/// A key as it was read, and when.
#[derive(Debug)]
pub(super) struct Read {
    /// The key and its caller, if there is such a key.
    known: Option<(ApiKey, Arc<Caller>)>,
    at: Instant,
    /// The second of the last use that was handed on.
    noted: AtomicU64,
}

impl Kept {
    /// The keys there are, if any are taken.
    pub(super) fn new(config: &Config, world: &World, metrics: &Metrics) -> Option<Arc<Self>> {
        let (uses, waiting) = mpsc::channel(USES_MAX);
        config.api_keys.enabled.then(|| {
            Arc::new(Self {
                table: Arc::clone(&world.api_keys),
                world: world.clone(),
                recheck: config.api_keys.recheck(),
                patience: config.fetch_timeout(),
                lookups: Semaphore::new(config.api_keys.lookups_max),
                uses,
                waiting: Mutex::new(waiting),
                metrics: metrics.clone(),
            })
        })
    }

    /// The caller who shows that key, and whether nobody had to be asked.
    pub(super) async fn caller(
        &self,
        text: &str,
        cache: &Cache,
        now: u64,
    ) -> Result<(Arc<Caller>, bool), Error> {
        let shown = api_key::read(text).ok_or(Flaw::Mistyped)?;
        let holds = |verdict: &Verdict| match verdict {
            Verdict::Kept(read) => self.holds(read),
            Verdict::Signed { .. } | Verdict::Active(_) | Verdict::Inactive(_) => false,
        };
        let recalled = cache.recall(of_id(shown.id), holds, self.read(shown.id));
        let recalled = timeout(self.patience, recalled).await;
        let late = || {
            Err(Error::Unavailable(
                "the table of keys took too long".to_owned(),
            ))
        };
        let (verdict, was_there) = recalled.unwrap_or_else(|_| late())?;
        let Verdict::Kept(read) = verdict else {
            return Err(Error::Unavailable(
                "what is remembered is no key".to_owned(),
            ));
        };
        let caller = read.judge(&shown, now)?;
        self.note(&read, shown.id, now);
        Ok((caller, was_there))
    }

    /// Writes uses down, for as long as it is polled.
    pub(super) async fn tend(self: Arc<Self>) {
        let mut waiting = self.waiting.lock().await;
        while let Some((id, second)) = waiting.recv().await {
            let noted = timeout(self.patience, self.table.note_use(&id, second)).await;
            let why = match noted {
                Ok(Ok(())) => {
                    self.metrics.key_use("written");
                    continue;
                }
                Ok(Err(why)) => why.to_string(),
                Err(_) => "it took too long".to_owned(),
            };
            self.metrics.key_use("failed");
            tracing::debug!(
                key = &*id,
                detail = why,
                "the use of a key was not written down"
            );
        }
    }

    fn holds(&self, read: &Read) -> bool {
        let now = self.world.clock.instant();
        now.saturating_duration_since(read.at) < self.recheck
    }

    /// Reads a key, with a place in memory for it.
    async fn read(&self, id: &str) -> Result<(Verdict, usize), Error> {
        let closed = |_| Error::Unavailable("no keys are read any more".to_owned());
        let _lookup = self.lookups.acquire().await.map_err(closed)?;
        // What is written while it is read may be missing in it.
        let at = self.world.clock.instant();
        let found = self.table.find(id).await.map_err(|why| {
            self.metrics.key_lookup("failed");
            Error::Unavailable(format!("the table of keys: {why}"))
        })?;
        let outcome = if found.is_some() { "found" } else { "unknown" };
        self.metrics.key_lookup(outcome);
        let length = found.as_ref().map_or(0, length);
        let read = Read {
            noted: AtomicU64::new(found.as_ref().and_then(|key| key.used).unwrap_or(0)),
            known: found.map(|key| (key.clone(), Arc::new(of_key(key)))),
            at,
        };
        Ok((Verdict::Kept(Arc::new(read)), length))
    }

    /// Hands a use on, if the last one was long ago; nobody waits for that.
    fn note(&self, read: &Read, id: &str, now: u64) {
        let last = read.noted.load(Relaxed);
        let is_due = now >= last.saturating_add(USE_SECONDS);
        let is_ours = || {
            let swapped = read.noted.compare_exchange(last, now, Relaxed, Relaxed);
            swapped.is_ok()
        };
        if is_due && is_ours() && self.uses.try_send((id.into(), now)).is_err() {
            self.metrics.key_use("dropped");
        }
    }
}

impl Read {
    /// The caller, if the secret is that of the key and the key holds.
    fn judge(&self, shown: &Shown<'_>, now: u64) -> Result<Arc<Caller>, Flaw> {
        let flaw = |why| Flaw::Key {
            id: shown.id.into(),
            why,
        };
        let (key, caller) = self.known.as_ref().ok_or_else(|| flaw(KeyFlaw::Unknown))?;
        let is_current = api_key::is_same(&key.hash, &shown.hash);
        let is_former = key.former.as_ref().is_some_and(|former| {
            api_key::is_same(&former.hash, &shown.hash) && now < former.until
        });
        if !is_current && !is_former {
            return Err(flaw(KeyFlaw::Secret));
        }
        if key.revoked.is_some() {
            return Err(flaw(KeyFlaw::Revoked));
        }
        if key.expires.is_some_and(|end| now >= end) {
            return Err(flaw(KeyFlaw::Expired));
        }
        Ok(Arc::clone(caller))
    }
}

/// What a key is remembered by: nothing that could be a token.
fn of_id(id: &str) -> Print {
    print(&format!("key: {id}"))
}

/// The caller who shows a key.
fn of_key(key: ApiKey) -> Caller {
    let mut claims = key.claims;
    claims.insert(CLAIM.to_owned(), (*key.id).into());
    let claims = Claims::of_tenant(claims, key.tenant.as_deref());
    Caller::of_key(&key.id, Rights::Of(key.roles), claims, key.tenant)
}

/// About how long what is known of a key is.
fn length(key: &ApiKey) -> usize {
    let roles: usize = key.roles.names().map(str::len).sum();
    let claims = serde_json::Value::Object(key.claims.clone()).to_string();
    roles + claims.len() + key.name.len()
}
