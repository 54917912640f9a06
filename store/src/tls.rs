//! TLS to a server, by rustls, looking as closely at its certificate as the address says.
//!
//! `sslmode` means what it means to libpq. `disable`: no TLS. `prefer`, the default: TLS when the
//! server offers it, its certificate unseen. `require`: TLS or nothing, but *whose* certificate it
//! is nobody looks at, unless `sslrootcert` is given, which makes it `verify-ca`. `verify-ca`: the
//! chain must end in `sslrootcert`. `verify-full`: and the name must be the host's.

use crate::Error;
use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether to encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Never.
    Disable,
    /// Where the server can.
    Prefer,
    /// Always.
    Require,
}

/// How closely the server's certificate is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    /// Not at all: encrypted, but perhaps to the wrong server.
    Nothing,
    /// Its chain must end in one of the certificates in that file.
    Chain(PathBuf),
    /// And it must be for the host's name.
    Name(PathBuf),
}

/// What `sslmode` and `sslrootcert` of an address say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Security {
    pub(crate) mode: Mode,
    pub(crate) verify: Verify,
}

impl Security {
    /// Reads both, as they stand in the address.
    pub(crate) fn parse(mode: Option<&str>, root: Option<&str>) -> Result<Self, Error> {
        let root = root.map(path).transpose()?;
        let (mode, verify) = security(mode.unwrap_or("prefer"), root)?;
        Ok(Self { mode, verify })
    }

    /// Whether traffic is encrypted, but perhaps to the wrong server.
    pub(crate) fn is_blind(&self) -> bool {
        self.mode == Mode::Require && self.verify == Verify::Nothing
    }
}

fn security(mode: &str, root: Option<PathBuf>) -> Result<(Mode, Verify), Error> {
    Ok(match (mode, root) {
        ("disable", None) => (Mode::Disable, Verify::Nothing),
        ("prefer", None) => (Mode::Prefer, Verify::Nothing),
        ("require", None) => (Mode::Require, Verify::Nothing),
        ("require" | "verify-ca", Some(root)) => (Mode::Require, Verify::Chain(root)),
        ("verify-full", Some(root)) => (Mode::Require, Verify::Name(root)),
        ("verify-ca" | "verify-full", None) => {
            return Err(Error::Address(format!(
                "sslmode={mode} needs sslrootcert=<file>, the certificates to trust"
            )));
        }
        ("disable" | "prefer", Some(_)) => {
            return Err(Error::Address(format!(
                "sslrootcert has no effect with sslmode={mode}; use verify-full"
            )));
        }
        _ => {
            return Err(Error::Address(
                "sslmode is one of disable, prefer, require, verify-ca and verify-full".into(),
            ));
        }
    })
}

fn path(value: &str) -> Result<PathBuf, Error> {
    percent_decode_str(value)
        .decode_utf8()
        .map(|path| PathBuf::from(&*path))
        .map_err(|_| Error::Address("sslrootcert is not valid UTF-8".into()))
}

/// How to speak TLS; the file of trusted certificates is read now.
pub(crate) fn config(verify: &Verify) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        algorithms: provider.signature_verification_algorithms,
        chain: match verify {
            Verify::Nothing => None,
            Verify::Chain(file) | Verify::Name(file) => Some(chain(file, &provider)?),
        },
        name: matches!(verify, Verify::Name(_)),
    };
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    Ok(versions
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn chain(file: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unusable)? {
        roots
            .add(certificate.map_err(unusable)?)
            .map_err(unusable)?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(unusable)
}

fn unusable(error: impl std::fmt::Display) -> Error {
    Error::Address(format!("the certificates of sslrootcert: {error}"))
}

/// Looks at the server's certificate, as far as it is told to.
#[derive(Debug)]
struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// Follows the chain to a trusted certificate and compares the name; `None`: any will do.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Whether a wrong name counts.
    name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        // The name is compared last, so a wrong name means that all before it is in order.
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.name => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
