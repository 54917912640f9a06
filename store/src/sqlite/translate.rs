//! SQLite's result codes as errors a caller can act on.

use super::functions::{OUTSIDE, UNFIT};
use super::watch::Watch;
use crate::Error;
use crate::json::NOT_FINITE;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// What an error of a running script means.
#[cold]
pub(super) fn translate(error: rusqlite::Error, watch: &Watch) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => watch.reason(),
        // Waiting for a lock is given up early when nobody waits for the result.
        Some(ErrorCode::DatabaseBusy) if watch.is_cancelled() => Error::Cancelled,
        _ => outside(error),
    }
}

/// What SQLite says of statements whose tables, columns, functions or keys are not there.
const MISSING: [&str; 6] = [
    "no such table",
    "no such column",
    "no such function",
    "has no column named",
    "generated column",
    "ON CONFLICT clause does not match",
];

/// What an error outside of any script means.
#[cold]
pub(crate) fn outside(error: rusqlite::Error) -> Error {
    let detail = error.to_string();
    let (failure, message) = match error {
        rusqlite::Error::SqliteFailure(failure, message) => (failure, message),
        // One with a place in the text of the statement.
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, Some(msg)),
        _ => return Error::Internal(detail),
    };
    match failure.code {
        ErrorCode::ConstraintViolation => constraint(failure.extended_code, detail),
        ErrorCode::DatabaseBusy if failure.extended_code == ffi::SQLITE_BUSY_SNAPSHOT => {
            Error::Serialization(detail)
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy(detail),
        ErrorCode::CannotOpen
        | ErrorCode::NotADatabase
        | ErrorCode::PermissionDenied
        | ErrorCode::SystemIoFailure
        | ErrorCode::DiskFull
        | ErrorCode::ReadOnly
        | ErrorCode::OutOfMemory => Error::Unavailable(detail),
        ErrorCode::TooBig => Error::TooLarge(detail),
        ErrorCode::TypeMismatch => Error::Check(detail.into()),
        ErrorCode::Unknown => said(message.as_deref(), detail),
        _ => Error::Internal(detail),
    }
}

/// What an error without a code of its own means.
fn said(message: Option<&str>, detail: String) -> Error {
    match message {
        Some("integer overflow") => Error::OutOfRange("a computed integer does not fit 64 bits"),
        Some(OUTSIDE) => Error::OutOfRange(OUTSIDE),
        Some(NOT_FINITE) => Error::OutOfRange(NOT_FINITE),
        Some(message) if message.starts_with(UNFIT) => Error::Conversion(detail),
        Some(text) if MISSING.iter().any(|missing| text.contains(missing)) => Error::Schema(detail),
        _ => Error::Internal(detail),
    }
}

fn constraint(code: i32, detail: String) -> Error {
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => Error::Unique(detail.into()),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::ForeignKey(detail.into()),
        ffi::SQLITE_CONSTRAINT_NOTNULL => Error::NotNull(detail),
        ffi::SQLITE_CONSTRAINT_TRIGGER => Error::Rule(detail),
        ffi::SQLITE_CONSTRAINT_FUNCTION => Error::Conversion(detail),
        _ => Error::Check(detail.into()),
    }
}
