//! The first step of a request: may it come in, and what does it ask?

use super::Asked;
use super::answer::Refusal;
use super::answers::Account;
use super::bodies::{Full, Held};
use super::caller::{self, Peer};
use super::cost_report;
use super::idempotency;
use super::negotiation::{Format, Unreadable, is_json};
use super::parameters::Parameters;
use crate::edition::Edition;
use crate::server::Server;
use crate::tenancy::Place;
use bytes::BytesMut;
use futures_util::FutureExt as _;
use guard::rates::Visit;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{Method, StatusCode};
use model::{Caller, Fault, Kind};
use observe::request::Line;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long, and for how many bytes, a body is taken in that nobody reads.
const PASSED_OVER: Duration = Duration::from_millis(200);
const PASSED_OVER_BYTES: usize = 64 * 1024;

/// A request that may come in.
pub(crate) struct Admitted {
    /// Who asks.
    pub(crate) caller: Arc<Caller>,
    /// Where it works.
    pub(crate) place: Place,
    /// GET or POST.
    pub(crate) method: Method,
    /// What is asked.
    pub(crate) parameters: Parameters,
    /// What the client calls the request, so that it happens once; for mutations alone.
    pub(crate) idempotency_key: Option<Box<str>>,
    /// Where what is for its address is counted; a request of our own is for none.
    pub(crate) whose: Option<Arc<Account>>,
    /// Whether the answer is to tell what it cost.
    pub(crate) reports_cost: bool,
    /// The room its body takes, for as long as what is asked lives.
    _held: Option<Held>,
}

impl Admitted {
    /// A request of our own, which belongs to no tenant.
    pub(crate) async fn own(
        server: &Server,
        edition: &Arc<Edition>,
        body: &[u8],
    ) -> Result<Self, Fault> {
        Ok(Self {
            caller: Arc::new(Caller::development()),
            place: Place::enter(server, None, edition).await?,
            method: Method::POST,
            parameters: Parameters::from_body(body)?,
            idempotency_key: None,
            whose: None,
            reports_cost: false,
            _held: None,
        })
    }
}

/// Admits a request, or refuses it before it costs anything.
pub(crate) async fn admit(
    (server, edition): (&Server, &Arc<Edition>),
    (peer, request, format): (&Peer, Asked<'_>, Option<Format>),
    line: &mut Line,
    (visit, whose): (&mut Visit, &Arc<Account>),
) -> Result<Admitted, Refusal> {
    let method = request.method().clone();
    acceptable(&request, format)?;
    let caller = caller::of(server, (peer, request.headers()), line, visit).await?;
    server.rates.admit(visit, &caller).await?;
    let tenant = Place::whose(server, &caller, line)?;
    let reports_cost = cost_report::is_asked(request.headers())?;
    let (idempotency_key, parameters, held) = if method == Method::GET {
        let query = request.uri().query().unwrap_or_default();
        (None, Parameters::from_url(query)?, None)
    } else {
        let key = idempotency::key(request.headers())?;
        let (body, held) = body(server, request.into_body(), (peer, visit)).await?;
        (key, Parameters::from_body(&body)?, held)
    };
    line.name(parameters.operation.as_deref());
    if !server.is_open() {
        let message = "the server is not ready, try again later";
        return Err(Fault::new("server.not_ready", Kind::Unavailable, message).into());
    }
    Ok(Admitted {
        place: Place::enter(server, tenant, edition).await?,
        caller,
        method,
        parameters,
        idempotency_key,
        whose: Some(Arc::clone(whose)),
        reports_cost,
        _held: held,
    })
}

fn acceptable(request: &Asked<'_>, format: Option<Format>) -> Result<(), Refusal> {
    if !matches!(*request.method(), Method::GET | Method::POST) {
        let fault = malformed("http.method", "GraphQL is asked by GET or POST");
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, fault).allow("GET, POST"));
    }
    if format.is_none() {
        let message = "answers are application/graphql-response+json or application/json in utf-8";
        let fault = malformed("http.accept", message);
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, fault));
    }
    if request.method() == Method::POST {
        is_json(request.headers()).map_err(unreadable)?;
    }
    Ok(())
}

/// Reads a body, never more of it than allowed, and not for longer than allowed.
pub(super) async fn body(
    server: &Server,
    body: &mut Incoming,
    (peer, visit): (&Peer, &Visit),
) -> Result<(Bytes, Option<Held>), Refusal> {
    let config = &server.config.server;
    if body.size_hint().lower() > config.body_bytes_max as u64 {
        return Err(too_large(config.body_bytes_max));
    }
    let until = Instant::now() + config.body_timeout();
    let (mut whole, mut held) = (Bytes::new(), None);
    while let Some(part) = part(body, until).await? {
        if whole.len() + part.len() > config.body_bytes_max {
            return Err(too_large(config.body_bytes_max));
        }
        let whose = peer.seat(server, visit);
        let grown = server.bodies.grow(&whose, held, part.len(), until).await;
        held = Some(grown?);
        whole = joined(whole, part);
    }
    Ok((whole, held))
}

/// The next part of a body.
async fn part(body: &mut Incoming, until: Instant) -> Result<Option<Bytes>, Refusal> {
    loop {
        // What is there already needs no timer.
        let next = match body.frame().now_or_never() {
            Some(next) => Ok(next),
            None => timeout_at(until, body.frame()).await,
        };
        match next {
            Ok(Some(Ok(frame))) => {
                // Trailers are passed over.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Ok(Some(Err(_))) => return Err(malformed("http.body", "the body broke off").into()),
            Ok(None) => return Ok(None),
            Err(_) => {
                let message = "the body took too long";
                let fault = Fault::new("http.body_timeout", Kind::Timeout, message);
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, fault));
            }
        }
    }
}

/// Takes what comes of a body that nobody reads. Without its end the stream would be reset behind the
/// answer, and there are clients that lose the answer then.
pub(super) async fn pass_over(body: &mut Incoming) {
    let until = Instant::now() + PASSED_OVER;
    let mut left = PASSED_OVER_BYTES;
    while let Ok(Some(part)) = part(body, until).await {
        let Some(rest) = left.checked_sub(part.len()) else {
            return;
        };
        left = rest;
    }
}

/// Most bodies come in one part, which is not copied.
fn joined(whole: Bytes, part: Bytes) -> Bytes {
    if whole.is_empty() {
        return part;
    }
    let mut whole = BytesMut::from(whole);
    whole.extend_from_slice(&part);
    whole.freeze()
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Self {
        let (code, message) = match full {
            Full::All => (
                "http.bodies_full",
                "the server holds as many request bodies as it may, try again later",
            ),
            Full::Share => (
                "http.bodies_share",
                "the server holds as many request bodies from this address as it may, try again later",
            ),
        };
        Fault::new(code, Kind::Unavailable, message).into()
    }
}

fn too_large(bytes_max: usize) -> Refusal {
    let message = format!("the body is larger than {bytes_max} bytes");
    let fault = Fault::new("http.body_too_large", Kind::Limit, message);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, fault)
}

pub(super) fn unreadable(reason: Unreadable) -> Refusal {
    let message = match reason {
        Unreadable::Unnamed => "the body needs the content-type application/json",
        Unreadable::Foreign => "the body must be of the content-type application/json",
        Unreadable::Charset => "the body must be in utf-8",
        Unreadable::Encoded => "the body must not have a content-encoding",
    };
    let fault = malformed("http.content_type", message);
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, fault)
}

fn malformed(code: &'static str, message: &str) -> Fault {
    Fault::new(code, Kind::Malformed, message)
}
