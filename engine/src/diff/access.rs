//! Who gains or loses sight of what, and the right to write it.

use super::{Changes, Sight, by_name};
use model::schema::{Schema, Table};
use model::{Action, Role, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What a role may do with a part of the API: for each action how far each of its rules reaches.
type Rights = BTreeMap<(String, Action), BTreeSet<Reach>>;

/// How far a rule reaches.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reach {
    /// In words.
    said: String,
    /// Which rows, where not all.
    rows: Option<String>,
    /// What written rows must be, where that is said.
    check: Option<String>,
    /// How values are shown, where not as they are.
    mask: Option<&'static str>,
    /// How many rows at a time, where that has a bound.
    most: Option<i64>,
}

impl Reach {
    /// Whether all that the other reaches is within this one, as far as that is plain.
    fn covers(&self, other: &Self) -> bool {
        let is_open =
            |mine: &Option<String>, theirs: &Option<String>| mine.is_none() || mine == theirs;
        is_open(&self.rows, &other.rows)
            && is_open(&self.check, &other.check)
            && (self.mask.is_none() || self.mask == other.mask)
            && self
                .most
                .is_none_or(|most| other.most.is_some_and(|theirs| theirs <= most))
    }
}

pub(super) fn compare(old: &Schema, new: &Schema, changes: &mut Changes) {
    match (old.roles.is_empty(), new.roles.is_empty()) {
        (true, true) => return,
        (true, false) => changes.access(
            "schema",
            Sight::Loses,
            "callers are held to access rules, and to none before",
        ),
        (false, true) => changes.access(
            "schema",
            Sight::Gains,
            "access rules were taken away altogether: callers are held to none any more",
        ),
        (false, false) => {}
    }
    for (name, sides) in by_name(&old.roles, &new.roles, |role| &role.name) {
        match sides {
            (Some(_), None) => {
                changes.access(format!("@role {name}"), Sight::Loses, "the role is removed");
            }
            (None, Some(_)) => {
                changes.access(format!("@role {name}"), Sight::Gains, "the role is new");
            }
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
    let sight = match (&was.database, &is.database) {
        (None, _) => Sight::Loses,
        (Some(_), None) => Sight::Gains,
        (Some(_), Some(_)) => Sight::Differs,
    };
    changes.access(format!("@role {}", is.name), sight, what);
}

fn of_both(role: &str, [was, is]: &[Rights; 2], changes: &mut Changes) {
    for ((at, action), reaches) in is {
        let (verb, now) = (action.name(), said(reaches));
        let Some(before) = was.get(&(at.clone(), *action)) else {
            changes.access(at, Sight::Gains, format!("{role} gains {verb} of {now}"));
            continue;
        };
        if let Some(sight) = becomes(before, reaches) {
            let before = said(before);
            let what = format!("{role} may {verb} {now}, and before {before}");
            changes.access(at, sight, what);
        }
    }
    for ((at, action), reaches) in was.iter().filter(|(key, _)| !is.contains_key(key)) {
        let (verb, before) = (action.name(), said(reaches));
        changes.access(at, Sight::Loses, format!("{role} loses {verb} of {before}"));
    }
}

/// What becomes of a right; nothing where it reaches as far as before.
fn becomes(was: &BTreeSet<Reach>, is: &BTreeSet<Reach>) -> Option<Sight> {
    let covers = |one: &BTreeSet<Reach>, other: &BTreeSet<Reach>| {
        let mut others = other.iter();
        others.all(|theirs| one.iter().any(|mine| mine.covers(theirs)))
    };
    match (covers(is, was), covers(was, is)) {
        (true, true) => None,
        (true, false) => Some(Sight::Gains),
        (false, true) => Some(Sight::Loses),
        (false, false) => Some(Sight::Differs),
    }
}

fn said(reaches: &BTreeSet<Reach>) -> String {
    let said: Vec<_> = reaches.iter().map(|reach| &*reach.said).collect();
    said.join(" or ")
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
        let result = Reach {
            said: "its result".to_owned(),
            rows: None,
            check: None,
            mask: None,
            most: None,
        };
        rights.entry(key).or_default().insert(result);
    }
    rights
}

fn of_rule(table: &Table, rule: &Rule, rights: &mut Rights) {
    let name = &table.type_name;
    for action in &rule.allow {
        let mut may = |at: String, reach: Reach| {
            rights.entry((at, *action)).or_default().insert(reach);
        };
        if *action == Action::Delete {
            may(name.clone(), reach(rule, *action, None));
            continue;
        }
        for column in &rule.columns {
            let mask = rule.masks.iter().find(|(masked, _)| masked == column);
            let mask = mask.filter(|_| *action == Action::Read);
            may(
                format!("{name}.{}", table.columns[*column].field),
                reach(rule, *action, mask.map(|(_, mask)| mask.name())),
            );
        }
        for relation in rule.relations.iter().filter(|_| *action == Action::Read) {
            may(
                format!("{name}.{}", table.relations[*relation].field),
                reach(rule, *action, None),
            );
        }
    }
}

fn reach(rule: &Rule, action: Action, mask: Option<&'static str>) -> Reach {
    let rows = rule.rows.as_deref().filter(|_| action != Action::Create);
    let writes = matches!(action, Action::Create | Action::Update);
    let check = rule.check.as_deref().or(rule.rows.as_deref());
    let check = check.filter(|_| writes);
    let most = rule.rows_max.filter(|_| action != Action::Create);
    let at_a_time = most.map_or(String::new(), |most| format!(", {most} at a time"));
    let masked = mask.map_or(String::new(), |mask| format!(", masked {mask}"));
    Reach {
        said: [which(rows, check), at_a_time, masked].concat(),
        rows: rows.map(str::to_owned),
        check: check.map(str::to_owned),
        mask,
        most,
    }
}

/// The rows of a rule in words.
fn which(rows: Option<&str>, check: Option<&str>) -> String {
    match (rows, check) {
        (None, None) => "all rows".to_owned(),
        (Some(rows), Some(check)) if rows == check => format!("rows {rows}"),
        (Some(rows), None) => format!("rows {rows}"),
        (None, Some(check)) => format!("all rows, checked for {check}"),
        (Some(rows), Some(check)) => format!("rows {rows}, checked for {check}"),
    }
}
