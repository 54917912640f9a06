//! JSON values that are bare numbers, in columns declared JSON.
//!
//! Such a column has numeric affinity: it makes an integer or a float of any text that looks like
//! a number (SQLite documentation, "Type Affinity"), and digits are lost. It never converts a blob,
//! so a number it would not keep goes in as a blob of its text. The blank in front tells it from
//! SQLite's own JSONB, and its JSON functions read such a blob as text.

use rusqlite::Result;
use rusqlite::functions::Context;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

/// A float of more digits may not be what its text says.
const DIGITS_MAX: usize = 15;

/// `fragaria_json(text)`: JSON in a form a column of numeric affinity keeps as it is.
pub(super) fn kept(context: &mut Context<'_>) -> Result<ToSqlOutput<'static>> {
    Ok(ToSqlOutput::Owned(match context.get_raw(0) {
        ValueRef::Text(text) if is_number(text) && !survives(text) => {
            Value::Blob([b" ", text].concat())
        }
        other => other.try_into()?,
    }))
}

/// The JSON text in a blob; `None` if it is none of ours.
pub(super) fn text(blob: &[u8]) -> Option<&[u8]> {
    blob.strip_prefix(b" ").filter(|text| is_number(text))
}

/// JSON is a number just if it begins as one (RFC 8259, section 3).
fn is_number(json: &[u8]) -> bool {
    json.trim_ascii_start()
        .first()
        .is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit())
}

/// Whether the number SQLite makes of the text is written as that text again.
fn survives(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    if let Ok(integer) = text.parse::<i64>() {
        return itoa::Buffer::new().format(integer) == text;
    }
    let plain = text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte != b'e' && byte != b'E');
    plain
        && text.parse::<f64>().is_ok_and(|float| {
            float.fract() != 0.0 && ryu::Buffer::new().format_finite(float) == text
        })
}

#[cfg(test)]
mod tests {
    use super::super::functions::register;
    use super::super::watch::Watch;
    use super::*;
    use rusqlite::Connection;
    use std::sync::Arc;

    #[test]
    fn every_number_comes_out_of_the_column_as_it_went_in() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection, &Arc::new(Watch::new())).unwrap();
        connection.execute_batch("CREATE TABLE t (x JSON)").unwrap();
        for (number, kind) in [
            ("0", "integer"),
            ("-9223372036854775808", "integer"),
            ("1.5", "real"),
            ("-0.25", "real"),
            ("-0", "blob"),
            ("1.0", "blob"),
            ("5.10", "blob"),
            ("1e5", "blob"),
            ("0.1234567890123456", "blob"),
            ("9223372036854775808", "blob"),
            ("12345678901234567890123", "blob"),
        ] {
            let sql = "INSERT INTO t VALUES (fragaria_json(?1)) \
                       RETURNING typeof(x), iif(typeof(x) = 'blob', substr(CAST(x AS TEXT), 2), x), \
                       json(x)";
            let row = connection.query_row(sql, [number], |row| {
                let kept: rusqlite::types::Value = row.get(1)?;
                let kept = match kept {
                    Value::Text(text) => text,
                    Value::Integer(value) => value.to_string(),
                    other => format!("{other:?}").replace("Real(", "").replace(')', ""),
                };
                Ok((row.get::<_, String>(0)?, kept, row.get::<_, String>(2)?))
            });
            let expected = (kind.to_owned(), number.to_owned(), number.to_owned());
            assert_eq!(row.unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_left_as_it_is() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection, &Arc::new(Watch::new())).unwrap();
        for json in ["\"1.10\"", "[1.10]", "{\"a\": 1e5}", "true", "null"] {
            let sql = "SELECT typeof(fragaria_json(?1)) || fragaria_json(?1)";
            let told: String = connection.query_row(sql, [json], |row| row.get(0)).unwrap();
            assert_eq!(told, format!("text{json}"));
        }
        let null = "SELECT fragaria_json(NULL) IS NULL";
        assert!(
            connection
                .query_row(null, [], |row| row.get::<_, bool>(0))
                .unwrap()
        );
    }
}
