//! What the answer must be, and the first place where one is not like it.

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::fmt;

/// How a database spells decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decimals {
    /// With the digits they were written with.
    AsWritten,
    /// With as many digits after the point as their column has.
    AtTheirScale,
}

/// What a place of the answer must hold.
#[derive(Clone, Debug)]
pub enum Answer {
    /// One value.
    Leaf(Json),
    /// One of equal decimals in several spellings.
    OneOf(Vec<Json>),
    /// A text only the server knows.
    Opaque,
    /// Items in their order.
    List(Vec<Answer>),
    /// Members in response order.
    Object(Vec<(String, Answer)>),
}

impl Answer {
    /// The number of leaves.
    pub fn size(&self) -> usize {
        match self {
            Self::List(items) => items.iter().map(Self::size).sum::<usize>() + 1,
            Self::Object(members) => members.iter().map(|(_, answer)| answer.size()).sum(),
            _ => 1,
        }
    }

    /// The first place where the text is another answer: its path and what is wrong.
    pub fn difference(&self, found: &str, decimals: Decimals) -> Option<String> {
        match serde_json::from_str::<&RawValue>(found) {
            Ok(found) => self.compare(found, "$", decimals),
            Err(error) => Some(format!("the answer is not JSON: {error}")),
        }
    }

    fn compare(&self, found: &RawValue, path: &str, decimals: Decimals) -> Option<String> {
        match self {
            Self::Leaf(expected) => leaf(std::slice::from_ref(expected), found, (path, decimals)),
            Self::OneOf(expected) => leaf(expected, found, (path, decimals)),
            Self::Opaque => {
                let text = serde_json::from_str::<String>(found.get()).is_ok();
                (!text).then(|| format!("{path}: expected some text, found {}", clip(found)))
            }
            Self::List(expected) => list(expected, found, (path, decimals)),
            Self::Object(expected) => object(expected, found, (path, decimals)),
        }
    }
}

fn leaf(expected: &[Json], found: &RawValue, (path, decimals): (&str, Decimals)) -> Option<String> {
    let value: Option<Json> = serde_json::from_str(found.get()).ok();
    let is_like = |wanted: &Json, value: &Json| {
        is_same(wanted, value)
            || decimals == Decimals::AtTheirScale && is_same_number(wanted, value)
    };
    let fits = value.is_some_and(|value| expected.iter().any(|wanted| is_like(wanted, &value)));
    (!fits).then(|| {
        let expected = expected.iter().map(ToString::to_string);
        let expected = expected.collect::<Vec<_>>().join(" or ");
        format!("{path}: expected {expected}, found {}", clip(found))
    })
}

/// Numbers are the same digit by digit, or as floats.
fn is_same(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Number(a), Json::Number(b)) if a != b => {
            let is_float = |text: &str| text.contains(['.', 'e', 'E']);
            is_float(a.as_str())
                && is_float(b.as_str())
                && a.as_str().parse::<f64>() == b.as_str().parse::<f64>()
        }
        _ => expected == found,
    }
}

/// Whether both are decimals, and differ in nothing but zeros at their ends.
fn is_same_number(expected: &Json, found: &Json) -> bool {
    let (Some(expected), Some(found)) = (digits(expected), digits(found)) else {
        return false;
    };
    expected == found
}

/// A decimal without the zeros at its end.
pub fn digits(value: &Json) -> Option<&str> {
    let text = value.as_str()?;
    let is_decimal = |text: &str| {
        text.trim_start_matches('-')
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    if text.is_empty() || !is_decimal(text) {
        return None;
    }
    Some(if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    })
}

fn list(
    expected: &[Answer],
    found: &RawValue,
    (path, decimals): (&str, Decimals),
) -> Option<String> {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(found.get()) else {
        return Some(format!("{path}: expected a list, found {}", clip(found)));
    };
    let pairs = expected.iter().zip(&items).enumerate();
    for (index, (answer, item)) in pairs {
        if let Some(difference) = answer.compare(item, &format!("{path}[{index}]"), decimals) {
            return Some(difference);
        }
    }
    let (wanted, length) = (expected.len(), items.len());
    (wanted != length).then(|| format!("{path}: expected {wanted} items, found {length}"))
}

fn object(
    expected: &[(String, Answer)],
    found: &RawValue,
    (path, decimals): (&str, Decimals),
) -> Option<String> {
    let Ok(members) = members(found.get()) else {
        return Some(format!("{path}: expected an object, found {}", clip(found)));
    };
    for ((key, answer), (name, member)) in expected.iter().zip(&members) {
        if key != name {
            return Some(format!("{path}: expected the member {key}, found {name}"));
        }
        if let Some(difference) = answer.compare(member, &format!("{path}.{key}"), decimals) {
            return Some(difference);
        }
    }
    let (wanted, length) = (expected.len(), members.len());
    (wanted != length).then(|| format!("{path}: expected {wanted} members, found {length}"))
}

/// The members of an object in the order of the text.
pub fn members(text: &str) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Members)
}

fn clip(found: &RawValue) -> String {
    found.get().chars().take(300).collect()
}
