//! A value on its way into a statement.

/// A value bound to a parameter, already of the parameter's type.
///
/// `Text` carries every scalar whose canonical form is text: `String`, `Decimal` (plain digits),
/// `UUID` (lower case), dates and times (`2026-11-23`, `18:12:18.5`, `2026-11-23T18:12:18.5`, and
/// with a `Z` for `DateTime`), `JSON` (its text) and enum labels as the database spells them.
#[derive(Clone, Debug, PartialEq)]
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
