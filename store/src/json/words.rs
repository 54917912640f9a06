//! A string of JSON as it is read: not copied unless it has escapes.

use serde::Deserialize;
use std::borrow::Cow;

/// A string, or the name of a member.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Words<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'a> Words<'a> {
    /// The string a JSON text is; `None` where it is none, or has half of a character.
    pub(crate) fn read(text: &'a str) -> Option<Cow<'a, str>> {
        serde_json::from_str(text).ok().map(|Self(words)| words)
    }
}
