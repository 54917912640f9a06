//! Certificates that change while requests flow.

use super::authority::{Authority, Issued, put};
use super::{ANSWER, FILES, JSON, QUERY};
use crate::client::{Client, PATIENCE};
use crate::project::Project;
use crate::server::Server;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

const USED: &str = "the files of TLS were read again and are used";
const UNFIT: &str = "the files of TLS cannot be used: those from before are used on";

/// Whether a new connection is shown that certificate.
fn is_shown(server: &Server, trust: &Arc<ClientConfig>, issued: &Issued) -> bool {
    let client = Client::secure(server.address, trust).unwrap();
    client.agreed().peer_certificates().unwrap()[0] == issued.certificate
}

fn reloads(server: &Server, outcome: &str) -> u64 {
    server.metric(&format!(
        "fragaria_tls_reloads_total{{outcome=\"{outcome}\"}}"
    ))
}

/// Requests that flow, on a connection that stays and on new ones.
struct Flow {
    answered: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flow {
    fn start(address: SocketAddr, trust: &Arc<ClientConfig>) -> Self {
        let (answered, stopped) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let threads = [true, true, false, false].map(|stays| {
            let (answered, stopped) = (answered.clone(), stopped.clone());
            let trust = trust.clone();
            thread::spawn(move || {
                let mut client = Client::secure(address, &trust).unwrap();
                while !stopped.load(Ordering::Relaxed) {
                    if !stays {
                        client = Client::secure(address, &trust).unwrap();
                    }
                    client.request("POST /graphql", &[JSON], QUERY).unwrap();
                    let answer = client.response().unwrap();
                    assert_eq!((answer.status, &*answer.body), (200, ANSWER));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        Self {
            answered,
            stopped,
            threads: threads.into(),
        }
    }

    /// Waits until some more were answered.
    fn go_on(&self) {
        let (begun, before) = (Instant::now(), self.answered.load(Ordering::Relaxed));
        while self.answered.load(Ordering::Relaxed) < before + 40 {
            assert!(begun.elapsed() < PATIENCE, "the requests stand still");
            thread::yield_now();
        }
    }

    /// Stops; every request was answered.
    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

#[test]
fn on_a_signal_another_certificate_is_shown_and_no_request_fails() {
    let (authority, project) = (Authority::new("us"), Project::small());
    let (first, second) = (authority.server(), authority.server());
    first.install(&project);
    // The signal alone has them read again.
    let server = project.serve(&[&FILES[..], &["tls.check_interval_ms=3600000"]].concat());
    let trust = authority.trust(&[]);
    let server = server.trusted(&trust).ready();
    let flow = Flow::start(server.address, &trust);
    flow.go_on();
    assert!(is_shown(&server, &trust, &first));
    second.install(&project);
    server.signal("HUP");
    let line = server.logged(USED);
    assert_eq!(line["expires"], "4096-01-01T00:00:00Z");
    assert!(is_shown(&server, &trust, &second));
    flow.go_on();
    // A key that fits another certificate.
    put(&project.path("tls.key"), &first.key, 0o600);
    server.signal("HUP");
    let line = server.logged(UNFIT);
    assert!(
        line["detail"]
            .as_str()
            .unwrap()
            .contains("is not the key of")
    );
    assert_eq!(line["level"], "ERROR");
    assert!(is_shown(&server, &trust, &second));
    assert_eq!((reloads(&server, "ok"), reloads(&server, "failed")), (1, 1));
    assert_eq!(server.metric("fragaria_tls_reload_failing"), 1);
    assert_eq!(server.get("/health/ready").status, 200);
    flow.go_on();
    first.install(&project);
    server.signal("HUP");
    server.logged(USED);
    assert!(is_shown(&server, &trust, &first));
    assert_eq!(server.metric("fragaria_tls_reload_failing"), 0);
    flow.go_on();
    flow.stop();
}

#[test]
fn files_that_change_are_read_again_without_a_signal() {
    let (authority, project) = (Authority::new("us"), Project::small());
    authority.server().install(&project);
    let server = project.serve(&[&FILES[..], &["tls.check_interval_ms=10"]].concat());
    let trust = authority.trust(&[]);
    let server = server.trusted(&trust).ready();
    let second = authority.server();
    second.install(&project);
    server.logged(USED);
    assert!(is_shown(&server, &trust, &second));
    // Nothing is shown of files that are away, and it is told once, however often they are looked at.
    std::fs::remove_file(project.path("tls.pem")).unwrap();
    let line = server.logged(UNFIT);
    assert!(line["detail"].as_str().unwrap().contains("cannot be read"));
    assert!(is_shown(&server, &trust, &second));
    let third = authority.server();
    third.install(&project);
    let lines = server.read_log(USED);
    let unfit = |line: &&serde_json::Value| line["message"] == UNFIT;
    // Between the two files they do not fit each other.
    assert!(lines.iter().filter(unfit).count() <= 1, "{lines:#?}");
    assert!(is_shown(&server, &trust, &third));
}
