//! What came of the load, for people and for machines.

use super::super::report::aligned;
use super::float;
use super::load::Record;
use super::scenario::{Harm, Plan, Scenario};
use super::specification;
use crate::count::count;
use crate::terminal::Terminal;
use serde_json::{Value, json};
use std::time::Duration;

/// How exact limits must be.
const ACCURACY_MIN: f64 = 0.995;
/// How long nearly every decision may take at most.
const P99_MAX: Duration = Duration::from_millis(1);
/// The least part of its fair share that a server lets through.
const SHARE_MIN: f64 = 0.8;

/// What came of all scenarios.
pub(super) struct Report {
    length: Duration,
    seed: u64,
    outcomes: Vec<Outcome>,
}

/// What came of one.
pub(super) struct Outcome {
    scenario: Scenario,
    decisions: usize,
    allowed: u64,
    /// What the limits let through exactly.
    exact: u64,
    /// 1 where they are the same, for each who asked.
    accuracy: f64,
    /// By how much more than the limits allow in some time was let through in it.
    over: u64,
    /// The most that this may be.
    bound: f64,
    p50: Duration,
    p99: Duration,
    /// The part of its fair share that the worst server let through.
    share: f64,
    /// Whether servers that are cut off let through their part beside what the others share.
    beside: bool,
}

impl Report {
    /// Nothing yet.
    pub(super) fn new(length: Duration, seed: u64) -> Self {
        Self {
            length,
            seed,
            outcomes: Vec::new(),
        }
    }

    /// One more.
    pub(super) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// How many scenarios fail.
    pub(super) fn failed(&self) -> usize {
        let failed = |outcome: &&Outcome| !outcome.failures().is_empty();
        self.outcomes.iter().filter(failed).count()
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        json!({
            "seconds": self.length.as_secs(),
            "seed": self.seed,
            "failed": self.failed(),
            "scenarios": self.outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn told(&self, terminal: Terminal) -> String {
        let title = [
            "scenario",
            "decisions",
            "allowed",
            "exact",
            "accuracy",
            "over",
            "bound",
            "p50",
            "p99",
            "worst node",
            "",
        ];
        let mut lines = vec![title.map(str::to_owned).to_vec()];
        lines.extend(self.outcomes.iter().map(Outcome::row));
        let title = format!(
            "Rate limits, {} s each, seed {}",
            self.length.as_secs(),
            self.seed
        );
        let (passed, failed) = (self.outcomes.len() - self.failed(), self.failed());
        let told = count(self.outcomes.len(), "scenario");
        format!(
            "{}\n{}\n{told}: {passed} pass, {failed} fail",
            terminal.bold(&title),
            aligned(&lines)
        )
    }
}

impl Outcome {
    /// Compares what was let through with what should have been.
    pub(super) fn of(plan: &Plan, records: &[Record], length: Duration) -> Self {
        let (mut exact, mut apart, mut over) = (0, 0, 0);
        for (place, asker) in plan.askers.iter().enumerate() {
            let own = || records.iter().filter(move |record| record.asker == place);
            let should = specification::allowed(asker, own().map(|record| record.at));
            let let_through = own().filter(|record| record.allowed);
            let did = let_through.clone().count() as u64;
            over += specification::over(asker, let_through.map(|record| record.at));
            exact += should;
            apart += should.abs_diff(did);
        }
        let mut took: Vec<_> = records.iter().map(|record| record.took).collect();
        took.sort_unstable();
        let at = |part: usize| {
            took.get(took.len() * part / 100)
                .copied()
                .unwrap_or_default()
        };
        let through = |node| {
            let let_through = |record: &&Record| record.allowed && record.node == node;
            records.iter().filter(let_through).count() as u64
        };
        let allowed = records.iter().filter(|record| record.allowed).count() as u64;
        let worst = (0..plan.nodes).map(through).min().unwrap_or(0);
        Self {
            scenario: plan.scenario,
            decisions: records.len(),
            allowed,
            exact,
            accuracy: 1.0 - ratio(apart, exact),
            over,
            bound: plan.bound(length.as_secs_f64()),
            p50: at(50),
            p99: at(99),
            share: ratio(worst * plan.nodes as u64, allowed),
            beside: matches!(plan.harm, Harm::Cut(count) if count < plan.nodes),
        }
    }

    /// What is not as it must be.
    fn failures(&self) -> Vec<&'static str> {
        let few = ratio(self.allowed, self.exact) < ACCURACY_MIN;
        let wrong = if self.beside {
            few
        } else {
            self.accuracy <= ACCURACY_MIN
        };
        let checks = [
            (self.exact == 0, "no load"),
            (wrong, "inaccurate"),
            (float(self.over) > self.bound, "above the bound"),
            (self.p99 >= P99_MAX, "slow"),
            (self.share < SHARE_MIN, "unfair"),
        ];
        let failed = checks.into_iter().filter(|(failed, _)| *failed);
        failed.map(|(_, name)| name).collect()
    }

    fn row(&self) -> Vec<String> {
        let failures = self.failures();
        let verdict = match &*failures {
            [] => "pass".to_owned(),
            some => format!("FAIL: {}", some.join(", ")),
        };
        let accuracy = if self.beside {
            "by bound".to_owned()
        } else {
            format!("{:.3} %", self.accuracy * 100.0)
        };
        vec![
            self.scenario.name(),
            self.decisions.to_string(),
            self.allowed.to_string(),
            self.exact.to_string(),
            accuracy,
            self.over.to_string(),
            format!("{:.0}", self.bound.floor()),
            microseconds(self.p50),
            microseconds(self.p99),
            format!("{:.1} %", self.share * 100.0),
            verdict,
        ]
    }

    fn json(&self) -> Value {
        let failures = self.failures();
        json!({
            "scenario": self.scenario.name(),
            "decisions": self.decisions,
            "allowed": self.allowed,
            "exact": self.exact,
            "accuracy": self.accuracy,
            "over": self.over,
            "bound": self.bound,
            "p50Us": self.p50.as_secs_f64() * 1e6,
            "p99Us": self.p99.as_secs_f64() * 1e6,
            "worstShare": self.share,
            "pass": failures.is_empty(),
            "failures": failures,
        })
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    float(part) / float(whole)
}

fn microseconds(duration: Duration) -> String {
    format!("{:.0} µs", duration.as_secs_f64() * 1e6)
}
