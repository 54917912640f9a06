//! What private servers have in common: an account, a port nobody listens on, a log.

use crate::{house, packages};
use anyhow::Result;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

const ATTEMPTS: usize = 3;

/// The account of a server that refuses to run as root.
pub(crate) struct Account(pub(crate) &'static str);

impl Account {
    /// Its name, where it is not our own.
    pub(crate) fn user(&self) -> Option<&'static str> {
        rustix::process::geteuid().is_root().then_some(self.0)
    }

    /// User and group id of the same.
    pub(crate) fn ids(&self) -> Result<Option<(u32, u32)>> {
        self.user().map(packages::account).transpose()
    }

    /// A program that runs as it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = match self.user() {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--init-groups", "--"]);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir("/");
        command
    }
}

/// A port nobody listens on at the moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Starts a server; another process may take the port in between, so this tries a few.
pub(crate) fn on_free_port<T>(start: impl Fn(u16) -> Result<T>) -> Result<(T, u16)> {
    let mut attempt = 1;
    loop {
        let port = free_port()?;
        match start(port) {
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome.map(|server| (server, port)),
        }
    }
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
    use anyhow::bail;
    use std::cell::Cell;

    #[test]
    fn a_server_whose_port_was_taken_is_started_on_another() {
        let attempts = Cell::new(0);
        let start = |fails: usize| {
            attempts.set(0);
            on_free_port(|port| {
                attempts.set(attempts.get() + 1);
                if attempts.get() <= fails {
                    bail!("taken");
                }
                Ok(port)
            })
        };
        let (told, port) = start(2).unwrap();
        assert_eq!((told, attempts.get()), (port, 3));
        assert!(start(3).is_err());
    }
}
