//! Values: how they compare, and how they look in JSON and SQL.

use super::catalogue::{Kind, MOODS};
use super::decimal::Decimal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::fmt::Write as _;

/// A value of a column or of a request.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// `Int` and `BigInt`.
    Integer(i64),
    Float(f64),
    Decimal(Decimal),
    /// Strings, UUIDs, and dates and times in RFC 3339 form without a zone, which order as text.
    Text(String),
    /// A position in [`MOODS`].
    Mood(usize),
    Json(Json),
    Bytes(Vec<u8>),
}

impl Value {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The order of two values of one kind; unknown when one is NULL.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Self::Mood(a), Self::Mood(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            _ => Some(self.decimal()?.cmp(&other.decimal()?)),
        }
    }

    /// Equality in which NULL equals NULL, as groups have it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is_null() && other.is_null() || self.compare(other) == Some(Ordering::Equal)
    }

    /// The number as a decimal.
    pub(super) fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Integer(value) => Some(Decimal::new(*value, 0)),
            Self::Decimal(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// What the API answers.
    pub(super) fn json(&self, kind: Kind) -> Json {
        match (self, kind) {
            (Self::Null, _) => Json::Null,
            (Self::Boolean(value), _) => Json::from(*value),
            (Self::Integer(value), Kind::BigInt) => Json::from(value.to_string()),
            (Self::Integer(value), _) => Json::from(*value),
            (Self::Float(value), _) => Json::from(*value),
            (Self::Decimal(value), _) => Json::from(value.to_string()),
            (Self::Text(text), Kind::DateTime) => Json::from(format!("{text}Z")),
            (Self::Text(text), _) => Json::from(text.as_str()),
            (Self::Mood(position), _) => Json::from(MOODS[*position].0),
            (Self::Json(value), _) => value.clone(),
            (Self::Bytes(bytes), _) => Json::from(STANDARD.encode(bytes)),
        }
    }

    /// A literal for PostgreSQL.
    pub(super) fn sql(&self, kind: Kind) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => format!("'{value:?}'"),
            Self::Decimal(value) => value.to_string(),
            Self::Text(text) if kind == Kind::DateTime => format!("'{text}Z'"),
            Self::Text(text) => quoted(text),
            Self::Mood(position) => quoted(MOODS[*position].1),
            Self::Json(value) => quoted(&value.to_string()),
            Self::Bytes(bytes) => format!("'\\x{}'", hexadecimal(bytes)),
        }
    }

    /// A literal for MariaDB.
    pub(super) fn mariadb(&self, kind: Kind) -> String {
        match self {
            Self::Text(text) if matches!(kind, Kind::DateTime | Kind::LocalDateTime) => {
                format!("'{}'", text.replacen('T', " ", 1))
            }
            Self::Text(text) => quoted(&text.replace('\\', "\\\\")),
            Self::Json(value) => quoted(&value.to_string().replace('\\', "\\\\")),
            Self::Bytes(bytes) => format!("x'{}'", hexadecimal(bytes)),
            other => other.sql(kind),
        }
    }

    /// What SQLite is given to store.
    pub(super) fn stored(&self, kind: Kind) -> rusqlite::types::Value {
        use rusqlite::types::Value as Stored;
        match self {
            Self::Null => Stored::Null,
            Self::Boolean(value) => Stored::Integer((*value).into()),
            Self::Integer(value) => Stored::Integer(*value),
            Self::Float(value) => Stored::Real(*value),
            Self::Decimal(value) => Stored::Text(value.to_string()),
            Self::Text(text) if matches!(kind, Kind::DateTime | Kind::LocalDateTime) => {
                Stored::Text(text.replacen('T', " ", 1))
            }
            Self::Text(text) => Stored::Text(text.clone()),
            Self::Mood(position) => Stored::Text(MOODS[*position].1.to_owned()),
            Self::Json(value) => Stored::Text(value.to_string()),
            Self::Bytes(bytes) => Stored::Blob(bytes.clone()),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
