//! What every connection learns beyond SQLite's own: functions, aggregates and a collation.

use super::decimal::{Decimal, compare, with_digits_of};
use super::sum::{Average, Total};
use super::{like, number, rows};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};
use std::borrow::Cow;

/// Registers them all.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_collation(c"fragaria_decimal", compare)?;
    connection.create_aggregate_function(c"fragaria_rows", -1, flags, rows::Pack)?;
    connection.create_aggregate_function(c"fragaria_decimal_sum", 1, flags, Total)?;
    connection.create_aggregate_function(c"fragaria_decimal_avg", 1, flags, Average)?;
    connection.create_scalar_function(c"fragaria_decimal", 2, flags, decimal)?;
    connection.create_scalar_function(c"fragaria_ilike", 2, flags, ilike)?;
    connection.create_scalar_function(c"fragaria_json", 1, flags, number::kept)
}

/// `fragaria_decimal(x, scale)`: text with that many digits after the point, NULL for NULL.
fn decimal(context: &mut Context<'_>) -> Result<Option<String>> {
    let scale: u8 = context.get(1)?;
    let round = |digits: &[u8]| {
        let decimal = Decimal::parse(digits).ok_or_else(|| refusal("not a decimal"))?;
        let mut out = Vec::with_capacity(digits.len() + usize::from(scale) + 2);
        decimal.write_rounded(scale.into(), &mut out);
        String::from_utf8(out).map_err(|_| refusal("not a decimal"))
    };
    match context.get_raw(0) {
        ValueRef::Null => Ok(None),
        ValueRef::Text(text) => round(text).map(Some),
        ValueRef::Integer(value) => round(itoa::Buffer::new().format(value).as_bytes()).map(Some),
        ValueRef::Real(value) if value.is_finite() => with_digits_of(value, round).map(Some),
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(refusal("not a decimal")),
    }
}

/// `fragaria_ilike(pattern, text)`: NULL when one of them is.
fn ilike(context: &mut Context<'_>) -> Result<Option<bool>> {
    let (Some(pattern), Some(text)) = (text(context, 0)?, text(context, 1)?) else {
        return Ok(None);
    };
    match like::matches(&pattern, &text) {
        Some(matched) => Ok(Some(matched)),
        None => Err(refusal("a pattern ends in a lone backslash")),
    }
}

fn text<'a>(context: &'a Context<'_>, index: usize) -> Result<Option<Cow<'a, str>>> {
    match context.get_raw(index) {
        ValueRef::Null => Ok(None),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Some(text.into())),
            Err(_) => Err(refusal("text is not valid UTF-8")),
        },
        ValueRef::Integer(value) => Ok(Some(value.to_string().into())),
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(refusal("only text is matched by a pattern")),
    }
}

fn refusal(message: &'static str) -> Error {
    Error::UserFunctionError(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sql: &str) -> Result<Option<String>> {
        let connection = Connection::open_in_memory()?;
        register(&connection)?;
        connection.query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| {
            row.get(0)
        })
    }

    #[test]
    fn decimals_are_rounded_from_any_storage() {
        for (sql, expected) in [
            ("fragaria_decimal('2.675', 2)", Some("2.68")),
            ("fragaria_decimal(2.675, 2)", Some("2.68")),
            ("fragaria_decimal(7, 3)", Some("7.000")),
            ("fragaria_decimal(1e20, 1)", Some("100000000000000000000.0")),
            ("fragaria_decimal(NULL, 2)", None),
        ] {
            assert_eq!(answer(sql).unwrap().as_deref(), expected, "{sql}");
        }
        assert!(answer("fragaria_decimal('abc', 2)").is_err());
    }

    #[test]
    fn the_collation_orders_and_groups_by_value() {
        let values = "(SELECT column1 x FROM (VALUES ('9'), ('10'), ('-1'), ('1.0'), ('1.00')))";
        let ordered = format!(
            "SELECT group_concat(x, ' ') FROM (SELECT x FROM {values} \
             ORDER BY x COLLATE fragaria_decimal, x)"
        );
        assert_eq!(answer(&ordered).unwrap().unwrap(), "-1 1.0 1.00 9 10");
        let distinct = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {values} GROUP BY x COLLATE fragaria_decimal)"
        );
        assert_eq!(answer(&distinct).unwrap().unwrap(), "4");
        let largest = format!("SELECT max(x COLLATE fragaria_decimal) FROM {values}");
        assert_eq!(answer(&largest).unwrap().unwrap(), "10");
    }

    #[test]
    fn sums_and_averages_work_in_sql() {
        let values = "(VALUES ('0.10'), (2), (0.2))";
        let sum = format!("SELECT fragaria_decimal_sum(column1) FROM {values}");
        assert_eq!(answer(&sum).unwrap().unwrap(), "2.30");
        let average = format!("SELECT fragaria_decimal_avg(column1) FROM {values}");
        assert_eq!(answer(&average).unwrap().unwrap(), "0.766667");
        let none = "SELECT fragaria_decimal_sum(1) WHERE 0";
        assert_eq!(answer(none).unwrap(), None);
    }

    #[test]
    fn ilike_is_null_for_null_and_refuses_a_lone_backslash() {
        assert_eq!(answer("fragaria_ilike('%X', 'ax')").unwrap().unwrap(), "1");
        assert_eq!(answer("fragaria_ilike(NULL, 'ax')").unwrap(), None);
        assert!(answer("fragaria_ilike('a\\', 'a')").is_err());
    }
}
