//! Arguments as JSON, for databases that take lists that way.

use super::{float, null, text};
use crate::answer::Kept;
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

/// Writes the rows those steps kept as one JSON array, with a JSON array for each row.
pub(crate) fn kept_rows(steps: &[usize], kept: &Kept) -> Result<Vec<u8>, Error> {
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
            argument(value, Scalar::String, &mut out)?;
        }
        out.push(b']');
    }
    out.push(b']');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
