//! Arguments on their way into a statement, in the form SQLite compares them in.

use crate::{Error, json, temporal};
use model::{Argument, Parameter, Scalar, Value};
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;

/// The values kept by each step so far, row by row, as SQLite stores them.
pub(super) type Kept = Vec<Vec<Vec<Value>>>;

/// Binds the arguments of a step.
pub(super) fn bind(
    statement: &mut Statement<'_>,
    parameters: &[Parameter],
    arguments: &[Argument],
    kept: &Kept,
) -> Result<(), Error> {
    let pairs = parameters.iter().zip(arguments).enumerate();
    // As in PostgreSQL, the last ones may be declared and stand nowhere in the text.
    for (index, (parameter, argument)) in pairs.take(statement.parameter_count()) {
        let value = match argument {
            Argument::Value(Value::List(items)) => {
                ToSqlOutput::from(list(items.iter(), parameter.scalar)?)
            }
            Argument::Value(value) => single(value, parameter.scalar)?,
            Argument::KeptOne { step, column } => {
                let of = std::slice::from_ref(step);
                let one = column_of(kept, of, *column)?.next();
                single(one.unwrap_or(&Value::Null), Scalar::String)?
            }
            Argument::Kept { steps, column } => {
                // Kept text is the database's own spelling, and goes back as it came.
                ToSqlOutput::from(list(column_of(kept, steps, *column)?, Scalar::String)?)
            }
            Argument::KeptRows { steps } => {
                ToSqlOutput::from(json_text(json::kept_rows(steps, kept)?)?)
            }
        };
        statement
            .raw_bind_parameter(index + 1, value)
            .map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(())
}

fn column_of<'k>(
    kept: &'k Kept,
    steps: &[usize],
    column: usize,
) -> Result<impl Iterator<Item = &'k Value>, Error> {
    let rows: Option<Vec<_>> = steps.iter().map(|step| kept.get(*step)).collect();
    let rows = rows.ok_or_else(|| internal("a kept column is asked of a step that has not run"))?;
    let values: Option<Vec<_>> = rows
        .into_iter()
        .flatten()
        .map(|row| row.get(column))
        .collect();
    let values = values.ok_or_else(|| internal("a kept column is asked that was not kept"))?;
    Ok(values.into_iter())
}

fn single(value: &Value, scalar: Scalar) -> Result<ToSqlOutput<'_>, Error> {
    Ok(match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Boolean(value) => ToSqlOutput::from(*value),
        Value::Integer(value) => ToSqlOutput::from(*value),
        Value::Float(value) => ToSqlOutput::from(*value),
        Value::Text(text) => match temporal::spelled(text, scalar)? {
            Cow::Borrowed(text) => ToSqlOutput::from(text),
            Cow::Owned(text) => ToSqlOutput::from(text),
        },
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Value::List(_) => return Err(internal("a list stands where one value is meant")),
    })
}

/// One JSON array, for `json_each`.
fn list<'v>(items: impl Iterator<Item = &'v Value>, scalar: Scalar) -> Result<String, Error> {
    let mut out = vec![b'['];
    for item in items {
        if out.len() > 1 {
            out.push(b',');
        }
        json::argument(item, scalar, &mut out)?;
    }
    out.push(b']');
    json_text(out)
}

fn json_text(json: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(json).map_err(|error| Error::Internal(error.to_string()))
}

fn internal(message: &str) -> Error {
    Error::Internal(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(values: &[Value], scalar: Scalar) -> String {
        list(values.iter(), scalar).unwrap()
    }

    #[test]
    fn a_list_is_one_json_array() {
        let integers = [Value::Integer(i64::MAX), Value::Null, Value::Boolean(true)];
        assert_eq!(
            items(&integers, Scalar::BigInt),
            "[9223372036854775807,null,1]"
        );
        assert_eq!(items(&[], Scalar::String), "[]");
        let texts = [Value::Text("a\"b".into()), Value::Text("1.50".into())];
        assert_eq!(items(&texts, Scalar::Decimal), r#"["a\"b","1.50"]"#);
        let bytes = [Value::Bytes([0, 0xab].into()), Value::Bytes([].into())];
        assert_eq!(items(&bytes, Scalar::Bytes), r#"["00AB",""]"#);
        let moments = [Value::Text("2026-11-23T18:12:18.5Z".into())];
        assert_eq!(
            items(&moments, Scalar::DateTime),
            r#"["2026-11-23 18:12:18.5"]"#
        );
    }
}
