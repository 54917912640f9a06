//! What the guard counts.

use model::metric::{Counter, EncodeLabelSet, Family, Gauge, Registry, Unit};

/// How requests can end at the door.
const OUTCOMES: [&str; 27] = [
    "development",
    "anonymous",
    "token",
    "key",
    "remembered",
    "certificate",
    "required",
    "ambiguous",
    "unavailable",
    "share",
    "malformed",
    "issuer",
    "signature",
    "expired",
    "early",
    "audience",
    "claims",
    "inactive",
    "revoked",
    "key_mistyped",
    "key_unknown",
    "key_secret",
    "key_expired",
    "key_revoked",
    "certificate_unnamed",
    "certificate_several",
    "certificate_malformed",
];

/// The guard's metrics; all clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    /// Requests by how their callers were told apart.
    callers: Family<Outcome, Counter>,
    /// Bytes of the tokens that are remembered.
    pub(crate) token_cache: Gauge,
    jwks_fetches: Family<Fetch, Counter>,
    jwks_fetched: Family<OfIssuer, Gauge>,
    introspections: Family<Outcome, Counter>,
    key_lookups: Family<Outcome, Counter>,
    key_uses: Family<Outcome, Counter>,
    revocations: Gauge,
    revocation_reads: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fetch {
    issuer: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfIssuer {
    issuer: String,
}

impl Metrics {
    /// Declares them; each outcome is shown from the beginning.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("fragaria_guard");
        let metrics = Self::default();
        for outcome in OUTCOMES {
            drop(metrics.callers.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["active", "inactive", "failed", "refused", "share"] {
            drop(metrics.introspections.get_or_create(&Outcome { outcome }));
        }
        metrics.declare_keys(registry);
        metrics.declare_revocations(registry);
        registry.register(
            "callers",
            "Requests by how their callers were told apart, or why they were not",
            metrics.callers.clone(),
        );
        registry.register_with_unit(
            "token_cache_size",
            "Estimated memory of the tokens that are remembered",
            Unit::Bytes,
            metrics.token_cache.clone(),
        );
        registry.register(
            "jwks_fetches",
            "Times the keys of an issuer were fetched, by outcome",
            metrics.jwks_fetches.clone(),
        );
        registry.register_with_unit(
            "jwks_fetched",
            "When the keys of an issuer that are used were fetched, since 1970",
            Unit::Seconds,
            metrics.jwks_fetched.clone(),
        );
        registry.register(
            "introspections",
            "Questions about tokens that cannot be read here, by outcome",
            metrics.introspections.clone(),
        );
        metrics
    }

    fn declare_keys(&self, registry: &mut Registry) {
        for outcome in ["found", "unknown", "failed"] {
            drop(self.key_lookups.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["written", "dropped", "failed"] {
            drop(self.key_uses.get_or_create(&Outcome { outcome }));
        }
        registry.register(
            "api_key_lookups",
            "Times an API key was read in the database, by outcome",
            self.key_lookups.clone(),
        );
        registry.register(
            "api_key_uses",
            "Last uses of API keys that were to be written down, by outcome",
            self.key_uses.clone(),
        );
    }

    fn declare_revocations(&self, registry: &mut Registry) {
        for outcome in ["ok", "failed"] {
            drop(self.revocation_reads.get_or_create(&Outcome { outcome }));
        }
        registry.register(
            "revocations",
            "Tokens and subjects that are known to be revoked",
            self.revocations.clone(),
        );
        registry.register(
            "revocation_reads",
            "Times it was read what is revoked, by outcome",
            self.revocation_reads.clone(),
        );
    }

    /// So much is known to be revoked.
    pub(crate) fn revocations_known(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.revocations.set(count);
    }

    /// It was read what is revoked, or could not be.
    pub(crate) fn revocations_read(&self, is_ok: bool) {
        let outcome = if is_ok { "ok" } else { "failed" };
        self.revocation_reads
            .get_or_create(&Outcome { outcome })
            .inc();
    }

    /// A key was read in the database.
    pub(crate) fn key_lookup(&self, outcome: &'static str) {
        self.key_lookups.get_or_create(&Outcome { outcome }).inc();
    }

    /// A use of a key was to be written down.
    pub(crate) fn key_use(&self, outcome: &'static str) {
        self.key_uses.get_or_create(&Outcome { outcome }).inc();
    }

    /// A request ended at the door, or came in.
    pub(crate) fn caller(&self, outcome: &'static str) {
        self.callers.get_or_create(&Outcome { outcome }).inc();
    }

    /// An issuer that is configured: it is shown from the beginning, with keys of no age.
    pub(crate) fn issuer(&self, issuer: &str) {
        for outcome in ["ok", "failed"] {
            let issuer = issuer.to_owned();
            drop(self.jwks_fetches.get_or_create(&Fetch { issuer, outcome }));
        }
        let issuer = issuer.to_owned();
        drop(self.jwks_fetched.get_or_create(&OfIssuer { issuer }));
    }

    /// Keys were fetched, at that second.
    pub(crate) fn fetched(&self, issuer: &str, second: u64) {
        let second = i64::try_from(second).unwrap_or(i64::MAX);
        let issuer = issuer.to_owned();
        self.jwks_fetched
            .get_or_create(&OfIssuer {
                issuer: issuer.clone(),
            })
            .set(second);
        let outcome = "ok";
        self.jwks_fetches
            .get_or_create(&Fetch { issuer, outcome })
            .inc();
    }

    /// Keys could not be fetched.
    pub(crate) fn unfetched(&self, issuer: &str) {
        let (issuer, outcome) = (issuer.to_owned(), "failed");
        self.jwks_fetches
            .get_or_create(&Fetch { issuer, outcome })
            .inc();
    }

    /// A token was asked about.
    pub(crate) fn introspection(&self, outcome: &'static str) {
        self.introspections
            .get_or_create(&Outcome { outcome })
            .inc();
    }

    #[cfg(test)]
    pub(crate) fn count(&self, outcome: &'static str) -> u64 {
        self.callers.get_or_create(&Outcome { outcome }).get()
    }
}
