//! What is shown of a JSON document, and what the document must be for that.

use crate::{Codec, Label};

/// A value inside a document.
#[derive(Debug, Clone)]
pub struct Extract {
    /// What it is, and what is shown of it.
    pub kind: ExtractKind,
    /// Whether it may be null, or missing.
    pub nullable: bool,
}

/// What a value inside a document is.
#[derive(Debug, Clone)]
pub enum ExtractKind {
    /// A scalar or a label of an enum, as [`crate::Scalar`] says it stands in a document.
    Leaf(Codec),
    /// An object; of its members only these are looked at.
    Object(Vec<ExtractMember>),
    /// A list of such values.
    List(Box<Extract>),
}

/// A member of the object that is shown.
#[derive(Debug, Clone)]
pub struct ExtractMember {
    /// Its response key.
    pub key: Label,
    /// Its value.
    pub part: ExtractPart,
}

/// Where the value of a member comes from.
#[derive(Debug, Clone)]
pub enum ExtractPart {
    /// Finished JSON text.
    Constant(Box<str>),
    /// The member of that name.
    Member(Box<str>, Extract),
}
