//! The listener: takes connections within their bounds, and lets them finish when it stops.

use super::caller::Peer;
use super::handshake::shake;
use super::pulse::{Pulse, Verdict, Wire};
use crate::config::Server as Config;
use crate::server::Server;
use crate::tls::HTTP_2;
use futures_util::FutureExt as _;
use guard::share::Share;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use model::metric::{Counter, Gauge, Registry};
use rustls::pki_types::CertificateDer;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

/// What a connection above the bound is told.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// How long a quiet HTTP/1.1 connection stays open after the stop signal. A request that its
/// client sent before it could know is answered, and told that the connection closes.
const LINGER: Duration = Duration::from_millis(500);

/// Bytes of a request body that an HTTP/2 client may send before they are asked for.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all requests on a connection.
const CONNECTION_WINDOW: u32 = 128 * 1024;

/// Bytes that the kernel takes in for a client that takes none. It would take megabytes, and be ready
/// for more only when a third of them is gone: a client that is slow would seem to take nothing.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 * 1024;

/// Connections, counted.
pub(crate) struct Connections {
    open: Gauge,
    refused: Counter,
    share_refused: Counter,
    cut: Counter,
    share: Share,
}

impl Connections {
    /// Declares the metrics.
    pub(crate) fn new(config: &Config, registry: &mut Registry) -> Self {
        let connections = Self {
            open: Gauge::default(),
            refused: Counter::default(),
            share_refused: Counter::default(),
            cut: Counter::default(),
            share: Share::of(config.connections_max, config.connections_share_percent, 1),
        };
        registry.register(
            "fragaria_http_connections",
            "Connections open now",
            connections.open.clone(),
        );
        registry.register(
            "fragaria_http_connections_refused",
            "Connections refused because connections_max were open",
            connections.refused.clone(),
        );
        registry.register(
            "fragaria_http_connections_share_refused",
            "Connections refused because their address had its share of connections_max",
            connections.share_refused.clone(),
        );
        registry.register(
            "fragaria_http_connections_cut",
            "Connections cut because their client was too slow",
            connections.cut.clone(),
        );
        connections
    }
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every request in flight was answered.
    Finished,
    /// The grace time passed before that.
    OutOfTime,
}

/// Serves connections until told to stop, then lets those in use finish within the grace time.
pub(crate) async fn listen(
    server: Arc<Server>,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) -> Ended {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => take(&server, accepted, &stop, &mut connections),
                Err(error) => pause(&error).await,
            },
            Some(_) = connections.join_next() => {}
            () = stopped(&mut stop) => break,
        }
    }
    // Whoever is in the queue of the kernel got through before the end.
    while let Some(Ok(accepted)) = listener.accept().now_or_never() {
        take(&server, accepted, &stop, &mut connections);
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    match timeout(server.config.server.shutdown_grace(), finish).await {
        Ok(()) => Ended::Finished,
        Err(_) => Ended::OutOfTime,
    }
}

/// Waits for the word to stop; who could give it no more has given it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// Out of file descriptors, most likely: waiting gives connections time to end.
async fn pause(error: &io::Error) {
    tracing::warn!(detail = %error, "cannot accept a connection");
    sleep(Duration::from_millis(50)).await;
}

fn take(
    server: &Arc<Server>,
    (stream, peer): (TcpStream, SocketAddr),
    stop: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let room = connections.len() < server.config.server.connections_max;
    let portion = room.then(|| server.connections.share.take(&guard::counted(peer.ip())));
    let Some(Some(portion)) = portion else {
        let counted = &server.connections;
        let refused = [&counted.refused, &counted.share_refused][usize::from(room)];
        refused.inc();
        // In the open there is nothing to say to who expects TLS.
        refuse(&stream, if server.tls.is_some() { b"" } else { REFUSAL });
        return;
    };
    let work = serve(server.clone(), (stream, peer.ip()), stop.clone());
    connections.spawn(async move {
        work.await;
        drop(portion);
    });
}

/// Tells it in one write, as far as the socket takes it, and keeps nothing.
pub(super) fn refuse(stream: &TcpStream, answer: &[u8]) {
    let _ = stream.try_write(answer);
    // Unread bytes would turn the close into a reset that overtakes the answer.
    let _ = stream.try_read(&mut [0; 16 * 1024]);
}

/// Serves one connection to its end.
async fn serve(
    server: Arc<Server>,
    (stream, peer): (TcpStream, IpAddr),
    mut stop: watch::Receiver<bool>,
) {
    let _open = Open::new(&server.connections.open);
    suit(&stream);
    let pulse = Pulse::new();
    let Some(tls) = &server.tls else {
        let wire = Wire::new(stream, pulse.clone());
        let end = End::of(peer);
        return converse(&server, (wire, None), (end, pulse), stop).await;
    };
    let shaken = tokio::select! {
        shaken = shake(tls, (stream, peer), &pulse) => shaken,
        () = lingered(&mut stop) => None,
    };
    if let Some(stream) = shaken {
        let agreed = stream.get_ref().1;
        let protocol = agreed.alpn_protocol().map(<[u8]>::to_vec);
        let certificates = agreed.peer_certificates().unwrap_or_default().to_vec();
        let own = certificates.first();
        let end = End {
            peer: Arc::new(Peer::new(
                peer,
                own.and_then(|own| server.doorkeeper.recognise(own)),
            )),
            certificates,
        };
        converse(&server, (stream, protocol), (end, pulse), stop).await;
    }
}

/// Makes a connection tell soon what its client takes. One that cannot be set so is served as it is.
fn suit(stream: &TcpStream) {
    let set = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let set = set.and(socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT));
    if let Err(error) = set {
        tracing::debug!(%error, "a connection is served without what makes it tell soon what is taken");
    }
}

/// The other end of a connection, and the certificates that it came with.
struct End {
    peer: Arc<Peer>,
    certificates: Vec<CertificateDer<'static>>,
}

impl End {
    fn of(address: IpAddr) -> Self {
        Self {
            peer: Arc::new(Peer::new(address, None)),
            certificates: Vec::new(),
        }
    }

    /// Waits until the server would shake hands with it no more.
    async fn distrusted(&self, server: &Server) {
        match &server.tls {
            Some(tls) if !self.certificates.is_empty() => tls.distrusts(&self.certificates).await,
            _ => std::future::pending().await,
        }
    }
}

/// Waits for the word to stop, and for as long as a quiet connection stays open after it.
async fn lingered(stop: &mut watch::Receiver<bool>) {
    stopped(stop).await;
    sleep(LINGER).await;
}

/// Speaks HTTP on a stream, in the protocol that was agreed upon or else the one that comes.
async fn converse(
    server: &Arc<Server>,
    (stream, protocol): (
        impl AsyncRead + AsyncWrite + Unpin + 'static,
        Option<Vec<u8>>,
    ),
    (end, pulse): (End, Arc<Pulse>),
    mut stop: watch::Receiver<bool>,
) {
    let config = &server.config.server;
    let mut watchman = Watchman::new(pulse.clone());
    let service = service_fn(|request| {
        super::respond(server.clone(), pulse.clone(), end.peer.clone(), request)
    });
    let mut distrusted = pin!(end.distrusted(server));
    let builder = builder(config, protocol.as_deref());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut tick = tick(config);
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stopped(&mut stop), if watchman.stopped.is_none() => {
                watchman.stopped = Some(Instant::now());
                tick.reset_immediately();
            }
            () = distrusted.as_mut(), if !watchman.is_distrusted => {
                watchman.is_distrusted = true;
                tick.reset_immediately();
            }
            _ = tick.tick() => match watchman.verdict(config) {
                Verdict::Keep => {}
                Verdict::Close => connection.as_mut().graceful_shutdown(),
                Verdict::Abort => {
                    watchman.pulse.cut();
                    server.connections.cut.inc();
                    return;
                }
            },
        }
    }
}

/// Looks after one connection.
struct Watchman {
    pulse: Arc<Pulse>,
    /// When the server was told to stop.
    stopped: Option<Instant>,
    /// Whether its client's certificate is good no more.
    is_distrusted: bool,
    /// When the connection was told to close.
    closed: Option<Instant>,
}

impl Watchman {
    fn new(pulse: Arc<Pulse>) -> Self {
        Self {
            pulse,
            stopped: None,
            is_distrusted: false,
            closed: None,
        }
    }

    /// What the pulse says, and the stop signal: a quiet connection lingers, then closes; one that
    /// will not close is cut.
    fn verdict(&mut self, config: &Config) -> Verdict {
        let lingered = self.stopped.is_some_and(|since| {
            self.pulse.is_multiplexed() || (self.pulse.is_quiet() && since.elapsed() >= LINGER)
        });
        match self.pulse.verdict(config) {
            Verdict::Abort => Verdict::Abort,
            Verdict::Keep if !lingered && !self.is_distrusted => Verdict::Keep,
            Verdict::Keep | Verdict::Close => {
                let since = self.closed.get_or_insert_with(Instant::now).elapsed();
                if self.pulse.is_quiet() && since > config.stall_timeout() {
                    Verdict::Abort
                } else {
                    Verdict::Close
                }
            }
        }
    }
}

/// A connection, counted as long as it is open.
struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn builder(config: &Config, protocol: Option<&[u8]>) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    // What was agreed upon is what is spoken: one protocol is not to be read as the other.
    let mut builder = match protocol {
        Some(HTTP_2) => builder.http2_only(),
        Some(_) => builder.http1_only(),
        None => builder,
    };
    let header_bytes_max = usize::try_from(config.header_bytes_max).unwrap_or(usize::MAX);
    builder
        .http1()
        .timer(TokioTimer::new())
        // The pulse times heads, for this timer would also end connections that rest.
        .header_read_timeout(None)
        .max_buf_size(header_bytes_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(config.header_bytes_max)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(config.streams_max);
    builder
}

/// Often enough for the shortest bound, and seldom enough to cost nothing.
fn tick(config: &Config) -> Interval {
    let bounds = [
        config.header_timeout(),
        config.idle_timeout(),
        config.stall_timeout(),
    ];
    let shortest = bounds.into_iter().min().unwrap_or(LINGER) / 4;
    let mut tick = interval(shortest.clamp(Duration::from_millis(10), LINGER));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}
