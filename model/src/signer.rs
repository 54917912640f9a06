//! The port to whoever holds keys to sign with.

use std::fmt;

/// Signs what others are to believe.
pub trait Signer: Send + Sync {
    /// The name of the key among others: what it is told by, and no secret.
    fn key_id(&self) -> &str;

    /// The signature of a message by Ed25519 (RFC 8032).
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

impl fmt::Debug for dyn Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key_id())
    }
}
