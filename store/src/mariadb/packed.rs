//! Packed rows as text: `[('1',NULL,[('a')])('2','it\'s',[])]`, walked in place.
//!
//! A cell is `NULL`, text as `QUOTE()` writes it, or packed rows again. Nothing is trusted; what
//! does not read to its very end is an error.

use super::value::Datum;
use crate::Error;
use crate::json::{self, Rows, Sheet};
use model::Codec;
use std::borrow::Cow;

/// The rows of a column, in their order.
#[derive(Debug)]
pub(crate) struct Packed<'a> {
    /// What follows the rows that were read; empty behind the closing bracket.
    rest: &'a [u8],
    /// Cells of the last row, as many as the next will have.
    cells: usize,
}

/// One packed row.
#[derive(Debug)]
pub(crate) struct Record<'a>(Vec<Cell<'a>>);

/// A cell, not yet freed of its quotes and escapes.
#[derive(Clone, Copy, Debug)]
enum Cell<'a> {
    Null,
    /// What stands between the quotes, and whether there are escapes in it.
    Text(&'a [u8], bool),
    /// Packed rows, brackets included.
    Rows(&'a [u8]),
}

impl<'a> Packed<'a> {
    /// The rows in a text; NULL passed a bound of the server and is an error.
    pub(super) fn open(text: Option<&'a [u8]>) -> Result<Self, Error> {
        let rest = text.ok_or_else(too_large)?;
        let rest = rest.strip_prefix(b"[").ok_or_else(broken)?;
        Ok(Self { rest, cells: 0 })
    }

    fn record(&mut self) -> Result<Record<'a>, Error> {
        let mut cells = Vec::with_capacity(self.cells);
        self.rest = self.rest.strip_prefix(b"(").ok_or_else(broken)?;
        if let Some(rest) = self.rest.strip_prefix(b")") {
            self.rest = rest;
            return Ok(Record(cells));
        }
        loop {
            cells.push(cell(&mut self.rest)?);
            let (mark, rest) = self.rest.split_first().ok_or_else(broken)?;
            self.rest = rest;
            match mark {
                b',' => {}
                b')' => break,
                _ => return Err(broken()),
            }
        }
        self.cells = cells.len();
        Ok(Record(cells))
    }
}

impl<'a> Iterator for Packed<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest == b"]" {
            return None;
        }
        let record = self.record();
        if record.is_err() {
            // One error, then the end.
            self.rest = b"]";
        }
        Some(record)
    }
}

impl<'a> Rows for Packed<'a> {
    type Row = Record<'a>;
}

impl Record<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>, Error> {
        let missing = || Error::Internal(format!("a packed row has no column {column}"));
        self.0.get(column).copied().ok_or_else(missing)
    }

    /// The text of a column, freed of its escapes.
    fn text(&self, column: usize) -> Result<Option<Cow<'_, [u8]>>, Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text, escaped) => plain(text, escaped).map(Some),
            Cell::Rows(_) => Err(broken()),
        }
    }
}

impl json::Row for Record<'_> {
    type Packed<'a>
        = Packed<'a>
    where
        Self: 'a;

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        Ok(matches!(self.cell(column)?, Cell::Null))
    }

    fn scalar(&self, column: usize, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
        if let Cell::Text(text, _) = self.cell(column)? {
            // Two digits are one byte, and so may be an escape.
            sheet.admit(text.len() / 2)?;
        }
        datum(self.text(column)?.as_deref()).write(codec, &mut sheet.text)
    }

    fn integer(&self, column: usize) -> Result<i64, Error> {
        datum(self.text(column)?.as_deref()).integer()
    }

    fn boolean(&self, column: usize) -> Result<bool, Error> {
        datum(self.text(column)?.as_deref()).is_true()
    }

    fn packed(&self, column: usize) -> Result<Packed<'_>, Error> {
        match self.cell(column)? {
            Cell::Null => Packed::open(None),
            Cell::Rows(rows) => Packed::open(Some(rows)),
            Cell::Text(..) => Err(broken()),
        }
    }
}

fn datum(text: Option<&[u8]>) -> Datum<'_> {
    text.map_or(Datum::Null, Datum::Packed)
}

/// Takes a cell off the front of the text.
fn cell<'a>(rest: &mut &'a [u8]) -> Result<Cell<'a>, Error> {
    let whole = *rest;
    match whole.first() {
        Some(b'\'') => {
            let (text, escaped) = quoted(rest)?;
            Ok(Cell::Text(text, escaped))
        }
        Some(b'[') => {
            skip_rows(rest)?;
            let length = whole.len() - rest.len();
            Ok(Cell::Rows(whole.get(..length).ok_or_else(broken)?))
        }
        _ => {
            *rest = whole.strip_prefix(b"NULL").ok_or_else(broken)?;
            Ok(Cell::Null)
        }
    }
}

/// Takes quoted text off the front: what stands between the quotes, and whether it has escapes.
fn quoted<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8], bool), Error> {
    let text = rest.strip_prefix(b"'").ok_or_else(broken)?;
    let (mut at, mut escaped) = (0, false);
    loop {
        let ahead = text.get(at..).unwrap_or_default();
        let found = ahead.iter().position(|byte| matches!(byte, b'\'' | b'\\'));
        at += found.ok_or_else(broken)?;
        if text.get(at) == Some(&b'\'') {
            break;
        }
        // Whatever follows a backslash ends nothing.
        escaped = true;
        at += 2;
    }
    let (inside, behind) = text.split_at_checked(at).ok_or_else(broken)?;
    *rest = behind.get(1..).ok_or_else(broken)?;
    Ok((inside, escaped))
}

/// Passes over packed rows, however deep.
fn skip_rows(rest: &mut &[u8]) -> Result<(), Error> {
    let mut depth = 0_usize;
    loop {
        match rest.first().ok_or_else(broken)? {
            b'\'' => {
                quoted(rest)?;
                continue;
            }
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        *rest = rest.get(1..).unwrap_or_default();
        if depth == 0 {
            return Ok(());
        }
    }
}

/// Text freed of its escapes.
fn plain(text: &[u8], escaped: bool) -> Result<Cow<'_, [u8]>, Error> {
    if !escaped {
        return Ok(Cow::Borrowed(text));
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'0') => 0,
                Some(b'Z') => 0x1a,
                Some(same @ (b'\'' | b'\\')) => *same,
                _ => return Err(broken()),
            },
            byte => *byte,
        });
    }
    Ok(Cow::Owned(plain))
}

fn too_large() -> Error {
    Error::TooLarge("a list passes the server's max_allowed_packet".into())
}

fn broken() -> Error {
    Error::Internal("a column of packed rows does not hold what its plan says".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Field, Label, Record as Plan, Scalar};

    fn plan(cells: Vec<model::Cell>) -> Plan {
        let field = |cell| Field {
            key: Label::new("k"),
            cell,
        };
        Plan {
            fields: cells.into_iter().map(field).collect(),
            ..Plan::default()
        }
    }

    fn text(column: usize) -> model::Cell {
        model::Cell::Scalar {
            column,
            codec: Codec::Scalar(Scalar::String),
        }
    }

    /// Rows of a text, a list of rows of one text, and a text, read from the last to the first.
    fn written(packed: &[u8]) -> Result<String, Error> {
        let list = model::Cell::Rows {
            column: 1,
            record: plan(vec![text(0)]),
        };
        let plan = plan(vec![text(2), list, text(0)]);
        let mut sheet = json::Sheet::new(json::Bounds::new(&crate::Config::default()));
        for record in Packed::open(Some(packed))? {
            json::record(&record?, &plan, &mut sheet)?;
        }
        Ok(String::from_utf8(sheet.text).unwrap())
    }

    const SAMPLE: &[u8] = br"[('it\'s',[('a)]')('\\')],NULL)('\0\Z',[],'')]";

    #[test]
    fn packed_rows_are_read_in_any_order_of_columns() {
        assert_eq!(
            written(SAMPLE).unwrap(),
            r#"{"k":null,"k":[{"k":"a)]"},{"k":"\\"}],"k":"it's"}"#.to_owned()
                + r#"{"k":"","k":[],"k":"\u0000\u001a"}"#
        );
        assert_eq!(written(b"[]").unwrap(), "");
        let empty = Packed::open(Some(b"[()()]")).unwrap();
        assert_eq!(empty.map(Result::unwrap).count(), 2);
    }

    #[test]
    fn null_is_a_list_too_large_and_never_an_empty_one() {
        let error = Packed::open(None).unwrap_err();
        assert!(error.to_string().contains("max_allowed_packet"));
        assert!(written(b"[('a',NULL,'b')]").is_err());
    }

    #[test]
    fn text_cut_short_anywhere_is_an_error() {
        for length in 0..SAMPLE.len() {
            assert!(written(&SAMPLE[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn text_changed_anywhere_never_panics() {
        for at in 0..SAMPLE.len() {
            for byte in 0..=255 {
                let mut changed = SAMPLE.to_vec();
                changed[at] = byte;
                drop(written(&changed));
            }
        }
        for text in [
            b"[(x)]".as_slice(),
            b"[('a'b)]",
            b"[('a')",
            b"[('\\n',[],NULL)]",
            b"[]]",
        ] {
            assert!(written(text).is_err(), "{text:?}");
        }
    }
}
