//! Who gains or loses sight of what, and the right to write it.

use super::{Changes, by_name};
use model::schema::{Schema, Table};
use model::{Action, Role, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What a role may do with a part of the API: for each action the rows, in words.
type Rights = BTreeMap<(String, Action), BTreeSet<String>>;

pub(super) fn compare(old: &Schema, new: &Schema, changes: &mut Changes) {
    match (old.roles.is_empty(), new.roles.is_empty()) {
        (true, true) => return,
        (true, false) => changes.access(
            "schema",
            false,
            "callers are held to access rules, and to none before",
        ),
        (false, true) => changes.access(
            "schema",
            true,
            "access rules were taken away altogether: callers are held to none any more",
        ),
        (false, false) => {}
    }
    for (name, sides) in by_name(&old.roles, &new.roles, |role| &role.name) {
        match sides {
            (Some(_), None) => {
                changes.access(format!("@role {name}"), false, "the role is removed");
            }
            (None, Some(_)) => changes.access(format!("@role {name}"), true, "the role is new"),
            (Some(was), Some(is)) => acting(was, is, changes),
            (None, None) => {}
        }
        let rights = [old, new].map(|schema| of_role(schema, name));
        of_both(name, &rights, changes);
    }
}

/// As whom callers act in the database. Policies narrow what they see, and which is not known here.
fn acting(was: &Role, is: &Role, changes: &mut Changes) {
    if was.database == is.database {
        return;
    }
    let said = |role: &Role| role.database.as_ref().map(|name| format!("as {name}"));
    let login = || "as the login".to_owned();
    let what = format!(
        "acts {} in the database, and before {}",
        said(is).unwrap_or_else(login),
        said(was).unwrap_or_else(login)
    );
    let gains = was.database.is_some();
    changes.access(format!("@role {}", is.name), gains, what);
}

fn of_both(role: &str, [was, is]: &[Rights; 2], changes: &mut Changes) {
    for ((at, action), rows) in is {
        let (verb, now) = (action.name(), said(rows));
        match was.get(&(at.clone(), *action)) {
            None => changes.access(at, true, format!("{role} gains {verb} of {now}")),
            Some(before) if before != rows => {
                let before = said(before);
                changes.access(
                    at,
                    true,
                    format!("{role} may {verb} {now}, and before {before}"),
                );
            }
            Some(_) => {}
        }
    }
    for ((at, action), rows) in was.iter().filter(|(key, _)| !is.contains_key(key)) {
        let (verb, before) = (action.name(), said(rows));
        changes.access(at, false, format!("{role} loses {verb} of {before}"));
    }
}

fn said(rows: &BTreeSet<String>) -> String {
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    rows.join(" or ")
}

fn of_role(schema: &Schema, name: &str) -> Rights {
    let mut rights = Rights::new();
    let Some(role) = schema.roles.iter().position(|role| role.name == name) else {
        return rights;
    };
    for table in &schema.tables {
        for rule in table
            .access
            .iter()
            .filter(|rule| rule.roles.contains(&role))
        {
            of_rule(table, rule, &mut rights);
        }
    }
    for function in schema
        .functions
        .iter()
        .filter(|known| known.callers.contains(&role))
    {
        let key = (function.place(schema), Action::Read);
        rights
            .entry(key)
            .or_default()
            .insert("its result".to_owned());
    }
    rights
}

fn of_rule(table: &Table, rule: &Rule, rights: &mut Rights) {
    let name = &table.type_name;
    for action in &rule.allow {
        let mut may = |at: String, rows: String| {
            rights.entry((at, *action)).or_default().insert(rows);
        };
        let rows = rows(rule, *action);
        if *action == Action::Delete {
            may(name.clone(), rows);
            continue;
        }
        for column in &rule.columns {
            let mask = rule.masks.iter().find(|(masked, _)| masked == column);
            let mask = mask.filter(|_| *action == Action::Read);
            let how = mask.map_or(String::new(), |(_, mask)| {
                format!(", masked {}", mask.name())
            });
            may(
                format!("{name}.{}", table.columns[*column].field),
                format!("{rows}{how}"),
            );
        }
        for relation in rule.relations.iter().filter(|_| *action == Action::Read) {
            may(
                format!("{name}.{}", table.relations[*relation].field),
                rows.clone(),
            );
        }
    }
}

/// The rows of a rule in words.
fn rows(rule: &Rule, action: Action) -> String {
    let rows = which(rule, action);
    match rule.rows_max.filter(|_| action != Action::Create) {
        Some(most) => format!("{rows}, {most} at a time"),
        None => rows,
    }
}

fn which(rule: &Rule, action: Action) -> String {
    let where_ = rule.rows.as_ref().filter(|_| action != Action::Create);
    let writes = matches!(action, Action::Create | Action::Update);
    let check = rule
        .check
        .as_ref()
        .or(rule.rows.as_ref())
        .filter(|_| writes);
    match (where_, check) {
        (None, None) => "all rows".to_owned(),
        (Some(rows), Some(check)) if rows == check => format!("rows {rows}"),
        (Some(rows), None) => format!("rows {rows}"),
        (None, Some(check)) => format!("all rows, checked for {check}"),
        (Some(rows), Some(check)) => format!("rows {rows}, checked for {check}"),
    }
}
