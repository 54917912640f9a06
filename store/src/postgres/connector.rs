//! How connections are made: with a limit of time, and without a stampede.

use super::address::Address;
use super::cancel;
use super::gathered::Gathered;
use super::replication::{Failed, Replication};
use super::session::{Equipment, Rights, Session, Sizes};
use crate::backoff::Attempts;
use crate::config::Pooler;
use crate::metrics::{Counted, Metrics};
use crate::patience::Patience;
use crate::{Config, Error, tls};
use model::metric::Gauge;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::Connection;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The oldest version that is in the test matrix or is promised.
const OLDEST: u32 = 14;
/// After so long without an answer on the wire a connection counts as broken.
const SILENCE: Duration = Duration::from_secs(30);

/// Errors about who logs in, and about the right to connect: Appendix A of PostgreSQL's manual.
const LOGIN: [&str; 2] = ["28", "42501"];
/// What the driver says when the server asks for a password and the address holds none.
const PASSWORD_MISSING: &str = "password missing";

/// Makes connections to one server.
pub(crate) struct Connector {
    equipment: Arc<Equipment>,
    attempts: Attempts,
}

impl Connector {
    /// Reads the address; nothing is connected yet.
    pub(super) fn new(
        config: &Config,
        schema: Option<&str>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let Address {
            config: mut address,
            security,
        } = Address::parse(config.url.expose())?;
        if security.is_blind() {
            tracing::warn!(
                "sslmode=require encrypts but does not verify the server; use verify-full"
            );
        }
        let pooled = config.postgres.pooler == Pooler::Transaction;
        if pooled && schema.is_some() {
            let message = "through a pooler in transaction mode no connection keeps its schema";
            return Err(Error::Address(message.to_owned()));
        }
        if !pooled {
            address.options(startup(&address, config, schema));
        }
        if address.get_application_name().is_none() {
            address.application_name("fragaria");
        }
        address.keepalives_idle(SILENCE);
        if address.get_tcp_user_timeout().is_none() {
            address.tcp_user_timeout(SILENCE);
        }
        // One of several hosts that is silent leaves time for the next.
        let timeout = Duration::from_millis(config.postgres.connect_timeout_ms);
        let hosts = cancel::places(&address).len();
        if let (2.., None) = (hosts, address.get_connect_timeout()) {
            let hosts = u32::try_from(hosts).unwrap_or(u32::MAX);
            address.connect_timeout(timeout / hosts);
        }
        let statements_max = config.postgres.statements_max;
        Ok(Self {
            equipment: Arc::new(Equipment {
                config: address,
                statements_max: if pooled { 0 } else { statements_max },
                sizes: Sizes::new(statements_max),
                rights: Rights::default(),
                metrics: metrics.clone(),
                tls: MakeRustlsConnect::new(tls::config(&security.verify)?),
            }),
            attempts: Attempts::new(timeout, metrics),
        })
    }

    /// Connects; refused at once while the server is known to be away, or to take no further connection.
    /// A gauge may count the connection until it ends.
    pub(crate) async fn connect(&self, open: Option<&Gauge>) -> Result<Session, Error> {
        self.attempts.connect(Box::pin(self.attempt(open))).await
    }

    /// Has all connections plan anew what they have prepared.
    pub(crate) fn forget_plans(&self) {
        self.equipment.rights.have_changed();
    }

    /// Connects by the replication protocol.
    pub(crate) async fn replicate(&self) -> Result<Replication, Failed> {
        let connected = Box::pin(Replication::connect(&self.equipment));
        self.attempts.in_time(connected).await
    }

    async fn attempt(&self, open: Option<&Gauge>) -> Result<Session, Error> {
        let connecting = self.equipment.config.connect(self.equipment.tls.clone());
        let (client, connection) = connecting.await.map_err(unreachable)?;
        check_version(&connection)?;
        let counted = open.map(Counted::new);
        let driver = tokio::spawn(async move {
            let _counted = counted;
            if let Err(error) = Gathered::new(connection).await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        Ok(Session::new(
            client,
            driver.abort_handle(),
            Arc::clone(&self.equipment),
        ))
    }
}

/// Settings of every session, behind those the address brings.
///
/// With a schema, names are looked for in it alone: a setting of the user, of the database or of the
/// address stands back behind this one, and each connection that is made anew has it again.
fn startup(address: &tokio_postgres::Config, config: &Config, schema: Option<&str>) -> String {
    let given = address.get_options().unwrap_or_default();
    let timeout = Patience::new(config).read.as_millis();
    let path = schema.map(|schema| format!(" -c search_path={}", option(&quoted(schema))));
    let path = path.unwrap_or_default();
    format!("{given} -c statement_timeout={timeout} -c TimeZone=UTC{path}")
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A value among the options of a connection, which ends at the first space without a backslash.
fn option(value: &str) -> String {
    let is_special =
        |letter: char| letter == '\\' || letter.is_ascii_whitespace() || letter == '\u{b}';
    let letters = value.chars().flat_map(|letter| {
        let escape = is_special(letter).then_some('\\');
        escape.into_iter().chain([letter])
    });
    letters.collect()
}

fn check_version<S, T>(connection: &Connection<S, T>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let version = connection.parameter("server_version").unwrap_or_default();
    let major = version
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    match major.parse::<u32>() {
        Ok(major) if major < OLDEST => Err(Error::Address(format!(
            "the server is PostgreSQL {version}; {OLDEST} or newer is needed"
        ))),
        _ => Ok(()),
    }
}

/// Whatever the reason, nobody can be served; the log says which.
fn unreachable(error: tokio_postgres::Error) -> Error {
    let text = error.to_string();
    let is_full = error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS);
    let is_login = |code: &SqlState| LOGIN.iter().any(|start| code.code().starts_with(start));
    let refused = error.code().is_some_and(is_login);
    let cause = error.into_source().map(|cause| cause.to_string());
    match cause {
        Some(cause) if refused || cause == PASSWORD_MISSING => Error::Login(cause),
        Some(cause) if is_full => Error::Full(cause),
        Some(cause) => Error::Unavailable(format!("{text}: {cause}")),
        None => Error::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_one_name_whatever_is_in_it() {
        for (name, expected) in [
            ("acme", r#""acme""#),
            ("A b", r#""A\ b""#),
            (r#"x", public"#, r#""x"",\ public""#),
            (r"a\ -c role=x", r#""a\\\ -c\ role=x""#),
            ("a\tb\nc\u{b}d", "\"a\\\tb\\\nc\\\u{b}d\""),
            ("früh", "\"früh\""),
        ] {
            assert_eq!(option(&quoted(name)), expected);
        }
    }
}
