//! What comes before HTTP on a port that speaks TLS, within its bounds.

use super::listener::refuse;
use super::pulse::{Pulse, Wire};
use crate::tls::{Handshake, Tls};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::server::TlsStream;

/// What the first byte of every handshake is (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// What is told to who speaks plain HTTP.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 39\r\nconnection: close\r\n\r\nthis port speaks TLS: ask by https://.\n";

/// Why there is nothing to serve.
struct Failure {
    handshake: Handshake,
    detail: String,
}

/// The encrypted stream, if client and server come to terms in time.
pub(super) async fn shake(
    tls: &Tls,
    (stream, peer): (TcpStream, IpAddr),
    pulse: &Arc<Pulse>,
) -> Option<TlsStream<Wire>> {
    match begin(tls, (stream, peer), pulse).await {
        Ok(stream) => {
            tls.metrics.handshake(Handshake::Done);
            pulse.begin();
            Some(stream)
        }
        Err(Failure { handshake, detail }) => {
            tls.metrics.handshake(handshake);
            let outcome = handshake.name();
            tracing::info!(outcome, %peer, detail, "a handshake failed");
            None
        }
    }
}

async fn begin(
    tls: &Tls,
    (stream, peer): (TcpStream, IpAddr),
    pulse: &Arc<Pulse>,
) -> Result<TlsStream<Wire>, Failure> {
    let until = Instant::now() + tls.handshake_timeout();
    let mut first = [0];
    match timeout_at(until, stream.peek(&mut first)).await {
        Ok(Ok(0)) => return Err(Handshake::Left.into()),
        Ok(Ok(_)) if first == [HANDSHAKE] => {}
        Ok(Ok(_)) => {
            refuse(&stream, PLAIN);
            return Err(Handshake::Plain.into());
        }
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => return Err(Handshake::Timeout.into()),
    }
    let whose = guard::counted(peer);
    let Some(_portion) = tls.share.seat(&whose).reach(None, 1, until).await else {
        return Err(Handshake::Share.into());
    };
    let Ok(Ok(_place)) = timeout_at(until, tls.places.acquire()).await else {
        return Err(Handshake::Busy.into());
    };
    let handshake = tls.acceptor().accept(Wire::new(stream, pulse.clone()));
    let shaken = timeout_at(until, handshake).await;
    Ok(shaken.map_err(|_| Handshake::Timeout)??)
}

impl From<Handshake> for Failure {
    fn from(handshake: Handshake) -> Self {
        let detail = String::new();
        Self { handshake, detail }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            handshake: Handshake::from(&error),
            detail: error.to_string(),
        }
    }
}
