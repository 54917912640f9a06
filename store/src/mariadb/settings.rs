//! The bounds within which jobs run, and the SQL that sets them.

use crate::Config;
use crate::json::Bounds;
use crate::patience::Patience;
use std::time::Duration;

/// Modes of SQL the engine counts on. `SIMULTANEOUS_ASSIGNMENT`: all of an update sees the row as it
/// was. Backslashes escape and double quotes are strings, as in a server left as it is.
const MODES: &str = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
                     NO_ENGINE_SUBSTITUTION,SIMULTANEOUS_ASSIGNMENT";

/// The bounds.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    whole_bytes_max: usize,
    write_bytes_max: usize,
    pub(super) bounds: Bounds,
    pub(super) chunk_bytes: usize,
    pub(super) stall: Duration,
    pub(super) stream_timeout: Duration,
    pub(super) patience: Patience,
}

/// What became of a job whose answer is held whole.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The JSON text, and how many rows went into it.
    Whole(Vec<u8>, u64),
    /// The result is larger than may be held; nothing of it was handed out.
    Large,
    /// It was done before: the JSON text of that time.
    Replayed(Vec<u8>),
}

impl Settings {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            whole_bytes_max: config.whole_bytes_max,
            write_bytes_max: config.write_bytes_max,
            bounds: Bounds::new(config),
            chunk_bytes: config.chunk_bytes.max(1),
            stall: config.stall_timeout(),
            // The server would take zero for no limit at all.
            stream_timeout: config.stream_timeout().max(Duration::from_millis(1)),
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

    /// Sets up a session, in one round trip.
    pub(super) fn session(&self) -> String {
        let timeout = seconds(self.patience.read);
        // Whole seconds; none would not wait for a lock at all.
        let lock = self.patience.read.max(self.patience.write).as_secs().max(1);
        // The server is not to hang up on a receiver we have more patience with.
        let writing = self.stall.as_secs().saturating_add(60).min(31_536_000);
        format!(
            "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin, lc_messages = 'en_US', time_zone = '+00:00', \
             sql_mode = '{MODES}', group_concat_max_len = 1073741824, max_error_count = 1024, max_sort_length = 65536, \
             max_statement_time = {timeout}, innodb_lock_wait_timeout = {lock}, \
             lock_wait_timeout = {lock}, net_write_timeout = {writing}, \
             tx_isolation = 'REPEATABLE-READ', autocommit = 1"
        )
    }

    /// Lets a statement take as long as a stream may.
    pub(super) fn lengthen(&self) -> String {
        format!("SET max_statement_time = {}", seconds(self.stream_timeout))
    }

    /// Lets a statement take as long as one that reads may.
    pub(super) fn shorten(&self) -> String {
        format!("SET max_statement_time = {}", seconds(self.patience.read))
    }

    /// Begins a transaction that writes, or one that reads one snapshot.
    pub(super) fn begin(&self, writes: bool) -> String {
        if !writes {
            return "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY".to_owned();
        }
        let timeout = seconds(self.patience.write);
        self.unless_alike(
            format!("SET max_statement_time = {timeout}; "),
            "START TRANSACTION READ WRITE",
            "",
        )
    }

    /// Ends a transaction that writes, by `COMMIT` or `ROLLBACK`.
    pub(super) fn end(&self, how: &str) -> String {
        self.unless_alike(String::new(), how, &format!("; {}", self.shorten()))
    }

    /// SQL with what stands around it where writes may take another time than reads.
    fn unless_alike(&self, before: String, sql: &str, after: &str) -> String {
        if !self.patience.differs() {
            return sql.to_owned();
        }
        before + sql + after
    }
}

/// As MariaDB reads them, to the millisecond, and not more than a year.
fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis().min(31_536_000_000);
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_time_is_never_none_at_all() {
        let config = Config {
            read_timeout_ms: 0,
            write_timeout_ms: 0,
            stream_timeout_ms: u64::MAX,
            ..Config::default()
        };
        let settings = Settings::new(&config);
        let session = settings.session();
        assert!(session.contains("max_statement_time = 0.001,"), "{session}");
        assert!(
            session.contains("innodb_lock_wait_timeout = 1,"),
            "{session}"
        );
        assert_eq!(settings.lengthen(), "SET max_statement_time = 31536000.000");
    }
}
