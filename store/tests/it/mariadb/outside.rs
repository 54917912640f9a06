//! A client of the server's own make, to look from outside.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What ends each answer.
const MARK: &str = "-- that was all";

/// The command line of MariaDB, kept open so that what it sets and locks lasts.
pub(crate) struct Outside {
    process: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Outside {
    /// Connects to the server of an address of the form `mariadb://root@host:port/`.
    pub(crate) fn connect(address: &str) -> Self {
        Self::start(address, &[])
    }

    /// The same for a client that does not end at an error.
    pub(crate) fn connect_and_go_on(address: &str) -> Self {
        Self::start(address, &["--force"])
    }

    fn start(address: &str, options: &[&str]) -> Self {
        let place = address
            .split_once('@')
            .unwrap()
            .1
            .split('/')
            .next()
            .unwrap();
        let (host, port) = place.rsplit_once(':').unwrap();
        let mut process = Command::new("mariadb")
            .arg("--no-defaults")
            .args(options)
            .args(["--batch", "--skip-column-names", "--unbuffered"])
            .args(["--raw", "--user=root", "--protocol=tcp", "--skip-ssl"])
            .args([
                "--default-character-set=utf8mb4",
                "--host",
                host,
                "--port",
                port,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipes = (
            process.stdin.take().unwrap(),
            BufReader::new(process.stdout.take().unwrap()),
        );
        Self {
            process,
            pipes: RefCell::new(pipes),
        }
    }

    /// Hangs up, whatever it has set and locked.
    pub(crate) fn end(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }

    /// Runs some SQL, and waits until it is done.
    pub(crate) fn run(&self, sql: &str) {
        drop(self.ask(sql));
    }

    /// Runs some SQL and gives its rows as text, columns apart by tabs.
    pub(crate) fn ask(&self, sql: &str) -> String {
        let (input, output) = &mut *self.pipes.borrow_mut();
        let end = if sql.trim().is_empty() { "" } else { ";" };
        writeln!(input, "{sql}{end}\nSELECT '{MARK}';").unwrap();
        input.flush().unwrap();
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).unwrap();
            assert!(read > 0, "the client ended, as it does at an error: {sql}");
            if line.trim_end() == MARK {
                return answer;
            }
            answer.push_str(&line);
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.end();
    }
}
