//! The credential of a request, taken from its headers.

use crate::api_key;
use crate::error::{Error, Flaw};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

/// The header for a key.
pub const API_KEY: &str = "x-api-key";

/// What a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    Token(&'a str),
    Key(&'a str),
}

/// The credential of a request, if it has one. Where no keys are taken, the header for a key is that
/// of somebody else, unless a key of ours is in it.
pub(super) fn of(headers: &HeaderMap, takes_keys: bool) -> Result<Option<Credential<'_>>, Error> {
    let is_looked_at =
        |value: &&HeaderValue| takes_keys || value.to_str().is_ok_and(api_key::is_key);
    let mut keys = headers.get_all(API_KEY).iter().filter(is_looked_at);
    let key = match (keys.next(), keys.next()) {
        (None, _) => {
            let token = token(headers)?;
            let is_key = |token: &&str| takes_keys && api_key::is_key(token);
            return Ok(match token.filter(is_key) {
                Some(key) => Some(Credential::Key(key)),
                None => token.map(Credential::Token),
            });
        }
        (Some(key), None) if !headers.contains_key(AUTHORIZATION) => key,
        (Some(_), _) => return Err(Error::Ambiguous),
    };
    let key = key.to_str().map_err(|_| Flaw::Mistyped)?;
    Ok(Some(Credential::Key(key)))
}

/// The bearer token of a request (RFC 6750, section 2.1), if it has any credential.
fn token(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let value = match (given.next(), given.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(Error::Ambiguous),
    };
    let text = value.to_str().map_err(|_| malformed("it is no text"))?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed("its scheme is not Bearer"));
    }
    let token = token.trim_start_matches(' ');
    if !is_proper(token) {
        return Err(malformed("behind Bearer stands no token"));
    }
    Ok(Some(token))
}

/// Whether it is a `b64token`.
fn is_proper(token: &str) -> bool {
    let letters = token.trim_end_matches('=');
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/".contains(&c);
    !letters.is_empty() && letters.bytes().all(fits)
}

fn malformed(why: &'static str) -> Error {
    Flaw::Malformed(why).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        let token = token(&headers).map_err(|error| error.outcome())?;
        Ok(token.map(str::to_owned))
    }

    #[test]
    fn a_token_stands_behind_its_scheme() {
        assert_eq!(of(&[]), Ok(None));
        for given in [
            "Bearer a.b-c_~+/==",
            "bearer a.b-c_~+/==",
            "BEARER  a.b-c_~+/==",
        ] {
            assert_eq!(of(&[given.as_bytes()]), Ok(Some("a.b-c_~+/==".to_owned())));
        }
    }

    #[test]
    fn a_key_stands_alone_in_its_header_or_behind_bearer() {
        let shown = |lines: &[(&'static str, &[u8])], takes_keys| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_bytes(value).unwrap());
            }
            let shown = super::of(&headers, takes_keys).map_err(|error| error.outcome())?;
            Ok(shown.map(|shown| match shown {
                Credential::Key(key) => format!("key {key}"),
                Credential::Token(token) => format!("token {token}"),
            }))
        };
        let is = |text: &str| Ok(Some(text.to_owned()));
        let (key, bearer) = (
            (API_KEY, &b"fra_a"[..]),
            ("authorization", &b"Bearer fra_a"[..]),
        );
        assert_eq!(shown(&[key], true), is("key fra_a"));
        assert_eq!(shown(&[bearer], true), is("key fra_a"));
        assert_eq!(
            shown(&[("authorization", b"Bearer fr")], true),
            is("token fr")
        );
        assert_eq!(shown(&[], true), Ok(None));
        assert_eq!(shown(&[key], false), is("key fra_a"));
        let other = (API_KEY, &b"of a gateway"[..]);
        assert_eq!(shown(&[other], false), Ok(None));
        assert_eq!(shown(&[other, bearer], false), is("token fra_a"));
        for several in [[key, bearer], [bearer, key], [key, key]] {
            assert_eq!(shown(&several, true), Err("ambiguous"));
        }
        assert_eq!(
            shown(&[key, ("authorization", b"")], true),
            Err("ambiguous")
        );
        assert_eq!(shown(&[(API_KEY, b"fra_\xff")], true), Err("key_mistyped"));
    }

    #[test]
    fn what_is_no_token_is_never_nothing() {
        for bad in [
            &b""[..],
            b"Bearer",
            b"Bearer ",
            b"Bearer a b",
            b"Bearer a, Bearer b",
            b"Bearer =",
            b"Bearer a=b",
            b"Bearer \xc3\xa4",
            b"Basic YTpi",
            b"DPoP a.b.c",
            b"a.b.c",
        ] {
            assert_eq!(of(&[bad]), Err("malformed"), "{bad:?}");
        }
        assert_eq!(of(&[b"Bearer a", b"Bearer a"]), Err("ambiguous"));
        assert_eq!(of(&[b"Basic a", b"Bearer a"]), Err("ambiguous"));
    }
}
