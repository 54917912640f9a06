//! Conditions of rules in words.

use crate::access::Claim;
use crate::input::{Argument, Source};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::schema::{Column, Schema};
use model::{Scalar, Value};
use serde_json::Value as Json;

/// What stands before conditions of which none may hold.
pub(super) const NOT: &str = "not that";

/// What stands before conditions of which all must hold, or one.
pub(super) fn junction(name: &str) -> &'static str {
    match name {
        "or" => "one of these",
        _ => "all of these",
    }
}

/// What words are found by.
pub(super) struct Words<'a> {
    pub(super) schema: &'a Schema,
    pub(super) claims: &'a [Claim],
}

impl Words<'_> {
    /// A comparison of a column.
    pub(super) fn comparison(
        &self,
        name: &str,
        column: &Column,
        (operator, operand): (&str, &Argument),
    ) -> String {
        if let ("isNull", Argument::Leaf(Source::Constant(Value::Boolean(is_null)))) =
            (operator, operand)
        {
            let is = if *is_null { "is" } else { "is not" };
            return format!("{name} {is} null");
        }
        let (Some(phrase), Argument::Leaf(source)) = (phrase(operator), operand) else {
            return format!("{name} {operator} {}", self.spelled(operand));
        };
        format!("{name} {phrase} {}", self.source(source, Some(column)))
    }

    /// A condition on the rows of a relation.
    pub(super) fn quantified(
        &self,
        relation: &str,
        quantifier: &str,
        condition: &Argument,
    ) -> String {
        let which = match quantifier {
            "some" => "at least one row",
            "every" => "each row",
            _ => "no row",
        };
        format!("{which} of {relation} has {}", self.spelled(condition))
    }

    /// A member of a condition as it is written.
    pub(super) fn spelled_member(&self, name: &str, member: &Argument) -> String {
        format!("{name}: {}", self.spelled(member))
    }

    /// A condition as it is written.
    fn spelled(&self, argument: &Argument) -> String {
        match argument {
            Argument::Null => "null".to_owned(),
            Argument::Leaf(source) => self.source(source, None),
            Argument::Word(word) => word.to_string(),
            Argument::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.spelled(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Argument::Object(members) => {
                let members = members.iter();
                let members: Vec<_> = members
                    .map(|(name, member)| self.spelled_member(name, member))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            Argument::Id(table, parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.source(part, None)).collect();
                let name = &self.schema.tables[*table].type_name;
                format!("the id of {name} {}", parts.join(", "))
            }
        }
    }

    fn source(&self, source: &Source, column: Option<&Column>) -> String {
        match source {
            Source::Constant(value) => self.value(value, column),
            Source::Variable(index, _) => match self.claims.get(*index) {
                Some(claim) => format!("the claim {}", claim.path),
                None => "a value".to_owned(),
            },
            Source::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.source(item, column)).collect();
                format!("[{}]", items.join(", "))
            }
            Source::Document(_) => "a document".to_owned(),
            Source::Kept { .. } => "a value".to_owned(),
        }
    }

    /// A value as the API spells it.
    fn value(&self, value: &Value, column: Option<&Column>) -> String {
        match value {
            Value::Null => "null".to_owned(),
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Text(text) => {
                let enumeration = column.and_then(|column| column.enumeration);
                let mut values = enumeration
                    .iter()
                    .flat_map(|index| &self.schema.enums[*index].values);
                if let Some(value) = values.find(|value| value.label == **text) {
                    return value.name.clone();
                }
                match column.map(|column| column.scalar) {
                    Some(Scalar::Decimal | Scalar::Json) => text.to_string(),
                    _ => Json::from(&**text).to_string(),
                }
            }
            Value::Bytes(bytes) => format!("\"{}\"", STANDARD.encode(bytes)),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item, column)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

fn phrase(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "eq" => "is",
        "ne" => "is not",
        "lt" => "is less than",
        "lte" => "is at most",
        "gt" => "is more than",
        "gte" => "is at least",
        "in" => "is one of",
        "notIn" => "is none of",
        "like" => "is like",
        "ilike" => "is, in any case, like",
        "startsWith" => "starts with",
        "endsWith" => "ends with",
        "contains" => "contains",
        "ieq" => "is, in any case,",
        _ => return None,
    })
}
