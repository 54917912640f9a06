//! How connections are made: with a limit of time, and without a stampede.

use super::address::Address;
use super::session::Session;
use super::settings::Settings;
use crate::backoff::Attempts;
use crate::metrics::{Counted, Metrics};
use crate::snag::Snag;
use crate::tls::{Mode, Verify};
use crate::{Config, Error};
use model::Secret;
use model::metric::Gauge;
use mysql_async::prelude::Queryable;
use mysql_async::{
    BinlogStream, BinlogStreamRequest, Conn, DriverError, Opts, OptsBuilder, SslOpts,
};
use std::path::Path;
use std::time::Duration;

/// The oldest version that is in the test matrix or is promised.
const OLDEST: (u16, u16) = (10, 6);
/// After so long without an answer on the wire a connection counts as broken.
const SILENCE: Duration = Duration::from_secs(30);

/// What the server may send in one packet; it decides by its own `max_allowed_packet`.
const PACKET_MAX: usize = 1 << 30;

/// Makes connections to one server.
pub(crate) struct Connector {
    /// As the address says; and without TLS, where it says that this will do.
    ways: Vec<Opts>,
    database: String,
    setup: String,
    metrics: Metrics,
    attempts: Attempts,
}

impl Connector {
    /// Reads the address; nothing is connected yet.
    pub(super) fn new(config: &Config, metrics: Metrics) -> Result<Self, Error> {
        let address = Address::parse(config.url.expose())?;
        let has_socket = address.socket.is_some();
        if address.security.is_blind() && !has_socket {
            tracing::warn!(
                "sslmode=require encrypts but does not verify the server; use verify-full"
            );
        }
        if let Verify::Chain(_) = address.security.verify {
            return Err(Error::Address(
                "the MariaDB driver checks the name as well as the chain; use sslmode=verify-full"
                    .into(),
            ));
        }
        let plain = options(&address, config);
        let encrypted = |verify| Opts::from(plain.clone().ssl_opts(encryption(verify)));
        let ways = match (address.security.mode, &address.security.verify) {
            // What is sent through a socket does not leave the machine.
            (Mode::Disable, _) => vec![plain.into()],
            (Mode::Prefer, _) if has_socket => vec![plain.into()],
            (Mode::Prefer, verify) => vec![encrypted(verify), plain.into()],
            (Mode::Require, _) if has_socket => {
                return Err(Error::Address(
                    "a socket knows no TLS; leave sslmode out".into(),
                ));
            }
            (Mode::Require, verify) => vec![encrypted(verify)],
        };
        Ok(Self {
            ways,
            database: address.database,
            setup: Settings::new(config).session(),
            attempts: Attempts::new(
                Duration::from_millis(config.mariadb.connect_timeout_ms),
                metrics.clone(),
            ),
            metrics,
        })
    }

    /// Connects; refused at once while the server is known to be away, or to take no further connection.
    /// A gauge may count the connection.
    pub(crate) async fn connect(&self, open: Option<&Gauge>) -> Result<Session, Error> {
        let attempt = Box::pin(self.attempt());
        let mut session = self.attempts.connect(attempt).await?;
        session.counted = open.map(Counted::new);
        Ok(session)
    }

    /// The database of the address.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Reads the binary log from a place on, as a replica does; the server says that it is there when
    /// so long nothing happens.
    pub(crate) async fn binlog(
        &self,
        file: &str,
        position: u64,
        heartbeat: Duration,
    ) -> Result<BinlogStream, Snag> {
        let mut connection = self.reach().await?;
        let nanoseconds = heartbeat.as_nanos();
        // Whoever does not say that it knows MariaDB's own events gets others in their place.
        let abilities =
            format!("SET @master_heartbeat_period = {nanoseconds}, @mariadb_slave_capability = 4");
        connection.query_drop(abilities).await?;
        // Two readers of one number throw each other out; replicas have small ones.
        let reader = BinlogStreamRequest::new(fastrand::u32(1 << 31..))
            .with_filename(file.as_bytes())
            .with_pos(position);
        Ok(connection.get_binlog_stream(reader).await?)
    }

    /// Asks the server, over another connection, to end one and all it does.
    pub(super) async fn kill(&self, session: &Session) -> Result<(), Error> {
        let kill = async {
            let mut other = self.enter().await?;
            other.meet().await?;
            // A server that was started anew counts its connections anew: that number may be
            // somebody else's by now.
            if !session.is_of_one_server_with(&other) {
                return Ok(());
            }
            let kill = format!("KILL CONNECTION {}", session.id());
            other.control(&kill).await
        };
        let killed = self.attempts.in_time(kill).await;
        killed.map_err(|snag: Snag| snag.error)
    }

    async fn attempt(&self) -> Result<Session, Error> {
        let connecting = async {
            let mut session = self.enter().await?;
            admit(&session.meet().await?)?;
            session.control(&self.setup).await?;
            Ok(session)
        };
        // Whatever the reason, nobody can be served; the log says which.
        connecting.await.map_err(|snag: Snag| match snag.error {
            Error::Internal(text) => Error::Unavailable(text),
            error => error,
        })
    }

    async fn enter(&self) -> Result<Session, Snag> {
        Ok(Session::new(self.reach().await?, self.metrics.clone()))
    }

    async fn reach(&self) -> Result<Conn, Snag> {
        let mut refused = None;
        for way in &self.ways {
            match Conn::new(way.clone()).await {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    let is_plain = matches!(
                        error,
                        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer)
                    );
                    refused = Some(error);
                    if !is_plain {
                        break;
                    }
                }
            }
        }
        let unknown = || Error::Internal("there is no way to connect".into()).into();
        Err(refused.map_or_else(unknown, Snag::from))
    }
}

/// How to connect, but for TLS.
fn options(address: &Address, config: &Config) -> OptsBuilder {
    let socket = address.socket.as_deref().map(Path::to_string_lossy);
    OptsBuilder::default()
        .ip_or_hostname(&address.host)
        .tcp_port(address.port)
        .socket(socket)
        // It would ask the server for its socket, and go over to it.
        .prefer_socket(false)
        .user(address.user.as_ref())
        .pass(address.password.as_ref().map(Secret::expose))
        .db_name(Some(&address.database))
        .tcp_keepalive(Some(SILENCE))
        .tcp_nodelay(true)
        .stmt_cache_size(config.mariadb.statements_max)
        // Both would be asked of the server otherwise, in a round trip of their own.
        .max_allowed_packet(Some(PACKET_MAX))
        .wait_timeout(Some(28_800))
        .connect_attribute("program_name", "fragaria")
}

fn encryption(verify: &Verify) -> SslOpts {
    let trusting = |root: &Path| {
        SslOpts::default()
            .with_root_certs(vec![root.to_owned().into()])
            .with_disable_built_in_roots(true)
    };
    match verify {
        Verify::Nothing => SslOpts::default().with_danger_accept_invalid_certs(true),
        Verify::Chain(root) | Verify::Name(root) => trusting(root),
    }
}

/// Refuses a server that is not MariaDB, or too old.
fn admit(version: &str) -> Result<(), Error> {
    // Old replicas take a ten for a one, so MariaDB puts this before its own.
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    if !version.contains("MariaDB") {
        return Err(Error::Address(format!(
            "the server is MySQL {version}; MySQL is refused until it has been in the test matrix"
        )));
    }
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) < OLDEST {
        return Err(Error::Address(format!(
            "the server is MariaDB {version}; {}.{} or newer is needed",
            OLDEST.0, OLDEST.1
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mysql_and_old_versions_are_refused_by_name() {
        for version in [
            "5.5.5-10.6.1-MariaDB",
            "10.11.6-MariaDB-0+deb12u1",
            "11.8.2-MariaDB-log",
            "12.0.1-MariaDB",
        ] {
            assert!(admit(version).is_ok(), "{version}");
        }
        let mysql = admit("8.4.3").unwrap_err().to_string();
        assert!(mysql.contains("the server is MySQL 8.4.3; MySQL is refused"));
        let old = admit("5.5.5-10.5.21-MariaDB").unwrap_err().to_string();
        assert!(old.contains("MariaDB 10.5.21-MariaDB; 10.6 or newer"));
    }
}
