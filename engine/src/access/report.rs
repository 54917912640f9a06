//! Who may do what, in words: for people who answer for it.

use super::{shown, unoffered};
use crate::api::Api;
use crate::engine::Error;
use model::schema::{Schema, Table};
use model::{Action, Grant, Rule};
use serde::Serialize;
use std::sync::Arc;

/// What each role may do.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether callers are held to rules; where not, whoever reaches the server may do everything.
    pub rules: bool,
    /// The roles, by name; without any there are no rules.
    pub roles: Vec<OfRole>,
    /// Of what is done in the database itself, so that nothing can be shown of it.
    pub outside: Vec<String>,
}

/// What one role may do.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct OfRole {
    /// Its name.
    pub role: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The role of the database that it acts as there, whose policies hold besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// What it may do with which rows, by type and action; of other types it sees nothing.
    pub may: Vec<OfRows>,
    /// The functions it may call.
    pub calls: Vec<String>,
    /// What its rules let it do and the API has no field for, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unoffered: Vec<String>,
}

/// What a role may do with rows of a type, by one rule.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct OfRows {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What is done.
    pub action: &'static str,
    /// With which columns and relations.
    pub fields: Vec<String>,
    /// Which of them are shown masked, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Those of the type that it is not about.
    pub without: Vec<String>,
    /// With which rows, as they are; with all where nothing is said.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// What rows must be once they are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Most rows at a time.
    #[serde(rename = "rowsMax", skip_serializing_if = "Option::is_none")]
    pub rows_max: Option<i64>,
    /// What columns are given, whatever the caller says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
}

/// Tells what each role may do, by the API that it is shown.
pub fn report(schema: &Schema) -> Result<Report, Error> {
    let api = Api::new(Arc::new(schema.clone())).map_err(Error::Api)?;
    let (api, roles) = (Arc::new(api), 0..schema.roles.len());
    Ok(Report {
        rules: !schema.roles.is_empty(),
        roles: roles.map(|role| of_role(&api, role)).collect(),
        outside: outside(schema),
    })
}

fn of_role(api: &Arc<Api>, index: usize) -> OfRole {
    let (shown, _) = shown(api, &[index]);
    let role = &shown.roles[index];
    let mut unoffered = Vec::new();
    let tables = shown.tables.iter();
    let may = tables.flat_map(|table| of_table(&shown, table, index, &mut unoffered));
    OfRole {
        role: role.name.clone(),
        description: role.description.clone(),
        database: role.database.clone(),
        may: may.collect(),
        calls: calls(&shown, index, &mut unoffered),
        unoffered,
    }
}

fn of_table(
    shown: &Schema,
    table: &Table,
    role: usize,
    unoffered: &mut Vec<String>,
) -> Vec<OfRows> {
    let (name, mut may) = (&table.type_name, Vec::new());
    for action in Action::ALL {
        let rules = table.access.iter();
        let mut rules = rules.filter(|rule| rule.lets(&[role], action)).peekable();
        if rules.peek().is_none() {
            continue;
        }
        match unoffered::action(shown, table, action) {
            None => may.extend(rules.map(|rule| of_rule(table, rule, action))),
            Some(lacking) => {
                unoffered.push(format!("{} of {name}: {}", action.name(), lacking.why));
            }
        }
    }
    for (index, relation) in table.relations.iter().enumerate() {
        let rules = table.access.iter();
        let mut reads = rules.filter(|rule| rule.relations.contains(&index));
        if reads.any(|rule| rule.lets(&[role], Action::Read))
            && let Some(why) = unoffered::relation(shown, relation)
        {
            unoffered.push(format!("READ of {name}.{}: {why}", relation.field));
        }
    }
    may
}

fn of_rule(table: &Table, rule: &Rule, action: Action) -> OfRows {
    let writes = matches!(action, Action::Create | Action::Update);
    let is_set = |column: usize| writes && rule.set.iter().any(|(set, _)| *set == column);
    let given = |column: usize| {
        let is_counted = action == Action::Update && table.version == Some(column);
        !writes || !table.columns[column].generated && !is_counted
    };
    let columns = table.columns.iter().enumerate();
    let columns = columns.filter(|(index, _)| given(*index));
    let columns = columns.map(|(index, column)| {
        let is_about = rule.columns.contains(&index) && !is_set(index);
        (column.field.clone(), is_about)
    });
    let relations = table.relations.iter().enumerate();
    let relations = relations.map(|(index, relation)| {
        let is_shown = relation.grant != Grant::NOTHING;
        let is_about = rule.relations.contains(&index) && is_shown;
        (relation.field.clone(), is_about)
    });
    let (fields, without): (Vec<_>, Vec<_>) = match action {
        Action::Delete => Default::default(),
        Action::Read => columns
            .chain(relations)
            .partition(|(_, is_about)| *is_about),
        Action::Create | Action::Update => columns.partition(|(_, is_about)| *is_about),
    };
    let names = |fields: Vec<(String, bool)>| fields.into_iter().map(|(name, _)| name).collect();
    let set = rule.set.iter().filter(|_| writes);
    let masks = rule.masks.iter().filter(|_| action == Action::Read);
    OfRows {
        type_name: table.type_name.clone(),
        action: action.name(),
        fields: names(fields),
        masked: masks
            .map(|(column, mask)| format!("{}: {}", table.columns[*column].field, mask.name()))
            .collect(),
        without: names(without),
        rows: rule.rows.clone().filter(|_| action != Action::Create),
        check: rule
            .check
            .as_ref()
            .or(rule.rows.as_ref())
            .filter(|_| writes)
            .cloned(),
        rows_max: rule.rows_max.filter(|_| action != Action::Create),
        set: set
            .map(|(column, text)| format!("{}: {text}", table.columns[*column].field))
            .collect(),
    }
}

fn calls(shown: &Schema, role: usize, unoffered: &mut Vec<String>) -> Vec<String> {
    let mut calls = Vec::new();
    let functions = shown.functions.iter();
    for function in functions.filter(|function| function.callers.contains(&role)) {
        let place = function.place(shown);
        match unoffered::function(shown, function) {
            None => calls.push(place),
            Some(why) => unoffered.push(format!("{place}: {why}")),
        }
    }
    calls
}

fn outside(schema: &Schema) -> Vec<String> {
    let views = schema.tables.iter().filter(|table| !table.writable);
    let views =
        views.map(|table| format!("{}: what the view reads, if it is one", table.type_name));
    let computed = schema.tables.iter().flat_map(|table| {
        let columns = table
            .columns
            .iter()
            .filter(|column| column.computed.is_some());
        columns.map(|column| {
            format!(
                "{}.{}: what its expression reads",
                table.type_name, column.field
            )
        })
    });
    let functions = schema.functions.iter();
    let functions =
        functions.map(|function| format!("{}: what the function does", function.place(schema)));
    views.chain(computed).chain(functions).collect()
}
