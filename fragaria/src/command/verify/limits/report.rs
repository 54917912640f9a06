//! What came of the load, for people and for machines.

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

/// What is told of each scenario, and how wide it is.
const COLUMNS: [(&str, usize); 11] = [
    ("scenario", 9),
    ("decisions", 9),
    ("allowed", 8),
    ("exact", 8),
    ("accuracy", 9),
    ("over", 5),
    ("bound", 5),
    ("p50", 8),
    ("p99", 8),
    ("worst node", 10),
    ("", 0),
];

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
    /// By how many units the two differ, each who asked by itself.
    apart: u64,
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
        self.count(Verdict::Fail)
    }

    /// How many were too short to tell.
    pub(super) fn short(&self) -> usize {
        self.count(Verdict::Short)
    }

    fn count(&self, verdict: Verdict) -> usize {
        let outcomes = self.outcomes.iter();
        outcomes
            .filter(|outcome| outcome.verdict() == verdict)
            .count()
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        json!({
            "seconds": self.length.as_secs(),
            "seed": self.seed,
            "failed": self.failed(),
            "tooShort": self.short(),
            "scenarios": self.outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
        })
    }

    /// For people, before anything is tried.
    pub(super) fn head(&self, terminal: Terminal) -> String {
        let seconds = self.length.as_secs();
        let title = format!("Rate limits, {seconds} s each, seed {}", self.seed);
        let titles = COLUMNS.map(|(title, _)| title.to_owned());
        format!("{}\n{}", terminal.bold(&title), line(&titles))
    }

    /// What came of the last scenario, for people.
    pub(super) fn last(&self) -> Option<String> {
        Some(line(&self.outcomes.last()?.row()))
    }

    /// For people, when all was tried.
    pub(super) fn sum(&self) -> String {
        let told = count(self.outcomes.len(), "scenario");
        let (failed, short) = (self.failed(), self.short());
        let passed = self.outcomes.len() - failed - short;
        let sum = format!("\n{told}: {passed} pass, {failed} fail");
        if short == 0 {
            return sum;
        }
        format!(
            "{sum}, {short} too short to judge\nwhat servers hold at the ends of a run counts in its accuracy; \
             the longer it is, the less"
        )
    }
}

/// Whether limits are as they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    /// What is not as it must be is no more than what servers may hold at the ends of the run.
    Short,
    Fail,
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
            apart,
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

    fn verdict(&self) -> Verdict {
        match self.failures().as_slice() {
            [] => Verdict::Pass,
            ["inaccurate"] if self.is_of_ends() => Verdict::Short,
            _ => Verdict::Fail,
        }
    }

    /// Whether all that is inaccurate may be at the ends: no more than the bound, in a run so short that
    /// the bound is more than the inaccuracy that is let pass.
    fn is_of_ends(&self) -> bool {
        let passes = (1.0 - ACCURACY_MIN) * float(self.exact);
        !self.beside && float(self.apart) <= self.bound && self.bound > passes
    }

    fn row(&self) -> Vec<String> {
        let verdict = match self.verdict() {
            Verdict::Pass => "pass".to_owned(),
            Verdict::Short => "too short to judge".to_owned(),
            Verdict::Fail => format!("FAIL: {}", self.failures().join(", ")),
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
            "tooShort": self.verdict() == Verdict::Short,
            "failures": failures,
        })
    }
}

/// Cells beside each other.
fn line(cells: &[String]) -> String {
    let cells = cells.iter().zip(COLUMNS);
    let cells = cells.map(|(cell, (_, width))| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(allowed: u64, exact: u64, bound: f64) -> Outcome {
        let apart = allowed.abs_diff(exact);
        Outcome {
            scenario: Scenario::Nodes,
            decisions: 1,
            allowed,
            exact,
            apart,
            accuracy: 1.0 - ratio(apart, exact),
            over: allowed.saturating_sub(exact),
            bound,
            p50: Duration::ZERO,
            p99: Duration::ZERO,
            share: 1.0,
            beside: false,
        }
    }

    #[test]
    fn a_run_is_too_short_where_its_ends_may_be_all_that_is_inaccurate() {
        for (allowed, exact, bound, verdict) in [
            (2_549, 2_549, 116.0, Verdict::Pass),
            (2_611, 2_549, 116.0, Verdict::Short),
            (2_450, 2_549, 116.0, Verdict::Short),
            // More than what servers hold is no matter of ends.
            (2_666, 2_549, 116.0, Verdict::Fail),
            (2_400, 2_549, 116.0, Verdict::Fail),
            (2_563, 2_549, 1.0, Verdict::Fail),
            // A run is long enough as soon as the bound is less than what may pass.
            (30_250, 30_050, 116.0, Verdict::Fail),
            (29_900, 30_050, 149.0, Verdict::Pass),
            (0, 0, 116.0, Verdict::Fail),
        ] {
            let outcome = outcome(allowed, exact, bound);
            assert_eq!(outcome.verdict(), verdict, "{allowed} of {exact}");
        }
        let beside = Outcome {
            beside: true,
            ..outcome(2_400, 2_549, 300.0)
        };
        assert_eq!(beside.verdict(), Verdict::Fail);
        let slow = Outcome {
            p99: P99_MAX,
            ..outcome(2_611, 2_549, 116.0)
        };
        assert_eq!(slow.verdict(), Verdict::Fail);
    }
}
