//! TLS: what is on the wire, and who is at the other end.

use super::instance::{Instance, run as command};
use super::{open, rows, run};
use model::{Scalar, Secret, Weight};
use std::path::Path;
use std::process::Command;
use store::{Config, Error};

/// A certificate authority, and a certificate by it for `localhost`.
pub(crate) fn certify(directory: &Path) {
    let openssl = |line: &str| {
        command(
            Command::new("openssl")
                .current_dir(directory)
                .args(line.split(' ')),
        );
    };
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
         -subj /CN=authority -keyout ca.key -out ca.crt",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
         -addext subjectAltName=DNS:localhost -keyout server.key -out server.csr",
    );
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
         -copy_extensions copy -out server.crt",
    );
}

/// Whether the server sees TLS on each kind of connection; the error where there is none.
async fn encrypted(port: u16, host: &str, parameters: &str) -> [Result<bool, Error>; 2] {
    let address = format!("postgres://postgres@{host}:{port}/postgres?{parameters}");
    let database = open(&Config {
        url: Secret::new(address),
        ..Config::default()
    });
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let script = rows(sql, &[], &[Scalar::Boolean]);
    let mut seen = Vec::new();
    for weight in [Weight::Light, Weight::Unbounded] {
        let answer = run(&database, &script, vec![], weight).await;
        seen.push(
            answer
                .map(|text| text.contains("true"))
                .map_err(|failure| failure.error),
        );
    }
    seen.try_into().unwrap()
}

/// Two servers by two authorities: one that speaks TLS, and one that does not.
fn servers() -> [Instance; 2] {
    tokio::task::block_in_place(|| {
        [
            Instance::start("ssl = on", certify),
            Instance::start("", certify),
        ]
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_on_the_wire_when_it_is_asked_for() {
    let [server, plain] = servers();
    let trusted = server.file("ca.crt");
    for (port, host, parameters, expected) in [
        (server.port, "localhost", String::new(), true),
        (server.port, "localhost", "sslmode=disable".into(), false),
        (server.port, "127.0.0.1", "sslmode=require".into(), true),
        (plain.port, "localhost", "sslmode=prefer".into(), false),
        (
            server.port,
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={trusted}"),
            true,
        ),
        (
            server.port,
            "localhost",
            format!("sslmode=verify-full&sslrootcert={trusted}"),
            true,
        ),
    ] {
        for seen in encrypted(port, host, &parameters).await {
            assert_eq!(seen.unwrap(), expected, "{host} {parameters}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_who_it_says_is_not_spoken_to() {
    let [server, plain] = servers();
    let (trusted, stranger) = (server.file("ca.crt"), plain.file("ca.crt"));
    for (port, host, mode, root) in [
        (server.port, "127.0.0.1", "verify-full", Some(&trusted)),
        (server.port, "localhost", "verify-full", Some(&stranger)),
        (server.port, "localhost", "verify-ca", Some(&stranger)),
        (server.port, "localhost", "require", Some(&stranger)),
        (plain.port, "localhost", "require", None),
        (plain.port, "localhost", "verify-full", Some(&stranger)),
    ] {
        let root = root.map_or(String::new(), |root| format!("&sslrootcert={root}"));
        for seen in encrypted(port, host, &format!("sslmode={mode}{root}")).await {
            let refused = matches!(seen, Err(Error::Unavailable(_)));
            assert!(refused, "{host} {mode}{root}: {seen:?}");
        }
    }
}
