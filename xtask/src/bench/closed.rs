//! The closed loop: so many connections, each of which asks again as soon as it is answered.
//!
//! In each round everything that is compared takes its turn, so that all meet the same weather.

use super::bare::Bare;
use super::ceiling;
use super::database::Database;
use super::load::{Asked, Check, Load};
use super::postgraphile::Postgraphile;
use super::report::{Row, Step};
use super::server::Server;
use super::usage::{self, Cpu, Tree};
use super::weather::Weather;
use super::workloads::Workload;
use super::{Options, progress, sameness};
use crate::process;
use anyhow::{Context, Result};
use std::path::Path;

/// All that is measured on a database.
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) database: &'a Database,
    pub(super) server: &'a Server,
    /// The same for callers who are held to a rule.
    pub(super) ruled: &'a Server,
    /// HTTP and nothing else, with the answer to the first workload.
    pub(super) bare: &'a Bare,
    pub(super) postgraphile: Option<&'a Postgraphile>,
    pub(super) scratch: &'a Path,
}

impl Bench<'_> {
    /// The rounds with the connections of the table.
    pub(super) fn rows(&self, weather: &mut Weather) -> Result<Vec<Row>> {
        let workloads = self.options.workloads();
        for workload in &workloads {
            progress(&format!("checking {}", workload.name));
            self.compare(workload)?;
            self.check(workload)?;
        }
        let mut rows: Vec<_> = workloads.iter().map(|workload| Row::of(workload)).collect();
        for round in 1..=self.options.rounds() {
            progress(&format!("round {round} of {}", self.options.rounds()));
            weather.look()?;
            for (workload, row) in workloads.iter().zip(&mut rows) {
                self.round(workload, row)?;
            }
        }
        Ok(rows)
    }

    /// The other numbers of connections.
    pub(super) fn steps(&self, weather: &mut Weather) -> Result<Vec<Step>> {
        let workloads = self.options.workloads();
        let mut steps: Vec<_> = workloads
            .iter()
            .flat_map(|workload| {
                self.options
                    .steps()
                    .map(|clients| Step::of(workload, clients))
            })
            .collect();
        if steps.is_empty() {
            return Ok(steps);
        }
        for round in 1..=self.options.step_rounds() {
            progress(&format!("numbers of connections, round {round}"));
            weather.look()?;
            let counts = self.options.steps();
            let all = workloads
                .iter()
                .flat_map(|workload| counts.clone().map(move |clients| (workload, clients)));
            for ((workload, clients), step) in all.zip(&mut steps) {
                self.step(workload, clients, step)?;
            }
        }
        Ok(steps)
    }

    /// Everybody must give the same answers.
    fn compare(&self, workload: &Workload) -> Result<()> {
        let mut servers = vec![
            (self.server.port(), workload.document),
            (self.ruled.port(), workload.document),
        ];
        if let (Some(peer), Some(document)) = (self.postgraphile, workload.postgraphile) {
            servers.push((peer.port(), document));
        }
        sameness::check(workload, &servers, self.database.postgres())
    }

    /// A second of load in which every response is looked at; also warms everything up.
    fn check(&self, workload: &Workload) -> Result<()> {
        let load = Load {
            seconds: 1,
            check: Check::Data,
            ..self.load(workload)
        };
        let mut all = vec![(self.server.port(), load), (self.ruled.port(), load)];
        all.extend(self.peer(load));
        if workload.is_first() {
            all.push((self.bare.port(), load));
        }
        for (port, load) in all {
            load.run(port, self.scratch)
                .with_context(|| format!("the workload {}", workload.name))?;
        }
        Ok(())
    }

    fn load<'w>(&self, workload: &'w Workload) -> Load<'w> {
        Load {
            document: workload.document,
            workload,
            asked: Asked::ByText,
            connections: self.options.clients(),
            seconds: self.options.seconds(),
            check: Check::Status,
        }
    }

    /// The same load for `PostGraphile`, where it takes part and can be asked that. All of its answers are
    /// looked at, as it has no count of them; at its rate that costs nothing.
    fn peer<'w>(&self, load: Load<'w>) -> Option<(u16, Load<'w>)> {
        let document = load.workload.postgraphile?;
        let asked = Load {
            document,
            check: Check::Data,
            ..load
        };
        Some((self.postgraphile?.port(), asked))
    }

    fn round(&self, workload: &Workload, row: &mut Row) -> Result<()> {
        process::proceed()?;
        let load = self.load(workload);
        usage::forget_peak(self.server.id())?;
        let before = self.cpu(self.server)?;
        let outcome = self.server.bear(&load, self.scratch)?;
        row.add(&outcome, self.cpu(self.server)?.since(before));
        row.memory_mib.0.push(usage::peak_mib(self.server.id())?);
        if let Some(server) = self.database.postgres() {
            let bounds = (load.connections, load.seconds);
            let run = |sql| ceiling::run(server, (workload, sql), bounds, self.scratch);
            row.pgbench.add(&run(workload.sql.json)?);
            if let Some(sql) = workload.sql.objects {
                row.pgbench_objects.add(&run(sql)?);
            }
            row.pgbench_rows.add(&run(workload.sql.rows)?);
        }
        let before = self.cpu(self.ruled)?;
        let ruled = self.ruled.bear(&load, self.scratch)?;
        let cpu = self.cpu(self.ruled)?.since(before);
        row.under_a_rule.add(&ruled, cpu, &outcome);
        if workload.is_first() {
            self.bare_round(load, row)?;
        }
        if let Some((port, load)) = self.peer(load) {
            let rate = load.run(port, self.scratch)?.rate();
            row.postgraphile_per_second.0.push(rate);
        }
        Ok(())
    }

    fn bare_round(&self, load: Load, row: &mut Row) -> Result<()> {
        let before = usage::seconds(self.bare.id(), Tree::Alone)?;
        let outcome = load.run(self.bare.port(), self.scratch)?;
        let spent = usage::seconds(self.bare.id(), Tree::Alone)? - before;
        row.bare_per_second.0.push(outcome.rate());
        row.bare_cpu_us.0.push(outcome.us_each(spent));
        Ok(())
    }

    fn step(&self, workload: &Workload, clients: u32, step: &mut Step) -> Result<()> {
        process::proceed()?;
        let load = Load {
            connections: clients,
            seconds: self.options.step_seconds(),
            ..self.load(workload)
        };
        let outcome = self.server.bear(&load, self.scratch)?;
        step.add(&outcome);
        if let Some(server) = self.database.postgres() {
            // Its clients connect one after the other, within its time.
            let seconds = load.seconds + 1 + clients / 64;
            let asked = (workload, workload.sql.json);
            let ceiling = ceiling::run(server, asked, (clients, seconds), self.scratch)?;
            step.pgbench_per_second.0.push(ceiling.rate);
        }
        Ok(())
    }

    fn cpu(&self, server: &Server) -> Result<Cpu> {
        Ok(Cpu {
            server: usage::seconds(server.id(), Tree::Alone)?,
            database: self.database.seconds()?,
        })
    }
}
