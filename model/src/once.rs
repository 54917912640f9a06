//! A request that may arrive again, and is to happen once.

/// What makes a request that writes the same as an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Whose key it is; another caller's key of the same letters is another key.
    pub caller: Box<str>,
    /// What the client calls the request, 1 to 255 letters.
    pub key: Box<str>,
    /// SHA-256 of all that is asked; the same key with another one is a mistake of the client.
    pub fingerprint: [u8; 32],
}
