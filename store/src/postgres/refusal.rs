//! What the server says against a statement, and what its silence means.

use super::binding::Mismatch;
use crate::Error;
use crate::breach::{Breach, Named};
use crate::snag::{Kind, Snag};
use model::NOT_AS_IT_MUST;
use std::error::Error as _;
use std::io;
use tokio_postgres::error::DbError;

impl From<tokio_postgres::Error> for Snag {
    fn from(error: tokio_postgres::Error) -> Self {
        let (kind, error) = match error.as_db_error() {
            Some(refusal) => (meaning(refusal), refused(refusal)),
            None => broken(&error),
        };
        Self::new(kind, error)
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
fn refused(refusal: &DbError) -> Error {
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
        "23505" | "23P01" => Error::Unique(Breach::new(text, named(refusal))),
        "23503" | "23001" => Error::ForeignKey(Breach::new(text, named(refusal))),
        "23502" => Error::NotNull(text),
        "23514" | "44000" => Error::Check(Breach::new(text, named(refusal))),
        "P0001" => Error::Rule(text),
        "42501" if is_policy(refusal) => Error::Policy(text),
        "42501" if is_rule(refusal) => Error::Rule(text),
        "42501" => Error::Denied(text),
        "40001" | "40P01" => Error::Serialization(text),
        // Of a table, column, function, type or schema; of a type, a key or a generated column that
        // is another one.
        "42P01" | "42703" | "42883" | "42704" | "3F000" | "42804" | "42809" | "42P10" | "428C9" => {
            Error::Schema(text)
        }
        "25006" => Error::ReadOnly(text),
        "0A000" if is_stable(refusal) => Error::FunctionWrites(text),
        "3D000" => Error::Unavailable(text),
        "53300" => Error::Full(text),
        _ => match code.get(..2) {
            Some("08" | "28" | "53" | "57") => Error::Unavailable(text),
            Some("22") if text.contains(NOT_AS_IT_MUST) => Error::NotAsItMust(text),
            Some("22" | "54") => unfit(code, &text),
            _ if is_rule(refusal) => Error::Rule(text),
            _ => Error::Internal(text),
        },
    }
}

/// The constraint that refused it; of a domain it has no table, and is none of ours.
fn named(refusal: &DbError) -> Option<Named> {
    Some(Named {
        schema: refusal.schema().map(ToOwned::to_owned),
        table: Some(refusal.table()?.to_owned()),
        name: refusal.constraint()?.to_owned(),
    })
}

/// Whether a policy of rows refused a row that is written.
fn is_policy(refusal: &DbError) -> bool {
    refusal.routine() == Some("ExecWithCheckOptions")
}

/// Whether somebody's own code raised it, under a number of its choice.
fn is_rule(refusal: &DbError) -> bool {
    refusal.routine() == Some("exec_stmt_raise")
}

/// Whether a function that is declared to read only does more.
fn is_stable(refusal: &DbError) -> bool {
    matches!(
        refusal.routine(),
        Some("init_execution_state" | "_SPI_execute_plan" | "SPI_cursor_open_internal")
    )
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
