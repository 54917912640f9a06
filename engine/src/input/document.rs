//! Documents for columns whose JSON is declared: validated like any input, and one value, their text.
//!
//! Numbers keep their digits: `BigInt` and `Decimal` are JSON numbers in the text.

use super::literal::{Reading, json as constant};
use super::variables::{Coercion, members};
use super::{Argument, Kind, Source, Unfit, kind};
use crate::names::article;
use apollo_compiler::Node;
use apollo_compiler::ast::{Type, Value as Literal};
use apollo_compiler::schema::InputObjectType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Scalar, Value};
use serde_json::Value as Json;

/// A part of the text of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    /// Text as it is.
    Text(Box<str>),
    /// A value of that scalar, or a list of such; JSON is text of a document itself.
    Value(Source, Scalar),
}

/// The text of a document of pieces whose values are known.
pub(crate) fn assembled<E>(
    pieces: &[Piece],
    mut take: impl FnMut(&Source) -> Result<Value, E>,
) -> Result<Value, E> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(source, scalar) => write(&take(source)?, *scalar, &mut out),
        }
    }
    Ok(Value::Text(out.into()))
}

/// Writes a value as JSON.
fn write(value: &Value, scalar: Scalar, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&Json::from(*value).to_string()),
        Value::Text(text) if matches!(scalar, Scalar::Decimal | Scalar::Json) => out.push_str(text),
        Value::Text(text) => out.push_str(&Json::from(&**text).to_string()),
        Value::Bytes(bytes) => out.push_str(&Json::from(STANDARD.encode(bytes)).to_string()),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index == 0, out);
                write(item, scalar, out);
            }
            out.push(']');
        }
    }
}

/// Begins a member or an item, behind those before it.
fn separate(is_first: bool, out: &mut String) {
    if !is_first {
        out.push(',');
    }
}

fn name(name: &str, out: &mut String) {
    out.push_str(&Json::from(name).to_string());
    out.push(':');
}

impl Coercion<'_> {
    /// Whether values of that type are documents, or parts of one.
    pub(super) fn is_document(&self, ty: &Type) -> bool {
        let named = ty.inner_named_type();
        let kind = kind(self.api, self.schema, named);
        matches!(kind, Some(Kind::Document(..)))
    }

    /// The text of a document. Errors begin with the path below it.
    pub(super) fn document(&self, ty: &Type, json: &Json) -> Result<Value, String> {
        let mut out = String::new();
        self.write(ty, json, &mut out)?;
        Ok(Value::Text(out.into()))
    }

    /// Writes a value inside a document.
    fn write(&self, ty: &Type, json: &Json, out: &mut String) -> Result<(), String> {
        match json {
            Json::Null if ty.is_non_null() => {
                let article = article(&ty.to_string());
                Err(format!(": expected {article} {ty}, found null"))
            }
            Json::Null => {
                out.push_str("null");
                Ok(())
            }
            Json::Array(items) if ty.is_list() => self.write_items(ty, items, out),
            single if ty.is_list() => self.write_items(ty, std::slice::from_ref(single), out),
            json => self.write_named(ty.inner_named_type(), json, out),
        }
    }

    fn write_items(&self, ty: &Type, items: &[Json], out: &mut String) -> Result<(), String> {
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            separate(index == 0, out);
            self.write(ty.item_type(), item, out)
                .map_err(|rest| format!("[{index}]{rest}"))?;
        }
        out.push(']');
        Ok(())
    }

    fn write_named(&self, named: &str, json: &Json, out: &mut String) -> Result<(), String> {
        if let Some(Kind::Document(shape, object)) = kind(self.api, self.schema, named) {
            return self.write_object((shape, object), json, out);
        }
        write(&self.leaf(named, json)?, self.scalar(named), out);
        Ok(())
    }

    fn write_object(
        &self,
        (shape, object): (usize, &InputObjectType),
        json: &Json,
        out: &mut String,
    ) -> Result<(), String> {
        let given = members(object, json)?;
        let mut is_first = true;
        out.push('{');
        for member in &self.schema.shapes[shape].members {
            let Some(definition) = object.fields.get(member.field.as_str()) else {
                continue;
            };
            match given.get(&member.field) {
                Some(json) => {
                    separate(is_first, out);
                    is_first = false;
                    name(&member.name, out);
                    self.write(&definition.ty, json, out)
                        .map_err(|rest| format!(".{}{rest}", member.field))?;
                }
                None if definition.ty.is_non_null() => {
                    let (field, ty) = (&member.field, &definition.ty);
                    return Err(format!(".{field}: of type {ty} is required"));
                }
                None => {}
            }
        }
        out.push('}');
        Ok(())
    }

    /// The scalar by which values of a named type stand in a document.
    fn scalar(&self, named: &str) -> Scalar {
        match kind(self.api, self.schema, named) {
            Some(Kind::Scalar(scalar)) => scalar,
            Some(Kind::Document(..)) => Scalar::Json,
            _ => Scalar::String,
        }
    }
}

impl Reading<'_> {
    /// The document a literal stands for.
    pub(super) fn document(&self, ty: &Type, literal: &Node<Literal>) -> Result<Argument, Unfit> {
        let mut text = Text::default();
        self.write(ty, literal, &mut text)?;
        Ok(Argument::Leaf(text.into_source()))
    }

    fn write(&self, ty: &Type, literal: &Node<Literal>, text: &mut Text) -> Result<(), Unfit> {
        let written = self.write_value(ty, literal, text);
        written.map_err(|unfit| unfit.at(literal.location()))
    }

    fn write_value(
        &self,
        ty: &Type,
        literal: &Node<Literal>,
        text: &mut Text,
    ) -> Result<(), Unfit> {
        match &**literal {
            Literal::Variable(_) => {
                let argument = self.value(ty, literal)?.unwrap_or(Argument::Null);
                text.argument(&argument, self.coercion.scalar(ty.inner_named_type()))?;
                Ok(())
            }
            Literal::List(items) if ty.is_list() => self.write_items(ty.item_type(), items, text),
            Literal::Object(members) if !ty.is_list() && self.coercion.is_document(ty) => {
                self.write_members(ty.inner_named_type(), members, text)
            }
            // A single item, with variables in it.
            Literal::Object(_) if self.coercion.is_document(ty) => {
                text.open.push('[');
                self.write(ty.item_type(), literal, text)?;
                text.open.push(']');
                Ok(())
            }
            _ => {
                let json = constant(literal).ok_or(
                    "a variable cannot stand inside a scalar; pass the whole value as a variable",
                )?;
                let written = self.coercion.write(ty, &json, &mut text.open);
                written.map_err(Unfit::in_json)
            }
        }
    }

    fn write_items(
        &self,
        item: &Type,
        items: &[Node<Literal>],
        text: &mut Text,
    ) -> Result<(), Unfit> {
        text.open.push('[');
        for (index, literal) in items.iter().enumerate() {
            separate(index == 0, &mut text.open);
            self.write(item, literal, text)
                .map_err(|unfit| unfit.below_item(index))?;
        }
        text.open.push(']');
        Ok(())
    }

    fn write_members(
        &self,
        named: &str,
        members: &[(apollo_compiler::Name, Node<Literal>)],
        text: &mut Text,
    ) -> Result<(), Unfit> {
        let Some(Kind::Document(shape, object)) =
            kind(self.coercion.api, self.coercion.schema, named)
        else {
            return Err(format!("{named} is no object inside JSON").into());
        };
        let mut is_first = true;
        text.open.push('{');
        for member in &self.coercion.schema.shapes[shape].members {
            let given = members.iter().find(|(name, _)| *name == *member.field);
            let definition = object.fields.get(member.field.as_str());
            let (Some((_, literal)), Some(definition)) = (given, definition) else {
                continue;
            };
            // A variable that is not given is a member that is left out.
            if self.value_is_left_out(&definition.ty, literal)? {
                continue;
            }
            separate(is_first, &mut text.open);
            is_first = false;
            name(&member.name, &mut text.open);
            self.write(&definition.ty, literal, text)
                .map_err(|unfit| unfit.below_member(&member.field))?;
        }
        text.open.push('}');
        Ok(())
    }

    fn value_is_left_out(&self, ty: &Type, literal: &Node<Literal>) -> Result<bool, Unfit> {
        let is_variable = matches!(**literal, Literal::Variable(_));
        Ok(is_variable && self.value(ty, literal)?.is_none())
    }
}

/// The text of a document in the making.
#[derive(Default)]
struct Text {
    pieces: Vec<Piece>,
    /// Text behind the last piece.
    open: String,
}

impl Text {
    fn argument(&mut self, argument: &Argument, scalar: Scalar) -> Result<(), String> {
        match argument {
            Argument::Null => self.open.push_str("null"),
            Argument::Leaf(source) => {
                self.close();
                self.pieces.push(Piece::Value(source.clone(), scalar));
            }
            Argument::List(items) => {
                self.open.push('[');
                for (index, item) in items.iter().enumerate() {
                    separate(index == 0, &mut self.open);
                    self.argument(item, scalar)?;
                }
                self.open.push(']');
            }
            Argument::Word(_) | Argument::Object(_) | Argument::Id(..) => {
                return Err("a document cannot hold this".to_owned());
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let text = std::mem::take(&mut self.open);
            self.pieces.push(Piece::Text(text.into()));
        }
    }

    /// Text without values of other places is a constant.
    fn into_source(mut self) -> Source {
        if self.pieces.is_empty() {
            return Source::Constant(Value::Text(self.open.into()));
        }
        self.close();
        Source::Document(self.pieces.into())
    }
}
