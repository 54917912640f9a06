//! What can go wrong while observing.

use model::{Fault, Kind};

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Logs were set up twice in one process.
    #[error("logs are already set up in this process")]
    LogsInstalled,
    /// The thread that writes the log could not be made.
    #[error("the log has no thread: {0}")]
    LogThread(std::io::Error),
    /// The metrics could not be written as text.
    #[error("the metrics could not be rendered: {0}")]
    Exposition(#[from] std::fmt::Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::LogsInstalled | Error::LogThread(_) => "observe.logs",
            Error::Exposition(_) => "observe.exposition",
        };
        Self::new(
            code,
            Kind::Internal,
            "the server could not report about itself",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_a_code_and_no_detail() {
        for (error, code) in [
            (Error::LogsInstalled, "observe.logs"),
            (Error::from(std::fmt::Error), "observe.exposition"),
        ] {
            let detail = error.to_string();
            let fault = Fault::from(error);
            assert_eq!((fault.code, fault.kind), (code, Kind::Internal));
            assert_ne!(fault.message, detail);
        }
    }
}
