//! Who may do what, in words: for people who answer for it.

use model::schema::{Schema, Table};
use model::{Action, Rule};
use serde::Serialize;

/// What each role may do.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Report {
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

/// Tells what each role may do.
pub fn report(schema: &Schema) -> Report {
    let roles = schema.roles.iter().enumerate();
    Report {
        roles: roles
            .map(|(index, role)| OfRole {
                role: role.name.clone(),
                description: role.description.clone(),
                database: role.database.clone(),
                may: schema
                    .tables
                    .iter()
                    .flat_map(|table| of_table(table, index))
                    .collect(),
                calls: calls(schema, index),
            })
            .collect(),
        outside: outside(schema),
    }
}

fn of_table(table: &Table, role: usize) -> Vec<OfRows> {
    let rules = table.access.iter();
    let of_action = |action: Action| {
        let rules = rules.clone().filter(move |rule| rule.lets(&[role], action));
        rules.map(move |rule| of_rule(table, rule, action))
    };
    Action::ALL.into_iter().flat_map(of_action).collect()
}

fn of_rule(table: &Table, rule: &Rule, action: Action) -> OfRows {
    let writes = matches!(action, Action::Create | Action::Update);
    let is_set = |column: usize| writes && rule.set.iter().any(|(set, _)| *set == column);
    let columns = table.columns.iter().enumerate().map(|(index, column)| {
        (
            column.field.clone(),
            rule.columns.contains(&index) && !is_set(index),
        )
    });
    let relations = table
        .relations
        .iter()
        .enumerate()
        .map(|(index, relation)| (relation.field.clone(), rule.relations.contains(&index)));
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

fn calls(schema: &Schema, role: usize) -> Vec<String> {
    let functions = schema.functions.iter();
    let may = functions.filter(|function| function.callers.contains(&role));
    may.map(|function| function.place(schema)).collect()
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
