//! The keys of an issuer (RFC 7517), and what they signed.

use crate::config::Algorithm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The smallest key of RSA, in bytes (RFC 7518, section 3.3), and the largest that is checked.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key that signatures are checked with.
#[derive(Debug)]
pub(super) struct Key {
    kid: Option<Box<str>>,
    /// The only algorithm it is for, where its issuer says so.
    alg: Option<Box<str>>,
    half: Half,
    /// What tells it from any other, whatever they are called.
    pub(super) print: [u8; 32],
}

/// The half of a key that is shown.
#[derive(Debug)]
enum Half {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What is read of a key.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<Box<str>>,
    alg: Option<Box<str>>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// The keys of a set that signatures can be checked with; others may stand beside them, as RFC
/// 7517, section 5, has it.
pub(super) fn read_set(text: &[u8], keys_max: usize) -> Result<Vec<Key>, String> {
    let set: Jwks =
        serde_json::from_slice(text).map_err(|_| "what it shows is no set of keys".to_owned())?;
    if set.keys.len() > keys_max {
        return Err(format!("it shows more than {keys_max} keys"));
    }
    let keys = set.keys.into_iter();
    Ok(keys.filter_map(read_key).collect())
}

fn read_key(key: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let verifies = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
    let is_for_us = jwk
        .used_for
        .as_ref()
        .is_none_or(|used_for| used_for == "sig")
        && jwk.key_ops.as_ref().is_none_or(verifies);
    let half = half(&jwk).filter(|_| is_for_us)?;
    Some(Key {
        print: half.print(),
        kid: jwk.kid,
        alg: jwk.alg,
        half,
    })
}

fn half(jwk: &Jwk) -> Option<Half> {
    match (&*jwk.kty, jwk.crv.as_deref()) {
        ("RSA", _) => {
            let [n, e] = [number(jwk.n.as_ref())?, number(jwk.e.as_ref())?];
            RSA_BYTES.contains(&n.len()).then_some(Half::Rsa { n, e })
        }
        ("EC", Some("P-256")) => point(jwk, 32).map(Half::P256),
        ("EC", Some("P-384")) => point(jwk, 48).map(Half::P384),
        ("OKP", Some("Ed25519")) => exactly(jwk.x.as_ref(), 32).map(Half::Ed25519),
        _ => None,
    }
}

/// A point of a curve, uncompressed (SEC 1, section 2.3.3).
fn point(jwk: &Jwk, bytes: usize) -> Option<Vec<u8>> {
    let [x, y] = [
        exactly(jwk.x.as_ref(), bytes)?,
        exactly(jwk.y.as_ref(), bytes)?,
    ];
    Some([&[4][..], &x, &y].concat())
}

fn exactly(text: Option<&String>, bytes: usize) -> Option<Vec<u8>> {
    decoded(text).filter(|value| value.len() == bytes)
}

/// A number without the zeros that some write before it.
fn number(text: Option<&String>) -> Option<Vec<u8>> {
    let bytes = decoded(text)?;
    let first = bytes.iter().position(|&byte| byte != 0)?;
    bytes.get(first..).map(<[u8]>::to_vec)
}

fn decoded(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

impl Key {
    /// Whether a token that names `kid` and `algorithm` may have been signed by it.
    pub(super) fn may_have_signed(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        let named = format!("{algorithm:?}");
        kid.is_none_or(|kid| self.kid.as_deref() == Some(kid))
            && self.alg.as_deref().is_none_or(|alg| alg == named)
            && self.half.fits(algorithm)
    }

    /// Whether it signed that.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.half {
            Half::Rsa { n, e } => match rsa(algorithm) {
                Some(parameters) => {
                    RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
                }
                None => return false,
            },
            Half::P256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature),
            Half::P384(point) => UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point)
                .verify(message, signature),
            Half::Ed25519(point) => {
                UnparsedPublicKey::new(&signature::ED25519, point).verify(message, signature)
            }
        };
        self.half.fits(algorithm) && verified.is_ok()
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

impl Half {
    /// Whether keys of that kind sign by that algorithm.
    fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => rsa(algorithm).is_some(),
            Self::P256(_) => algorithm == Algorithm::ES256,
            Self::P384(_) => algorithm == Algorithm::ES384,
            Self::Ed25519(_) => matches!(algorithm, Algorithm::EdDSA | Algorithm::Ed25519),
        }
    }

    fn print(&self) -> [u8; 32] {
        let (kind, parts): (u8, [&[u8]; 2]) = match self {
            Self::Rsa { n, e } => (0, [n, e]),
            Self::P256(point) => (1, [point, &[]]),
            Self::P384(point) => (2, [point, &[]]),
            Self::Ed25519(point) => (3, [point, &[]]),
        };
        let mut digest = Sha256::new_with_prefix([kind]);
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(keys: &Value) -> Vec<Key> {
        read_set(json!({ "keys": keys }).to_string().as_bytes(), 100).unwrap()
    }

    fn text(bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![7; bytes])
    }

    #[test]
    fn only_keys_that_signatures_can_be_checked_with_are_kept() {
        let kept = set(&json!([
            { "kty": "RSA", "n": text(256), "e": "AQAB", "kid": "rsa" },
            { "kty": "EC", "crv": "P-256", "x": text(32), "y": text(32), "use": "sig" },
            { "kty": "OKP", "crv": "Ed25519", "x": text(32), "key_ops": ["verify"] },
        ]));
        assert_eq!(kept.len(), 3);
        let passed_over = set(&json!([
            { "kty": "RSA", "n": text(128), "e": "AQAB" },
            { "kty": "RSA", "n": text(256) },
            { "kty": "RSA", "n": text(256), "e": "AQAB", "use": "enc" },
            { "kty": "RSA", "n": text(256), "e": "AQAB", "key_ops": ["encrypt"] },
            { "kty": "oct", "k": text(32) },
            { "kty": "EC", "crv": "P-256", "x": text(31), "y": text(32) },
            { "kty": "EC", "crv": "P-521", "x": text(66), "y": text(66) },
            { "kty": "OKP", "crv": "X25519", "x": text(32) },
            { "kty": 1 },
            "nonsense",
        ]));
        assert!(passed_over.is_empty(), "{passed_over:?}");
        for nonsense in ["", "[]", "{}", r#"{"keys":{}}"#] {
            assert!(read_set(nonsense.as_bytes(), 100).is_err(), "{nonsense}");
        }
        assert!(read_set(br#"{"keys":[1,2,3]}"#, 2).is_err());
    }

    #[test]
    fn a_key_is_used_for_nothing_it_is_not_for() {
        let keys = set(&json!([
            { "kty": "RSA", "n": text(256), "e": "AQAB", "kid": "any" },
            { "kty": "RSA", "n": text(257), "e": "AQAB", "kid": "one", "alg": "PS256" },
            { "kty": "EC", "crv": "P-256", "x": text(32), "y": text(32), "kid": "curve" },
        ]));
        let fit = |kid: Option<&str>, algorithm| -> Vec<usize> {
            let fits = |key: &Key| key.may_have_signed(kid, algorithm);
            (0..keys.len())
                .filter(|&index| fits(&keys[index]))
                .collect()
        };
        assert_eq!(fit(Some("any"), Algorithm::RS256), [0]);
        assert_eq!(fit(Some("any"), Algorithm::ES256), [0; 0]);
        assert_eq!(fit(Some("one"), Algorithm::PS256), [1]);
        assert_eq!(fit(Some("one"), Algorithm::RS256), [0; 0]);
        assert_eq!(fit(None, Algorithm::PS256), [0, 1]);
        assert_eq!(fit(Some("curve"), Algorithm::ES384), [0; 0]);
        assert_eq!(fit(Some("other"), Algorithm::RS256), [0; 0]);
        let prints: std::collections::BTreeSet<_> = keys.iter().map(|key| key.print).collect();
        assert_eq!(prints.len(), 3);
    }
}
