//! `PostGraphile` on the same database: what people who want GraphQL of PostgreSQL run today.
//!
//! Its version is pinned by the lockfile beside its server, and it is set up as its documentation
//! says for production, with two workers.

use crate::process::{self, Service, Stop};
use crate::{house, node, server};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "xtask/postgraphile";

/// The oldest Node.js it runs on.
const NODE_OLDEST: u32 = 22;

const WORKERS: u32 = 2;

const START_SECONDS: u64 = 60;

/// A running `PostGraphile`; stopped when dropped.
pub(super) struct Postgraphile {
    _service: Service,
    port: u16,
}

/// What it needs, installed.
pub(super) struct Installed {
    folder: PathBuf,
    programs: PathBuf,
    /// What the report says of it.
    pub(super) version: String,
}

/// Installs what it needs.
pub(super) fn install() -> Result<Installed> {
    let folder = house::root()?.join(FOLDER);
    let programs = node::programs(NODE_OLDEST)?;
    node::install(&programs, &folder)?;
    let node = process::read(Command::new(programs.join("node")).arg("--version"))?;
    let own = own_version(&fs::read_to_string(folder.join("package.json"))?)?;
    Ok(Installed {
        folder,
        programs,
        version: format!(
            "PostGraphile {own} with {WORKERS} workers on Node.js {}",
            node.trim().trim_start_matches('v')
        ),
    })
}

fn own_version(package: &str) -> Result<String> {
    let package: Value = serde_json::from_str(package)?;
    let version = package.pointer("/dependencies/postgraphile");
    let version = version.and_then(Value::as_str);
    Ok(version
        .context("package.json names no postgraphile")?
        .to_owned())
}

impl Installed {
    /// Serves a database.
    pub(super) fn start(&self, url: &str) -> Result<Postgraphile> {
        let log = server::log_file("bench-postgraphile")?;
        let launch = |port| self.launch(url, port, &log);
        let (service, port) = server::on_free_port(launch)?;
        Ok(Postgraphile {
            _service: service,
            port,
        })
    }

    fn launch(&self, url: &str, port: u16, log: &Path) -> Result<Service> {
        let output = File::create(log)?;
        let errors = output.try_clone()?;
        let node = self.programs.join("node");
        let mut service = Service::start(&node, None, Stop::Gracefully, |command| {
            command
                .current_dir(&self.folder)
                .env("NODE_ENV", "production")
                .env("GRAPHILE_ENV", "production")
                .args(["server.mjs", url, &port.to_string(), &WORKERS.to_string()])
                .stdout(output)
                .stderr(errors);
        })?;
        service
            .wait_until(START_SECONDS, || {
                TcpStream::connect(("127.0.0.1", port)).is_ok()
            })
            .with_context(|| format!("PostGraphile did not start: see {}", log.display()))?;
        Ok(service)
    }
}

impl Postgraphile {
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_pinned() {
        let root = house::root().unwrap();
        let package = fs::read_to_string(root.join(FOLDER).join("package.json")).unwrap();
        let version = own_version(&package).unwrap();
        assert!(
            version.starts_with(|first: char| first.is_ascii_digit()),
            "{version}"
        );
        assert!(own_version("{}").is_err());
    }
}
