//! A top-level row as the driver holds it, read without copies.

use super::packed::Packed;
use super::value::Datum;
use crate::answer::Arriving;
use crate::json::Sheet;
use crate::{Error, json};
use model::{Codec, Value};
use std::error::Error as StdError;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

impl json::Row for Row {
    type Packed<'a> = Packed<'a>;

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        Ok(datum(self, column)?.bytes.is_none())
    }

    fn scalar(&self, column: usize, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
        datum(self, column)?.write(codec, sheet)
    }

    fn integer(&self, column: usize) -> Result<i64, Error> {
        datum(self, column)?.integer()
    }

    fn boolean(&self, column: usize) -> Result<bool, Error> {
        datum(self, column)?.boolean()
    }

    fn packed(&self, column: usize) -> Result<Packed<'_>, Error> {
        Packed::new(datum(self, column)?)
    }
}

impl Arriving for Row {
    fn size(&self) -> usize {
        self.raw_size_bytes()
    }

    fn keep(&self, codecs: &[Codec]) -> Result<Vec<Value>, Error> {
        let columns = codecs.iter().enumerate();
        columns
            .map(|(column, codec)| datum(self, column)?.keep(codec))
            .collect()
    }
}

fn datum(row: &Row, column: usize) -> Result<Datum<'_>, Error> {
    let raw: Raw<'_> = row
        .try_get(column)
        .map_err(|error| Error::Internal(format!("column {column} of a row: {error}")))?;
    Ok(raw.0)
}

/// Any value, as its bytes.
struct Raw<'a>(Datum<'a>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Datum {
            kind: kind.oid(),
            bytes: Some(bytes),
        }))
    }

    fn from_sql_null(kind: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Datum {
            kind: kind.oid(),
            bytes: None,
        }))
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }
}
