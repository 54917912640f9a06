//! The key of the hashes that masked texts are shown as.

use model::Secret;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Bytes that a round of SHA-256 takes at a time.
const BLOCK: usize = 64;

/// Where a text begins a round (RFC 2104).
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// A key made of a secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey([u8; 32]);

impl HashKey {
    /// The key that a secret stands for.
    pub fn new(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose()).into())
    }

    /// What goes before the text of a column in the inner or the outer round of its hash. Each
    /// column has a key of its own, so that equal texts of two columns are not seen to be equal.
    pub(crate) fn pad(&self, column: &str, outer: bool) -> [u8; BLOCK] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(column);
        let mut pad = [0; BLOCK];
        pad[..self.0.len()].copy_from_slice(&hash.finalize());
        pad.map(|byte| byte ^ if outer { OUTER } else { INNER })
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_and_each_round_has_its_own() {
        let key = HashKey::new(&Secret::new("a secret"));
        let pads: Vec<_> = ["A.b", "A.c"]
            .into_iter()
            .flat_map(|column| [false, true].map(|outer| key.pad(column, outer)))
            .collect();
        for (index, pad) in pads.iter().enumerate() {
            assert!(!pads[..index].contains(pad));
        }
        assert_ne!(
            HashKey::new(&Secret::new("another")).pad("A.b", true),
            pads[1]
        );
        assert_eq!(format!("{key:?}"), "[redacted]");
    }
}
