//! The figures, as a table for people and as JSON for machines.

use super::load::Outcome;
use super::machine::Machine;
use super::usage::Cpu;
use super::workloads::Workload;
use serde::{Serialize, Serializer};

/// Everything that was measured, and on what.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) load: String,
    pub(super) sections: Vec<Section>,
}

/// One server on one database.
#[derive(Serialize)]
pub(super) struct Section {
    /// Its kind, version and settings.
    pub(super) database: String,
    /// The most memory the server had at a time.
    pub(super) peak_memory_mib: u64,
    pub(super) rows: Vec<Row>,
}

/// One workload.
#[derive(Serialize)]
pub(super) struct Row {
    workload: &'static str,
    requests_per_second: Rounds,
    p50_ms: Rounds,
    p95_ms: Rounds,
    p99_ms: Rounds,
    /// Microseconds of processor time per request.
    server_cpu_us: Rounds,
    database_cpu_us: Rounds,
    /// Transactions per second of pgbench, where it could run.
    pgbench_per_second: Rounds,
    /// Share of pgbench's rate that is wanted.
    wanted: Option<f64>,
    /// The rate under an access rule as a share of that without, round by round.
    under_a_rule: Rounds,
}

/// A figure of each round; shown as their median.
#[derive(Default)]
pub(super) struct Rounds(pub(super) Vec<f64>);

impl Rounds {
    pub(super) fn median(&self) -> Option<f64> {
        let mut figures = self.0.clone();
        figures.sort_by(f64::total_cmp);
        let upper = *figures.get(figures.len() / 2)?;
        let lower = *figures.get(figures.len().checked_sub(1)? / 2)?;
        Some(f64::midpoint(lower, upper))
    }

    /// The median, and the least and the most with so many digits after the point.
    pub(super) fn shown(&self, digits: usize) -> String {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(0.0, f64::max);
        let spread = format!("({least:.digits$} to {most:.digits$})");
        format!("{:>9.2} {spread:>14}", self.median().unwrap_or(f64::NAN))
    }
}

impl Serialize for Rounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.median().serialize(serializer)
    }
}

impl Row {
    /// A workload before its first round.
    pub(super) fn of(workload: &Workload) -> Self {
        Self {
            workload: workload.name,
            requests_per_second: Rounds::default(),
            p50_ms: Rounds::default(),
            p95_ms: Rounds::default(),
            p99_ms: Rounds::default(),
            server_cpu_us: Rounds::default(),
            database_cpu_us: Rounds::default(),
            pgbench_per_second: Rounds::default(),
            wanted: workload.wanted,
            under_a_rule: Rounds::default(),
        }
    }

    /// Adds a round of the server.
    #[expect(clippy::cast_precision_loss, reason = "no round has 2^52 requests")]
    pub(super) fn add(&mut self, outcome: &Outcome, cpu: Cpu) {
        let requests = outcome.requests as f64;
        self.requests_per_second.0.push(outcome.rate());
        self.p50_ms.0.push(outcome.p50_us / 1e3);
        self.p95_ms.0.push(outcome.p95_us / 1e3);
        self.p99_ms.0.push(outcome.p99_us / 1e3);
        self.server_cpu_us.0.push(cpu.server * 1e6 / requests);
        self.database_cpu_us.0.push(cpu.database * 1e6 / requests);
    }

    /// Adds a round of the server whose callers are held to a rule, behind that of the other.
    pub(super) fn add_ruled(&mut self, rate: f64) {
        let open = self.requests_per_second.0.last();
        self.under_a_rule.0.extend(open.map(|open| rate / open));
    }

    /// Adds a round of pgbench.
    pub(super) fn add_ceiling(&mut self, rate: f64) {
        self.pgbench_per_second.0.push(rate);
    }

    /// The server's rate as a share of pgbench's.
    fn ratio(&self) -> Option<f64> {
        Some(self.requests_per_second.median()? / self.pgbench_per_second.median()?)
    }

    fn line(&self) -> String {
        format!(
            "{:<12}{}{}{}{}{}{}{}{}{}{}",
            self.workload,
            cell(self.requests_per_second.median(), 0),
            cell(self.p50_ms.median(), 2),
            cell(self.p95_ms.median(), 2),
            cell(self.p99_ms.median(), 2),
            cell(self.server_cpu_us.median(), 1),
            cell(self.database_cpu_us.median(), 1),
            cell(self.pgbench_per_second.median(), 0),
            cell(self.ratio(), 2),
            cell(self.wanted.filter(|_| self.ratio().is_some()), 1),
            cell(self.under_a_rule.median(), 3),
        )
    }
}

/// A figure with so many digits after the point, or a dash.
fn cell(figure: Option<f64>, digits: usize) -> String {
    match figure {
        Some(figure) => format!("{figure:>11.digits$}"),
        None => format!("{:>11}", "-"),
    }
}

impl Report {
    /// Prints it for people.
    pub(super) fn print(&self) {
        let machine = &self.machine;
        println!(
            "{}, {} cores, {} GiB, Linux {}",
            machine.processor, machine.cores, machine.memory_gib, machine.kernel
        );
        println!(
            "{} at {}, {}",
            machine.fragaria, machine.commit, machine.rustc
        );
        println!("{}", self.load);
        for section in &self.sections {
            section.print();
        }
    }
}

impl Section {
    fn print(&self) {
        println!(
            "\n{}; server's peak of memory {} MiB",
            self.database, self.peak_memory_mib
        );
        let heads = [
            "req/s",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "CPU µs/req",
            "db µs/req",
            "pgbench/s",
            "ratio",
            "wanted",
            "ruled",
        ];
        let heads = heads.map(|head| format!("{head:>11}")).concat();
        println!("{:<12}{heads}", "workload");
        for row in &self.rows {
            println!("{}", row.line());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let median = |figures: &[f64]| Rounds(figures.to_vec()).median();
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn the_ratio_is_of_medians_and_needs_both() {
        let mut row = Row::of(&super::super::workloads::WORKLOADS[0]);
        row.requests_per_second.0 = vec![50.0, 100.0, 80.0];
        assert_eq!(row.ratio(), None);
        row.add_ceiling(160.0);
        assert_eq!(row.ratio(), Some(0.5));
        row.add_ruled(76.0);
        let line = row.line();
        assert!(line.ends_with("0.50        0.6      0.950"), "{line}");
    }
}
