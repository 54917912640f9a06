//! A value on its way into a statement.

use std::hash::{Hash, Hasher};

/// A value bound to a parameter, already of the parameter's type.
///
/// `Text` carries every scalar whose canonical form is text: `String`, `Decimal` (plain digits),
/// `UUID` (lower case), dates and times (`2026-11-23`, `18:12:18.5`, `2026-11-23T18:12:18.5`, and
/// with a `Z` for `DateTime`), `JSON` (its text) and enum labels as the database spells them.
#[derive(Clone, Debug)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// `Boolean`.
    Boolean(bool),
    /// `Int` and `BigInt`.
    Integer(i64),
    /// `Float`; finite.
    Float(f64),
    /// Text, and all that is canonically text.
    Text(Box<str>),
    /// `Bytes`.
    Bytes(Box<[u8]>),
    /// The value of a list parameter; its items are of one scalar.
    List(Vec<Value>),
}

/// Floats are the same when their bits are: `0.0` and `-0.0` are two values.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(ours), Self::Boolean(theirs)) => ours == theirs,
            (Self::Integer(ours), Self::Integer(theirs)) => ours == theirs,
            (Self::Float(ours), Self::Float(theirs)) => ours.to_bits() == theirs.to_bits(),
            (Self::Text(ours), Self::Text(theirs)) => ours == theirs,
            (Self::Bytes(ours), Self::Bytes(theirs)) => ours == theirs,
            (Self::List(ours), Self::List(theirs)) => ours == theirs,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Boolean(value) => value.hash(state),
            Self::Integer(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
            Self::Text(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::List(values) => values.hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_zeros_are_two_values() {
        assert_eq!(Value::Float(0.5), Value::Float(0.5));
        assert_ne!(Value::Float(0.0), Value::Float(-0.0));
    }
}
