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
        Argument::KeptRows { steps } => Ok(Bound::Bytes(json::kept_rows(steps, kept)?)),
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
