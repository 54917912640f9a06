//! What a JSON parser lets pass and a request must not have: members named twice, nesting without
//! end, halves of characters, names that the parser takes for words of its own.

use foldhash::quality::RandomState;
use serde_json::value::RawValue;
use smallvec::SmallVec;
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
    walk(json.get(), |_, _| {}).err()
}

/// The members of an object, each with the text of its value.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(SmallVec<[(Cow<'a, str>, &'a str); 4]>);

impl<'a> Members<'a> {
    /// Those of an object without a flaw; none of what is no object.
    pub(crate) fn of(json: &'a RawValue) -> Result<Self, Flaw> {
        let mut members = SmallVec::new();
        walk(json.get(), |name, value| members.push((name, value)))?;
        Ok(Self(members))
    }

    /// The text of the member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let mut members = self.0.iter();
        members.find_map(|(known, value)| (known == name).then_some(*value))
    }
}

/// Looks through a text once, and hands over the members of its outermost object.
fn walk<'a>(text: &'a str, mut member: impl FnMut(Cow<'a, str>, &'a str)) -> Result<(), Flaw> {
    let is_mark = |byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':');
    let mut walk = Walk::default();
    let (mut rest, mut value) = (text, None);
    while let Some(at) = rest.bytes().position(is_mark) {
        let (_, found) = rest.split_at(at);
        let length = match found.as_bytes().first() {
            Some(b'"') => string_length(found),
            _ => 1,
        };
        let (token, behind) = found.split_at(length);
        if walk.open.len() == 1 {
            match token {
                ":" => value = Some(behind),
                "," | "}" => {
                    let named = value.take().zip(walk.name.take());
                    if let Some((from, name)) = named {
                        let length = from.len() - found.len();
                        member(name, from.split_at(length).0.trim_ascii());
                    }
                }
                _ => {}
            }
        }
        walk.take(token)?;
        rest = behind;
    }
    Ok(())
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
    open: Vec<Option<Names<'a>>>,
    /// Whether the next string is a name.
    names: bool,
    /// The last name of the outermost object.
    name: Option<Cow<'a, str>>,
}

/// The names an object has so far: some are looked through, many are found by their hashes.
enum Names<'a> {
    Some(Vec<Cow<'a, str>>),
    Many(HashSet<Cow<'a, str>, RandomState>),
}

impl<'a> Names<'a> {
    /// The most that are looked through.
    const SOME: usize = 8;

    fn add(&mut self, name: Cow<'a, str>) -> Result<(), Flaw> {
        match self {
            Self::Some(names) if names.contains(&name) => Err(Flaw::Repeated(name.into_owned())),
            Self::Some(names) if names.len() < Self::SOME => {
                names.push(name);
                Ok(())
            }
            Self::Some(names) => {
                *self = Self::Many(names.drain(..).chain([name]).collect());
                Ok(())
            }
            Self::Many(names) => match names.replace(name) {
                Some(known) => Err(Flaw::Repeated(known.into_owned())),
                None => Ok(()),
            },
        }
    }
}

impl<'a> Walk<'a> {
    fn take(&mut self, token: &'a str) -> Result<(), Flaw> {
        match token.as_bytes().first() {
            Some(b'{') => self.enter(Some(Names::Some(Vec::new())))?,
            Some(b'[') => self.enter(None)?,
            Some(b'"') => self.string(token)?,
            Some(b'}' | b']') => drop(self.open.pop()),
            Some(b',') => self.names = matches!(self.open.last(), Some(Some(_))),
            _ => self.names = false,
        }
        Ok(())
    }

    fn enter(&mut self, names: Option<Names<'a>>) -> Result<(), Flaw> {
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
        if self.names && self.open.len() == 1 {
            self.name = Some(text.clone());
        }
        match self.open.last_mut() {
            Some(Some(_)) if self.names && text.starts_with(RESERVED) => Err(Flaw::Reserved),
            Some(Some(names)) if self.names => names.add(text),
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
    fn members_have_the_text_of_their_values() {
        let json = r#" {"a" : 1 , "b":{"a":[2,{"c":":,}"}]},"\u0063": "x\"y" ,"d":[ ] } "#;
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let members = Members::of(raw).unwrap();
        let all: Vec<_> = members
            .0
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        let expected = [
            ("a", "1"),
            ("b", r#"{"a":[2,{"c":":,}"}]}"#),
            ("c", r#""x\"y""#),
            ("d", "[ ]"),
        ];
        assert_eq!(all, expected);
        assert_eq!((members.get("d"), members.get("e")), (Some("[ ]"), None));
        for none in ["{}", "null", "[{\"a\": 1}]"] {
            let raw: &RawValue = serde_json::from_str(none).unwrap();
            assert!(Members::of(raw).unwrap().0.is_empty(), "{none}");
        }
    }

    #[test]
    fn a_member_named_twice_is_found_among_many() {
        let members = |count: usize, last: usize| {
            let members = (0..count).chain([last]).map(|n| format!("\"m{n}\": {n}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        for count in [7, 8, 9, 10, 100] {
            assert_eq!(of(&members(count, count)), None);
            for again in [0, count - 1] {
                let name = format!("m{again}");
                assert_eq!(of(&members(count, again)), Some(Flaw::Repeated(name)));
            }
        }
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
