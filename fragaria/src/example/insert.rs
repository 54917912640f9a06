//! Rows as SQL text: literals, and INSERT statements of a moderate size.

use jiff::civil::{Date, DateTime};
use std::fmt::{Display, Write as _};

/// More rows make a statement long to parse, fewer make many statements.
const ROWS_MAX: usize = 500;

/// The INSERT statements that bring rows into `table`, given with its columns: `tags (id, name)`.
pub(super) fn statements(table: &str, rows: impl IntoIterator<Item = Row>) -> Vec<String> {
    let rows: Vec<_> = rows.into_iter().map(|row| row.0).collect();
    rows.chunks(ROWS_MAX)
        .map(|rows| format!("INSERT INTO {table} VALUES\n{}", rows.join(",\n")))
        .collect()
}

/// A row, as `(1, 'one')` when it is finished.
pub(super) struct Row(String);

impl Row {
    /// A row that begins with its key.
    pub(super) fn new(key: impl Into<i64>) -> Self {
        Self(format!("({}", key.into()))
    }

    /// The next value is a whole number.
    pub(super) fn number(self, value: i64) -> Self {
        self.literal(value)
    }

    /// The next value is true or false.
    pub(super) fn boolean(self, value: bool) -> Self {
        self.literal(i64::from(value))
    }

    /// The next value is a text.
    pub(super) fn text(self, value: &str) -> Self {
        self.quoted(value)
    }

    /// The next value is an amount of money, given in cents.
    pub(super) fn money(self, cents: i64) -> Self {
        self.quoted(&format!("{}.{:02}", cents / 100, cents % 100))
    }

    /// The next value is a date.
    pub(super) fn date(self, value: Date) -> Self {
        self.quoted(&value.to_string())
    }

    /// The next value is a moment.
    pub(super) fn moment(self, value: DateTime) -> Self {
        self.quoted(&format!("{} {}", value.date(), value.time()))
    }

    /// The next value is written by `write`, or NULL.
    pub(super) fn maybe<T>(self, value: Option<T>, write: fn(Self, T) -> Self) -> Self {
        match value {
            Some(value) => write(self, value),
            None => self.literal("NULL"),
        }
    }

    /// No value is left.
    pub(super) fn end(mut self) -> Self {
        self.0.push(')');
        self
    }

    fn quoted(self, value: &str) -> Self {
        let escaped = value.replace('\'', "''");
        self.literal(format_args!("'{escaped}'"))
    }

    fn literal(mut self, literal: impl Display) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, ", {literal}");
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_row_is_written_with_literals_of_its_types() {
        let row = Row::new(7)
            .number(-1)
            .boolean(true)
            .text("O'Brien")
            .money(1_205)
            .date(date(2024, 2, 29))
            .moment(date(2024, 2, 29).at(8, 5, 0, 0))
            .maybe(None, Row::number)
            .maybe(Some("x"), Row::text)
            .end();
        let expected =
            "(7, -1, 1, 'O''Brien', '12.05', '2024-02-29', '2024-02-29 08:05:00', NULL, 'x')";
        assert_eq!(row.0, expected);
    }

    #[test]
    fn many_rows_take_several_statements() {
        let rows = (0..1_001).map(|key| Row::new(key).end());
        let statements = statements("t (id)", rows);
        assert_eq!(statements.len(), 3);
        assert_eq!(statements[2], "INSERT INTO t (id) VALUES\n(1000)");
    }
}
