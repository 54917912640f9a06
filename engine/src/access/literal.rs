//! The literals of rules: conditions and values, in which `{claim: "…"}` stands for what is known of
//! the caller.

use super::Claim;
use crate::api::{self, Api};
use crate::input::{Argument, Source, Variables, rule_argument};
use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Document, Selection, Type, Value as Literal};
use model::Value;

/// Why a literal cannot be used.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// The rest of a sentence about it.
    pub(crate) text: String,
}

impl From<String> for Mistake {
    fn from(text: String) -> Self {
        Self { text }
    }
}

/// The condition on rows of a table that a text stands for; claims it needs are added to those that
/// are known.
pub(crate) fn condition(
    api: &Api,
    (table, text): (usize, &str),
    claims: &mut Vec<Claim>,
) -> Result<Argument, Mistake> {
    let ty = named(&format!("{}Where", api.schema().tables[table].type_name))?;
    match argument(api, (&ty, text), claims)? {
        Some(argument @ Argument::Object(_)) => match null(&argument) {
            Some(place) => Err(format!(
                "{place}: null compares with nothing; to look for null use isNull"
            )
            .into()),
            None => Ok(argument),
        },
        _ => Err("expected an object of conditions".to_owned().into()),
    }
}

/// Where a condition compares with null, by the names that lead there.
fn null(argument: &Argument) -> Option<String> {
    let below = |(name, member): &(Box<str>, Argument)| match (member, null(member)) {
        (Argument::Null, _) => Some(name.to_string()),
        (Argument::List(_), Some(place)) if place.is_empty() => Some(name.to_string()),
        (_, place) => place.map(|place| format!("{name}.{place}")),
    };
    match argument {
        Argument::Null => Some(String::new()),
        Argument::List(items) => items.iter().find_map(null),
        Argument::Object(members) => members.iter().find_map(below),
        Argument::Leaf(_) | Argument::Word(_) | Argument::Id(..) => None,
    }
}

/// The value for a column that a text stands for.
pub(crate) fn value(
    api: &Api,
    (table, column, text): (usize, usize, &str),
    claims: &mut Vec<Claim>,
) -> Result<Source, Mistake> {
    let schema = api.schema();
    let declared = &schema.tables[table].columns[column];
    let written = api::written_type(schema, declared);
    let ty = Type::parse(&written, "rule").map_err(|_| format!("{written} is no type"))?;
    match argument(api, (&ty, text), claims)? {
        Some(Argument::Leaf(source)) => Ok(source),
        Some(Argument::Null) if declared.nullable => Ok(Source::Constant(Value::Null)),
        _ => Err(format!("expected a value of {written}").into()),
    }
}

/// The claims that an argument holds, as the indexes of their variables.
pub(crate) fn claims_of(argument: &Argument) -> Vec<usize> {
    match argument {
        Argument::Leaf(source) => of_source(source),
        Argument::List(items) => items.iter().flat_map(claims_of).collect(),
        Argument::Object(members) => {
            let members = members.iter();
            members.flat_map(|(_, member)| claims_of(member)).collect()
        }
        Argument::Id(_, parts) => parts.iter().flat_map(of_source).collect(),
        Argument::Null | Argument::Word(_) => Vec::new(),
    }
}

fn of_source(source: &Source) -> Vec<usize> {
    match source {
        Source::Variable(index, _) => vec![*index],
        Source::List(items) => items.iter().flat_map(of_source).collect(),
        // A document of a rule has no claims in it.
        Source::Constant(_) | Source::Document(_) | Source::Kept { .. } => Vec::new(),
    }
}

fn argument(
    api: &Api,
    (ty, text): (&Type, &str),
    claims: &mut Vec<Claim>,
) -> Result<Option<Argument>, Mistake> {
    let schema = api.schema();
    let literal = parsed(text).ok_or_else(|| format!("{text} is no literal"))?;
    rule_argument(
        api,
        schema,
        (ty, &literal),
        &Variables::none(schema.dialect),
        claims,
    )
    .map_err(|unfit| unfit.to_string().into())
}

fn named(name: &str) -> Result<Type, Mistake> {
    Type::parse(name, "rule").map_err(|_| format!("{name} is no type").into())
}

/// The literal of a text: GraphQL has no document that is nothing else.
fn parsed(text: &str) -> Option<Node<Literal>> {
    let document = Document::parse(format!("{{ rule(literal: {text}) }}"), "rule").ok()?;
    let [Definition::OperationDefinition(operation)] = document.definitions.as_slice() else {
        return None;
    };
    let [Selection::Field(field)] = operation.selection_set.as_slice() else {
        return None;
    };
    let [argument] = field.arguments.as_slice() else {
        return None;
    };
    Some(argument.value.clone())
}
