//! Values: how they compare, and how they look in JSON and SQL.

use crate::catalogue::{Kind, MOODS};
use crate::decimal::Decimal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Dialect;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::fmt::Write as _;

/// A value of a column or of a request.
#[derive(Clone, Debug)]
pub enum Value {
    /// NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// `Int` and `BigInt`.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A decimal.
    Decimal(Decimal),
    /// Strings, UUIDs, and dates and times in RFC 3339 form without a zone, which order as text.
    Text(String),
    /// A text that is not ordered by its bytes, and its place among the others.
    Placed {
        /// The text.
        text: String,
        /// The place; equal texts have the same.
        place: usize,
    },
    /// A position in [`MOODS`].
    Mood(usize),
    /// A JSON value.
    Json(Json),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The order of two values of one kind; unknown when one is NULL.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Self::Placed { place: a, .. }, Self::Placed { place: b, .. })
            | (Self::Mood(a), Self::Mood(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            _ => Some(self.decimal()?.cmp(&other.decimal()?)),
        }
    }

    /// Equality in which NULL equals NULL, as groups have it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_null() && other.is_null() || self.compare(other) == Some(Ordering::Equal)
    }

    /// The number as a decimal.
    pub fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Integer(value) => Some(Decimal::new(*value, 0)),
            Self::Decimal(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// What the API answers.
    pub fn json(&self, kind: Kind) -> Json {
        match (self, kind) {
            (Self::Null, _) => Json::Null,
            (Self::Boolean(value), _) => Json::from(*value),
            (Self::Integer(value), Kind::BigInt) => Json::from(value.to_string()),
            (Self::Integer(value), _) => Json::from(*value),
            (Self::Float(value), _) => Json::from(*value),
            (Self::Decimal(value), _) => Json::from(value.to_string()),
            (Self::Text(text), Kind::DateTime) => Json::from(format!("{text}Z")),
            (Self::Text(text) | Self::Placed { text, .. }, _) => Json::from(text.as_str()),
            (Self::Mood(position), _) => Json::from(MOODS[*position].0),
            (Self::Json(value), _) => value.clone(),
            (Self::Bytes(bytes), _) => Json::from(STANDARD.encode(bytes)),
        }
    }

    /// A literal for a column of that kind.
    pub fn literal(&self, dialect: Dialect, kind: Kind) -> String {
        let is_clock = matches!(kind, Kind::DateTime | Kind::LocalDateTime);
        match (self, dialect) {
            (Self::Null, _) => "NULL".to_owned(),
            (Self::Boolean(value), _) => value.to_string(),
            (Self::Integer(value), _) => value.to_string(),
            (Self::Float(value), Dialect::Sqlite) => format!("{value:?}"),
            (Self::Float(value), _) => format!("'{value:?}'"),
            (Self::Decimal(value), Dialect::Sqlite) => quoted(&value.to_string(), dialect),
            (Self::Decimal(value), _) => value.to_string(),
            (Self::Text(text), Dialect::Postgres) if kind == Kind::DateTime => {
                quoted(&format!("{text}Z"), dialect)
            }
            (Self::Text(text), Dialect::Sqlite | Dialect::Mariadb) if is_clock => {
                quoted(&text.replacen('T', " ", 1), dialect)
            }
            (Self::Text(text) | Self::Placed { text, .. }, _) => quoted(text, dialect),
            (Self::Mood(position), _) => quoted(MOODS[*position].1, dialect),
            (Self::Json(value), _) => quoted(&value.to_string(), dialect),
            (Self::Bytes(bytes), Dialect::Postgres) => format!("'\\x{}'", hexadecimal(bytes)),
            (Self::Bytes(bytes), _) => format!("x'{}'", hexadecimal(bytes)),
        }
    }
}

/// A backslash means something to MariaDB alone.
fn quoted(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\'', "''");
    match dialect {
        Dialect::Mariadb => format!("'{}'", text.replace('\\', "\\\\")),
        Dialect::Sqlite | Dialect::Postgres => format!("'{text}'"),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
