//! The answer of a script as it grows: rows come in, JSON stands in a buffer.

use crate::Error;
use crate::json::{self, Bounds, Data, Sheet};
use model::{Codec, Script, Use, Value};

/// A row that arrives from a server, whole.
pub(crate) trait Arriving: json::Row {
    /// Bytes it has on the wire.
    fn size(&self) -> usize;
    /// Its first columns as values, one for each codec.
    fn keep(&self, codecs: &[Codec]) -> Result<Vec<Value>, Error>;
}

/// Rows that earlier steps kept, by step, row and column.
pub(crate) type Kept = [Vec<Vec<Value>>];

/// Writes the rows of one step after the other.
pub(crate) struct Answer<'s> {
    script: &'s Script,
    data: Data<'s>,
    /// Its JSON.
    pub(crate) sheet: Sheet,
    /// Rows kept for the arguments of later steps, by step.
    pub(crate) kept: Vec<Vec<Vec<Value>>>,
    kept_bytes: usize,
    /// Rows of the open step.
    pub(crate) seen: usize,
    /// Rows of all steps.
    pub(crate) rows: u64,
    /// Bytes that may be held.
    bytes_max: usize,
}

impl<'s> Answer<'s> {
    pub(crate) fn new(script: &'s Script, bytes_max: usize, bounds: Bounds) -> Self {
        Self {
            script,
            data: Data::new(script),
            sheet: Sheet::new(bounds),
            kept: Vec::new(),
            kept_bytes: 0,
            seen: 0,
            rows: 0,
            bytes_max,
        }
    }

    /// Makes ready for the rows of a step.
    pub(crate) fn open(&mut self, step: usize) -> Result<(), Error> {
        self.seen = 0;
        match &self.script.steps[step].rows {
            Use::Rows(_) | Use::Value(_) => self.data.open(step, &mut self.sheet.text),
            Use::Keep(_) | Use::Discard => Ok(()),
        }
    }

    /// Takes a row of the open step, unless more would be held than may be.
    pub(crate) fn row<R: Arriving>(&mut self, step: usize, row: &R) -> Result<(), Error> {
        let first = self.seen == 0;
        self.seen += 1;
        self.rows += 1;
        match &self.script.steps[step].rows {
            Use::Rows(record) => {
                self.sheet.row()?;
                self.sheet.text.push(if first { b'[' } else { b',' });
                json::record(row, record, &mut self.sheet)?;
            }
            Use::Value(cell) if first => {
                self.sheet.row()?;
                json::cell(row, cell, &mut self.sheet)?;
            }
            Use::Keep(codecs) => {
                self.kept_bytes += row.size();
                self.kept.resize_with(self.script.steps.len(), Vec::new);
                self.kept[step].push(row.keep(codecs)?);
            }
            Use::Value(_) | Use::Discard => {}
        }
        if self.is_full() {
            Err(Error::TooLarge(format!(
                "it passes {} bytes",
                self.bytes_max
            )))
        } else {
            Ok(())
        }
    }

    /// Whether more is held than may be.
    pub(crate) fn is_full(&self) -> bool {
        self.sheet.text.len() + self.kept_bytes > self.bytes_max
    }

    /// No more rows of the open step.
    pub(crate) fn close(&mut self, step: usize) {
        match &self.script.steps[step].rows {
            Use::Rows(_) => {
                if self.seen == 0 {
                    self.sheet.text.push(b'[');
                }
                self.sheet.text.push(b']');
            }
            Use::Value(_) if self.seen == 0 => self.sheet.text.extend_from_slice(b"null"),
            Use::Value(_) | Use::Keep(_) | Use::Discard => {}
        }
    }

    /// The rest of the JSON text.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.data.close(&mut self.sheet.text)?;
        self.sheet.check()?;
        Ok(self.sheet.text)
    }
}
