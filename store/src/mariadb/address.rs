//! The database's address: `mariadb://user:password@host:port/database?option=value`.

use crate::Error;
use crate::address::Login;
use crate::tls::Security;
use model::Secret;
use percent_encoding::percent_decode_str;
use std::path::{Path, PathBuf};

/// The port of an address that names none.
const PORT: u16 = 3306;

/// An address taken apart.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    /// A socket of the file system, in the place of host and port.
    pub(super) socket: Option<PathBuf>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    pub(super) security: Security,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let (_scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| refused("it is no URL"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (account, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match account.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (account, None),
        };
        let password = password.map(decoded).transpose()?;
        let (mut mode, mut root, mut socket) = (None, None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sslmode", value) => mode = Some(value),
                ("sslrootcert", value) => root = Some(value),
                ("socket", value) => socket = Some(PathBuf::from(decoded(value)?)),
                (name, _) => {
                    return Err(Error::Address(format!(
                        "it has an unknown option {name}; the options are sslmode, sslrootcert \
                         and socket"
                    )));
                }
            }
        }
        let (host, port) = host_and_port(place)?;
        let address = Self {
            host,
            port,
            socket,
            user: Some(decoded(user)?).filter(|user| !user.is_empty()),
            password: password.map(Secret::new),
            database: decoded(database)?,
            security: Security::parse(mode, root)?,
        };
        address.complete()
    }

    /// Refuses an address with a part missing, or with one that cannot be sent.
    fn complete(self) -> Result<Self, Error> {
        if self.host.is_empty() && self.socket.is_none() {
            return Err(refused("it names no host"));
        }
        if self.database.is_empty() {
            return Err(refused("it names no database"));
        }
        let password = self.password.as_ref().map(Secret::expose);
        let sent = [self.user.as_deref(), password, Some(&self.database)];
        if sent.iter().flatten().any(|part| part.contains('\0')) {
            return Err(refused("it holds a zero byte"));
        }
        Ok(self)
    }

    fn login(&self) -> Login<'_, (&str, u16, Option<&Path>)> {
        let password = self.password.as_ref();
        Login {
            server: (&self.host, self.port, self.socket.as_deref()),
            user: self.user.as_deref(),
            password: password.map(|password| password.expose().as_bytes()),
        }
    }
}

/// An address with the login of another one, if it lacks it and that one has it.
pub(crate) fn lent(url: &str, known: &str) -> Option<Secret> {
    let [ours, theirs] = [url, known].map(|url| Address::parse(url).ok());
    let (user, password) = ours?.login().lent(&theirs?.login())?;
    let (scheme, rest) = url.split_once("://")?;
    let (authority, behind) = rest.split_at(rest.find(['/', '?'])?);
    let place = authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place);
    let text = format!("{scheme}://{user}:{password}@{place}{behind}");
    Some(Secret::new(text))
}

fn host_and_port(place: &str) -> Result<(String, u16), Error> {
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest
                .split_once(']')
                .ok_or_else(|| refused("a bracket is missing"))?;
            (host, port.strip_prefix(':'))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.map_or(Ok(PORT), str::parse);
    Ok((
        decoded(host)?,
        port.map_err(|_| refused("its port is not a number"))?,
    ))
}

fn decoded(part: &str) -> Result<String, Error> {
    let decoded = percent_decode_str(part).decode_utf8();
    let decoded = decoded.map_err(|_| refused("a part of it is not valid UTF-8"))?;
    Ok(decoded.into_owned())
}

fn refused(why: &str) -> Error {
    Error::Address(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Mode, Verify};

    #[test]
    fn every_part_of_an_address_is_found() {
        let address = Address::parse(
            "mariadb://shop:p%40ss%3Aword@db.example:3307/sh%6fp?sslmode=verify-full&sslrootcert=ca",
        )
        .unwrap();
        assert_eq!((address.host.as_str(), address.port), ("db.example", 3307));
        assert_eq!(
            (address.user.as_deref(), address.database.as_str()),
            (Some("shop"), "shop")
        );
        assert_eq!(address.password, Some(Secret::new("p@ss:word")));
        assert_eq!(address.security.mode, Mode::Require);
        assert_eq!(address.security.verify, Verify::Name("ca".into()));
        let address = Address::parse("mysql://u@[::1]/d").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 3306));
        let address = Address::parse("mariadb://u@/d?socket=/run/my%20sql").unwrap();
        assert_eq!(address.socket, Some("/run/my sql".into()));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_without_repeating_the_address() {
        for (url, named) in [
            ("mariadb://u:secret@h/d?ssl-mode=REQUIRED", "ssl-mode"),
            ("mariadb://u:secret@h/d?sslmode=allow", "sslmode"),
            ("mariadb://u:secret@h/d?sslmode=verify-ca", "sslrootcert"),
            ("mariadb://u:secret@h:none/d", "port"),
            ("mariadb://u:secret@h", "database"),
            ("mariadb://u:secret@/d", "host"),
            ("mariadb://u:secret%00@h/d", "zero"),
            ("mariadb://u:%ff@h/d", "UTF-8"),
        ] {
            let message = Address::parse(url).unwrap_err().to_string();
            assert!(
                message.contains(named) && !message.contains("secret"),
                "{message}"
            );
        }
    }
}
