//! Where a request comes from: a page of another site may ask in its user's name, or read the
//! answer, only where its origin is listed.

use super::answer::{Answer, Refusal};
use super::negotiation::{Format, is_json};
use crate::config::{Cors, Server};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Request, StatusCode, Uri};
use model::{Fault, Kind};

/// What a browser says of the site that a request comes from; no page can set it.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers that make a browser ask before it sends a request of another site, besides the content
/// type. The first is ours, the others are those of clients that were made for Apollo's server.
const PREFLIGHTED: [HeaderName; 3] = [
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("x-apollo-operation-name"),
];

/// What pages of listed origins may send.
const SENT: &str = "authorization, content-type, graphql-cost, graphql-require-preflight, \
    idempotency-key, x-api-key, x-request-id";
/// What they may read.
const READ: &str = "idempotency-replayed, ratelimit, ratelimit-policy, retry-after, www-authenticate, \
                    x-request-id";

/// Refuses a request that a page of another site sends. What comes from no browser says nothing of
/// a site, and is no concern of this. Over TLS a page that came in the open is of another site.
pub(super) fn admit<B>(
    request: &Request<B>,
    config: &Server,
    is_secure: bool,
) -> Result<(), Refusal> {
    let headers = request.headers();
    if listed(headers, &config.cors).is_some() {
        return Ok(());
    }
    let is_ours = match (headers.get(&SITE), headers.get(&ORIGIN)) {
        (Some(site), _) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        (None, Some(origin)) => is_own(origin, request, is_secure),
        (None, None) => return preflighted(request, config),
    };
    if is_ours {
        return Ok(());
    }
    Err(foreign())
}

/// Whether a GET has what a form or an image cannot send, where that is wanted.
fn preflighted<B>(request: &Request<B>, config: &Server) -> Result<(), Refusal> {
    let headers = request.headers();
    let is_safe = *request.method() != Method::GET
        || !config.preflight_required
        || PREFLIGHTED.iter().any(|name| headers.contains_key(name))
        || is_json(headers).is_ok();
    if is_safe {
        return Ok(());
    }
    let message = "a GET needs a header that a form cannot send: graphql-require-preflight";
    Err(Fault::new("http.preflight", Kind::Malformed, message).into())
}

/// Whether an origin is that of this server, by the name the request has for it.
fn is_own<B>(origin: &HeaderValue, request: &Request<B>, is_secure: bool) -> bool {
    let header = request.headers().get(HOST);
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => header
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default(),
    };
    let origin = origin.to_str().unwrap_or_default();
    origin.split_once("://").is_some_and(|(scheme, named)| {
        let is_here = !named.is_empty() && named.eq_ignore_ascii_case(host);
        is_here && (!is_secure || scheme == "https")
    })
}

/// The origin of a request, where it is one of those that may ask.
fn listed<'a>(headers: &'a HeaderMap, cors: &Cors) -> Option<&'a HeaderValue> {
    let mut given = headers.get_all(&ORIGIN).iter();
    match (given.next(), given.next()) {
        (Some(origin), None) => {
            let is_it = |listed: &String| listed.as_bytes() == origin.as_bytes();
            cors.origins.iter().any(is_it).then_some(origin)
        }
        _ => None,
    }
}

fn foreign() -> Refusal {
    let message = "a page of another site may not ask this server";
    let fault = Fault::new("http.cross_site", Kind::Malformed, message);
    Refusal::new(StatusCode::FORBIDDEN, fault)
}

/// The answer to a browser that asks whether a page may send its request; `None` where it does not.
pub(super) fn preflight<B>(request: &Request<B>, cors: &Cors) -> Option<Answer> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && !cors.origins.is_empty();
    if !asks {
        return None;
    }
    if listed(headers, cors).is_none() {
        return Some(Answer::refused(&foreign(), Format::Json));
    }
    let answer = Answer::bytes(StatusCode::NO_CONTENT, "text/plain", &b""[..]);
    Some(
        answer
            .header(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST")
            .header(ACCESS_CONTROL_ALLOW_HEADERS, SENT)
            .valued(ACCESS_CONTROL_MAX_AGE, cors.max_age_seconds.into()),
    )
}

/// The headers by which a browser lets a page read an answer.
pub(super) fn shared(headers: &HeaderMap, cors: &Cors) -> Vec<(HeaderName, HeaderValue)> {
    if cors.origins.is_empty() {
        return Vec::new();
    }
    // Whatever keeps answers must not give that for one origin to another.
    let mut shared = vec![(VARY, HeaderValue::from_static("origin"))];
    if let Some(origin) = listed(headers, cors) {
        shared.push((ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
        let read = HeaderValue::from_static(READ);
        shared.push((ACCESS_CONTROL_EXPOSE_HEADERS, read));
        if cors.credentials {
            let yes = HeaderValue::from_static("true");
            shared.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, yes));
        }
    }
    shared
}

/// What keeps a text from being an origin as browsers write it: `https://app.example`.
pub(crate) fn flaw(origin: &str) -> Option<&'static str> {
    if origin.contains('*') {
        return Some("is no origin: name each one, without *");
    }
    let Ok(uri) = origin.parse::<Uri>() else {
        return Some("is no origin, such as https://app.example");
    };
    let (scheme, host) = (uri.scheme_str(), uri.authority());
    match (scheme, host) {
        (Some(scheme @ ("http" | "https")), Some(host)) => {
            let written = format!("{scheme}://{}", host.as_str().to_ascii_lowercase());
            let usual = matches!(
                (scheme, host.port_u16()),
                ("http", Some(80)) | ("https", Some(443))
            );
            if usual || written != origin || host.as_str().contains('@') {
                return Some(
                    "is not as browsers write it: in lower case, without path and usual port",
                );
            }
            None
        }
        _ => Some("is no origin, such as https://app.example"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_listed_as_browsers_write_it() {
        for good in [
            "https://app.example",
            "http://localhost:3000",
            "http://[::1]:8080",
        ] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for bad in [
            "*",
            "https://*.example",
            "null",
            "app.example",
            "https://app.example/",
            "https://app.example/a",
            "https://App.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://me@app.example",
            "ftp://app.example",
            "",
        ] {
            assert!(flaw(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_server_knows_its_own_origin_by_the_name_it_is_asked_by() {
        let is_own = |origin: &'static str, host: &str| {
            let request = Request::builder().header(HOST, host).body(()).unwrap();
            is_own(&HeaderValue::from_static(origin), &request, false)
        };
        assert!(is_own("http://localhost:8080", "localhost:8080"));
        assert!(is_own("https://LOCALHOST", "localhost"));
        for other in [
            "http://localhost:3000",
            "null",
            "http://",
            "http://localhost:8080.evil",
        ] {
            assert!(!is_own(other, "localhost:8080"), "{other}");
        }
    }
}
