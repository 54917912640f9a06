//! The text of an API key: `fra_<id>_<secret>`, made of chance, with a checksum at its end.
//!
//! The id has 80 random bits and the secret 256; the last six letters are of the SHA-256 of all that
//! stands before them, so that a mistyped key is known without asking anybody, and a search for
//! keys in texts finds no other ones.

use crate::error::Error;
use model::Secret;
use model::api_key::SecretHash;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};

/// What every key begins with.
const PREFIX: &str = "fra_";
/// Bytes of an id, and of a secret.
const SIZES: (usize, usize) = (10, 32);
/// Letters of an id, of a secret, and of a checksum.
const LENGTHS: (usize, usize, usize) = (16, 52, 6);
/// The letters of base 32 (RFC 4648) in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A key that nobody has yet.
#[derive(Debug)]
pub struct Minted {
    /// What it is called.
    pub id: Box<str>,
    /// All of it, for the one who will show it.
    pub text: Secret,
    /// What is kept of its secret.
    pub hash: SecretHash,
}

/// A key that somebody shows, with nothing of it believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    pub(crate) id: &'a str,
    pub(crate) hash: SecretHash,
}

/// Makes a key.
pub fn mint() -> Result<Minted, Error> {
    let mut id = [0; SIZES.0];
    fill(&mut id)?;
    renew(&letters(&id, LENGTHS.0))
}

/// Makes a key of an id that there is, with another secret.
pub fn renew(id: &str) -> Result<Minted, Error> {
    let mut secret = [0; SIZES.1];
    fill(&mut secret)?;
    let secret = letters(&secret, LENGTHS.1);
    let begin = format!("{PREFIX}{id}_{secret}");
    let checksum = checksum(&begin);
    Ok(Minted {
        id: id.into(),
        text: Secret::new(begin + &checksum),
        hash: hash(&secret),
    })
}

/// What a key is called, told from all of it or from a part that was cut off behind; nothing where it
/// begins as a key does and names none.
pub fn id(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix(PREFIX) else {
        return Some(text);
    };
    let id = rest.split_once('_').map_or(rest, |(id, _)| id);
    let is_ours = id.bytes().all(|letter| ALPHABET.contains(&letter));
    (id.len() == LENGTHS.0 && is_ours).then_some(id)
}

/// Whether a text says of itself that it is a key, whatever else it is.
pub fn is_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Takes a key apart, if it is one.
pub(crate) fn read(text: &str) -> Option<Shown<'_>> {
    let is_ours = |text: &str| text.bytes().all(|letter| ALPHABET.contains(&letter));
    let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let (secret, end) = rest.split_at_checked(LENGTHS.1)?;
    let begin = text.get(..text.len().checked_sub(end.len())?)?;
    let is_whole = id.len() == LENGTHS.0 && is_ours(id) && is_ours(secret);
    (is_whole && end == checksum(begin)).then(|| Shown {
        id,
        hash: hash(secret),
    })
}

/// Whether two hashes are the same, found out in the same time wherever they differ.
pub(crate) fn is_same(one: &SecretHash, other: &SecretHash) -> bool {
    let pairs = one.iter().zip(other);
    let differences = pairs.fold(0, |seen, (one, other)| {
        std::hint::black_box(seen | (one ^ other))
    });
    differences == 0
}

fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret).into()
}

fn checksum(text: &str) -> String {
    letters(&Sha256::digest(text), LENGTHS.2)
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    let filled = SystemRandom::new().fill(bytes);
    filled.map_err(|_| Error::Unavailable("the system gives no random bytes".to_owned()))
}

/// So many letters of bytes in base 32; bits that are missing in the last one are 0.
fn letters(bytes: &[u8], count: usize) -> String {
    let bit = |index: usize| {
        let byte = bytes.get(index / 8).copied().unwrap_or_default();
        usize::from((byte >> (7 - index % 8)) & 1)
    };
    let letter = |place: usize| {
        let value = (5 * place..5 * place + 5).fold(0, |value, index| (value << 1) | bit(index));
        char::from(*ALPHABET.get(value).unwrap_or(&b'a'))
    };
    (0..count).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_base_32() {
        assert_eq!(letters(b"foobar", 10), "mzxw6ytboi");
        assert_eq!(letters(&[0xff; 32], 52), "7".repeat(51) + "q");
    }

    #[test]
    fn a_key_is_read_as_it_was_made() {
        let one = mint().unwrap();
        let text = one.text.expose();
        assert!(text.starts_with("fra_") && text.len() == 79 && is_key(text));
        let shown = read(text).unwrap();
        assert_eq!((shown.id, shown.hash), (&*one.id, one.hash));
        let other = renew(&one.id).unwrap();
        assert_eq!(other.id, one.id);
        assert!(!is_same(&other.hash, &one.hash) && is_same(&one.hash, &one.hash));
        assert_ne!(mint().unwrap().id, one.id);
        assert_eq!(format!("{:?}", one.text), "[redacted]");
    }

    #[test]
    fn a_mistyped_key_is_none() {
        let key = mint().unwrap().text.expose().to_owned();
        for place in 0..key.len() {
            let mut mistyped = key.clone().into_bytes();
            mistyped[place] = if mistyped[place] == b'b' { b'c' } else { b'b' };
            let mistyped = String::from_utf8(mistyped).unwrap();
            assert_eq!(read(&mistyped), None, "{mistyped}");
        }
        for bad in [
            "",
            "fra_",
            "fra__",
            "fra_a_b",
            key.strip_suffix(char::is_alphanumeric).unwrap(),
            &(key.clone() + "a"),
            &key.to_uppercase(),
            &key.replace('_', "-"),
            &format!("{key}{key}"),
            "fra_äääääääääääääääääääääääää_äääääääääääääääääääääääääää",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
