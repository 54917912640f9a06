//! The keys of one issuer, as it shows them: fetched, held for a while, and fetched again.

use super::World;
use super::key::{Key, read_set};
use super::token::Token;
use crate::address;
use crate::config::{Config, Issuer};
use crate::error::{Error, Flaw};
use crate::metrics::Metrics;
use arc_swap::ArcSwapOption;
use model::outward::Question;
use serde::Deserialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Behind the address of an issuer, where it describes itself (`OpenID` Connect Discovery 1.0).
const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// The keys of an issuer.
pub(super) struct Keyring {
    issuer: Issuer,
    bounds: Bounds,
    world: World,
    metrics: Metrics,
    held: ArcSwapOption<Held>,
    /// Whether the last fetch failed.
    away: AtomicBool,
    /// Until when no request makes us ask the issuer again.
    pause: Lock<Option<Instant>>,
    /// Held by the one who asks the issuer: where its keys are, once that is known.
    asking: Mutex<Option<Box<str>>>,
}

struct Bounds {
    refresh: Duration,
    keep: Duration,
    retry: Duration,
    bytes_max: usize,
    keys_max: usize,
    timeout: Duration,
}

/// The keys that were shown last.
struct Held {
    keys: Vec<Arc<Key>>,
    since: Instant,
}

/// What is read of the description of an issuer.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: Box<str>,
}

impl Keyring {
    /// A ring without keys yet.
    pub(super) fn new(issuer: &Issuer, config: &Config, world: &World, metrics: &Metrics) -> Self {
        metrics.issuer(&issuer.issuer);
        Self {
            issuer: issuer.clone(),
            bounds: Bounds {
                refresh: config.jwks_refresh(),
                keep: config.jwks_keep(),
                retry: config.jwks_retry(),
                bytes_max: config.jwks_bytes_max,
                keys_max: config.jwks_keys_max,
                timeout: config.fetch_timeout(),
            },
            world: world.clone(),
            metrics: metrics.clone(),
            held: ArcSwapOption::empty(),
            away: AtomicBool::new(false),
            pause: Lock::default(),
            asking: Mutex::default(),
        }
    }

    /// The issuer whose keys these are.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer.issuer
    }

    /// Whether it has keys that may be used.
    pub(super) fn is_usable(&self) -> bool {
        self.held().is_some()
    }

    /// Whether its issuer was asked last without an answer that could be used.
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Whether a key of that print may be used now.
    pub(super) fn holds(&self, print: &[u8; 32]) -> bool {
        let held = self.held();
        held.is_some_and(|held| held.keys.iter().any(|key| key.print == *print))
    }

    /// The key that signed a token. Where none is known by its name, the issuer is asked for its
    /// keys: once for all who wait for it, and not again for a while if it knows no better.
    pub(super) async fn signer(self: &Arc<Self>, token: &Token<'_>) -> Result<Arc<Key>, Error> {
        if !self.issuer.algorithms.contains(&token.algorithm) {
            return Err(Flaw::Signature("its algorithm is not taken from that issuer").into());
        }
        if let Some(key) = self.find(token)? {
            return check(key, token);
        }
        let ring = Arc::clone(self);
        let (kid, algorithm) = (token.kid.clone(), token.algorithm);
        let is_there = move |key: &Key| key.may_have_signed(kid.as_deref(), algorithm);
        // Who asked may be gone before the issuer answers; the others who wait are not.
        let asked = tokio::spawn(async move { ring.ask_for(is_there).await }).await;
        asked.map_err(|error| Error::Unavailable(error.to_string()))?;
        match self.find(token)? {
            Some(key) => check(key, token),
            None if self.is_away() || !self.is_usable() => {
                Err(Error::Unavailable(format!("{} is away", self.issuer())))
            }
            None => Err(Flaw::Signature("no key of that name is shown").into()),
        }
    }

    /// The one key that a token may be signed with.
    fn find(&self, token: &Token<'_>) -> Result<Option<Arc<Key>>, Error> {
        let Some(held) = self.held() else {
            return Ok(None);
        };
        let (kid, algorithm) = (token.kid.as_deref(), token.algorithm);
        let fits = |key: &&Arc<Key>| key.may_have_signed(kid, algorithm);
        let mut fitting = held.keys.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => Err(Flaw::Signature("it names no single key").into()),
            (key, _) => Ok(key.cloned()),
        }
    }

    fn held(&self) -> Option<Arc<Held>> {
        let now = self.world.clock.instant();
        let is_fresh =
            |held: &Arc<Held>| now.saturating_duration_since(held.since) < self.bounds.keep;
        self.held.load_full().filter(is_fresh)
    }

    /// Asks the issuer, unless somebody just did, for the sake of a key.
    async fn ask_for(&self, is_there: impl Fn(&Key) -> bool) {
        let is_held = || {
            let held = self.held();
            held.is_some_and(|held| held.keys.iter().any(|key| is_there(key)))
        };
        if self.is_paused() {
            return;
        }
        let mut place = self.asking.lock().await;
        if is_held() || self.is_paused() {
            return;
        }
        self.fetch(&mut place).await;
        if !is_held() {
            self.pause();
        }
    }

    fn is_paused(&self) -> bool {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.is_some_and(|until| self.world.clock.instant() < until)
    }

    fn pause(&self) {
        let until = self.world.clock.instant() + self.bounds.retry;
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Fetches the keys now and again, for as long as it is polled.
    pub(super) async fn tend(self: Arc<Self>) {
        loop {
            self.refresh().await;
            let pause = if self.is_away() {
                self.bounds.retry.min(self.bounds.refresh)
            } else {
                self.bounds.refresh
            };
            tokio::time::sleep(jittered(pause)).await;
        }
    }

    /// Fetches the keys from where the issuer says now that they are.
    pub(super) async fn refresh(&self) {
        let mut place = self.asking.lock().await;
        *place = None;
        self.fetch(&mut place).await;
    }

    /// Fetches the keys. What fails leaves those that are held.
    async fn fetch(&self, place: &mut Option<Box<str>>) {
        match self.shown(place).await {
            Ok(keys) => self.take(keys),
            Err(reason) => {
                *place = None;
                self.metrics.unfetched(self.issuer());
                if self.away.swap(true, Ordering::Relaxed) {
                    tracing::debug!(issuer = self.issuer(), reason, "still no keys of an issuer");
                } else {
                    let issuer = self.issuer();
                    tracing::warn!(issuer, reason, "the keys of an issuer cannot be fetched");
                }
            }
        }
    }

    fn take(&self, keys: Vec<Key>) {
        let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
        let second = self.world.clock.seconds();
        self.metrics.fetched(self.issuer(), second);
        let prints = |keys: &[Arc<Key>]| keys.iter().map(|key| key.print).collect::<Vec<_>>();
        let before = self.held.load();
        let changed = before
            .as_ref()
            .is_none_or(|held| prints(&held.keys) != prints(&keys));
        if self.away.swap(false, Ordering::Relaxed) || changed {
            let issuer = self.issuer();
            tracing::info!(
                issuer,
                keys = keys.len(),
                changed,
                "the keys of an issuer are here"
            );
        }
        let since = self.world.clock.instant();
        self.held.store(Some(Arc::new(Held { keys, since })));
    }

    /// The keys that the issuer shows now.
    async fn shown(&self, place: &mut Option<Box<str>>) -> Result<Vec<Key>, String> {
        let url = match place {
            Some(url) => url.clone(),
            None => place.insert(self.place().await?).clone(),
        };
        read_set(&self.read(&url).await?, self.bounds.keys_max)
    }

    /// Where its keys are, as it is configured or as it says itself.
    async fn place(&self) -> Result<Box<str>, String> {
        if !self.issuer.jwks_url.is_empty() {
            return Ok((*self.issuer.jwks_url).into());
        }
        let url = format!("{}{DESCRIPTION}", self.issuer().trim_end_matches('/'));
        let text = self.read(&url).await?;
        let description: Description = serde_json::from_slice(&text)
            .map_err(|_| format!("what {url} shows describes no issuer"))?;
        if description.issuer != self.issuer.issuer {
            return Err(format!(
                "{url} describes another issuer: {:?}",
                description.issuer
            ));
        }
        match address::unfit(&description.jwks_uri) {
            Some(why) => Err(format!("the `jwks_uri` that {url} names {why}")),
            None => Ok(description.jwks_uri),
        }
    }

    async fn read(&self, url: &str) -> Result<Vec<u8>, String> {
        let question = Question {
            url: url.into(),
            form: None,
            bytes_max: self.bounds.bytes_max,
            timeout: self.bounds.timeout,
        };
        let told = self.world.outward.ask(question).await;
        let told = told.map_err(|error| format!("{url}: {error}"))?;
        match told.status {
            200 => Ok(told.body),
            status => Err(format!("{url} answers with the status {status}")),
        }
    }
}

fn check(key: Arc<Key>, token: &Token<'_>) -> Result<Arc<Key>, Error> {
    if key.signed(token.algorithm, token.signed, &token.signature) {
        Ok(key)
    } else {
        Err(Flaw::Signature("its key did not make it").into())
    }
}

/// Many servers must not ask in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.8 + 0.2 * fastrand::f64())
}

#[cfg(test)]
mod tests;
