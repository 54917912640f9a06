//! TLS on the server's own port: what is agreed upon, what is refused, and what it opens.

pub(crate) mod authority;
mod clients;
mod files;
mod reload;

use crate::client::{Client, OTHER, PATIENCE};
use crate::project::Project;
use crate::server::Server;
use crate::who::ruled;
use authority::Authority;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion};
use std::io::Read as _;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const JSON: &str = "content-type: application/json";
const QUERY: &[u8] = br#"{"query":"{ product(id: 1) { name } }"}"#;
const ANSWER: &[u8] = br#"{"data":{"product":{"name":"Strawberry"}}}"#;
const FILES: [&str; 2] = ["tls.certificate=tls.pem", "tls.key=tls.key"];

/// A server of a small project that speaks TLS, by an authority's certificate.
fn served(authority: &Authority, settings: &[&str]) -> (Project, Server) {
    let (project, server) = listening(authority, settings);
    (project, server.ready())
}

/// Such a server that nobody has asked anything yet.
fn listening(authority: &Authority, settings: &[&str]) -> (Project, Server) {
    let project = Project::small();
    authority.server().install(&project);
    let server = project.serve(&[&FILES, settings].concat());
    let server = server.trusted(&authority.trust(&[]));
    (project, server)
}

/// How many handshakes ended so.
fn handshakes(server: &Server, outcome: &str) -> u64 {
    server.metric(&format!(
        "fragaria_tls_handshakes_total{{outcome=\"{outcome}\"}}"
    ))
}

#[test]
fn both_ends_agree_upon_a_version_and_a_protocol() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    for (version, named) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        for (offered, agreed) in [
            (&[b"h2".as_slice(), b"http/1.1"][..], Some(&b"h2"[..])),
            (&[b"http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let trust = authority.trust_by(offered, &[version]);
            let mut client = Client::secure(server.address, &trust).unwrap();
            assert_eq!(client.agreed().protocol_version(), Some(named));
            assert_eq!(client.agreed().alpn_protocol(), agreed);
            client.request("POST /graphql", &[JSON], QUERY).unwrap();
            let answer = client.response();
            if agreed == Some(b"h2") {
                // HTTP/1.1 is not what was agreed upon.
                assert!(answer.is_err());
                continue;
            }
            let answer = answer.unwrap();
            assert_eq!((answer.status, &*answer.body), (200, ANSWER));
            let strict = answer.header("strict-transport-security");
            assert_eq!(strict, "max-age=31536000");
        }
        let trust = authority.trust_by(&[b"gopher"], &[version]);
        assert!(Client::secure(server.address, &trust).is_err());
    }
    assert_eq!(handshakes(&server, "incompatible"), 2);
    assert!(handshakes(&server, "ok") >= 6);
    // 4096-01-01, when certificates of the tests end.
    let expires = server.metric("fragaria_tls_certificate_expires_seconds");
    assert_eq!(expires, 67_090_118_400);
}

/// An HTTP/2 connection.
async fn http_2(
    server: &Server,
    trust: Arc<ClientConfig>,
) -> hyper::client::conn::http2::SendRequest<Full<Bytes>> {
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = tokio_rustls::TlsConnector::from(trust)
        .connect(name, stream)
        .await
        .unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    sender
}

/// A request over HTTP/2.
fn question() -> hyper::Request<Full<Bytes>> {
    hyper::Request::post("https://localhost/graphql")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(QUERY)))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_spoken_over_tls_and_ends_in_order() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    let mut sender = http_2(&server, authority.trust(&[b"h2"])).await;
    for _ in 0..3 {
        let response = sender.send_request(question()).await.unwrap();
        assert_eq!(response.version(), hyper::Version::HTTP_2);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, ANSWER);
    }
    server.signal("TERM");
    server.logged("stopping: requests in flight finish");
    assert!(server.ended().success());
}

#[test]
fn a_client_that_is_refused_before_it_has_sent_its_body_reads_why() {
    let authority = Authority::new("us");
    let (project, server) = served(&authority, &[]);
    project.write("ca.pem", &authority.pem());
    let address = format!("https://localhost:{}/graphql", server.address.port());
    let body = format!("{{\"query\": \"{}\"}}", "x".repeat(2_000));
    for _ in 0..20 {
        // The client of the distribution takes a reset behind an answer for a failure of all of it.
        let told = Command::new("curl")
            .args(["--silent", "--http2", "--cacert"])
            .arg(project.path("ca.pem"))
            .args(["-H", "content-type: text/plain", "-d", &body, &address])
            .args(["-w", " %{http_version} %{http_code}"])
            .output()
            .unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.contains("http.content_type"), "{told}");
        assert!(told.ends_with(" 2 415"), "{told}");
    }
}

#[test]
fn requests_over_tls_are_answered_when_the_server_is_told_to_stop() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..4)
        .map(|_| (server.client(), answered.clone()))
        .map(|(mut client, answered)| {
            thread::spawn(move || {
                loop {
                    client.request("POST /graphql", &[JSON], QUERY).unwrap();
                    let response = client.response().unwrap();
                    assert_eq!(response.status, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                    if response.header("connection") == "close" {
                        // In good order: TLS says so before TCP does.
                        return client.is_closed();
                    }
                }
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) < 50 {
        thread::yield_now();
    }
    // It has not shaken hands, and is not waited for.
    let idle = TcpStream::connect(server.address).unwrap();
    server.signal("TERM");
    for client in clients {
        assert!(client.join().unwrap());
    }
    assert!(server.ended().success());
    drop(idle);
}

/// A greeting that offers a version at most, as the RFC 5246, section 7.4.1.2, has it.
fn greeting(minor: u8) -> Vec<u8> {
    let random = [7; 32];
    // No session; ECDHE with ECDSA and AES, by GCM and by CBC; no compression.
    let suites = [0, 0, 4, 0xc0, 0x2b, 0xc0, 0x09, 1, 0];
    // Signatures by P-256, and that curve.
    let signatures = [0, 13, 0, 4, 0, 2, 4, 3];
    let curves = [0, 10, 0, 4, 0, 2, 0, 23];
    let extensions = [&[0, 16], &signatures[..], &curves].concat();
    let body = [&[3, minor], &random[..], &suites, &extensions].concat();
    let length = u8::try_from(body.len()).unwrap();
    let message = [&[1, 0, 0, length], &body[..]].concat();
    [&[22, 3, 1, 0, length + 4], &message[..]].concat()
}

#[test]
fn older_versions_are_refused() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &["tls.handshake_timeout_ms=1000"]);
    for minor in 0..3 {
        let mut client = Client::connect(server.address);
        client.send(greeting(minor)).unwrap();
        // An alert that ends all: protocol_version.
        assert!(client.rest().ends_with(&[2, 70]), "{minor}");
    }
    assert_eq!(handshakes(&server, "incompatible"), 3);
    let mut client = Client::connect(server.address);
    client.send(greeting(3)).unwrap();
    assert!(client.rest().starts_with(&[22, 3, 3]));
}

#[test]
fn plain_http_is_told_and_never_served() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    let mut client = Client::connect(server.address);
    client.request("POST /graphql", &[JSON], QUERY).unwrap();
    let answer = client.response().unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, b"this port speaks TLS: ask by https://.\n");
    assert!(client.is_closed());
    let mut client = Client::connect(server.address);
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    assert_eq!(client.response().unwrap().status, 400);
    assert_eq!(handshakes(&server, "plain"), 2);
    let failed = server.logged("a handshake failed");
    assert_eq!(failed["outcome"], "plain");
}

#[test]
fn what_is_no_handshake_is_refused() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    let mut client = Client::connect(server.address);
    client.send([22, 3, 1, 0, 5, 99, 0, 0, 1, 0]).unwrap();
    client.rest();
    assert_eq!(handshakes(&server, "malformed"), 1);
    let mut client = Client::connect(server.address);
    client.send([22, 3, 1]).unwrap();
    drop(client);
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains("handshakes_total{outcome=\"left\"} 1")
    });
    // Whoever trusts another authority leaves by itself.
    let other = Authority::new("them").trust(&[]);
    assert!(Client::secure(server.address, &other).is_err());
    server.until("/metrics", |metrics| {
        let text = String::from_utf8_lossy(&metrics.body);
        text.contains("handshakes_total{outcome=\"left\"} 2")
    });
}

#[test]
fn handshakes_are_bounded_in_time_and_number() {
    let authority = Authority::new("us");
    let bounds = ["tls.handshake_timeout_ms=1000", "tls.handshakes_max=1"];
    let (_project, server) = served(&authority, &bounds);
    let part = &greeting(3)[..20];
    let mut silent = Client::connect(server.address);
    let mut waiting = Client::from(OTHER, server.address);
    waiting.take_what_comes().unwrap();
    let mut begun = Client::connect(server.address);
    begun.send(part).unwrap();
    // The place is held for longer than the one that came before may wait.
    begun.take_what_comes().unwrap();
    waiting.send(part).unwrap();
    for client in [&mut silent, &mut waiting, &mut begun] {
        assert!(client.is_closed());
    }
    assert_eq!(handshakes(&server, "busy"), 1);
    assert_eq!(handshakes(&server, "timeout"), 2);
    assert_eq!(server.graphql("{ __typename }").status, 200);
}

#[test]
fn an_address_that_shakes_hands_slowly_leaves_places_to_others() {
    let authority = Authority::new("us");
    let bounds = ["tls.handshake_timeout_ms=3000", "tls.handshakes_max=4"];
    let (_project, server) = served(&authority, &bounds);
    let part = &greeting(3)[..20];
    let mut waiting = Client::connect(server.address);
    waiting.take_what_comes().unwrap();
    let mut begun = [(); 2].map(|()| Client::connect(server.address));
    for client in &mut begun {
        client.send(part).unwrap();
        // Its place is held for longer than the one that came before may wait.
        client.take_what_comes().unwrap();
    }
    waiting.send(part).unwrap();
    let other = Client::from(OTHER, server.address);
    let mut other = other.secured(&authority.trust(&[])).unwrap();
    other.request("POST /graphql", &[JSON], QUERY).unwrap();
    assert_eq!(other.response().unwrap().body, ANSWER);
    assert!(waiting.is_closed() && begun.iter_mut().all(Client::is_closed));
    assert_eq!(handshakes(&server, "share"), 1);
    assert_eq!(handshakes(&server, "timeout"), 2);
    assert_eq!(server.graphql("{ __typename }").status, 200);
}

#[test]
fn connections_above_the_bound_are_closed_without_a_word_in_the_open() {
    let authority = Authority::new("us");
    let (_project, server) = listening(&authority, &["server.connections_max=1"]);
    let mut held = server.client();
    held.request("GET /health/live", &[], b"").unwrap();
    assert_eq!(held.response().unwrap().status, 200);
    let mut other = TcpStream::connect(server.address).unwrap();
    other.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(other.read(&mut [0; 16]).unwrap(), 0);
    held.request("GET /health/live", &[], b"").unwrap();
    assert_eq!(held.response().unwrap().status, 200);
}

#[test]
fn other_machines_are_answered_by_the_names_of_the_server() {
    let (authority, project) = (Authority::new("us"), ruled());
    authority.server().install(&project);
    let settings = [
        "server.hosts=[\"api.example\"]",
        "auth.anonymous_role=public",
    ];
    let server = project.serve_at("0.0.0.0:0", &[&FILES[..], &settings].concat());
    let server = server.trusted(&authority.trust(&[])).ready();
    for (host, status) in [
        ("api.example", 200),
        ("API.example:8443", 200),
        ("localhost", 200),
        ("other.example", 421),
        ("10.0.0.1", 421),
    ] {
        let mut client = server.client();
        let head = format!("POST /graphql HTTP/1.1\r\nhost: {host}\r\n{JSON}\r\n");
        let length = format!("content-length: {}\r\n\r\n", QUERY.len());
        let request = [head.as_bytes(), length.as_bytes(), QUERY].concat();
        client.send(request).unwrap();
        assert_eq!(client.response().unwrap().status, status, "{host}");
    }
}

#[test]
fn a_page_that_came_in_the_open_is_of_another_site() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    let ask = |origin: &str| server.ask("POST /graphql", &[JSON, origin], QUERY).status;
    assert_eq!(ask("origin: https://localhost"), 200);
    assert_eq!(ask("origin: http://localhost"), 403);
}

#[test]
fn streams_over_tls_are_bounded_as_in_the_open() {
    let authority = Authority::new("us");
    let (_project, server) = served(&authority, &[]);
    let trust = authority.trust(&[b"h2"]);
    let mut client = Client::secure(server.address, &trust).unwrap();
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        let head = [&[0, 0, length, kind, flags][..], &stream.to_be_bytes()];
        [&head.concat(), payload].concat()
    };
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    client.send(frame(4, 0, 0, &[])).unwrap();
    // GET, https, / and a host; each stream is reset as soon as it is opened (RFC 9113, 5.4.2).
    let head = [&[0x82, 0x87, 0x84, 1, 9][..], b"localhost"].concat();
    let cut = (0..20_000_u32).any(|number| {
        let stream = 2 * number + 1;
        let opened = frame(1, 0b101, stream, &head);
        let reset = frame(3, 0, stream, &[0, 0, 0, 8]);
        client.send([opened, reset].concat()).is_err()
            || number % 64 == 0 && client.take_what_comes().is_err()
    });
    assert!(cut, "a flood of streams is taken");
    assert_eq!(server.graphql("{ __typename }").status, 200);
}

#[test]
fn dev_speaks_tls_too_and_stays_on_this_machine() {
    let (authority, project) = (Authority::new("us"), Project::small());
    authority.server().install(&project);
    let server = project.dev(&FILES).trusted(&authority.trust(&[])).ready();
    let answer = server.graphql("{ product(id: 1) { name } }");
    assert_eq!((answer.status, &*answer.body), (200, ANSWER));
    assert_eq!(answer.header("strict-transport-security"), "");
    assert!(
        server
            .read_answer("GraphQL    ")
            .contains("https://127.0.0.1:")
    );
    let set = FILES.map(|setting| ["--set", setting]).concat();
    let beyond = [
        "dev",
        ".",
        "--listen",
        "0.0.0.0:0",
        "--set",
        "server.hosts=['a.example']",
    ];
    let told = project.fail(&[&beyond[..], &set].concat());
    assert!(told.contains("dev lets everybody do everything"), "{told}");
}
