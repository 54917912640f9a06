//! What every connection learns beyond SQLite's own: functions, aggregates and a collation.

use super::decimal::{Decimal, compare, with_digits_of};
use super::like::{Case, Pattern, Stopped};
use super::sum::{Average, Total};
use super::watch::Watch;
use super::{bucket, document, like, number, rows};
use crate::digits::hexadecimal;
use crate::json::NOT_FINITE;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, Result, ffi};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::sync::Arc;

/// What is said of a number that a column cannot hold.
pub(super) const OUTSIDE: &str = "a number is outside the range of its column";

/// What is said first of a stored value that is not what it should be.
pub(super) const UNFIT: &str = "a stored value is unfit: ";

/// Registers them all.
pub(super) fn register(connection: &Connection, watch: &Arc<Watch>) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_collation(c"fragaria_decimal", compare)?;
    connection.create_aggregate_function(c"fragaria_rows", -1, flags, rows::Pack)?;
    connection.create_aggregate_function(c"fragaria_decimal_sum", 1, flags, Total)?;
    connection.create_aggregate_function(c"fragaria_decimal_avg", 1, flags, Average)?;
    connection.create_scalar_function(c"fragaria_bucket", 3, flags, bucket::bucket)?;
    connection.create_scalar_function(c"fragaria_decimal", 2, flags, decimal)?;
    connection.create_scalar_function(c"fragaria_fitted", 3, flags, fitted)?;
    connection.create_scalar_function(c"fragaria_hash", 3, flags, hash)?;
    for (name, case) in [
        (c"fragaria_like", Case::Told),
        (c"fragaria_ilike", Case::Folded),
    ] {
        let watch = Arc::clone(watch);
        let like = move |context: &mut Context<'_>| like(context, case, &watch);
        connection.create_scalar_function(name, 2, flags, like)?;
    }
    let lower_watch = Arc::clone(watch);
    let lower = move |context: &mut Context<'_>| lower(context, &lower_watch);
    connection.create_scalar_function(c"fragaria_lower", 1, flags, lower)?;
    document::register(connection, flags, watch)?;
    connection.create_scalar_function(c"fragaria_json", 1, flags, number::kept)
}

/// `fragaria_hash(outer, inner, text)`: the two rounds of a keyed hash (RFC 2104) in hexadecimal
/// digits, NULL for NULL.
fn hash(context: &mut Context<'_>) -> Result<Option<String>> {
    let text = match context.get_raw(2) {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) | ValueRef::Blob(text) => text,
        ValueRef::Integer(_) | ValueRef::Real(_) => return Err(refusal("not a text")),
    };
    let [outer, inner] = [0, 1].map(|place| context.get_raw(place).as_blob());
    let round = |key: &[u8], text: &[u8]| Sha256::new().chain_update(key).chain_update(text);
    let inner = round(inner?, text).finalize();
    let digest = round(outer?, &inner).finalize();
    Ok(Some(hexadecimal(&digest)))
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
        ValueRef::Real(_) => Err(out_of_range(NOT_FINITE)),
        ValueRef::Blob(_) => Err(refusal("not a decimal")),
    }
}

/// `fragaria_fitted(x, whole, scale)`: x as it is, if a column of so many digits before and after
/// the point can hold it. SQLite's would take any number, and one of many digits as infinity.
fn fitted(context: &mut Context<'_>) -> Result<ToSqlOutput<'static>> {
    let (whole, scale): (u16, u8) = (context.get(1)?, context.get(2)?);
    if let ValueRef::Text(text) = context.get_raw(0) {
        let decimal = Decimal::parse(text).ok_or_else(|| refusal("not a decimal"))?;
        let float = utf8(text)?.parse().is_ok_and(f64::is_finite);
        if !float || !decimal.fits(whole.into(), scale.into()) {
            return Err(out_of_range(OUTSIDE));
        }
    }
    Ok(ToSqlOutput::Owned(context.get_raw(0).try_into()?))
}

/// `fragaria_like(pattern, text)` and `fragaria_ilike(pattern, text)`: NULL when one of them is.
///
/// SQLite's own LIKE takes pattern times text steps, and cannot be stopped within them.
fn like(context: &Context<'_>, case: Case, watch: &Watch) -> Result<Option<bool>> {
    let (pattern, text) = (context.get_raw(0), context.get_raw(1));
    if pattern == ValueRef::Null || text == ValueRef::Null {
        return Ok(None);
    }
    let pattern = context.get_or_create_aux(0, |given| pattern_of(given, case))?;
    let text = match (text, case) {
        // As SQLite's own does.
        (ValueRef::Blob(text), Case::Told) => text.into(),
        (text, Case::Told) => bytes(text)?,
        (text, Case::Folded) => folded(&bytes(text)?, watch)?.into_bytes().into(),
    };
    let matched = pattern.matches(&text, watch);
    matched.map(Some).map_err(|Stopped| interrupted())
}

/// `fragaria_lower(text)`: every letter in lower case, NULL for NULL.
fn lower(context: &Context<'_>, watch: &Watch) -> Result<Option<String>> {
    match context.get_raw(0) {
        ValueRef::Null => Ok(None),
        text => folded(&bytes(text)?, watch).map(Some),
    }
}

fn folded(text: &[u8], watch: &Watch) -> Result<String> {
    if watch.charge(text.len()) {
        return Err(interrupted());
    }
    Ok(like::folded(utf8(text)?))
}

fn pattern_of(given: ValueRef<'_>, case: Case) -> Result<Pattern> {
    let given = bytes(given)?;
    let pattern = Pattern::parse(utf8(&given)?, case);
    pattern.ok_or_else(|| refusal("a pattern ends in a lone backslash"))
}

/// A value as text, which it is where numbers are not told from text.
fn bytes(value: ValueRef<'_>) -> Result<Cow<'_, [u8]>> {
    match value {
        ValueRef::Text(text) => Ok(text.into()),
        ValueRef::Integer(value) => Ok(value.to_string().into_bytes().into()),
        ValueRef::Real(value) if value.is_finite() => {
            with_digits_of(value, |digits| Ok(digits.to_vec().into()))
        }
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => {
            Err(refusal("only text is matched by a pattern"))
        }
    }
}

pub(super) fn utf8(text: &[u8]) -> Result<&str> {
    std::str::from_utf8(text).map_err(|_| refusal("text is not valid UTF-8"))
}

/// What SQLite itself says when it is stopped.
pub(super) fn interrupted() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None)
}

/// The error of a function that was given what its column should not hold.
pub(super) fn refusal(why: &'static str) -> Error {
    Error::UserFunctionError(format!("{UNFIT}{why}").into())
}

/// The error of a number that is out of range.
pub(super) fn out_of_range(message: &'static str) -> Error {
    Error::UserFunctionError(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sql: &str) -> Result<Option<String>> {
        let connection = Connection::open_in_memory()?;
        register(&connection, &Arc::new(Watch::new()))?;
        connection.query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| {
            row.get(0)
        })
    }

    #[test]
    fn a_stored_value_that_is_unfit_is_no_mistake_of_ours() {
        for sql in [
            "SELECT fragaria_decimal_sum(v) FROM (SELECT 'NaN' AS v)",
            "SELECT fragaria_decimal_avg(v) FROM (SELECT x'00' AS v)",
            "fragaria_decimal('three', 2)",
            "fragaria_bucket('infinity', 'month', 'Date')",
        ] {
            let told = super::super::translate::outside(answer(sql).unwrap_err());
            assert!(
                matches!(told, crate::Error::Conversion(_)),
                "{sql}: {told:?}"
            );
        }
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
    fn a_decimal_fits_as_the_column_would_round_it() {
        for (sql, expected) in [
            ("fragaria_fitted('99.99', 2, 2)", Some("99.99")),
            ("fragaria_fitted('-0099.994', 2, 2)", Some("-0099.994")),
            ("fragaria_fitted('0.5', 0, 2)", Some("0.5")),
            ("fragaria_fitted(NULL, 2, 2)", None),
        ] {
            assert_eq!(answer(sql).unwrap().as_deref(), expected, "{sql}");
        }
        let long = format!("fragaria_fitted('{}', 1000, 0)", "9".repeat(400));
        for sql in [
            "fragaria_fitted('99.995', 2, 2)",
            "fragaria_fitted('1', 0, 2)",
            &long,
        ] {
            assert!(
                answer(sql).unwrap_err().to_string().contains(OUTSIDE),
                "{sql}"
            );
        }
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
    fn like_answers_as_sqlites_own_does() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection, &Arc::new(Watch::new())).unwrap();
        connection
            .execute_batch("PRAGMA case_sensitive_like = ON; CREATE TABLE letter (of, it)")
            .unwrap();
        let letters = [
            ("p", ["a", "ä", "A", "%", "_"]),
            ("t", ["a", "ä", "A", "%", "\u{1f353}"]),
        ];
        for (of, it) in letters.iter().flat_map(|(of, all)| all.map(|it| (of, it))) {
            let insert = "INSERT INTO letter VALUES (?1, ?2)";
            connection.execute(insert, [of, &it]).unwrap();
        }
        let words = "WITH word(of, it, n) AS (SELECT column1, '', 0 FROM (VALUES ('p'), ('t')) \
             UNION ALL SELECT w.of, w.it || l.it, n + 1 FROM word w JOIN letter l ON l.of = w.of \
             WHERE n < 4)";
        let sql = format!(
            "{words} SELECT count(*), sum(t.it LIKE p.it ESCAPE '\\'), \
             sum((t.it LIKE p.it ESCAPE '\\') <> fragaria_like(p.it, t.it)) \
             FROM word p JOIN word t ON p.of = 'p' AND t.of = 't'"
        );
        let counts: (i64, i64, i64) = connection
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!((counts.0, counts.2), (781 * 781, 0));
        assert!(counts.1 > 10_000, "{counts:?}");
    }

    #[test]
    fn ilike_is_null_for_null_and_refuses_a_lone_backslash() {
        assert_eq!(answer("fragaria_ilike('%X', 'ax')").unwrap().unwrap(), "1");
        assert_eq!(answer("fragaria_ilike(NULL, 'ax')").unwrap(), None);
        assert!(answer("fragaria_ilike('a\\', 'a')").is_err());
    }

    #[test]
    fn lower_goes_letter_by_letter() {
        for (sql, expected) in [
            ("fragaria_lower('ÄİΣ')", Some("äiσ")),
            ("fragaria_lower(12)", Some("12")),
            ("fragaria_lower(NULL)", None),
        ] {
            assert_eq!(answer(sql).unwrap().as_deref(), expected, "{sql}");
        }
        assert!(answer("fragaria_lower(x'41')").is_err());
    }
}
