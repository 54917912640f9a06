//! Private servers in temporary directories, for tests that stop them or set them up their own way.

use crate::instance::{directory, free_port, run, unprivileged};
use std::cell::RefCell;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A MariaDB server of a test's own.
pub(crate) struct Instance {
    directory: TempDir,
    options: Vec<String>,
    process: RefCell<Child>,
    pub(crate) port: u16,
}

impl Instance {
    /// A server with additional options; files they name can be put in place before.
    pub(crate) fn start(prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let (directory, port) = (directory(), free_port());
        let data = directory.path().join("data");
        let mut install = as_mysql("mariadb-install-db".as_ref());
        run(install
            .args(["--no-defaults", "--skip-test-db"])
            .arg("--auth-root-authentication-method=normal")
            .arg(format!("--tmpdir={}", directory.path().display()))
            .arg(format!("--datadir={}", data.display())));
        let options = prepare(directory.path());
        let process = RefCell::new(launch(directory.path(), port, &options));
        Self {
            directory,
            options,
            process,
            port,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("mariadb://root@127.0.0.1:{}/mysql", self.port)
    }

    /// Where its data and its socket are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops it without a word to its clients, as a crash would.
    pub(crate) fn kill(&self) {
        let mut process = self.process.borrow_mut();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn start_again(&self) {
        let fresh = launch(self.directory.path(), self.port, &self.options);
        *self.process.borrow_mut() = fresh;
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let mut process = self.process.borrow_mut();
        process.kill().ok();
        process.wait().ok();
    }
}

/// Starts the server, and waits until it listens.
fn launch(directory: &Path, port: u16, options: &[String]) -> Child {
    let log = directory.join("log");
    let output = File::create(&log).unwrap();
    let errors = output.try_clone().unwrap();
    let place = |option: &str, name: &str| format!("{option}={}", directory.join(name).display());
    let mut process = as_mysql("mariadbd".as_ref())
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
        .args(["--innodb-flush-log-at-trx-commit=0"])
        .args(options)
        .stdout(output)
        .stderr(errors)
        .spawn()
        .unwrap();
    loop {
        let ended = process.try_wait().unwrap();
        let text = std::fs::read_to_string(&log).unwrap();
        if let Some(status) = ended {
            panic!("mariadbd ended, {status}:\n{text}");
        }
        if text.contains(": ready for connections.") {
            return process;
        }
        std::thread::yield_now();
    }
}

fn as_mysql(program: &Path) -> Command {
    let mut command = unprivileged(program, "mysql");
    command.stdin(Stdio::null());
    command
}
