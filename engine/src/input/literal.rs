//! Literals of a document, with variables inside them.

use super::variables::{Coercion, Variables, is_one_of, one_of};
use super::{Argument, Input, Kind, Source, Strict, Unfit, kind};
use crate::access::Claim;
use crate::api::{self, Api};
use apollo_compiler::Node;
use apollo_compiler::ast::{Type, Value as Literal};
use apollo_compiler::schema::InputObjectType;
use model::{Schema, Value};
use serde_json::Value as Json;
use std::cell::RefCell;

/// The argument a literal stands for; `None` when it is a variable that was not given, which is an
/// error where it is refused.
pub(crate) fn argument(
    api: &Api,
    schema: &Schema,
    (variables, strict): (&Variables, Strict),
    ty: &Type,
    literal: &Node<Literal>,
) -> Result<Option<Argument>, Unfit> {
    Reading {
        coercion: Coercion { api, schema },
        variables,
        strict,
        claims: None,
    }
    .value(ty, literal)
}

/// The same of a literal in a rule, where claims stand for values; new ones are added to those that
/// are known.
pub(crate) fn rule_argument(
    api: &Api,
    schema: &Schema,
    (ty, literal): (&Type, &Node<Literal>),
    none: &Variables,
    claims: &mut Vec<Claim>,
) -> Result<Option<Argument>, Unfit> {
    Reading {
        coercion: Coercion { api, schema },
        variables: none,
        strict: Strict::Nowhere,
        claims: Some(&RefCell::new(claims)),
    }
    .value(ty, literal)
}

/// The path of the claim that a literal stands for: `{claim: "org.tenant"}`.
fn claimed(literal: &Literal) -> Option<&str> {
    match literal {
        Literal::Object(members) => match members.as_slice() {
            [(name, path)] if name == "claim" => path.as_str(),
            _ => None,
        },
        _ => None,
    }
}

/// The input a literal without variables stands for.
pub(super) fn constant(
    coercion: Coercion<'_>,
    ty: &Type,
    literal: &Literal,
) -> Result<Input, String> {
    let json = json(literal).ok_or_else(|| ": a default value has no variables".to_owned())?;
    coercion.json(ty, &json)
}

#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) coercion: Coercion<'a>,
    variables: &'a Variables,
    strict: Strict,
    /// Claims that rules know; documents of requests know none.
    claims: Option<&'a RefCell<&'a mut Vec<Claim>>>,
}

impl Reading<'_> {
    pub(super) fn value(
        &self,
        ty: &Type,
        literal: &Node<Literal>,
    ) -> Result<Option<Argument>, Unfit> {
        let argument = match &**literal {
            Literal::Variable(name) => self.variable(ty, name).map_err(Unfit::from),
            Literal::Null => Ok(Some(Argument::Null)),
            literal if let Some(claim) = self.claim(ty, literal) => Ok(Some(claim)),
            _ if self.coercion.is_document(ty) => self.document(ty, literal).map(Some),
            _ if ty.is_list() => self.list(ty, literal).map(Some),
            _ => self.named(ty.inner_named_type(), literal).map(Some),
        };
        argument.map_err(|unfit| unfit.at(literal.location()))
    }

    /// The claim that stands for a value, or for a list of values.
    fn claim(&self, ty: &Type, literal: &Literal) -> Option<Argument> {
        let (claims, path) = (self.claims?, claimed(literal)?);
        let item = if ty.is_list() { ty.item_type() } else { ty };
        if !self.coercion.is_leaf(item) {
            return None;
        }
        let claim = Claim::new(path.to_owned(), ty.clone().nullable());
        let mut claims = claims.borrow_mut();
        let known = claims.iter().position(|known| *known == claim);
        let index = known.unwrap_or_else(|| {
            claims.push(claim);
            claims.len() - 1
        });
        Some(Argument::Leaf(Source::Variable(index, [].into())))
    }

    fn variable(&self, ty: &Type, name: &str) -> Result<Option<Argument>, String> {
        let argument = self.variables.argument(name);
        if argument.is_none() && self.strict == Strict::Everywhere {
            return Err(not_given(name));
        }
        let missing = !matches!(argument, Some(ref given) if *given != Argument::Null);
        if missing && ty.is_non_null() {
            return Err(format!("${name} must not be null here"));
        }
        Ok(argument)
    }

    /// How the members of an object are read.
    fn inside(&self, object: &InputObjectType) -> Self {
        let mut inner = *self;
        if inner.strict == Strict::WherePicking && api::is_condition(&object.name) {
            inner.strict = Strict::Everywhere;
        }
        inner
    }

    fn list(&self, ty: &Type, literal: &Node<Literal>) -> Result<Argument, Unfit> {
        let item = ty.item_type();
        let literals: &[Node<Literal>] = match &**literal {
            Literal::List(items) => items,
            _ => &[],
        };
        let mut items = Vec::with_capacity(literals.len());
        for (index, literal) in literals.iter().enumerate() {
            let value = self.value(item, literal);
            let value = value.map_err(|unfit| unfit.below_item(index))?;
            items.push(value.unwrap_or(Argument::Null));
        }
        if !matches!(**literal, Literal::List(_)) {
            items.extend(self.value(item, literal)?);
        }
        if !self.coercion.is_leaf(item) {
            return Ok(Argument::List(items));
        }
        let sources = items.into_iter().map(|item| match item {
            Argument::Leaf(source) => source,
            _ => Source::Constant(Value::Null),
        });
        Ok(Argument::Leaf(flat(sources.collect())))
    }

    fn named(&self, name: &str, literal: &Literal) -> Result<Argument, Unfit> {
        if let (Some(Kind::Object(object)), Literal::Object(members)) =
            (kind(self.coercion.api, self.coercion.schema, name), literal)
        {
            return self.object(object, members);
        }
        let json = json(literal)
            .ok_or("a variable cannot stand inside a scalar; pass the whole value as a variable")?;
        let ty = Type::Named(apollo_compiler::Name::new_unchecked(name));
        let input = self.coercion.json(&ty, &json);
        input.map(settled).map_err(Unfit::in_json)
    }

    fn object(
        &self,
        object: &InputObjectType,
        members: &[(apollo_compiler::Name, Node<Literal>)],
    ) -> Result<Argument, Unfit> {
        let inner = self.inside(object);
        let picks = inner.strict == Strict::WherePicking && api::picks(&object.name);
        let mut arguments: Vec<(Box<str>, Argument)> = Vec::with_capacity(members.len());
        for (name, literal) in members {
            let definition = object
                .fields
                .get(name)
                .ok_or_else(|| format!("{} has no field {name}", object.name))?;
            let value = inner.value(&definition.ty, literal);
            let value = value.map_err(|unfit| unfit.below_member(name))?;
            if let (true, None, Literal::Variable(variable)) = (picks, &value, &**literal) {
                let unfit = Unfit::from(not_given(variable)).at(literal.location());
                return Err(unfit.below_member(name));
            }
            arguments.extend(value.map(|value| (name.as_str().into(), value)));
        }
        let presence: Vec<_> = arguments
            .iter()
            .map(|(name, value)| {
                let null = *value == Argument::Null;
                (
                    name.clone(),
                    if null {
                        Input::Null
                    } else {
                        Input::Word("".into())
                    },
                )
            })
            .collect();
        one_of(object, &presence).map_err(Unfit::in_json)?;
        if is_one_of(object) {
            arguments.iter_mut().for_each(choose);
        }
        Ok(Argument::Object(arguments))
    }
}

fn not_given(variable: &str) -> String {
    format!("${variable} is not given; leaving it out must not widen a write")
}

/// A Boolean that is the one member of an input chooses what is done: it is a word.
fn choose((_, value): &mut (Box<str>, Argument)) {
    if let Argument::Leaf(Source::Constant(Value::Boolean(chosen))) = value {
        *value = Argument::Word(chosen.to_string().into());
    }
}

/// The argument of an input that holds no variables.
fn settled(input: Input) -> Argument {
    match input {
        Input::Null => Argument::Null,
        Input::Value(value) => Argument::Leaf(Source::Constant(value)),
        Input::Word(word) => Argument::Word(word),
        Input::List(items) => Argument::List(items.into_iter().map(settled).collect()),
        Input::Object(members) => Argument::Object(
            members
                .into_iter()
                .map(|(name, value)| (name, settled(value)))
                .collect(),
        ),
        Input::Id(table, parts) => {
            Argument::Id(table, parts.into_iter().map(Source::Constant).collect())
        }
    }
}

/// A list of constants is a constant.
fn flat(sources: Vec<Source>) -> Source {
    if sources
        .iter()
        .all(|source| matches!(source, Source::Constant(_)))
    {
        let values = sources.into_iter().filter_map(|source| match source {
            Source::Constant(value) => Some(value),
            _ => None,
        });
        return Source::Constant(Value::List(values.collect()));
    }
    Source::List(sources)
}

/// The JSON a literal stands for; `None` when there is a variable in it.
pub(super) fn json(literal: &Literal) -> Option<Json> {
    Some(match literal {
        Literal::Null => Json::Null,
        Literal::Boolean(value) => Json::Bool(*value),
        Literal::String(text) => Json::String(text.clone()),
        Literal::Enum(name) => Json::String(name.to_string()),
        Literal::Int(number) => serde_json::from_str(number.as_str()).ok()?,
        Literal::Float(number) => serde_json::from_str(number.as_str()).ok()?,
        Literal::List(items) => {
            Json::Array(items.iter().map(|item| json(item)).collect::<Option<_>>()?)
        }
        Literal::Object(members) => Json::Object(
            members
                .iter()
                .map(|(name, value)| Some((name.to_string(), json(value)?)))
                .collect::<Option<_>>()?,
        ),
        Literal::Variable(_) => return None,
    })
}
