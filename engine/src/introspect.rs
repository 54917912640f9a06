//! `__schema` and `__type`, answered from the type system by the GraphQL library.

use crate::api::Api;
use crate::prepare::Operation;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::{RequestError, coerce_variable_values};
use model::{Fault, Kind};
use serde_json::{Map, Value};

/// The introspection members of a response by response key; empty when there are none.
pub(crate) fn introspect(
    api: &Api,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    let definition = &operation.definition;
    let asks = definition
        .root_fields(&operation.document)
        .any(|field| matches!(field.name.as_str(), "__schema" | "__type"));
    if !asks {
        return Ok(Map::new());
    }
    check_max_depth(&operation.document, definition)
        .map_err(|error| Fault::new("engine.depth", Kind::Limit, error.message().to_string()))?;
    let invalid = |error: RequestError| {
        Fault::new(
            "engine.variable",
            Kind::Invalid,
            error.message().to_string(),
        )
    };
    let bytes = serde_json::to_vec(variables).map_err(|_| internal())?;
    let variables = serde_json::from_slice(&bytes).map_err(|_| internal())?;
    let variables = coerce_variable_values(&api.types, definition, &variables).map_err(invalid)?;
    let response = partial_execute(
        &api.types,
        &api.implementers,
        &operation.document,
        definition,
        &variables,
    )
    .map_err(invalid)?;
    if let Some(error) = response.errors.first() {
        return Err(Fault::new(
            "engine.introspection",
            Kind::Invalid,
            error.message.clone(),
        ));
    }
    let data = serde_json::to_value(response.data).map_err(|_| internal())?;
    match data {
        Value::Object(members) => Ok(members),
        _ => Err(internal()),
    }
}

fn internal() -> Fault {
    Fault::new("engine.internal", Kind::Internal, "introspection failed")
}
