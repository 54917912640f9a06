//! Certificates of clients: which open a connection, and whose they are.

use super::authority::{Authority, Issued, described, put};
use super::files::{assert_told, refused};
use super::{ANSWER, FILES, JSON, QUERY, handshakes};
use crate::client::Client;
use crate::project::Project;
use crate::server::Server;
use crate::who::ruled;
use rcgen::{ExtendedKeyUsagePurpose, SanType, SerialNumber, date_time_ymd};
use rustls::version::{TLS12, TLS13};
use std::time::Instant;

const CA: &str = "tls.client_ca=clients.pem";
const CRL: &str = "tls.client_crl=clients.crl";
const OPTIONAL: &str = "tls.client_certificates=optional";
const PUBLIC: &str = "auth.anonymous_role=public";

/// Callers, each known in another way.
const NAMED: &str = "auth.certificates=[
    { subject = 'CN=orders,O=Shop', roles = ['clerk'], tenant = 'north', claims = { a = [1, { b = true }] } },
    { san = 'spiffe://shop.example/stock', roles = ['clerk'] },
    { san = 'Stock.shop.example', roles = ['clerk'] },
    { subject = 'CN=both,O=Shop', san = 'spiffe://shop.example/both', roles = ['clerk'] },
    { subject = 'CN=nothing,O=Shop' }]";

/// Two authorities, of which one vouches for the server and the other for its clients.
struct Stage {
    servers: Authority,
    clients: Authority,
    project: Project,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            servers: Authority::new("servers"),
            clients: Authority::new("clients"),
            project: ruled(),
        };
        stage.servers.server().install(&stage.project);
        put(
            &stage.project.path("clients.pem"),
            &stage.clients.pem(),
            0o644,
        );
        stage
    }

    /// A client of those authorities.
    fn issue(&self, subject: &str, uris: &[&str]) -> Issued {
        self.clients.issue(&described(subject, uris))
    }

    /// A server that is spoken to by that client.
    fn serve(&self, settings: &[&str], client: &Issued) -> Server {
        let server = self.project.serve(&[&FILES[..], &[CA], settings].concat());
        server
            .trusted(&self.servers.trust_with(Some(client), &TLS13))
            .ready()
    }

    /// How a client fares, the same in both versions: its status and code; 0 if it is not let in.
    fn fares(&self, server: &Server, client: Option<&Issued>) -> (u16, String) {
        self.fares_with(server, client, &[])
    }

    fn fares_with(
        &self,
        server: &Server,
        client: Option<&Issued>,
        headers: &[&str],
    ) -> (u16, String) {
        let asked = |version| {
            let trust = self.servers.trust_with(client, version);
            let mut client = Client::secure(server.address, &trust).ok()?;
            let headers = [&[JSON], headers].concat();
            client.request("POST /graphql", &headers, QUERY).ok()?;
            let answer = client.response().ok()?;
            Some((answer.status, answer.code()))
        };
        let [old, new] = [&TLS12, &TLS13].map(|version| asked(version).unwrap_or_default());
        assert_eq!(old, new);
        old
    }

    /// Takes certificates back.
    fn take_back(&self, authority: &Authority, serials: &[u64], next_year: i32) {
        let list = authority.taken_back(serials, next_year);
        put(&self.project.path("clients.crl"), &list, 0o644);
    }
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn coded(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn kept_out() -> (u16, String) {
    coded(0, "")
}

#[test]
fn a_caller_is_known_by_its_certificate() {
    let stage = Stage::new();
    let orders = stage.issue("orders", &[]);
    let server = stage.serve(&[NAMED], &orders);
    let stock = stage.issue("anything", &["spiffe://shop.example/stock"]);
    let mut host = described("anything", &[]);
    let name = "stock.SHOP.example".try_into().unwrap();
    host.subject_alt_names = vec![SanType::DnsName(name)];
    let host = stage.clients.issue(&host);
    let both = stage.issue("both", &["spiffe://shop.example/both"]);
    for known in [&orders, &stock, &host, &both] {
        assert_eq!(stage.fares(&server, Some(known)), good());
    }
    // A caller without roles sees nothing of a product.
    let nothing = stage.issue("nothing", &[]);
    let unseen = coded(200, "engine.invalid");
    assert_eq!(stage.fares(&server, Some(&nothing)), unseen);
    for (subject, uris) in [
        ("Orders", &[][..]),
        ("anything", &["spiffe://shop.example/stock/"]),
        ("both", &[]),
        ("anything", &["spiffe://shop.example/both"]),
        // That of two callers is that of none.
        ("orders", &["spiffe://shop.example/stock"]),
    ] {
        let unknown = stage.issue(subject, uris);
        let refused = coded(401, "auth.certificate");
        assert_eq!(
            stage.fares(&server, Some(&unknown)),
            refused,
            "{subject} {uris:?}"
        );
    }
    let line = server.logged("the caller is not known");
    assert!(
        line["detail"]
            .as_str()
            .unwrap()
            .contains("CN=Orders,O=Shop")
    );
    let token = ["authorization: Bearer abc"];
    let ambiguous = coded(400, "auth.ambiguous");
    assert_eq!(stage.fares_with(&server, Some(&orders), &token), ambiguous);
    let counted = |outcome: &str| {
        server.metric(&format!(
            "fragaria_guard_callers_total{{outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!(counted("certificate"), 10);
    assert_eq!(counted("certificate_unnamed"), 8);
    assert_eq!(counted("certificate_several"), 2);
}

#[test]
fn a_certificate_leads_to_the_database_of_its_tenant() {
    let stage = Stage::new();
    let north = stage.project.path("north.db");
    std::fs::copy(stage.project.path("shop.db"), &north).unwrap();
    let north = rusqlite::Connection::open(north).unwrap();
    let change = "UPDATE product SET name = 'of the north' WHERE id = 1";
    north.execute_batch(change).unwrap();
    let places = "tenancy.tenants=[{ name = 'north', url = 'sqlite:north.db' }]";
    let orders = stage.issue("orders", &[]);
    let stock = stage.issue("stock", &["spiffe://shop.example/stock"]);
    let server = stage.serve(&[NAMED, "tenancy.by=database", places], &orders);
    let answer = server.ask("POST /graphql", &[JSON], QUERY).json();
    assert_eq!(answer["data"]["product"]["name"], "of the north");
    // A caller that is known, and has no tenant.
    let refused = coded(403, "access.tenant");
    assert_eq!(stage.fares(&server, Some(&stock)), refused);
}

#[test]
fn what_is_no_certificate_of_a_client_is_refused_in_the_handshake() {
    let stage = Stage::new();
    let orders = stage.issue("orders", &[]);
    let server = stage.serve(&[NAMED], &orders);
    let mut expired = described("orders", &[]);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let mut early = described("orders", &[]);
    early.not_before = date_time_ymd(4000, 1, 1);
    let mut of_server = described("orders", &[]);
    of_server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let [expired, early, of_server] =
        [expired, early, of_server].map(|params| stage.clients.issue(&params));
    // Another authority of the same name.
    let forged = Authority::new("clients").issue(&described("orders", &[]));
    let own = Issued::self_signed(&described("orders", &[]));
    for (client, outcome, count) in [
        (None, "certificate_missing", 2),
        (Some(&expired), "certificate_expired", 2),
        (Some(&early), "certificate_expired", 4),
        (Some(&of_server), "certificate_distrusted", 2),
        (Some(&forged), "certificate_distrusted", 4),
        (Some(&own), "certificate_distrusted", 6),
    ] {
        assert_eq!(stage.fares(&server, client), kept_out(), "{outcome}");
        assert_eq!(handshakes(&server, outcome), count, "{outcome}");
    }
    assert_eq!(stage.fares(&server, Some(&orders)), good());
}

#[test]
fn a_certificate_may_be_left_out_where_it_is_optional() {
    let stage = Stage::new();
    let orders = stage.issue("orders", &[]);
    let unknown = stage.issue("unknown", &[]);
    let forged = Authority::new("clients").issue(&described("orders", &[]));
    let server = stage.serve(&[OPTIONAL, NAMED, PUBLIC], &orders);
    assert_eq!(stage.fares(&server, None), good());
    assert_eq!(stage.fares(&server, Some(&orders)), good());
    // Who comes with a certificate is never anonymous.
    let refused = coded(401, "auth.certificate");
    assert_eq!(stage.fares(&server, Some(&unknown)), refused);
    assert_eq!(stage.fares(&server, Some(&forged)), kept_out());
    drop(server);
    let server = stage.serve(&[OPTIONAL, NAMED], &orders);
    let missing = coded(401, "auth.required");
    assert_eq!(stage.fares(&server, None), missing);
    drop(server);
    // Where no caller is known by one, a certificate opens the connection and says no more.
    let server = stage.serve(&[PUBLIC], &unknown);
    assert_eq!(stage.fares(&server, Some(&unknown)), good());
    assert_eq!(stage.fares(&server, None), kept_out());
}

#[test]
fn a_certificate_that_is_taken_back_opens_nothing_and_keeps_nothing_open() {
    let stage = Stage::new();
    let [orders, stock] = [(1, "orders"), (2, "stock")].map(|(serial, subject)| {
        let mut params = described(subject, &["spiffe://shop.example/stock"][..serial - 1]);
        params.serial_number = Some(SerialNumber::from(serial as u64));
        stage.clients.issue(&params)
    });
    stage.take_back(&stage.clients, &[7], 4000);
    let server = stage.serve(&[CRL, NAMED], &stock);
    assert_eq!(stage.fares(&server, Some(&orders)), good());
    let [mut revoked, mut other] = [&orders, &stock].map(|client| {
        let trust = stage.servers.trust_with(Some(client), &TLS13);
        Client::secure(server.address, &trust).unwrap()
    });
    let ask = |client: &mut Client| {
        client.request("POST /graphql", &[JSON], QUERY).unwrap();
        assert_eq!(client.response().unwrap().body, ANSWER);
    };
    ask(&mut revoked);
    ask(&mut other);
    stage.take_back(&stage.clients, &[7, 1], 4000);
    server.signal("HUP");
    server.logged("the files of TLS were read again and are used");
    let begun = Instant::now();
    assert!(revoked.is_closed());
    assert!(begun.elapsed().as_secs() < 5, "it stays open for long");
    ask(&mut other);
    assert_eq!(stage.fares(&server, Some(&orders)), kept_out());
    assert_eq!(handshakes(&server, "certificate_revoked"), 2);
    // A list of somebody else says nothing of the authority's certificates.
    let good = server.client();
    stage.take_back(&stage.servers, &[7], 4000);
    server.signal("HUP");
    server.logged("the files of TLS were read again and are used");
    assert_eq!(stage.fares(&server, Some(&stock)), kept_out());
    drop(good);
    stage.take_back(&stage.clients, &[7], 4000);
    server.signal("HUP");
    server.logged("the files of TLS were read again and are used");
    assert_eq!(handshakes(&server, "certificate_unlisted"), 2);
}

#[test]
fn who_develops_has_one_credential_too() {
    let stage = Stage::new();
    let orders = stage.issue("orders", &[]);
    let settings = [&FILES[..], &[CA, OPTIONAL, NAMED]].concat();
    let server = stage.project.dev(&settings);
    let server = server.trusted(&stage.servers.trust(&[])).ready();
    let another = ["fragaria-as: {\"roles\": [\"clerk\"]}"];
    assert_eq!(stage.fares_with(&server, None, &another), good());
    let ambiguous = coded(400, "auth.ambiguous");
    assert_eq!(
        stage.fares_with(&server, Some(&orders), &another),
        ambiguous
    );
}

#[test]
fn settings_about_clients_that_cannot_be_used_are_refused() {
    let stage = Stage::new();
    let project = &stage.project;
    put(&project.path("empty"), "", 0o644);
    let [certificate, key] = FILES;
    let subject = |subject: &str| format!("auth.certificates=[{{ subject = '{subject}' }}]");
    for (settings, told) in [
        (&[OPTIONAL][..], "tls.client_ca: is missing"),
        (&[CRL], "tls.client_ca: is missing"),
        (&[NAMED], "auth.certificates: need `tls.client_ca`"),
        (
            &[CA, "auth.certificates=[{}]"],
            "number 1 has neither `subject` nor `san`",
        ),
        (
            &[CA, &subject("CN=a, O=b")],
            "number 1 has a `subject` that is none",
        ),
        (
            &[CA, "auth.certificates=[{ san = 'a' }, { san = 'A' }]"],
            "number 2 is that of another",
        ),
        (
            &["tls.client_ca=empty", PUBLIC],
            "tls.client_ca: ./empty cannot be used",
        ),
        (
            &[CA, "tls.client_crl=empty", PUBLIC],
            "tls.client_crl: ./empty cannot be used: there is no list",
        ),
    ] {
        let settings = [&[certificate, key], settings].concat();
        assert_told(&refused(project, &settings), &[told]);
    }
    stage.take_back(&stage.clients, &[7], 2021);
    let told = refused(project, &[certificate, key, CA, CRL, PUBLIC]);
    assert_told(
        &told,
        &[
            "should have been renewed at 2021-01-01",
            "fetch the new list",
        ],
    );
}
