//! TLS on the port of the server.

use guard::share;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// TLS on the port of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// The certificate of the server (PEM): first its own, then those between it and its authority;
    /// a relative path begins at the project. With it the port speaks TLS 1.2 and 1.3, and nothing
    /// else.
    pub(crate) certificate: String,
    /// The private key of the certificate (PEM), in a file that others on the machine cannot read.
    pub(crate) key: String,
    /// The authorities by whose certificates clients come (PEM); with them a client may show one. Each
    /// of them is trusted for every name.
    pub(crate) client_ca: String,
    /// Whether a client needs a certificate, where there are authorities for them.
    pub(crate) client_certificates: ClientCertificates,
    /// The certificates of clients that their authorities took back (PEM, RFC 5280). With it there must
    /// be a list of each authority in a client's chain, and none may be past its next update.
    pub(crate) client_crl: String,
    /// How long a client may take to shake hands, in milliseconds.
    pub(crate) handshake_timeout_ms: u64,
    /// Handshakes at a time; one more waits for a place until its time is over.
    pub(crate) handshakes_max: usize,
    /// How many of them one address may have, in percent; of IPv6 a /64 is one address. One more waits,
    /// too.
    pub(crate) handshakes_share_percent: u8,
    /// How often the files are looked at, in milliseconds: they are read again when they changed and
    /// look the same twice, and at once on SIGHUP.
    pub(crate) check_interval_ms: u64,
    /// How long a browser may remember that this host speaks TLS only, in seconds; with 0 it forgets.
    /// `fragaria dev` does not say it, for a browser would keep it for all of `localhost`.
    pub(crate) hsts_max_age_seconds: u64,
}

/// Whether a client needs a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientCertificates {
    /// Without one there is no connection.
    #[default]
    Required,
    /// It may come without; a bad one is refused.
    Optional,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: String::new(),
            key: String::new(),
            client_ca: String::new(),
            client_certificates: ClientCertificates::default(),
            client_crl: String::new(),
            handshake_timeout_ms: 10_000,
            handshakes_max: 512,
            handshakes_share_percent: share::PERCENT,
            check_interval_ms: 2_000,
            hsts_max_age_seconds: 365 * 24 * 60 * 60,
        }
    }
}

impl Tls {
    /// Whether the port speaks TLS.
    pub(crate) fn is_on(&self) -> bool {
        !self.certificate.is_empty()
    }

    /// The files it names, which begin at the project.
    pub(crate) fn files(&mut self) -> [&mut String; 4] {
        [
            &mut self.certificate,
            &mut self.key,
            &mut self.client_ca,
            &mut self.client_crl,
        ]
    }

    /// Keys whose values cannot be worked with, and why.
    pub(crate) fn findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = Vec::new();
        if !self.is_on() && *self != Self::default() {
            let message = "is missing, and other keys of `tls` are set: nothing would be encrypted";
            findings.push(("tls.certificate", message.to_owned()));
        }
        if self.is_on() && self.key.is_empty() {
            findings.push((
                "tls.key",
                "is missing: the file with the private key".into(),
            ));
        }
        let is_asking = !self.client_crl.is_empty()
            || self.client_certificates != ClientCertificates::default();
        if is_asking && self.client_ca.is_empty() {
            let message = "is missing, and other keys about certificates of clients are set";
            findings.push(("tls.client_ca", message.to_owned()));
        }
        for (key, value, least) in [
            ("tls.handshake_timeout_ms", self.handshake_timeout_ms, 1),
            ("tls.handshakes_max", self.handshakes_max as u64, 1),
            ("tls.check_interval_ms", self.check_interval_ms, 10),
        ] {
            if value < least {
                findings.push((key, format!("{value} is too small, at least {least}")));
            }
        }
        let share = share::flaw(self.handshakes_share_percent);
        findings.extend(share.map(|why| ("tls.handshakes_share_percent", why)));
        findings
    }

    /// How long a client may take to shake hands.
    pub(crate) fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }

    /// How often the files are looked at.
    pub(crate) fn check_interval(&self) -> Duration {
        Duration::from_millis(self.check_interval_ms)
    }
}
