//! `cargo xtask bench`: the server's speed beside what the database, HTTP and a peer can do.
//!
//! Everything runs on this machine: the load generator, what is measured and the database share
//! its cores, for the server as for `pgbench`. Rounds are interleaved, so that all meet the same
//! weather; of each figure the median is shown with the least and the most of the rounds, and
//! ratios are of the same round. docs/performance.md tells what it means.

mod ablation;
mod apart;
pub(crate) mod bare;
mod ceiling;
mod closed;
mod database;
mod extras;
pub(crate) mod lists;
mod load;
mod long;
mod machine;
mod oha;
mod open;
mod page;
mod plot;
mod postgraphile;
mod report;
mod rounds;
pub(crate) mod rules;
mod sameness;
mod server;
pub(crate) mod shapes;
pub(crate) mod shop;
pub(crate) mod soak;
pub(crate) mod start;
mod tally;
pub(crate) mod training;
mod usage;
mod weather;
mod workloads;

use crate::scratch::Scratch;
use crate::{packages, release};
use ablation::Whole;
use anyhow::{Result, bail};
use bare::Bare;
use clap::{Args, ValueEnum};
use closed::Bench;
use database::Database;
use oha::Oha;
use open::Latency;
use report::{Report, Section};
use server::{Callers, Project, Server, UNSHED};
use shop::Shop;
use std::path::PathBuf;
use std::process::ExitCode;
use weather::Weather;
use workloads::{WORKLOADS, Workload};

/// What load needs; MariaDB is looked for where it is started.
const NEEDED: [packages::Need; 4] = [
    packages::POSTGRES,
    packages::WRK,
    packages::SQLITE,
    packages::CURL,
];

/// What to measure and for how long.
#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Options {
    /// Everything: five rounds of five seconds, on every database and beside every peer, with
    /// --latency and --ablation; over an hour
    #[arg(long)]
    full: bool,
    /// Rounds over all workloads [default: 3, with --full 5]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Length of a round of a workload, in seconds [default: 2, with --full 5]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Connections of the load, and clients of pgbench: the first number is that of the table,
    /// further ones are measured shorter [default: 32,1,128, with --full 32,1,8,128]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: Vec<u32>,
    /// Only workloads whose name or title contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    /// Only this database [default: postgres and sqlite, with --full all]
    #[arg(long, value_name = "DATABASE")]
    on: Option<Shop>,
    /// Who else is asked the same, besides pgbench and bare HTTP
    #[arg(long, value_name = "PEER")]
    beside: Option<Peer>,
    /// Also ask at constant rates, below the peak and above it
    #[arg(long)]
    latency: bool,
    /// Also switch off single techniques by their settings, and on those that are off by default
    #[arg(long)]
    ablation: bool,
    /// Measure this binary and build none
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Also write the figures into docs/performance.md, with pictures
    #[arg(long)]
    write: bool,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// Another server of GraphQL.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    Postgraphile,
}

impl Options {
    fn workloads(&self) -> Vec<&'static Workload> {
        let only = self.only.to_lowercase();
        WORKLOADS
            .iter()
            .filter(|workload| {
                let names = [workload.name, workload.title].map(str::to_lowercase);
                names.iter().any(|name| name.contains(&only))
            })
            .collect()
    }

    /// MariaDB takes part where it is asked for, or everything is measured.
    fn shops(&self) -> impl Iterator<Item = Shop> {
        let (only, full) = (self.on, self.full);
        Shop::ALL.into_iter().filter(move |shop| match only {
            Some(only) => only == *shop,
            None => full || *shop != Shop::Mariadb,
        })
    }

    fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.full { 5 } else { 3 })
    }

    fn seconds(&self) -> u32 {
        self.seconds.unwrap_or(if self.full { 5 } else { 2 })
    }

    /// Connections of the table.
    fn clients(&self) -> u32 {
        self.numbers().first().copied().unwrap_or(1)
    }

    /// Further numbers of connections.
    fn steps(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers().iter().skip(1).copied()
    }

    fn numbers(&self) -> &[u32] {
        match (self.connections.as_slice(), self.full) {
            ([], false) => &[32, 1, 128],
            ([], true) => &[32, 1, 8, 128],
            (told, _) => told,
        }
    }

    /// Rounds of those, which are shorter unless everything is measured.
    fn step_rounds(&self) -> u32 {
        if self.full { self.rounds().min(3) } else { 1 }
    }

    fn step_seconds(&self) -> u32 {
        if self.full { self.seconds().min(3) } else { 1 }
    }

    fn takes_latency(&self) -> bool {
        self.full || self.latency
    }

    fn is_beside_postgraphile(&self) -> bool {
        self.full || self.beside == Some(Peer::Postgraphile)
    }
}

/// Measures and prints; an error in any response fails the run.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.workloads().is_empty() {
        bail!("no workload is named like `{}`", options.only);
    }
    let report = Run::prepare(options)?.report()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report.told())?);
    } else {
        print!("{}", page::figures(&report));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a run needs, built and installed.
struct Run<'a> {
    options: &'a Options,
    binary: PathBuf,
    /// The program that is bare HTTP.
    bare: PathBuf,
    postgraphile: Option<postgraphile::Installed>,
    oha: Option<Oha>,
    scratch: Scratch,
}

impl<'a> Run<'a> {
    fn prepare(options: &'a Options) -> Result<Self> {
        packages::ensure(&NEEDED)?;
        let takes_peer = options.is_beside_postgraphile();
        Ok(Self {
            options,
            binary: match &options.binary {
                Some(binary) => std::path::absolute(binary)?,
                None => release::build()?,
            },
            bare: bare::build()?,
            postgraphile: takes_peer.then(postgraphile::install).transpose()?,
            oha: options.takes_latency().then(Oha::install).transpose()?,
            scratch: Scratch::create(None)?,
        })
    }

    fn report(&self) -> Result<Report> {
        let mut report = Report {
            machine: machine::describe(&self.binary, self.options.binary.is_none())?,
            load: self.load()?,
            weather: Weather::default(),
            sections: Vec::new(),
        };
        for shop in self.options.shops() {
            let section = self.section(shop, &mut report.weather)?;
            report.sections.push(section);
            // After each, as the next one takes long and may fail.
            if self.options.write {
                page::write(&report)?;
            }
        }
        Ok(report)
    }

    fn section(&self, shop: Shop, weather: &mut Weather) -> Result<Section> {
        let scratch = self.scratch.path();
        let database = Database::fill(shop, scratch)?;
        let project = Project {
            binary: &self.binary,
            url: &database.url,
            place: scratch,
        };
        let server = project.serve("open", Callers::All, &[UNSHED])?;
        let ruled = project.serve("ruled", Callers::Tenant, &[UNSHED])?;
        let bare = self.bare(&server)?;
        let peer = self.postgraphile.as_ref();
        let peer = peer.filter(|_| shop == Shop::Postgres);
        let peer = peer.map(|peer| peer.start(&database.url)).transpose()?;
        let bench = Bench {
            options: self.options,
            database: &database,
            server: &server,
            ruled: &ruled,
            bare: &bare,
            postgraphile: peer.as_ref(),
            scratch,
        };
        let mut section = Section {
            shop,
            database: database.told.clone(),
            connections: self.options.clients(),
            rows: bench.rows(weather)?,
            steps: bench.steps(weather)?,
            latencies: self.latencies(&project, &database)?,
            ablations: Vec::new(),
            extras: Vec::new(),
            long: Vec::new(),
        };
        if self.options.full || self.options.ablation {
            let whole = Whole {
                open: &server,
                ruled: &ruled,
            };
            section.ablations = ablation::measure(self.options, shop, &project, whole)?;
            section.extras = extras::measure(self.options, &project, &server)?;
            section.long = long::measure(self.options, &project)?;
        }
        Ok(section)
    }

    /// At constant rates, by a server that refuses what is too much.
    fn latencies(&self, project: &Project, database: &Database) -> Result<Vec<Latency>> {
        let Some(oha) = &self.oha else {
            return Ok(Vec::new());
        };
        let server = project.serve("shedding", Callers::All, &[])?;
        let asked = (&server, database);
        open::measure(self.options, oha, asked, self.scratch.path())
    }

    /// A server with what the other says to the first workload.
    fn bare(&self, server: &Server) -> Result<Bare> {
        let first = &WORKLOADS[0];
        let answer = server::post(server.port(), &sameness::highest(first))?;
        Bare::start(&self.bare, &answer, self.scratch.path())
    }

    /// What the report says about the load and who else was asked.
    fn load(&self) -> Result<String> {
        let options = self.options;
        let (clients, rounds, seconds) = (options.clients(), options.rounds(), options.seconds());
        let mut text = format!(
            "{}, 1 thread, {clients} connections; pgbench -M prepared -c {clients} -j 1; {rounds} \
             rounds of {seconds} s, interleaved: of each figure the median, and in parentheses the \
             least and the most of the rounds",
            load::version()?
        );
        let peer = self.postgraphile.as_ref().map(|peer| peer.version.clone());
        for further in peer
            .into_iter()
            .chain(self.oha.as_ref().map(|_| Oha::told()))
        {
            text = format!("{text}; {further}");
        }
        Ok(text)
    }
}

/// Tells a waiting person what goes on, apart from the result.
fn progress(text: &str) {
    eprintln!("bench: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &[&str]) -> Options {
        Line::parse_from([&["bench"], line].concat()).options
    }

    #[test]
    fn the_first_number_of_connections_is_that_of_the_table() {
        let told = options(&["--connections", "8,1,64"]);
        assert_eq!(told.clients(), 8);
        assert_eq!(told.steps().collect::<Vec<_>>(), [1, 64]);
        assert_eq!(options(&[]).numbers(), [32, 1, 128]);
        assert_eq!(
            options(&["--full"]).steps().collect::<Vec<_>>(),
            [1, 8, 128]
        );
        assert_eq!(options(&["--connections", "8"]).steps().count(), 0);
    }

    #[test]
    fn a_workload_is_chosen_by_its_name_or_title() {
        let names = |only| {
            let told = options(&["--only", only]);
            told.workloads()
                .iter()
                .map(|workload| workload.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("q3"), ["Q3"]);
        assert_eq!(names("insert"), ["M1"]);
        assert_eq!(names("").len(), 6);
        assert!(names("no such").is_empty());
    }

    #[test]
    fn everything_is_longer_and_beside_the_peer() {
        let full = options(&["--full"]);
        assert_eq!((full.rounds(), full.seconds()), (5, 5));
        assert!(full.is_beside_postgraphile());
        let short = options(&["--full", "--rounds", "1"]);
        assert_eq!((short.rounds(), short.step_rounds()), (1, 1));
        assert!(!options(&[]).is_beside_postgraphile());
        assert_eq!((full.shops().count(), options(&[]).shops().count()), (3, 2));
        assert!(
            options(&["--on", "mariadb"])
                .shops()
                .all(|shop| shop == Shop::Mariadb)
        );
    }
}
