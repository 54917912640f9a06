//! The Redis that the limits are shared through: one that was given, or one of our own that can be
//! killed; and a way to it that can be cut.

use crate::mend;
use anyhow::{Context as _, Result, bail};
use std::io;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// The servers there are.
pub(super) struct Servers {
    given: Option<String>,
    own: Option<Own>,
}

/// A server of our own; it ends with us.
struct Own {
    process: Child,
    port: u16,
}

/// A way to a server.
pub(super) struct Proxy {
    cut: watch::Sender<bool>,
    work: JoinHandle<()>,
}

impl Servers {
    /// None of our own yet.
    pub(super) fn new(given: Option<&str>) -> Self {
        Self {
            given: given.map(str::to_owned),
            own: None,
        }
    }

    /// A way to the server that was given, or to one of our own, which alone can be killed; and the
    /// address by which it is gone.
    pub(super) async fn way(&mut self, killed: bool) -> Result<(Proxy, String)> {
        if let Some(given) = self.given.clone().filter(|_| !killed) {
            let target = Target::of(&given)?;
            let (proxy, port) = Proxy::open((target.host, target.port)).await?;
            return Ok((
                proxy,
                format!("{}127.0.0.1:{port}{}", target.before, target.behind),
            ));
        }
        if self.own.is_none() {
            self.own = Some(Own::start().await?);
        }
        let own = self.own.as_ref().context("there is a Redis")?;
        let (proxy, port) = Proxy::open(("127.0.0.1".to_owned(), own.port)).await?;
        Ok((proxy, format!("redis://127.0.0.1:{port}/0")))
    }

    /// Kills our own.
    pub(super) fn kill(&mut self) -> Result<()> {
        let own = self.own.as_mut().context("there is a Redis of our own")?;
        own.process.kill()?;
        own.process.wait()?;
        Ok(())
    }

    /// Starts our own again, with nothing that it knew.
    pub(super) async fn start_again(&mut self) -> Result<()> {
        let own = self.own.as_mut().context("there was a Redis of our own")?;
        own.process = launch(own.port)?;
        own.listens().await
    }
}

impl Own {
    async fn start() -> Result<Self> {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = free.local_addr()?.port();
        drop(free);
        let mut own = Self {
            process: launch(port)?,
            port,
        };
        own.listens().await?;
        Ok(own)
    }

    async fn listens(&mut self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
            .await
            .is_err()
        {
            if let Some(status) = self.process.try_wait()? {
                bail!("redis-server ended at once: {status}");
            }
            if began.elapsed() > START {
                bail!("redis-server does not listen");
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // One that has ended already is no failure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Redis that writes nothing down, on loopback.
fn launch(port: u16) -> Result<Child> {
    let launched = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string()])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    launched.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => mend::failure(
            "there is no redis-server on the search path",
            "install it, as by `apt-get install redis-server`, or name a Redis by --redis; the \
             scenario `restart` always needs one of its own",
        ),
        _ => anyhow::Error::new(error).context("redis-server cannot be started"),
    })
}

/// An address, and where the server is in it.
struct Target {
    before: String,
    host: String,
    port: u16,
    behind: String,
}

impl Target {
    fn of(url: &str) -> Result<Self> {
        let help = "give redis://host:6379/0; TLS ends where the way to Redis can be cut";
        let unclear = || mend::failure("--redis: it is no address of a Redis without TLS", help);
        let rest = url.strip_prefix("redis://").ok_or_else(unclear)?;
        let (account, rest) = match rest.rsplit_once('@') {
            Some((account, rest)) => (format!("{account}@"), rest),
            None => (String::new(), rest),
        };
        let place = rest.find('/').unwrap_or(rest.len());
        let (server, behind) = rest.split_at_checked(place).ok_or_else(unclear)?;
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| unclear())?),
            None => (server, 6379),
        };
        Ok(Self {
            before: format!("redis://{account}"),
            host: host.to_owned(),
            port,
            behind: behind.to_owned(),
        })
    }
}

impl Proxy {
    /// A way to a server, at a port of its own.
    async fn open(target: (String, u16)) -> Result<(Self, u16)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (cut, _) = watch::channel(false);
        let work = tokio::spawn(accept(listener, target, cut.subscribe()));
        Ok((Self { cut, work }, port))
    }

    /// Nothing comes through any more, in either direction, or everything does.
    pub(super) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn accept(listener: TcpListener, target: (String, u16), cut: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        let (target, mut cut) = (target.clone(), cut.clone());
        tokio::spawn(async move {
            // Who is not let through waits, as behind a broken network.
            let whole = cut.wait_for(|cut| !cut).await.is_ok();
            if let (true, Ok(server)) = (whole, TcpStream::connect(target).await) {
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (from, to) = (client.into_split(), server.into_split());
                tokio::select! {
                    () = pass(from.0, to.1, cut.clone()) => {}
                    () = pass(to.0, from.1, cut) => {}
                }
            }
        });
    }
}

/// Passes bytes on, as long as the way is not cut; it ends with either side.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut cut: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let Some(read) = bytes.get(..count) else {
            return;
        };
        if cut.wait_for(|cut| !cut).await.is_err() || to.write_all(read).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_found_in_an_address() {
        for (url, expected) in [
            ("redis://a:1/2", ("redis://", "a", 1, "/2")),
            ("redis://a", ("redis://", "a", 6379, "")),
            ("redis://me:b@a/0", ("redis://me:b@", "a", 6379, "/0")),
        ] {
            let target = Target::of(url).unwrap();
            let found = (&*target.before, &*target.host, target.port, &*target.behind);
            assert_eq!(found, expected);
        }
        assert!(Target::of("rediss://a").is_err());
        assert!(Target::of("redis://a:b").is_err());
    }

    #[tokio::test]
    async fn nothing_comes_through_a_way_that_is_cut() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = listener.local_addr().unwrap().port();
        let (proxy, port) = Proxy::open(("127.0.0.1".to_owned(), server)).await.unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let (mut other, _) = listener.accept().await.unwrap();
        proxy.cut(true);
        client.write_all(b"a").await.unwrap();
        other.write_all(b"b").await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(50), other.read_u8()).await;
        assert!(silent.is_err());
        proxy.cut(false);
        assert_eq!(other.read_u8().await.unwrap(), b'a');
        assert_eq!(client.read_u8().await.unwrap(), b'b');
    }
}
