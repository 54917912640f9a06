//! Which columns of a select leave the database for its caller.

use model::{Cell, Page, PagePart, Record, Use};
use std::collections::BTreeMap;

/// What is shown of the columns of a select.
#[derive(Clone, Copy)]
pub(super) enum Shown<'r> {
    Everything,
    /// Nothing: they are kept for later steps.
    Nothing,
    Record(&'r Record),
    /// The rows of a connection, and what their cursors hold.
    Page(&'r Page),
    /// One cell.
    Cell(&'r Cell),
}

/// What a step shows.
pub(super) fn shown(rows: &Use) -> Shown<'_> {
    match rows {
        Use::Rows(record) => Shown::Record(record),
        Use::Value(cell) => Shown::Cell(cell),
        Use::Keep(_) | Use::Discard => Shown::Nothing,
    }
}

impl<'r> Shown<'r> {
    /// What is shown of each of so many columns; those that are not listed are not shown.
    pub(super) fn columns(self, count: usize) -> Columns<'r> {
        let mut all = Columns::new();
        match self {
            Self::Everything => all.extend((0..count).map(|column| (column, self))),
            Self::Nothing => {}
            Self::Record(record) => of_record(record, &mut all),
            Self::Cell(cell) => of_cell(cell, &mut all),
            Self::Page(page) => {
                of_cell(&page.cursor, &mut all);
                for field in &page.fields {
                    if let PagePart::Rows(record) = &field.part {
                        of_record(record, &mut all);
                    }
                }
            }
        }
        all
    }
}

/// Of each column of a select what is shown.
pub(super) type Columns<'r> = BTreeMap<usize, Shown<'r>>;

fn of_record<'r>(record: &'r Record, all: &mut Columns<'r>) {
    for field in &record.fields {
        of_cell(&field.cell, all);
    }
    if let Some(cases) = &record.cases {
        for cell in &cases.shared {
            of_cell(cell, all);
        }
        for case in &cases.types {
            of_record(&case.record, all);
        }
    }
}

fn of_cell<'r>(cell: &'r Cell, all: &mut Columns<'r>) {
    match cell {
        Cell::Constant(_) | Cell::Shared(_) => {}
        Cell::Scalar { column, .. } | Cell::Extract { column, .. } => {
            all.insert(*column, Shown::Everything);
        }
        Cell::Object { record, .. } => of_record(record, all),
        Cell::Choice(objects) => {
            for (_, record) in objects {
                of_record(record, all);
            }
        }
        Cell::Rows { column, record } => {
            all.insert(*column, Shown::Record(record));
        }
        Cell::Page(page) => {
            all.extend(page.rows.map(|rows| (rows, Shown::Page(page))));
            let figures = [Some(page.size), page.count, page.behind];
            all.extend(
                figures
                    .into_iter()
                    .flatten()
                    .map(|column| (column, Shown::Everything)),
            );
        }
        Cell::Token { columns, .. } => {
            all.extend(
                columns
                    .iter()
                    .map(|(column, _)| (*column, Shown::Everything)),
            );
        }
    }
}
