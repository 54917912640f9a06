//! How callers are told apart.

mod certificate;
mod kept;

pub use certificate::{Certificate, Claim};
pub use kept::{ApiKeys, Revocations};

use crate::{address, share};
use model::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// How callers are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether everybody who reaches the server may read and write everything: for a schema without
    /// access rules, on loopback only.
    pub open: bool,
    /// The role of requests without credentials. Without one they are refused, where an issuer, the
    /// introspection of tokens or a certificate is configured, or keys are taken.
    pub anonymous_role: String,
    /// Who issues the tokens that are taken: a section `[[auth.issuers]]` for each.
    pub issuers: Vec<Issuer>,
    /// Callers that are known by the certificates of their connections (`tls.client_ca`): a section
    /// `[[auth.certificates]]` for each. Without any, a certificate opens the connection and says
    /// nothing of the caller.
    pub certificates: Vec<Certificate>,
    /// The largest token that is looked at, in bytes.
    pub token_bytes_max: usize,
    /// How many bytes of tokens that were found good are remembered, so that their signatures need
    /// not be checked again.
    pub token_cache_bytes_max: usize,
    /// How often the keys of an issuer are fetched, in seconds. A key that the issuer takes back is
    /// taken for that long at most, as long as the issuer can be reached.
    pub jwks_refresh_seconds: u64,
    /// How long the keys of an issuer that cannot be reached are used, in seconds; then its tokens
    /// are refused.
    pub jwks_keep_seconds: u64,
    /// How long an issuer is not asked again after it could not be reached, or did not know the key
    /// that a token names, in seconds.
    pub jwks_retry_seconds: u64,
    /// The largest set of keys, or description of an issuer, in bytes.
    pub jwks_bytes_max: usize,
    /// The most keys of an issuer; of a larger set none is used.
    pub jwks_keys_max: usize,
    /// How long an issuer, the introspection of a token, or the table of keys may take to answer, in
    /// milliseconds.
    pub fetch_timeout_ms: u64,
    /// A file with further certificates (PEM) that the certificates of issuers may be signed with;
    /// a relative path begins at the project.
    pub root_certificates: String,
    /// Whom to ask about tokens that cannot be read here.
    pub introspection: Introspection,
    /// The roles of operators: whoever holds one may make and revoke keys over HTTP, and so become
    /// any caller, and revoke tokens. While there are none, there is nothing at `/admin/`.
    pub admin_roles: Vec<String>,
    /// Keys of callers that are kept in the served database.
    pub api_keys: ApiKeys,
    /// Tokens that are taken back before their end.
    pub revocations: Revocations,
}

/// Who issues tokens that are taken, and what they must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuer {
    /// What stands in `iss` of its tokens, letter by letter: an address with `https://`, or with
    /// `http://` on loopback. It must be given.
    pub issuer: String,
    /// What must stand in `aud` of its tokens: this API, as the issuer knows it. It must be given.
    pub audience: String,
    /// Where its keys are. By default that is what it says of itself at
    /// `/.well-known/openid-configuration`.
    pub jwks_url: String,
    /// By which algorithms its tokens may be signed: by default `RS256`, `PS256`, `ES256` and `EdDSA`;
    /// `RS384`, `RS512`, `PS384`, `PS512`, `ES384` and `Ed25519` are known, too.
    pub algorithms: Vec<Algorithm>,
    /// How far its clock and ours may be apart, in seconds: by default 30, at most 300.
    pub leeway_seconds: u64,
    /// The claim with the roles of a caller, a list or a text with spaces between them: by default
    /// `roles`. Dots lead into objects, as in `realm_access.roles`.
    pub roles_claim: String,
    /// The claim with the tenant of a caller; by default no claim is.
    pub tenant_claim: String,
    /// The claim that names a caller, the same whenever it asks and no other's: by default `sub`.
    pub name_claim: String,
}

/// Whom to ask about tokens that cannot be read here (RFC 7662).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Introspection {
    /// Where to ask; while this is empty, such tokens are refused.
    pub url: String,
    /// Who issues the tokens: what stands in `iss` of the answers that have one, and before the name
    /// of each caller.
    pub issuer: String,
    /// What must stand in `aud` of the answers: this API, as the issuer knows it.
    pub audience: String,
    /// By which name the server asks.
    pub client_id: String,
    /// The password that belongs to it; best set by the environment.
    pub client_secret: Secret,
    /// How long an answer holds, in seconds, at most 30: for so long a token that was taken back is
    /// still taken.
    pub cache_seconds: u64,
    /// The most questions at a time; one more is refused.
    pub questions_max: usize,
    /// How many of them may be about tokens from one address, in percent; of IPv6 a /64 is one address.
    pub questions_share_percent: u8,
    /// How far the clock of the issuer and ours may be apart, in seconds, at most 300.
    pub leeway_seconds: u64,
    /// The member with the roles of a caller, as `roles_claim` of an issuer.
    pub roles_claim: String,
    /// The member with the tenant of a caller.
    pub tenant_claim: String,
    /// The member that names a caller.
    pub name_claim: String,
}

/// How a token is signed: only by keys of two halves, of which the issuer shows one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// The same with SHA-384.
    RS384,
    /// The same with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// The same with SHA-384.
    PS384,
    /// The same with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519, by the name of RFC 8037.
    EdDSA,
    /// Ed25519, by the name of RFC 9864.
    Ed25519,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            open: false,
            anonymous_role: String::new(),
            issuers: Vec::new(),
            certificates: Vec::new(),
            token_bytes_max: 16 * 1024,
            token_cache_bytes_max: 16 * 1024 * 1024,
            jwks_refresh_seconds: 300,
            jwks_keep_seconds: 3_600,
            jwks_retry_seconds: 10,
            jwks_bytes_max: 256 * 1024,
            jwks_keys_max: 100,
            fetch_timeout_ms: 5_000,
            root_certificates: String::new(),
            introspection: Introspection::default(),
            admin_roles: Vec::new(),
            api_keys: ApiKeys::default(),
            revocations: Revocations::default(),
        }
    }
}

impl Default for Issuer {
    fn default() -> Self {
        use Algorithm::{ES256, EdDSA, PS256, RS256};
        Self {
            issuer: String::new(),
            audience: String::new(),
            jwks_url: String::new(),
            algorithms: vec![RS256, PS256, ES256, EdDSA],
            leeway_seconds: 30,
            roles_claim: "roles".to_owned(),
            tenant_claim: String::new(),
            name_claim: "sub".to_owned(),
        }
    }
}

impl Default for Introspection {
    fn default() -> Self {
        let Issuer {
            leeway_seconds,
            roles_claim,
            tenant_claim,
            name_claim,
            ..
        } = Issuer::default();
        Self {
            url: String::new(),
            issuer: String::new(),
            audience: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            cache_seconds: 10,
            questions_max: 32,
            questions_share_percent: share::PERCENT,
            leeway_seconds,
            roles_claim,
            tenant_claim,
            name_claim,
        }
    }
}

/// The furthest that clocks may be apart.
const LEEWAY_MAX: u64 = 300;
/// The longest that the answer about a token may hold.
const CACHE_MAX: u64 = 30;
/// The longest anything else may last: a year.
const SECONDS_MAX: u64 = 366 * 24 * 60 * 60;

impl Config {
    /// Whether callers are told apart by nothing, as far as this says.
    pub fn is_doorless(&self) -> bool {
        !self.takes_tokens()
            && self.certificates.is_empty()
            && !self.api_keys.enabled
            && self.anonymous_role.is_empty()
    }

    /// Whose tokens are taken.
    pub fn known_issuers(&self) -> impl Iterator<Item = &str> {
        let asked = self.introspection.is_on();
        let asked = asked.then_some(&*self.introspection.issuer);
        let signed = self.issuers.iter().map(|issuer| &*issuer.issuer);
        signed.chain(asked)
    }

    /// Whether tokens of that issuer are taken.
    pub fn knows_issuer(&self, issuer: &str) -> bool {
        self.known_issuers().any(|known| known == issuer)
    }

    /// Whether a caller could have a tenant.
    pub fn gives_tenants(&self) -> bool {
        let tokens = self.issuers.iter().map(|issuer| &issuer.tenant_claim);
        let asked = &self.introspection;
        let asked = asked.is_on().then_some(&asked.tenant_claim);
        let certified = self.certificates.iter().map(|known| &known.tenant);
        let mut sources = tokens.chain(asked).chain(certified);
        self.api_keys.enabled || sources.any(|source| !source.is_empty())
    }

    /// Whether there is somebody whose tokens are taken.
    pub fn takes_tokens(&self) -> bool {
        !self.issuers.is_empty() || self.introspection.is_on()
    }

    /// Keys whose values cannot be worked with, and why.
    pub fn findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = self.bounds();
        if self.open && !self.is_doorless() {
            let message = "lets everybody do everything, and other keys tell callers apart: leave out \
                           either it or them";
            findings.push(("auth.open", message.to_owned()));
        }
        if !self.anonymous_role.is_empty() && self.admin_roles.contains(&self.anonymous_role) {
            let message = "has the role of auth.anonymous_role: everybody would be an operator";
            findings.push(("auth.admin_roles", message.to_owned()));
        }
        if self.admin_roles.iter().any(String::is_empty) {
            findings.push(("auth.admin_roles", "has an empty role".to_owned()));
        }
        let mut seen = BTreeSet::new();
        for (index, issuer) in self.issuers.iter().enumerate() {
            let mut wrong = issuer.findings();
            if !seen.insert(&issuer.issuer) {
                wrong.push("stands twice".to_owned());
            }
            let named = match &*issuer.issuer {
                "" => format!("number {}", index + 1),
                issuer => format!("{issuer:?}"),
            };
            findings.extend(
                wrong
                    .into_iter()
                    .map(|what| ("auth.issuers", format!("{named} {what}"))),
            );
        }
        let certificates = certificate::findings(&self.certificates).into_iter();
        findings.extend(certificates.map(|what| ("auth.certificates", what)));
        findings.extend(self.introspection.findings());
        findings.extend(self.api_keys.findings());
        findings.extend(self.revocations.findings());
        findings
    }

    fn bounds(&self) -> Vec<(&'static str, String)> {
        let refresh = self.jwks_refresh_seconds;
        let bounds = [
            (
                "auth.token_bytes_max",
                self.token_bytes_max as u64,
                256,
                64 * 1024,
            ),
            (
                "auth.token_cache_bytes_max",
                self.token_cache_bytes_max as u64,
                0,
                u64::MAX,
            ),
            ("auth.jwks_refresh_seconds", refresh, 1, SECONDS_MAX),
            (
                "auth.jwks_keep_seconds",
                self.jwks_keep_seconds,
                refresh,
                SECONDS_MAX,
            ),
            (
                "auth.jwks_retry_seconds",
                self.jwks_retry_seconds,
                1,
                SECONDS_MAX,
            ),
            (
                "auth.jwks_bytes_max",
                self.jwks_bytes_max as u64,
                1024,
                16 * 1024 * 1024,
            ),
            ("auth.jwks_keys_max", self.jwks_keys_max as u64, 1, 10_000),
            ("auth.fetch_timeout_ms", self.fetch_timeout_ms, 1, 60_000),
        ];
        within(&bounds)
    }

    pub(crate) fn fetch_timeout(&self) -> Duration {
        Duration::from_millis(self.fetch_timeout_ms)
    }

    pub(crate) fn jwks_refresh(&self) -> Duration {
        Duration::from_secs(self.jwks_refresh_seconds)
    }

    pub(crate) fn jwks_keep(&self) -> Duration {
        Duration::from_secs(self.jwks_keep_seconds)
    }

    pub(crate) fn jwks_retry(&self) -> Duration {
        Duration::from_secs(self.jwks_retry_seconds)
    }
}

impl Issuer {
    fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let issuer = address::unfit(&self.issuer);
        findings.extend(issuer.map(|why| format!("has an `issuer` that {why}")));
        if self.audience.is_empty() {
            findings.push("has no `audience`: how the issuer calls this API".to_owned());
        }
        if !self.jwks_url.is_empty() {
            let url = address::unfit(&self.jwks_url);
            findings.extend(url.map(|why| format!("has a `jwks_url` that {why}")));
        }
        if self.algorithms.is_empty() {
            findings.push("has no `algorithms`: leave them out for the usual ones".to_owned());
        }
        if self.leeway_seconds > LEEWAY_MAX {
            findings.push(format!("has a `leeway_seconds` of more than {LEEWAY_MAX}"));
        }
        if self.roles_claim.is_empty() {
            findings.push("has an empty `roles_claim`".to_owned());
        }
        if self.name_claim.is_empty() {
            findings.push("has an empty `name_claim`".to_owned());
        }
        findings
    }
}

impl Introspection {
    /// Whether there is somebody to ask.
    pub(crate) fn is_on(&self) -> bool {
        !self.url.is_empty()
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = within(&[
            (
                "auth.introspection.cache_seconds",
                self.cache_seconds,
                0,
                CACHE_MAX,
            ),
            (
                "auth.introspection.questions_max",
                self.questions_max as u64,
                1,
                10_000,
            ),
            (
                "auth.introspection.leeway_seconds",
                self.leeway_seconds,
                0,
                LEEWAY_MAX,
            ),
        ]);
        let share = share::flaw(self.questions_share_percent);
        findings.extend(share.map(|why| ("auth.introspection.questions_share_percent", why)));
        if !self.is_on() {
            if *self != Self::default() {
                let message = "is missing, and other keys of `auth.introspection` are set";
                findings.push(("auth.introspection.url", message.to_owned()));
            }
            return findings;
        }
        let url = address::unfit(&self.url);
        findings.extend(url.map(|why| ("auth.introspection.url", why.to_owned())));
        for (key, value) in [
            ("auth.introspection.issuer", &*self.issuer),
            ("auth.introspection.audience", &*self.audience),
            ("auth.introspection.client_id", &*self.client_id),
            (
                "auth.introspection.client_secret",
                self.client_secret.expose(),
            ),
            ("auth.introspection.roles_claim", &*self.roles_claim),
            ("auth.introspection.name_claim", &*self.name_claim),
        ] {
            if value.is_empty() {
                findings.push((key, "is missing".to_owned()));
            }
        }
        findings
    }
}

fn within(bounds: &[(&'static str, u64, u64, u64)]) -> Vec<(&'static str, String)> {
    let check = |&(key, value, least, most): &(&'static str, u64, u64, u64)| {
        if value < least {
            Some((key, format!("{value} is too small, at least {least}")))
        } else if value > most {
            Some((key, format!("{value} is too large, at most {most}")))
        } else {
            None
        }
    };
    bounds.iter().filter_map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(url: &str) -> Issuer {
        Issuer {
            issuer: url.to_owned(),
            audience: "api".to_owned(),
            ..Issuer::default()
        }
    }

    fn told(config: &Config) -> Vec<String> {
        let told = config.findings().into_iter();
        told.map(|(key, what)| format!("{key}: {what}")).collect()
    }

    #[test]
    fn an_issuer_must_say_who_it_is_and_what_this_api_is_called() {
        let config = Config {
            issuers: vec![Issuer::default()],
            ..Config::default()
        };
        assert_eq!(
            told(&config),
            [
                "auth.issuers: number 1 has an `issuer` that is missing",
                "auth.issuers: number 1 has no `audience`: how the issuer calls this API",
            ]
        );
        let twice = Config {
            issuers: vec![issuer("https://a.example"), issuer("https://a.example")],
            ..Config::default()
        };
        assert_eq!(
            told(&twice),
            ["auth.issuers: \"https://a.example\" stands twice"]
        );
        assert!(!twice.is_doorless() && Config::default().is_doorless());
    }

    #[test]
    fn bounds_are_bounded() {
        let config = Config {
            jwks_keep_seconds: 299,
            token_bytes_max: 1 << 20,
            ..Config::default()
        };
        assert_eq!(
            told(&config),
            [
                "auth.token_bytes_max: 1048576 is too large, at most 65536",
                "auth.jwks_keep_seconds: 299 is too small, at least 300",
            ]
        );
        assert!(Config::default().findings().is_empty());
        let open = Config {
            open: true,
            anonymous_role: "public".to_owned(),
            ..Config::default()
        };
        assert!(told(&open)[0].starts_with("auth.open: lets everybody do everything"));
    }

    #[test]
    fn introspection_is_whole_or_it_is_not_there() {
        let half = |introspection| Config {
            introspection,
            ..Config::default()
        };
        let without_url = half(Introspection {
            client_id: "me".to_owned(),
            ..Introspection::default()
        });
        let missing = "is missing, and other keys of `auth.introspection` are set";
        assert_eq!(
            told(&without_url),
            [format!("auth.introspection.url: {missing}")]
        );
        let url_alone = half(Introspection {
            url: "http://issuer.example/ask".to_owned(),
            cache_seconds: 31,
            ..Introspection::default()
        });
        let told = told(&url_alone);
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(
            told.iter()
                .any(|what| what.contains("31 is too large, at most 30"))
        );
        assert!(
            told.iter()
                .any(|what| what.contains("must begin with https://"))
        );
    }

    #[test]
    fn an_algorithm_of_one_shared_key_is_not_known() {
        for name in ["none", "None", "HS256", "HS512", "RSA1_5", ""] {
            let text = serde_json::json!([name]);
            assert!(
                serde_json::from_value::<Vec<Algorithm>>(text).is_err(),
                "{name}"
            );
        }
    }
}
