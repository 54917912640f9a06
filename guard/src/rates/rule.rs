//! A rule as it is applied: whom it is for, and whom it counts apart.

use super::config::{self, Per};
use super::limit::Limit;
use super::table::{Key, Table};
use model::{Caller, Rights};
use sha2::{Digest as _, Sha256};
use std::num::NonZeroU64;

/// How far a request has come, and with it what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The address alone; its body is not read yet.
    Arrival,
    /// The caller.
    Caller,
    /// The operation and what it costs.
    Operation,
}

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    /// The address, as it is counted.
    pub(super) address: &'a str,
    /// Who asks, once it is known.
    pub(super) caller: Option<&'a Caller>,
    /// The API key it showed.
    pub(super) key: Option<&'a str>,
    /// The name of the operation, empty for one without.
    pub(super) operation: &'a str,
}

/// A rule, ready to be applied.
pub(super) struct Rule {
    pub(super) name: Box<str>,
    pub(super) limit: Limit,
    pub(super) stage: Stage,
    /// Whether it counts cost and not requests.
    pub(super) by_cost: bool,
    pub(super) table: Table,
    per: Per,
    priority: u32,
    roles: Vec<String>,
    tenants: Vec<String>,
    operations: Vec<String>,
}

impl Rule {
    /// The rules of a configuration that was checked.
    pub(super) fn all(config: &config::Config) -> Vec<Self> {
        let bytes_max = config.entries_bytes_max / config.rules.len().max(1);
        let rules = config.rules.iter();
        rules
            .map(|rule| Self::new(rule, &config.rules, bytes_max))
            .collect()
    }

    fn new(rule: &config::Rule, all: &[config::Rule], bytes_max: usize) -> Self {
        let quota = NonZeroU64::new(rule.requests.max(rule.cost)).unwrap_or(NonZeroU64::MIN);
        let period_ns = rule.period_seconds.saturating_mul(1_000_000_000);
        // What it may have to give way to has to be known before.
        let stage = all
            .iter()
            .filter(|other| other.per == rule.per && other.priority >= rule.priority)
            .map(knowing)
            .max();
        Self {
            name: rule.name().into(),
            limit: Limit {
                quota,
                period_ns: NonZeroU64::new(period_ns).unwrap_or(NonZeroU64::MIN),
                burst: rule.burst.unwrap_or(quota.get()),
            },
            stage: stage.unwrap_or(Stage::Operation),
            by_cost: rule.cost > 0,
            table: Table::new(bytes_max),
            per: rule.per,
            priority: rule.priority,
            roles: rule.roles.clone(),
            tenants: rule.tenants.clone(),
            operations: rule.operations.clone(),
        }
    }

    /// Whom it counts this request for; nobody where it is not for it.
    pub(super) fn subject<'a>(&self, asker: &Asker<'a>) -> Option<&'a str> {
        if !self.is_for(asker) {
            return None;
        }
        match self.per {
            Per::Ip => Some(asker.address),
            Per::Caller => asker.caller.map(|caller| &*caller.name),
            Per::Key => asker.key,
            Per::Tenant => asker.caller.and_then(|caller| caller.tenant.as_deref()),
            Per::Operation => Some(asker.operation),
        }
    }

    fn is_for(&self, asker: &Asker<'_>) -> bool {
        let has_role = |caller: &Caller| match &caller.rights {
            Rights::All => false,
            Rights::Of(roles) => self.roles.iter().any(|role| roles.contains(role)),
        };
        let tenant = asker.caller.and_then(|caller| caller.tenant.as_deref());
        let holds = |list: &[String], word: &str| list.iter().any(|one| one == word);
        (self.roles.is_empty() || asker.caller.is_some_and(has_role))
            && (self.tenants.is_empty() || tenant.is_some_and(|name| holds(&self.tenants, name)))
            && (self.operations.is_empty() || holds(&self.operations, asker.operation))
    }

    /// Whether another rule that is for the same request takes its place.
    pub(super) fn gives_way_to(&self, other: &Self) -> bool {
        self.per == other.per && self.priority < other.priority
    }

    /// The key of whom it counts. Another limit is another key, so servers that were told different
    /// ones never mix them; and the key tells nobody who it was.
    pub(super) fn key(&self, subject: &str) -> Key {
        let mut hash = Sha256::new();
        hash.update((self.name.len() as u64).to_le_bytes());
        hash.update(self.name.as_bytes());
        for number in [
            self.limit.quota.get(),
            self.limit.period_ns.get(),
            self.limit.burst,
        ] {
            hash.update(number.to_le_bytes());
        }
        hash.update(subject.as_bytes());
        let mut key = Key::default();
        for (byte, hashed) in key.iter_mut().zip(hash.finalize()) {
            *byte = hashed;
        }
        key
    }
}

/// What has to be known to tell whether a rule is for a request, and what it takes.
fn knowing(rule: &config::Rule) -> Stage {
    let by_operation = rule.per == Per::Operation || !rule.operations.is_empty();
    let by_caller = !rule.roles.is_empty() || !rule.tenants.is_empty();
    if rule.cost > 0 || by_operation {
        Stage::Operation
    } else if by_caller || rule.per != Per::Ip {
        Stage::Caller
    } else {
        Stage::Arrival
    }
}
