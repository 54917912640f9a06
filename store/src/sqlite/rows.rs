//! Packed rows: the aggregate `fragaria_rows` writes them into one blob, and they are read from it.
//!
//! The blob begins with two numbers of four bytes, little-endian like all of it: columns in a row,
//! and rows. Each row has a word of four bytes for each column, kind in the upper three bits and
//! where the cell ends in the lower 29, counted from behind the words; then the cells, numbers in
//! eight bytes, text and bytes as they are. Any cell is found without looking at those before it.

use super::value::Cells;
use crate::{Error, json};
use rusqlite::functions::{Aggregate, Context};
use rusqlite::types::ValueRef;

const WORD: usize = 4;
const HEADER: usize = 2 * WORD;
const END_BITS: u32 = 29;

const NULL: u32 = 0;
const INTEGER: u32 = 1;
const REAL: u32 = 2;
const TEXT: u32 = 3;
const BLOB: u32 = 4;

/// `fragaria_rows(…)`: NULL over no rows.
pub(super) struct Pack;

/// A blob in the making.
#[derive(Default)]
pub(super) struct Packing {
    bytes: Vec<u8>,
    rows: u32,
}

impl Aggregate<Packing, Option<Vec<u8>>> for Pack {
    fn init(&self, context: &mut Context<'_>) -> rusqlite::Result<Packing> {
        let mut bytes = Vec::with_capacity(256);
        let columns = u32::try_from(context.len()).map_err(|_| too_big())?;
        bytes.extend(columns.to_le_bytes());
        bytes.extend([0; WORD]);
        Ok(Packing { bytes, rows: 0 })
    }

    fn step(&self, context: &mut Context<'_>, packing: &mut Packing) -> rusqlite::Result<()> {
        let columns = context.len();
        let words = packing.bytes.len();
        packing.bytes.resize(words + columns * WORD, 0);
        for column in 0..columns {
            packing.cell(
                context.get_raw(column),
                words + column * WORD,
                words + columns * WORD,
            )?;
        }
        packing.rows += 1;
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        packing: Option<Packing>,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        Ok(packing.map(|mut packing| {
            let count = packing.rows.to_le_bytes();
            packing.put(WORD, count);
            packing.bytes
        }))
    }
}

impl Packing {
    fn cell(&mut self, value: ValueRef<'_>, word: usize, start: usize) -> rusqlite::Result<()> {
        let kind = match value {
            ValueRef::Null => NULL,
            ValueRef::Integer(value) => {
                self.bytes.extend(value.to_le_bytes());
                INTEGER
            }
            ValueRef::Real(value) => {
                self.bytes.extend(value.to_le_bytes());
                REAL
            }
            ValueRef::Text(text) => {
                self.bytes.extend_from_slice(text);
                TEXT
            }
            ValueRef::Blob(bytes) => {
                self.bytes.extend_from_slice(bytes);
                BLOB
            }
        };
        let end = u32::try_from(self.bytes.len() - start).map_err(|_| too_big())?;
        if end >> END_BITS != 0 {
            return Err(too_big());
        }
        self.put(word, (kind << END_BITS | end).to_le_bytes());
        Ok(())
    }

    fn put(&mut self, at: usize, word: [u8; WORD]) {
        if let Some(place) = self.bytes.get_mut(at..at + WORD) {
            place.copy_from_slice(&word);
        }
    }
}

fn too_big() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_TOOBIG);
    rusqlite::Error::SqliteFailure(code, Some("packed rows pass their bound".into()))
}

/// Packed rows, read one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed<'a> {
    words: usize,
    left: u32,
    rest: &'a [u8],
}

/// One packed row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedRow<'a> {
    words: &'a [u8],
    cells: &'a [u8],
}

impl<'a> Packed<'a> {
    pub(super) fn open(blob: &'a [u8]) -> Result<Self, Error> {
        let (header, rest) = blob.split_at_checked(HEADER).ok_or_else(broken)?;
        Ok(Self {
            words: word(header, 0)? as usize * WORD,
            left: word(header, 1)?,
            rest,
        })
    }

    fn row(&mut self) -> Result<PackedRow<'a>, Error> {
        let (words, rest) = self.rest.split_at_checked(self.words).ok_or_else(broken)?;
        let length = match words.len() / WORD {
            0 => 0,
            columns => end(word(words, columns - 1)?),
        };
        let (cells, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        self.rest = rest;
        Ok(PackedRow { words, cells })
    }
}

impl<'a> Iterator for Packed<'a> {
    type Item = Result<PackedRow<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.row())
    }
}

impl<'a> json::Rows for Packed<'a> {
    type Row = PackedRow<'a>;
}

impl Cells for PackedRow<'_> {
    fn value(&self, column: usize) -> Result<ValueRef<'_>, Error> {
        let word_here = word(self.words, column)?;
        let start = match column.checked_sub(1) {
            Some(before) => end(word(self.words, before)?),
            None => 0,
        };
        let cell = self.cells.get(start..end(word_here)).ok_or_else(broken)?;
        let number = || <[u8; 8]>::try_from(cell).map_err(|_| broken());
        Ok(match word_here >> END_BITS {
            NULL => ValueRef::Null,
            INTEGER => ValueRef::Integer(i64::from_le_bytes(number()?)),
            REAL => ValueRef::Real(f64::from_le_bytes(number()?)),
            TEXT => ValueRef::Text(cell),
            BLOB => ValueRef::Blob(cell),
            _ => return Err(broken()),
        })
    }
}

fn word(words: &[u8], index: usize) -> Result<u32, Error> {
    let bytes = words.get(index * WORD..index * WORD + WORD);
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(u32::from_le_bytes).ok_or_else(broken)
}

fn end(word: u32) -> usize {
    (word & ((1 << END_BITS) - 1)) as usize
}

fn broken() -> Error {
    Error::Internal("a column of packed rows does not hold what its plan says".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use rusqlite::functions::FunctionFlags;
    use rusqlite::types::Value::{Blob, Integer, Null, Real, Text};

    fn packed(sql: &str) -> Vec<u8> {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .create_aggregate_function(c"fragaria_rows", -1, FunctionFlags::default(), Pack)
            .unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_kind_of_value_comes_back_from_any_column() {
        let blob = packed(
            "SELECT fragaria_rows(a, b, c, d, e) FROM \
             (SELECT 1 a, NULL b, 'ä' c, x'00ff' d, 2.5 e UNION ALL SELECT '', -7, 3.0, NULL, x'')",
        );
        let rows: Vec<_> = Packed::open(&blob).unwrap().map(Result::unwrap).collect();
        let values = |row: &PackedRow<'_>| -> Vec<rusqlite::types::Value> {
            (0..5)
                .rev()
                .map(|c| row.value(c).unwrap().try_into().unwrap())
                .collect()
        };
        let first = [
            Real(2.5),
            Blob(vec![0, 255]),
            Text("ä".into()),
            Null,
            Integer(1),
        ];
        let second = [
            Blob(vec![]),
            Null,
            Real(3.0),
            Integer(-7),
            Text(String::new()),
        ];
        assert_eq!(rows.iter().map(values).collect::<Vec<_>>(), [first, second]);
        assert!(rows[0].value(5).is_err());
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let blob = packed("SELECT fragaria_rows() FROM (VALUES (1), (2), (3))");
        assert_eq!(Packed::open(&blob).unwrap().count(), 3);
    }

    #[test]
    fn a_blob_cut_off_anywhere_is_an_error() {
        let blob = packed("SELECT fragaria_rows(1, 'text') FROM (VALUES (1), (2))");
        for length in 0..blob.len() {
            let read = Packed::open(&blob[..length]).and_then(|rows| {
                rows.map(|row| row?.value(1).map(drop))
                    .collect::<Result<Vec<_>, _>>()
            });
            assert!(read.is_err(), "{length}");
        }
    }
}
