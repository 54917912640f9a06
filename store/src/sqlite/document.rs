//! What is inside JSON, as PostgreSQL's `jsonb` has it.
//!
//! Objects and lists are read one level at a time, and only those that a question leads to. Of
//! members with one name the last counts.

use super::functions::{interrupted, refusal, utf8};
use super::watch::Watch;
use crate::json::{Number, Words};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Registers the functions that look into JSON.
pub(super) fn register(
    connection: &Connection,
    flags: FunctionFlags,
    watch: &Arc<Watch>,
) -> Result<()> {
    type Answer = fn(&Reader<'_>, &Value<'_>, &Value<'_>) -> Result<bool>;
    let pairs: [(_, Answer); 2] = [
        (c"fragaria_json_equal", |reader, left, right| {
            reader.equal(left, right)
        }),
        (c"fragaria_json_contains", |reader, left, right| {
            reader.contains(left, right, true)
        }),
    ];
    for (name, answer) in pairs {
        let watch = Arc::clone(watch);
        connection.create_scalar_function(name, 2, flags, move |context: &mut Context<'_>| {
            pair(context, &watch, answer)
        })?;
    }
    let own = Arc::clone(watch);
    let has_key = move |context: &mut Context<'_>| has_key(context, &own);
    connection.create_scalar_function(c"fragaria_json_has_key", 2, flags, has_key)?;
    let own = Arc::clone(watch);
    let at = move |context: &mut Context<'_>| at(context, &own);
    connection.create_scalar_function(c"fragaria_json_at", 3, flags, at)
}

/// `fragaria_json_equal(document, json)` and `fragaria_json_contains(document, json)`.
fn pair(
    context: &Context<'_>,
    watch: &Watch,
    answer: fn(&Reader<'_>, &Value<'_>, &Value<'_>) -> Result<bool>,
) -> Result<Option<bool>> {
    let (left, right) = (text(context.get_raw(0))?, text(context.get_raw(1))?);
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(None);
    };
    let reader = Reader { watch };
    answer(&reader, &reader.whole(&left)?, &reader.whole(&right)?).map(Some)
}

/// `fragaria_json_has_key(document, name)`: whether it is an object with that member.
fn has_key(context: &Context<'_>, watch: &Watch) -> Result<Option<bool>> {
    let Some(document) = text(context.get_raw(0))? else {
        return Ok(None);
    };
    let name: String = context.get(1)?;
    let reader = Reader { watch };
    match reader.whole(&document)? {
        Value::Object(object) => {
            let members = reader.members(object)?;
            Ok(Some(members.contains_key(&Words(name.into()))))
        }
        _ => Ok(Some(false)),
    }
}

/// A step of a path.
#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Name(String),
    Place(usize),
}

/// `fragaria_json_at(document, path, kind)`: the value at a path, a JSON array of steps, if it is of
/// that kind. Numbers come as plain digits; of `any` it is told that it is there and not null.
fn at(context: &Context<'_>, watch: &Watch) -> Result<Stored> {
    let Some(document) = text(context.get_raw(0))? else {
        return Ok(Stored::Null);
    };
    let steps = context.get_or_create_aux(1, |path| {
        let path = path.as_str()?;
        serde_json::from_str::<Vec<Step>>(path).map_err(|_| refusal("not a path into JSON"))
    })?;
    let reader = Reader { watch };
    let mut value = reader.whole(&document)?;
    for step in &*steps {
        match reader.inside(value, step)? {
            Some(inner) => value = inner,
            None => return Ok(Stored::Null),
        }
    }
    let kind: String = context.get(2)?;
    Ok(match (kind.as_str(), value) {
        ("string", Value::Text(text)) => Stored::Text(text.into_owned()),
        ("number", Value::Number(number)) => Stored::Text(number.plain().ok_or_else(many_digits)?),
        ("boolean", Value::Boolean(value)) => Stored::Integer(value.into()),
        ("any", value) if value != Value::Null => Stored::Integer(1),
        _ => Stored::Null,
    })
}

/// JSON text as a column holds it; `None` for NULL.
fn text(value: ValueRef<'_>) -> Result<Option<Cow<'_, str>>> {
    Ok(Some(match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) => utf8(text)?.into(),
        // Columns declared JSON have numeric affinity, so a bare number may be stored as one.
        ValueRef::Integer(value) => value.to_string().into(),
        ValueRef::Real(value) if value.is_finite() => {
            ryu::Buffer::new().format_finite(value).to_owned().into()
        }
        ValueRef::Blob(blob) => match super::number::text(blob) {
            Some(text) => utf8(text)?.into(),
            None => return Err(refusal("a blob is not JSON")),
        },
        ValueRef::Real(_) => return Err(refusal("a float without end is not JSON")),
    }))
}

/// A value, of objects and lists as it is written.
#[derive(Debug, PartialEq)]
enum Value<'a> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(&'a str),
    Object(&'a str),
}

impl Value<'_> {
    fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Object(_))
    }
}

/// Reads JSON under the eyes of the watch.
struct Reader<'w> {
    watch: &'w Watch,
}

impl Reader<'_> {
    fn whole<'a>(&self, text: &'a str) -> Result<Value<'a>> {
        value(self.parsed::<&RawValue>(text)?)
    }

    fn parsed<'a, T: Deserialize<'a>>(&self, text: &'a str) -> Result<T> {
        if self.watch.charge(text.len()) {
            return Err(interrupted());
        }
        serde_json::from_str(text).map_err(|_| refusal("text is not JSON"))
    }

    fn members<'a>(&self, object: &'a str) -> Result<BTreeMap<Words<'a>, &'a RawValue>> {
        self.parsed(object)
    }

    fn items<'a>(&self, list: &'a str) -> Result<Vec<Value<'a>>> {
        let items: Vec<&RawValue> = self.parsed(list)?;
        items.into_iter().map(value).collect()
    }

    /// What is one step inside.
    fn inside<'a>(&self, outer: Value<'a>, step: &Step) -> Result<Option<Value<'a>>> {
        match (outer, step) {
            (Value::Object(object), Step::Name(name)) => {
                let members = self.members(object)?;
                let member = members.get(&Words(name.as_str().into()));
                member.map(|member| value(member)).transpose()
            }
            (Value::List(list), Step::Place(place)) => {
                let items: Vec<&RawValue> = self.parsed(list)?;
                items.get(*place).map(|item| value(item)).transpose()
            }
            _ => Ok(None),
        }
    }

    fn equal(&self, left: &Value<'_>, right: &Value<'_>) -> Result<bool> {
        match (left, right) {
            (Value::List(left), Value::List(right)) => {
                let (left, right) = (self.items(left)?, self.items(right)?);
                if left.len() != right.len() {
                    return Ok(false);
                }
                all(left.iter().zip(&right), |(left, right)| {
                    self.equal(left, right)
                })
            }
            (Value::Object(left), Value::Object(right)) => {
                let (left, right) = (self.members(left)?, self.members(right)?);
                if left.len() != right.len() {
                    return Ok(false);
                }
                all(&right, |(name, right)| match left.get(name) {
                    Some(left) => self.equal(&value(left)?, &value(right)?),
                    None => Ok(false),
                })
            }
            _ => Ok(left == right),
        }
    }

    /// Only a list that is the whole document contains a scalar that does not stand in a list.
    fn contains(&self, left: &Value<'_>, right: &Value<'_>, is_whole: bool) -> Result<bool> {
        match (left, right) {
            (Value::List(left), Value::List(right)) => {
                let (left, right) = (self.items(left)?, self.items(right)?);
                all(&right, |item| self.has(&left, item))
            }
            (Value::List(left), right) if is_whole && right.is_scalar() => {
                self.has(&self.items(left)?, right)
            }
            (Value::Object(left), Value::Object(right)) => {
                let (left, right) = (self.members(left)?, self.members(right)?);
                all(&right, |(name, right)| match left.get(name) {
                    Some(left) => self.contains(&value(left)?, &value(right)?, false),
                    None => Ok(false),
                })
            }
            _ if left.is_scalar() => Ok(left == right),
            _ => Ok(false),
        }
    }

    /// Whether an item of a list contains the value, or is it.
    fn has(&self, items: &[Value<'_>], wanted: &Value<'_>) -> Result<bool> {
        if self.watch.charge(items.len()) {
            return Err(interrupted());
        }
        for item in items {
            if self.contains(item, wanted, false)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn all<T>(
    items: impl IntoIterator<Item = T>,
    mut holds: impl FnMut(T) -> Result<bool>,
) -> Result<bool> {
    for item in items {
        if !holds(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A value by the character it begins with (RFC 8259, section 3).
fn value(raw: &RawValue) -> Result<Value<'_>> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => Value::Object(text),
        Some(b'[') => Value::List(text),
        Some(b'"') => {
            let Words(text) =
                serde_json::from_str(text).map_err(|_| refusal("a string in JSON is broken"))?;
            Value::Text(text)
        }
        Some(b't') => Value::Boolean(true),
        Some(b'f') => Value::Boolean(false),
        Some(b'n') => Value::Null,
        _ => Value::Number(Number::read(text).ok_or_else(many_digits)?),
    })
}

fn many_digits() -> rusqlite::Error {
    refusal("a number in JSON has too many digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ask<T: rusqlite::types::FromSql>(sql: &str, given: &[&str]) -> Result<T> {
        let connection = Connection::open_in_memory()?;
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        register(&connection, flags, &Arc::new(Watch::new()))?;
        connection.query_row(sql, rusqlite::params_from_iter(given), |row| row.get(0))
    }

    fn holds(function: &str, left: &str, right: &str) -> bool {
        ask(&format!("SELECT {function}(?1, ?2)"), &[left, right]).unwrap()
    }

    #[test]
    fn values_are_the_same_whatever_their_spelling_is() {
        for (left, right, expected) in [
            (
                r#"{"a": 1, "b": [true, null]}"#,
                r#"{"b":[true,null],"a":1.0}"#,
                true,
            ),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, true),
            (r#""\u00e4\n""#, "\"ä\\u000a\"", true),
            ("[1,2]", "[2,1]", false),
            ("[1]", "1", false),
            ("{}", "[]", false),
            ("100", "1e2", true),
            ("-0", "0.00", true),
            ("12345678901234567890", "12345678901234567891", false),
            (r#"{"a":null}"#, "{}", false),
            ("\"1\"", "1", false),
        ] {
            assert_eq!(
                holds("fragaria_json_equal", left, right),
                expected,
                "{left} {right}"
            );
            assert_eq!(
                holds("fragaria_json_equal", right, left),
                expected,
                "{right} {left}"
            );
        }
    }

    #[test]
    fn json_contains_what_jsonb_contains() {
        for (left, right, expected) in [
            (r#"{"a":1,"b":{"c":[1,2]}}"#, r#"{"b":{"c":[2]}}"#, true),
            (r#"{"a":["x"]}"#, r#"{"a":"x"}"#, false),
            (r#"[{"a":1}]"#, r#"{"a":1}"#, false),
            (r#"[{"a":1,"b":2},3]"#, r#"[{"a":1}]"#, true),
            ("[1,[2,3]]", "[2]", false),
            ("[1,[2,3]]", "[[3]]", true),
            ("[1,2]", "[2,2,1.0]", true),
            ("[\"x\",null]", "\"x\"", true),
            ("[null]", "null", true),
            ("\"x\"", "[\"x\"]", false),
            ("1", "1.0", true),
            ("{}", "{}", true),
            ("[]", "[]", true),
            ("[[]]", "[]", true),
            ("[1]", "[[]]", false),
            ("{\"a\":{}}", "{\"a\":[]}", false),
            ("{\"a\":{}}", "{\"a\":1}", false),
        ] {
            assert_eq!(
                holds("fragaria_json_contains", left, right),
                expected,
                "{left} {right}"
            );
        }
    }

    #[test]
    fn a_path_leads_to_a_value_of_the_kind_that_is_asked_for() {
        let document = r#"{"a": {"0": "x"}, "b": [1.50, {"c": true}], "n": null, "n": 2e1}"#;
        for (path, kind, expected) in [
            (r#"["a","0"]"#, "string", Some("x")),
            (r#"["a",0]"#, "string", None),
            (r#"["b","0"]"#, "number", None),
            (r#"["b",0]"#, "number", Some("1.5")),
            (r#"["b",0]"#, "string", None),
            (r#"["b",0,0]"#, "number", None),
            (r#"["b",1,"c"]"#, "boolean", Some("1")),
            (r#"["n"]"#, "number", Some("20")),
            (r#"["b"]"#, "any", Some("1")),
            (r#"["z"]"#, "any", None),
            ("[]", "any", Some("1")),
        ] {
            let sql = "SELECT CAST(fragaria_json_at(?1, ?2, ?3) AS TEXT)";
            let found: Option<String> = ask(sql, &[document, path, kind]).unwrap();
            assert_eq!(found.as_deref(), expected, "{path} {kind}");
        }
    }

    #[test]
    fn only_objects_have_keys() {
        assert!(holds("fragaria_json_has_key", r#"{"\u0061":null}"#, "a"));
        for document in [r#"{"b":{"a":1}}"#, "[\"a\"]", "\"a\"", "1"] {
            assert!(!holds("fragaria_json_has_key", document, "a"));
        }
    }

    #[test]
    fn null_is_unknown_and_what_is_no_json_is_an_error() {
        for function in ["equal", "contains", "has_key"] {
            let sql = format!("SELECT fragaria_json_{function}(NULL, '1')");
            assert_eq!(ask::<Option<bool>>(&sql, &[]).unwrap(), None);
            let sql = format!("SELECT fragaria_json_{function}('[1,', '1')");
            assert!(ask::<Option<bool>>(&sql, &[]).is_err());
        }
        assert!(ask::<Option<bool>>("SELECT fragaria_json_equal(x'00', '1')", &[]).is_err());
    }

    #[test]
    fn a_long_search_is_stopped_by_the_watch() {
        let connection = Connection::open_in_memory().unwrap();
        let watch = Arc::new(Watch::new());
        register(&connection, FunctionFlags::SQLITE_UTF8, &watch).unwrap();
        watch.begin(Duration::from_secs(3_600), Some(100));
        let list = |first: u32| {
            let items = (first..first + 20_000).map(|item| item.to_string());
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        };
        let asked = connection.query_row(
            "SELECT fragaria_json_contains(?1, ?2)",
            [list(0), list(10_000)],
            |row| row.get::<_, bool>(0),
        );
        assert!(asked.is_err() && watch.is_spent());
    }
}
