//! Why a request may not go on, or the limits cannot be kept.

use model::{Fault, Kind};

/// A failure of the limits of rates.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// A rule was passed.
    #[error("the limit {rule} was passed")]
    Exceeded {
        /// Its name.
        rule: Box<str>,
        /// Seconds until the same request would be let through; none if it never is.
        retry_after: Option<u64>,
    },
    /// The header of the proxies is not as they write it.
    #[error("the header of the proxies does not say where the request came from")]
    Forwarded,
    /// The address of Redis cannot be used.
    #[error("the limits cannot be shared: {0}")]
    Redis(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Exceeded { rule, retry_after } => {
                let when = match retry_after {
                    Some(1) => "try again in a second".to_owned(),
                    Some(seconds) => format!("try again in {seconds} seconds"),
                    None => "the request costs more than that allows at once".to_owned(),
                };
                let message = format!("the limit `{rule}` was passed, {when}");
                Self::new("rates.exceeded", Kind::Limit, message)
            }
            Error::Forwarded => {
                let message = "the request did not come through the proxies of this server";
                Self::new("rates.proxies", Kind::Malformed, message)
            }
            Error::Redis(_) => {
                let message = "the rate limits of the server cannot be shared";
                Self::new("rates.shared", Kind::Internal, message)
            }
        }
    }
}
