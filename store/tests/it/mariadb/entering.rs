//! Who is let in, over what, and who is at the other end.

use super::Scratch;
use super::instance::Instance;
use crate::postgres::tls::certify;
use crate::postgres::{open, rows, run};
use model::metric::Registry;
use model::{Scalar, Secret, Weight};
use store::{Config, Database, Error};

fn database(url: String) -> Database {
    open(&Config {
        url: Secret::new(url),
        ..Config::default()
    })
}

/// Whether the server sees TLS; the error where there is no connection.
async fn encrypted(port: u16, host: &str, options: &str) -> Result<bool, Error> {
    let database = database(format!("mariadb://root@{host}:{port}/mysql?{options}"));
    let sql = "SELECT variable_value <> '' FROM information_schema.session_status \
               WHERE variable_name = 'Ssl_cipher'";
    let script = rows(sql, &[], &[Scalar::Boolean]);
    let answer = run(&database, &script, vec![], Weight::Light).await;
    answer
        .map(|text| text.contains("true"))
        .map_err(|failure| failure.error)
}

/// Two servers by two authorities: one that speaks TLS, and one that does not.
fn servers() -> [Instance; 2] {
    let secured = |directory: &std::path::Path| {
        let data = directory.join("data");
        certify(&data);
        let owner = std::process::Command::new("chown")
            .args(["-R", "--reference"])
            .args([&data, &data])
            .status();
        assert!(owner.unwrap().success());
        let file =
            |option: &str, name: &str| format!("--ssl-{option}={}", data.join(name).display());
        vec![
            file("ca", "ca.crt"),
            file("cert", "server.crt"),
            file("key", "server.key"),
        ]
    };
    let plain = |directory: &std::path::Path| {
        certify(&directory.join("data"));
        vec!["--skip-ssl".to_owned()]
    };
    tokio::task::block_in_place(|| [Instance::start(secured), Instance::start(plain)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_what_the_address_says_and_a_stranger_is_not_spoken_to() {
    let [server, plain] = servers();
    let authority = |of: &Instance| of.directory().join("data/ca.crt").display().to_string();
    let (trusted, stranger) = (authority(&server), authority(&plain));
    for (port, host, options, expected) in [
        (server.port, "localhost", String::new(), Some(true)),
        (
            server.port,
            "localhost",
            "sslmode=disable".into(),
            Some(false),
        ),
        (
            server.port,
            "127.0.0.1",
            "sslmode=require".into(),
            Some(true),
        ),
        (
            plain.port,
            "localhost",
            "sslmode=prefer".into(),
            Some(false),
        ),
        (
            server.port,
            "localhost",
            format!("sslmode=verify-full&sslrootcert={trusted}"),
            Some(true),
        ),
        (
            server.port,
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={trusted}"),
            None,
        ),
        (
            server.port,
            "localhost",
            format!("sslmode=verify-full&sslrootcert={stranger}"),
            None,
        ),
        (plain.port, "localhost", "sslmode=require".into(), None),
    ] {
        let seen = encrypted(port, host, &options).await;
        match expected {
            Some(expected) => assert_eq!(seen.unwrap(), expected, "{host} {options}"),
            None => assert!(
                matches!(seen, Err(Error::Unavailable(_))),
                "{host} {options}: {seen:?}"
            ),
        }
    }
    let half = format!("mariadb://root@localhost/mysql?sslmode=verify-ca&sslrootcert={trusted}");
    let config = Config {
        url: Secret::new(half),
        ..Config::default()
    };
    let refused = Database::open(&config, &mut Registry::default());
    assert!(matches!(refused, Err(Error::Address(_))));
    let socket = plain.directory().join("socket");
    let local = database(format!("mariadb://root@/mysql?socket={}", socket.display()));
    local.check().await.unwrap();
}

#[tokio::test]
async fn accounts_with_passwords_are_let_in_and_wrong_passwords_are_not() {
    let scratch = Scratch::new("INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'");
    let address = scratch.address();
    let (_, place) = address.split_once('@').unwrap();
    for (account, plugin) in [
        (
            "native_one",
            "mysql_native_password USING PASSWORD('sec:ret')",
        ),
        ("signed_one", "ed25519 USING PASSWORD('sec:ret')"),
        (
            "either_one",
            "unix_socket OR mysql_native_password USING PASSWORD('sec:ret')",
        ),
    ] {
        scratch.outside.run(&format!(
            "CREATE OR REPLACE USER {account} IDENTIFIED VIA {plugin}; GRANT ALL ON *.* TO {account}"
        ));
        let with = |password: &str| database(format!("mariadb://{account}:{password}@{place}"));
        with("sec%3Aret").check().await.unwrap();
        for wrong in ["", "wrong"] {
            let refused = with(wrong).check().await;
            let Err(Error::Login(text)) = refused else {
                panic!("{account}: {refused:?}");
            };
            assert!(text.contains("Access denied"), "{text}");
        }
        scratch.outside.run(&format!("DROP USER {account}"));
    }
}

#[tokio::test]
async fn a_missing_database_is_unavailable_until_it_is_made() {
    let scratch = Scratch::new("");
    let later = database(format!("{}_later", scratch.address()));
    assert!(matches!(later.check().await, Err(Error::Unavailable(_))));
    let name = format!("{}_later", scratch.name);
    scratch.outside.run(&format!("CREATE DATABASE {name}"));
    while later.check().await.is_err() {
        tokio::task::yield_now().await;
    }
    scratch.outside.run(&format!("DROP DATABASE {name}"));
}
