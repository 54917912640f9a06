//! A private Redis in a temporary directory, reachable over loopback only; it writes nothing down.

use crate::packages;
use crate::process::{Service, Stop};
use crate::scratch::Scratch;
use crate::server;
use anyhow::{Context, Result};
use std::fs::File;
use std::net::TcpStream;
use std::path::Path;

const START_SECONDS: u64 = 20;

/// A running server; stopped when dropped.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "its parts are there to be dropped")
)]
pub(crate) struct Redis {
    service: Service,
    port: u16,
    // Last, so that the server has stopped before its directory goes.
    directory: Scratch,
}

impl Redis {
    /// Starts a server without data. `purpose` names its log.
    pub(crate) fn start(purpose: &str) -> Result<Self> {
        packages::ensure(&[packages::REDIS])?;
        let directory = Scratch::create(None)?;
        let log = server::log_file(&format!("{purpose}-redis"))?;
        let (service, port) = server::on_free_port(|port| launch(port, directory.path(), &log))?;
        Ok(Self {
            service,
            port,
            directory,
        })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

fn launch(port: u16, directory: &Path, log: &Path) -> Result<Service> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    let program = Path::new("redis-server");
    let mut service = Service::start(program, None, Stop::Gracefully, |command| {
        command
            .current_dir("/")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--port")
            .arg(port.to_string())
            .arg("--dir")
            .arg(directory)
            .stdout(output)
            .stderr(errors);
    })?;
    service
        .wait_until(START_SECONDS, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .with_context(|| format!("Redis did not start; its log is {}", log.display()))?;
    Ok(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_server_answers_and_leaves_nothing_behind() {
        let server = Redis::start("probe").unwrap();
        let directory = server.directory.path().to_owned();
        let port = server.port;
        assert!(Path::new(&format!("/proc/{}", server.service.id())).exists());
        assert_eq!(server.url(), format!("redis://127.0.0.1:{port}/0"));
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(server);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!directory.exists());
    }
}
