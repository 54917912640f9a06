//! What the documents give: the arguments of fields, the values of input types, the claims.

use super::{Asking, Reach};
use crate::access::Shape;
use apollo_compiler::Node;
use apollo_compiler::ast::{FloatValue, InputValueDefinition, IntValue};
use apollo_compiler::executable::{Argument, Type, Value};
use apollo_compiler::name;
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition, InputObjectType};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Scalar;
use model::schema::{Column, Table};
use serde_json::{Map, Value as Json, json};

impl<'a> Asking<'a> {
    /// The arguments of a field: those it must have, and those that look at rows.
    pub(super) fn arguments(
        &mut self,
        field: &'a FieldDefinition,
        reach: Reach,
    ) -> Option<Vec<Node<Argument>>> {
        let mut given = Vec::new();
        for argument in &field.arguments {
            let is_needed = argument.is_required();
            let is_look = matches!(
                argument.name.as_str(),
                "where" | "orderBy" | "groupBy" | "limit"
            );
            if !is_needed && !is_look {
                continue;
            }
            match self.value(&argument.ty, reach) {
                Some(value) => given.push((argument.name.clone(), value).into()),
                None if is_needed => return None,
                None => {}
            }
        }
        Some(given)
    }

    /// A value of an input type.
    fn value(&mut self, ty: &'a Type, reach: Reach) -> Option<Node<Value>> {
        let (name, is_list) = (ty.inner_named_type().as_str(), ty.is_list());
        if let Some(known) = self.values.get(&(name, is_list, reach)) {
            return known.clone();
        }
        let made = self.valued(name, is_list, reach).map(Node::new);
        self.values.insert((name, is_list, reach), made.clone());
        made
    }

    fn valued(&mut self, name: &'a str, is_list: bool, reach: Reach) -> Option<Value> {
        let single = match self.declared(name)? {
            ExtendedType::Scalar(_) => self.scalar(name)?,
            ExtendedType::Enum(values) => Value::Enum(values.values.keys().next()?.clone()),
            ExtendedType::InputObject(object) if object.directives.has("oneOf") => {
                let mut members = self.alternatives(object, reach).into_iter();
                return match (is_list, members.len()) {
                    (_, 0) => None,
                    (true, _) => Some(Value::List(members.map(Node::new).collect())),
                    (false, _) => members.next(),
                };
            }
            ExtendedType::InputObject(object) => self.object(object, reach)?,
            _ => return None,
        };
        Some(if is_list {
            Value::List(vec![Node::new(single)])
        } else {
            single
        })
    }

    /// Every alternative of an input of which one is given.
    fn alternatives(&mut self, object: &'a InputObjectType, reach: Reach) -> Vec<Value> {
        let members = object.fields.values();
        let one = |member: &'a Component<InputValueDefinition>| {
            let leads_on = self.is_input_object(&member.ty);
            let below = if leads_on { reach.related()? } else { reach };
            let value = self.value(&member.ty, below)?;
            Some(Value::Object(vec![(member.name.clone(), value)]))
        };
        let most = if reach.is_full { usize::MAX } else { 1 };
        members.filter_map(one).take(most).collect()
    }

    fn is_input_object(&self, ty: &Type) -> bool {
        let declared = self.declared(ty.inner_named_type());
        matches!(declared, Some(ExtendedType::InputObject(_)))
    }

    fn object(&mut self, object: &'a InputObjectType, reach: Reach) -> Option<Value> {
        let has = |name: &str| object.fields.contains_key(name);
        if has("isNull") {
            let is_there = Node::new(Value::Boolean(false));
            return Some(Value::Object(vec![(name!("isNull"), is_there)]));
        }
        let is_condition = has("and") && has("not");
        let mut given = Vec::new();
        for member in object.fields.values() {
            if is_condition && !reach.is_full && !given.is_empty() {
                break;
            }
            let name = member.name.as_str();
            let leads_on = self.is_relation(&member.ty);
            let is_wanted = match (is_condition, leads_on) {
                (true, _) => !matches!(name, "and" | "or" | "not" | "compare" | "search"),
                (false, true) => member.is_required() || matches!(name, "some" | "none" | "every"),
                (false, false) => true,
            };
            let below = match () {
                () if leads_on && !has("some") => reach.related(),
                // What is inside JSON may hold itself.
                () if self.is_input_object(&member.ty) => reach.inside(),
                () => Some(reach),
            };
            let value = below
                .filter(|_| is_wanted)
                .and_then(|below| self.value(&member.ty, below));
            match value {
                Some(value) => given.push((member.name.clone(), value)),
                None if member.is_required() => return None,
                None => {}
            }
        }
        Some(Value::Object(given))
    }

    /// Whether a member of an input leads to rows of a table: an object that is no comparison and no value.
    fn is_relation(&self, ty: &Type) -> bool {
        let name = ty.inner_named_type().as_str();
        let Some(ExtendedType::InputObject(object)) = self.declared(name) else {
            return false;
        };
        let is_value = crate::api::written_shape(self.schema, name).is_some();
        !is_value && !object.fields.contains_key("isNull")
    }

    fn scalar(&self, name: &str) -> Option<Value> {
        if name == "ID" {
            let mut tables = self.schema.tables.iter();
            let table = tables.find(|table| !table.key.is_empty())?;
            return Some(Value::String(id(table)));
        }
        let mut customs = self.schema.scalars.iter();
        let custom = customs.find(|custom| custom.type_name == name);
        let scalar = custom
            .map(|custom| custom.scalar)
            .or_else(|| Scalar::from_name(name))?;
        Some(literal(&sample(scalar)))
    }
}

/// A sample as it stands in a document.
fn literal(sample: &Json) -> Value {
    match sample {
        Json::Bool(is_true) => Value::Boolean(*is_true),
        Json::Number(number) if number.is_f64() => {
            Value::Float(FloatValue::new_parsed(&number.to_string()))
        }
        Json::Number(number) => Value::Int(IntValue::new_parsed(&number.to_string())),
        Json::String(text) => Value::String(text.clone()),
        _ => Value::Null,
    }
}

/// The claims that the rules of a shape look at, each with a value that it may have.
pub(crate) fn claims(shape: &Shape) -> Map<String, Json> {
    let claim = |claim: &crate::access::Claim| {
        let name = claim.ty.inner_named_type().as_str();
        let labels = shape
            .schema
            .enums
            .iter()
            .find(|known| known.type_name == name);
        let label = labels.and_then(|known| known.values.first());
        let custom = shape
            .schema
            .scalars
            .iter()
            .find(|known| known.type_name == name);
        let scalar = custom
            .map(|known| known.scalar)
            .or_else(|| Scalar::from_name(name));
        let value = match (label, scalar) {
            (Some(label), _) => json!(label.name),
            (None, Some(scalar)) => sample(scalar),
            (None, None) => json!({}),
        };
        let value = if claim.ty.is_list() {
            json!([value])
        } else {
            value
        };
        (claim.path.clone(), value)
    };
    shape.claims().iter().map(claim).collect()
}

/// The global id of a row.
pub(super) fn id(table: &Table) -> String {
    let value = |column: &usize| {
        let Column { scalar, .. } = table.columns[*column];
        sample(scalar)
    };
    let values = table.key.iter().map(value);
    let parts: Vec<_> = std::iter::once(json!(table.type_name))
        .chain(values)
        .collect();
    URL_SAFE_NO_PAD.encode(Json::Array(parts).to_string())
}

/// A value of a scalar.
pub(crate) fn sample(scalar: Scalar) -> Json {
    match scalar {
        Scalar::Boolean => json!(true),
        Scalar::Int => json!(1),
        Scalar::Float => json!(1.5),
        Scalar::BigInt | Scalar::Decimal | Scalar::String => json!("1"),
        Scalar::Uuid => json!("6fa459ea-ee8a-3ca4-894e-db77e160355e"),
        Scalar::Date => json!("2026-01-31"),
        Scalar::LocalTime => json!("18:12:18"),
        Scalar::LocalDateTime => json!("2026-01-31T18:12:18"),
        Scalar::DateTime => json!("2026-01-31T18:12:18Z"),
        Scalar::Json => json!(null),
        Scalar::Bytes => json!("AA=="),
    }
}
