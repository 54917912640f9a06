//! Headers of proxies as they are, and as they are not.

use super::*;

fn from(hops: u8, list: &str) -> Option<String> {
    told(hops, Forwarded::XForwardedFor, &[list])
}

fn told(hops: u8, header: Forwarded, lines: &[&str]) -> Option<String> {
    let connection = "10.0.0.9".parse().unwrap();
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let found = client(connection, hops, header, &lines);
    found.ok().map(|address| address.to_string())
}

#[test]
fn without_proxies_the_connection_is_believed_and_no_header() {
    assert_eq!(from(0, "1.2.3.4").as_deref(), Some("10.0.0.9"));
    assert_eq!(from(0, "nonsense").as_deref(), Some("10.0.0.9"));
}

#[test]
fn behind_one_proxy_the_last_entry_counts() {
    assert_eq!(from(1, "6.6.6.6, 1.2.3.4").as_deref(), Some("1.2.3.4"));
    assert_eq!(from(1, "1.2.3.4").as_deref(), Some("1.2.3.4"));
}

#[test]
fn behind_two_proxies_the_last_but_one_counts() {
    let list = "6.6.6.6, 1.2.3.4, 10.0.0.1";
    assert_eq!(from(2, list).as_deref(), Some("1.2.3.4"));
}

#[test]
fn what_the_client_wrote_itself_is_not_looked_at() {
    assert_eq!(from(1, "<script>, , 1.2.3.4").as_deref(), Some("1.2.3.4"));
    let lines = ["6.6.6.6", "1.2.3.4"];
    let found = told(1, Forwarded::XForwardedFor, &lines);
    assert_eq!(found.as_deref(), Some("1.2.3.4"));
}

#[test]
fn a_request_that_passed_the_proxies_by_is_refused() {
    for (hops, list) in [(1, ""), (2, "1.2.3.4"), (3, "1.2.3.4, 10.0.0.1")] {
        assert_eq!(from(hops, list), None, "{hops} {list}");
    }
    assert_eq!(told(1, Forwarded::XForwardedFor, &[]), None);
}

#[test]
fn what_a_trusted_proxy_never_writes_is_refused() {
    for list in [
        "1.2.3.4,",
        "unknown",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4 5",
        "0x1.2.3.4",
        "[1.2.3.4]",
    ] {
        assert_eq!(from(1, list), None, "{list}");
    }
    assert_eq!(from(2, "1.2.3.4, nonsense"), None);
}

#[test]
fn a_list_longer_than_any_proxy_writes_is_refused() {
    let long = "1.2.3.4,".repeat(2_000) + "1.2.3.4";
    assert_eq!(from(1, &long), None);
}

#[test]
fn addresses_come_with_a_port_or_in_brackets() {
    for (text, expected) in [
        ("1.2.3.4:80", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
    ] {
        assert_eq!(from(1, text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn the_forwarded_header_is_read_as_its_rfc_has_it() {
    for (line, expected) in [
        ("for=192.0.2.43", "192.0.2.43"),
        ("For=\"192.0.2.43:47011\"", "192.0.2.43"),
        (
            "for=192.0.2.1, for=\"[2001:db8:cafe::17]:4711\"",
            "2001:db8:cafe::17",
        ),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
        ("by=\"a,b;c\";for=192.0.2.60", "192.0.2.60"),
        ("host=\"x\\\",for=6.6.6.6\";for=192.0.2.60", "192.0.2.60"),
    ] {
        let found = told(1, Forwarded::Forwarded, &[line]);
        assert_eq!(found.as_deref(), Some(expected), "{line}");
    }
}

#[test]
fn a_forwarded_header_that_is_none_is_refused() {
    for line in [
        "for=unknown",
        "for=_hidden",
        "proto=http",
        "for",
        "for=1.2.3.4;for=5.6.7.8",
        "for=\"1.2.3.4",
        "for=2001:db8::1",
        "for=\"1.2.3.4\\\"\"",
        "192.0.2.43",
    ] {
        assert_eq!(told(1, Forwarded::Forwarded, &[line]), None, "{line}");
    }
}
