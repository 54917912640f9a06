//! What is tried: who asks how often, and what goes wrong meanwhile.

use super::float;
use clap::ValueEnum;
use guard::rates::config::{Per, Rule};

/// Units that come back in a second, and at once after a rest.
const QUOTA: u64 = 500;
const BURST: u64 = 50;
/// Servers that share a limit.
const NODES: usize = 3;
/// Lots in a second, which servers take in advance.
const LOTS: u64 = 100;
/// How long servers may differ in whether Redis answers, in seconds: it is tried every tenth, and one
/// that does not answer is found out meanwhile.
const APART: f64 = 0.15;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// One server that counts for itself.
    Single,
    /// Three servers that share a limit.
    Nodes,
    /// Three servers, three seconds of every six without a request.
    Bursts,
    /// Three servers whose clocks are five seconds ahead, right, and five seconds behind.
    Skew,
    /// Redis is killed, and comes back without a memory.
    Restart,
    /// No server reaches Redis for a while.
    Partition,
    /// One server of three does not reach Redis for a while.
    Split,
    /// A caller that shows another key every few requests.
    Keys,
    /// A tenant with a limit of higher priority, beside one that floods.
    Tenants,
}

/// What goes wrong, between four and seven tenths of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Nothing does.
    None,
    /// Redis is killed.
    Killed,
    /// So many of the servers do not reach it.
    Cut(usize),
}

/// Somebody who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// Caller and tenant.
    pub(super) name: &'static str,
    /// Requests in a second, over all servers.
    pub(super) demand: u64,
    /// Its limit: units in a second, and at once.
    pub(super) quota: u64,
    pub(super) burst: u64,
}

/// A scenario, spelled out.
pub(super) struct Plan {
    pub(super) scenario: Scenario,
    pub(super) rules: Vec<Rule>,
    pub(super) askers: Vec<Asker>,
    pub(super) nodes: usize,
    pub(super) harm: Harm,
}

impl Scenario {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::Single,
        Self::Nodes,
        Self::Bursts,
        Self::Skew,
        Self::Restart,
        Self::Partition,
        Self::Split,
        Self::Keys,
        Self::Tenants,
    ];

    /// Its name on the command line.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl Plan {
    /// What a scenario is.
    pub(super) fn of(scenario: Scenario) -> Self {
        let me = Asker {
            name: "me",
            demand: 3 * QUOTA,
            quota: QUOTA,
            burst: BURST,
        };
        let plan = Self {
            scenario,
            rules: vec![rule(Per::Caller, "caller", &me)],
            askers: vec![me],
            nodes: NODES,
            harm: Harm::None,
        };
        match scenario {
            Scenario::Single => Self { nodes: 1, ..plan },
            Scenario::Nodes | Scenario::Skew | Scenario::Keys => plan,
            Scenario::Bursts => {
                let eager = Asker {
                    demand: 8 * QUOTA,
                    burst: QUOTA,
                    ..me
                };
                Self {
                    rules: vec![rule(Per::Caller, "caller", &eager)],
                    askers: vec![eager],
                    ..plan
                }
            }
            Scenario::Restart => Self {
                harm: Harm::Killed,
                ..plan
            },
            Scenario::Partition => Self {
                harm: Harm::Cut(NODES),
                ..plan
            },
            Scenario::Split => Self {
                harm: Harm::Cut(1),
                ..plan
            },
            Scenario::Tenants => plan.with_tenants(),
        }
    }

    fn with_tenants(self) -> Self {
        let tin = Asker {
            name: "tin",
            demand: 5 * QUOTA,
            quota: QUOTA / 2,
            burst: BURST,
        };
        let gold = Asker {
            name: "gold",
            demand: 2 * QUOTA,
            quota: QUOTA,
            burst: 2 * BURST,
        };
        let of_gold = Rule {
            tenants: vec![gold.name.to_owned()],
            priority: 1,
            ..rule(Per::Tenant, "gold", &gold)
        };
        Self {
            rules: vec![rule(Per::Tenant, "tenant", &tin), of_gold],
            askers: vec![tin, gold],
            ..self
        }
    }

    /// Whether the servers share their limits.
    pub(super) fn is_shared(&self) -> bool {
        self.nodes > 1
    }

    /// By how many units more than the limits say may be let through at most. A server may hold two
    /// lots of each limit, and its part is a whole request; one that does not reach Redis has its part
    /// beside what the others share.
    pub(super) fn bound(&self, seconds: f64) -> f64 {
        if !self.is_shared() {
            return 1.0;
        }
        let nodes = float(self.nodes as u64);
        let of = |asker: &Asker| {
            let lots = 2 * asker.quota.div_ceil(LOTS) + 1;
            let (cut, apart) = match self.harm {
                Harm::None => (0, 0.0),
                Harm::Cut(cut) if cut < self.nodes => (cut, seconds * HARMED.1),
                Harm::Cut(_) | Harm::Killed => (self.nodes - 1, APART),
            };
            let part = float(asker.quota) * apart + float(asker.burst);
            let cut = float(cut as u64) / nodes * part;
            nodes * float(lots) + cut
        };
        self.askers.iter().map(of).sum()
    }
}

/// When harm begins, and how long it lasts, as parts of the time.
pub(super) const HARMED: (f64, f64) = (0.4, 0.3);

fn rule(per: Per, name: &str, asker: &Asker) -> Rule {
    Rule {
        name: name.to_owned(),
        per,
        requests: asker.quota,
        burst: Some(asker.burst),
        ..Rule::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_who_asks_has_a_rule_that_says_its_limit() {
        for scenario in Scenario::ALL {
            let Plan { rules, askers, .. } = Plan::of(scenario);
            let said: Vec<_> = rules
                .iter()
                .map(|rule| (rule.requests, rule.burst))
                .collect();
            let meant: Vec<_> = askers
                .iter()
                .map(|asker| (asker.quota, Some(asker.burst)))
                .collect();
            assert_eq!(said, meant, "{scenario:?}");
        }
    }
}
