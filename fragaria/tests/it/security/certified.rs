//! What is attacked over TLS: two authorities, the files of the server, and clients with certificates.

use super::front::Step;
use crate::client::Client;
use crate::project::Project;
use crate::server::Server;
use crate::tls::authority::{Authority, Issued, described, put};
use rcgen::SerialNumber;
use rustls::ClientConfig;
use rustls::version::TLS13;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// The settings by which the server uses the files.
pub(super) const SETTINGS: [&str; 4] = [
    "tls.certificate=tls.pem",
    "tls.key=tls.key",
    "tls.client_ca=clients.pem",
    "tls.client_crl=clients.crl",
];

/// A certificate of a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    /// The common name in its subject.
    subject: String,
    /// Whether an authority issued it that nobody here trusts.
    #[serde(default)]
    foreign: bool,
    /// Whether its authority took it back.
    #[serde(default)]
    taken_back: bool,
}

/// Who vouches for the server, and the clients there are.
pub(super) struct Certified {
    servers: Authority,
    clients: BTreeMap<String, Issued>,
}

impl Certified {
    /// Writes the files of a server into a project.
    pub(super) fn new(project: &Project, given: &BTreeMap<String, Described>) -> Self {
        let [servers, ours, foreign] = ["servers", "clients", "clients"].map(Authority::new);
        servers.server().install(project);
        put(&project.path("clients.pem"), &ours.pem(), 0o644);
        let (mut clients, mut taken_back) = (BTreeMap::new(), Vec::new());
        for (serial, (name, client)) in (1..).zip(given) {
            let mut params = described(&client.subject, &[]);
            params.serial_number = Some(SerialNumber::from(serial));
            let authority = if client.foreign { &foreign } else { &ours };
            clients.insert(name.clone(), authority.issue(&params));
            taken_back.extend(client.taken_back.then_some(serial));
        }
        let list = ours.taken_back(&taken_back, 4_000);
        put(&project.path("clients.crl"), &list, 0o644);
        Self { servers, clients }
    }

    /// How somebody comes who is let in.
    pub(super) fn known(&self) -> Arc<ClientConfig> {
        self.trust(Some("known"), None)
    }

    /// The connection of a step.
    pub(super) fn connect(&self, server: &Server, step: &Step) -> io::Result<Client> {
        let trust = self.trust(step.certificate.as_deref(), step.offers.as_deref());
        Client::secure(server.address, &trust)
    }

    fn trust(&self, client: Option<&str>, offers: Option<&str>) -> Arc<ClientConfig> {
        let client = client.map(|name| &self.clients[name]);
        let offers: Vec<_> = offers.iter().map(|offered| offered.as_bytes()).collect();
        self.servers.trust_offering(client, &TLS13, &offers)
    }
}
