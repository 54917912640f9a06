//! The files of TLS, read and judged before anything of them is used.

use crate::config::{ClientCertificates, Tls as Config};
use crate::private;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{Error as Wrong, RootCertStore};
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;

/// The largest file with certificates or a key.
const BYTES_MAX: u64 = 1024 * 1024;
/// The largest file with certificates that were taken back.
const LISTS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why a file cannot be used, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {file} {cause}")]
pub(super) struct Unfit {
    key: &'static str,
    file: String,
    cause: String,
    pub(super) help: String,
}

/// A certificate that fits its key, and until when it is one.
pub(super) struct Identity {
    pub(super) certified: CertifiedKey,
    pub(super) until: u64,
}

impl Unfit {
    fn new(key: &'static str, file: &str, cause: impl Into<String>, help: &str) -> Self {
        Self {
            key,
            file: file.to_owned(),
            cause: cause.into(),
            help: help.to_owned(),
        }
    }

    /// Something is wrong with the certificate as a whole.
    pub(super) fn certificate(config: &Config, why: &str) -> Self {
        let cause = format!("cannot be used: {why}");
        let help = "give a certificate (PEM) of RSA, ECDSA or Ed25519, the server's own first";
        Self::new("tls.certificate", &config.certificate, cause, help)
    }
}

/// The certificate and the key of the server.
pub(super) fn identity(config: &Config, now: SystemTime) -> Result<Identity, Unfit> {
    let chain = certificates("tls.certificate", &config.certificate)?;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut until = Duration::MAX;
    for (index, certificate) in chain.iter().enumerate() {
        let place = ("tls.certificate", &*config.certificate, index + 1);
        until = until.min(end(place, certificate, now)?);
    }
    let key = private_key(config)?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    let certified = certified.map_err(|error| match error {
        Wrong::InconsistentKeys(_) => {
            let cause = format!("is not the key of {}", config.certificate);
            let help = "give the key that the certificate was made for; the first certificate in \
                        its file must be the server's own";
            Unfit::new("tls.key", &config.key, cause, help)
        }
        error => unusable_key(config, &error.to_string()),
    })?;
    let until = until.as_secs();
    Ok(Identity { certified, until })
}

/// When a certificate ends, if that is to come.
fn end(
    (key, file, number): (&'static str, &str, usize),
    certificate: &CertificateDer<'_>,
    now: Duration,
) -> Result<Duration, Unfit> {
    let refused = |cause: String, help| {
        let cause = format!("{cause}: number {number} in it");
        Unfit::new(key, file, cause, help)
    };
    let parsed = Certificate::from_der(certificate).map_err(|error| {
        let cause = format!("cannot be used: {error}");
        refused(cause, "give certificates as PEM, one after the other")
    })?;
    let validity = parsed.tbs_certificate.validity;
    let end = validity.not_after.to_unix_duration();
    if end < now {
        let cause = format!("has expired at {}", validity.not_after);
        return Err(refused(cause, "have it renewed by its authority"));
    }
    if validity.not_before.to_unix_duration() > now {
        let cause = format!("is not valid before {}", validity.not_before);
        return Err(refused(cause, "set the clock of this machine, or wait"));
    }
    Ok(end)
}

/// Who looks at the certificates of clients, if they are asked for one.
pub(super) fn clients(
    config: &Config,
    now: SystemTime,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Unfit> {
    let (key, file) = ("tls.client_ca", &*config.client_ca);
    if file.is_empty() {
        return Ok(None);
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let unusable = |error: &dyn std::error::Error| {
        let cause = format!("cannot be used: {error}");
        Unfit::new(
            key,
            file,
            cause,
            "give the certificates of authorities (PEM)",
        )
    };
    let mut roots = RootCertStore::empty();
    for (index, authority) in certificates(key, file)?.into_iter().enumerate() {
        end((key, file, index + 1), &authority, now)?;
        roots.add(authority).map_err(|error| unusable(&error))?;
    }
    let provider = Arc::new(ring::default_provider());
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if !config.client_crl.is_empty() {
        builder = builder
            .with_crls(taken_back(&config.client_crl, now)?)
            .enforce_revocation_expiration();
    }
    if config.client_certificates == ClientCertificates::Optional {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map(Some).map_err(|error| unusable(&error))
}

/// The lists of a file, of which none is past its next update; there is at least one.
fn taken_back(
    file: &str,
    now: Duration,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Unfit> {
    let unusable = |why: &str| {
        let cause = format!("cannot be used: {why}");
        let help = "give lists of certificates that were taken back (PEM, X509 CRL), as their \
                    authorities sign them";
        Unfit::new("tls.client_crl", file, cause, help)
    };
    let bytes = read("tls.client_crl", (file, LISTS_BYTES_MAX), |_| Ok(None))?;
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    let lists = lists.map_err(|error| unusable(&error.to_string()))?;
    if lists.is_empty() {
        return Err(unusable("there is no list in it"));
    }
    for list in &lists {
        let parsed =
            CertificateList::from_der(list).map_err(|error| unusable(&error.to_string()))?;
        let update = parsed.tbs_cert_list.next_update;
        let update = update.ok_or_else(|| unusable("a list says no next update"))?;
        if update.to_unix_duration() < now {
            let cause = format!("has a list that should have been renewed at {update}");
            let help = "fetch the new list of the authority";
            return Err(Unfit::new("tls.client_crl", file, cause, help));
        }
    }
    Ok(lists)
}

fn private_key(config: &Config) -> Result<PrivateKeyDer<'static>, Unfit> {
    let bytes = read("tls.key", (&config.key, BYTES_MAX), |file| {
        Ok(private::openness(&file.metadata()?, &config.key))
    })?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => unusable_key(config, "there is no private key in it"),
        error => unusable_key(config, &error.to_string()),
    })
}

fn unusable_key(config: &Config, why: &str) -> Unfit {
    let cause = format!("cannot be used: {why}");
    let help = "give a private key (PEM) of RSA with 2048 bits or more, ECDSA or Ed25519, and \
                without a passphrase";
    Unfit::new("tls.key", &config.key, cause, help)
}

/// All certificates of a file; there is at least one.
fn certificates(key: &'static str, file: &str) -> Result<Vec<CertificateDer<'static>>, Unfit> {
    let unusable = |why: &str| {
        let cause = format!("cannot be used: {why}");
        Unfit::new(
            key,
            file,
            cause,
            "give certificates as PEM, one after the other",
        )
    };
    let bytes = read(key, (file, BYTES_MAX), |_| Ok(None))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|error| unusable(&error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("there is no certificate in it"));
    }
    Ok(certificates)
}

/// The bytes of a file, unless it cannot be read, or that look at it says why it is not to be used
/// and what to do.
fn read(
    key: &'static str,
    (name, bytes_max): (&str, u64),
    look: impl FnOnce(&File) -> io::Result<Option<(String, String)>>,
) -> Result<Vec<u8>, Unfit> {
    let unreadable = |error: io::Error| {
        let help = "give a file that the user of the server may read";
        Unfit::new(key, name, format!("cannot be read: {error}"), help)
    };
    let file = File::open(name).map_err(unreadable)?;
    if let Some((cause, help)) = look(&file).map_err(unreadable)? {
        return Err(Unfit::new(key, name, cause, &help));
    }
    let mut bytes = Vec::new();
    let mut limited = file.take(bytes_max + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        let cause = format!("is larger than {bytes_max} bytes");
        return Err(Unfit::new(key, name, cause, "give the right file"));
    }
    Ok(bytes)
}
