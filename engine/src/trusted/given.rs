//! Values for the variables of an operation, so that it can be planned before anybody asks for it.

use crate::access::Shape;
use crate::api;
use crate::input::{Kind, Variables, coerce_variables, kind};
use crate::json::Members;
use crate::ways::{claims, sample};
use apollo_compiler::Node;
use apollo_compiler::ast::{Type, VariableDefinition};
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use model::{Claims, Fault, Scalar};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value as Json, json};

/// A value for each variable, and for each claim that rules look at, or why values of ours are refused.
/// There is none where the statements depend on how the value of a variable is built: a condition, an
/// order, an id.
pub(crate) fn given(
    shape: &Shape,
    definitions: &[Node<VariableDefinition>],
) -> Option<Result<Variables, Vec<Fault>>> {
    let value = |definition: &Node<VariableDefinition>| {
        Some((definition.name.to_string(), value(shape, &definition.ty)?))
    };
    let variables: Option<Map<_, _>> = definitions.iter().map(value).collect();
    let variables = to_raw_value(&variables?).ok()?;
    let members = Members::of(&variables).ok()?;
    let claims = Claims::from(claims(shape));
    Some(coerce_variables(shape, &claims, definitions, &members))
}

fn value(shape: &Shape, ty: &Type) -> Option<Json> {
    let single = leaf(shape, ty).or_else(|| {
        let named = ty.inner_named_type();
        match shape.api.ty(named)? {
            ExtendedType::InputObject(object) => row(shape, object),
            _ => None,
        }
    })?;
    Some(if ty.is_list() {
        json!([single])
    } else {
        single
    })
}

/// A value that is bound whole.
fn leaf(shape: &Shape, ty: &Type) -> Option<Json> {
    let named = ty.inner_named_type();
    match kind(&shape.api, &shape.schema, named)? {
        Kind::Scalar(Scalar::Json) => Some(json!({})),
        Kind::Scalar(scalar) => Some(sample(scalar)),
        Kind::Labels(index) => Some(json!(shape.schema.enums[index].values.first()?.name)),
        _ => None,
    }
}

/// What is written into a row: each of its columns. What is compared, chosen or written into other rows
/// is built as its client likes.
fn row(shape: &Shape, object: &InputObjectType) -> Option<Json> {
    let is_built = ["and", "isNull"]
        .iter()
        .any(|name| object.fields.contains_key(*name));
    if is_built || object.directives.has("oneOf") {
        return None;
    }
    let mut members = Map::new();
    for (name, member) in &object.fields {
        match leaf(shape, &member.ty) {
            Some(value) if member.ty.is_list() => members.insert(name.to_string(), json!([value])),
            Some(value) => members.insert(name.to_string(), value),
            None if member.is_required() => return None,
            None => None,
        };
    }
    let is_of_rows =
        !members.is_empty() && api::written_shape(&shape.schema, &object.name).is_none();
    is_of_rows.then_some(Json::Object(members))
}
