//! Rows to JSON: follows a [`model::Record`] over a driver's bytes, straight into the response.
//!
//! A driver offers its rows through [`Row`] and its packed rows through [`Rows`]; everything is
//! monomorphised, and no cell is ever held as a value of its own.

mod argument;
mod data;
mod extract;
mod number;
mod page;
mod scalar;
mod sheet;
mod text;
mod time;
mod words;

pub(crate) use argument::{argument, kept_rows};
pub(crate) use data::Data;
pub(crate) use number::Number;
pub(crate) use scalar::{NOT_FINITE, base64, bigint, boolean, enumeration, float, int, json};
pub(crate) use sheet::{Bounds, Sheet};
pub(crate) use text::{ascii, text};
pub(crate) use time::{date, date_time, local_date_time, local_time};
pub(crate) use words::Words;

use crate::Error;
use model::{Case, Cases, Cell, Codec, Record};

/// A row as a driver holds it.
pub(crate) trait Row {
    /// Its packed rows.
    type Packed<'a>: Rows
    where
        Self: 'a;

    /// Whether a column is NULL.
    fn is_null(&self, column: usize) -> Result<bool, Error>;
    /// Writes a column by its codec; NULL is `null`.
    ///
    /// What is longer than the answer may be is refused before it is copied.
    fn scalar(&self, column: usize, codec: &Codec, sheet: &mut Sheet) -> Result<(), Error>;
    /// An integer column that is not NULL, such as a page size.
    fn integer(&self, column: usize) -> Result<i64, Error>;
    /// A boolean column; NULL is false.
    fn boolean(&self, column: usize) -> Result<bool, Error>;
    /// A column of packed rows; NULL has none.
    fn packed(&self, column: usize) -> Result<Self::Packed<'_>, Error>;
}

/// Packed rows, in their order.
pub(crate) trait Rows: Iterator<Item = Result<Self::Row, Error>> {
    /// One of them.
    type Row: Row;
}

/// Writes a row as an object.
pub(crate) fn record<R: Row>(row: &R, record: &Record, sheet: &mut Sheet) -> Result<(), Error> {
    match &record.cases {
        Some(cases) => {
            let case = case(row, cases, sheet)?;
            members(row, (&case.record, &cases.shared), sheet)
        }
        None => members(row, (record, &[]), sheet),
    }
}

/// The type a row is of, by what its column holds.
fn case<'c, R: Row>(row: &R, cases: &'c Cases, sheet: &mut Sheet) -> Result<&'c Case, Error> {
    let start = sheet.text.len();
    row.scalar(cases.column, &cases.codec, sheet)?;
    let value = sheet.text.get(start..).unwrap_or_default();
    let found = cases
        .types
        .iter()
        .find(|case| case.value.as_bytes() == value);
    sheet.text.truncate(start);
    let Some(case) = found else {
        let names: Vec<_> = cases.types.iter().map(|case| &*case.type_name).collect();
        let message = format!(
            "a row is not of type {} by its discriminator",
            names.join(", ")
        );
        return Err(Error::Conversion(message));
    };
    match case.present {
        Some(column) if row.is_null(column)? => {
            let message = format!(
                "a row is of type {} by its discriminator, but the table of that type has no row \
                 with its key",
                case.type_name
            );
            Err(Error::Conversion(message))
        }
        _ => Ok(case),
    }
}

fn members<R: Row>(
    row: &R,
    (record, shared): (&Record, &[Cell]),
    sheet: &mut Sheet,
) -> Result<(), Error> {
    let mut separator = b'{';
    for field in &record.fields {
        sheet.text.push(separator);
        sheet.text.extend_from_slice(field.key.json().as_bytes());
        let known = match &field.cell {
            Cell::Shared(index) => shared.get(*index).ok_or_else(misplaced)?,
            own => own,
        };
        cell(row, known, sheet)?;
        separator = b',';
    }
    if record.fields.is_empty() {
        sheet.text.push(b'{');
    }
    sheet.text.push(b'}');
    Ok(())
}

fn misplaced() -> Error {
    Error::Internal("a cell that types share stands where none do".into())
}

/// Writes one value of a row, unless the answer becomes longer than it may be.
pub(crate) fn cell<R: Row>(row: &R, cell: &Cell, sheet: &mut Sheet) -> Result<(), Error> {
    match cell {
        Cell::Scalar { column, codec } => row.scalar(*column, codec, sheet)?,
        Cell::Constant(text) => sheet.text.extend_from_slice(text.as_bytes()),
        Cell::Shared(_) => return Err(misplaced()),
        Cell::Extract {
            column,
            name,
            extract,
        } => extract::extract(row, (*column, name), extract, sheet)?,
        Cell::Object {
            present: Some(column),
            ..
        } if row.is_null(*column)? => null(&mut sheet.text),
        Cell::Object { record: inner, .. } => record(row, inner, sheet)?,
        Cell::Choice(objects) => choice(row, objects, sheet)?,
        Cell::Rows {
            column,
            record: inner,
        } => list(row.packed(*column)?, inner, sheet)?,
        Cell::Page(plan) => page::page(row, plan, sheet)?,
        Cell::Token { head, columns } => page::token(row, head, columns, sheet)?,
    }
    sheet.check()
}

/// Writes the first object that is there.
fn choice<R: Row>(row: &R, objects: &[(usize, Record)], sheet: &mut Sheet) -> Result<(), Error> {
    for (present, inner) in objects {
        if !row.is_null(*present)? {
            return record(row, inner, sheet);
        }
    }
    null(&mut sheet.text);
    Ok(())
}

/// Writes `null`.
pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

fn list<R: Rows>(rows: R, plan: &Record, sheet: &mut Sheet) -> Result<(), Error> {
    let mut separator = b'[';
    for row in rows {
        sheet.row()?;
        sheet.text.push(separator);
        record(&row?, plan, sheet)?;
        separator = b',';
    }
    if separator == b'[' {
        sheet.text.push(b'[');
    }
    sheet.text.push(b']');
    Ok(())
}
