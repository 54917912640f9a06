//! What a JSON parser lets pass and a request must not have: members named twice, nesting without
//! end, halves of characters, names that the parser takes for words of its own.

use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;

/// Deepest nesting of objects and lists.
const DEPTH_MAX: usize = 100;
/// What the parser's own names begin with: the member behind one is parsed again, as if it stood
/// there itself, with no count of the nesting around it.
const RESERVED: &str = "$serde_json::private::";

/// Why well-formed JSON is refused: the rest of a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// An object has two members of one name; RFC 8259, section 4.
    #[error("an object has more than one member {0:?}")]
    Repeated(String),
    /// Objects and lists stand inside each other without end.
    #[error("it is nested deeper than {DEPTH_MAX}")]
    Deep,
    /// A string escapes half of a surrogate pair, which is no character; RFC 8259, section 8.2.
    #[error("a string has half of a surrogate pair")]
    Surrogate,
    /// A member's name means something to the parser.
    #[error("the name of a member begins with {RESERVED}, which is reserved")]
    Reserved,
}

/// The first flaw, if there is one.
pub fn flaw(json: &RawValue) -> Option<Flaw> {
    let mut walk = Walk::default();
    let mut rest = json.get();
    while let Some(at) = rest.find(['"', '{', '}', '[', ']', ',', ':']) {
        let (_, found) = rest.split_at(at);
        let length = match found.as_bytes().first() {
            Some(b'"') => string_length(found),
            _ => 1,
        };
        let (token, behind) = found.split_at(length);
        if let Err(flaw) = walk.take(token) {
            return Some(flaw);
        }
        rest = behind;
    }
    None
}

/// The length of the string a text begins with, in bytes, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// A walk over the tokens of a JSON text.
#[derive(Default)]
struct Walk<'a> {
    /// What is open: the names an object has so far, or a list.
    open: Vec<Option<HashSet<Cow<'a, str>>>>,
    /// Whether the next string is a name.
    names: bool,
}

impl<'a> Walk<'a> {
    fn take(&mut self, token: &'a str) -> Result<(), Flaw> {
        match token.as_bytes().first() {
            Some(b'{') => self.enter(Some(HashSet::new()))?,
            Some(b'[') => self.enter(None)?,
            Some(b'"') => self.string(token)?,
            Some(b'}' | b']') => drop(self.open.pop()),
            Some(b',') => self.names = matches!(self.open.last(), Some(Some(_))),
            _ => self.names = false,
        }
        Ok(())
    }

    fn enter(&mut self, names: Option<HashSet<Cow<'a, str>>>) -> Result<(), Flaw> {
        self.names = names.is_some();
        self.open.push(names);
        if self.open.len() > DEPTH_MAX {
            return Err(Flaw::Deep);
        }
        Ok(())
    }

    fn string(&mut self, token: &'a str) -> Result<(), Flaw> {
        let text = if token.contains('\\') {
            Cow::Owned(serde_json::from_str(token).map_err(|_| Flaw::Surrogate)?)
        } else {
            Cow::Borrowed(token.trim_matches('"'))
        };
        match self.open.last_mut() {
            Some(Some(_)) if self.names && text.starts_with(RESERVED) => Err(Flaw::Reserved),
            Some(Some(names)) if self.names => match names.replace(text) {
                Some(known) => Err(Flaw::Repeated(known.into_owned())),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<Flaw> {
        flaw(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_member_named_twice_is_found_at_any_depth() {
        for json in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"b": {"c": [1, {"a": {}, "d": [], "a": 2}]}}"#,
            r#"[{"a": "a", "\u0061": 2}]"#,
            r#"{"b": "\"", "a": ",", "c": {"a": 1}, "a": 2}"#,
        ] {
            assert_eq!(of(json), Some(Flaw::Repeated("a".into())), "{json}");
        }
        assert_eq!(of(r#"{"": 1, "": 2}"#), Some(Flaw::Repeated(String::new())));
    }

    #[test]
    fn the_same_name_in_several_objects_is_no_flaw() {
        for json in [
            r#"[{"a": 1}, {"a": 1}]"#,
            r#"{"a": {"a": {"a": ["a", "a"]}}, "b": "a"}"#,
            r#"{"a": "b", "b": "a:", "c": "\\", "d": "\\\"", "e": "{\"a\": 1,"}"#,
            "[true, null, 1.5e3, \"\u{1f353}\", \"\\ud83c\\udf53\"]",
            "\"a\"",
            "{}",
        ] {
            assert_eq!(of(json), None, "{json}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(of(&nested(DEPTH_MAX)), None);
        assert_eq!(of(&nested(DEPTH_MAX + 1)), Some(Flaw::Deep));
    }

    #[test]
    fn the_parsers_own_names_are_found_however_they_are_written() {
        for json in [
            r#"{"$serde_json::private::RawValue": "1"}"#,
            r#"[{"a": {"\u0024serde_json::private::Number": "1"}}]"#,
            r#"{"a": 1, "$serde_json\u003a:private::": null}"#,
        ] {
            assert_eq!(of(json), Some(Flaw::Reserved), "{json}");
        }
        for json in [
            r#"{"a": "$serde_json::private::RawValue"}"#,
            r#"{"$serde_json": ["$serde_json::private::Number"]}"#,
        ] {
            assert_eq!(of(json), None, "{json}");
        }
    }

    #[test]
    fn half_a_character_is_found_in_names_and_values() {
        for json in [
            r#"{"a": "\ud83c"}"#,
            r#"{"\udf53": 1}"#,
            r#"["\ud83c\ud83c"]"#,
        ] {
            assert_eq!(of(json), Some(Flaw::Surrogate), "{json}");
        }
    }
}
