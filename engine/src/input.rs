//! Input values: literals and variables, coerced by the types of the API.
//!
//! What decides the shape of the SQL (which members an object has, which word an enum is, what
//! table an id is of) stays structure; what is only a value becomes a [`Value`] at the leaf. The
//! planner sees leaves as [`Source`]s, so one plan serves every request of the same structure.

mod document;
mod literal;
mod scalar;
mod temporal;
mod unfit;
mod variables;

pub(crate) use document::{Piece, assembled};
pub(crate) use literal::{argument, rule_argument};
pub(crate) use scalar::{Given, coerce as coerce_scalar, coerce_text};
pub(crate) use unfit::Unfit;
pub(crate) use variables::{
    Variables, coerce as coerce_variables, item_or_last, list_places, spelled,
};

use crate::api::{self, Api};
use apollo_compiler::schema::ExtendedType;
use model::{Scalar, Schema, Value};

/// A coerced value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    Null,
    /// A scalar, a label of a data enum, or a list of those.
    Value(Value),
    /// A value of one of the API's own enums, or a step into JSON as JSON.
    Word(Box<str>),
    List(Vec<Input>),
    Object(Vec<(Box<str>, Input)>),
    /// A global id: a table and the values of its key.
    Id(usize, Vec<Value>),
}

/// An argument as the planner sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    Null,
    Leaf(Source),
    Word(Box<str>),
    List(Vec<Argument>),
    Object(Vec<(Box<str>, Argument)>),
    Id(usize, Vec<Source>),
}

/// Where a variable that is not given is refused: a write must not widen because one is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strict {
    Nowhere,
    /// In what picks rows or columns inside an input that else may lack members.
    WherePicking,
    Everywhere,
}

/// Where a bound value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Constant(Value),
    /// Positions to walk from the variable of that index down to the value.
    Variable(usize, Box<[u32]>),
    /// A list whose items come from several places.
    List(Vec<Source>),
    /// A JSON document with values from other places in it.
    Document(Box<[Piece]>),
    /// A column of the one row that an earlier step keeps.
    Kept {
        step: usize,
        column: usize,
    },
}

impl Input {
    /// The argument this input is when it stands at that place of a variable.
    fn place(&self, variable: usize, path: &mut Vec<u32>) -> Argument {
        let source = |path: &[u32]| Source::Variable(variable, path.into());
        match self {
            Self::Null => Argument::Null,
            Self::Value(_) => Argument::Leaf(source(path)),
            Self::Word(word) => Argument::Word(word.clone()),
            Self::List(items) => Argument::List(places(items.iter(), path, |item, path| {
                item.place(variable, path)
            })),
            Self::Object(members) => {
                Argument::Object(places(members.iter(), path, |member, path| {
                    (member.0.clone(), member.1.place(variable, path))
                }))
            }
            Self::Id(table, parts) => {
                Argument::Id(*table, places(parts.iter(), path, |_, path| source(path)))
            }
        }
    }

    /// The value at a place; `None` where the structure is another.
    pub(crate) fn walk(&self, path: &[u32]) -> Option<&Value> {
        let Some((first, rest)) = path.split_first() else {
            return match self {
                Self::Value(value) => Some(value),
                _ => None,
            };
        };
        let index = usize::try_from(*first).ok()?;
        match self {
            Self::List(items) => items.get(index)?.walk(rest),
            Self::Object(members) => members.get(index)?.1.walk(rest),
            Self::Id(_, parts) => parts.get(index),
            _ => None,
        }
    }
}

/// Maps items with the path that leads to each of them.
fn places<T, R>(
    items: impl Iterator<Item = T>,
    path: &mut Vec<u32>,
    mut each: impl FnMut(T, &mut Vec<u32>) -> R,
) -> Vec<R> {
    (0..)
        .zip(items)
        .map(|(index, item)| {
            path.push(index);
            let result = each(item, path);
            path.pop();
            result
        })
        .collect()
}

/// What a named input type is.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    Scalar(Scalar),
    Id,
    /// A data enum, by its index in the schema.
    Labels(usize),
    /// An enum of the API itself.
    Words,
    /// A step into JSON, which is structure like a word.
    Step,
    /// An object inside JSON, by its index in the schema: part of a value.
    Document(usize, &'a apollo_compiler::schema::InputObjectType),
    Object(&'a apollo_compiler::schema::InputObjectType),
}

/// Looks an input type up.
pub(crate) fn kind<'a>(api: &'a Api, schema: &Schema, name: &str) -> Option<Kind<'a>> {
    match api.ty(name)? {
        ExtendedType::Scalar(_) if name == "ID" => Some(Kind::Id),
        ExtendedType::Scalar(_) if name == "JSONStep" => Some(Kind::Step),
        ExtendedType::Scalar(_) => {
            let customs = &mut schema.scalars.iter();
            let custom = customs.find(|custom| custom.type_name == name);
            custom
                .map(|custom| custom.scalar)
                .or_else(|| Scalar::from_name(name))
                .map(Kind::Scalar)
        }
        ExtendedType::Enum(_) => Some(
            schema
                .enums
                .iter()
                .position(|known| known.type_name == name)
                .map_or(Kind::Words, Kind::Labels),
        ),
        ExtendedType::InputObject(object) => Some(match api::written_shape(schema, name) {
            Some(index) => Kind::Document(index, object),
            None => Kind::Object(object),
        }),
        _ => None,
    }
}
