//! Arguments on their way to the server, in the types [`model::Parameter`] declares.
//!
//! What is trivial in binary goes in binary; what has a canonical text (decimals, UUIDs, dates,
//! times, JSON) goes as that text, which the server parses itself.

use crate::answer::Kept;
use bytes::{BufMut, BytesMut};
use model::{Argument, Parameter, Scalar, Value};
use std::borrow::Cow;
use std::error::Error as StdError;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// The types of a statement's parameters, as the server knows them.
pub(super) fn types(parameters: &[Parameter]) -> Vec<Type> {
    parameters
        .iter()
        .map(|parameter| kind(*parameter))
        .collect()
}

/// Arguments with what was kept in the place of what refers to it.
pub(super) fn settle<'a>(arguments: &'a [Argument], kept: &Kept) -> Cow<'a, [Argument]> {
    if arguments
        .iter()
        .all(|argument| matches!(argument, Argument::Value(_)))
    {
        return Cow::Borrowed(arguments);
    }
    arguments
        .iter()
        .map(|argument| settled(argument, kept))
        .collect()
}

fn settled(argument: &Argument, kept: &Kept) -> Argument {
    let of = |steps: &[usize], column: usize| {
        let rows = steps.iter().filter_map(|step| kept.get(*step)).flatten();
        let items = rows.filter_map(|row| row.get(column)).cloned();
        items.collect::<Vec<_>>()
    };
    match argument {
        Argument::Kept { steps, column } => Argument::Value(Value::List(of(steps, *column))),
        Argument::KeptOne { step, column } => {
            let one = of(&[*step], *column).into_iter().next();
            Argument::Value(one.unwrap_or(Value::Null))
        }
        Argument::Value(_) | Argument::KeptRows { .. } => argument.clone(),
    }
}

/// Settled arguments, each with the parameter it is for.
pub(super) fn bind<'a>(
    parameters: &'a [Parameter],
    arguments: &'a [Argument],
) -> impl ExactSizeIterator<Item = Bound<'a>> + Send {
    let pairs = parameters.iter().zip(arguments);
    pairs.map(|(parameter, argument)| Bound {
        parameter: *parameter,
        argument,
    })
}

/// An argument that is not of its parameter's type: a mistake of the planner.
#[derive(Debug, thiserror::Error)]
#[error("an argument does not fit its parameter of type {0}")]
pub(super) struct Mismatch(Scalar);

/// An argument and the parameter it is for.
#[derive(Debug)]
pub(super) struct Bound<'a> {
    parameter: Parameter,
    argument: &'a Argument,
}

impl Bound<'_> {
    /// With the type to declare for it.
    pub(super) fn typed(self) -> (Self, Type) {
        let kind = kind(self.parameter);
        (self, kind)
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        _kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Parameter { scalar, list } = self.parameter;
        match self.argument {
            Argument::Value(Value::Null) => return Ok(IsNull::Yes),
            Argument::Value(Value::List(items)) if list => array(scalar, items, out)?,
            Argument::Value(value) if !list => item(scalar, value, out)?,
            _ => return Err(Mismatch(scalar).into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    fn encode_format(&self, _kind: &Type) -> Format {
        if is_binary(self.parameter.scalar) {
            Format::Binary
        } else {
            Format::Text
        }
    }

    to_sql_checked!();
}

fn is_binary(scalar: Scalar) -> bool {
    matches!(
        scalar,
        Scalar::Boolean
            | Scalar::Int
            | Scalar::BigInt
            | Scalar::Float
            | Scalar::String
            | Scalar::Bytes
    )
}

fn kind(parameter: Parameter) -> Type {
    let (single, array) = match parameter.scalar {
        Scalar::Boolean => (Type::BOOL, Type::BOOL_ARRAY),
        Scalar::Int => (Type::INT4, Type::INT4_ARRAY),
        Scalar::BigInt => (Type::INT8, Type::INT8_ARRAY),
        Scalar::Float => (Type::FLOAT8, Type::FLOAT8_ARRAY),
        Scalar::Decimal => (Type::NUMERIC, Type::NUMERIC_ARRAY),
        Scalar::String => (Type::TEXT, Type::TEXT_ARRAY),
        Scalar::Uuid => (Type::UUID, Type::UUID_ARRAY),
        Scalar::Date => (Type::DATE, Type::DATE_ARRAY),
        Scalar::LocalTime => (Type::TIME, Type::TIME_ARRAY),
        Scalar::LocalDateTime => (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
        Scalar::DateTime => (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
        Scalar::Json => (Type::JSONB, Type::JSONB_ARRAY),
        Scalar::Bytes => (Type::BYTEA, Type::BYTEA_ARRAY),
    };
    if parameter.list { array } else { single }
}

fn item(scalar: Scalar, value: &Value, out: &mut BytesMut) -> Result<(), Mismatch> {
    match (scalar, value) {
        (Scalar::Boolean, Value::Boolean(value)) => out.put_u8((*value).into()),
        (Scalar::Int, Value::Integer(value)) => {
            out.put_i32(i32::try_from(*value).map_err(|_| Mismatch(scalar))?);
        }
        (Scalar::BigInt, Value::Integer(value)) => out.put_i64(*value),
        (Scalar::Float, Value::Float(value)) => out.put_f64(*value),
        (Scalar::Bytes, Value::Bytes(value)) => out.put_slice(value),
        (Scalar::Boolean | Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Bytes, _) => {
            return Err(Mismatch(scalar));
        }
        (_, Value::Text(value)) => out.put_slice(value.as_bytes()),
        _ => return Err(Mismatch(scalar)),
    }
    Ok(())
}

fn array(scalar: Scalar, items: &[Value], out: &mut BytesMut) -> Result<(), Mismatch> {
    if is_binary(scalar) {
        binary_array(scalar, items, out)
    } else {
        text_array(scalar, items, out)
    }
}

/// An array of one dimension, as `array_recv` reads it.
fn binary_array(scalar: Scalar, items: &[Value], out: &mut BytesMut) -> Result<(), Mismatch> {
    let too_long = |_| Mismatch(scalar);
    let element = kind(Parameter {
        scalar,
        list: false,
    });
    out.put_i32(1);
    out.put_i32(items.contains(&Value::Null).into());
    out.put_u32(element.oid());
    out.put_i32(i32::try_from(items.len()).map_err(too_long)?);
    out.put_i32(1);
    for value in items {
        let start = out.len();
        out.put_i32(-1);
        if *value != Value::Null {
            item(scalar, value, out)?;
            let length = i32::try_from(out.len() - start - 4).map_err(too_long)?;
            if let Some(room) = out.get_mut(start..start + 4) {
                room.copy_from_slice(&length.to_be_bytes());
            }
        }
    }
    Ok(())
}

/// An array literal, each item quoted.
fn text_array(scalar: Scalar, items: &[Value], out: &mut BytesMut) -> Result<(), Mismatch> {
    out.put_u8(b'{');
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        match value {
            Value::Null => out.put_slice(b"NULL"),
            Value::Text(text) => quote(text, out),
            _ => return Err(Mismatch(scalar)),
        }
    }
    out.put_u8(b'}');
    Ok(())
}

fn quote(text: &str, out: &mut BytesMut) {
    out.put_u8(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}
