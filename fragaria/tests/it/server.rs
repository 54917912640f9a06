//! A server as a child process: started on a free port, stopped by SIGTERM.

use crate::client::{Client, PATIENCE, Response};
use rustls::ClientConfig;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

/// A running server.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) address: SocketAddr,
    /// What was logged before it listened.
    pub(crate) begun: Vec<Value>,
    /// How it is spoken to over TLS, if it is.
    trust: Option<Arc<ClientConfig>>,
    log: Receiver<Value>,
    answers: Receiver<String>,
}

/// The binary, in an environment without settings of whoever runs the tests.
pub(crate) fn binary() -> Command {
    isolated(env!("CARGO_BIN_EXE_fragaria"))
}

/// A program in such an environment.
pub(crate) fn isolated(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FRAGARIA_") {
            command.env_remove(name);
        }
    }
    command
}

/// The lines of a pipe, as they come.
fn lines<T: Send + 'static>(
    pipe: impl Read + Send + 'static,
    each: impl Fn(String) -> T + Send + 'static,
) -> Receiver<T> {
    let (tell, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = tell.send(each(line));
        }
    });
    lines
}

impl Server {
    /// Starts a command that serves, on a free port, and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.args(["--set", "log.format=json"]);
        if command.get_args().all(|word| word != "--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let words = command.get_args().map(|word| word.to_string_lossy());
        let words: Vec<_> = words.map(Cow::into_owned).collect();
        let is_told = |word: &String| word == "--open" || word.starts_with("auth.");
        if words.iter().any(|word| word == "serve") && !words.iter().any(is_told) {
            command.arg("--open");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answers = lines(child.stdout.take().unwrap(), |line| line);
        let log = lines(child.stderr.take().unwrap(), |line| {
            // What is no JSON is a diagnostic, drawn over several lines.
            serde_json::from_str(&line).unwrap_or(json!({ "drawn": line }))
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self {
            child: Some(child),
            address,
            begun: Vec::new(),
            trust: None,
            log,
            answers,
        };
        server.begun = server.read_log("listening");
        let listening = server.begun.pop().unwrap();
        server.address = listening["address"].as_str().unwrap().parse().unwrap();
        server
    }

    /// Waits for a log line with that message; returns it.
    pub(crate) fn logged(&self, message: &str) -> Value {
        self.read_log(message).pop().unwrap()
    }

    /// Waits for a log line with that message; returns all up to it that were not read before.
    pub(crate) fn read_log(&self, message: &str) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("no log line says {message:?}: {lines:#?}");
            });
            let found = line["message"] == message;
            lines.push(line);
            if found {
                return lines;
            }
        }
    }

    /// Waits for a line of its answer that holds that text; returns all up to it that were not
    /// read before.
    pub(crate) fn read_answer(&self, text: &str) -> String {
        let mut lines = String::new();
        while !lines.contains(text) {
            let line = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("no line of the answer has {text:?}: {lines}");
            });
            lines = lines + &line + "\n";
        }
        lines
    }

    /// Asks until the condition holds.
    pub(crate) fn until(&self, path: &str, holds: impl Fn(&Response) -> bool) -> Response {
        let start = Instant::now();
        loop {
            let response = self.get(path);
            if holds(&response) {
                return response;
            }
            assert!(start.elapsed() < PATIENCE, "{path} stays {response:?}");
            thread::yield_now();
        }
    }

    /// The same server, spoken to over TLS from now on.
    pub(crate) fn trusted(mut self, trust: &Arc<ClientConfig>) -> Self {
        self.trust = Some(trust.clone());
        self
    }

    /// The same server, once it is ready.
    pub(crate) fn ready(self) -> Self {
        self.until("/health/ready", |response| response.status == 200);
        self
    }

    pub(crate) fn client(&self) -> Client {
        match &self.trust {
            None => Client::connect(self.address),
            Some(trust) => Client::secure(self.address, trust).unwrap(),
        }
    }

    /// One GET on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.ask(&format!("GET {path}"), &[], b"")
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, line: &str, headers: &[&str], body: &[u8]) -> Response {
        let mut client = self.client();
        client.request(line, headers, body).unwrap();
        client.response().unwrap()
    }

    /// One GraphQL document by POST.
    pub(crate) fn graphql(&self, document: &str) -> Response {
        let body = json!({ "query": document }).to_string();
        self.ask(
            "POST /graphql",
            &["content-type: application/json"],
            body.as_bytes(),
        )
    }

    /// The value of a metric, by its name with labels; 0 where it is not there.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = String::from_utf8(self.get("/metrics").body).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// The memory it holds now and the most it ever held, in bytes.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let id = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let bytes = |name: &str| {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
            let number = line.split_whitespace().next().unwrap();
            number.parse::<u64>().unwrap() * 1024
        };
        (bytes("VmRSS:"), bytes("VmHWM:"))
    }

    /// How often it has a file of that name open.
    pub(crate) fn opened(&self, name: &str) -> usize {
        let id = self.child.as_ref().unwrap().id();
        let files = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap();
        let targets = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
        targets.filter(|target| target.ends_with(name)).count()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let id = child.id().to_string();
        let (tell, ended) = mpsc::channel();
        thread::spawn(move || tell.send(child.wait()));
        ended.recv_timeout(PATIENCE).map_or_else(
            |_| {
                let _ = Command::new("kill").args(["-s", "KILL", &id]).status();
                panic!("the server does not end");
            },
            Result::unwrap,
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_none() {
            return;
        }
        self.signal("TERM");
        let status = self.wait();
        assert!(
            status.success() || thread::panicking(),
            "the server ended with {status}"
        );
    }
}
