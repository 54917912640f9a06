//! A Redis of a test's own, which it can kill, and what servers that share limits do meanwhile.

use crate::client::PATIENCE;
use crate::instance::{directory, free_port};
use crate::project::Project;
use crate::server::Server;
use crate::tls::authority::Authority;
use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;
use tempfile::TempDir;

const QUERY: &str = "{ product(id: 1) { name } }";

/// A running Redis, or one that was killed.
struct Redis {
    directory: TempDir,
    process: Child,
    port: u16,
}

impl Redis {
    fn start() -> Self {
        let (directory, port) = (directory(), free_port());
        Self {
            process: launch(&directory, port, &["--port", &port.to_string()]),
            directory,
            port,
        }
    }

    /// One that speaks TLS, and nothing else.
    fn secure(authority: &Authority) -> Self {
        let (directory, port) = (directory(), free_port());
        let issued = authority.server();
        let files = [
            ("--tls-cert-file", issued.pem),
            ("--tls-key-file", issued.key),
        ];
        let mut words = ["--port", "0", "--tls-auth-clients", "no", "--tls-port"]
            .map(str::to_owned)
            .to_vec();
        words.push(port.to_string());
        for (word, text) in files {
            let file = directory.path().join(word);
            fs::write(&file, text).unwrap();
            words.extend([word.to_owned(), file.display().to_string()]);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        Self {
            process: launch(&directory, port, &words),
            directory,
            port,
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Kills it, and with it all that it knew.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        let port = self.port.to_string();
        self.process = launch(&self.directory, self.port, &["--port", &port]);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn launch(directory: &TempDir, port: u16, words: &[&str]) -> Child {
    let process = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(words)
        .arg("--dir")
        .arg(directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < PATIENCE, "redis does not listen");
        thread::yield_now();
    }
    process
}

/// Three servers of one project that share these rules, and what Redis is reached by.
fn three(project: &Project, url: &str, rules: &str) -> [Server; 3] {
    let settings = [
        format!("rates.rules={rules}"),
        format!("rates.redis.url={url}"),
        "rates.redis.timeout_ms=1000".to_owned(),
    ];
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    [(); 3].map(|()| {
        let server = project.serve(&settings);
        if !server.begun.iter().any(|line| line["message"] == SHARED) {
            server.logged(SHARED);
        }
        server.ready()
    })
}

const SHARED: &str = "rate limits are shared: redis answers";
const AWAY: &str = "redis is away: this server keeps its part of rate limits";

/// How many of so many requests to each server, in turn, are let through.
fn through(servers: &[Server; 3], each: usize) -> usize {
    let asked = (0..each).flat_map(|_| servers.iter().map(|server| server.graphql(QUERY).status));
    asked.filter(|&status| status == 200).count()
}

#[test]
fn three_servers_share_a_limit() {
    let redis = Redis::start();
    let project = Project::small();
    let rules = "[{ per = 'ip', requests = 60, period_seconds = 3600 }]";
    let servers = three(&project, &redis.url(), rules);
    assert_eq!(through(&servers, 40), 60);
    let calls = "fragaria_rates_redis_calls_total{outcome=\"ok\"}";
    for server in &servers {
        assert!(server.metric(calls) > 0);
        assert_eq!(server.metric("fragaria_rates_redis_up"), 1);
        assert_eq!(server.metric("fragaria_rates_apart_total"), 0);
    }
}

#[test]
fn a_redis_that_dies_opens_no_limit_and_nobody_is_let_in_twice_when_it_is_back() {
    let mut redis = Redis::start();
    let project = Project::small();
    let rules = "[{ per = 'ip', requests = 90, period_seconds = 36000 }]";
    let servers = three(&project, &redis.url(), rules);
    assert_eq!(through(&servers, 10), 30);
    redis.kill();
    // One request finds out, and is decided by the part that its server keeps.
    for server in &servers {
        server.graphql(QUERY);
        server.logged(AWAY);
        assert_eq!(server.metric("fragaria_rates_redis_up"), 0);
    }
    // Thirty were taken, so each part of thirty has twenty left: a unit of it counts for three.
    let apart = through(&servers, 40);
    assert!((54..=60).contains(&apart), "{apart}");
    redis.start_again();
    for server in &servers {
        server.logged(SHARED);
    }
    // It forgot everything, but the servers did not; what is left of a part is less than a unit of
    // each server.
    let again = through(&servers, 40);
    assert!(again < 3, "{again}");
}

#[test]
fn a_server_starts_without_its_redis_and_keeps_its_part() {
    let project = Project::small();
    let url = format!("rates.redis.url=redis://127.0.0.1:{}/0", free_port());
    let rules = "rates.rules=[{ per = 'ip', requests = 30, period_seconds = 36000 }]";
    let server = project.serve(&[rules, &url]).ready();
    let asked = (0..30).map(|_| server.graphql(QUERY).status);
    assert_eq!(asked.filter(|&status| status == 200).count(), 10);
}

#[test]
fn a_redis_is_spoken_to_over_tls_where_its_authority_is_trusted() {
    let (authority, project) = (Authority::new("us"), Project::small());
    let redis = Redis::secure(&authority);
    fs::write(project.path("ca.pem"), authority.pem()).unwrap();
    fs::write(project.path("other.pem"), Authority::new("other").pem()).unwrap();
    let url = format!("rates.redis.url=rediss://localhost:{}/0", redis.port);
    let rules = "rates.rules=[{ per = 'ip', requests = 60, period_seconds = 36000 }]";
    let settings = [rules, &url, "rates.redis.timeout_ms=5000"];
    let serve = |roots: &str| {
        let roots = format!("rates.redis.root_certificates={roots}");
        project.serve(&[&settings[..], &[&roots]].concat()).ready()
    };
    let trusting = serve("ca.pem");
    if !trusting.begun.iter().any(|line| line["message"] == SHARED) {
        trusting.logged(SHARED);
    }
    let asked = (0..60).map(|_| trusting.graphql(QUERY).status);
    assert_eq!(asked.filter(|&status| status == 200).count(), 60);
    assert_eq!(trusting.metric("fragaria_rates_redis_up"), 1);
    // Who does not know the authority tells it nothing, and keeps its part, which is a third.
    for server in [serve("other.pem"), project.serve(&settings).ready()] {
        let asked = (0..30).map(|_| server.graphql(QUERY).status);
        assert_eq!(asked.filter(|&status| status == 200).count(), 20);
        assert_eq!(server.metric("fragaria_rates_redis_up"), 0);
    }
}

#[test]
fn certificates_that_redis_cannot_be_known_by_are_refused() {
    let project = Project::small();
    fs::write(project.path("empty.pem"), "nothing").unwrap();
    let url = "rates.redis.url=rediss://localhost:1/0";
    for (url, file, why) in [
        (url, "missing.pem", "No such file"),
        (url, "empty.pem", "it has no certificate in it"),
        (
            "rates.redis.url=redis://localhost:1/0",
            "empty.pem",
            "begins with `rediss://`",
        ),
    ] {
        let file = format!("rates.redis.root_certificates={file}");
        let told = project.fail(&["serve", ".", "--open", "--set", url, "--set", &file]);
        assert!(told.contains(why), "{told}");
        assert!(told.contains("rates.redis.root_certificates"), "{told}");
    }
}

#[test]
fn an_address_that_is_none_of_a_redis_is_refused_and_a_password_is_never_shown() {
    let project = Project::small();
    let told = project.fail(&["config", "--set", "rates.redis.url=http://localhost"]);
    let expected = "rates.redis.url: it is no address of a Redis, such as redis://localhost:6379/0";
    assert!(told.contains(expected), "{told}");
    let url = "rates.redis.url=rediss://me:hunter2@cache:6379/1";
    let shown = project.run(&["config", "--set", url]);
    assert!(
        shown.contains("rediss://[redacted]@cache:6379/1"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}
