//! Signatures beside files: JWS with the payload left out (RFC 7515, appendix F), by Ed25519.
//!
//! The key is a file for now; whatever is a [`Signer`] can take its place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Signer;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// What stands before the 32 bytes of a public key in its DER form (RFC 8410).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Largest signature that is looked at.
const SEAL_BYTES_MAX: usize = 4_096;

/// Why a signature says nothing of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is no signature of ours.
    #[error("it is no detached JWS by Ed25519")]
    Foreign,
    /// It was made with another key.
    #[error("it was made with another key")]
    OtherKey,
    /// The file is not the one that was signed.
    #[error("the file, or the signature, was changed")]
    Changed,
}

/// A key that is a file on this machine.
pub struct FileKey {
    pair: Ed25519KeyPair,
    id: String,
}

impl FileKey {
    /// Reads a private key in its PKCS #8 form.
    pub fn read(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        let id = key_id(pair.public_key().as_ref());
        Some(Self { pair, id })
    }
}

impl Signer for FileKey {
    fn key_id(&self) -> &str {
        &self.id
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(message);
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        bytes
    }
}

/// What a signature says of itself.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    alg: String,
    /// The name of its key.
    pub kid: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
}

/// Signs the bytes of a file; `now` is in seconds since 1970.
pub fn seal(signer: &dyn Signer, payload: &[u8], now: i64) -> String {
    let header = serde_json::json!({ "alg": "EdDSA", "iat": now, "kid": signer.key_id() });
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let signature = signer.sign(message(&header, payload).as_bytes());
    format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Whether a signature is one of these bytes, by that public key in its DER form.
pub fn open(seal: &str, payload: &[u8], public: &[u8]) -> Result<Header, Broken> {
    let parts: Vec<_> = seal.trim_end().split('.').collect();
    let [header, "", signature] = parts.as_slice() else {
        return Err(Broken::Foreign);
    };
    if seal.len() > SEAL_BYTES_MAX {
        return Err(Broken::Foreign);
    }
    let public = public.strip_prefix(&SPKI).ok_or(Broken::Foreign)?;
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Broken::Foreign);
    let said: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| Broken::Foreign)?;
    if said.alg != "EdDSA" {
        return Err(Broken::Foreign);
    }
    if said.kid != key_id(public) {
        return Err(Broken::OtherKey);
    }
    UnparsedPublicKey::new(&ED25519, public)
        .verify(message(header, payload).as_bytes(), &decoded(signature)?)
        .map_err(|_| Broken::Changed)?;
    Ok(said)
}

fn message(header: &str, payload: &[u8]) -> String {
    format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload))
}

/// A key by its thumbprint (RFC 7638, RFC 8037).
fn key_id(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;

    fn key() -> (FileKey, Vec<u8>) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = FileKey::read(pkcs8.as_ref()).unwrap();
        let public = [&SPKI[..], key.pair.public_key().as_ref()].concat();
        (key, public)
    }

    #[test]
    fn a_file_is_the_one_that_was_signed_or_the_signature_is_broken() {
        let ((key, public), (_, other)) = (key(), key());
        let sealed = seal(&key, b"who sees what", 1_700_000_000);
        let header = open(&sealed, b"who sees what", &public).unwrap();
        assert_eq!(
            (header.iat, header.kid.as_str()),
            (1_700_000_000, key.key_id())
        );
        let broken = |seal: &str, payload: &[u8], key: &[u8]| open(seal, payload, key).unwrap_err();
        assert_eq!(broken(&sealed, b"who sees all", &public), Broken::Changed);
        assert_eq!(broken(&sealed, b"who sees what", &other), Broken::OtherKey);
        let (head, _) = sealed.split_once('.').unwrap();
        let later = seal(&key, b"another", 1_700_000_001);
        let (_, tail) = later.rsplit_once('.').unwrap();
        let mixed = format!("{head}..{tail}");
        assert_eq!(broken(&mixed, b"another", &public), Broken::Changed);
        let none = URL_SAFE_NO_PAD.encode(
            serde_json::json!({ "alg": "none", "iat": 1, "kid": key.key_id() }).to_string(),
        );
        for foreign in [
            "",
            "..",
            "a.b.c",
            &format!("{none}.."),
            &sealed.replace("..", ".x."),
        ] {
            assert_eq!(
                broken(foreign, b"who sees what", &public),
                Broken::Foreign,
                "{foreign}"
            );
        }
        assert_eq!(broken(&sealed, b"", &public[1..]), Broken::Foreign);
    }

    #[test]
    fn the_name_of_a_key_is_its_thumbprint() {
        // RFC 8037, appendix A.3.
        let x = URL_SAFE_NO_PAD
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .unwrap();
        assert_eq!(key_id(&x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
