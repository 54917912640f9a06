//! The database's address: a libpq URL, with what libpq says about TLS.
//!
//! `sslmode` means what it means to libpq. `disable`: no TLS. `prefer`, the default: TLS when the
//! server offers it, its certificate unseen. `require`: TLS or nothing, but *whose* certificate it
//! is nobody looks at, unless `sslrootcert` is given, which makes it `verify-ca`. `verify-ca`: the
//! chain must end in `sslrootcert`. `verify-full`: and the name must be the host's.

use crate::Error;
use percent_encoding::percent_decode_str;
use std::path::PathBuf;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// An address taken apart.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) verify: Verify,
}

/// How closely the server's certificate is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verify {
    /// Not at all: encrypted, but perhaps to the wrong server.
    Nothing,
    /// Its chain must end in one of the certificates in that file.
    Chain(PathBuf),
    /// And it must be for the host's name.
    Name(PathBuf),
}

impl Address {
    /// Takes apart `postgres://user@host/name?sslmode=…`.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut root, mut others) = ("prefer", None, String::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", value)) => root = Some(path(value)?),
                _ => {
                    others.push(if others.is_empty() { '?' } else { '&' });
                    others.push_str(pair);
                }
            }
        }
        let mut config: Config = format!("{base}{others}").parse().map_err(unreadable)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Error::Address("it names no host".into()));
        }
        let (ssl, verify) = security(mode, root)?;
        config.ssl_mode(ssl);
        Ok(Self { config, verify })
    }
}

fn security(mode: &str, root: Option<PathBuf>) -> Result<(SslMode, Verify), Error> {
    Ok(match (mode, root) {
        ("disable", None) => (SslMode::Disable, Verify::Nothing),
        ("prefer", None) => (SslMode::Prefer, Verify::Nothing),
        ("require", None) => (SslMode::Require, Verify::Nothing),
        ("require" | "verify-ca", Some(root)) => (SslMode::Require, Verify::Chain(root)),
        ("verify-full", Some(root)) => (SslMode::Require, Verify::Name(root)),
        ("verify-ca" | "verify-full", None) => {
            return Err(Error::Address(format!(
                "sslmode={mode} needs sslrootcert=<file>, the certificates to trust"
            )));
        }
        ("disable" | "prefer", Some(_)) => {
            return Err(Error::Address(format!(
                "sslrootcert has no effect with sslmode={mode}; use verify-full"
            )));
        }
        _ => {
            return Err(Error::Address(
                "sslmode is one of disable, prefer, require, verify-ca and verify-full".into(),
            ));
        }
    })
}

fn path(value: &str) -> Result<PathBuf, Error> {
    percent_decode_str(value)
        .decode_utf8()
        .map(|path| PathBuf::from(&*path))
        .map_err(|_| Error::Address("sslrootcert is not valid UTF-8".into()))
}

/// The driver names the option at fault, never its value.
fn unreadable(error: tokio_postgres::Error) -> Error {
    let cause = error.into_source().map(|cause| cause.to_string());
    Error::Address(cause.unwrap_or_else(|| "it cannot be read".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Result<(SslMode, Verify), String> {
        Address::parse(&format!("postgres://u:secret@h/d{query}"))
            .map(|address| (address.config.get_ssl_mode(), address.verify))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn tls_modes_mean_what_they_mean_to_libpq() {
        assert_eq!(parsed("").unwrap(), (SslMode::Prefer, Verify::Nothing));
        assert_eq!(
            parsed("?sslmode=disable").unwrap(),
            (SslMode::Disable, Verify::Nothing)
        );
        assert_eq!(
            parsed("?sslmode=require").unwrap(),
            (SslMode::Require, Verify::Nothing)
        );
        assert_eq!(
            parsed("?sslmode=require&sslrootcert=/a%20b").unwrap(),
            (SslMode::Require, Verify::Chain("/a b".into()))
        );
        assert_eq!(
            parsed("?application_name=x&sslmode=verify-full&sslrootcert=ca").unwrap(),
            (SslMode::Require, Verify::Name("ca".into()))
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused_without_repeating_the_address() {
        for query in [
            "?sslmode=verify-full",
            "?sslmode=verify-ca",
            "?sslmode=allow",
            "?sslmode=",
            "?sslrootcert=ca",
            "?unknown=1",
            "?port=none",
        ] {
            let message = parsed(query).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
        }
        assert!(Address::parse("postgres://").is_err(), "no host");
    }
}
