//! A top-level row as the driver holds it.

use super::packed::Packed;
use super::value::Datum;
use crate::answer::Arriving;
use crate::json::Sheet;
use crate::{Error, json};
use model::{Codec, Value};
use mysql_async::Value as Cell;
use mysql_async::consts::ColumnType;

/// A row of an answer.
#[derive(Debug)]
pub(crate) struct Row(pub(super) mysql_async::Row);

impl Row {
    /// How many columns it has.
    pub(crate) fn width(&self) -> usize {
        self.0.len()
    }

    /// The bytes of a column, where it comes as such.
    pub(crate) fn text(&self, column: usize) -> Result<Option<&[u8]>, Error> {
        match self.cell(column)? {
            Cell::NULL => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(Error::Internal(format!("column {column} is no text"))),
        }
    }

    fn cell(&self, column: usize) -> Result<&Cell, Error> {
        let missing = || Error::Internal(format!("a row has no column {column}"));
        self.0.as_ref(column).ok_or_else(missing)
    }

    fn datum(&self, column: usize) -> Result<Datum<'_>, Error> {
        Ok(match self.cell(column)? {
            Cell::NULL => Datum::Null,
            Cell::Int(value) => Datum::Integer(*value),
            Cell::UInt(value) => unsigned(*value),
            Cell::Float(value) => Datum::Single(*value),
            Cell::Double(value) => Datum::Double(*value),
            Cell::Bytes(bytes) if self.is_bits(column) => bits(bytes)?,
            Cell::Bytes(bytes) => Datum::Text(bytes),
            Cell::Date(year, month, day, hour, minute, second, micros) => {
                Datum::Moment((*year, *month, *day), (*hour, *minute, *second, *micros))
            }
            Cell::Time(negative, days, hours, minutes, seconds, micros) => {
                let is_in_day = !negative && *days == 0;
                Datum::Time(is_in_day.then_some((*hours, *minutes, *seconds, *micros)))
            }
        })
    }

    fn is_bits(&self, column: usize) -> bool {
        let declared = self.0.columns_ref().get(column);
        declared.is_some_and(|column| column.column_type() == ColumnType::MYSQL_TYPE_BIT)
    }
}

/// A number that fits is as if it had a sign.
fn unsigned(value: u64) -> Datum<'static> {
    i64::try_from(value).map_or(Datum::Unsigned(value), Datum::Integer)
}

/// Bits come as bytes, the highest first.
fn bits(bytes: &[u8]) -> Result<Datum<'static>, Error> {
    if bytes.len() > 8 {
        return Err(Error::Internal("a value has more bits than any can".into()));
    }
    let value = bytes
        .iter()
        .fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    Ok(unsigned(value))
}

impl json::Row for Row {
    type Packed<'a> = Packed<'a>;

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        Ok(matches!(self.cell(column)?, Cell::NULL))
    }

    fn scalar(&self, column: usize, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
        let datum = self.datum(column)?;
        if let Datum::Text(bytes) = datum {
            sheet.admit(bytes.len())?;
        }
        datum.write(codec, &mut sheet.text)
    }

    fn integer(&self, column: usize) -> Result<i64, Error> {
        self.datum(column)?.integer()
    }

    fn boolean(&self, column: usize) -> Result<bool, Error> {
        self.datum(column)?.is_true()
    }

    fn packed(&self, column: usize) -> Result<Packed<'_>, Error> {
        Packed::open(self.text(column)?)
    }
}

impl Arriving for Row {
    fn size(&self) -> usize {
        let cells = (0..self.0.len()).filter_map(|column| self.0.as_ref(column));
        let size = |cell: &Cell| usize::try_from(cell.bin_len()).unwrap_or(usize::MAX);
        cells.map(size).fold(0, usize::saturating_add)
    }

    fn keep(&self, codecs: &[Codec]) -> Result<Vec<Value>, Error> {
        let columns = codecs.iter().enumerate();
        columns
            .map(|(column, codec)| self.datum(column)?.keep(codec))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_from_the_highest_and_large_numbers_keep_their_digits() {
        assert_eq!(bits(&[1, 0]).unwrap().integer().unwrap(), 256);
        assert!(matches!(
            bits(&[0xff; 8]).unwrap(),
            Datum::Unsigned(u64::MAX)
        ));
        assert!(bits(&[0; 9]).is_err());
        assert!(matches!(unsigned(7), Datum::Integer(7)));
    }
}
