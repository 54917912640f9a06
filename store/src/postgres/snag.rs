//! What went wrong on a connection, and whether it is worth another try.

use super::binding::Mismatch;
use crate::{Error, Failure};
use std::error::Error as _;
use std::io;
use tokio_postgres::error::DbError;

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
    /// The server refused a prepared statement before it ran; to be prepared anew.
    Stale,
    /// The server refused the statement; the connection is in order.
    Refused,
    /// We gave up half-way; the server may still be sending.
    Abandoned,
}

impl Snag {
    /// The same snag, befallen a commit: what the server said is certain, its silence is not.
    pub(super) fn in_commit(mut self) -> Self {
        if !matches!(self.kind, Kind::Refused | Kind::Stale) {
            self.error = Error::OutcomeUnknown(self.error.to_string());
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

impl From<tokio_postgres::Error> for Snag {
    fn from(error: tokio_postgres::Error) -> Self {
        let (kind, error) = match error.as_db_error() {
            Some(refusal) => (meaning(refusal), refused(refusal)),
            None => broken(&error),
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

/// A failure that is not the server's word.
fn broken(error: &tokio_postgres::Error) -> (Kind, Error) {
    let cause = error.source();
    if let Some(mismatch) = cause.and_then(|cause| cause.downcast_ref::<Mismatch>()) {
        return (Kind::Abandoned, Error::Internal(mismatch.to_string()));
    }
    let detail = match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    if error.is_closed() || cause.is_some_and(<dyn std::error::Error + 'static>::is::<io::Error>) {
        (Kind::Lost, Error::Unavailable(detail))
    } else {
        (Kind::Abandoned, Error::Internal(detail))
    }
}

fn meaning(refusal: &DbError) -> Kind {
    match refusal.code().code() {
        "26000" => Kind::Stale,
        // "cached plan must not change result type"; the message may be translated.
        "0A000" if refusal.routine() == Some("RevalidateCachedQuery") => Kind::Stale,
        "57P01" | "57P02" | "57P03" | "57P05" => Kind::Lost,
        code if code.starts_with("08") => Kind::Lost,
        _ => Kind::Refused,
    }
}

/// Sorts a refusal by its SQLSTATE (PostgreSQL documentation, appendix A).
///
/// The server's detail is left out, as it quotes values of rows.
pub(super) fn refused(refusal: &DbError) -> Error {
    let code = refusal.code().code();
    let mut text = format!("{} ({code})", refusal.message());
    for part in [refusal.table(), refusal.column(), refusal.constraint()]
        .into_iter()
        .flatten()
    {
        text.push(' ');
        text.push_str(part);
    }
    match code {
        "57014" | "55P03" => Error::Timeout(text),
        "23505" | "23P01" => Error::Unique(text),
        "23503" | "23001" => Error::ForeignKey(text),
        "23502" => Error::NotNull(text),
        "23514" | "44000" => Error::Check(text),
        "40001" | "40P01" => Error::Serialization(text),
        "25006" | "3D000" => Error::Unavailable(text),
        _ => match code.get(..2) {
            Some("08" | "28" | "53" | "57") => Error::Unavailable(text),
            Some("22" | "54") => unfit(code, &text),
            _ => Error::Internal(text),
        },
    }
}

/// A value the database cannot take.
fn unfit(code: &str, detail: &str) -> Error {
    tracing::debug!(detail, "the database refused a value");
    Error::OutOfRange(match code {
        "22003" => "a number is outside the range of its column",
        "22001" => "a text is longer than its column allows",
        "22007" | "22008" | "22009" => "a date or time is outside the range of its column",
        "22021" | "22P05" => "a text holds a character the database cannot store",
        "22012" => "a division by zero",
        _ => "a value is not one its column can hold",
    })
}
