//! Rows that are given, and writes that are tried, by those who try the rules.

use super::Engine;
use super::explaining::Inexplicable;
use crate::api::Verb;
use crate::bind::{Bound, bind};
use crate::input::Variables;
use crate::plan::given::{Row, given};
use crate::sdl;
use apollo_compiler::schema::FieldDefinition;
use model::schema::Table;
use model::{Action, Value};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A mutation of one row as a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Writing {
    /// The document.
    pub document: String,
    /// Its variables.
    pub variables: Json,
    /// The type.
    pub type_name: String,
    /// The columns it writes, as indexes into those of the type.
    pub columns: Vec<usize>,
}

impl Engine {
    /// Plans the inserts of rows, by the names of their types and the values of their fields, in their
    /// order.
    pub fn given(&self, rows: &[(&str, &Json)]) -> Result<Bound, Inexplicable> {
        let rows = rows.iter().map(|(name, values)| self.row(name, values));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let nothing = self.nothing(Arc::clone(&self.all))?;
        let plan = given(&self.config, &nothing, &rows)?;
        let none = Variables::none(self.schema().dialect);
        Ok(bind(&plan, &nothing, (&none, 0), self.means())?)
    }

    fn row(&self, name: &str, values: &Json) -> Result<Row, Inexplicable> {
        let table = self.table_of(name)?;
        let declared = &self.schema().tables[table];
        let mut row = Vec::new();
        for (field, given) in members(name, values)? {
            let column = column(declared, field)?;
            let value = match given {
                Json::Null => Some(Value::Null),
                given => self.value((table, column), given),
            };
            let value = value.ok_or_else(|| Inexplicable::Row {
                what: format!("{name}.{field} cannot be {}", sdl::clip(&given.to_string())),
                help: "give a value as the API takes it".to_owned(),
            })?;
            row.push((column, value));
        }
        Ok((table, row))
    }

    /// The mutation that does that with a row.
    pub fn writing(
        &self,
        name: &str,
        action: Action,
        (id, values): (Option<&Json>, Option<&Json>),
    ) -> Result<Writing, Inexplicable> {
        let table = self.table_of(name)?;
        let declared = &self.schema().tables[table];
        let (verb, input) = match action {
            Action::Create => (Verb::Create, Some("input")),
            Action::Update => (Verb::Update, Some("set")),
            Action::Read | Action::Delete => (Verb::Delete, None),
        };
        let Some(field) = self.mutation(table, verb) else {
            return Err(Inexplicable::Row {
                what: format!(
                    "the API has nothing to {} one row of {name} by",
                    action.name()
                ),
                help: "ask by a document of your own".to_owned(),
            });
        };
        let mut variables = match id {
            Some(id) => key(declared, id)?,
            None => Map::new(),
        };
        let mut columns = Vec::new();
        if let (Some(input), Some(values)) = (input, values) {
            let is_column = |name: &str| declared.columns.iter().position(|c| c.field == name);
            columns = members(name, values)?
                .keys()
                .filter_map(|name| is_column(name))
                .collect();
            variables.insert(input.to_owned(), values.clone());
        }
        Ok(Writing {
            document: document(field, &variables),
            variables: Json::Object(variables),
            type_name: declared.type_name.clone(),
            columns,
        })
    }

    fn mutation(&self, table: usize, verb: Verb) -> Option<&FieldDefinition> {
        self.all.api.mutation(table, verb)
    }
}

/// The columns of a key under their names.
fn key(declared: &Table, id: &Json) -> Result<Map<String, Json>, Inexplicable> {
    match (declared.key.as_slice(), id) {
        (_, Json::Object(members)) => Ok(members.clone()),
        ([column], single) => {
            let field = declared.columns[*column].field.clone();
            Ok(Map::from_iter([(field, single.clone())]))
        }
        _ => Err(Inexplicable::Row {
            what: format!("the key of {} has several columns", declared.type_name),
            help: "give each of them".to_owned(),
        }),
    }
}

fn column(declared: &Table, field: &str) -> Result<usize, Inexplicable> {
    let mut columns = declared.columns.iter();
    let column = columns.position(|column| column.field == field && column.computed.is_none());
    column.ok_or_else(|| {
        let names = declared.columns.iter().map(|column| column.field.as_str());
        let help = sdl::did_you_mean(field, names);
        Inexplicable::Row {
            what: format!(
                "{} stores no column `{}`",
                declared.type_name,
                sdl::clip(field)
            ),
            help: help.unwrap_or_else(|| "name fields as the API does".to_owned()),
        }
    })
}

fn members<'j>(name: &str, values: &'j Json) -> Result<&'j Map<String, Json>, Inexplicable> {
    values.as_object().ok_or_else(|| Inexplicable::Row {
        what: format!("the values of a row of {name} are no object"),
        help: "name fields and their values".to_owned(),
    })
}

/// A document that asks for a field with these arguments, each by a variable.
fn document(field: &FieldDefinition, variables: &Map<String, Json>) -> String {
    let arguments = field.arguments.iter();
    let given = arguments.filter(|argument| variables.contains_key(argument.name.as_str()));
    let (declared, passed): (Vec<_>, Vec<_>) = given
        .map(|argument| {
            let (name, ty) = (&argument.name, &argument.ty);
            (format!("${name}: {ty}"), format!("{name}: ${name}"))
        })
        .unzip();
    let (declared, passed, name) = (declared.join(", "), passed.join(", "), &field.name);
    format!("mutation({declared}) {{ {name}({passed}) {{ __typename }} }}")
}
