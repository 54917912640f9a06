//! Who sends a request.

use super::answers::Account;
use crate::server::{Server, Stage};
use crate::taken_for::{self, EXAMPLE};
use guard::rates::Visit;
use guard::share::Seat;
use guard::{Origin, Presented};
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use model::{Caller, Fault, Kind};
use observe::request::Line;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// The header by which somebody who develops a project asks as if it were another.
const AS: &str = "fragaria-as";

/// The other end of a connection.
pub(crate) struct Peer {
    /// Where it is.
    pub(crate) origin: Origin,
    /// The certificate it came with, where callers are told apart by theirs.
    pub(crate) certificate: Option<Presented>,
    /// Where the bodies of requests from there are counted, once one came.
    seat: OnceLock<Arc<Seat>>,
    /// Where answers to requests from there are counted, once one came.
    account: OnceLock<Arc<Account>>,
}

impl Peer {
    pub(super) fn new(address: IpAddr, certificate: Option<Presented>) -> Self {
        Self {
            origin: Origin::new(address),
            certificate,
            seat: OnceLock::new(),
            account: OnceLock::new(),
        }
    }

    /// Where the body of a request is counted: here, unless somebody else sent it on from elsewhere.
    pub(super) fn seat(&self, server: &Server, visit: &Visit) -> Arc<Seat> {
        let seat = |address: &str| server.bodies.seat(address);
        let here = self.origin.counted();
        if *visit.address() == **here {
            return Arc::clone(self.seat.get_or_init(|| seat(here)));
        }
        seat(visit.address())
    }

    /// Where answers to it are counted, whoever it speaks for.
    pub(super) fn account(&self, server: &Server) -> Arc<Account> {
        let first = || server.answers.account(self.origin.counted());
        Arc::clone(self.account.get_or_init(first))
    }

    /// Where the answer to a request is counted: here, unless somebody else sent it on from elsewhere.
    pub(crate) fn account_of(&self, server: &Server, visit: &Visit) -> Arc<Account> {
        match visit.address() {
            "" => self.account(server),
            here if *here == **self.origin.counted() => self.account(server),
            elsewhere => server.answers.account(elsewhere),
        }
    }
}

/// The caller of a request: whoever its credentials say, or in development whoever it wants to be
/// taken for. Why nobody knows is for the log.
pub(super) async fn of(
    server: &Server,
    (peer, headers): (&Peer, &HeaderMap),
    line: &mut Line,
    visit: &Visit,
) -> Result<Arc<Caller>, Fault> {
    let caller = known(server, (peer, headers), line, visit).await?;
    line.entry().caller = Some(Arc::clone(&caller));
    Ok(caller)
}

async fn known(
    server: &Server,
    (peer, headers): (&Peer, &HeaderMap),
    line: &Line,
    visit: &Visit,
) -> Result<Arc<Caller>, Fault> {
    let certificate = peer.certificate.as_ref();
    if let Some(wish) = wish(server, headers, certificate.is_some())? {
        return taken_for(wish.as_bytes()).map(Arc::new);
    }
    let caller = server
        .doorkeeper
        .identify(headers, certificate, visit.address())
        .await;
    caller.map_err(|error| {
        tracing::info!(request_id = line.request_id(), detail = %error, "the caller is not known");
        error.into()
    })
}

/// Whom the request wants to be taken for. That is a credential, too.
fn wish<'a>(
    server: &Server,
    headers: &'a HeaderMap,
    is_certified: bool,
) -> Result<Option<&'a HeaderValue>, Fault> {
    let mut wishes = headers.get_all(AS).iter();
    match (server.stage, wishes.next(), wishes.next()) {
        (_, None, _) => Ok(None),
        (Stage::Development, Some(_), None)
            if is_certified || server.doorkeeper.is_shown_any(headers) =>
        {
            Err(guard::Error::Ambiguous.into())
        }
        (Stage::Development, wish, None) => Ok(wish),
        (_, Some(_), _) => {
            let message = "fragaria-as is for `fragaria dev`, once in a request";
            Err(Fault::new("auth.as", Kind::Malformed, message))
        }
    }
}

fn taken_for(wish: &[u8]) -> Result<Caller, Fault> {
    taken_for::read(wish).map_err(|error| {
        let message = format!("fragaria-as is JSON such as {EXAMPLE}: {error}");
        Fault::new("auth.as", Kind::Malformed, message)
    })
}
