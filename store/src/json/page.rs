//! Relay connections and their cursors, written from the packed rows of one page.

use super::{Row, Rows, Sheet, cell, null, record, scalar};
use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Codec, Label, Page, PageInfo, PagePart, Record};

/// The rows a page shows, in the order it shows them, and whether there are more.
struct Shown<R> {
    rows: Vec<R>,
    ahead: bool,
}

/// Writes a connection.
pub(super) fn page<R: Row>(row: &R, plan: &Page, sheet: &mut Sheet) -> Result<(), Error> {
    let shown = shown(row, plan)?;
    let mut separator = b'{';
    for field in &plan.fields {
        sheet.text.push(separator);
        separator = b',';
        sheet.text.extend_from_slice(field.key.json().as_bytes());
        match &field.part {
            PagePart::Rows(record) => list(&shown.rows, record, sheet)?,
            PagePart::Count => count(row, plan, sheet)?,
            PagePart::Constant(text) => sheet.text.extend_from_slice(text.as_bytes()),
            PagePart::Info(members) => {
                let behind = plan
                    .behind
                    .map_or(Ok(false), |column| row.boolean(column))?;
                info(&shown, plan, behind, members, sheet)?;
            }
        }
    }
    close(separator, &mut sheet.text);
    Ok(())
}

fn info<R: Row>(
    shown: &Shown<R>,
    plan: &Page,
    behind: bool,
    members: &[(Label, PageInfo)],
    sheet: &mut Sheet,
) -> Result<(), Error> {
    let (mut next, mut previous) = (shown.ahead, behind);
    if plan.backward {
        std::mem::swap(&mut next, &mut previous);
    }
    let mut separator = b'{';
    for (label, part) in members {
        sheet.text.push(separator);
        separator = b',';
        sheet.text.extend_from_slice(label.json().as_bytes());
        match part {
            PageInfo::HasNext => scalar::boolean(next, &mut sheet.text),
            PageInfo::HasPrevious => scalar::boolean(previous, &mut sheet.text),
            PageInfo::StartCursor => cursor(shown.rows.first(), plan, sheet)?,
            PageInfo::EndCursor => cursor(shown.rows.last(), plan, sheet)?,
            PageInfo::Constant(text) => sheet.text.extend_from_slice(text.as_bytes()),
        }
    }
    close(separator, &mut sheet.text);
    Ok(())
}

/// Cuts off the row that only tells that there are more, and turns a backward page round.
fn shown<'r, R: Row>(
    row: &'r R,
    plan: &Page,
) -> Result<Shown<<R::Packed<'r> as Rows>::Row>, Error> {
    let Some(column) = plan.rows else {
        return Ok(Shown {
            rows: Vec::new(),
            ahead: false,
        });
    };
    let size = usize::try_from(row.integer(plan.size)?).unwrap_or(0);
    let mut rows = row.packed(column)?.collect::<Result<Vec<_>, _>>()?;
    let ahead = rows.len() > size;
    rows.truncate(size);
    if plan.backward {
        rows.reverse();
    }
    Ok(Shown { rows, ahead })
}

fn list<R: Row>(rows: &[R], plan: &Record, sheet: &mut Sheet) -> Result<(), Error> {
    sheet.text.push(b'[');
    for (index, row) in rows.iter().enumerate() {
        sheet.row()?;
        if index > 0 {
            sheet.text.push(b',');
        }
        record(row, plan, sheet)?;
    }
    sheet.text.push(b']');
    Ok(())
}

fn count<R: Row>(row: &R, plan: &Page, sheet: &mut Sheet) -> Result<(), Error> {
    let column = plan
        .count
        .ok_or_else(|| Error::Internal("a page shows a count it has no column for".into()))?;
    scalar::int(row.integer(column)?, &mut sheet.text)
}

fn cursor<R: Row>(row: Option<&R>, plan: &Page, sheet: &mut Sheet) -> Result<(), Error> {
    let Some(row) = row else {
        null(&mut sheet.text);
        return Ok(());
    };
    cell(row, &plan.cursor, sheet)
}

fn close(separator: u8, out: &mut Vec<u8>) {
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Writes an opaque token: its JSON goes behind the end of the text and is encoded from there.
pub(super) fn token<R: Row>(
    row: &R,
    head: &str,
    columns: &[(usize, Codec)],
    sheet: &mut Sheet,
) -> Result<(), Error> {
    let start = sheet.text.len();
    sheet.text.push(b'[');
    sheet.text.extend_from_slice(head.as_bytes());
    for (column, codec) in columns {
        sheet.text.push(b',');
        row.scalar(*column, codec, sheet)?;
        sheet.check()?;
    }
    let out = &mut sheet.text;
    out.push(b']');
    let plain_end = out.len();
    let length = (plain_end - start).div_ceil(3) * 4;
    out.resize(plain_end + length, 0);
    let (text, encoded) = out.split_at_mut(plain_end);
    let written = URL_SAFE_NO_PAD
        .encode_slice(text.get(start..).unwrap_or_default(), encoded)
        .map_err(|error| Error::Internal(error.to_string()))?;
    out.copy_within(plain_end..plain_end + written, start + 1);
    if let Some(quote) = out.get_mut(start) {
        *quote = b'"';
    }
    out.truncate(start + 1 + written);
    out.push(b'"');
    Ok(())
}
