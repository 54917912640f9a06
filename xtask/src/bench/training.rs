//! The load by which the shipped binary is laid out: every workload on every database, for everybody and
//! for callers who are held to a rule.

use super::database::Database;
use super::load::{Asked, Check, Load};
use super::server::{Callers, Project, UNSHED};
use super::shop::Shop;
use super::workloads::WORKLOADS;
use super::{NEEDED, progress};
use crate::packages;
use crate::scratch::Scratch;
use anyhow::{Context, Result};
use std::path::Path;

const CONNECTIONS: u32 = 32;

/// Seconds that each workload takes.
const SECONDS: u32 = 2;

/// Has a binary serve it.
pub(crate) fn serve(binary: &Path) -> Result<()> {
    packages::ensure(&NEEDED)?;
    let scratch = Scratch::create(None)?;
    for shop in Shop::ALL {
        let database = Database::fill(shop, scratch.path())?;
        let project = Project {
            binary,
            url: &database.url,
            place: scratch.path(),
        };
        for (name, callers) in [("open", Callers::All), ("ruled", Callers::Tenant)] {
            progress(&format!("training on {}, {name}", shop.title()));
            let server = project.serve(name, callers, &[UNSHED])?;
            for workload in &WORKLOADS {
                let load = Load {
                    document: workload.document,
                    workload,
                    asked: Asked::ByText,
                    connections: CONNECTIONS,
                    seconds: SECONDS,
                    check: Check::Status,
                };
                load.run(server.port(), scratch.path())
                    .with_context(|| format!("the workload {}", workload.name))?;
            }
        }
    }
    Ok(())
}
