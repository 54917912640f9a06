//! A request as text: every value as a literal, or some of them as variables.

use crate::calendar::ahead;
use crate::catalogue::{Kind, MOODS};
use crate::request::{Field, Given, Input, Node, Request, Selection};
use crate::value::Value;
use fastrand::Rng;
use serde_json::{Map, Value as Json};

/// A document and its variables.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The document.
    pub query: String,
    /// The variables by name.
    pub variables: Map<String, Json>,
}

/// Which values are variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variables {
    /// None: all of them stand in the document.
    None,
    /// Some, at any depth.
    Some,
    /// Every argument as a whole.
    Arguments,
    /// Every value that has no others in it.
    Leaves,
}

/// Writes a request; the seed decides on spellings, and on what is a variable where some are.
pub fn render(
    request: &Request,
    (seed, variables): (u64, Variables),
    cursors: &[Option<String>],
) -> Rendered {
    let mut writer = Writer {
        random: Rng::with_seed(seed),
        taken: variables,
        cursors,
        definitions: Vec::new(),
        fragments: Vec::new(),
        variables: Map::new(),
    };
    let selections = writer.selections(&request.selections);
    let definitions = if writer.definitions.is_empty() {
        String::new()
    } else {
        format!("({})", writer.definitions.join(", "))
    };
    let word = if request.writes { "mutation" } else { "query" };
    let fragments = writer.fragments.iter().map(|(_, text)| text.as_str());
    Rendered {
        query: format!(
            "{word}{definitions} {selections}{}",
            fragments.collect::<String>()
        ),
        variables: writer.variables,
    }
}

struct Writer<'c> {
    random: Rng,
    taken: Variables,
    cursors: &'c [Option<String>],
    definitions: Vec<String>,
    fragments: Vec<(String, String)>,
    variables: Map<String, Json>,
}

impl Writer<'_> {
    fn selections(&mut self, selections: &[Selection]) -> String {
        let texts: Vec<String> = selections
            .iter()
            .map(|selection| self.selection(selection))
            .collect();
        format!("{{ {} }}", texts.join(" "))
    }

    fn selection(&mut self, selection: &Selection) -> String {
        let toggle = selection.toggle.map_or(String::new(), |toggle| {
            let word = if toggle.skip { "skip" } else { "include" };
            let value = Input::Leaf(Kind::Boolean, Value::Boolean(toggle.value));
            format!(" @{word}(if: {})", self.value("Boolean!", &value))
        });
        match &selection.node {
            Node::Field(field) => self.field(field, &toggle),
            Node::Inline(None, inner) => format!("...{toggle} {}", self.selections(inner)),
            Node::Inline(Some(on), inner) => {
                format!("... on {on}{toggle} {}", self.selections(inner))
            }
            Node::Spread(name, on, inner) => {
                if self.fragments.iter().all(|(known, _)| known != name) {
                    self.fragments.push((name.clone(), String::new()));
                    let text = format!("\nfragment {name} on {on} {}", self.selections(inner));
                    if let Some(known) = self.fragments.iter_mut().find(|known| known.0 == *name) {
                        known.1 = text;
                    }
                }
                format!("...{name}{toggle}")
            }
        }
    }

    fn field(&mut self, field: &Field, toggle: &str) -> String {
        let mut text = match &field.alias {
            Some(alias) => format!("{alias}: {}", field.name),
            None => field.name.clone(),
        };
        if !field.arguments.is_empty() {
            let arguments = self.members(&field.arguments);
            text = format!("{text}({arguments})");
        }
        text.push_str(toggle);
        if !field.selections.is_empty() {
            let selections = self.selections(&field.selections);
            text = format!("{text} {selections}");
        }
        text
    }

    fn members(&mut self, members: &[Given]) -> String {
        let texts: Vec<String> = members
            .iter()
            .map(|member| {
                let value = self.value(&member.type_name, &member.value);
                format!("{}: {value}", member.name)
            })
            .collect();
        texts.join(", ")
    }

    fn value(&mut self, type_name: &str, input: &Input) -> String {
        let is_variable = match self.taken {
            Variables::None => false,
            Variables::Some => self.random.u8(..5) < 2,
            Variables::Arguments => true,
            Variables::Leaves => !matches!(input, Input::List(..) | Input::Object(_)),
        } || matches!(input, Input::Leaf(_, Value::Json(value)) if document(value).is_none());
        if is_variable {
            self.variable(type_name, input)
        } else {
            self.literal(type_name, input)
        }
    }

    fn variable(&mut self, type_name: &str, input: &Input) -> String {
        let name = format!("v{}", self.definitions.len());
        let is_null = matches!(input, Input::Null | Input::Leaf(_, Value::Json(Json::Null)));
        let required = !type_name.ends_with('!') && !is_null && self.random.bool();
        let mark = if required { "!" } else { "" };
        let mut definition = format!("${name}: {type_name}{mark}");
        if !is_null && self.random.u8(..6) == 0 && has_literal(input) {
            let taken = std::mem::replace(&mut self.taken, Variables::None);
            let default = self.literal(type_name, input);
            definition = format!("{definition} = {default}");
            self.taken = taken;
        } else {
            let json = self.json(input);
            self.variables.insert(name.clone(), json);
        }
        self.definitions.push(definition);
        format!("${name}")
    }

    fn literal(&mut self, type_name: &str, input: &Input) -> String {
        match input {
            Input::Word(word) => (*word).to_owned(),
            Input::Leaf(Kind::Mood, Value::Mood(position)) => MOODS[*position].0.to_owned(),
            Input::List(item, items) => self.list(item, items),
            Input::Object(members) => {
                let mut text = self.members(members);
                let has_null_test = members.iter().any(|member| member.name == "isNull");
                if self.taken == Variables::Some
                    && type_name.ends_with("Filter")
                    && !has_null_test
                    && self.random.u8(..8) == 0
                {
                    text.push_str(&self.ghost());
                }
                format!("{{{text}}}")
            }
            Input::Leaf(_, Value::Json(value)) => {
                let literal = document(value);
                literal.expect("documents without a literal are variables")
            }
            leaf => self.json(leaf).to_string(),
        }
    }

    /// A member whose variable is not given, which is as if it were not there.
    fn ghost(&mut self) -> String {
        let name = format!("v{}", self.definitions.len());
        self.definitions.push(format!("${name}: Boolean"));
        format!(", isNull: ${name}")
    }

    /// One item may stand without brackets.
    fn list(&mut self, type_name: &str, items: &[Input]) -> String {
        if let [item] = items
            && self.random.u8(..4) == 0
        {
            return self.literal(type_name, item);
        }
        let texts: Vec<String> = items
            .iter()
            .map(|item| self.value(type_name, item))
            .collect();
        format!("[{}]", texts.join(", "))
    }

    fn json(&mut self, input: &Input) -> Json {
        match input {
            Input::Null => Json::Null,
            Input::Word(word) => Json::from(*word),
            Input::Id(id) => Json::from(id.as_str()),
            Input::Cursor(position) => {
                let cursor = self.cursors.get(*position).cloned().flatten();
                Json::from(cursor.unwrap_or_default())
            }
            Input::Leaf(kind, value) => self.leaf(*kind, value),
            Input::List(_, items) => match items.as_slice() {
                [item] if self.random.u8(..4) == 0 => self.json(item),
                items => items.iter().map(|item| self.json(item)).collect(),
            },
            Input::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|member| (member.name.clone(), self.json(&member.value)))
                    .collect(),
            ),
        }
    }

    /// Many values may be spelled otherwise than in answers.
    fn leaf(&mut self, kind: Kind, value: &Value) -> Json {
        let json = value.json(kind);
        match (kind, &json) {
            (Kind::Decimal, Json::String(digits)) if self.random.u8(..4) == 0 => {
                Json::from(scientific(digits))
            }
            (Kind::BigInt | Kind::Decimal, Json::String(digits)) if self.random.bool() => {
                serde_json::from_str(digits).unwrap_or(json)
            }
            (Kind::Uuid, Json::String(text)) if self.random.bool() => {
                Json::from(text.to_uppercase())
            }
            (Kind::LocalTime | Kind::LocalDateTime | Kind::DateTime, Json::String(text))
                if self.random.bool() =>
            {
                Json::from(lengthened(text))
            }
            (Kind::DateTime, Json::String(text)) => {
                let offset = *self.random.choice(&OFFSETS).unwrap_or(&OFFSETS[0]);
                Json::from(elsewhere(text, offset).unwrap_or_else(|| text.clone()))
            }
            _ => json,
        }
    }
}

/// Whether a value can stand in a document with all that is in it.
fn has_literal(input: &Input) -> bool {
    match input {
        Input::Leaf(_, Value::Json(value)) => document(value).is_some(),
        Input::List(_, items) => items.iter().all(has_literal),
        Input::Object(members) => members.iter().all(|member| has_literal(&member.value)),
        _ => true,
    }
}

/// A JSON value as a literal, if its members have the names that GraphQL knows.
fn document(value: &Json) -> Option<String> {
    match value {
        Json::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(document).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Json::Object(members) => {
            let is_name = |name: &str| {
                let starts = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
                starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            let member = |(name, value): (&String, &Json)| {
                is_name(name).then(|| Some(format!("{name}: {}", document(value)?)))?
            };
            let members: Option<Vec<_>> = members.iter().map(member).collect();
            Some(format!("{{{}}}", members?.join(", ")))
        }
        leaf => Some(leaf.to_string()),
    }
}

/// `-12.50` as `-01250e-2`.
fn scientific(digits: &str) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(whole) => ("-", whole),
        None => ("", whole),
    };
    format!("{sign}0{whole}{fraction}e-{}", fraction.len())
}

/// Offsets from UTC in minutes, as they are spelled.
const OFFSETS: [(i64, &str); 3] = [(0, "Z"), (120, "+02:00"), (-570, "-09:30")];

/// The same moment by the clock of another place.
fn elsewhere(text: &str, (minutes, offset): (i64, &str)) -> Option<String> {
    let shown = ahead(text.strip_suffix('Z')?, minutes)?;
    Some(shown + offset)
}

/// A time with a digit more, and in UTC by an offset.
fn lengthened(text: &str) -> String {
    let (clock, zone) = match text.strip_suffix('Z') {
        Some(clock) => (clock, "+00:00"),
        None => (text, ""),
    };
    let point = match clock.split_once('.') {
        None => ".0",
        Some((_, fraction)) if fraction.len() < 6 => "0",
        Some(_) => "",
    };
    format!("{clock}{point}{zone}")
}
