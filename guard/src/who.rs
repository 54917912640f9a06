//! How a caller is known: the one door that every request comes through.

mod cache;
mod certificate;
mod claims;
mod credential;
mod introspection;
mod kept;
mod key;
mod keyring;
mod revocations;
mod token;

pub(crate) use certificate::Holder;

use crate::config::Config;
use crate::error::{Error, Flaw};
use crate::metrics::Metrics;
use cache::{Cache, Print, Verdict};
use certificate::Holders;
use claims::Expected;
use credential::Credential;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use introspection::Introspection;
use kept::Kept;
use keyring::Keyring;
use model::api_key::ApiKeys;
use model::metric::Registry;
use model::outward::Outward;
use model::revocation;
use model::{Caller, Claims, Clock, Rights, Roles};
use revocations::Revocations;
use serde_json::Value;
use std::sync::Arc;
use tokio::task::JoinSet;

pub use credential::API_KEY;

/// What is outside: other servers, what is kept about callers, and the time.
#[derive(Clone)]
pub struct World {
    /// Other servers.
    pub outward: Arc<dyn Outward>,
    /// The keys that are kept.
    pub api_keys: Arc<dyn ApiKeys>,
    /// What was revoked.
    pub revocations: Arc<dyn revocation::Revocations>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The certificate that a connection came with, and whose it is: looked at once for all its requests.
#[derive(Clone, Debug)]
pub struct Presented(Result<Arc<Caller>, Error>);

/// Tells callers apart.
pub struct Doorkeeper {
    stranger: Result<Arc<Caller>, Error>,
    /// Whether callers are not told apart and held to nothing, so that no header is looked at.
    is_doorless: bool,
    token_bytes_max: usize,
    issuers: Vec<(Expected, Arc<Keyring>)>,
    introspection: Option<Introspection>,
    kept: Option<Arc<Kept>>,
    revocations: Option<Arc<Revocations>>,
    holders: Holders,
    cache: Cache,
    world: World,
    metrics: Metrics,
}

impl Doorkeeper {
    /// A doorkeeper that has no keys of any issuer yet. Who has no credentials is that stranger, or
    /// whoever the configuration says.
    pub fn new(
        config: &Config,
        stranger: Option<Caller>,
        world: World,
        registry: &mut Registry,
    ) -> Self {
        let metrics = Metrics::register(registry);
        let keyring = |issuer| Arc::new(Keyring::new(issuer, config, &world, &metrics));
        let is_open = config.open || stranger.is_some();
        Self {
            stranger: stranger.map_or_else(|| self::stranger(config), |who| Ok(Arc::new(who))),
            is_doorless: config.is_doorless() && is_open,
            token_bytes_max: config.token_bytes_max,
            issuers: config
                .issuers
                .iter()
                .map(|issuer| (Expected::from(issuer), keyring(issuer)))
                .collect(),
            introspection: Introspection::new(config, &world, &metrics),
            kept: Kept::new(config, &world, &metrics),
            revocations: Revocations::new(config, &world, &metrics),
            holders: Holders::new(&config.certificates),
            cache: Cache::new(config.token_cache_bytes_max, &metrics),
            world,
            metrics,
        }
    }

    /// Whose a certificate is (DER), once its signature was found to hold; nothing, where callers are
    /// not told apart by theirs.
    pub fn recognise(&self, certificate: &[u8]) -> Option<Presented> {
        let holder = (!self.holders.is_empty()).then(|| self.holders.find(certificate));
        holder.map(|holder| Presented(holder.map_err(Error::from)))
    }

    /// The caller of a request with these headers, on a connection with that certificate, from an
    /// address as it is counted.
    pub async fn identify(
        &self,
        headers: &HeaderMap,
        presented: Option<&Presented>,
        address: &str,
    ) -> Result<Arc<Caller>, Error> {
        let (outcome, caller) = match self.look(headers, presented, address).await {
            Ok((outcome, caller)) => (outcome, Ok(caller)),
            Err(error) => (error.outcome(), Err(error)),
        };
        self.metrics.caller(outcome);
        caller
    }

    /// Whether anybody could be let in now; nobody knows until an issuer was asked.
    pub fn is_able(&self) -> Option<bool> {
        let asks_nobody = self.stranger.is_ok() || !self.holders.is_empty();
        if asks_nobody || self.introspection.is_some() || self.kept.is_some() {
            return Some(true);
        }
        let mut keyrings = self.issuers.iter().map(|(_, keyring)| keyring);
        if keyrings.clone().any(|keyring| keyring.is_usable()) {
            return Some(true);
        }
        keyrings.all(|keyring| keyring.is_away()).then_some(false)
    }

    /// Whether no issuer has keys that may be used, and none will be had from one soon.
    pub fn lacks_issuers(&self) -> bool {
        let mut keyrings = self.issuers.iter().map(|(_, keyring)| keyring);
        self.has_issuers() && keyrings.all(|keyring| keyring.is_away())
    }

    /// Whether it depends on others.
    pub fn has_issuers(&self) -> bool {
        !self.issuers.is_empty()
    }

    /// Whether it depends on what was revoked.
    pub fn has_revocations(&self) -> bool {
        self.revocations.is_some()
    }

    /// Whether it is known what was revoked; nobody knows until it was looked for.
    pub fn knows_revoked(&self) -> Option<bool> {
        self.revocations.as_ref()?.is_able()
    }

    /// Whether a request shows something by which its caller is known.
    pub fn is_shown_any(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(AUTHORIZATION) || self.kept.is_some() && headers.contains_key(API_KEY)
    }

    /// Has the keys of the issuers fetched now and again, uses of keys written down, and what was
    /// revoked read, for as long as it is polled.
    pub async fn tend(&self) {
        let mut tended = JoinSet::new();
        for (_, keyring) in &self.issuers {
            tended.spawn(Arc::clone(keyring).tend());
        }
        if let Some(kept) = &self.kept {
            tended.spawn(Arc::clone(kept).tend());
        }
        if let Some(revocations) = &self.revocations {
            tended.spawn(Arc::clone(revocations).tend());
        }
        while tended.join_next().await.is_some() {}
    }

    async fn look(
        &self,
        headers: &HeaderMap,
        presented: Option<&Presented>,
        address: &str,
    ) -> Result<(&'static str, Arc<Caller>), Error> {
        let shown = if self.is_doorless {
            None
        } else {
            credential::of(headers, self.kept.is_some())?
        };
        if let Some(Presented(holder)) = presented {
            if shown.is_some() {
                return Err(Error::Ambiguous);
            }
            return Ok(("certificate", holder.clone()?));
        }
        match (shown, &self.kept) {
            (None, _) => {
                let caller = self.stranger.clone()?;
                let outcome = match caller.rights {
                    Rights::All => "development",
                    Rights::Of(_) => "anonymous",
                };
                Ok((outcome, caller))
            }
            (Some(Credential::Key(key)), Some(kept)) => {
                let (caller, was_there) = kept.caller(key, &self.cache, self.now()).await?;
                Ok((if was_there { "remembered" } else { "key" }, caller))
            }
            (Some(Credential::Token(token) | Credential::Key(token)), _) => {
                self.token(token, address).await
            }
        }
    }

    /// The caller whom a token names that came from an address.
    async fn token(
        &self,
        token: &str,
        address: &str,
    ) -> Result<(&'static str, Arc<Caller>), Error> {
        if token.len() > self.token_bytes_max {
            return Err(Flaw::Malformed("it is too long").into());
        }
        let print = cache::print(token);
        if let Some(verdict) = self.remembered(&print) {
            self.is_standing(&verdict)?;
            return Ok(("remembered", verdict.caller()?));
        }
        let verdict = if !self.issuers.is_empty() && token::is_signed(token) {
            self.signed(token).await?
        } else {
            self.asked(token, address).await?
        };
        let (caller, standing) = (verdict.caller(), self.is_standing(&verdict));
        self.cache.keep(print, token.len(), verdict);
        standing.and(caller).map(|caller| ("token", caller))
    }

    /// Refuses a good token that was taken back.
    fn is_standing(&self, verdict: &Verdict) -> Result<(), Error> {
        let Some(revocations) = &self.revocations else {
            return Ok(());
        };
        let found = match verdict {
            Verdict::Signed { known, issuer, .. } => {
                let expected = self.issuers.get(*issuer).map(|(expected, _)| expected);
                expected.zip(Some(known))
            }
            Verdict::Active(known) => {
                let introspection = self.introspection.as_ref();
                introspection.map(Introspection::expected).zip(Some(known))
            }
            Verdict::Inactive(_) | Verdict::Kept(_) => return Ok(()),
        };
        let (expected, known) = found.ok_or(Flaw::Issuer)?;
        revocations.admit(expected.standing(&known.caller.claims))
    }

    /// What is remembered of a token and still true.
    fn remembered(&self, print: &Print) -> Option<Verdict> {
        let verdict = self.cache.find(print)?;
        let now = self.now();
        let holds = match &verdict {
            Verdict::Signed { known, issuer, key } => {
                let keyring = self.issuers.get(*issuer).map(|(_, keyring)| keyring);
                known.until >= now && keyring.is_some_and(|keyring| keyring.holds(key))
            }
            Verdict::Active(known) => known.until > now,
            Verdict::Inactive(until) => *until > now,
            Verdict::Kept(_) => false,
        };
        if !holds {
            self.cache.forget(print);
        }
        holds.then_some(verdict)
    }

    /// A token that is signed: by its issuer, or it is refused.
    async fn signed(&self, token: &str) -> Result<Verdict, Error> {
        let token = token::read_token(token)?;
        let named = token.claims.get("iss").and_then(Value::as_str);
        let is_its = |(expected, _): &(Expected, _)| Some(expected.issuer()) == named;
        let issuer = self.issuers.iter().position(is_its);
        let found = issuer.and_then(|issuer| Some((issuer, self.issuers.get(issuer)?)));
        let (issuer, (expected, keyring)) = found.ok_or(Flaw::Issuer)?;
        let key = keyring.signer(&token).await?;
        let known = expected.of_token(token.claims, self.now())?;
        let key = key.print;
        Ok(Verdict::Signed { known, issuer, key })
    }

    /// A token that cannot be read here.
    async fn asked(&self, token: &str, address: &str) -> Result<Verdict, Error> {
        let Some(introspection) = &self.introspection else {
            return Err(Flaw::Malformed("it is not signed").into());
        };
        let now = self.now();
        let known = introspection.ask(token, address, now).await?;
        let until = now.saturating_add(introspection.cache_seconds());
        Ok(known.map_or(Verdict::Inactive(until), Verdict::Active))
    }

    fn now(&self) -> u64 {
        self.world.clock.seconds()
    }
}

impl Verdict {
    fn caller(&self) -> Result<Arc<Caller>, Error> {
        match self {
            Self::Signed { known, .. } | Self::Active(known) => Ok(Arc::clone(&known.caller)),
            Self::Inactive(_) => Err(Flaw::Inactive.into()),
            Self::Kept(_) => Err(Flaw::Malformed("it is a key").into()),
        }
    }
}

/// Who asks without credentials, if anybody may.
fn stranger(config: &Config) -> Result<Arc<Caller>, Error> {
    let of = |name: &str, roles| Caller {
        name: name.into(),
        rights: Rights::Of(roles),
        claims: Claims::default(),
        tenant: None,
    };
    if config.open {
        return Ok(Arc::new(Caller::development()));
    }
    let role = &*config.anonymous_role;
    if !role.is_empty() {
        return Ok(Arc::new(of(Caller::ANONYMOUS, Roles::from_iter([role]))));
    }
    if config.is_doorless() {
        return Ok(Arc::new(of("nobody", Roles::default())));
    }
    if config.takes_tokens() || config.api_keys.enabled {
        return Err(Error::Required);
    }
    Err(Error::CertificateRequired)
}

#[cfg(test)]
mod tests;
