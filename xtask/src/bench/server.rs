//! The server under test: the release build, on a project made from the database.

use crate::process::{self, Service, Stop};
use crate::{house, server};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const START_SECONDS: u64 = 30;

/// A running server; stopped when dropped.
pub(super) struct Server {
    service: Service,
    port: u16,
}

/// Builds the binary as it is shipped.
pub(super) fn build() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .current_dir(house::root()?)
        .args(["build", "--release", "--package", "fragaria"]);
    process::run(&mut command)?;
    Ok(house::target()?.join("release/fragaria"))
}

/// Whom a server is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// Everybody, held to no rule.
    All,
    /// Callers of a role that sees, of each table, the rows of its tenant.
    Tenant,
}

impl Callers {
    /// What is served to them, and how they are let in.
    fn admitted(self, project: &Path) -> Result<[&'static str; 2]> {
        if self == Self::All {
            return Ok(["--open", "--set=log.level=info"]);
        }
        let path = project.join("schema.graphql");
        let mut schema = fs::read_to_string(&path)?;
        let types: Vec<_> = schema
            .lines()
            .filter_map(|line| line.strip_prefix("type ")?.split_once(' '))
            .map(|(name, _)| name.to_owned())
            .collect();
        schema += "\nextend schema @role(name: \"tenant\")\n";
        for name in types {
            schema += &[
                "extend type ",
                &name,
                " @access(to: \"tenant\", allow: [READ, CREATE], where: {tenant: {eq: 1}})\n",
            ]
            .concat();
        }
        fs::write(&path, schema)?;
        Ok(["--set=auth.open=false", "--set=auth.anonymous_role=tenant"])
    }
}

impl Server {
    /// Makes a project of the database and serves it: what a newcomer would type.
    pub(super) fn start(
        binary: &Path,
        url: &str,
        project: &Path,
        callers: Callers,
    ) -> Result<Self> {
        let fragaria = |verb: &str| {
            let mut command = Command::new(binary);
            command.arg(verb);
            command
        };
        process::read(fragaria("init").args(["--from", url, "--out"]).arg(project))?;
        let admitted = callers.admitted(project)?;
        process::read(fragaria("compile").arg(project))?;
        let port = server::free_port()?;
        let log = server::log_file("bench-server")?;
        let output = File::create(&log)?;
        let errors = output.try_clone()?;
        let mut service = Service::start(binary, None, Stop::Gracefully, |command| {
            command
                .arg("serve")
                .args(admitted)
                .arg(project)
                .arg("--listen")
                .arg(format!("127.0.0.1:{port}"))
                // All of the load comes from one address.
                .args(["--set", "rates.rules=[]"]);
            command.stdout(output).stderr(errors);
        })?;
        service
            .wait_until(START_SECONDS, || is_ready(port))
            .with_context(|| {
                format!("the server did not get ready; its log is {}", log.display())
            })?;
        Ok(Self { service, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn id(&self) -> u32 {
        self.service.id()
    }
}

fn is_ready(port: u16) -> bool {
    let address = format!("http://127.0.0.1:{port}/health/ready");
    let mut curl = Command::new("curl");
    process::read(
        curl.args(["--silent", "--fail", "--max-time", "5"])
            .arg(address),
    )
    .is_ok()
}

/// Asks one question and returns the answer; a status other than 200 is an error.
pub(super) fn post(port: u16, body: &str) -> Result<String> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body"])
        .args(["--max-time", "10", "--data-binary", body])
        .args(["--header", "content-type: application/json"])
        .args(["--header", "accept: application/graphql-response+json"])
        .arg(format!("http://127.0.0.1:{port}/graphql"));
    process::read(&mut curl)
}
