//! What each technique brings: the same server with one of them switched off by its settings.

use super::load::{Asked, Check, Load};
use super::rounds::Rounds;
use super::server::{Callers, Project, Server, UNSHED};
use super::shop::Shop;
use super::workloads::Workload;
use super::{Options, progress};
use crate::process;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

/// Seconds that a workload takes in each round, on either server.
const SECONDS: u32 = 2;

/// A technique, and how to do without.
struct Technique {
    name: &'static str,
    settings: &'static [&'static str],
    shops: &'static [Shop],
    /// Whose server it is switched off against.
    callers: Callers,
}

/// The name of what is wanted to cost little.
pub(super) const TELEMETRY_AND_RULES: &str = "lines of the log, and an access rule";

const TECHNIQUES: [Technique; 12] = [
    Technique {
        name: "plans and parsed documents are kept",
        settings: &[
            "limits.plan_cache_bytes_max=0",
            "limits.document_cache_bytes_max=0",
        ],
        shops: &Shop::ALL,
        callers: Callers::All,
    },
    Technique {
        name: "requests share connections and prepared statements",
        settings: &["database.postgres.pooler=transaction"],
        shops: &[Shop::Postgres],
        callers: Callers::All,
    },
    Technique {
        name: "there are several shared connections of a kind",
        settings: &[
            "database.postgres.light_connections=1",
            "database.postgres.bounded_connections=1",
        ],
        shops: &[Shop::Postgres],
        callers: Callers::All,
    },
    Technique {
        name: "statements stay prepared",
        settings: &["database.postgres.statements_max=0"],
        shops: &[Shop::Postgres],
        callers: Callers::All,
    },
    Technique {
        name: "statements stay prepared",
        settings: &["database.mariadb.statements_max=0"],
        shops: &[Shop::Mariadb],
        callers: Callers::All,
    },
    Technique {
        name: "statements stay prepared",
        settings: &["database.sqlite.statements_max=0"],
        shops: &[Shop::Sqlite],
        callers: Callers::All,
    },
    Technique {
        name: "short reads run on the thread that asks",
        settings: &["database.sqlite.inline_kilosteps_max=0"],
        shops: &[Shop::Sqlite],
        callers: Callers::All,
    },
    Technique {
        name: "there is a connection for each processor",
        settings: &["database.sqlite.readers=1"],
        shops: &[Shop::Sqlite],
        callers: Callers::All,
    },
    Technique {
        name: "waiting writes are committed together",
        settings: &["database.sqlite.batch_max=1"],
        shops: &[Shop::Sqlite],
        callers: Callers::All,
    },
    Technique {
        name: "answers of up to 256 KiB leave whole",
        settings: &[
            "database.whole_bytes_max=1",
            "server.answers_share_percent=100",
        ],
        shops: &Shop::ALL,
        callers: Callers::All,
    },
    Technique {
        name: "lines of the log",
        settings: &["log.level=error"],
        shops: &Shop::ALL,
        callers: Callers::All,
    },
    Technique {
        name: TELEMETRY_AND_RULES,
        settings: &["log.level=error"],
        shops: &Shop::ALL,
        callers: Callers::Tenant,
    },
];

/// What is left of the rates without a technique.
#[derive(Serialize)]
pub(super) struct Ablation {
    pub(super) technique: &'static str,
    pub(super) settings: &'static [&'static str],
    pub(super) shares: Vec<Share>,
}

/// One workload without it.
#[derive(Serialize)]
pub(super) struct Share {
    pub(super) workload: &'static str,
    /// The rate as a multiple of that with the technique.
    pub(super) rate: Rounds,
}

/// The servers that have all techniques.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) open: &'a Server,
    pub(super) ruled: &'a Server,
}

impl Whole<'_> {
    fn of(&self, callers: Callers) -> &Server {
        match callers {
            Callers::All => self.open,
            Callers::Tenant => self.ruled,
        }
    }
}

/// Switches off one after the other.
pub(super) fn measure(
    options: &Options,
    shop: Shop,
    project: &Project,
    whole: Whole,
) -> Result<Vec<Ablation>> {
    TECHNIQUES
        .iter()
        .filter(|technique| technique.shops.contains(&shop))
        .map(|technique| {
            progress(&format!("without: {}", technique.name));
            let settings = [technique.settings, &[UNSHED]].concat();
            let without = project.serve("without", Callers::All, &settings)?;
            let pair = Pair {
                with: whole.of(technique.callers),
                other: &without,
                asked: Asked::ByText,
                clients: options.clients(),
                scratch: project.place,
            };
            let shares = pair
                .shares(options)
                .with_context(|| format!("without: {}", technique.name))?;
            Ok(Ablation {
                technique: technique.name,
                settings: technique.settings,
                shares,
            })
        })
        .collect()
}

/// Two servers that take turns.
pub(super) struct Pair<'a> {
    pub(super) with: &'a Server,
    pub(super) other: &'a Server,
    /// How the other is asked.
    pub(super) asked: Asked,
    pub(super) clients: u32,
    pub(super) scratch: &'a Path,
}

impl Pair<'_> {
    /// The rates of the other as multiples of those of the one, for each workload.
    pub(super) fn shares(&self, options: &Options) -> Result<Vec<Share>> {
        let workloads = options.workloads().into_iter();
        workloads
            .map(|workload| self.share(workload, options.step_rounds()))
            .collect()
    }

    fn share(&self, workload: &'static Workload, rounds: u32) -> Result<Share> {
        let load = Load {
            document: workload.document,
            workload,
            asked: Asked::ByText,
            connections: self.clients,
            seconds: SECONDS,
            check: Check::Status,
        };
        let asked = Load {
            asked: self.asked,
            ..load
        };
        let checked = Load {
            seconds: 1,
            check: Check::Data,
            ..asked
        };
        self.other.bear(&checked, self.scratch)?;
        let mut rate = Rounds::default();
        for _ in 0..rounds {
            process::proceed()?;
            let with = self.with.bear(&load, self.scratch)?.rate();
            let other = self.other.bear(&asked, self.scratch)?.rate();
            rate.0.push(other / with);
        }
        Ok(Share {
            workload: workload.name,
            rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_technique_is_of_some_database_and_has_a_name_of_its_own_there() {
        for (index, technique) in TECHNIQUES.iter().enumerate() {
            assert!(!technique.shops.is_empty() && !technique.settings.is_empty());
            let others = TECHNIQUES.iter().skip(index + 1);
            let is_alone = |other: &Technique| {
                other.name != technique.name
                    || other
                        .shops
                        .iter()
                        .all(|shop| !technique.shops.contains(shop))
            };
            assert!(others.into_iter().all(is_alone), "{}", technique.name);
        }
        assert!(
            TECHNIQUES
                .iter()
                .any(|technique| technique.name == TELEMETRY_AND_RULES)
        );
    }
}
