//! A signed token in its parts (RFC 7515, RFC 7519), with nothing in it believed yet.

use crate::config::Algorithm;
use crate::error::Flaw;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A token in its parts.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) algorithm: Algorithm,
    /// Which key is said to have signed it.
    pub(super) kid: Option<Box<str>>,
    /// What the signature is of.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    /// What it says.
    pub(super) claims: Map<String, Value>,
}

/// What is read of a header. Keys in it (`jwk`, `x5c`) and places of keys (`jku`, `x5u`) are its
/// sender's word, and not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<Box<str>>,
    typ: Option<String>,
    #[serde(default)]
    cty: Given,
    #[serde(default)]
    crit: Given,
    #[serde(default)]
    b64: Given,
}

/// Whether a member is there, whatever it is, null too.
#[derive(Default)]
struct Given(bool);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Ok(Self(true))
    }
}

/// Whether a token says of itself that it is a signed one, whatever else it is.
pub(super) fn is_signed(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    token.contains('.') && read::<Header>(header).is_ok()
}

/// Takes a token apart.
pub(super) fn read_token(token: &str) -> Result<Token<'_>, Flaw> {
    let mut parts = token.split('.');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(header), Some(claims), Some(signature), None) = parts else {
        return Err(Flaw::Malformed("it has not three parts"));
    };
    let header: Header = read(header)?;
    let algorithm = algorithm(&header)?;
    let signed = header_and_claims(token, signature);
    Ok(Token {
        algorithm,
        kid: header.kid,
        signed,
        signature: bytes(signature)?,
        claims: read(claims)?,
    })
}

fn header_and_claims<'a>(token: &'a str, signature: &str) -> &'a [u8] {
    let length = token.len().saturating_sub(signature.len() + 1);
    token.as_bytes().get(..length).unwrap_or_default()
}

/// What it is signed by, if it is the kind of token that is taken. Other kinds, as RFC 8725,
/// section 3.11, warns, are signed by the same keys and were made for something else.
fn algorithm(header: &Header) -> Result<Algorithm, Flaw> {
    if header.crit.0 || header.b64.0 || header.cty.0 {
        return Err(Flaw::Malformed(
            "its header asks for what is not known here",
        ));
    }
    let typ = header.typ.as_deref().unwrap_or("JWT");
    let typ = typ.to_ascii_lowercase();
    if !matches!(typ.trim_start_matches("application/"), "jwt" | "at+jwt") {
        return Err(Flaw::Malformed("its type is not JWT or at+jwt"));
    }
    let name = Value::String(header.alg.clone());
    serde_json::from_value(name).map_err(|_| Flaw::Signature("its algorithm is not taken"))
}

/// A part that is JSON.
fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Flaw> {
    let bytes = bytes(part)?;
    serde_json::from_slice(&bytes).map_err(|_| Flaw::Malformed("a part is not the JSON it must be"))
}

fn bytes(part: &str) -> Result<Vec<u8>, Flaw> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| Flaw::Malformed("a part is not in base64url"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{claims}.AA")
    }

    fn flaw(token: &str) -> Flaw {
        read_token(token).unwrap_err()
    }

    #[test]
    fn a_token_is_taken_apart() {
        let text = token(
            r#"{"alg":"ES256","kid":"a","typ":"at+JWT","jku":"x"}"#,
            r#"{"sub":"me"}"#,
        );
        let read = read_token(&text).unwrap();
        assert_eq!(
            (read.algorithm, read.kid.as_deref()),
            (Algorithm::ES256, Some("a"))
        );
        assert_eq!(read.signed, text.trim_end_matches(".AA").as_bytes());
        assert_eq!(
            (&*read.signature, &read.claims["sub"]),
            (&[0][..], &"me".into())
        );
        assert!(is_signed(&text) && is_signed("eyJhbGciOiJub25lIn0.x"));
        for opaque in ["abc", "a.b.c", "e30.e30.AA", "eyJhbGciOiJub25lIn0"] {
            assert!(!is_signed(opaque), "{opaque}");
        }
    }

    #[test]
    fn what_is_not_wholly_understood_is_refused() {
        for header in [
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":null}"#,
            r#"{"alg":"RS256","b64":null}"#,
            r#"{"alg":"RS256","b64":true}"#,
            r#"{"alg":"RS256","cty":"JWT"}"#,
            r#"{"alg":"RS256","typ":"dpop+jwt"}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","typ":""}"#,
            r#"{"alg":"RS256","alg":"RS256"}"#,
            r#"{"alg":1}"#,
            r#"{"kid":"a"}"#,
            "[]",
            "",
        ] {
            assert!(
                matches!(flaw(&token(header, "{}")), Flaw::Malformed(_)),
                "{header}"
            );
        }
        for alg in ["none", "NONE", "", "HS256", "rs256", "ES256K", "RSA-OAEP"] {
            let token = token(&format!(r#"{{"alg":"{alg}"}}"#), "{}");
            assert!(matches!(flaw(&token), Flaw::Signature(_)), "{alg}");
        }
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        for bad in [
            good.replace(".AA", ""),
            good.replace(".AA", ".AA.AA"),
            good.replace(".AA", ".AB"),
            good.replace(".AA", ".AA=="),
            good.replace(".AA", ".A+"),
            good.replace(".e30.", ".e3A."),
            format!("{good}.."),
            "..".to_owned(),
        ] {
            assert!(matches!(flaw(&bad), Flaw::Malformed(_)), "{bad}");
        }
        let nested = token(r#"{"alg":"RS256"}"#, &"[".repeat(10_000));
        assert!(matches!(flaw(&nested), Flaw::Malformed(_)));
        let inner = token(r#"{"alg":"RS256"}"#, &good);
        assert!(matches!(flaw(&inner), Flaw::Malformed(_)));
    }
}
