//! The scalars of the API and how each one travels in JSON.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A scalar type of the generated API.
///
/// `BigInt` and `Decimal` are JSON strings, so no client rounds them; temporal types are
/// RFC 3339 text; `Bytes` is base64 (RFC 4648, padded); `Json` is embedded as it is.
///
/// Inside a document that the database stores each stands in the same form, but `BigInt` and
/// `Decimal` are written as JSON numbers, and read as numbers or strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// `true` or `false`.
    Boolean,
    /// A 32-bit integer, a JSON number.
    Int,
    /// A 64-bit integer, a JSON string.
    BigInt,
    /// A 64-bit float, a JSON number.
    Float,
    /// A decimal number of any length, a JSON string.
    Decimal,
    /// Text.
    String,
    /// A UUID in its lower-case form.
    #[serde(rename = "UUID")]
    Uuid,
    /// A calendar date, `2026-11-23`.
    Date,
    /// A time of day without zone, `18:12:18.5`.
    LocalTime,
    /// A date and time without zone, `2026-11-23T18:12:18.5`.
    LocalDateTime,
    /// A moment, in UTC, `2026-11-23T18:12:18.5Z`.
    DateTime,
    /// Any JSON value.
    #[serde(rename = "JSON")]
    Json,
    /// Bytes, as base64.
    Bytes,
}

impl Scalar {
    /// All scalars, in the order the reference lists them.
    pub const ALL: [Self; 13] = [
        Self::Boolean,
        Self::Int,
        Self::BigInt,
        Self::Float,
        Self::Decimal,
        Self::String,
        Self::Uuid,
        Self::Date,
        Self::LocalTime,
        Self::LocalDateTime,
        Self::DateTime,
        Self::Json,
        Self::Bytes,
    ];

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Float => "Float",
            Self::Decimal => "Decimal",
            Self::String => "String",
            Self::Uuid => "UUID",
            Self::Date => "Date",
            Self::LocalTime => "LocalTime",
            Self::LocalDateTime => "LocalDateTime",
            Self::DateTime => "DateTime",
            Self::Json => "JSON",
            Self::Bytes => "Bytes",
        }
    }

    /// The scalar of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scalar| scalar.name() == name)
    }

    /// Whether GraphQL itself defines it, so that the API need not.
    pub fn is_built_in(self) -> bool {
        matches!(self, Self::Boolean | Self::Int | Self::Float | Self::String)
    }

    /// Whether `lt`, `gt`, `min`, `max` and `orderBy` have a meaning both databases share.
    pub fn is_ordered(self) -> bool {
        !matches!(self, Self::Boolean | Self::Json)
    }

    /// Whether values can be added up.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::BigInt | Self::Float | Self::Decimal)
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_is_found_by_its_name() {
        for scalar in Scalar::ALL {
            assert_eq!(Scalar::from_name(scalar.name()), Some(scalar));
            assert_eq!(scalar.to_string(), scalar.name());
        }
        assert_eq!(Scalar::from_name("Uuid"), None);
        assert_eq!(Scalar::from_name("int"), None);
    }

    #[test]
    fn no_two_scalars_share_a_name() {
        let names: std::collections::BTreeSet<_> = Scalar::ALL.map(Scalar::name).into();
        assert_eq!(names.len(), Scalar::ALL.len());
    }

    #[test]
    fn only_numbers_are_added_up_and_all_of_them_are_ordered() {
        let numbers = Scalar::ALL.into_iter().filter(|scalar| scalar.is_number());
        assert!(numbers.clone().all(Scalar::is_ordered));
        assert_eq!(numbers.count(), 4);
        assert!(!Scalar::Json.is_ordered());
    }

    #[test]
    fn the_api_defines_what_graphql_does_not() {
        let own = Scalar::ALL
            .into_iter()
            .filter(|scalar| !scalar.is_built_in())
            .count();
        assert_eq!(own, 9);
    }
}
