//! Whom a request is for: one host, named properly, and it is this server.

use super::answer::Refusal;
use hyper::header::{HOST, HeaderMap};
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode, Version};
use model::{Fault, Kind};

/// Refuses a request that does not say properly whom it is for, and one that is for another.
///
/// A page of another site can make a browser send requests here under that site's name, once its
/// name resolves to this server's address; so only names of this machine are answered to, and those
/// hosts.
pub(super) fn admit<B>(request: &Request<B>, hosts: &[String]) -> Result<(), Refusal> {
    let header = header(request.headers(), request.version())?;
    let target = request.uri().authority().map(Authority::as_str);
    let Some(named) = target.or(header) else {
        return Ok(());
    };
    if is_ours(named, hosts) {
        return Ok(());
    }
    let message = if hosts.is_empty() {
        "this server answers on this machine only: ask for localhost or 127.0.0.1"
    } else {
        "this is another server: ask for a name that it is reached by"
    };
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
    host.is_empty() || is_plain(host) || (!host.contains('@') && host.parse::<Authority>().is_ok())
}

/// Whether it is a name or an IPv4 address, and perhaps a port: most are, and need no reading.
fn is_plain(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty()
        && name.bytes().all(is_of_name)
        && (1..=4).contains(&port.len())
        && port.bytes().all(|digit| digit.is_ascii_digit())
}

fn improper(message: &str) -> Refusal {
    let fault = Fault::new("http.host_header", Kind::Malformed, message);
    Refusal::new(StatusCode::BAD_REQUEST, fault)
}

fn is_ours(authority: &str, hosts: &[String]) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    if matches!(host, "localhost" | "127.0.0.1") {
        return true;
    }
    let host = host.to_ascii_lowercase();
    guard::is_loopback(&host) || host.ends_with(".localhost") || hosts.contains(&host)
}

/// What keeps a text from being a host as requests name it, without port: `api.example.com`.
pub(crate) fn flaw(host: &str) -> Option<&'static str> {
    let parsed = host.parse::<Authority>();
    let is_host = parsed.is_ok_and(|authority| authority.host() == host);
    if !is_host || host.contains('*') {
        return Some("is no host, such as api.example.com: give each without scheme, port and *");
    }
    let is_lower = !host.bytes().any(|byte| byte.is_ascii_uppercase());
    (!is_lower).then_some("is not in lower case")
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
            assert!(is_ours(ours, &[]), "{ours}");
        }
        for theirs in [
            "evil.example",
            "localhost.evil.example:80",
            "10.0.0.1",
            "[::2]:1",
            "",
        ] {
            assert!(!is_ours(theirs, &[]), "{theirs}");
        }
    }

    #[test]
    fn hosts_are_names_and_addresses_without_more() {
        let hosts = ["api.example.com".to_owned(), "[2001:db8::1]".to_owned()];
        for host in [
            "api.example.com",
            "API.example.com:8443",
            "[2001:db8::1]:443",
        ] {
            assert!(is_ours(host, &hosts), "{host}");
        }
        for host in [
            "example.com",
            "api.example.com.",
            "x.api.example.com",
            "[2001:db8::2]",
        ] {
            assert!(!is_ours(host, &hosts), "{host}");
        }
        for host in &hosts {
            assert_eq!(flaw(host), None, "{host}");
        }
        for bad in [
            "",
            "*",
            "*.example.com",
            "a:443",
            "https://a",
            "a/b",
            "me@a",
            "A.example",
            "2001:db8::1",
        ] {
            assert!(flaw(bad).is_some(), "{bad}");
        }
    }
}
