//! Cancel requests that wait until they have been taken.
//!
//! The driver's own hangs up at once, on which PgBouncer throws the request away. Which of its
//! addresses a host answered from the driver does not tell, so all are asked: a server that does
//! not know the key ignores it.

use futures_util::future::join_all;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The port of an address that names none.
const PORT: u16 = 5432;

/// Asks the server to stop what the connection of that token does.
pub(super) async fn cancel(config: &Config, tls: &MakeRustlsConnect, token: &CancelToken) {
    let send = |(host, port): (Host, u16)| async move { to_host(&host, port, tls, token).await };
    join_all(places(config).into_iter().map(send)).await;
}

/// Where the server may be.
pub(super) fn places(config: &Config) -> Vec<(Host, u16)> {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
    let addresses = config.get_hostaddrs().iter();
    let addresses = addresses.map(|address| Host::Tcp(address.to_string()));
    let hosts: Vec<_> = match config.get_hostaddrs() {
        [] => config.get_hosts().to_vec(),
        _ => addresses.collect(),
    };
    let numbered = hosts.into_iter().enumerate();
    numbered.map(|(index, host)| (host, port(index))).collect()
}

async fn to_host(host: &Host, port: u16, tls: &MakeRustlsConnect, token: &CancelToken) {
    let sent = match host {
        Host::Tcp(name) => to_addresses(name, port, tls, token).await,
        Host::Unix(directory) => {
            let socket = directory.join(format!(".s.PGSQL.{port}"));
            match UnixStream::connect(socket).await {
                Ok(stream) => send(stream, "", tls, token).await,
                Err(error) => Err(error),
            }
        }
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "a cancel request did not reach the database");
    }
}

async fn to_addresses(
    name: &str,
    port: u16,
    tls: &MakeRustlsConnect,
    token: &CancelToken,
) -> io::Result<()> {
    let addresses = lookup_host((name, port)).await?;
    let sending = addresses.map(|address| async move {
        send(TcpStream::connect(address).await?, name, tls, token).await
    });
    join_all(sending).await.into_iter().collect()
}

async fn send<S>(
    stream: S,
    name: &str,
    tls: &MakeRustlsConnect,
    token: &CancelToken,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut tls = tls.clone();
    let Ok(tls) = MakeTlsConnect::<Patient<S>>::make_tls_connect(&mut tls, name);
    token
        .cancel_query_raw(Patient(stream), tls)
        .await
        .map_err(io::Error::other)
}

/// A stream that shuts down by waiting for the other side to do so.
struct Patient<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut rest = [0; 64];
            let mut rest = ReadBuf::new(&mut rest);
            ready!(Pin::new(&mut self.0).poll_read(context, &mut rest))?;
            if rest.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
