//! `cargo xtask instructions`: what a request costs the server, counted and not timed.
//!
//! The server runs under callgrind on an SQLite database in its own process, and one client asks
//! the same requests in the same order. Instructions and allocations of a request do not depend
//! on what else the machine does, so a change of two in a hundred is a change of the program.

mod profile;
mod traffic;

use crate::bench::shop;
use crate::client::{Client, is_ready};
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::{house, packages, server};
use anyhow::{Context, Result, bail};
use clap::Args;
use profile::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use traffic::{Callers, REQUESTS, RULE, Request, ask};

/// Where the figures stand that a change is held to.
const RECORDED: &str = "xtask/src/instructions/recorded.json";

/// How much worse than recorded a figure may be, in parts of a hundred.
const TOLERANCE: f64 = 2.0;

/// Requests before the first count, so that everything is prepared; and those of each count.
const WARM: usize = 64;
const COUNTED: u32 = 50;

/// The least of so many counts is the figure: threads that wait for each other now and then, as the
/// machine has it, only ever add to what the program does.
const COUNTS: u32 = 10;

const START_SECONDS: u64 = 120;

/// That keys are taken; and that what was read of one holds for so long that most counts are without it.
const KEYS: &str = "--set=auth.api_keys.enabled=true";
const KEYS_HOLD: &str = "--set=auth.api_keys.recheck_seconds=30";

/// What to do with the figures.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Write the figures down as those that changes are held to
    #[arg(long)]
    record: bool,
    /// Only requests whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    /// Keep the profile of each request in this directory, for `callgrind_annotate`
    #[arg(long, value_name = "DIRECTORY")]
    keep: Option<PathBuf>,
}

/// What one request costs the server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

impl Cost {
    fn least(self, other: Self) -> Self {
        Self {
            instructions: self.instructions.min(other.instructions),
            allocations: self.allocations.min(other.allocations),
        }
    }
}

type Costs = BTreeMap<String, Cost>;

/// Counts, prints, and compares with what is recorded.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::VALGRIND, packages::SQLITE])?;
    let binary = build()?;
    let costs = counted(&binary, options)?;
    let path = house::root()?.join(RECORDED);
    if options.record {
        if !options.only.is_empty() {
            bail!("--record writes all figures: leave --only out");
        }
        fs::write(&path, serde_json::to_string_pretty(&costs)? + "\n")?;
    }
    let recorded = fs::read_to_string(&path).with_context(|| format!("{RECORDED} is missing"))?;
    let recorded: Costs = serde_json::from_str(&recorded)?;
    print(&costs, &recorded);
    let worse = worse(&costs, &recorded);
    if !worse.is_empty() {
        bail!(
            "more than is recorded ({}): find out why, or record it with its reason: cargo xtask instructions --record",
            worse.join("; ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The release build without the slow part of its optimisation, and with the names of functions.
fn build() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command.current_dir(house::root()?).args([
        "build",
        "--quiet",
        "--locked",
        "--profile=profiling",
        "--package=fragaria",
    ]);
    process::run(&mut command)?;
    Ok(house::target()?.join("profiling/fragaria"))
}

fn counted(binary: &Path, options: &Options) -> Result<Costs> {
    let scratch = Scratch::create(None)?;
    let file = scratch.path().join("shop.db");
    shop::fill_sqlite(&file)?;
    let mut costs = Costs::new();
    for callers in Callers::EACH {
        let is_asked =
            |request: &&Request| request.callers == callers && request.name.contains(&options.only);
        let mut requests = REQUESTS.iter().filter(is_asked).peekable();
        if requests.peek().is_none() {
            continue;
        }
        let mut counted = Counted::start(binary, callers, scratch.path())?;
        for request in requests {
            eprintln!("instructions: {}", request.name);
            let (cost, profile) = counted.cost(request)?;
            if let Some(directory) = &options.keep {
                fs::create_dir_all(directory)?;
                let kept = directory.join(format!("callgrind.{}", request.name.replace(' ', "-")));
                fs::copy(profile, kept)?;
            }
            costs.insert(request.name.to_owned(), cost);
        }
    }
    if costs.is_empty() {
        bail!("no request is named like `{}`", options.only);
    }
    Ok(costs)
}

/// A project of the shop for these callers, and the key of one who needs one.
fn project(binary: &Path, callers: Callers, project: &Path) -> Result<Option<String>> {
    let file = project.with_file_name("shop.db");
    let url = format!("sqlite:{}", file.display());
    let mut init = Command::new(binary);
    process::read(init.args(["init", "--from", &url, "--out"]).arg(project))?;
    let compile = || process::read(Command::new(binary).arg("compile").arg(project));
    if callers == Callers::All {
        compile()?;
        return Ok(None);
    }
    let schema = project.join("schema.graphql");
    fs::write(&schema, fs::read_to_string(&schema)? + RULE)?;
    compile()?;
    let mut create = Command::new(binary);
    create.args(["api-key", "create", KEYS]).arg(project);
    create.args([
        "--name=counted",
        "--role=tenant",
        "--tenant=1",
        "--no-expiry",
    ]);
    Ok(Some(process::read(&mut create)?.trim().to_owned()))
}

/// A server whose instructions are counted.
struct Counted {
    service: Service,
    client: Client,
    profiles: PathBuf,
    /// How many profiles it has written.
    written: usize,
}

impl Counted {
    fn start(binary: &Path, callers: Callers, scratch: &Path) -> Result<Self> {
        let (name, admitted): (_, &[&str]) = match callers {
            Callers::All => ("open", &["--open"]),
            Callers::Tenant => ("ruled", &[KEYS, KEYS_HOLD]),
        };
        let directory = scratch.join(name);
        let key = project(binary, callers, &directory)?;
        let port = server::free_port()?;
        let log = server::log_file("instructions-server")?;
        let output = File::create(&log)?;
        let errors = output.try_clone()?;
        let profiles = scratch.join(format!("callgrind-{name}"));
        let out = format!("--callgrind-out-file={}", profiles.display());
        let valgrind = Path::new("valgrind");
        let mut service = Service::start(valgrind, None, Stop::Gracefully, |command| {
            command
                .args(["--quiet", "--tool=callgrind", "--dump-line=no", &out])
                .arg(binary)
                .args(["serve", "--set=log.level=info"])
                .args(admitted)
                .args(["--set=rates.rules=[]", "--listen"])
                .arg(format!("127.0.0.1:{port}"))
                .arg(&directory);
            command.stdout(output).stderr(errors);
        })?;
        service
            .wait_until(START_SECONDS, || is_ready(port))
            .with_context(|| format!("no server; its log is {}", log.display()))?;
        let client = Client::connect(port)?;
        Ok(Self {
            service,
            client: match key {
                Some(key) => client.with_key(&key),
                None => client,
            },
            profiles,
            written: 0,
        })
    }

    /// What a request costs, and the profile that tells so.
    fn cost(&mut self, request: &Request) -> Result<(Cost, PathBuf)> {
        let mut turns = 0..;
        for turn in turns.by_ref().take(WARM) {
            ask(&mut self.client, request, turn)?;
        }
        let mut least: Option<(Cost, PathBuf)> = None;
        for _ in 0..COUNTS {
            self.control("--zero")?;
            for turn in turns.by_ref().take(COUNTED as usize) {
                ask(&mut self.client, request, turn)?;
            }
            let (cost, file) = self.dump()?;
            least = Some(match least {
                Some((known, kept)) if known.instructions <= cost.instructions => {
                    (known.least(cost), kept)
                }
                Some((known, _)) => (cost.least(known), file),
                None => (cost, file),
            });
        }
        least.context("nothing was counted")
    }

    /// What was counted since the counters were set to zero, for each request.
    fn dump(&mut self) -> Result<(Cost, PathBuf)> {
        self.control("--dump")?;
        self.written += 1;
        let mut file = self.profiles.clone().into_os_string();
        file.push(format!(".{}", self.written));
        let file = PathBuf::from(file);
        let profile = Profile::read(&file)?;
        let each = |count: u64| {
            let count = u32::try_from(count).context("too many to count")?;
            Ok::<_, anyhow::Error>(f64::from(count) / f64::from(COUNTED))
        };
        let cost = Cost {
            instructions: each(profile.instructions)?.round(),
            allocations: (each(profile.allocations)? * 10.0).round() / 10.0,
        };
        Ok((cost, file))
    }

    fn control(&self, word: &str) -> Result<()> {
        let id = self.service.id().to_string();
        process::read(Command::new("callgrind_control").args([word, &id])).map(drop)
    }
}

fn print(costs: &Costs, recorded: &Costs) {
    println!("request        instructions   change  allocations   change");
    for (name, cost) in costs {
        let [instructions, allocations] = changes(cost, recorded.get(name));
        println!(
            "{name:14} {:>12} {instructions:>+7.1}% {:>12} {allocations:>+7.1}%",
            cost.instructions, cost.allocations
        );
    }
}

/// The requests that cost more than is recorded, and by how much.
fn worse(costs: &Costs, recorded: &Costs) -> Vec<String> {
    let mut worse = Vec::new();
    for (name, cost) in costs {
        let [instructions, allocations] = changes(cost, recorded.get(name));
        if [instructions, allocations].into_iter().any(is_worse) {
            worse.push(format!(
                "{name}: instructions {instructions:+.1} %, allocations {allocations:+.1} %"
            ));
        }
    }
    worse
}

/// How much more a request costs than is recorded, in parts of a hundred.
/// What is not recorded costs endlessly more.
fn changes(cost: &Cost, known: Option<&Cost>) -> [f64; 2] {
    let known = known.copied().unwrap_or(Cost {
        instructions: 0.0,
        allocations: 0.0,
    });
    [
        (cost.instructions, known.instructions),
        (cost.allocations, known.allocations),
    ]
    .map(|(now, then)| (now / then - 1.0) * 100.0)
}

fn is_worse(change: f64) -> bool {
    change > TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_instructions_or_allocations_than_the_tolerance_are_worse() {
        let costs = |instructions, allocations| {
            let cost = Cost {
                instructions,
                allocations,
            };
            Costs::from([("point".to_owned(), cost)])
        };
        let worse =
            |instructions, allocations| worse(&costs(instructions, allocations), &costs(1e3, 50.0));
        assert!(worse(1019.0, 50.9).is_empty() && worse(500.0, 20.0).is_empty());
        assert_eq!(
            worse(1021.0, 50.0),
            ["point: instructions +2.1 %, allocations +0.0 %"]
        );
        assert_eq!(worse(1000.0, 51.1).len(), 1);
        assert_eq!(super::worse(&costs(1.0, 1.0), &Costs::new()).len(), 1);
    }

    #[test]
    fn the_page_of_speed_names_the_allocations_of_point_lookups() {
        let recorded: Costs =
            serde_json::from_str(include_str!("instructions/recorded.json")).unwrap();
        let page = include_str!("../../docs/performance.md");
        let [by_number, by_text, by_rule] =
            ["point", "point by text", "point by rule"].map(|name| recorded[name].allocations);
        let named = format!(
            "**A point lookup makes {by_number} allocations**, {by_text} by a text, {by_rule} under a rule with a claim"
        );
        assert!(page.contains(&named), "it does not say: {named}");
    }

    #[test]
    fn every_request_is_recorded() {
        let recorded: Costs =
            serde_json::from_str(include_str!("instructions/recorded.json")).unwrap();
        let names: Vec<_> = REQUESTS.iter().map(|request| request.name).collect();
        assert!(
            names.iter().all(|name| recorded.contains_key(*name)),
            "{names:?}"
        );
        assert_eq!(recorded.len(), names.len());
    }
}
