//! How often may be asked, with a default that no person ever meets.

use model::Secret;
use redis::IntoConnectionInfo as _;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeSet;

/// The longest period, in seconds: 31 days.
const PERIOD_SECONDS_MAX: u64 = 2_678_400;
/// The most units in a period or a burst.
const UNITS_MAX: u64 = 1_000_000_000;
/// The longest name of a rule.
const NAME_BYTES_MAX: usize = 64;
/// The most rules.
const RULES_MAX: usize = 100;
/// The fewest bytes of entries that a rule can work with.
const RULE_BYTES_MIN: usize = 64 * 1024;

/// How often may be asked, by whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The rules, each `[[rates.rules]]` in the file; an empty list limits nobody. A request must
    /// keep all that are for it.
    pub rules: Vec<Rule>,
    /// How many proxies stand before this server, each of which adds to the header named by
    /// `rates.forwarded` where its request came from; 0 takes the address of the connection.
    pub trusted_hops: u8,
    /// The header in which the proxies say where a request came from.
    pub forwarded: Forwarded,
    /// How many bytes may be kept of those who owe something, over all rules together.
    pub entries_bytes_max: usize,
    /// Limits that several servers share.
    pub redis: Redis,
}

/// So much in a period, for everybody that is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// What it is called in headers, metrics and logs: letters, digits, `-` and `_`; as `per` where
    /// it is left out.
    pub name: String,
    /// What is counted apart.
    pub per: Per,
    /// Requests in a period; give either these or `cost`.
    pub requests: u64,
    /// Cost in a period, as the cost of operations is reckoned.
    pub cost: u64,
    /// The period, in seconds; 1 where it is left out.
    pub period_seconds: u64,
    /// How much may come at once after a rest; as much as in a period where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u64>,
    /// The roles it is for; a caller with one of them is meant, and all where the list is empty.
    pub roles: Vec<String>,
    /// The tenants it is for; all where the list is empty.
    pub tenants: Vec<String>,
    /// The names of operations it is for; all where the list is empty.
    pub operations: Vec<String>,
    /// Of the rules with the same `per` that are for a request, those of the highest priority hold
    /// and no other: one for a tenant takes the place of that for all.
    pub priority: u32,
}

/// What is counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each address; of IPv6 each /64, which is one customer.
    #[default]
    Ip,
    /// Each caller by its name, whichever token or key it shows.
    Caller,
    /// Each API key; requests without one are not counted.
    Key,
    /// Each tenant; requests without one are not counted.
    Tenant,
    /// Each operation by its name, over all callers; those without a name are one.
    Operation,
}

/// A header in which proxies say where a request came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forwarded {
    /// A list of addresses.
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// The header of RFC 7239.
    #[serde(rename = "forwarded")]
    Forwarded,
}

/// Limits that several servers share.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// The server, `redis://host:6379/0`, or `rediss://` with TLS; without one every server counts
    /// for itself.
    #[serde(serialize_with = "shown")]
    pub url: Secret,
    /// The authorities by whose certificates Redis is known (PEM), in place of those of the system; a
    /// relative path begins at the project.
    pub root_certificates: String,
    /// How many servers share the limits: where Redis is away each lets through its part.
    pub nodes: u32,
    /// What one server takes in advance, as the time in which that much comes back, in
    /// milliseconds. It decides how seldom Redis is asked, and how exact the limits are.
    pub lease_ms: u64,
    /// How long an answer of Redis is waited for, in milliseconds; one that takes longer is away.
    pub timeout_ms: u64,
    /// What the keys in Redis begin with.
    pub prefix: String,
}

impl Default for Config {
    fn default() -> Self {
        let rule = Rule {
            requests: 1_000,
            burst: Some(10_000),
            ..Rule::default()
        };
        Self {
            rules: vec![rule],
            trusted_hops: 0,
            forwarded: Forwarded::default(),
            entries_bytes_max: 64 * 1024 * 1024,
            redis: Redis::default(),
        }
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: String::new(),
            per: Per::default(),
            requests: 0,
            cost: 0,
            period_seconds: 1,
            burst: None,
            roles: Vec::new(),
            tenants: Vec::new(),
            operations: Vec::new(),
            priority: 0,
        }
    }
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            root_certificates: String::new(),
            nodes: 3,
            lease_ms: 10,
            timeout_ms: 25,
            prefix: "fragaria:rates:".to_owned(),
        }
    }
}

/// An address with a secret in it is shown without; none is shown as none.
fn shown<S: Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    let text = url.expose();
    let host = text.split_once("://").and_then(|(scheme, rest)| {
        let (_, host) = rest.rsplit_once('@')?;
        Some(format!("{scheme}://[redacted]@{host}"))
    });
    serializer.serialize_str(&host.unwrap_or_else(|| text.to_owned()))
}

impl Config {
    /// Keys whose values cannot be worked with, and why.
    pub fn findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = self.rule_findings();
        if !self.redis.url.expose().is_empty()
            && self.redis.url.expose().into_connection_info().is_err()
        {
            let message = "it is no address of a Redis, such as redis://localhost:6379/0";
            findings.push(("rates.redis.url", message.to_owned()));
        }
        let is_plain = !self.redis.url.expose().starts_with("rediss://");
        if !self.redis.root_certificates.is_empty() && is_plain {
            let message = "certificates are for an address that begins with `rediss://`";
            findings.push(("rates.redis.root_certificates", message.to_owned()));
        }
        let bounds = [
            ("rates.redis.nodes", u64::from(self.redis.nodes), 1, 1_000),
            ("rates.redis.lease_ms", self.redis.lease_ms, 1, 1_000),
            ("rates.redis.timeout_ms", self.redis.timeout_ms, 1, 10_000),
        ];
        for (key, value, least, most) in bounds {
            if value < least || value > most {
                findings.push((key, format!("{value} is not between {least} and {most}")));
            }
        }
        let least = RULE_BYTES_MIN * self.rules.len();
        if self.entries_bytes_max < least {
            let message = format!("{} is too small, at least {least}", self.entries_bytes_max);
            findings.push(("rates.entries_bytes_max", message));
        }
        findings
    }

    fn rule_findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = Vec::new();
        if self.rules.len() > RULES_MAX {
            findings.push((
                "rates.rules",
                format!("there are more than {RULES_MAX} rules"),
            ));
        }
        let mut names = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let name = rule.name();
            let mut told = rule.findings();
            if !names.insert(name) {
                told.push(format!("another one has the name {name}: give it a `name`"));
            }
            let number = index + 1;
            let told = told.into_iter();
            findings
                .extend(told.map(|why| ("rates.rules", format!("rule {number}, {name}: {why}"))));
        }
        findings
    }
}

impl Rule {
    /// What it is called.
    pub fn name(&self) -> &str {
        if self.name.is_empty() {
            self.per.word()
        } else {
            &self.name
        }
    }

    fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if self.name.len() > NAME_BYTES_MAX || !self.name.bytes().all(plain) {
            findings.push(format!(
                "a name has letters, digits, `-` and `_`, and at most {NAME_BYTES_MAX} of them"
            ));
        }
        match (self.requests, self.cost) {
            (0, 0) => {
                findings.push("it needs `requests` or `cost`, of at least 1".to_owned());
            }
            (1.., 1..) => findings.push("it says `requests` and `cost`: give one".to_owned()),
            _ => {}
        }
        let bounds = [
            ("requests", self.requests, 0, UNITS_MAX),
            ("cost", self.cost, 0, UNITS_MAX),
            ("period_seconds", self.period_seconds, 1, PERIOD_SECONDS_MAX),
        ];
        let burst = self.burst.map(|burst| ("burst", burst, 1, UNITS_MAX));
        for (key, value, least, most) in bounds.into_iter().chain(burst) {
            if value < least || value > most {
                findings.push(format!("{key}: {value} is not between {least} and {most}"));
            }
        }
        findings
    }
}

impl Per {
    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Caller => "caller",
            Self::Key => "key",
            Self::Tenant => "tenant",
            Self::Operation => "operation",
        }
    }
}

#[cfg(test)]
mod tests;
