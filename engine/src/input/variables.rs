//! The variables of a request: coerced by their declared types, and the fingerprint of their
//! structure, which is part of a plan's key.

use super::literal::constant;
use super::scalar::Given;
use super::{Argument, Input, Kind, Source, kind, scalar};
use crate::access::{Claim, Shape};
use crate::api::{self, Api};
use crate::json::Members;
use crate::names::article;
use crate::token::Token;
use apollo_compiler::ast::{Type, VariableDefinition};
use apollo_compiler::{Name, Node};
use model::{Claims, Dialect, Fault, Kind as FaultKind, Scalar, Schema, Value};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// The structure of variables; that of most fits where it is made.
type Fingerprint = SmallVec<[u8; 128]>;

/// The coerced variables of a request, in the order the operation declares them.
#[derive(Debug)]
pub(crate) struct Variables {
    names: Vec<Name>,
    values: Vec<Option<Input>>,
    /// Whether the lengths of lists are structure, where each item is a parameter.
    lists_are_structure: bool,
}

impl Variables {
    /// No variables at all.
    pub(crate) fn none(dialect: Dialect) -> Self {
        Self {
            names: Vec::new(),
            values: Vec::new(),
            lists_are_structure: dialect == Dialect::Mariadb,
        }
    }

    /// Whether the variable of that index was given.
    pub(crate) fn is_given(&self, index: usize) -> bool {
        self.values.get(index).is_some_and(Option::is_some)
    }

    /// The variable of that name as an argument; `None` when it was not given.
    pub(crate) fn argument(&self, name: &str) -> Option<Argument> {
        let index = self.names.iter().position(|known| *known == name)?;
        let value = self.values[index].as_ref()?;
        Some(value.place(index, &mut Vec::new()))
    }

    /// The value of a boolean variable.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        match self.input(name)? {
            Input::Value(Value::Boolean(value)) => Some(*value),
            _ => None,
        }
    }

    /// How many things a variable asks for: its number, or how long its list is.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        match self.input(name)? {
            Input::Value(Value::Integer(number)) => Some(u64::try_from(*number).unwrap_or(0)),
            Input::Value(Value::List(items)) => Some(items.len() as u64),
            Input::List(items) => Some(items.len() as u64),
            _ => None,
        }
    }

    /// How many objects a variable holds.
    pub(crate) fn objects(&self, name: &str) -> u64 {
        self.input(name).map_or(0, objects)
    }

    fn input(&self, name: &str) -> Option<&Input> {
        let index = self.names.iter().position(|known| *known == name)?;
        self.values.get(index)?.as_ref()
    }

    /// The value at a place of the variable of that index.
    pub(crate) fn walk(&self, index: usize, path: &[u32]) -> Option<&Value> {
        self.values.get(index)?.as_ref()?.walk(path)
    }

    /// How many items a list has.
    pub(crate) fn list_length(&self, source: &Source) -> Option<usize> {
        let value = match source {
            Source::Constant(value) => value,
            Source::Variable(index, path) => self.walk(*index, path)?,
            Source::List(items) => return Some(items.len()),
            Source::Document(_) | Source::Kept { .. } => return None,
        };
        match value {
            Value::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// The structure, byte for byte: two requests of one operation with the same fingerprint
    /// have the same plan. The value of a toggle (`@skip`, `@include`) is structure.
    pub(crate) fn fingerprint(&self, toggles: &BTreeSet<String>) -> Fingerprint {
        let mut out = Fingerprint::new();
        for (name, value) in self.names.iter().zip(&self.values) {
            match value {
                None => out.push(0),
                Some(Input::Value(Value::Boolean(value))) if toggles.contains(name.as_str()) => {
                    out.push(if *value { 1 } else { 2 });
                }
                Some(value) => structure(value, self.lists_are_structure, &mut out),
            }
        }
        out
    }
}

fn objects(input: &Input) -> u64 {
    match input {
        Input::List(items) => items.iter().map(objects).sum(),
        Input::Object(members) => {
            let below = members.iter().map(|(_, member)| objects(member));
            1 + below.sum::<u64>()
        }
        _ => 0,
    }
}

/// How many parameters stand for a list of so many items.
pub(crate) fn list_places(items: usize) -> usize {
    match items {
        0 => 0,
        items => items.next_power_of_two(),
    }
}

/// The item that stands in such a place.
pub(crate) fn item_or_last<T>(items: &[T], place: usize) -> Option<&T> {
    items.get(place).or(items.last())
}

fn structure(input: &Input, lists: bool, out: &mut Fingerprint) {
    let text = |text: &str, out: &mut Fingerprint| {
        out.extend_from_slice(&text.len().to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    match input {
        Input::Null => out.push(3),
        Input::Value(Value::List(items)) if lists => {
            out.push(9);
            out.extend_from_slice(&list_places(items.len()).to_le_bytes());
        }
        Input::Value(_) => out.push(4),
        Input::Word(word) => {
            out.push(5);
            text(word, out);
        }
        Input::List(items) => {
            out.push(6);
            out.extend_from_slice(&items.len().to_le_bytes());
            for item in items {
                structure(item, lists, out);
            }
        }
        Input::Object(members) => {
            out.push(7);
            out.extend_from_slice(&members.len().to_le_bytes());
            for (name, member) in members {
                text(name, out);
                structure(member, lists, out);
            }
        }
        Input::Id(table, _) => {
            out.push(8);
            out.extend_from_slice(&table.to_le_bytes());
        }
    }
}

/// Coerces the variables of a request as the specification's `CoerceVariableValues` says. What the
/// rules of its shape look at stands before them, under names that no document can have.
pub(crate) fn coerce(
    shape: &Shape,
    claims: &Claims,
    definitions: &[Node<VariableDefinition>],
    given: &Members<'_>,
) -> Result<Variables, Vec<Fault>> {
    let (api, schema) = (&shape.api, &shape.schema);
    let coercion = Coercion { api, schema };
    let mut faults = Vec::new();
    let mut variables = Variables {
        names: Vec::with_capacity(definitions.len()),
        values: Vec::with_capacity(definitions.len()),
        lists_are_structure: schema.dialect == Dialect::Mariadb,
    };
    for claim in shape.claims() {
        variables.names.push(claim.variable.clone());
        variables.values.push(coercion.claim(claim, claims));
    }
    for definition in definitions {
        let name = definition.name.as_str();
        let value = coercion
            .variable(definition, given.get(name))
            .unwrap_or_else(|message| {
                let message = format!("variable ${name}{message}");
                faults.push(Fault::new("engine.variable", FaultKind::Invalid, message));
                None
            });
        variables.names.push(definition.name.clone());
        variables.values.push(value);
    }
    if faults.is_empty() {
        Ok(variables)
    } else {
        Err(faults)
    }
}

/// What somebody writes for a value of a type, who may spell numbers as strings and strings of digits
/// as numbers.
pub(crate) fn spelled((api, schema): (&Api, &Schema), ty: &Type, given: &Json) -> Option<Value> {
    let coercion = Coercion { api, schema };
    let given = coercion.spelled(ty, given)?;
    match coercion.json(ty, &given).ok()? {
        Input::Value(value) => Some(value),
        _ => None,
    }
}

/// Coercion by the types of one API. Errors begin with the path below the variable.
#[derive(Clone, Copy)]
pub(super) struct Coercion<'a> {
    pub(super) api: &'a Api,
    pub(super) schema: &'a Schema,
}

impl Coercion<'_> {
    /// What a caller claims; a value that is not of the type is as good as none. Whoever issues
    /// tokens may write numbers as strings, and strings of digits as numbers.
    fn claim(&self, claim: &Claim, claims: &Claims) -> Option<Input> {
        let given = self.spelled(&claim.ty, claims.get(&claim.path)?)?;
        let value = self.json(&claim.ty, &given).ok()?;
        let has_null =
            matches!(&value, Input::Value(Value::List(items)) if items.contains(&Value::Null));
        (value != Input::Null && !has_null).then_some(value)
    }

    /// A claim, or each item of one that is a list, as it is if it is of the type, else spelled the
    /// other way. What is neither text nor a number has no other: it is not the text of itself.
    fn spelled(&self, ty: &Type, given: &Json) -> Option<Json> {
        if let (true, Json::Array(items)) = (ty.is_list(), given) {
            let items = items.iter();
            let spelled = items.map(|item| self.spelled(ty.item_type(), item));
            return spelled.collect::<Option<_>>().map(Json::Array);
        }
        if self.json(ty, given).is_ok() {
            return Some(given.clone());
        }
        match given {
            Json::String(digits) => serde_json::from_str(digits).map(Json::Number).ok(),
            Json::Number(number) => Some(Json::String(number.to_string())),
            _ => None,
        }
    }

    fn variable(
        &self,
        definition: &VariableDefinition,
        given: Option<&str>,
    ) -> Result<Option<Input>, String> {
        match (given, &definition.default_value) {
            (Some(text), _) => self.text(&definition.ty, text).map(Some),
            (None, Some(default)) => constant(*self, &definition.ty, default).map(Some),
            (None, None) if definition.ty.is_non_null() => {
                Err(format!(" of type {} is required", definition.ty))
            }
            (None, None) => Ok(None),
        }
    }

    /// Coerces the text of a JSON value by a type. What is no object and no JSON is read where it stands.
    fn text(&self, ty: &Type, text: &str) -> Result<Input, String> {
        match kind(self.api, self.schema, ty.inner_named_type()) {
            None | Some(Kind::Object(_) | Kind::Document(..) | Kind::Scalar(Scalar::Json)) => {
                let json: Json = serde_json::from_str(text).map_err(|error| unread(&error))?;
                self.json(ty, &json)
            }
            Some(kind) => self.read(kind, ty, text),
        }
    }

    /// Reads a value of a kind that is no object and no JSON, or lists of such.
    fn read(&self, kind: Kind<'_>, ty: &Type, text: &str) -> Result<Input, String> {
        if text == "null" {
            return null(ty);
        }
        if !ty.is_list() {
            let given = Given::read(text).map_err(|error| unread(&error))?;
            return self.given(kind, ty.inner_named_type(), &given);
        }
        let item = ty.item_type();
        let items = if text.starts_with('[') {
            let texts: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| unread(&error))?;
            let items = texts.iter().map(|text| self.read(kind, item, text.get()));
            numbered(items)?
        } else {
            vec![self.read(kind, item, text)?]
        };
        Ok(list(items, is_leaf(item, Some(kind))))
    }

    /// Coerces a JSON value by a type.
    pub(super) fn json(&self, ty: &Type, json: &Json) -> Result<Input, String> {
        if json.is_null() {
            return null(ty);
        }
        if self.is_document(ty) {
            return self.document(ty, json).map(Input::Value);
        }
        if !ty.is_list() {
            return self.named(ty.inner_named_type().as_str(), json);
        }
        let item = ty.item_type();
        let items = match json {
            Json::Array(items) => numbered(items.iter().map(|json| self.json(item, json)))?,
            single => vec![self.json(item, single)?],
        };
        Ok(list(items, self.is_leaf(item)))
    }

    /// Whether lists of that type are one value.
    pub(super) fn is_leaf(&self, ty: &Type) -> bool {
        is_leaf(ty, kind(self.api, self.schema, ty.inner_named_type()))
    }

    fn named(&self, name: &str, json: &Json) -> Result<Input, String> {
        match kind(self.api, self.schema, name) {
            Some(Kind::Object(object)) => self.object(object, json),
            Some(Kind::Document(..)) => {
                let ty = Type::Named(apollo_compiler::Name::new_unchecked(name));
                self.document(&ty, json).map(Input::Value)
            }
            Some(Kind::Scalar(scalar)) => scalar::coerce(scalar, json)
                .map(Input::Value)
                .map_err(|message| format!(": {message}")),
            Some(kind) => self.given(kind, name, &Given::of(json)),
            None => Err(not_an_input(name)),
        }
    }

    /// Coerces a value that is not null by a kind that is no object and no JSON.
    fn given(&self, kind: Kind<'_>, name: &str, given: &Given<'_>) -> Result<Input, String> {
        match kind {
            Kind::Scalar(scalar) => scalar::given(scalar, given)
                .map(Input::Value)
                .map_err(|message| format!(": {message}")),
            Kind::Id => self.id(given),
            Kind::Labels(index) => self.label(index, given),
            Kind::Words => self.word(name, given),
            Kind::Step => step(given),
            Kind::Object(_) | Kind::Document(..) => Err(not_an_input(name)),
        }
    }

    /// A global id: the type and the values of its key.
    pub(super) fn id(&self, given: &Given<'_>) -> Result<Input, String> {
        let unknown = || ": this is not an id of this API".to_owned();
        let token = given
            .as_str()
            .ok_or_else(|| ": expected an ID as a string".to_owned())?;
        let token = Token::of(token).ok_or_else(unknown)?;
        let (type_name, parts) = token.items().ok_or_else(unknown)?;
        let tables = &self.schema.tables;
        let index = tables.iter().position(|table| table.type_name == type_name);
        let index = index.ok_or_else(unknown)?;
        let table = &tables[index];
        let is_known = api::is_seen(table) && api::is_identified(table);
        if !is_known || table.key.len() != parts.len() {
            return Err(unknown());
        }
        let values = table.key.iter().zip(&parts).map(|(column, part)| {
            let column = &table.columns[*column];
            match column.enumeration {
                Some(enumeration) => {
                    let given = Given::read(part.get()).ok()?;
                    match self.label(enumeration, &given).ok()? {
                        Input::Value(value) => Some(value),
                        _ => None,
                    }
                }
                None => scalar::coerce_text(column.scalar, part.get()).ok(),
            }
        });
        let values = values.collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
        Ok(Input::Id(index, values))
    }

    /// The label in the database of an enum's value.
    pub(super) fn label(&self, index: usize, given: &Given<'_>) -> Result<Input, String> {
        let enumeration = &self.schema.enums[index];
        let known = enumeration
            .values
            .iter()
            .find(|value| Some(value.name.as_str()) == given.as_str());
        known
            .map(|value| Input::Value(Value::Text(value.label.as_str().into())))
            .ok_or_else(|| format!(": expected a value of {}", enumeration.type_name))
    }

    fn word(&self, name: &str, given: &Given<'_>) -> Result<Input, String> {
        let known = given.as_str().filter(|word| {
            let known = self.api.ty(name).and_then(|ty| ty.as_enum());
            known.is_some_and(|known| known.values.contains_key(*word))
        });
        known
            .map(|word| Input::Word(word.into()))
            .ok_or_else(|| format!(": expected a value of {name}"))
    }

    /// The value of a scalar or of a data enum.
    pub(super) fn leaf(&self, name: &str, json: &Json) -> Result<Value, String> {
        match self.named(name, json)? {
            Input::Value(value) => Ok(value),
            _ => Err(format!(": {name} is no type of a value")),
        }
    }

    fn object(
        &self,
        object: &apollo_compiler::schema::InputObjectType,
        json: &Json,
    ) -> Result<Input, String> {
        let given = members(object, json)?;
        let mut members = Vec::with_capacity(given.len());
        for (field, definition) in &object.fields {
            match given.get(field.as_str()) {
                Some(json) => {
                    let value = self.json(&definition.ty, json);
                    let value = value.map_err(|rest| format!(".{field}{rest}"))?;
                    members.push((field.as_str().into(), value));
                }
                None if definition.ty.is_non_null() => {
                    return Err(format!(".{field}: of type {} is required", definition.ty));
                }
                None => {}
            }
        }
        one_of(object, &members)?;
        if is_one_of(object) {
            members.iter_mut().for_each(choose);
        }
        Ok(Input::Object(members))
    }
}

/// The members given of an object; they are all known.
pub(super) fn members<'j>(
    object: &apollo_compiler::schema::InputObjectType,
    json: &'j Json,
) -> Result<&'j serde_json::Map<String, Json>, String> {
    let name = &object.name;
    let given = json
        .as_object()
        .ok_or_else(|| format!(": expected an object of {name}"))?;
    let mut names = given.keys();
    match names.find(|key| !object.fields.contains_key(key.as_str())) {
        Some(unknown) => Err(format!(": {name} has no field {}", short(unknown))),
        None => Ok(given),
    }
}

/// A Boolean that is the one member of an input chooses what is done: it is a word.
fn choose((_, value): &mut (Box<str>, Input)) {
    if let Input::Value(Value::Boolean(chosen)) = value {
        *value = Input::Word(chosen.to_string().into());
    }
}

/// Whether an input takes exactly one member.
pub(super) fn is_one_of(object: &apollo_compiler::schema::InputObjectType) -> bool {
    object.directives.has("oneOf")
}

/// Refuses a `@oneOf` input that has not exactly one member that is not null.
pub(super) fn one_of(
    object: &apollo_compiler::schema::InputObjectType,
    members: &[(Box<str>, Input)],
) -> Result<(), String> {
    if is_one_of(object) && !matches!(members, [(_, value)] if *value != Input::Null) {
        return Err(format!(
            ": {} takes exactly one member, and not null",
            object.name
        ));
    }
    Ok(())
}

/// What null comes to.
fn null(ty: &Type) -> Result<Input, String> {
    if ty.is_non_null() {
        let article = article(&ty.to_string());
        return Err(format!(": expected {article} {ty}, found null"));
    }
    Ok(Input::Null)
}

/// The items of a list, or what is wrong with the first that is wrong, and where it stands.
fn numbered(items: impl Iterator<Item = Result<Input, String>>) -> Result<Vec<Input>, String> {
    let items = items.enumerate();
    items
        .map(|(index, item)| item.map_err(|rest| format!("[{index}]{rest}")))
        .collect()
}

/// Whether lists of a type of that kind are one value.
fn is_leaf(ty: &Type, kind: Option<Kind<'_>>) -> bool {
    !ty.is_list() && matches!(kind, Some(Kind::Scalar(_) | Kind::Labels(_)))
}

fn not_an_input(name: &str) -> String {
    format!(": {name} is not an input type")
}

fn unread(error: &serde_json::Error) -> String {
    format!(": {error}")
}

/// The name of a member, or the place of an item, as JSON.
fn step(given: &Given<'_>) -> Result<Input, String> {
    let step = match given {
        Given::Text(name) if !name.contains('\0') => Some(Json::from(&**name).to_string()),
        Given::Number(number) => number
            .parse::<i32>()
            .ok()
            .filter(|place| *place >= 0)
            .map(|place| place.to_string()),
        _ => None,
    };
    step.map(|step| Input::Word(step.into())).ok_or_else(|| {
        ": expected the name of a member, without U+0000, or the place of an item, from 0"
            .to_owned()
    })
}

/// A list: of leaves one value, else structure.
pub(super) fn list(items: Vec<Input>, leaves: bool) -> Input {
    if !leaves {
        return Input::List(items);
    }
    let values = items.into_iter().map(|item| match item {
        Input::Value(value) => value,
        _ => Value::Null,
    });
    Input::Value(Value::List(values.collect()))
}

/// At most the first characters of a name somebody sent.
fn short(name: &str) -> String {
    name.chars()
        .take(60)
        .filter(|character| !character.is_control())
        .collect()
}

#[cfg(test)]
mod tests;
