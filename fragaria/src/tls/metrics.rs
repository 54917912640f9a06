//! What is counted of TLS.

use model::metric::{Counter, EncodeLabelSet, Family, Gauge, Registry, Unit};
use rustls::{CertificateError, Error};
use std::io;

/// How a handshake ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// What follows is encrypted.
    Done,
    /// It took too long.
    Timeout,
    /// There was no place for it in time.
    Busy,
    /// Its address had its share of the places until its time was over.
    Share,
    /// What came was no TLS.
    Plain,
    /// The client went away, or would have none of our certificate.
    Left,
    /// There is no version, cipher or protocol that both know.
    Incompatible,
    /// It breaks the rules of TLS.
    Malformed,
    /// The client has no certificate, and needs one.
    Uncertified,
    /// Its certificate has expired, or is not valid yet.
    Expired,
    /// Its certificate was taken back.
    Revoked,
    /// No list says whether its certificate was taken back.
    Unlisted,
    /// Its certificate is of another authority, for another use, or no good.
    Distrusted,
}

impl Handshake {
    const ALL: [Self; 13] = [
        Self::Done,
        Self::Timeout,
        Self::Busy,
        Self::Share,
        Self::Plain,
        Self::Left,
        Self::Incompatible,
        Self::Malformed,
        Self::Uncertified,
        Self::Expired,
        Self::Revoked,
        Self::Unlisted,
        Self::Distrusted,
    ];

    /// Its name among the outcomes that are counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Timeout => "timeout",
            Self::Busy => "busy",
            Self::Share => "share",
            Self::Plain => "plain",
            Self::Left => "left",
            Self::Incompatible => "incompatible",
            Self::Malformed => "malformed",
            Self::Uncertified => "certificate_missing",
            Self::Expired => "certificate_expired",
            Self::Revoked => "certificate_revoked",
            Self::Unlisted => "certificate_unlisted",
            Self::Distrusted => "certificate_distrusted",
        }
    }
}

impl From<&io::Error> for Handshake {
    fn from(error: &io::Error) -> Self {
        let Some(error) = error.get_ref().and_then(|error| error.downcast_ref()) else {
            return Self::Left;
        };
        match error {
            Error::AlertReceived(_) => Self::Left,
            Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Self::Incompatible,
            Error::NoCertificatesPresented => Self::Uncertified,
            Error::InvalidCertificate(error) => error.into(),
            Error::InvalidCertRevocationList(_) => Self::Unlisted,
            _ => Self::Malformed,
        }
    }
}

impl From<&CertificateError> for Handshake {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Expired,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::Unlisted,
            _ => Self::Distrusted,
        }
    }
}

/// What is counted of TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    handshakes: Family<Outcome, Counter>,
    expires: Gauge,
    reloads: Family<Outcome, Counter>,
    reload_failing: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Metrics {
    /// Declares them; each outcome is shown from the beginning.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("fragaria_tls");
        let metrics = Self::default();
        for handshake in Handshake::ALL {
            let outcome = handshake.name();
            drop(metrics.handshakes.get_or_create(&Outcome { outcome }));
        }
        registry.register(
            "handshakes",
            "Handshakes by how they ended",
            metrics.handshakes.clone(),
        );
        registry.register_with_unit(
            "certificate_expires",
            "When the certificate that is shown expires, since 1970; 0 without TLS",
            Unit::Seconds,
            metrics.expires.clone(),
        );
        for outcome in ["ok", "failed"] {
            drop(metrics.reloads.get_or_create(&Outcome { outcome }));
        }
        registry.register(
            "reloads",
            "Times the files of TLS were read again, by outcome",
            metrics.reloads.clone(),
        );
        registry.register(
            "reload_failing",
            "Whether the files of TLS cannot be used as they are, so that those from before are",
            metrics.reload_failing.clone(),
        );
        metrics
    }

    /// A handshake ended.
    pub(crate) fn handshake(&self, handshake: Handshake) {
        let outcome = handshake.name();
        self.handshakes.get_or_create(&Outcome { outcome }).inc();
    }

    /// A certificate is shown that ends at that second.
    pub(super) fn shows(&self, until: u64) {
        self.expires.set(i64::try_from(until).unwrap_or(i64::MAX));
    }

    /// The files were read again, and are used.
    pub(super) fn renewed(&self) {
        let outcome = "ok";
        self.reloads.get_or_create(&Outcome { outcome }).inc();
        self.reload_failing.set(0);
    }

    /// They were read again, and cannot be used.
    pub(super) fn unrenewed(&self) {
        let outcome = "failed";
        self.reloads.get_or_create(&Outcome { outcome }).inc();
        self.reload_failing.set(1);
    }
}
