//! HTTP: which address leads where, and what is true of every response.

mod admin;
pub(crate) mod admission;
pub(crate) mod again;
pub(crate) mod answer;
pub(crate) mod answers;
pub(crate) mod bodies;
mod body;
mod caller;
mod cost_report;
mod handshake;
pub(crate) mod host;
pub(crate) mod idempotency;
mod listener;
pub(crate) mod negotiation;
pub(crate) mod origin;
pub(crate) mod packing;
mod pages;
pub(crate) mod parameters;
mod pulse;
pub(crate) mod rates;
mod request_id;
pub(crate) mod room;
mod streams;

pub(crate) use caller::Peer;
pub(crate) use listener::{Connections, Ended, listen};

use crate::config::Coding;
use crate::readiness;
use crate::request;
use crate::server::{Server, Stage};
use answer::{Answer, Refusal};
use body::{Body, Taken};
use futures_util::FutureExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};
use model::{Fault, Kind};
use negotiation::Format;
use observe::exposition;
use observe::health::Report;
use observe::request::{Line, Outcome};
use pulse::Pulse;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};

/// Where GraphQL is asked.
pub(crate) const GRAPHQL: &str = "/graphql";

/// The head of every answer. What browsers are told keeps it from being taken for a page, shown in a
/// frame, or loaded by another site; a page of ours has a policy of its own. The type and the id of
/// the request have their places, and are put there by each answer.
static HEAD: LazyLock<HeaderMap> = LazyLock::new(|| {
    let fields = [
        (CONTENT_TYPE, JSON),
        (request_id::HEADER, ""),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    fields.into_iter().collect()
});

const JSON: &str = "application/json; charset=utf-8";

/// A request, of which what nobody reads of the body is still there when it is answered.
pub(crate) type Asked<'b> = Request<&'b mut Incoming>;

/// Responds to a request: the line is opened here and travels with the response.
async fn respond(
    server: Arc<Server>,
    pulse: Arc<Pulse>,
    peer: Arc<Peer>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let version = request.version();
    let in_flight = pulse.request(version == Version::HTTP_2);
    let request_id = request_id::of(request.headers());
    let mut line = server
        .requests
        .open(request_id, endpoint(request.uri().path()));
    let coding = packing(request.method(), request.headers(), &server);
    let shared = origin::shared(request.headers(), &server.config.server.cors);
    let (head, mut body) = request.into_parts();
    let asked = Request::from_parts(head, &mut body);
    let work = AssertUnwindSafe(route(&server, &peer, asked, &mut line)).catch_unwind();
    let mut answer = work.await.unwrap_or_else(|_| panicked());
    if version == Version::HTTP_2 && !body.is_end_stream() {
        admission::pass_over(&mut body).await;
    }
    if answer.counted.is_none() {
        answer = answer.counted_in(&server.answers, &peer.account(&server));
    }
    let packing = (&*server, coding);
    let mut response = seal(answer, packing, line, in_flight);
    response.headers_mut().extend(shared);
    if let (Some(tls), Stage::Service) = (&server.tls, server.stage) {
        let value = tls.strict_transport();
        response
            .headers_mut()
            .insert(STRICT_TRANSPORT_SECURITY, value);
    }
    if server.is_draining() && version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

async fn route(server: &Server, peer: &Peer, request: Asked<'_>, line: &mut Line) -> Answer {
    if let Err(refusal) = host::admit(&request, server.hosts()) {
        return Answer::refused(&refusal, Format::default());
    }
    let path = request.uri().path();
    if path == GRAPHQL {
        let config = &server.config.server;
        if let Some(answer) = origin::preflight(&request, &config.cors) {
            return answer;
        }
        if let Err(refusal) = origin::admit(&request, config, server.tls.is_some()) {
            let format = Format::accepted(request.headers()).unwrap_or_default();
            return Answer::refused(&refusal, format);
        }
        return request::answer(server, peer, request, line).await;
    }
    if matches!(endpoint(path), "metrics" | "console")
        && let Err(full) = server.answers.look(&peer.account(server))
    {
        return Answer::refused(&full.into(), Format::Json);
    }
    if path.starts_with(admin::ADMIN) {
        return Box::pin(admin::answer(server, peer, request, line)).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let fault = Fault::new("http.method", Kind::Malformed, "this address is only read");
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, fault).allow("GET, HEAD");
        return Answer::refused(&refusal, Format::Json);
    }
    match path {
        "/health" => healths(),
        "/health/live" => health(&server.health.live(), server),
        "/health/ready" => {
            readiness::look_at_door(server);
            health(&server.health.ready(), server)
        }
        "/health/startup" => health(&server.health.startup(), server),
        "/metrics" => metrics(server),
        _ if server.has_console() => pages::answer(server, path, request.headers()),
        _ => pages::nothing(),
    }
}

/// The part of the server a path is for, as it is counted.
fn endpoint(path: &str) -> &'static str {
    match path {
        GRAPHQL => "graphql",
        "/metrics" => "metrics",
        _ if path.starts_with(admin::ADMIN) => "admin",
        _ if path == "/health" || path.starts_with("/health/") => "health",
        _ => "console",
    }
}

/// For who guesses the address: where the answers are.
fn healths() -> Answer {
    let kinds =
        ["live", "startup", "ready"].map(|kind| (kind.into(), format!("/health/{kind}").into()));
    Answer::json(
        StatusCode::OK,
        JSON,
        &Value::Object(kinds.into_iter().collect()),
    )
}

fn health(report: &Report, server: &Server) -> Answer {
    let status = if report.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut body = json!(report);
    body["artefact"] = (*server.edition().hash).into();
    body["version"] = env!("CARGO_PKG_VERSION").into();
    Answer::json(status, JSON, &body)
}

fn metrics(server: &Server) -> Answer {
    match server.exposition() {
        Ok(text) => Answer::bytes(StatusCode::OK, exposition::MEDIA_TYPE, text),
        Err(error) => {
            tracing::error!(detail = %error, "metrics");
            Answer::refused(&Fault::from(error).into(), Format::Json)
        }
    }
}

fn panicked() -> Answer {
    tracing::error!("a request met a mistake of the server");
    let fault = Fault::new("server.internal", Kind::Internal, "internal error");
    Answer::refused(&fault.into(), Format::default())
}

/// How the answer to a request is packed, if it is worth that.
fn packing(method: &Method, headers: &HeaderMap, server: &Server) -> Option<Coding> {
    let offered = &server.config.server.compression;
    (*method != Method::HEAD)
        .then(|| Coding::chosen(headers, offered))
        .flatten()
}

/// The one exit: whatever the answer, these are its headers, and its body closes the line.
fn seal(
    mut answer: Answer,
    (server, coding): (&Server, Option<Coding>),
    mut line: Line,
    in_flight: pulse::InFlight,
) -> Response<Body> {
    let request_id = HeaderValue::from_str(line.request_id());
    let mut head = HEAD.clone();
    let entry = line.entry();
    entry.status = answer.status.as_u16();
    entry.code = answer.code;
    if matches!(answer.outcome, Outcome::Fault(_)) {
        // A client that does not wait for its refusal was refused all the same.
        entry.outcome = answer.outcome;
    }
    let (mut packer, mut packed) = (None, None);
    if answer.is_packed(&server.config.server.compression) {
        head.append(VARY, HeaderValue::from_static("accept-encoding"));
        let ready = coding.and_then(|coding| server.packed.packer(coding));
        if let Some((coding, rest)) = ready.and_then(|ready| ready.begin(&mut answer.content)) {
            head.insert(CONTENT_ENCODING, coding.value());
            (packer, packed) = (rest, Some(coding));
        }
    }
    let body = Body::new(
        (answer.opening, answer.content, answer.closing),
        (Taken::new(answer.held, answer.counted), packer),
        answer.outcome,
        (line, in_flight),
    );
    head.insert(CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    match request_id {
        Ok(request_id) => head.insert(request_id::HEADER, request_id),
        Err(_) => head.remove(request_id::HEADER),
    };
    for (name, value) in answer.headers {
        head.insert(name, value);
    }
    if let Some(tag) = answer.tag {
        tag.tell(&mut head, packed);
    }
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = head;
    response
}
