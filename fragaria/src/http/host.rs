//! Whom a request is for: one host, named properly, and it is this machine.

use super::answer::Refusal;
use hyper::header::{HOST, HeaderMap};
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode, Version};
use model::{Fault, Kind};

/// Refuses a request that does not say properly whom it is for, and one that is for another.
///
/// A page of another site can make a browser send requests here under that site's name, once its
/// name resolves to the loopback address; so only names of this machine are answered to.
pub(super) fn admit<B>(request: &Request<B>) -> Result<(), Refusal> {
    let header = header(request.headers(), request.version())?;
    let target = request.uri().authority().map(Authority::as_str);
    let Some(named) = target.or(header) else {
        return Ok(());
    };
    if is_this_machine(named) {
        return Ok(());
    }
    let message = "this server answers on this machine only: ask for localhost or 127.0.0.1";
    let fault = Fault::new("http.host", Kind::Malformed, message);
    Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, fault))
}

/// The host of the header (RFC 9112, section 3.2); HTTP/1.0 and HTTP/2 can do without.
fn header(headers: &HeaderMap, version: Version) -> Result<Option<&str>, Refusal> {
    let mut lines = headers.get_all(HOST).iter();
    let (first, second) = (lines.next(), lines.next());
    if second.is_some() {
        return Err(improper(
            "the request has more than one host header: send one",
        ));
    }
    let Some(host) = first else {
        return match version {
            Version::HTTP_11 => Err(improper("the request has no host header: send one")),
            _ => Ok(None),
        };
    };
    let host = host.to_str().ok().filter(|host| is_proper(host));
    host.map(Some)
        .ok_or_else(|| improper("the host header names no host: send a name, and perhaps a port"))
}

/// A host and perhaps a port; nothing at all is proper too.
fn is_proper(host: &str) -> bool {
    host.is_empty() || (!host.contains('@') && host.parse::<Authority>().is_ok())
}

fn improper(message: &str) -> Refusal {
    let fault = Fault::new("http.host_header", Kind::Malformed, message);
    Refusal::new(StatusCode::BAD_REQUEST, fault)
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.to_ascii_lowercase();
    guard::is_loopback(&host) || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        for ours in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "a.localhost",
        ] {
            assert!(is_this_machine(ours), "{ours}");
        }
        for theirs in [
            "evil.example",
            "localhost.evil.example:80",
            "10.0.0.1",
            "[::2]:1",
            "",
        ] {
            assert!(!is_this_machine(theirs), "{theirs}");
        }
    }
}
