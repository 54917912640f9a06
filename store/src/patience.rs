//! How long statements may take on a server, and how long it is waited for to say so.

use crate::snag::Snag;
use crate::{Config, Error};
use std::time::Duration;
use tokio::time::timeout;

/// How much later than the server a client-side timeout strikes.
const GRACE: Duration = Duration::from_secs(1);

/// How long a statement may take, by whether it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// One that reads.
    pub(crate) read: Duration,
    /// One that writes.
    pub(crate) write: Duration,
}

impl Patience {
    /// What the servers are told; they would take zero for no limit at all.
    pub(crate) fn new(config: &Config) -> Self {
        let [read, write] = [false, true].map(|writes| {
            config
                .statement_timeout(writes)
                .max(Duration::from_millis(1))
        });
        Self { read, write }
    }

    /// How long a statement of that kind may take.
    pub(crate) fn of(&self, writes: bool) -> Duration {
        if writes { self.write } else { self.read }
    }

    /// Whether a statement that writes may take another time than one that reads.
    pub(crate) fn differs(&self) -> bool {
        self.read != self.write
    }

    /// How long to wait for so many statements before the server itself counts as hung.
    pub(crate) fn with(&self, writes: bool, statements: usize) -> Duration {
        let statements = u32::try_from(statements).unwrap_or(u32::MAX);
        self.of(writes).saturating_mul(statements.max(1)) + GRACE
    }

    /// Waits for an answer, no longer than so many statements may take that write or do not; then a
    /// timeout tells what was waited for.
    pub(crate) async fn in_time<T>(
        &self,
        (writes, statements): (bool, usize),
        what: &str,
        asked: impl Future<Output = Result<T, Snag>>,
    ) -> Result<T, Snag> {
        let answer = timeout(self.with(writes, statements), asked).await;
        answer.unwrap_or_else(|_| Err(Error::Timeout(what.into()).into()))
    }
}
