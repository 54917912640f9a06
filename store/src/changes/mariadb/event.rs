//! The events of the binary log, as far as they tell which tables were changed.

use super::place::Place;
use model::Act;
use mysql_async::binlog::EventType;
use mysql_async::binlog::events::{Event, QueryEvent, RotateEvent, TableMapEvent};
use std::collections::HashMap;

/// Rows that come, become others or go: in their first form, in their second, and compressed.
const WRITE_ROWS: [u8; 3] = [23, 30, 166];
const UPDATE_ROWS: [u8; 3] = [24, 31, 167];
const DELETE_ROWS: [u8; 3] = [25, 32, 168];
/// What changes nothing: the end and the beginning of a file, values a statement behind them uses,
/// heartbeats, what may be ignored; and of MariaDB the text of a statement whose rows follow,
/// checkpoints, the numbers of transactions, and the key of an encrypted log.
const HARMLESS: [u8; 12] = [3, 5, 13, 14, 15, 27, 28, 160, 161, 162, 163, 164];
/// Bytes of the number of a table at the start of an event about its rows.
const NUMBER_BYTES: usize = 6;
/// What an event has that stands in no file.
const ARTIFICIAL: u16 = 0x20;
/// The most tables a statement may be about.
const TABLES_MAX: usize = 10_000;

/// What an event tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// Nothing of tables.
    Nothing,
    /// Rows of the table of that database and name were changed.
    Changed(String, String, Act),
    /// What was told since the last time is committed.
    Committed,
    /// Nobody knows what.
    Unknown,
}

/// What was read so far.
pub(super) struct Reader {
    place: Place,
    /// Tables by the numbers that events about their rows give them.
    tables: HashMap<u64, (String, String)>,
}

impl Reader {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            tables: HashMap::new(),
        }
    }

    /// How far it was read.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Reads an event; errors are sentences.
    pub(super) fn read(&mut self, event: &Event) -> Result<Happened, String> {
        let header = event.header();
        let is_in_log = header.log_pos() > 0 && header.flags_raw() & ARTIFICIAL == 0;
        let kind = header.event_type_raw();
        if kind == EventType::ROTATE_EVENT as u8 {
            self.rotate(event, is_in_log)?;
            return Ok(Happened::Nothing);
        }
        let happened = self.happened(kind, event)?;
        if is_in_log {
            self.place.position = header.log_pos().into();
        }
        Ok(happened)
    }

    /// Goes on to the next file. One that stands in no file is sent before the first event of each,
    /// and tells again which it is; behind its name may be a checksum nobody announced.
    fn rotate(&mut self, event: &Event, is_in_log: bool) -> Result<(), String> {
        let rotation = event.read_event::<RotateEvent<'_>>().map_err(unread)?;
        if !is_in_log {
            let is_same = rotation.name_raw().starts_with(self.place.file.as_bytes());
            return is_same
                .then_some(())
                .ok_or_else(|| "the binary log goes on in another file".to_owned());
        }
        self.place = Place {
            file: rotation.name().into_owned(),
            position: rotation.position(),
        };
        self.tables.clear();
        Ok(())
    }

    fn happened(&mut self, kind: u8, event: &Event) -> Result<Happened, String> {
        let rows = [
            (WRITE_ROWS, Act::Insert),
            (UPDATE_ROWS, Act::Update),
            (DELETE_ROWS, Act::Delete),
        ];
        if let Some((_, act)) = rows.iter().find(|(kinds, _)| kinds.contains(&kind)) {
            return Ok(self.changed(event.data(), *act));
        }
        if kind == EventType::TABLE_MAP_EVENT as u8 {
            let table = event.read_event::<TableMapEvent<'_>>().map_err(unread)?;
            let names = (table.database_name(), table.table_name());
            let names = (names.0.into_owned(), names.1.into_owned());
            if self.tables.len() >= TABLES_MAX {
                self.tables.clear();
            }
            self.tables.insert(table.table_id(), names);
            return Ok(Happened::Nothing);
        }
        if kind == EventType::QUERY_EVENT as u8 {
            let query = event.read_event::<QueryEvent<'_>>().map_err(unread)?;
            return Ok(statement(query.query_raw()));
        }
        if kind == EventType::XID_EVENT as u8 {
            self.tables.clear();
            return Ok(Happened::Committed);
        }
        Ok(if HARMLESS.contains(&kind) {
            Happened::Nothing
        } else {
            Happened::Unknown
        })
    }

    fn changed(&self, data: &[u8], act: Act) -> Happened {
        let mut number = [0; 8];
        let known = data.get(..NUMBER_BYTES).and_then(|given| {
            number[..NUMBER_BYTES].copy_from_slice(given);
            self.tables.get(&u64::from_le_bytes(number)).cloned()
        });
        match known {
            Some((database, table)) => Happened::Changed(database, table, act),
            None => Happened::Unknown,
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what errors are mapped by"
)]
fn unread(error: std::io::Error) -> String {
    format!("an event of the binary log cannot be read: {error}")
}

/// What a statement that stands in the log as text does.
fn statement(text: &[u8]) -> Happened {
    let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
    let begins = |word: &str| {
        let head = text.get(..word.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
    };
    match () {
        () if is("COMMIT") => Happened::Committed,
        () if is("BEGIN") || is("ROLLBACK") => Happened::Nothing,
        () if begins("SAVEPOINT ") || begins("ROLLBACK TO ") => Happened::Nothing,
        () => Happened::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_which_nobody_knows_what_it_does_is_told_as_such() {
        for (text, expected) in [
            ("BEGIN", Happened::Nothing),
            ("COMMIT", Happened::Committed),
            ("rollback", Happened::Nothing),
            ("SAVEPOINT `a`", Happened::Nothing),
            ("ROLLBACK TO `a`", Happened::Nothing),
            ("ALTER TABLE t ADD c INT", Happened::Unknown),
            ("INSERT INTO t VALUES (1)", Happened::Unknown),
            ("XA COMMIT 'a'", Happened::Unknown),
            ("", Happened::Unknown),
        ] {
            assert_eq!(statement(text.as_bytes()), expected, "{text}");
        }
    }
}
