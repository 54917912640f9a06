//! Which addresses of other servers are asked.

use http::Uri;
use http::uri::Scheme;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Why an address is not asked; nothing, if it is. Without encryption whoever stands between could
/// put keys of its own in the place of an issuer's, so that is for the machine itself.
pub(crate) fn unfit(url: &str) -> Option<&'static str> {
    if url.is_empty() {
        return Some("is missing");
    }
    let Ok(parsed) = url.parse::<Uri>() else {
        return Some("is no address");
    };
    let (Some(scheme), Some(authority)) = (parsed.scheme(), parsed.authority()) else {
        return Some("is no address with https:// before it");
    };
    if authority.as_str().contains('@') || url.contains('#') {
        return Some("has a user or a fragment in it");
    }
    let is_trusted =
        *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && is_loopback(authority.host()));
    (!is_trusted).then_some("must begin with https://; http:// is for loopback only")
}

/// Whether a host, in lower case and perhaps in brackets, is this machine by its address or its name.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Where a connection comes from, and as what that is counted.
#[derive(Clone, Debug)]
pub struct Origin {
    address: IpAddr,
    counted: Arc<str>,
}

impl Origin {
    /// That of an address.
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            counted: counted(address).into(),
        }
    }

    /// The address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// As what it is counted.
    pub fn counted(&self) -> &Arc<str> {
        &self.counted
    }
}

/// Who is counted: an IPv4 address, or the /64 of an IPv6 address, which is one customer.
pub fn counted(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_asked_by_https() {
        for fit in [
            "https://issuer.example",
            "https://issuer.example/realms/shop?x=1",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/a",
            "http://localhost",
        ] {
            assert_eq!(unfit(fit), None, "{fit}");
        }
        for not in [
            "",
            "issuer.example",
            "/keys",
            "ftp://issuer.example",
            "http://issuer.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example",
            "https://me@issuer.example",
            "https://issuer.example/#a",
            "https://issuer example",
            "file:///etc/passwd",
        ] {
            assert!(unfit(not).is_some(), "{not}");
        }
    }

    #[test]
    fn an_ipv6_customer_is_its_network() {
        let told = |text: &str| counted(text.parse().unwrap());
        assert_eq!(told("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(told("2001:db8:1:2:ffff::"), "2001:db8:1:2::/64");
        assert_ne!(told("2001:db8:1:3::1"), told("2001:db8:1:2::1"));
    }

    #[test]
    fn an_ipv4_address_is_the_same_in_either_spelling() {
        let told = |text: &str| counted(text.parse().unwrap());
        assert_eq!(told("::ffff:1.2.3.4"), "1.2.3.4");
        assert_ne!(told("1.2.3.4"), told("1.2.3.5"));
    }
}
