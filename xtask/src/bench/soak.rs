//! `cargo xtask soak`: an hour of mixed load with reloads, and how much memory that takes.
//!
//! The server is the one that developers run, as that takes over an edited schema while it serves. It is asked
//! all workloads, introspection and documents that never come again, by connections that come and go
//! and by clients that leave in the middle. What it refuses for the moment is counted; any other error
//! ends all. At the end its memory may be 5 % more than after a sixth of the time, when all caches had
//! time to fill.

use super::database::Database;
use super::rounds::Rounds;
use super::shop::Shop;
use super::usage;
use super::workloads::{WORKLOADS, Workload};
use crate::client::{Client, is_ready};
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::{release, server};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const START_SECONDS: u64 = 60;

/// How much more memory than at a sixth of the time there may be at the end, in parts of a hundred.
const GROWTH_MAX: f64 = 5.0;

/// Connections that ask, each so many requests before it is made anew.
const ASKING: u64 = 8;
const REQUESTS_EACH: usize = 200;

/// What a server says that is not at fault: its database does not answer in time, or all are at work.
const LATER: [&str; 2] = ["\"store.unavailable\"", "\"store.busy\""];

/// How long the server may take to serve an edit.
const RELOAD_SECONDS: u64 = 30;

const INTROSPECTION: &str = "{ __schema { types { name description fields(includeDeprecated: true) { name \
    args { name type { name kind ofType { name } } } type { name kind ofType { name kind ofType { name } } } } \
    inputFields { name type { name } } enumValues { name } } directives { name args { name } } } }";

/// How long, and how much in that time.
#[derive(Args)]
pub(crate) struct Options {
    /// Length, in minutes
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Edits of the schema in that time
    #[arg(long, default_value_t = 1_000)]
    reloads: u64,
    /// Requests of the workloads in a second
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rate: u64,
    /// The database
    #[arg(long, default_value = "postgres")]
    on: Shop,
    /// Soak this binary and build none
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

/// What goes on until the time is over.
struct Soak {
    port: u16,
    begun: Instant,
    length: Duration,
    is_over: AtomicBool,
    requests: AtomicU64,
    reloads: AtomicU64,
    left: AtomicU64,
    refused: AtomicU64,
}

/// Soaks, prints what came of it, and fails where the memory grew.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => release::build()?,
    };
    let scratch = Scratch::create(None)?;
    let database = Database::fill(options.on, scratch.path())?;
    let project = scratch.path().join("project");
    let mut init = Command::new(&binary);
    process::read(
        init.args(["init", "--from", &database.url, "--out"])
            .arg(&project),
    )?;
    let (service, port) = server::on_free_port(|port| develop(&binary, &project, port))?;
    let soak = Soak {
        port,
        begun: Instant::now(),
        length: Duration::from_secs(options.minutes * 60),
        is_over: AtomicBool::new(false),
        requests: AtomicU64::new(0),
        reloads: AtomicU64::new(0),
        left: AtomicU64::new(0),
        refused: AtomicU64::new(0),
    };
    let memory = soak.all(options, &project, service.id())?;
    soak.tell(&memory)
}

fn develop(binary: &Path, project: &Path, port: u16) -> Result<Service> {
    let log = server::log_file("soak-server")?;
    let output = File::create(&log)?;
    let errors = output.try_clone()?;
    let mut service = Service::start(binary, None, Stop::Gracefully, |command| {
        command
            .args(["dev", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--set", "rates.rules=[]", "--set", "log.level=warn"])
            .arg(project)
            .stdout(output)
            .stderr(errors);
    })?;
    service
        .wait_until(START_SECONDS, || is_ready(port))
        .with_context(|| format!("no server; its log is {}", log.display()))?;
    Ok(service)
}

impl Soak {
    /// Does all of it at the same time, and reads the memory each second.
    fn all(&self, options: &Options, project: &Path, id: u32) -> Result<Vec<f64>> {
        thread::scope(|scope| {
            let asking = (0..ASKING).map(|number| {
                scope.spawn(move || self.until_over(|| self.ask(number, options.rate)))
            });
            let mut works: Vec<_> = asking.collect();
            works.push(scope.spawn(|| self.until_over(|| self.look_around())));
            works.push(scope.spawn(|| self.until_over(|| self.leave())));
            works.push(scope.spawn(|| self.edit(project, options.reloads)));
            let memory = self.watch(id);
            self.is_over.store(true, Relaxed);
            for work in works {
                let Ok(outcome) = work.join() else {
                    bail!("a part of the load broke off");
                };
                outcome?;
            }
            memory
        })
    }

    /// Repeats something until the time is over; what fails ends all.
    fn until_over(&self, mut once: impl FnMut() -> Result<()>) -> Result<()> {
        while !self.is_over.load(Relaxed) {
            if let Err(error) = once() {
                self.is_over.store(true, Relaxed);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The memory in each second, with a line of progress.
    fn watch(&self, id: u32) -> Result<Vec<f64>> {
        let mut memory = Vec::new();
        while self.begun.elapsed() < self.length && !self.is_over.load(Relaxed) {
            process::proceed()?;
            memory.push(usage::memory_mib(id)?);
            if memory.len() % 60 == 1 {
                super::progress(&format!(
                    "minute {} of {}: {:.0} MiB, {} requests, {} reloads",
                    memory.len() / 60,
                    self.length.as_secs() / 60,
                    memory[memory.len() - 1],
                    self.requests.load(Relaxed),
                    self.reloads.load(Relaxed),
                ));
            }
            thread::sleep(Duration::from_secs(1));
        }
        Ok(memory)
    }

    /// A connection that asks all workloads in turn, at its share of the rate.
    fn ask(&self, number: u64, rate: u64) -> Result<()> {
        let mut client = Client::connect(self.port)?;
        let pause = Duration::from_micros(1_000_000 * ASKING / rate);
        for turn in 0..REQUESTS_EACH {
            let due = Instant::now() + pause;
            let seed = self.requests.fetch_add(1, Relaxed) + number;
            let workload = &WORKLOADS[turn % WORKLOADS.len()];
            self.judge(workload.name, &client.ask(&body(workload, seed))?)?;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if self.is_over.load(Relaxed) {
                break;
            }
        }
        Ok(())
    }

    /// Introspection, and a document that never comes again.
    fn look_around(&self) -> Result<()> {
        let mut client = Client::connect(self.port)?;
        let ask = |document: &str| serde_json::json!({ "query": document }).to_string();
        self.judge("introspection", &client.ask(&ask(INTROSPECTION))?)?;
        let number = self.requests.fetch_add(1, Relaxed);
        let fresh = format!("{{ fresh{number}: users(limit: 3) {{ id name{number}: name }} }}");
        self.judge("a fresh document", &client.ask(&ask(&fresh))?)?;
        thread::sleep(Duration::from_millis(100));
        Ok(())
    }

    /// A client that reads the beginning of a long list and is gone.
    fn leave(&self) -> Result<()> {
        let mut client = Client::connect(self.port)?;
        client.send("{\"query\":\"{ items { id orderId quantity price } }\"}")?;
        client.read(1_000)?;
        self.left.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    /// Edits the schema, evenly over the time, and sees each edit served.
    fn edit(&self, project: &Path, reloads: u64) -> Result<()> {
        let path = project.join("schema.graphql");
        let schema = fs::read_to_string(&path)?;
        let mut number = 0;
        let mut edit = || {
            let due = self
                .length
                .mul_f64(number_of(number) / number_of(reloads.max(1)));
            thread::sleep(
                due.saturating_sub(self.begun.elapsed())
                    .min(Duration::from_secs(1)),
            );
            if self.begun.elapsed() < due || number >= reloads {
                return Ok(());
            }
            number += 1;
            let described = schema.replacen(
                "\ntype User ",
                &format!("\n\"Edit {number}\"\ntype User "),
                1,
            );
            if described == schema {
                bail!("the schema has no type User");
            }
            fs::write(&path, described)?;
            self.see(&format!("Edit {number}"))?;
            self.reloads.fetch_add(1, Relaxed);
            Ok(())
        };
        self.until_over(&mut edit)
    }

    /// Waits until an edit is served.
    fn see(&self, edit: &str) -> Result<()> {
        let begun = Instant::now();
        let ask = "{\"query\":\"{ __type(name: \\\"User\\\") { description } }\"}";
        let mut client = Client::connect(self.port)?;
        while !client.ask(ask)?.contains(&format!("\"{edit}\"")) {
            if begun.elapsed() > Duration::from_secs(RELOAD_SECONDS) {
                bail!("{edit} is not served after {RELOAD_SECONDS} s");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Counts an answer that asks to come again; any other error is one here.
    fn judge(&self, what: &str, answer: &str) -> Result<()> {
        if answer.starts_with("{\"data\":") && !answer.contains("\"errors\":") {
            return Ok(());
        }
        if LATER.iter().any(|code| answer.contains(code)) {
            self.refused.fetch_add(1, Relaxed);
            return Ok(());
        }
        let shown: String = answer.chars().take(300).collect();
        bail!("{what} is answered with {shown}")
    }

    fn tell(&self, memory: &[f64]) -> Result<ExitCode> {
        let window = (memory.len() / 60).max(1);
        let early = memory.len() / 6;
        let after_a_sixth = median(memory.get(early..early + window).unwrap_or_default())?;
        let at_the_end = median(
            memory
                .get(memory.len().saturating_sub(window)..)
                .unwrap_or_default(),
        )?;
        let most = memory.iter().copied().fold(0.0, f64::max);
        let growth = (at_the_end / after_a_sixth - 1.0) * 100.0;
        println!(
            "{} requests, {} reloads, {} clients that left in the middle, {} requests refused for the moment, in {} min\n\
             memory: {after_a_sixth:.1} MiB after a sixth of the time, {at_the_end:.1} MiB at the end ({growth:+.1} %), \
             {most:.1} MiB at most",
            self.requests.load(Relaxed),
            self.reloads.load(Relaxed),
            self.left.load(Relaxed),
            self.refused.load(Relaxed),
            self.length.as_secs() / 60,
        );
        if growth > GROWTH_MAX {
            bail!("the memory grew by {growth:.1} %, more than {GROWTH_MAX} %");
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[expect(clippy::cast_precision_loss, reason = "edits are far fewer than 2^52")]
fn number_of(count: u64) -> f64 {
    count as f64
}

fn median(values: &[f64]) -> Result<f64> {
    let median = Rounds(values.to_vec()).median();
    median.context("it was over before the memory was read")
}

/// The so manyth request of a workload: a seed gives each variable a value within its bounds.
fn body(workload: &Workload, seed: u64) -> String {
    let variables: serde_json::Map<_, _> = workload
        .variables
        .iter()
        .map(|(name, low, high)| {
            let width = u64::from(high - low + 1);
            let value = u64::from(*low) + seed.wrapping_mul(7_919) % width;
            ((*name).to_owned(), value.into())
        })
        .collect();
    serde_json::json!({ "query": workload.document, "variables": variables }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_draws_values_within_their_bounds() {
        for (workload, seed) in WORKLOADS
            .iter()
            .flat_map(|one| (0..50).map(move |it| (one, it)))
        {
            let body: serde_json::Value = serde_json::from_str(&body(workload, seed)).unwrap();
            for (name, low, high) in workload.variables {
                let value = body["variables"][name].as_u64().unwrap();
                assert!(
                    (u64::from(*low)..=u64::from(*high)).contains(&value),
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn memory_that_grows_is_a_failure() {
        let soak = || Soak {
            port: 0,
            begun: Instant::now(),
            length: Duration::from_secs(600),
            is_over: AtomicBool::new(true),
            requests: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            left: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        };
        let flat = vec![100.0; 600];
        assert!(soak().tell(&flat).is_ok());
        let grown: Vec<_> = (0..600)
            .map(|second| 100.0 + f64::from(second) / 60.0)
            .collect();
        let error = soak().tell(&grown).unwrap_err().to_string();
        assert!(error.contains("grew by 8"), "{error}");
        assert!(soak().tell(&[]).is_err());
    }
}
