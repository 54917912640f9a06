//! Arguments as JSON, for databases that take lists that way.

use super::{float, null, text};
use crate::{Error, temporal};
use model::{Scalar, Value};

/// Writes an argument, or an item of one, for `json_each` of SQLite and `JSON_TABLE` of MariaDB.
pub(crate) fn argument(item: &Value, scalar: Scalar, out: &mut Vec<u8>) -> Result<(), Error> {
    match item {
        Value::Null => null(out),
        Value::Boolean(value) => out.push(b'0' + u8::from(*value)),
        Value::Integer(value) => {
            out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
        }
        Value::Float(value) => return float(*value, out),
        Value::Text(value) => return text(temporal::spelled(value, scalar)?.as_bytes(), out),
        Value::Bytes(bytes) => hexadecimal(bytes, out),
        Value::List(_) => return Err(Error::Internal("a list stands inside a list".into())),
    }
    Ok(())
}

/// Digits in upper case, as `hex()` of either gives them.
fn hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
    out.push(b'"');
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(*byte)]),
    );
    out.push(b'"');
}
