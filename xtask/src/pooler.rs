//! A private PgBouncer in transaction mode, in front of a private PostgreSQL.

use crate::packages;
use crate::postgres::{ACCOUNT, Postgres};
use crate::process::{Service, Stop};
use crate::server;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::fs::chown;

const START_SECONDS: u64 = 20;

/// A running pooler; stopped when dropped.
pub(crate) struct Pooler {
    _service: Service,
    port: u16,
}

impl Pooler {
    /// Starts a pooler for every database of the server.
    pub(crate) fn start(server: &Postgres) -> Result<Self> {
        packages::ensure(&[packages::PGBOUNCER])?;
        let program = packages::pgbouncer().context("PgBouncer is not installed")?;
        let port = server::free_port()?;
        let file = server.directory().join("pgbouncer.ini");
        fs::write(&file, configuration(server.port(), port))?;
        if let Some((user, group)) = ACCOUNT.ids()? {
            chown(&file, Some(user), Some(group))?;
        }
        let log = server::log_file("test-pgbouncer")?;
        let output = File::create(&log)?;
        let errors = output.try_clone()?;
        let mut service = Service::start(&program, ACCOUNT.user(), Stop::Gracefully, |command| {
            command
                .current_dir("/")
                .arg(&file)
                .stdout(output)
                .stderr(errors);
        })?;
        service
            .wait_until(START_SECONDS, || {
                TcpStream::connect(("127.0.0.1", port)).is_ok()
            })
            .with_context(|| format!("PgBouncer did not start; its log is {}", log.display()))?;
        Ok(Self {
            _service: service,
            port,
        })
    }

    /// The connection string of a database, through the pooler.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

fn configuration(server: u16, port: u16) -> String {
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         max_client_conn = 200\n\
         default_pool_size = 10\n"
    )
}
