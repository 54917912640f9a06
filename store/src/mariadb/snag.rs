//! What went wrong on a connection, and whether it is worth another try.

use crate::{Error, Failure};
use mysql_async::{DriverError, ServerError};

/// An error with what it means for the connection it befell.
#[derive(Debug)]
pub(super) struct Snag {
    pub(super) kind: Kind,
    pub(super) error: Error,
    /// Response key of the step that failed.
    key: Option<Box<str>>,
}

/// What an error means for the connection it befell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection is gone; nothing can be said about a write that was under way.
    Lost,
    /// Nothing was done: the prepared statement was out of date, or the connection gone before.
    Stale,
    /// The server refused the statement; the connection is in order.
    Refused,
    /// We gave up half-way; the server may still be sending.
    Abandoned,
}

impl Snag {
    /// Whether nothing was done, or nothing that cannot be done again.
    pub(super) fn is_worth_another_try(&self, writes: bool) -> bool {
        self.kind == Kind::Stale || self.kind == Kind::Lost && !writes
    }

    /// The same snag, befallen a commit: what the server said is certain, its silence is not.
    pub(super) fn in_commit(mut self) -> Self {
        if self.kind != Kind::Refused {
            self.error = Error::OutcomeUnknown(self.error.to_string());
        }
        self
    }

    /// The same snag, befallen the start of a transaction: nothing was done yet.
    pub(super) fn before_all(mut self) -> Self {
        if self.kind == Kind::Lost {
            self.kind = Kind::Stale;
        }
        self
    }

    /// The same snag, befallen a step.
    pub(super) fn at(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl From<Error> for Snag {
    fn from(error: Error) -> Self {
        Self {
            kind: Kind::Abandoned,
            error,
            key: None,
        }
    }
}

impl From<mysql_async::Error> for Snag {
    fn from(error: mysql_async::Error) -> Self {
        let (kind, error) = match error {
            mysql_async::Error::Server(refusal) => (meaning(refusal.code), refused(&refusal)),
            mysql_async::Error::Io(error) => (Kind::Lost, Error::Unavailable(error.to_string())),
            mysql_async::Error::Driver(
                error @ (DriverError::ConnectionClosed | DriverError::PoolDisconnected),
            ) => (Kind::Lost, Error::Unavailable(error.to_string())),
            error => (Kind::Abandoned, Error::Internal(error.to_string())),
        };
        Self {
            kind,
            error,
            key: None,
        }
    }
}

impl From<Snag> for Failure {
    fn from(snag: Snag) -> Self {
        Self {
            error: snag.error,
            key: snag.key,
        }
    }
}

fn meaning(code: u16) -> Kind {
    match code {
        // Unknown statement handle; needs to be prepared anew.
        1243 | 1615 => Kind::Stale,
        // Shutdown, killed, aborted, timed out while idle.
        1053 | 1927 | 1152 | 1153 | 1184 => Kind::Lost,
        _ => Kind::Refused,
    }
}

/// Sorts a refusal by its number ("MariaDB Error Codes" in its documentation).
fn refused(refusal: &ServerError) -> Error {
    let text = format!("{} ({})", refusal.message, refusal.code);
    match refusal.code {
        1205 | 1317 | 1969 | 3024 => Error::Timeout(text),
        1062 | 1169 | 1586 => Error::Unique(text),
        1216 | 1217 | 1451 | 1452 => Error::ForeignKey(text),
        1048 | 1121 | 1364 => Error::NotNull(text),
        3819 | 4025 => Error::Check(text),
        1020 | 1213 => Error::Serialization(text),
        // A packet of ours, or a row, passes `max_allowed_packet`.
        1153 | 1301 => Error::TooLarge(text),
        1040 | 1044 | 1045 | 1049 | 1053 | 1129 | 1130 | 1152 | 1184 | 1203 | 1226 | 1290
        | 1698 | 1836 | 1927 | 2006 | 2013 | 4151 => Error::Unavailable(text),
        1264 | 1265 | 1292 | 1365 | 1366 | 1367 | 1406 | 1411 | 1426 | 1441 | 1690 => {
            unfit(refusal.code, &text)
        }
        _ => Error::Internal(text),
    }
}

/// A value the database cannot take.
fn unfit(code: u16, detail: &str) -> Error {
    tracing::debug!(detail, "the database refused a value");
    Error::OutOfRange(match code {
        1264 | 1690 => "a number is outside the range of its column",
        1406 => "a text is longer than its column allows",
        1292 | 1411 | 1441 => "a date or time is outside the range of its column",
        1365 => "a division by zero",
        _ => "a value is not one its column can hold",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Fault;

    #[test]
    fn refusals_are_sorted_by_their_number() {
        for (code, expected) in [
            (1062, "store.unique"),
            (1452, "store.foreign_key"),
            (1048, "store.not_null"),
            (4025, "store.check"),
            (1213, "store.serialization"),
            (1969, "store.timeout"),
            (1264, "store.out_of_range"),
            (1040, "store.unavailable"),
            (1064, "store.internal"),
        ] {
            let message = "Duplicate entry 'secret' for key".to_owned();
            let fault = Fault::from(refused(&ServerError {
                code,
                message,
                state: String::new(),
            }));
            assert_eq!(fault.code, expected, "{code}");
            assert!(!fault.message.contains("secret"), "{code}");
        }
    }
}
