//! Stage: rules that give nobody anything, and roles without any.

use super::access::Spans;
use super::findings::Findings;
use crate::access::{shown, unoffered};
use crate::api::Api;
use apollo_compiler::parser::SourceSpan;
use model::schema::{Schema, Table};
use model::{Action, Diagnostic, Rule};
use std::sync::Arc;

/// Warns of rules and roles that do nothing; where each rule and role stands is given.
pub(super) fn check(
    api: &Arc<Api>,
    (rules, roles): (&[Spans], &[Option<SourceSpan>]),
    findings: &mut Findings,
) {
    let schema = api.schema();
    for places in rules {
        let table = &schema.tables[places.table];
        let rule = &table.access[places.rule];
        if let Some((message, help)) = half(rule).or_else(|| shadow(table, places.rule, schema)) {
            findings.warn(places.whole, || idle(message, help));
        }
    }
    for (role, span) in roles.iter().enumerate() {
        let has_rule = |table: &Table| table.access.iter().any(|rule| rule.roles.contains(&role));
        let mut functions = schema.functions.iter();
        let is_named = schema.tables.iter().any(has_rule)
            || functions.any(|function| function.callers.contains(&role));
        if is_named {
            beside(api, (role, rules), findings);
        } else {
            findings.warn(*span, || unnamed(&schema.roles[role].name));
        }
    }
}

fn idle(message: String, help: &str) -> Diagnostic {
    Diagnostic::warning("sdl.idle_rule", message).help(help)
}

fn unnamed(role: &str) -> Diagnostic {
    let message = format!("no rule is for the role `{role}`: who holds it alone sees nothing");
    Diagnostic::warning("sdl.idle_role", message).help(
        "give it rules, `@access(to: …)`; leave it so if only limits or operators go by its name",
    )
}

/// Rules that say something of nothing.
fn half(rule: &Rule) -> Option<(String, &'static str)> {
    let is_of_none = rule.columns.is_empty() && rule.relations.is_empty();
    let writes = rule.allow.contains(&Action::Create) || rule.allow.contains(&Action::Delete);
    (is_of_none && !writes && rule.set.is_empty()).then(|| {
        let message = "the rule is about no field, so it shows and changes nothing".to_owned();
        (message, "name fields, or leave `fields` out to mean all")
    })
}

/// Why nobody gains by a rule what another one does not give already.
fn shadow(table: &Table, index: usize, schema: &Schema) -> Option<(String, &'static str)> {
    let rule = &table.access[index];
    let others = || table.access.iter().enumerate();
    let gives_all = |role: &usize| {
        others().any(|(other, by)| {
            let is_first = other < index || !covers(rule, by);
            other != index && is_first && by.roles.contains(role) && covers(by, rule)
        })
    };
    (!rule.roles.is_empty() && rule.roles.iter().all(gives_all)).then(|| {
        let names = rule.roles.iter().map(|role| &*schema.roles[*role].name);
        let names: Vec<_> = names.collect();
        let message = format!(
            "the rule adds nothing: {} may do all that by another rule of `{}`",
            names.join(", "),
            table.type_name
        );
        (message, "rules add to each other, and never narrow: take this one away, or say less in the other")
    })
}

/// Whether a rule lets all be done that another one does. Rules that look at other claims, or give
/// columns other values, are not compared.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let has_all = |all: &[usize], parts: &[usize]| parts.iter().all(|part| all.contains(part));
    let mask = |rule: &Rule, column: &usize| {
        let mut masks = rule.masks.iter();
        let found = masks.find(|(masked, _)| masked == column);
        found.map(|(_, mask)| *mask)
    };
    let masks_no_more = |column: &usize| {
        let masked = mask(wide, column);
        masked.is_none() || masked == mask(narrow, column)
    };
    let after = |rule: &Rule| rule.check.clone().or_else(|| rule.rows.clone());
    let checks_no_more = match wide.check.as_deref() {
        None => wide.rows.is_none() || after(narrow) == wide.rows,
        Some("{}") => true,
        Some(check) => after(narrow).as_deref() == Some(check) && narrow.check == wide.check,
    };
    narrow
        .allow
        .iter()
        .all(|action| wide.allow.contains(action))
        && has_all(&wide.columns, &narrow.columns)
        && has_all(&wide.relations, &narrow.relations)
        && (wide.rows.is_none() || wide.rows == narrow.rows)
        && checks_no_more
        && wide.set == narrow.set
        && narrow.columns.iter().all(masks_no_more)
        && wide
            .rows_max
            .is_none_or(|most| narrow.rows_max.is_some_and(|asked| asked <= most))
}

/// Warns of rules that let a role do what its API has no field for.
fn beside(api: &Arc<Api>, (role, rules): (usize, &[Spans]), findings: &mut Findings) {
    let (shown, _) = shown(api, &[role]);
    for places in rules {
        let table = &shown.tables[places.table];
        let rule = &table.access[places.rule];
        if half(rule).is_some() {
            continue;
        }
        for action in Action::ALL {
            if !rule.lets(&[role], action) {
                continue;
            }
            if let Some(lacking) = unoffered::action(&shown, table, action) {
                let (role, name) = (&shown.roles[role].name, &table.type_name);
                let verb = action.name();
                let message = format!("`{role}` alone has no {verb} of `{name}`: {}", lacking.why);
                findings.warn(places.whole, || idle(message, lacking.mend));
            }
        }
    }
}
