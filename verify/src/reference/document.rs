//! What is inside of JSON, as `jsonb` of PostgreSQL has it.

use super::condition::{all, compares, items, members};
use crate::decimal::Decimal;
use crate::request::{Given, Input};
use crate::value::Value;
use serde_json::Value as Json;

/// Whether a document fulfils a comparison, which is none with NULL.
pub(super) fn holds(document: &Json, name: &str, operand: &Input) -> Option<bool> {
    match (name, operand) {
        ("path", paths) => leads(Some(document), paths),
        ("hasKey", Input::Leaf(_, Value::Text(key))) => Some(
            document
                .as_object()
                .is_some_and(|own| own.contains_key(key)),
        ),
        ("contains", Input::Leaf(_, Value::Json(part))) => {
            let is_item = |item| !is_container(part) && is_same(item, part);
            let is_listed = document
                .as_array()
                .is_some_and(|own| own.iter().any(is_item));
            Some(is_listed || contains(document, part))
        }
        ("eq", Input::Leaf(_, Value::Json(other))) => Some(is_same(document, other)),
        ("ne", Input::Leaf(_, Value::Json(other))) => Some(!is_same(document, other)),
        _ => panic!("documents have no comparison {name} with {operand:?}"),
    }
}

/// Numbers are the same however they are spelled, and objects in whichever order.
fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => {
            let [one, other] = [one, other].map(|number| Decimal::parse(&number.to_string()));
            one == other
        }
        (Json::Array(one), Json::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let is_there = |(key, one): (&String, &Json)| {
                other.get(key).is_some_and(|other| is_same(one, other))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        (one, other) => one == other,
    }
}

fn is_container(value: &Json) -> bool {
    value.is_array() || value.is_object()
}

/// Each member and each item of the part is somewhere on the same level of the whole.
fn contains(whole: &Json, part: &Json) -> bool {
    match (whole, part) {
        (Json::Array(whole), Json::Array(part)) => part
            .iter()
            .all(|part| whole.iter().any(|whole| contains(whole, part))),
        (Json::Object(whole), Json::Object(part)) => part
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|whole| contains(whole, part))),
        (whole, part) => is_same(whole, part),
    }
}

/// Whether what stands at some places fulfils conditions; nothing stands anywhere in NULL.
pub(super) fn leads(document: Option<&Json>, paths: &Input) -> Option<bool> {
    all(items(paths).iter().map(|path| ends(document, path)))
}

/// The same of one place; a value of another kind is NULL to the conditions.
fn ends(document: Option<&Json>, path: &Input) -> Option<bool> {
    let (at, conditions): (Vec<&Given>, Vec<_>) =
        members(path).iter().partition(|member| member.name == "at");
    let at = at.first().expect("a path leads somewhere");
    let found = document.and_then(|whole| items(&at.value).iter().try_fold(whole, step));
    all(conditions.into_iter().map(|condition| {
        let value = match (&*condition.name, found) {
            ("string", Some(Json::String(text))) => Value::Text(text.clone()),
            ("number", Some(Json::Number(number))) => {
                Value::Decimal(Decimal::parse(&number.to_string()))
            }
            ("boolean", Some(Json::Bool(value))) => Value::Boolean(*value),
            ("isNull", found) => {
                let is_null = found.is_none_or(Json::is_null);
                let wanted = matches!(condition.value, Input::Leaf(_, Value::Boolean(true)));
                return Some(is_null == wanted);
            }
            _ => Value::Null,
        };
        compares(&value, &condition.value)
    }))
}

/// A text names a member, a number the place of an item.
fn step<'d>(document: &'d Json, step: &Input) -> Option<&'d Json> {
    match step {
        Input::Leaf(_, Value::Text(name)) => document.as_object()?.get(name),
        Input::Leaf(_, Value::Integer(place)) => {
            document.as_array()?.get(usize::try_from(*place).ok()?)
        }
        _ => panic!("steps are texts and numbers"),
    }
}
