//! The server under test: the release build, on a project made from the database.

use super::load::{Load, Outcome};
use super::tally::Tally;
use crate::client::is_ready;
use crate::process::{self, Service, Stop};
use crate::server;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

const START_SECONDS: u64 = 30;

/// A running server; stopped when dropped.
pub(super) struct Server {
    service: Service,
    port: u16,
}

/// Keeps the bound of requests in flight where it begins, for loads that are closed: there a
/// request that is refused would be asked again at once, and nothing be measured but refusals.
pub(super) const UNSHED: &str = "load.in_flight_min=1024";

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

/// What is served to whom.
pub(super) struct Project<'a> {
    pub(super) binary: &'a Path,
    /// Of the database.
    pub(super) url: &'a str,
    /// Where projects are made, each in a directory of its own.
    pub(super) place: &'a Path,
}

impl Project<'_> {
    /// Makes a project of the database and serves it with settings: what a newcomer would type.
    pub(super) fn serve(&self, name: &str, callers: Callers, settings: &[&str]) -> Result<Server> {
        self.serve_edited(name, callers, settings, |_| Ok(()))
    }

    /// The same, with an edit of the project's files before they are compiled.
    pub(super) fn serve_edited(
        &self,
        name: &str,
        callers: Callers,
        settings: &[&str],
        edit: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Server> {
        let project = self.place.join(name);
        if project.exists() {
            fs::remove_dir_all(&project)?;
        }
        let fragaria = |verb: &str| {
            let mut command = Command::new(self.binary);
            command.arg(verb);
            command
        };
        let mut init = fragaria("init");
        process::read(init.args(["--from", self.url, "--out"]).arg(&project))?;
        let admitted = callers.admitted(&project)?;
        edit(&project)?;
        process::read(fragaria("compile").arg(&project))?;
        let log = server::log_file(&format!("bench-{name}"))?;
        let launch = |port: u16| {
            let output = File::create(&log)?;
            let errors = output.try_clone()?;
            let mut service = Service::start(self.binary, None, Stop::Gracefully, |command| {
                command
                    .arg("serve")
                    .args(admitted)
                    .arg(&project)
                    .arg("--listen")
                    .arg(format!("127.0.0.1:{port}"))
                    // All of the load comes from one address.
                    .args(["--set", "rates.rules=[]"])
                    .args(settings.iter().flat_map(|setting| ["--set", *setting]))
                    .stdout(output)
                    .stderr(errors);
            })?;
            service
                .wait_until(START_SECONDS, || is_ready(port))
                .with_context(|| {
                    let log = log.display();
                    format!("the server did not get ready; its log is {log}")
                })?;
            Ok(service)
        };
        let (service, port) = server::on_free_port(launch)?;
        Ok(Server { service, port })
    }
}

impl Server {
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn id(&self) -> u32 {
        self.service.id()
    }

    /// Puts load on it; an answer that is not data is an error, whatever its status.
    pub(super) fn bear(&self, load: &Load, scratch: &Path) -> Result<Outcome> {
        let before = Tally::read(self)?;
        let outcome = load.run(self.port, scratch)?;
        Tally::read(self)?.agree(&before, outcome.requests, load.connections)?;
        Ok(outcome)
    }
}

/// Asks one question and returns the answer; a status other than 200 is an error.
pub(super) fn post(port: u16, body: &str) -> Result<String> {
    process::read(&mut asking(port, body))
}

/// Asks one question and returns after how many milliseconds the first and the last byte of the answer
/// were there.
pub(super) fn bytes_ms(port: u16, body: &str) -> Result<[f64; 2]> {
    let mut curl = asking(port, body);
    curl.args(["--output", "/dev/null", "--write-out"])
        .arg("%{time_starttransfer} %{time_total}");
    let told = process::read(&mut curl)?;
    let seconds = told.trim().split_once(' ');
    let (first, last) = seconds.with_context(|| format!("curl tells no times: {told}"))?;
    Ok([first.parse::<f64>()? * 1e3, last.parse::<f64>()? * 1e3])
}

fn asking(port: u16, body: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body"])
        .args(["--max-time", "10", "--data-binary", body])
        .args(["--header", "content-type: application/json"])
        .args(["--header", "accept: application/graphql-response+json"])
        .arg(format!("http://127.0.0.1:{port}/graphql"));
    curl
}
