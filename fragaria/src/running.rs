//! A server that runs: from its listener to the signal that stops it.

use crate::http::{self, Ended};
use crate::mend;
use crate::readiness;
use crate::server::Server;
use anyhow::{Context as _, Result, bail};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How many ports after the wished one are tried in development.
const PORTS_TRIED: u16 = 100;

/// Where to listen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Address {
    /// There or nowhere.
    Fixed(SocketAddr),
    /// There, or at the next port that is free.
    Near(SocketAddr),
}

impl Address {
    /// Listens.
    pub(crate) async fn bind(self) -> Result<TcpListener> {
        let (wished, tries) = match self {
            Self::Fixed(address) => (address, 0),
            Self::Near(address) => (address, PORTS_TRIED),
        };
        let mut address = wished;
        loop {
            match TcpListener::bind(address).await {
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && address.port() < wished.port().saturating_add(tries) =>
                {
                    address.set_port(address.port() + 1);
                }
                outcome => return outcome.map_err(|error| deaf(address, &error)),
            }
        }
    }
}

/// Why nothing can be heard at an address, and what to do.
fn deaf(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let (why, help) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            "the port is taken".to_owned(),
            "stop what listens there, or take another port: --listen 127.0.0.1:0 takes a free one",
        ),
        io::ErrorKind::PermissionDenied => (
            "it needs rights this user has not".to_owned(),
            "take a port of 1024 or above with --listen, or set server.listen",
        ),
        _ => (
            error.to_string(),
            "set server.listen, or give --listen 127.0.0.1:8080",
        ),
    };
    mend::failure(format!("cannot listen on {address}: {why}"), help)
}

/// Serves until a signal stops it; `beside` is done as long as it serves.
pub(crate) async fn run(
    server: Arc<Server>,
    listener: TcpListener,
    beside: impl Future<Output = ()>,
) -> Result<()> {
    let mut signals = Signals::new()?;
    let hangups = hangups(&server)?;
    let (stop, stopped) = watch::channel(false);
    server.health.start();
    let address = listener.local_addr()?;
    let artefact = &*server.edition().hash.clone();
    tracing::info!(%address, artefact, "listening");
    let mut serving = tokio::spawn(http::listen(server.clone(), listener, stopped));
    tokio::select! {
        () = signals.next() => {}
        () = readiness::watch(&server) => {}
        () = tend(&server, hangups, beside) => {}
        ended = &mut serving => bail!("the listener ended: {ended:?}"),
    }
    // Whoever reads the line may rely on what it says.
    server.drain();
    tracing::info!("stopping: requests in flight finish");
    stop.send_replace(true);
    tokio::select! {
        ended = &mut serving => finish(&server, ended?).await,
        () = signals.next() => {
            serving.abort();
            bail!("stopped at once by a second signal");
        }
    }
}

/// The signals that have the files of TLS read again; without TLS they mean what they always do.
fn hangups(server: &Server) -> Result<Option<Signal>> {
    let listen = || signal(SignalKind::hangup()).context("cannot listen for signals");
    server.tls.as_ref().map(|_| listen()).transpose()
}

/// What is looked after as long as the server serves; there is no end to it.
async fn tend(server: &Server, hangups: Option<Signal>, beside: impl Future<Output = ()>) {
    let tls = async {
        if let (Some(tls), Some(hangups)) = (&server.tls, hangups) {
            tls.tend(hangups).await;
        }
    };
    let tenants = async {
        if let Some(tenancy) = &server.tenancy {
            tenancy.tend(server).await;
        }
    };
    let warm = readiness::warm(server);
    tokio::join!(server.doorkeeper.tend(), tls, tenants, warm, beside);
    std::future::pending::<()>().await;
}

async fn finish(server: &Server, ended: Ended) -> Result<()> {
    if let Some(tenancy) = &server.tenancy {
        tenancy.close_all().await;
    }
    server.database.close().await;
    match ended {
        Ended::Finished => tracing::info!("stopped: every request was answered"),
        Ended::OutOfTime => {
            tracing::warn!("stopped: the grace time passed, requests in flight were cut");
        }
    }
    Ok(())
}

/// The signals that stop a server.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens for them from now on.
    pub(crate) fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Waits for one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
