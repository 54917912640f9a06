//! PostgreSQL's binary `record[]`: rows inside a column, walked in place.
//!
//! The forms are those of `array_send` and `record_send`: counts, object ids and lengths as
//! 32-bit integers before the bytes they describe. Nothing is trusted; every read is checked.

use super::value::{Datum, garbled};
use crate::Error;
use crate::json::{Row, Rows, Sheet};
use model::Codec;
use std::cell::Cell;
use tokio_postgres::types::Type;

/// The rows of a column, in their order.
#[derive(Debug, Default)]
pub(crate) struct Packed<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Packed<'a> {
    /// The rows in a `record[]`; NULL has none.
    pub(super) fn new(datum: Datum<'a>) -> Result<Self, Error> {
        let Some(mut rest) = datum.bytes else {
            return Ok(Self::default());
        };
        if datum.kind != Type::RECORD_ARRAY.oid() {
            return Err(Error::Conversion(format!(
                "type {} is not record[]",
                datum.kind
            )));
        }
        let dimensions = word(&mut rest)?;
        let (_has_null, _element) = (word(&mut rest)?, word(&mut rest)?);
        let left = match dimensions {
            0 => 0,
            1 => {
                let (length, _lower_bound) = (word(&mut rest)?, word(&mut rest)?);
                usize::try_from(length).map_err(|_| truncated())?
            }
            _ => return Err(garbled("packed rows have more than one dimension")),
        };
        Ok(Self { rest, left })
    }
}

impl<'a> Iterator for Packed<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let record = value(&mut self.rest)
            .and_then(|bytes| bytes.ok_or_else(|| garbled("a packed row is NULL")))
            .and_then(Record::new);
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

impl<'a> Rows for Packed<'a> {
    type Row = Record<'a>;
}

/// One packed row.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The columns, one behind the other.
    columns: &'a [u8],
    count: usize,
    /// A column and where it starts: columns are mostly read in order, so the next is near.
    near: Cell<(usize, &'a [u8])>,
}

impl<'a> Record<'a> {
    fn new(mut bytes: &'a [u8]) -> Result<Self, Error> {
        let count = usize::try_from(word(&mut bytes)?).map_err(|_| truncated())?;
        Ok(Self {
            columns: bytes,
            count,
            near: Cell::new((0, bytes)),
        })
    }

    fn datum(&self, column: usize) -> Result<Datum<'a>, Error> {
        if column >= self.count {
            return Err(Error::Internal(format!(
                "a packed row has no column {column}"
            )));
        }
        let (mut at, mut rest) = self.near.get();
        if at > column {
            (at, rest) = (0, self.columns);
        }
        while at < column {
            element(&mut rest)?;
            at += 1;
        }
        let datum = element(&mut rest)?;
        self.near.set((column + 1, rest));
        Ok(datum)
    }
}

impl Row for Record<'_> {
    type Packed<'a>
        = Packed<'a>
    where
        Self: 'a;

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        Ok(self.datum(column)?.bytes.is_none())
    }

    fn scalar(&self, column: usize, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
        self.datum(column)?.write(codec, sheet)
    }

    fn integer(&self, column: usize) -> Result<i64, Error> {
        self.datum(column)?.integer()
    }

    fn boolean(&self, column: usize) -> Result<bool, Error> {
        self.datum(column)?.boolean()
    }

    fn packed(&self, column: usize) -> Result<Packed<'_>, Error> {
        Packed::new(self.datum(column)?)
    }
}

/// A column of a record: its type, then its value.
fn element<'a>(rest: &mut &'a [u8]) -> Result<Datum<'a>, Error> {
    let kind = word(rest)?.cast_unsigned();
    let bytes = value(rest)?;
    Ok(Datum { kind, bytes })
}

/// A length and so many bytes; -1 stands for NULL.
fn value<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Error> {
    let length = word(rest)?;
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| truncated())?;
    let (bytes, tail) = rest.split_at_checked(length).ok_or_else(truncated)?;
    *rest = tail;
    Ok(Some(bytes))
}

fn word(rest: &mut &[u8]) -> Result<i32, Error> {
    let (bytes, tail) = rest.split_first_chunk().ok_or_else(truncated)?;
    *rest = tail;
    Ok(i32::from_be_bytes(*bytes))
}

fn truncated() -> Error {
    garbled("packed rows are cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use model::{Field, Label, Record as Plan, Scalar};

    fn int(value: i32) -> Vec<u8> {
        value.to_be_bytes().to_vec()
    }

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [int(i32::try_from(bytes.len()).unwrap()), bytes.to_vec()].concat()
    }

    /// What `ARRAY[ROW(7, ARRAY[ROW('x'::text)], NULL::text)]` is on the wire.
    fn sample() -> Vec<u8> {
        let array =
            |record: Vec<u8>| [int(1), int(0), int(2249), int(1), int(1), sized(&record)].concat();
        let inner = array([int(1), int(25), sized(b"x")].concat());
        let (number, list) = ([int(23), sized(&int(7))].concat(), sized(&inner));
        array([int(3), number, int(2287), list, int(25), int(-1)].concat())
    }

    fn written(bytes: &[u8]) -> Result<String, Error> {
        let text = |column| model::Cell::Scalar {
            column,
            codec: Codec::Scalar(Scalar::String),
        };
        let plan = |cells: Vec<model::Cell>| Plan {
            fields: cells
                .into_iter()
                .map(|cell| Field {
                    key: Label::new("k"),
                    cell,
                })
                .collect(),
            ..Plan::default()
        };
        let number = model::Cell::Scalar {
            column: 0,
            codec: Codec::Scalar(Scalar::Int),
        };
        let rows = model::Cell::Rows {
            column: 1,
            record: plan(vec![text(0)]),
        };
        // Columns out of order, so that the walk starts over.
        let plan = plan(vec![text(2), rows, number]);
        let mut sheet = json::Sheet::new(json::Bounds::new(&crate::Config::default()));
        let datum = Datum {
            kind: 2287,
            bytes: Some(bytes),
        };
        for record in Packed::new(datum)? {
            json::record(&record?, &plan, &mut sheet)?;
        }
        Ok(String::from_utf8(sheet.text).unwrap())
    }

    #[test]
    fn packed_rows_are_read_in_any_order_of_columns() {
        assert_eq!(
            written(&sample()).unwrap(),
            r#"{"k":null,"k":[{"k":"x"}],"k":7}"#
        );
    }

    #[test]
    fn bytes_cut_short_anywhere_are_an_error() {
        let sample = sample();
        for length in 0..sample.len() {
            assert!(written(&sample[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn bytes_changed_anywhere_never_panic() {
        let sample = sample();
        for at in 0..sample.len() {
            for byte in 0..=255 {
                let mut changed = sample.clone();
                changed[at] = byte;
                drop(written(&changed));
            }
        }
    }
}
