//! The figures of a run, for machines, and beside what is wanted of them.

use super::ablation::{Ablation, TELEMETRY_AND_RULES};
use super::ceiling::Ceiling;
use super::extras::Extra;
use super::load::Outcome;
use super::long::Long;
use super::machine::Machine;
use super::open::Latency;
use super::rounds::Rounds;
use super::shop::Shop;
use super::usage::Cpu;
use super::weather::Weather;
use super::workloads::{Wanted, Workload};
use serde::Serialize;
use std::fmt;

/// How many times the processor time of bare HTTP a point lookup may take.
const BARE_CPU: f64 = 2.8;

/// The share of the rate of bare HTTP that a point lookup is to reach where the database is in the
/// server's process.
const BARE_RATE: f64 = 0.5;

/// How many times its median the 95th percentile may be, at a rate that leaves the server room.
const P95_BY_P50: f64 = 3.0;

/// Milliseconds after an overload until all is as before.
const RECOVERED_MS: f64 = 1000.0;
/// Least that must arrive of twice the peak, as a multiple of the peak: else it was no overload.
const ARRIVED: f64 = 1.5;

/// The share of the rate that is left with telemetry and a rule.
const TELEMETRY_AND_RULES_RATE: f64 = 0.92;

/// Everything that was measured, and on what.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) load: String,
    /// How busy others kept the machine.
    pub(super) weather: Weather,
    pub(super) sections: Vec<Section>,
}

/// One server on one database.
#[derive(Serialize)]
pub(super) struct Section {
    pub(super) shop: Shop,
    /// Its kind, version and settings.
    pub(super) database: String,
    /// Connections of the load, and clients of pgbench.
    pub(super) connections: u32,
    pub(super) rows: Vec<Row>,
    /// The same with other numbers of connections.
    pub(super) steps: Vec<Step>,
    /// At constant rates.
    pub(super) latencies: Vec<Latency>,
    /// Without single techniques, and with those that are off by default.
    pub(super) ablations: Vec<Ablation>,
    pub(super) extras: Vec<Extra>,
    /// Streamed, and held whole.
    pub(super) long: Vec<Long>,
}

/// A report as it is told to machines: with what is wanted.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    #[serde(flatten)]
    report: &'a Report,
    targets: Vec<Verdict>,
}

#[derive(Serialize)]
struct Verdict {
    database: Shop,
    #[serde(flatten)]
    target: Target,
    met: bool,
}

/// One workload.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) workload: &'static str,
    pub(super) title: &'static str,
    pub(super) requests_per_second: Rounds,
    pub(super) p50_ms: Rounds,
    pub(super) p95_ms: Rounds,
    pub(super) p99_ms: Rounds,
    /// Microseconds of processor time per request.
    pub(super) server_cpu_us: Rounds,
    pub(super) database_cpu_us: Rounds,
    /// The most memory the server had at a time, in mebibytes.
    pub(super) memory_mib: Rounds,
    /// The database by itself, where pgbench could run: with the finished JSON text, with an object
    /// made of columns for each row, and with rows.
    pub(super) pgbench: Alone,
    pub(super) pgbench_objects: Alone,
    pub(super) pgbench_rows: Alone,
    /// The same for callers who are held to an access rule.
    pub(super) under_a_rule: Ruled,
    /// The rate and the processor time of a server that is nothing but HTTP.
    pub(super) bare_per_second: Rounds,
    pub(super) bare_cpu_us: Rounds,
    pub(super) postgraphile_per_second: Rounds,
    #[serde(skip)]
    wanted: &'static Wanted,
}

/// One workload under an access rule.
#[derive(Default, Serialize)]
pub(super) struct Ruled {
    /// The rate as a share of that without the rule.
    pub(super) rate: Rounds,
    pub(super) p95_ms: Rounds,
    /// The 95th percentile as a multiple of that without.
    pub(super) p95_beside: Rounds,
    /// Microseconds of processor time per request.
    pub(super) server_cpu_us: Rounds,
    pub(super) database_cpu_us: Rounds,
}

/// What pgbench says of one form of a workload.
#[derive(Default, Serialize)]
pub(super) struct Alone {
    /// Transactions.
    pub(super) per_second: Rounds,
    /// Microseconds of the database's processor time for each.
    pub(super) cpu_us: Rounds,
}

/// One workload with another number of connections.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) workload: &'static str,
    pub(super) connections: u32,
    pub(super) requests_per_second: Rounds,
    pub(super) p50_ms: Rounds,
    pub(super) p95_ms: Rounds,
    pub(super) pgbench_per_second: Rounds,
}

/// A figure that is wanted, and what was reached.
#[derive(Serialize)]
pub(super) struct Target {
    pub(super) what: String,
    pub(super) bound: Bound,
    pub(super) reached: Rounds,
}

/// Where a figure is to lie.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
        }
    }
}

impl Report {
    /// With what is wanted of it.
    pub(super) fn told(&self) -> Told<'_> {
        let verdicts = self.sections.iter().flat_map(|section| {
            section.targets().into_iter().map(|target| Verdict {
                database: section.shop,
                met: target.is_met(),
                target,
            })
        });
        Told {
            report: self,
            targets: verdicts.collect(),
        }
    }
}

impl Target {
    fn new(what: impl Into<String>, bound: Bound, reached: Rounds) -> Option<Self> {
        reached.median().is_some().then(|| Self {
            what: what.into(),
            bound,
            reached,
        })
    }

    /// Digits behind the point: as many as tell a figure that is to be zero from one that is.
    pub(super) fn digits(&self) -> usize {
        match self.bound {
            Bound::AtMost(bound) if bound <= 0.0 => 4,
            Bound::AtLeast(_) | Bound::AtMost(_) => 2,
        }
    }

    /// Whether the median lies there.
    pub(super) fn is_met(&self) -> bool {
        self.reached
            .median()
            .is_some_and(|reached| match self.bound {
                Bound::AtLeast(bound) => reached >= bound,
                Bound::AtMost(bound) => reached <= bound,
            })
    }
}

impl Row {
    /// A workload before its first round.
    pub(super) fn of(workload: &'static Workload) -> Self {
        Self {
            workload: workload.name,
            title: workload.title,
            requests_per_second: Rounds::default(),
            p50_ms: Rounds::default(),
            p95_ms: Rounds::default(),
            p99_ms: Rounds::default(),
            server_cpu_us: Rounds::default(),
            database_cpu_us: Rounds::default(),
            memory_mib: Rounds::default(),
            pgbench: Alone::default(),
            pgbench_objects: Alone::default(),
            pgbench_rows: Alone::default(),
            under_a_rule: Ruled::default(),
            bare_per_second: Rounds::default(),
            bare_cpu_us: Rounds::default(),
            postgraphile_per_second: Rounds::default(),
            wanted: &workload.wanted,
        }
    }

    /// Adds a round of the server.
    pub(super) fn add(&mut self, outcome: &Outcome, cpu: Cpu) {
        self.requests_per_second.0.push(outcome.rate());
        self.p50_ms.0.push(outcome.p50_us / 1e3);
        self.p95_ms.0.push(outcome.p95_us / 1e3);
        self.p99_ms.0.push(outcome.p99_us / 1e3);
        self.server_cpu_us.0.push(outcome.us_each(cpu.server));
        let database = cpu.database.map(|seconds| outcome.us_each(seconds));
        self.database_cpu_us.0.extend(database);
    }

    /// The server's rate as a multiple of another.
    pub(super) fn beside(&self, other: &Rounds) -> Rounds {
        self.requests_per_second.beside(other)
    }

    /// The multiple of pgbench's rate that is wanted.
    pub(super) fn wanted(&self) -> f64 {
        self.wanted.pgbench
    }

    fn targets(&self, shop: Shop) -> Vec<Target> {
        let name = self.workload;
        let beside = |who: &str, other, bound| {
            let reached = self.beside(other);
            Target::new(
                format!("{name}: rate beside {who}"),
                Bound::AtLeast(bound),
                reached,
            )
        };
        let mut targets = Vec::new();
        targets.extend(beside(
            "pgbench",
            &self.pgbench.per_second,
            self.wanted.pgbench,
        ));
        if let Some(bound) = self.wanted.postgraphile {
            targets.extend(beside("PostGraphile", &self.postgraphile_per_second, bound));
        }
        targets.extend(match shop {
            Shop::Postgres => Target::new(
                format!("{name}: processor time of the server beside bare HTTP"),
                Bound::AtMost(BARE_CPU),
                self.server_cpu_us.beside(&self.bare_cpu_us),
            ),
            Shop::Mariadb => None,
            Shop::Sqlite => beside("bare HTTP", &self.bare_per_second, BARE_RATE),
        });
        targets
    }
}

impl Ruled {
    /// Adds a round, with that without the rule.
    pub(super) fn add(&mut self, outcome: &Outcome, cpu: Cpu, without: &Outcome) {
        self.rate.0.push(outcome.rate() / without.rate());
        self.p95_ms.0.push(outcome.p95_us / 1e3);
        self.p95_beside.0.push(outcome.p95_us / without.p95_us);
        self.server_cpu_us.0.push(outcome.us_each(cpu.server));
        let database = cpu.database.map(|seconds| outcome.us_each(seconds));
        self.database_cpu_us.0.extend(database);
    }
}

impl Alone {
    /// Adds a round.
    pub(super) fn add(&mut self, ceiling: &Ceiling) {
        self.per_second.0.push(ceiling.rate);
        self.cpu_us.0.push(ceiling.cpu_us);
    }
}

impl Step {
    /// A workload before its first round.
    pub(super) fn of(workload: &Workload, connections: u32) -> Self {
        Self {
            workload: workload.name,
            connections,
            requests_per_second: Rounds::default(),
            p50_ms: Rounds::default(),
            p95_ms: Rounds::default(),
            pgbench_per_second: Rounds::default(),
        }
    }

    /// Adds a round of the server.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.requests_per_second.0.push(outcome.rate());
        self.p50_ms.0.push(outcome.p50_us / 1e3);
        self.p95_ms.0.push(outcome.p95_us / 1e3);
    }
}

impl Latency {
    fn targets(&self) -> Vec<Target> {
        let name = self.workload;
        let tail = format!("{name}: p95 beside p50 at 70 % of the peak");
        let refusals = format!("{name}: share refused at 70 % of the peak");
        let recovery = format!("{name}: ms after 200 % of the peak until times are as before");
        let recovered = self.recovered_ms.clone();
        let arrived = format!("{name}: what arrived at 200 % of the peak, of that peak");
        let targets = [
            Target::new(
                arrived,
                Bound::AtLeast(ARRIVED),
                self.overload_arrived.clone(),
            ),
            Target::new(recovery, Bound::AtMost(RECOVERED_MS), recovered),
            Target::new(tail, Bound::AtMost(P95_BY_P50), self.p95_by_p50.clone()),
            Target::new(refusals, Bound::AtMost(0.0), self.refused.clone()),
        ];
        targets.into_iter().flatten().collect()
    }
}

impl Ablation {
    fn targets(&self) -> Vec<Target> {
        if self.technique != TELEMETRY_AND_RULES {
            return Vec::new();
        }
        let targets = self.shares.iter().map(|share| {
            let with = share.rate.0.iter().map(|without| 1.0 / without).collect();
            Target::new(
                format!(
                    "{}: rate with {TELEMETRY_AND_RULES}, beside that without",
                    share.workload
                ),
                Bound::AtLeast(TELEMETRY_AND_RULES_RATE),
                Rounds(with),
            )
        });
        targets.flatten().collect()
    }
}

impl Section {
    /// What is wanted of the figures, as far as they were measured.
    pub(super) fn targets(&self) -> Vec<Target> {
        let rows = self.rows.iter().flat_map(|row| row.targets(self.shop));
        rows.chain(self.latencies.iter().flat_map(Latency::targets))
            .chain(self.ablations.iter().flat_map(Ablation::targets))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::*;

    #[test]
    fn a_target_needs_both_figures() {
        let mut row = Row::of(&WORKLOADS[0]);
        row.requests_per_second.0 = vec![50.0, 100.0, 80.0];
        assert!(row.targets(Shop::Postgres).is_empty());
        row.pgbench.per_second.0 = vec![100.0, 100.0, 40.0];
        let targets = row.targets(Shop::Postgres);
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].reached.0, [0.5, 1.0, 2.0]);
        assert!(targets[0].is_met());
    }

    #[test]
    fn what_is_to_be_small_is_met_below_its_bound() {
        let mut row = Row::of(&WORKLOADS[0]);
        row.server_cpu_us.0 = vec![30.0];
        row.bare_cpu_us.0 = vec![10.0];
        let targets = row.targets(Shop::Postgres);
        assert!(!targets[0].is_met());
        row.bare_cpu_us.0 = vec![15.0];
        assert!(row.targets(Shop::Postgres)[0].is_met());
    }
}
