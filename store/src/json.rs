//! Rows to JSON: follows a [`model::Record`] over a driver's bytes, straight into the response.
//!
//! A driver offers its rows through [`Row`] and its packed rows through [`Rows`]; everything is
//! monomorphised, and no cell is ever held as a value of its own.

mod data;
mod page;
mod scalar;
mod text;
mod time;

pub(crate) use data::Data;
pub(crate) use scalar::{base64, bigint, boolean, enumeration, float, int, json};
pub(crate) use text::{ascii, text};
pub(crate) use time::{date, date_time, local_date_time, local_time};

use crate::Error;
use model::{Cell, Codec, Record};

/// A row as a driver holds it.
pub(crate) trait Row {
    /// Its packed rows.
    type Packed<'a>: Rows
    where
        Self: 'a;

    /// Whether a column is NULL.
    fn is_null(&self, column: usize) -> Result<bool, Error>;
    /// Writes a column by its codec; NULL is `null`.
    fn scalar(&self, column: usize, codec: &Codec, out: &mut Vec<u8>) -> Result<(), Error>;
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
pub(crate) fn record<R: Row>(row: &R, record: &Record, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut separator = b'{';
    for field in &record.fields {
        out.push(separator);
        out.extend_from_slice(field.key.json().as_bytes());
        cell(row, &field.cell, out)?;
        separator = b',';
    }
    if record.fields.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(())
}

/// Writes one value of a row.
pub(crate) fn cell<R: Row>(row: &R, cell: &Cell, out: &mut Vec<u8>) -> Result<(), Error> {
    match cell {
        Cell::Scalar { column, codec } => return row.scalar(*column, codec, out),
        Cell::Constant(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Object {
            present: Some(column),
            ..
        } if row.is_null(*column)? => null(out),
        Cell::Object { record: inner, .. } => return record(row, inner, out),
        Cell::Rows {
            column,
            record: inner,
        } => return list(row.packed(*column)?, inner, out),
        Cell::Page(plan) => return page::page(row, plan, out),
        Cell::Token { head, columns } => return page::token(row, head, columns, out),
    }
    Ok(())
}

/// Writes `null`.
pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

fn list<R: Rows>(rows: R, plan: &Record, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut separator = b'[';
    for row in rows {
        out.push(separator);
        record(&row?, plan, out)?;
        separator = b',';
    }
    if separator == b'[' {
        out.push(b'[');
    }
    out.push(b']');
    Ok(())
}
