//! Long lists: what it brings that they leave while their rows come.

use super::load::{Asked, Check, Load};
use super::rounds::Rounds;
use super::server::{self, Callers, Project, Server, UNSHED};
use super::workloads::{Sql, Wanted, Workload};
use super::{Options, progress, sameness, usage};
use crate::process;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

/// Clients that read at a time.
pub(super) const CONNECTIONS: u32 = 8;

/// Seconds of a round with each server.
const SECONDS: u32 = 3;

/// How often it is looked when the first byte comes, in each round.
const LOOKS: u32 = 5;

/// How long lists are held whole before they leave: with portions larger than any of these. Each takes
/// the room of several portions then.
const WHOLE: &[&str] = &[
    "database.chunk_bytes=16777216",
    "database.postgres.portion_rows=1000000",
    "server.answers_bytes_max=8589934592",
    "server.answers_share_percent=100",
];
const STREAMED: &[&str] = &[];

/// A tenth of the largest table, of which nothing is shared or held.
const LIST: Workload = Workload {
    name: "L1",
    title: "30,000 rows of six fields",
    document: "query($first: Int!) { items(where: { id: { gte: $first } }, orderBy: [{ id: ASC }], \
               limit: 30000) { id orderId productId quantity price discount } }",
    sql: Sql {
        json: "",
        objects: None,
        rows: "",
    },
    postgraphile: None,
    variables: &[("first", 1, 270_000)],
    wanted: Wanted {
        pgbench: 0.0,
        postgraphile: None,
    },
};

/// How a server fared with them.
#[derive(Serialize)]
pub(super) struct Long {
    pub(super) way: &'static str,
    pub(super) settings: &'static [&'static str],
    pub(super) requests_per_second: Rounds,
    /// Until the first byte of an answer is there, with one client.
    pub(super) first_byte_ms: Rounds,
    /// And the last.
    pub(super) last_byte_ms: Rounds,
    /// The most memory of the server while so many clients read.
    pub(super) memory_mib: Rounds,
}

impl Long {
    fn of(way: &'static str, settings: &'static [&'static str]) -> Self {
        Self {
            way,
            settings,
            requests_per_second: Rounds::default(),
            first_byte_ms: Rounds::default(),
            last_byte_ms: Rounds::default(),
            memory_mib: Rounds::default(),
        }
    }

    fn round(&mut self, server: &Server, scratch: &Path) -> Result<()> {
        process::proceed()?;
        for _ in 0..LOOKS {
            let [first, last] = server::bytes_ms(server.port(), &sameness::highest(&LIST))?;
            self.first_byte_ms.0.push(first);
            self.last_byte_ms.0.push(last);
        }
        usage::forget_peak(server.id())?;
        let outcome = server.bear(&load(SECONDS, Check::Status), scratch)?;
        self.requests_per_second.0.push(outcome.rate());
        self.memory_mib.0.push(usage::peak_mib(server.id())?);
        Ok(())
    }
}

/// Has such lists streamed, and held whole.
pub(super) fn measure(options: &Options, project: &Project) -> Result<Vec<Long>> {
    progress("long lists");
    let mut ways = Vec::new();
    for (way, settings) in [("they stream", STREAMED), ("they are held whole", WHOLE)] {
        let set = [settings, &[UNSHED]].concat();
        let server = project.serve(&format!("long-{}", ways.len()), Callers::All, &set)?;
        server
            .bear(&load(1, Check::Data), project.place)
            .with_context(|| format!("long lists: {way}"))?;
        ways.push((server, Long::of(way, settings)));
    }
    for _ in 0..options.step_rounds() {
        for (server, long) in &mut ways {
            long.round(server, project.place)?;
        }
    }
    Ok(ways.into_iter().map(|(_, long)| long).collect())
}

fn load(seconds: u32, check: Check) -> Load<'static> {
    Load {
        document: LIST.document,
        workload: &LIST,
        asked: Asked::ByText,
        connections: CONNECTIONS,
        seconds,
        check,
    }
}
