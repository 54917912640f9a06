//! What the server says against a statement, and what its silence means.

use super::breach;
use crate::Error;
use crate::breach::Breach;
use crate::snag::{Kind, Snag};
use mysql_async::{DriverError, ServerError};

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
        Self::new(kind, error)
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
    let message = refusal.message.as_str();
    let text = format!("{message} ({})", refusal.code);
    // The state that is kept for what a trigger or a function signals, under any number.
    if refusal.state == "45000" {
        return Error::Rule(text);
    }
    match refusal.code {
        1205 | 1317 | 1969 | 3024 => Error::Timeout(text),
        1062 | 1169 | 1586 => Error::Unique(Breach::new(text, breach::of_key(message))),
        1216 | 1217 | 1451 | 1452 => {
            Error::ForeignKey(Breach::new(text, breach::of_reference(message)))
        }
        1048 | 1121 | 1364 => Error::NotNull(text),
        3819 | 4025 => Error::Check(Breach::new(text, breach::of_check(message))),
        1643 | 1644 => Error::Rule(text),
        // A column, table or function that is not there, one that a view lacks, a generated
        // column, a full-text index.
        1054 | 1146 | 1191 | 1305 | 1356 | 1906 => Error::Schema(text),
        // The only transactions that are read only are ours that read.
        1792 => Error::FunctionWrites(text),
        1142 | 1143 | 1370 => Error::Denied(text),
        1020 | 1213 => Error::Serialization(text),
        // A packet of ours, or a row, passes `max_allowed_packet`.
        1153 | 1301 => Error::TooLarge(text),
        1044 | 1045 | 1698 | 1862 | 4151 => Error::Login(text),
        // As many connections as the server takes, or as this user may have.
        1040 | 1203 | 1226 => Error::Full(text),
        1049 | 1053 | 1129 | 1130 | 1152 | 1184 | 1290 | 1836 | 1927 | 2006 | 2013 => {
            Error::Unavailable(text)
        }
        1264 | 1265 | 1292 | 1365 | 1366 | 1367 | 1406 | 1411 | 1426 | 1441 | 1690 => {
            unfit(refusal.code, &text)
        }
        // A text compared with a column of a character set that does not have its characters;
        // between two columns it would be a mistake of ours.
        1267 | 1270 if text.contains("COERCIBLE") => unfit(refusal.code, &text),
        1271 => unfit(refusal.code, &text),
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
        1267 | 1270 | 1271 => "a text holds a character the database cannot store",
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
            (1644, "store.check"),
            (1142, "store.denied"),
            (1792, "store.function_writes"),
            (1054, "store.schema"),
            (1213, "store.serialization"),
            (1969, "store.timeout"),
            (1264, "store.out_of_range"),
            (1040, "store.busy"),
            (1049, "store.unavailable"),
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
