//! The database's address: a libpq URL, with what libpq says about TLS.

use crate::Error;
use crate::address::Login;
use crate::tls::{Mode, Security};
use model::Secret;
use std::net::IpAddr;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// An address taken apart.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) security: Security,
}

impl Address {
    /// Takes apart `postgres://user@host/name?sslmode=…`.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut root, mut others) = (None, None, String::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => root = Some(value),
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
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(Error::Address("it names no database".into()));
        }
        let security = Security::parse(mode, root)?;
        config.ssl_mode(match security.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require => SslMode::Require,
        });
        Ok(Self { config, security })
    }
}

/// An address with the login of another one, if it lacks it and that one has it.
pub(crate) fn lent(url: &str, known: &str) -> Option<Secret> {
    let [ours, theirs] = [url, known].map(|url| Address::parse(url).ok().map(|it| it.config));
    let (ours, theirs) = (ours?, theirs?);
    let (user, password) = login(&ours).lent(&login(&theirs))?;
    let sign = if url.contains('?') { '&' } else { '?' };
    let mut text = format!("{url}{sign}password={password}");
    if ours.get_user().is_none() {
        text = format!("{text}&user={user}");
    }
    Some(Secret::new(text))
}

/// Its usual port is spelled out.
fn login(config: &Config) -> Login<'_, (&[Host], &[IpAddr], &[u16])> {
    let ports = match config.get_ports() {
        [] => &[5432],
        ports => ports,
    };
    Login {
        server: (config.get_hosts(), config.get_hostaddrs(), ports),
        user: config.get_user(),
        password: config.get_password(),
    }
}

/// The driver names the option at fault, never its value.
fn unreadable(error: tokio_postgres::Error) -> Error {
    let cause = error.into_source().map(|cause| cause.to_string());
    Error::Address(cause.unwrap_or_else(|| "it cannot be read".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Verify;

    fn parsed(query: &str) -> Result<(SslMode, Verify), String> {
        Address::parse(&format!("postgres://u:secret@h/d{query}"))
            .map(|address| (address.config.get_ssl_mode(), address.security.verify))
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
        for (url, named) in [
            ("postgres://", "no host"),
            ("postgres://u@h", "no database"),
            ("postgres://u@h/", "no database"),
        ] {
            let message = Address::parse(url).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
        assert!(Address::parse("postgres://u@h?dbname=d").is_ok());
    }
}
