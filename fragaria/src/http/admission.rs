//! The first step of a request: may it come in, and what does it ask?

use super::answer::Refusal;
use super::negotiation::{Format, Unreadable, is_json};
use super::parameters::Parameters;
use crate::server::Server;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{Method, Request, StatusCode};
use model::{Caller, Fault, Kind};
use observe::request::Line;

/// A request that may come in.
pub(crate) struct Admitted {
    /// Who asks.
    pub(crate) caller: Caller,
    /// GET or POST.
    pub(crate) method: Method,
    /// What is asked.
    pub(crate) parameters: Parameters,
}

/// Admits a request, or refuses it before it costs anything.
pub(crate) async fn admit(
    server: &Server,
    request: Request<Incoming>,
    line: &mut Line,
) -> Result<Admitted, Refusal> {
    let method = request.method().clone();
    acceptable(&request)?;
    let parameters = match method {
        Method::GET => Parameters::from_url(request.uri().query().unwrap_or_default())?,
        _ => Parameters::from_body(&body(server, request).await?)?,
    };
    line.name(parameters.operation.as_deref());
    if !server.is_open() {
        let message = "the server is not ready, try again later";
        return Err(Fault::new("server.not_ready", Kind::Unavailable, message).into());
    }
    Ok(Admitted {
        caller: Caller::development(),
        method,
        parameters,
    })
}

fn acceptable(request: &Request<Incoming>) -> Result<(), Refusal> {
    if !matches!(*request.method(), Method::GET | Method::POST) {
        let fault = malformed("http.method", "GraphQL is asked by GET or POST");
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, fault).allow("GET, POST"));
    }
    if Format::accepted(request.headers()).is_none() {
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
async fn body(server: &Server, request: Request<Incoming>) -> Result<Bytes, Refusal> {
    let config = &server.config.server;
    let body = request.into_body();
    if body.size_hint().lower() > config.body_bytes_max as u64 {
        return Err(too_large(config.body_bytes_max));
    }
    let reading = Limited::new(body, config.body_bytes_max).collect();
    match tokio::time::timeout(config.body_timeout(), reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(config.body_bytes_max)),
        Ok(Err(_)) => Err(malformed("http.body", "the body broke off").into()),
        Err(_) => {
            let fault = Fault::new("http.body_timeout", Kind::Timeout, "the body took too long");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, fault))
        }
    }
}

fn too_large(bytes_max: usize) -> Refusal {
    let message = format!("the body is larger than {bytes_max} bytes");
    let fault = Fault::new("http.body_too_large", Kind::Limit, message);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, fault)
}

fn unreadable(reason: Unreadable) -> Refusal {
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
