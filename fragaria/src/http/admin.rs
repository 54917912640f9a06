//! What operators do over HTTP: the same as by the command line, for callers who hold a role that
//! is named for it.

use super::admission;
use super::answer::{Answer, Refusal};
use super::caller::{self, Peer};
use super::negotiation::{Format, Unreadable, is_json};
use super::{Asked, JSON, origin, pages, rates};
use crate::keys::{self, Error};
use crate::revocations;
use crate::server::Server;
use guard::rates::Visit;
use hyper::{Method, StatusCode};
use model::{Caller, Fault, Kind, Rights};
use observe::request::Line;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where operators ask.
pub(super) const ADMIN: &str = "/admin/";

/// What an operator wants.
enum Order {
    ListKeys { after: String },
    CreateKey,
    RotateKey { id: String },
    RevokeKey { id: String },
    RevokeToken,
}

/// How a key is rotated.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rotation {
    grace: Option<String>,
}

/// Nothing is to be said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Answers a request of an operator; where nobody is one, there is nothing here.
pub(super) async fn answer(
    server: &Server,
    peer: &Peer,
    request: Asked<'_>,
    line: &mut Line,
) -> Answer {
    if server.config.auth.admin_roles.is_empty() {
        return pages::nothing();
    }
    let mut visit = Visit::default();
    let answer = match act(server, peer, request, line, &mut visit).await {
        Ok(told) => Answer::json(StatusCode::OK, JSON, &told),
        Err(refusal) => Answer::refused(&refusal, Format::Json),
    };
    rates::tell(server, &visit, line, answer)
}

/// The steps of any request, but for those about GraphQL.
async fn act(
    server: &Server,
    peer: &Peer,
    request: Asked<'_>,
    line: &mut Line,
    visit: &mut Visit,
) -> Result<Value, Refusal> {
    origin::admit(&request, &server.config.server, server.tls.is_some())?;
    rates::arrive(server, peer, request.headers(), visit).await?;
    let caller = caller::of(server, (peer, request.headers()), line, visit).await?;
    server.rates.admit(visit, &caller).await?;
    is_operator(&caller, &server.config.auth.admin_roles)?;
    let order = order(&request, server)?;
    let (is_post, kind) = (request.method() == Method::POST, is_json(request.headers()));
    let (body, _held) = admission::body(server, request.into_body(), (peer, visit)).await?;
    // Nothing needs no kind; a form of a page always says its own.
    let is_nothing = body.is_empty() && kind == Err(Unreadable::Unnamed);
    if is_post && !is_nothing {
        kind.map_err(admission::unreadable)?;
    }
    let done = carry_out(server, &order, &body).await;
    let done = done.map_err(|error| {
        tracing::info!(
            request_id = line.request_id(),
            caller = &*caller.name,
            what = order.name(),
            detail = %error,
            "an order was not carried out"
        );
        refusal(error)
    })?;
    let told = |name: &str| done[name].as_str();
    tracing::info!(
        request_id = line.request_id(),
        caller = &*caller.name,
        id = told("id"),
        jti = told("jti"),
        subject = told("subject"),
        issuer = told("issuer"),
        roles = done.get("roles").map(ToString::to_string),
        what = order.name(),
        "an order was carried out"
    );
    Ok(done)
}

async fn carry_out(server: &Server, order: &Order, body: &[u8]) -> Result<Value, Error> {
    let table = server.database.keys();
    match order {
        Order::ListKeys { after } => keys::list(&table, after).await,
        Order::CreateKey => {
            let wish: keys::Wish = read(body)?;
            let made = keys::create(&table, &server.edition().schema, &wish).await?;
            let keep_seconds = server.config.auth.api_keys.keep_seconds;
            if let Err(error) = keys::sweep(&table, keep_seconds).await {
                tracing::warn!(detail = %error, "keys that are over were not removed");
            }
            Ok(made)
        }
        Order::RotateKey { id } => {
            let Rotation { grace } = read(body)?;
            keys::rotate(&table, id, grace.as_deref()).await
        }
        Order::RevokeKey { id } => {
            let Nothing {} = read(body)?;
            keys::revoke(&table, id).await
        }
        Order::RevokeToken => {
            let wish: revocations::Wish = read(body)?;
            revocations::revoke(&server.database.revocations(), &wish, &server.config.auth).await
        }
    }
}

/// A JSON object; an empty body says nothing. A list is none, though its items could be taken for
/// members.
fn read<T: Default + DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let unfit = |why: &str| Error::Unfit(format!("the body is not the JSON it must be: {why}"));
    match body.trim_ascii_start().first() {
        None => Ok(T::default()),
        Some(b'{') => serde_json::from_slice(body).map_err(|error| unfit(&error.to_string())),
        Some(_) => Err(unfit("it is no object")),
    }
}

/// Whether somebody holds a role that is named for operators; a caller that is held to no rule
/// holds none.
fn is_operator(caller: &Caller, admin_roles: &[String]) -> Result<(), Refusal> {
    let is_one = match &caller.rights {
        Rights::All => false,
        Rights::Of(roles) => admin_roles.iter().any(|role| roles.contains(role)),
    };
    if is_one {
        return Ok(());
    }
    let message = "this takes a role that auth.admin_roles names";
    let fault = Fault::new("auth.denied", Kind::Denied, message);
    Err(Refusal::new(StatusCode::FORBIDDEN, fault))
}

/// What a path and a method stand for.
fn order(request: &Asked<'_>, server: &Server) -> Result<Order, Refusal> {
    let path = request.uri().path();
    let path = path.strip_prefix(ADMIN).unwrap_or_default();
    let parts: Vec<_> = path.split('/').collect();
    let keys = server.config.auth.api_keys.enabled;
    let posted = match (parts.as_slice(), keys) {
        (["api-keys"], true) if request.method() == Method::GET => {
            let query = request.uri().query().unwrap_or_default();
            let pairs = form_urlencoded::parse(query.as_bytes());
            let after = pairs.into_iter().find(|(name, _)| name == "after");
            let after = after.map(|(_, after)| after.into_owned());
            return Ok(Order::ListKeys {
                after: after.unwrap_or_default(),
            });
        }
        (["api-keys"], true) => (Order::CreateKey, "GET, POST"),
        (["api-keys", id, "rotate"], true) => (Order::RotateKey { id: (*id).into() }, "POST"),
        (["api-keys", id, "revoke"], true) => (Order::RevokeKey { id: (*id).into() }, "POST"),
        (["revocations"], _) if server.config.auth.revocations.enabled => {
            (Order::RevokeToken, "POST")
        }
        _ => return Err(pages::not_found()),
    };
    let (order, methods) = posted;
    if request.method() == Method::POST {
        return Ok(order);
    }
    let fault = Fault::new("http.method", Kind::Malformed, "orders are sent by POST");
    Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, fault).allow(methods))
}

impl Order {
    /// What it is called in the log.
    fn name(&self) -> &'static str {
        match self {
            Self::ListKeys { .. } => "list API keys",
            Self::CreateKey => "create an API key",
            Self::RotateKey { .. } => "rotate an API key",
            Self::RevokeKey { .. } => "revoke an API key",
            Self::RevokeToken => "revoke tokens",
        }
    }
}

/// Each failure has a status of its own; what the database said stays in the log.
fn refusal(error: Error) -> Refusal {
    let message = error.to_string();
    let (status, fault) = match error {
        Error::Unfit(_) | Error::Nameless => (
            StatusCode::BAD_REQUEST,
            Fault::new("admin.invalid", Kind::Invalid, message),
        ),
        Error::Unknown | Error::NotRevoked => (
            StatusCode::NOT_FOUND,
            Fault::new("admin.unknown", Kind::Invalid, message),
        ),
        Error::Revoked => (
            StatusCode::CONFLICT,
            Fault::new("admin.revoked", Kind::Conflict, message),
        ),
        Error::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            Fault::new("admin.full", Kind::Unavailable, message),
        ),
        Error::Store(error) => {
            let fault = Fault::from(error);
            let status = match fault.kind {
                Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, fault)
        }
        Error::Chance(error) => (StatusCode::SERVICE_UNAVAILABLE, Fault::from(error)),
    };
    Refusal::new(status, fault)
}
