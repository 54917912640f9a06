//! TLS: what the server shows of itself, anew when its files change, and how many may shake hands.

mod files;
mod looks;
mod metrics;

pub(crate) use metrics::Handshake;

use crate::config::Tls as Config;
use crate::mend;
use anyhow::Result;
use arc_swap::ArcSwap;
use files::{Identity, Unfit};
use guard::share::Share;
use hyper::header::HeaderValue;
use jiff::Timestamp;
use looks::{Looks, Stamps};
use metrics::Metrics;
use model::metric::Registry;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::Signal;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::field::display;

/// What is spoken behind the handshake, the best first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [HTTP_2, b"http/1.1"];
/// HTTP/2, as it is named in a handshake.
pub(crate) const HTTP_2: &[u8] = b"h2";

/// How often the certificate of an open connection is looked at again, besides when files change.
const TRUST_MAX: Duration = Duration::from_secs(60);

/// The port's own end of TLS.
pub(crate) struct Tls {
    shown: ArcSwap<Shown>,
    /// Told when something else is shown.
    renewed: watch::Sender<()>,
    config: Config,
    /// How the files looked before they were read first.
    begun: Stamps,
    /// Places for those who shake hands.
    pub(crate) places: Semaphore,
    /// How many of them one address may have.
    pub(crate) share: Share,
    /// What is counted.
    pub(crate) metrics: Metrics,
}

impl Tls {
    /// Reads the files; nothing, if the port speaks plain HTTP.
    pub(crate) fn open(config: &Config, registry: &mut Registry) -> Result<Option<Self>> {
        let metrics = Metrics::register(registry);
        if !config.is_on() {
            return Ok(None);
        }
        let begun = looks::stamps(config);
        let shown = show(config).map_err(|unfit| {
            let what = unfit.to_string();
            mend::failure(what, unfit.help)
        })?;
        metrics.shows(shown.until);
        Ok(Some(Self {
            shown: ArcSwap::from_pointee(shown),
            renewed: watch::Sender::new(()),
            begun,
            config: config.clone(),
            share: Share::of(config.handshakes_max, config.handshakes_share_percent, 1),
            places: Semaphore::new(config.handshakes_max.min(Semaphore::MAX_PERMITS)),
            metrics,
        }))
    }

    /// Shakes hands as the files say.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.shown.load().config.clone().into()
    }

    /// How long a client may take to shake hands.
    pub(crate) fn handshake_timeout(&self) -> Duration {
        self.config.handshake_timeout()
    }

    /// What has browsers come by TLS the next time, too (RFC 6797).
    pub(crate) fn strict_transport(&self) -> HeaderValue {
        let value = format!("max-age={}", self.config.hsts_max_age_seconds);
        HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("max-age=0"))
    }

    /// Waits until a client's certificates, its own first, would open no connection any more: they have
    /// expired, were taken back, or their authority was.
    pub(crate) async fn distrusts(&self, certificates: &[CertificateDer<'static>]) {
        let mut renewed = self.renewed.subscribe();
        while self.trusts(certificates) {
            let _ = timeout(TRUST_MAX, renewed.changed()).await;
        }
    }

    fn trusts(&self, certificates: &[CertificateDer<'static>]) -> bool {
        let shown = self.shown.load();
        let Some((own, others)) = certificates.split_first() else {
            return true;
        };
        let looked = shown.clients.as_ref().map(|clients| {
            let outcome = clients.verify_client_cert(own, others, UnixTime::now());
            outcome.is_ok()
        });
        looked.unwrap_or(true)
    }

    /// Reads the files again when they change, and at each of these signals, for as long as it is
    /// polled. Connections go on as they began, but for those of clients that are trusted no more.
    pub(crate) async fn tend(&self, mut hangups: Signal) {
        let mut looks = Looks::new(self.begun.clone());
        let mut tick = interval(self.config.check_interval());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_told = tokio::select! {
                Some(()) = hangups.recv() => true,
                _ = tick.tick() => false,
            };
            let config = self.config.clone();
            let stamps = spawn_blocking(move || looks::stamps(&config)).await;
            if stamps.is_ok_and(|stamps| looks.are_due(stamps, is_told)) {
                self.renew(&mut looks, is_told).await;
            }
        }
    }

    /// Shows what is in the files now, if it can be used; else goes on with what was.
    async fn renew(&self, looks: &mut Looks, is_told: bool) {
        let config = self.config.clone();
        let why = match spawn_blocking(move || show(&config)).await {
            Ok(Ok(shown)) => {
                let until = shown.until;
                self.shown.store(Arc::new(shown));
                self.renewed.send_replace(());
                self.metrics.shows(until);
                self.metrics.renewed();
                looks.are_fit();
                let expires = i64::try_from(until).map(Timestamp::from_second);
                let expires = expires.ok().and_then(Result::ok).map(display);
                tracing::info!(expires, "the files of TLS were read again and are used");
                return;
            }
            Ok(Err(unfit)) => format!("{unfit}: {}", unfit.help),
            Err(error) => error.to_string(),
        };
        if looks.are_unfit(why.clone()) || is_told {
            self.metrics.unrenewed();
            tracing::error!(
                detail = why,
                "the files of TLS cannot be used: those from before are used on"
            );
        }
    }
}

/// What is made of the files.
struct Shown {
    config: Arc<ServerConfig>,
    /// The second at which the first certificate ends.
    until: u64,
    /// Who looks at the certificates of clients.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// What the files as they are now make.
fn show(config: &Config) -> Result<Shown, Unfit> {
    let now = SystemTime::now();
    let Identity { certified, until } = files::identity(config, now)?;
    let clients = files::clients(config, now)?;
    let nobody = WebPkiClientVerifier::no_client_auth;
    let provider = Arc::new(ring::default_provider());
    let mut shown = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| Unfit::certificate(config, &error.to_string()))?
        .with_client_cert_verifier(clients.clone().unwrap_or_else(nobody))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    shown.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    if clients.is_some() {
        // Whoever comes again shows its certificate again, for it may have been taken back.
        shown.session_storage = Arc::new(NoServerSessionStorage {});
        shown.send_tls13_tickets = 0;
    }
    Ok(Shown {
        config: Arc::new(shown),
        until,
        clients,
    })
}
