//! Arguments on their way to the server.

use crate::answer::Kept;
use crate::{Error, json, temporal};
use model::{Argument, Parameter, Scalar, Value};
use mysql_async::Value as Bound;

/// The arguments of a statement, as the driver takes them.
pub(super) fn bind(
    parameters: &[Parameter],
    arguments: &[Argument],
    kept: &Kept,
) -> Result<Vec<Bound>, Error> {
    // Behind those of the parameters stand further ones, which are not for the server.
    if arguments.len() < parameters.len() {
        return Err(internal(
            "a statement got another number of arguments than parameters",
        ));
    }
    let pairs = parameters.iter().zip(arguments);
    pairs
        .map(|(parameter, argument)| bound(*parameter, argument, kept))
        .collect()
}

fn bound(parameter: Parameter, argument: &Argument, kept: &Kept) -> Result<Bound, Error> {
    match argument {
        Argument::Value(value) => one(value, parameter.scalar),
        Argument::KeptOne { step, column } => {
            let row = kept.get(*step).and_then(|rows| rows.first());
            let value = row.and_then(|row| row.get(*column)).unwrap_or(&Value::Null);
            // Kept text is the database's own spelling, and goes back as it came.
            one(value, Scalar::String)
        }
        Argument::KeptRows { steps } => Ok(Bound::Bytes(kept_rows(steps, kept)?)),
        Argument::Kept { .. } => Err(internal("MariaDB takes kept rows, not columns")),
    }
}

fn one(value: &Value, scalar: Scalar) -> Result<Bound, Error> {
    Ok(match value {
        Value::Null => Bound::NULL,
        Value::Boolean(value) => Bound::Int((*value).into()),
        Value::Integer(value) => Bound::Int(*value),
        Value::Float(value) => Bound::Double(*value),
        Value::Text(text) => Bound::Bytes(temporal::spelled(text, scalar)?.as_bytes().to_vec()),
        Value::Bytes(bytes) => Bound::Bytes(bytes.to_vec()),
        Value::List(_) => return Err(internal("MariaDB takes no list as an argument")),
    })
}

/// One JSON array, with a JSON array for each kept row, for `JSON_TABLE`.
fn kept_rows(steps: &[usize], kept: &Kept) -> Result<Vec<u8>, Error> {
    let mut out = vec![b'['];
    // A step that found nothing to keep has no entry, or an empty one.
    for row in steps.iter().filter_map(|step| kept.get(*step)).flatten() {
        if out.len() > 1 {
            out.push(b',');
        }
        out.push(b'[');
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            // Kept text is the database's own spelling, and goes back as it came.
            json::argument(value, Scalar::String, &mut out)?;
        }
        out.push(b']');
    }
    out.push(b']');
    Ok(out)
}

fn internal(message: &str) -> Error {
    Error::Internal(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(scalars: &[Scalar], arguments: &[Argument]) -> Result<Vec<Bound>, Error> {
        let parameter = |scalar: &Scalar| Parameter {
            scalar: *scalar,
            list: false,
        };
        let parameters: Vec<_> = scalars.iter().map(parameter).collect();
        bind(&parameters, arguments, &[vec![vec![Value::Integer(9)]]])
    }

    #[test]
    fn values_go_in_the_forms_the_server_compares() {
        let scalars = [
            Scalar::String,
            Scalar::Boolean,
            Scalar::DateTime,
            Scalar::Int,
        ];
        let arguments = [
            Argument::Value(Value::Null),
            Argument::Value(Value::Boolean(true)),
            Argument::Value(Value::Text("2026-11-23T18:12:18.5Z".into())),
            Argument::KeptOne { step: 0, column: 0 },
        ];
        let expected = [
            Bound::NULL,
            Bound::Int(1),
            Bound::Bytes(b"2026-11-23 18:12:18.5".to_vec()),
            Bound::Int(9),
        ];
        assert_eq!(all(&scalars, &arguments).unwrap(), expected);
    }

    #[test]
    fn kept_rows_are_one_json_array_of_arrays() {
        let rows = vec![
            vec![Value::Integer(1), Value::Text("a\"b".into())],
            vec![Value::Bytes([0, 0xab].into()), Value::Null],
        ];
        let kept = [vec![], rows, vec![vec![Value::Float(0.5)]]];
        let text = kept_rows(&[1, 2, 7], &kept).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, r#"[[1,"a\"b"],["00AB",null],[0.5]]"#);
        assert_eq!(kept_rows(&[0], &kept).unwrap(), b"[]");
    }

    #[test]
    fn what_the_planner_must_not_send_is_refused() {
        let kept = Argument::Kept {
            steps: vec![],
            column: 0,
        };
        let list = Argument::Value(Value::List([].into()));
        for argument in [kept, list] {
            let error = all(&[Scalar::Int], &[argument]).unwrap_err();
            assert!(matches!(error, Error::Internal(_)), "{error}");
        }
        assert!(all(&[Scalar::Int], &[]).is_err());
    }
}
