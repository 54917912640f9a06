//! The bounds within which jobs run, and what becomes of those whose answer is held whole.

use crate::Config;
use crate::config::Pooler;
use crate::json::Bounds;
use std::time::Duration;

/// How much later than the server a client-side timeout strikes.
const GRACE: Duration = Duration::from_secs(1);

/// What became of a job whose answer is held whole.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The JSON text, and how many rows went into it.
    Whole(Vec<u8>, u64),
    /// The result is larger than may be held; nothing of it was handed out.
    Large,
    /// It was done before: the JSON text of that time. The transaction is still open.
    Replayed(Vec<u8>),
}

/// The bounds within which jobs run, and the SQL that sets them.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    whole_bytes_max: usize,
    write_bytes_max: usize,
    pub(super) bounds: Bounds,
    pub(super) chunk_bytes: usize,
    pub(super) portion_rows: usize,
    pub(super) stall: Duration,
    pub(super) stream_timeout: Duration,
    pub(super) pooled: bool,
    read_timeout: Duration,
    write_timeout: Duration,
}

impl Settings {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            whole_bytes_max: config.whole_bytes_max,
            write_bytes_max: config.write_bytes_max,
            bounds: Bounds::new(config),
            chunk_bytes: config.chunk_bytes.max(1),
            portion_rows: config.postgres.portion_rows.max(1),
            stall: config.stall_timeout(),
            stream_timeout: config.stream_timeout(),
            pooled: config.postgres.pooler == Pooler::Transaction,
            read_timeout: statement_timeout(config, false),
            write_timeout: statement_timeout(config, true),
        }
    }

    /// How large an answer that is held whole may become.
    pub(super) fn bytes_max(&self, writes: bool) -> usize {
        if writes {
            self.write_bytes_max
        } else {
            self.whole_bytes_max
        }
    }

    /// How long to wait for so many statements before the server itself counts as hung.
    pub(super) fn patience(&self, writes: bool, statements: usize) -> Duration {
        let statements = u32::try_from(statements).unwrap_or(u32::MAX);
        self.timeout(writes).saturating_mul(statements.max(1)) + GRACE
    }

    fn timeout(&self, writes: bool) -> Duration {
        if writes {
            self.write_timeout
        } else {
            self.read_timeout
        }
    }

    /// Begins a transaction that reads one snapshot, or one that writes.
    pub(super) fn begin(&self, writes: bool) -> String {
        let begin = if writes {
            "BEGIN"
        } else {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        };
        let timeout = self.timeout(writes).as_millis();
        // A pooler's server connections have the settings of whoever used them before; others have
        // that of reads.
        if self.pooled {
            format!("{begin}; SET LOCAL statement_timeout = {timeout}; SET LOCAL TimeZone = 'UTC'")
        } else if writes && self.write_timeout != self.read_timeout {
            format!("{begin}; SET LOCAL statement_timeout = {timeout}")
        } else {
            begin.into()
        }
    }
}

/// What the server is told; it would take zero for no limit at all.
pub(super) fn statement_timeout(config: &Config, writes: bool) -> Duration {
    config
        .statement_timeout(writes)
        .max(Duration::from_millis(1))
}
