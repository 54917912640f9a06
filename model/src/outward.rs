//! How a room asks another server: by this port, behind which `fragaria` has the client.

use crate::Secret;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// What is asked of another server.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where, with its scheme.
    pub url: Box<str>,
    /// What is posted there; without it, the address is read.
    pub form: Option<Form>,
    /// The largest answer that is taken, in bytes.
    pub bytes_max: usize,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// A form that is posted, as `application/x-www-form-urlencoded`.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its fields, encoded.
    pub body: Secret,
    /// What stands in `Authorization`.
    pub authorization: Secret,
}

/// What another server answers; redirects are answers, and not followed.
#[derive(Clone, Debug)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// All of the body.
    pub body: Vec<u8>,
}

/// Why there is no answer, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered(pub String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unanswered {}

/// A question on its way.
pub type Asking = Pin<Box<dyn Future<Output = Result<Told, Unanswered>> + Send>>;

/// Other servers: those of the network, or what a test has in their place.
pub trait Outward: Send + Sync {
    /// Asks, within the bounds of the question.
    fn ask(&self, question: Question) -> Asking;
}
