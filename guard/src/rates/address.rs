//! Where a request came from: the connection, or what the proxies before us say.

use super::config::Forwarded;
use crate::error::Error;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// What of a header is read at most; a list that is longer came from no proxy.
const BYTES_MAX: usize = 8 * 1024;

/// The address that is so many hops away, after the header of the proxies. Each of them wrote the
/// last entry that was there when it passed the request on, so entries are counted from the end;
/// what stands before is the word of the client, and is not looked at.
pub(super) fn client(
    connection: IpAddr,
    hops: u8,
    header: Forwarded,
    lines: &[&[u8]],
) -> Result<IpAddr, Error> {
    let Some(place) = usize::from(hops).checked_sub(1) else {
        return Ok(connection.to_canonical());
    };
    if lines.iter().map(|line| line.len()).sum::<usize>() > BYTES_MAX {
        return Err(Error::Forwarded);
    }
    let list = lines.join(&b',');
    let list = String::from_utf8_lossy(&list);
    let entries: Vec<_> = match header {
        Forwarded::XForwardedFor => list.split(',').map(|entry| address(entry.trim())).collect(),
        Forwarded::Forwarded => elements(&list),
    };
    let ours = entries.iter().rev().take(usize::from(hops));
    let ours: Option<Vec<_>> = ours.copied().collect();
    let found = ours.and_then(|ours| ours.get(place).copied());
    found.ok_or(Error::Forwarded)
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<Ipv6Addr>()
            .ok()
    };
    let address = text
        .parse()
        .ok()
        .or_else(|| bracketed().map(IpAddr::from))
        .or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))?;
    Some(address.to_canonical())
}

/// The `for` of each element of a `Forwarded` header (RFC 7239, section 4); nothing where an element
/// has none, two, or one that is no address.
fn elements(list: &str) -> Vec<Option<IpAddr>> {
    apart(list, ',')
        .into_iter()
        .map(|element| {
            let mut found = None;
            for pair in apart(element, ';') {
                let (name, value) = pair.split_once('=')?;
                if name.trim().eq_ignore_ascii_case("for") {
                    let address = address(unquoted(value.trim())?)?;
                    if found.replace(address).is_some() {
                        return None;
                    }
                }
            }
            found
        })
        .collect()
}

/// A list at its separators, except within quotes; a quoted backslash takes the next one with it.
fn apart(list: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(|letter| {
        let ends = letter == separator && !quoted;
        quoted ^= letter == '"' && !escaped;
        escaped = quoted && letter == '\\' && !escaped;
        ends
    })
    .collect()
}

/// A token or a quoted text; no address has anything in it that needs a backslash.
fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|text| !text.contains('\\')),
        None => (!value.contains([':', '[', ']'])).then_some(value),
    }
}

#[cfg(test)]
mod tests;
