//! The bounds within which jobs run, and what becomes of those whose answer is held whole.

use crate::Config;
use crate::config::Pooler;
use crate::json::Bounds;
use crate::patience::Patience;
use std::time::Duration;

/// What became of a job whose answer is held whole.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The JSON text, and how many rows went into it.
    Whole(Vec<u8>, u64),
    /// The same of a write that is committed already.
    Made(Vec<u8>, u64),
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
    pub(super) patience: Patience,
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
            patience: Patience::new(config),
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

    /// Whether a write may be a transaction by itself: no setting has to be made for it first.
    pub(super) fn are_those_of_writes(&self) -> bool {
        !self.pooled && !self.patience.differs()
    }

    /// Begins a transaction that reads one snapshot, or one that writes.
    pub(super) fn begin(&self, writes: bool) -> String {
        let begin = if writes {
            "BEGIN"
        } else {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        };
        let timeout = self.patience.of(writes).as_millis();
        // A pooler's server connections have the settings of whoever used them before; others have
        // that of reads.
        if self.pooled {
            format!("{begin}; SET LOCAL statement_timeout = {timeout}; SET LOCAL TimeZone = 'UTC'")
        } else if writes && self.patience.differs() {
            format!("{begin}; SET LOCAL statement_timeout = {timeout}")
        } else {
            begin.into()
        }
    }
}
