//! The open loop: requests come at a constant rate, whatever becomes of those before them.
//!
//! First the rate is less than the server can do, and the times are what users would see. Then the
//! generator and the server get processors of their own, as an overload is none that does not arrive;
//! there the rate is again less than the server can do, then twice of that, and the server has to say
//! so; then it is as before, and soon all must be well.

use super::apart::Apart;
use super::database::Database;
use super::load::{Asked, Check, Load};
use super::oha::{Answer, Oha, Stretch, Summary, write_bodies};
use super::rounds::Rounds;
use super::server::Server;
use super::tally::Tally;
use super::workloads::Workload;
use super::{Options, progress};
use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::thread;

/// The share of the peak at which times are measured.
const SHARE: f64 = 0.7;

/// How many times the peak is too much.
const OVERLOAD: f64 = 2.0;

/// Connections of the peaks, and of the rates. With more of them each request takes generator and server
/// more time, and fewer arrive.
const PEAK_CONNECTIONS: u32 = 32;
const CONNECTIONS: u32 = 256;

/// Lengths in seconds. Of the times, the first second is left out: connections are opened in it.
const PEAK_SECONDS: u32 = 2;
const OVERLOAD_SECONDS: u32 = 3;
const BEFORE_SECONDS: u32 = 3;
const RECOVERY_SECONDS: u32 = 4;
const LEFT_OUT: f64 = 1.0;

/// How requests end that are refused for the load, as the server counts them.
const REFUSED: &str = "unavailable";

/// A server is as before when, in so many windows one after the other, its p95 is at most so many
/// times what it was.
const WINDOW_SECONDS: f64 = 0.2;
const WINDOWS: usize = 3;
const AS_BEFORE: f64 = 2.0;

/// How a workload fared at constant rates.
#[derive(Serialize)]
pub(super) struct Latency {
    pub(super) workload: &'static str,
    /// Requests a second that the same generator reaches in the closed loop.
    pub(super) peak_per_second: Rounds,
    /// At 70 % of it, each from when the request was due.
    pub(super) p50_ms: Rounds,
    pub(super) p95_ms: Rounds,
    pub(super) p99_ms: Rounds,
    /// The 95th percentile as a multiple of the median.
    pub(super) p95_by_p50: Rounds,
    /// The share that was refused there.
    pub(super) refused: Rounds,
    /// The peak where the generator has processors of its own, and the server and its database have one.
    pub(super) peak_apart_per_second: Rounds,
    /// At twice of that: what arrived, which the generator may not reach, and what was answered with data,
    /// as shares of that peak; what was refused as a share of all, and milliseconds after which times
    /// were as before.
    pub(super) overload_arrived: Rounds,
    pub(super) overload_answered: Rounds,
    pub(super) overload_refused: Rounds,
    pub(super) recovered_ms: Rounds,
}

/// Measures the workloads of a server.
pub(super) fn measure(
    options: &Options,
    oha: &Oha,
    (server, database): (&Server, &Database),
    scratch: &Path,
) -> Result<Vec<Latency>> {
    let workloads = options.workloads();
    let mut all: Vec<_> = workloads
        .iter()
        .map(|workload| Latency::of(workload))
        .collect();
    let bodies = scratch.join("bodies.txt");
    for round in 1..=options.step_rounds() {
        for (workload, latency) in workloads.iter().zip(&mut all) {
            progress(&format!("constant rates, round {round}: {}", workload.name));
            write_bodies(workload, &bodies)?;
            let course = Course {
                oha,
                server,
                database,
                workload,
                bodies: bodies.clone(),
                scratch,
                seconds: options.seconds() + 1,
            };
            let before = Tally::read(server)?;
            course
                .run(latency)
                .and_then(|()| Tally::read(server)?.only(&before, &[REFUSED]))
                .with_context(|| format!("the workload {}", workload.name))?;
        }
    }
    Ok(all)
}

/// One workload on its way through the rates.
struct Course<'a> {
    oha: &'a Oha,
    server: &'a Server,
    database: &'a Database,
    workload: &'static Workload,
    bodies: PathBuf,
    scratch: &'a Path,
    seconds: u32,
}

impl Course<'_> {
    fn run(&self, latency: &mut Latency) -> Result<()> {
        let peak = self.peak()?;
        latency.peak_per_second.0.push(peak);
        let stretch = self.stretch(CONNECTIONS, self.seconds);
        let (times, refused) = self.calm(&stretch, SHARE * peak)?;
        latency.add(&times, refused);
        let apart = Apart::keep(self.processes()?)?;
        let outcome = self.too_much(latency);
        drop(apart);
        outcome
    }

    /// Everything that runs for an answer.
    fn processes(&self) -> Result<Vec<u32>> {
        let mut processes = self.database.processes()?;
        processes.push(self.server.id());
        Ok(processes)
    }

    /// From calm to overload and back.
    fn too_much(&self, latency: &mut Latency) -> Result<()> {
        let peak = self.peak()?;
        latency.peak_apart_per_second.0.push(peak);
        let easy = SHARE * peak;
        let before = self.stretch(CONNECTIONS, BEFORE_SECONDS);
        let (times, _) = self.calm(&before, easy)?;
        let overload = self.overload(OVERLOAD * peak)?;
        latency.overload_arrived.0.push(overload.arrived() / peak);
        latency.overload_answered.0.push(overload.rate() / peak);
        latency.overload_refused.0.push(overload.refused());
        let after = self.stretch(CONNECTIONS, RECOVERY_SECONDS);
        let recovered = recovery(&self.oha.answers(&after, easy)?, times.p95);
        // A server that did not recover while it was watched took at least that long.
        let seconds = recovered.unwrap_or(f64::from(RECOVERY_SECONDS));
        latency.recovered_ms.0.push(seconds * 1e3);
        Ok(())
    }

    fn peak(&self) -> Result<f64> {
        self.oha.peak(&self.stretch(PEAK_CONNECTIONS, PEAK_SECONDS))
    }

    /// How long answers take at a rate, and the share of requests that was refused.
    fn calm(&self, stretch: &Stretch, rate: f64) -> Result<(Times, f64)> {
        let answers = self.oha.answers(stretch, rate)?;
        let times = Times::of(answers.iter().filter(|answer| answer.due >= LEFT_OUT));
        Ok((times.context("nothing was answered")?, refused(&answers)))
    }

    /// Offers too much, while one more client looks at what it is told.
    fn overload(&self, rate: f64) -> Result<Summary> {
        let stretch = self.stretch(CONNECTIONS, OVERLOAD_SECONDS);
        let look = Load {
            document: self.workload.document,
            workload: self.workload,
            asked: Asked::ByText,
            connections: 1,
            seconds: OVERLOAD_SECONDS,
            check: Check::Refusals,
        };
        let (port, scratch) = (self.server.port(), self.scratch);
        thread::scope(|scope| {
            let witness = scope.spawn(|| look.run(port, scratch));
            let summary = self.oha.offer(&stretch, rate)?.only(&[200, 503])?;
            let seen = witness
                .join()
                .map_err(|_| anyhow!("the witness broke down"))?;
            seen.context("what was told under overload")?;
            Ok(summary)
        })
    }

    fn stretch(&self, connections: u32, seconds: u32) -> Stretch<'_> {
        Stretch {
            port: self.server.port(),
            bodies: &self.bodies,
            connections,
            seconds,
        }
    }
}

impl Latency {
    fn of(workload: &Workload) -> Self {
        Self {
            workload: workload.name,
            peak_per_second: Rounds::default(),
            p50_ms: Rounds::default(),
            p95_ms: Rounds::default(),
            p99_ms: Rounds::default(),
            p95_by_p50: Rounds::default(),
            refused: Rounds::default(),
            peak_apart_per_second: Rounds::default(),
            overload_arrived: Rounds::default(),
            overload_answered: Rounds::default(),
            overload_refused: Rounds::default(),
            recovered_ms: Rounds::default(),
        }
    }

    fn add(&mut self, times: &Times, refused: f64) {
        self.p50_ms.0.push(times.p50 * 1e3);
        self.p95_ms.0.push(times.p95 * 1e3);
        self.p99_ms.0.push(times.p99 * 1e3);
        self.p95_by_p50.0.push(times.p95 / times.p50);
        self.refused.0.push(refused);
    }
}

#[expect(clippy::cast_precision_loss, reason = "no stretch has 2^52 requests")]
fn refused(answers: &[Answer]) -> f64 {
    let refused = answers.iter().filter(|answer| answer.status != 200).count();
    refused as f64 / answers.len().max(1) as f64
}

/// Percentiles in seconds.
#[derive(Debug, PartialEq)]
struct Times {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Times {
    fn of<'a>(answers: impl Iterator<Item = &'a Answer>) -> Option<Self> {
        let mut took: Vec<_> = answers.map(|answer| answer.took).collect();
        took.sort_by(f64::total_cmp);
        let percentile = |percent: usize| {
            let rank = (took.len() * percent).div_ceil(100);
            took.get(rank.checked_sub(1)?).copied()
        };
        Some(Self {
            p50: percentile(50)?,
            p95: percentile(95)?,
            p99: percentile(99)?,
        })
    }
}

/// Seconds after which times were as before and stayed so for a while.
fn recovery(answers: &[Answer], before: f64) -> Option<f64> {
    let is_good = |window: &[Answer]| {
        let is_answered = window.iter().all(|answer| answer.status == 200);
        let times = Times::of(window.iter());
        is_answered && times.is_some_and(|times| times.p95 <= AS_BEFORE * before)
    };
    let number = |answer: &Answer| (answer.due / WINDOW_SECONDS).floor();
    let windows: Vec<_> = answers
        .chunk_by(|one, next| number(one).total_cmp(&number(next)).is_eq())
        .collect();
    let run = windows
        .windows(WINDOWS)
        .find(|run| run.iter().copied().all(is_good))?;
    Some(number(run.first()?.first()?) * WINDOW_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(due: f64, took: f64) -> Answer {
        Answer {
            due,
            took,
            status: 200,
        }
    }

    fn times(took: &[f64]) -> Option<Times> {
        let answers: Vec<_> = took.iter().map(|took| answer(0.0, *took)).collect();
        Times::of(answers.iter())
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let took: Vec<_> = (1..=100).rev().map(f64::from).collect();
        let wanted = Times {
            p50: 50.0,
            p95: 95.0,
            p99: 99.0,
        };
        assert_eq!(times(&took), Some(wanted));
        assert_eq!(times(&[7.0]).map(|times| times.p95), Some(7.0));
        assert_eq!(times(&[]), None);
    }

    #[test]
    fn a_server_has_recovered_when_its_times_stay_as_before() {
        let course = |took: [f64; 7]| {
            let answers: Vec<_> = took
                .iter()
                .zip(0_u8..)
                .map(|(took, window)| answer(f64::from(window) * WINDOW_SECONDS + 0.01, *took))
                .collect();
            recovery(&answers, 1.0)
        };
        assert_eq!(course([1.0; 7]), Some(0.0));
        let late = course([9.0, 1.0, 9.0, 2.0, 1.0, 1.0, 1.0]).unwrap();
        assert!((late - 0.6).abs() < 1e-9, "{late}");
        assert_eq!(course([9.0, 9.0, 9.0, 9.0, 9.0, 1.0, 1.0]), None);
    }

    #[test]
    fn who_is_refused_is_not_as_before() {
        let mut answers: Vec<_> = (0_u8..5)
            .map(|window| answer(f64::from(window) * WINDOW_SECONDS + 0.01, 1.0))
            .collect();
        answers[0].status = 503;
        let recovered = recovery(&answers, 1.0).unwrap();
        assert!((recovered - WINDOW_SECONDS).abs() < 1e-9);
        assert!((refused(&answers) - 0.2).abs() < 1e-9);
    }
}
