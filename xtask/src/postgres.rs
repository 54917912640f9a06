//! A private PostgreSQL in a temporary directory, reachable over loopback only.

use crate::packages;
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::server::{self, Account};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// It refuses to run as root.
pub(crate) const ACCOUNT: Account = Account("postgres");

const START_SECONDS: u64 = 60;

/// A running server; stopped, and its data removed, when dropped.
pub(crate) struct Postgres {
    service: Service,
    port: u16,
    programs: PathBuf,
    // Last, so that the server has stopped before its files go.
    directory: Scratch,
    _own: Option<Scratch>,
}

impl Postgres {
    /// Starts a server on new data. `purpose` names its log; `settings` go to its configuration
    /// beside where it listens.
    pub(crate) fn start(purpose: &str, settings: &[(&str, &str)]) -> Result<Self> {
        packages::ensure(&[packages::POSTGRES])?;
        let programs = packages::postgres_programs().context("PostgreSQL is not installed")?;
        Self::start_from(programs, None, purpose, settings)
    }

    /// Starts a server of other programs, which go with it where they are its own.
    pub(crate) fn start_from(
        programs: PathBuf,
        own: Option<Scratch>,
        purpose: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let directory = Scratch::create(ACCOUNT.ids()?)?;
        create_data(&programs, directory.path())?;
        let log = server::log_file(&format!("{purpose}-postgres"))?;
        let launch = |port| launch(port, &programs, directory.path(), &log, settings);
        let (service, port) = server::on_free_port(launch)?;
        Ok(Self {
            service,
            port,
            programs,
            directory,
            _own: own,
        })
    }

    /// The connection string of a database of the server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the postmaster.
    pub(crate) fn id(&self) -> u32 {
        self.service.id()
    }

    /// The directory of its data and its sockets.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A program of the same version, such as `pgbench`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Runs SQL and returns what it prints, unaligned and without headers.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        process::read(
            Command::new(self.program("psql"))
                .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
                .args(["--set", "ON_ERROR_STOP=1", "--dbname", &self.url(database)])
                .args(["--command", sql]),
        )
    }
}

fn create_data(programs: &Path, directory: &Path) -> Result<()> {
    let mut command = ACCOUNT.command(&programs.join("initdb"));
    command
        .args([
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--no-instructions",
        ])
        .args(["--encoding=UTF8", "--locale=C.UTF-8"])
        .arg("--pgdata")
        .arg(directory.join("data"));
    process::read(&mut command).map(drop)
}

fn launch(
    port: u16,
    programs: &Path,
    directory: &Path,
    log: &Path,
    settings: &[(&str, &str)],
) -> Result<Service> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    // SIGQUIT ends it at once; nothing in it is to be kept.
    let program = programs.join("postgres");
    let mut service = Service::start(&program, ACCOUNT.user(), Stop::AtOnce, |command| {
        command
            .current_dir("/")
            .arg("-D")
            .arg(directory.join("data"));
        command
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(directory);
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stdout(output).stderr(errors);
    })?;
    let note = directory.join("data/postmaster.pid");
    service
        .wait_until(START_SECONDS, || {
            fs::read_to_string(&note).is_ok_and(|text| is_ready(&text))
        })
        .with_context(|| format!("PostgreSQL did not start; its log is {}", log.display()))?;
    Ok(service)
}

/// The eighth line of the postmaster's note about itself is its state.
fn is_ready(note: &str) -> bool {
    note.lines()
        .nth(7)
        .is_some_and(|state| state.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_note_says_so() {
        let note = "1\n/data\n0\n5432\n/tmp\n127.0.0.1\n 1 2\nstarting\n";
        assert!(!is_ready(note));
        assert!(is_ready(&note.replace("starting", "ready   ")));
        assert!(!is_ready(""));
    }

    #[test]
    fn a_private_server_answers_and_leaves_nothing_behind() {
        let server = Postgres::start("probe", &[("fsync", "off")]).unwrap();
        let answer = server
            .sql("postgres", "SHOW lc_collate; SHOW listen_addresses")
            .unwrap();
        assert_eq!(answer, "C.UTF-8\n127.0.0.1\n");
        let (process, directory) = (
            format!("/proc/{}", server.id()),
            server.directory().to_owned(),
        );
        drop(server);
        assert!(!Path::new(&process).exists());
        assert!(!directory.exists());
    }
}
