//! Questions about a row and a caller: what becomes of them, and why they cannot be asked.

use super::Engine;
use crate::access::Shape;
use crate::api;
use crate::bind::bind;
use crate::explain::Explaining;
use crate::input::{coerce_variables, spelled};
use crate::json::Members;
use crate::plan::explain::{Subject, explain};
use crate::prepare::{Operation, operation};
use crate::sdl;
use apollo_compiler::ast::Type;
use model::schema::{Rest, Table};
use model::{Action, Claims, Fault, Kind, Rights, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A document that asks for nothing.
const NOTHING: &str = "{ __typename }";

/// What may become of a row, for a caller.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'a> {
    /// What decides about the rights of the caller.
    pub rights: &'a Rights,
    /// What is known of it.
    pub claims: &'a Claims,
    /// The type of the row.
    pub type_name: &'a str,
    /// Its key: the value of the one column, or an object with each; a row that is not there yet has none.
    pub id: Option<&'a Json>,
    /// What is done with it.
    pub action: Action,
}

/// Why nothing can be told of a row.
#[derive(Debug, thiserror::Error)]
pub enum Inexplicable {
    /// There are no rules.
    #[error("the schema has no access rules, so whoever may ask may do everything")]
    Unruled,
    /// There is no such type.
    #[error("there is no type `{name}` with rows")]
    Type {
        /// As it was given.
        name: String,
        /// What to do about it.
        help: String,
    },
    /// It has no key to find a row by.
    #[error("rows of {0} have no key, so none can be named")]
    Keyless(String),
    /// What was given is no key.
    #[error("this is no key of {type_name}: {given}")]
    Key {
        /// The type.
        type_name: String,
        /// As it was given.
        given: String,
        /// What to give.
        help: String,
    },
    /// A row, or a write of one, is not such as its type can have.
    #[error("{what}")]
    Row {
        /// What is wrong.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// It cannot be planned.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// What the parts of the rules come to is not what the statements of the server do.
    #[error("the explanation is not what the server does: {0}")]
    Contradiction(String),
}

fn first(faults: Vec<Fault>) -> Fault {
    let unknown = || Fault::new("engine.internal", Kind::Internal, "nothing is told");
    faults.into_iter().next().unwrap_or_else(unknown)
}

impl Engine {
    /// Plans what tells why a caller may do something with a row, or may not.
    pub fn inquire(&self, inquiry: &Inquiry<'_>) -> Result<Explaining, Inexplicable> {
        if !self.has_rules() || *inquiry.rights == Rights::All {
            return Err(Inexplicable::Unruled);
        }
        let rights = self.settled(inquiry.rights);
        let shape = self.shape(&rights);
        let table = self.table_of(inquiry.type_name)?;
        let key = inquiry.id.map(|id| self.key_of(table, id)).transpose()?;
        let caller = (self.held(&rights), inquiry.claims.clone());
        let explaining = Explaining::new(Arc::clone(&shape), caller, (table, inquiry.action));
        let Some(key) = key else {
            return Ok(explaining);
        };
        let nothing = self.nothing(shape)?;
        let variables = coerce_variables(&nothing.shape, inquiry.claims, &[], &Members::default());
        let variables = variables.map_err(first)?;
        let subject = Subject {
            table,
            key,
            action: inquiry.action,
        };
        let (plan, questions) = explain(&self.config, &nothing, &variables, &subject)?;
        let bound = bind(&plan, &nothing, (&variables, 0), self.means())?;
        Ok(explaining.asking(bound, questions))
    }

    /// Claims that the rules of a caller read, and that it has not got, or not as what they could compare.
    pub fn lacking(&self, (rights, claims): (&Rights, &Claims)) -> Result<BTreeSet<String>, Fault> {
        let shape = self.shape(&self.settled(rights));
        let variables =
            coerce_variables(&shape, claims, &[], &Members::default()).map_err(first)?;
        let read = shape.claims().iter().enumerate();
        let lacking = read.filter(|(index, _)| !variables.is_given(*index));
        Ok(lacking.map(|(_, claim)| claim.path.clone()).collect())
    }

    /// Names of claims that no rule of any role reads, and what was perhaps meant.
    pub fn unread(&self, claims: &Claims) -> Result<Vec<(String, Option<String>)>, Fault> {
        let roles = self.schema().roles.iter().map(|role| role.name.as_str());
        let shape = self.shape(&Rights::Of(roles.collect()));
        let read = shape.claims().iter().map(|claim| claim.path.as_str());
        let read: BTreeSet<_> = read.collect();
        let is_read = |name: &str| {
            let inside = |path: &str| path.strip_prefix(name)?.strip_prefix('.').map(|_| ());
            read.iter()
                .any(|path| *path == name || inside(path).is_some())
        };
        let unread = claims.all().keys().filter(|name| !is_read(name));
        let meant = |name: &String| (name.clone(), sdl::did_you_mean(name, read.iter().copied()));
        Ok(unread.map(meant).collect())
    }

    /// An operation that asks for nothing, of which other things are planned.
    pub(super) fn nothing(&self, shape: Arc<Shape>) -> Result<Operation, Fault> {
        operation(shape, (&self.config, true), 0, NOTHING, None).map_err(first)
    }

    /// The roles of the schema that somebody holds.
    fn held(&self, rights: &Rights) -> Vec<usize> {
        let is_held = |name: &str| match rights {
            Rights::All => true,
            Rights::Of(roles) => roles.contains(name),
        };
        let roles = self.schema().roles.iter().enumerate();
        let held = roles.filter(|(_, role)| is_held(&role.name));
        held.map(|(index, _)| index).collect()
    }

    /// The table of a type with rows.
    pub(super) fn table_of(&self, name: &str) -> Result<usize, Inexplicable> {
        let tables = &self.schema().tables;
        let is_of = |table: &Table| {
            let types = table.variants.iter().flat_map(|variants| &variants.types);
            let mut here = types.filter_map(|variant| match &variant.rest {
                Rest::Here { type_name, .. } => Some(type_name),
                Rest::Beside { .. } => None,
            });
            table.type_name == name || here.any(|type_name| type_name == name)
        };
        tables.iter().position(is_of).ok_or_else(|| {
            let names = tables.iter().map(|table| table.type_name.as_str());
            let help = sdl::did_you_mean(name, names.clone());
            Inexplicable::Type {
                name: sdl::clip(name),
                help: help
                    .unwrap_or_else(|| format!("it has {}", names.collect::<Vec<_>>().join(", "))),
            }
        })
    }

    /// The columns of a key with the values that somebody gives for them.
    fn key_of(&self, table: usize, id: &Json) -> Result<Vec<(usize, Value)>, Inexplicable> {
        let declared = &self.schema().tables[table];
        if declared.key.is_empty() {
            return Err(Inexplicable::Keyless(declared.type_name.clone()));
        }
        let fields = || {
            declared
                .key
                .iter()
                .map(|column| &declared.columns[*column].field)
        };
        let given = |field: &str| match id {
            Json::Object(members) if members.len() == declared.key.len() => members.get(field),
            Json::Object(_) => None,
            single => (declared.key.len() == 1).then_some(single),
        };
        let value = |column: &usize| {
            let given = given(&declared.columns[*column].field)?;
            Some((*column, self.value((table, *column), given)?))
        };
        let key: Option<Vec<_>> = declared.key.iter().map(value).collect();
        key.ok_or_else(|| {
            let fields = fields().map(|field| format!("\"{field}\": …"));
            let members = fields.collect::<Vec<_>>().join(", ");
            let help = match declared.key.as_slice() {
                [column] => format!(
                    "give a value of {}, which is of type {}",
                    declared.columns[*column].field,
                    api::written_type(self.schema(), &declared.columns[*column])
                ),
                _ => format!("give each column of the key: {{{members}}}"),
            };
            Inexplicable::Key {
                type_name: declared.type_name.clone(),
                given: sdl::clip(&id.to_string()),
                help,
            }
        })
    }

    /// A value of a column, as somebody writes it.
    pub(super) fn value(&self, (table, column): (usize, usize), given: &Json) -> Option<Value> {
        let Shape { api, schema, .. } = &*self.all;
        let declared = &schema.tables[table].columns[column];
        let ty = Type::parse(api::written_type(schema, declared), "key").ok()?;
        let parts = (&**api, &**schema);
        // On a command line all is text, also what reads like something else.
        let as_text = || Json::String(given.to_string());
        spelled(parts, &ty, given).or_else(|| spelled(parts, &ty, &as_text()))
    }
}
