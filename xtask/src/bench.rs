//! `cargo xtask bench`: the server's speed beside what the database itself could do.
//!
//! Everything runs on this machine: the load generator, the server and the database share its
//! cores, for the server as for `pgbench`. Rounds are interleaved, so that both meet the same
//! weather, and medians are shown; differences under a fifth mean nothing.

mod ceiling;
mod load;
mod machine;
mod report;
pub(crate) mod rules;
mod server;
pub(crate) mod shapes;
mod shop;
mod usage;
mod workloads;

use crate::postgres::Postgres;
use crate::scratch::Scratch;
use crate::{packages, process};
use anyhow::{Context, Result, bail};
use clap::Args;
use load::Load;
use report::{Report, Row, Section};
use server::{Callers, Server};
use shop::Shop;
use std::path::Path;
use std::process::ExitCode;
use usage::{Cpu, Tree};
use workloads::{WORKLOADS, Workload};

/// Connections of every load, and clients of pgbench.
const CONNECTIONS: u32 = 32;

/// What to measure and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds over all workloads; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Length of a round of a workload, in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only workloads whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    /// Only this database
    #[arg(long, value_name = "DATABASE")]
    on: Option<Shop>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

impl Options {
    fn workloads(&self) -> Vec<&'static Workload> {
        WORKLOADS
            .iter()
            .filter(|workload| workload.name.contains(&self.only))
            .collect()
    }

    fn takes(&self, shop: Shop) -> bool {
        self.on.is_none_or(|only| only == shop)
    }
}

/// Measures and prints; an error in any response fails the run.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.workloads().is_empty() {
        bail!("no workload is named like `{}`", options.only);
    }
    packages::ensure(&[packages::POSTGRES, packages::WRK, packages::SQLITE])?;
    let binary = server::build()?;
    let scratch = Scratch::create(None)?;
    let mut sections = Vec::new();
    if options.takes(Shop::Postgres) {
        sections.push(on_postgres(options, &binary, scratch.path())?);
    }
    if options.takes(Shop::Sqlite) {
        sections.push(on_sqlite(options, &binary, scratch.path())?);
    }
    let report = Report {
        machine: machine::describe(&binary)?,
        load: load::describe(options)?,
        sections,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    Ok(ExitCode::SUCCESS)
}

fn on_postgres(options: &Options, binary: &Path, scratch: &Path) -> Result<Section> {
    progress("filling PostgreSQL");
    let database = Postgres::start("bench", &[])?;
    database.sql("postgres", "CREATE DATABASE shop")?;
    database.sql("shop", &shop::sql(Shop::Postgres))?;
    database.sql("shop", "VACUUM ANALYZE")?;
    database.sql("shop", "CHECKPOINT")?;
    let settings = database.sql("shop", shop::POSTGRES_SETTINGS)?;
    let url = database.url("shop");
    let [server, ruled] = [("open", Callers::All), ("ruled", Callers::Tenant)]
        .map(|(name, callers)| Server::start(binary, &url, &scratch.join(name), callers));
    let (server, ruled) = (server?, ruled?);
    let bench = Bench {
        options,
        server: &server,
        ruled: &ruled,
        database: Some(&database),
        scratch,
    };
    let rows = bench.measure()?;
    Ok(Section {
        database: format!("PostgreSQL {}", settings.trim().replace('\n', ", ")),
        peak_memory_mib: usage::peak_mib(server.id())?,
        rows,
    })
}

fn on_sqlite(options: &Options, binary: &Path, scratch: &Path) -> Result<Section> {
    progress("filling SQLite");
    let file = scratch.join("shop.db");
    shop::fill_sqlite(&file)?;
    let url = format!("sqlite:{}", file.display());
    let [server, ruled] = [("file", Callers::All), ("ruled-file", Callers::Tenant)]
        .map(|(name, callers)| Server::start(binary, &url, &scratch.join(name), callers));
    let (server, ruled) = (server?, ruled?);
    let bench = Bench {
        options,
        server: &server,
        ruled: &ruled,
        database: None,
        scratch,
    };
    let rows = bench.measure()?;
    Ok(Section {
        database: "SQLite, in the server's process".to_owned(),
        peak_memory_mib: usage::peak_mib(server.id())?,
        rows,
    })
}

/// A server on a database, ready to be loaded.
struct Bench<'a> {
    options: &'a Options,
    server: &'a Server,
    /// The same for callers who are held to a rule.
    ruled: &'a Server,
    /// The database, where it is a process of its own.
    database: Option<&'a Postgres>,
    scratch: &'a Path,
}

impl Bench<'_> {
    fn measure(&self) -> Result<Vec<Row>> {
        let workloads = self.options.workloads();
        for workload in &workloads {
            progress(&format!("checking {}", workload.name));
            self.check(workload)?;
        }
        let mut rows: Vec<_> = workloads.iter().map(|workload| Row::of(workload)).collect();
        for round in 1..=self.options.rounds {
            progress(&format!("round {round} of {}", self.options.rounds));
            for (workload, row) in workloads.iter().zip(&mut rows) {
                self.round(workload, row)?;
            }
        }
        for workload in &workloads {
            self.check(workload)?;
        }
        Ok(rows)
    }

    /// A second of load in which every response is looked at; also warms everything up.
    fn check(&self, workload: &Workload) -> Result<()> {
        let load = Load {
            workload,
            seconds: 1,
            checked: true,
        };
        for server in [self.server, self.ruled] {
            load.run(server.port(), self.scratch)
                .with_context(|| format!("the workload `{}`", workload.name))?;
        }
        Ok(())
    }

    fn round(&self, workload: &Workload, row: &mut Row) -> Result<()> {
        process::proceed()?;
        let before = self.cpu()?;
        let load = Load {
            workload,
            seconds: self.options.seconds,
            checked: false,
        };
        let outcome = load.run(self.server.port(), self.scratch)?;
        row.add(&outcome, self.cpu()?.since(before));
        let ruled = load.run(self.ruled.port(), self.scratch)?;
        row.add_ruled(ruled.rate());
        if let Some(database) = self.database {
            let rate = ceiling::run(database, workload, self.options.seconds, self.scratch)?;
            row.add_ceiling(rate);
        }
        Ok(())
    }

    fn cpu(&self) -> Result<Cpu> {
        Ok(Cpu {
            server: usage::seconds(self.server.id(), Tree::Alone)?,
            database: match self.database {
                Some(database) => usage::seconds(database.id(), Tree::WithChildren)?,
                None => 0.0,
            },
        })
    }
}

/// Tells a waiting person what goes on, apart from the result.
fn progress(text: &str) {
    eprintln!("bench: {text}");
}
