//! A private PostgreSQL in a temporary directory, reachable over loopback only.

use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::{house, packages};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

const START_ATTEMPTS: usize = 3;
const START_SECONDS: u64 = 60;

/// A running server; stopped, and its data removed, when dropped.
pub(crate) struct Postgres {
    service: Service,
    port: u16,
    programs: PathBuf,
    // Last, so that the server has stopped before its files go.
    directory: Scratch,
}

impl Postgres {
    /// Starts a server on new data. `purpose` names its log; `settings` go to its configuration
    /// beside where it listens.
    pub(crate) fn start(purpose: &str, settings: &[(&str, &str)]) -> Result<Self> {
        packages::ensure(&[packages::POSTGRES])?;
        let programs = packages::postgres_programs().context("PostgreSQL is not installed")?;
        let directory = Scratch::create(server_account()?)?;
        create_data(&programs, directory.path())?;
        let log = log_file(&format!("{purpose}-postgres"))?;
        let (service, port) = launch(&programs, directory.path(), &log, settings)?;
        Ok(Self {
            service,
            port,
            programs,
            directory,
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

/// The account a server runs under: it refuses root.
pub(crate) fn server_account() -> Result<Option<(u32, u32)>> {
    if rustix::process::geteuid().is_root() {
        packages::account("postgres").map(Some)
    } else {
        Ok(None)
    }
}

/// Name of that account, where it is not our own.
pub(crate) fn server_user() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some("postgres")
}

/// A port nobody listens on at the moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn create_data(programs: &Path, directory: &Path) -> Result<()> {
    let mut command = match server_user() {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", user, "--init-groups", "--"]);
            command.arg(programs.join("initdb"));
            command
        }
        None => Command::new(programs.join("initdb")),
    };
    command
        .current_dir("/")
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

/// Starts the server; another process may take the port in between, so this tries a few.
fn launch(
    programs: &Path,
    directory: &Path,
    log: &Path,
    settings: &[(&str, &str)],
) -> Result<(Service, u16)> {
    let mut attempt = 1;
    loop {
        let port = free_port()?;
        match launch_on(port, programs, directory, log, settings) {
            Err(_) if attempt < START_ATTEMPTS => attempt += 1,
            outcome => return outcome.map(|service| (service, port)),
        }
    }
}

fn launch_on(
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
    let mut service = Service::start(&program, server_user(), Stop::AtOnce, |command| {
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

/// Where a server's log is kept for a look after the run.
pub(crate) fn log_file(name: &str) -> Result<PathBuf> {
    let directory = house::target()?.join("xtask");
    fs::create_dir_all(&directory)?;
    Ok(directory.join(format!("{name}.log")))
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
