//! A private MariaDB in a temporary directory, reachable over loopback only.

use crate::packages;
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::server::{self, Account};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

/// It refuses to run as root.
const ACCOUNT: Account = Account("mysql");

const START_SECONDS: u64 = 60;

/// A running server; stopped, and its data removed, when dropped.
pub(crate) struct Mariadb {
    service: Service,
    port: u16,
    // Last, so that the server has stopped before its files go.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is there to be dropped"))]
    directory: Scratch,
}

impl Mariadb {
    /// Starts a server on new data. `purpose` names its log.
    pub(crate) fn start(purpose: &str) -> Result<Self> {
        packages::ensure(&[packages::MARIADB])?;
        let program = packages::mariadbd().context("MariaDB is not installed")?;
        let directory = Scratch::create(ACCOUNT.ids()?)?;
        create_data(directory.path())?;
        let log = server::log_file(&format!("{purpose}-mariadb"))?;
        let launch = |port| launch(port, &program, directory.path(), &log);
        let (service, port) = server::on_free_port(launch)?;
        Ok(Self {
            service,
            port,
            directory,
        })
    }

    /// The address of a database of the server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("mariadb://root@127.0.0.1:{}/{database}", self.port)
    }

    /// The process id of the server.
    pub(crate) fn id(&self) -> u32 {
        self.service.id()
    }

    /// Runs SQL and returns what it prints, with tabs and without headers.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        process::read(
            Command::new("mariadb")
                .args(["--no-defaults", "--batch", "--skip-column-names"])
                .args(["--user=root", "--host=127.0.0.1", "--skip-ssl"])
                .arg(format!("--port={}", self.port))
                .args([format!("--database={database}"), format!("--execute={sql}")]),
        )
    }
}

fn create_data(directory: &Path) -> Result<()> {
    let mut command = ACCOUNT.command(Path::new("mariadb-install-db"));
    command
        .args(["--no-defaults", "--skip-test-db"])
        .arg("--auth-root-authentication-method=normal")
        .arg(format!("--tmpdir={}", directory.display()))
        .arg(format!("--datadir={}", directory.join("data").display()));
    process::read(&mut command).map(drop)
}

fn launch(port: u16, program: &Path, directory: &Path, log: &Path) -> Result<Service> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    let place = |option: &str, name: &str| format!("{option}={}", directory.join(name).display());
    let mut service = Service::start(program, ACCOUNT.user(), Stop::Gracefully, |command| {
        command
            .current_dir("/")
            .arg("--no-defaults")
            .args([
                place("--datadir", "data"),
                place("--socket", "socket"),
                place("--pid-file", "pid"),
                // A server that starts removes what others have in the directory they share.
                format!("--tmpdir={}", directory.display()),
                format!("--port={port}"),
            ])
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve"])
            .args(["--character-set-server=utf8mb4"])
            .args(["--collation-server=utf8mb4_nopad_bin"])
            .args(["--max-connections=300"])
            // Nothing in it is to be kept.
            .args([
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-fast-shutdown=2",
            ])
            .stdout(output)
            .stderr(errors);
    })?;
    service
        .wait_until(START_SECONDS, || {
            fs::read_to_string(log).is_ok_and(|text| is_ready(&text))
        })
        .with_context(|| format!("MariaDB did not start; its log is {}", log.display()))?;
    Ok(service)
}

/// The server says so when it listens.
fn is_ready(log: &str) -> bool {
    log.contains(": ready for connections.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_log_says_so() {
        let log = "[Note] Server socket created on IP: '127.0.0.1'.\n";
        assert!(!is_ready(log));
        assert!(is_ready(&format!(
            "{log}[Note] mariadbd: ready for connections.\n"
        )));
    }

    #[test]
    fn a_private_server_answers_and_leaves_nothing_behind() {
        let server = Mariadb::start("probe").unwrap();
        let answer = server.sql("mysql", "SELECT @@collation_server, @@bind_address");
        assert_eq!(answer.unwrap(), "utf8mb4_nopad_bin\t127.0.0.1\n");
        let (process, directory) = (
            format!("/proc/{}", server.id()),
            server.directory.path().to_owned(),
        );
        drop(server);
        assert!(!Path::new(&process).exists());
        assert!(!directory.exists());
    }
}
