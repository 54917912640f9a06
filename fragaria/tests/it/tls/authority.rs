//! An authority of the tests' own, whose certificates are made as they are needed.

use crate::project::Project;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// An authority.
pub(crate) struct Authority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    own: rcgen::Certificate,
}

/// A certificate and its key.
pub(crate) struct Issued {
    pub(super) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self { issuer, own }
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> String {
        self.own.pem()
    }

    /// A certificate as it is described.
    pub(crate) fn issue(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A certificate of a server on this machine, which is `api.example` too.
    pub(crate) fn server(&self) -> Issued {
        self.issue(&params())
    }

    /// A client that trusts it, and offers these protocols.
    pub(super) fn trust(&self, protocols: &[&[u8]]) -> Arc<ClientConfig> {
        self.trust_by(protocols, rustls::ALL_VERSIONS)
    }

    /// The same, in these versions of TLS.
    pub(super) fn trust_by(
        &self,
        protocols: &[&[u8]],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        offering(config, protocols)
    }

    /// A list of its certificates that are taken back, by their serial numbers.
    pub(crate) fn taken_back(&self, serials: &[u64], next_year: i32) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(next_year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// A client that trusts it, in one version of TLS, and may come with a certificate.
    pub(super) fn trust_with(
        &self,
        client: Option<&Issued>,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ClientConfig> {
        self.trust_offering(client, version, &[])
    }

    /// The same, offering these protocols.
    pub(crate) fn trust_offering(
        &self,
        client: Option<&Issued>,
        version: &'static SupportedProtocolVersion,
        protocols: &[&[u8]],
    ) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots());
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes()).unwrap();
                let chain = vec![client.certificate.clone()];
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        offering(config, protocols)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.own.der().clone()).unwrap();
        roots
    }
}

fn offering(mut config: ClientConfig, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// What a certificate of a client says.
pub(crate) fn described(subject: &str, uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Shop");
    params.distinguished_name.push(DnType::CommonName, subject);
    let uri = |uri: &&str| SanType::URI((*uri).try_into().unwrap());
    params.subject_alt_names = uris.iter().map(uri).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// What a certificate of a server on this machine says.
pub(super) fn params() -> CertificateParams {
    let names = ["localhost", "api.example", "127.0.0.1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

impl Issued {
    /// A certificate that nobody vouches for.
    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key: key.serialize_pem(),
        }
    }

    /// Puts both files into a project, each in one step, as `tls.pem` and `tls.key`.
    pub(crate) fn install(&self, project: &Project) {
        put(&project.path("tls.pem"), &self.pem, 0o644);
        put(&project.path("tls.key"), &self.key, 0o600);
    }
}

/// Writes a file in one step.
pub(crate) fn put(path: &Path, text: &str, mode: u32) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(&new, path).unwrap();
}
