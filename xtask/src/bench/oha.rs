//! Load at a constant rate, by oha: each request leaves when its time has come, whether those before
//! it are answered or not, and its time counts from when it should have left.

use super::progress;
use super::sameness;
use super::workloads::Workload;
use crate::{house, process};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is measured with; its own lockfile goes with it.
const VERSION: &str = "1.16.0";

/// How late oha may bring a request by the grain of its timer, in seconds. One that is later was kept
/// back because the machine had no time for oha, and counts from when it should have left.
const GRAIN: f64 = 0.002;

/// Bodies that are drawn from.
const BODIES: u32 = 5_000;

/// The program, installed.
pub(super) struct Oha(PathBuf);

/// A stretch of load on a server.
pub(super) struct Stretch<'a> {
    pub(super) port: u16,
    /// A file with a body in each line.
    pub(super) bodies: &'a Path,
    pub(super) connections: u32,
    pub(super) seconds: u32,
}

/// An answer to a request that left at its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Answer {
    /// When its time had come, in seconds since the first.
    pub(super) due: f64,
    /// How long it took from then, in seconds.
    pub(super) took: f64,
    pub(super) status: u16,
}

/// How a stretch went, all in all.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    #[serde(rename = "summary")]
    totals: Totals,
    status_code_distribution: BTreeMap<u16, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct Totals {
    /// Seconds from the first request to the last answer.
    total: f64,
}

impl Summary {
    fn parse(output: &str) -> Result<Self> {
        let summary: Self = serde_json::from_str(output)
            .with_context(|| format!("oha did not come to its end:\n{output}"))?;
        let errors = &summary.error_distribution;
        ensure!(errors.is_empty(), "requests were not answered: {errors:?}");
        Ok(summary)
    }

    /// Refuses any status but these.
    pub(super) fn only(self, statuses: &[u16]) -> Result<Self> {
        let counts = &self.status_code_distribution;
        if counts.is_empty() || counts.keys().any(|status| !statuses.contains(status)) {
            bail!("answers have other statuses than {statuses:?}: {counts:?}");
        }
        Ok(self)
    }

    #[expect(clippy::cast_precision_loss, reason = "no stretch has 2^52 requests")]
    fn count(&self, status: u16) -> f64 {
        let count = self.status_code_distribution.get(&status);
        count.copied().unwrap_or(0) as f64
    }

    /// Requests a second that were answered with data.
    pub(super) fn rate(&self) -> f64 {
        self.count(200) / self.totals.total
    }

    /// Requests a second that were answered with data or refused for the load.
    pub(super) fn arrived(&self) -> f64 {
        (self.count(200) + self.count(503)) / self.totals.total
    }

    /// The share of requests that were refused for the load.
    pub(super) fn refused(&self) -> f64 {
        self.count(503) / (self.count(200) + self.count(503))
    }
}

impl Oha {
    /// Builds it from the registry, once.
    pub(super) fn install() -> Result<Self> {
        let home = house::cache()?.join(format!("oha-{VERSION}"));
        let program = home.join("bin/oha");
        if !program.is_file() {
            progress(&format!(
                "building oha {VERSION}, which takes some minutes, once"
            ));
            let mut command = Command::new("cargo");
            command
                .env_remove("CARGO_TARGET_DIR")
                .args([
                    "install",
                    "oha",
                    "--version",
                    VERSION,
                    "--locked",
                    "--quiet",
                ])
                .arg("--root")
                .arg(&home);
            process::run(&mut command)?;
        }
        Ok(Self(program))
    }

    /// What the report says of it.
    pub(super) fn told() -> String {
        format!("oha {VERSION}")
    }

    /// Asks again as soon as there is an answer: the peak that it can reach itself.
    pub(super) fn peak(&self, stretch: &Stretch) -> Result<f64> {
        let mut command = self.command(stretch);
        command.args(["-z", &format!("{}s", stretch.seconds), "-w"]);
        let output = process::read(command.arg(stretch.url()))?;
        Ok(Summary::parse(&output)?.only(&[200])?.rate())
    }

    /// Asks at a rate, and tells how it went all in all, as soon as it has.
    pub(super) fn offer(&self, stretch: &Stretch, rate: f64) -> Result<Summary> {
        let mut command = self.at_rate(stretch, rate);
        Summary::parse(&process::read(command.arg(stretch.url()))?)
    }

    /// Asks at a rate, and tells of each answer, in the order they were due.
    pub(super) fn answers(&self, stretch: &Stretch, rate: f64) -> Result<Vec<Answer>> {
        let record = stretch.bodies.with_extension("record");
        if record.exists() {
            fs::remove_file(&record)?;
        }
        let mut command = self.at_rate(stretch, rate);
        command.arg("--db-url").arg(&record);
        Summary::parse(&process::read(command.arg(stretch.url()))?)?.only(&[200, 503])?;
        let rows = process::read(
            Command::new("sqlite3")
                .args(["-bail", "-csv"])
                .arg(&record)
                .arg("SELECT start_latency_correction, \"end\", status FROM oha ORDER BY 1"),
        )?;
        read(&rows, rate)
    }

    fn at_rate(&self, stretch: &Stretch, rate: f64) -> Command {
        let mut command = self.command(stretch);
        let count = (rate * f64::from(stretch.seconds)).ceil();
        command
            .args(["-q", &format!("{rate:.1}"), "-n", &format!("{count:.0}")])
            .arg("--latency-correction");
        command
    }

    fn command(&self, stretch: &Stretch) -> Command {
        let mut command = Command::new(&self.0);
        command
            .args([
                "--no-tui",
                "--output-format",
                "json",
                "--worker-threads",
                "1",
            ])
            .args(["-c", &stretch.connections.to_string(), "-t", "30s"])
            .args(["-m", "POST", "-T", "application/json"])
            .args(["-H", "accept: application/graphql-response+json"])
            .arg("-Z")
            .arg(stretch.bodies);
        command
    }
}

impl Stretch<'_> {
    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/graphql", self.port)
    }
}

/// Lines of when a request was brought, when its answer was whole, and its status; in the order of
/// requests at a rate.
fn read(rows: &str, rate: f64) -> Result<Vec<Answer>> {
    let parse = |line: &str| {
        let mut cells = line.trim().split(',');
        let brought: f64 = cells.next()?.parse().ok()?;
        let end: f64 = cells.next()?.parse().ok()?;
        Some((brought, end, cells.next()?.parse().ok()?))
    };
    let records: Option<Vec<(f64, f64, u16)>> = rows.lines().map(parse).collect();
    let records = records.context("oha keeps another record of its requests")?;
    let first = records.first().map_or(0.0, |(brought, ..)| *brought);
    let answers = records
        .iter()
        .zip(0_u32..)
        .map(|((brought, end, status), index)| {
            let planned = f64::from(index) / rate;
            let brought = brought - first;
            let due = if brought - planned > GRAIN {
                planned
            } else {
                brought
            };
            Answer {
                due,
                took: end - first - due,
                status: *status,
            }
        });
    Ok(answers.collect())
}

/// Writes the bodies of many requests, spread over all values.
pub(super) fn write_bodies(workload: &Workload, file: &Path) -> Result<()> {
    let lines = (0..BODIES).map(|index| {
        let draw: Vec<_> = workload
            .variables
            .iter()
            .zip(0..)
            .map(|((name, low, high), column)| (*name, spread(index, column, *low, *high)))
            .collect();
        sameness::body(workload.document, &draw) + "\n"
    });
    Ok(fs::write(file, lines.collect::<String>())?)
}

/// A value between two, of a sequence that repeats late.
fn spread(index: u32, column: u32, low: u32, high: u32) -> u32 {
    // Knuth's multiplicative hash; each column begins elsewhere.
    let hash = (index + column * BODIES).wrapping_mul(2_654_435_761);
    low + (hash >> 4) % (high - low + 1)
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::*;
    use std::collections::BTreeSet;

    const GOOD: &str = r#"{"summary":{"successRate":1.0,"total":2.0,"requestsPerSec":500.0},
        "statusCodeDistribution":{"200":750,"503":250},"errorDistribution":{}}"#;

    #[test]
    fn rate_and_refusals_are_taken_from_oha() {
        let summary = Summary::parse(GOOD).unwrap();
        assert!((summary.rate() - 375.0).abs() < 1e-9);
        assert!((summary.refused() - 0.25).abs() < 1e-9);
        assert!((summary.arrived() * 0.75 - summary.rate()).abs() < 1e-9);
        assert!(Summary::parse(GOOD).unwrap().only(&[200, 503]).is_ok());
    }

    #[test]
    fn an_unanswered_request_or_another_status_fails_the_run() {
        let broken = GOOD.replace("{}", r#"{"connection closed":1}"#);
        let error = Summary::parse(&broken).unwrap_err().to_string();
        assert!(error.contains("connection closed"), "{error}");
        assert!(Summary::parse(GOOD).unwrap().only(&[200]).is_err());
        let silent = GOOD.replace(r#""200":750,"503":250"#, "");
        assert!(Summary::parse(&silent).unwrap().only(&[200]).is_err());
        assert!(Summary::parse("panicked").is_err());
    }

    #[test]
    fn answers_are_read_with_their_time_from_when_they_were_due() {
        let answers = |rows| {
            let answers = read(rows, 2.0)?;
            anyhow::Ok(
                answers
                    .iter()
                    .map(|answer| (answer.due, answer.took, answer.status))
                    .collect::<Vec<_>>(),
            )
        };
        let told = answers("0.5,0.75,200\r\n1.0,1.125,503\n").unwrap();
        assert_eq!(told, [(0.0, 0.25, 200), (0.5, 0.125, 503)]);
        // The second should have left half a second after the first.
        let late = answers("0.5,0.75,200\n2.0,2.25,200\n").unwrap();
        assert_eq!(late, [(0.0, 0.25, 200), (0.5, 1.25, 200)]);
        assert!(answers("0.5,,200\n").is_err());
    }

    #[test]
    fn values_are_spread_between_their_bounds() {
        let workload = &WORKLOADS[0];
        let (_, low, high) = workload.variables[0];
        let values: BTreeSet<_> = (0..BODIES)
            .map(|index| spread(index, 0, low, high))
            .collect();
        assert!(values.len() > 3_000, "{}", values.len());
        assert!(*values.first().unwrap() >= low && *values.last().unwrap() <= high);
    }
}
