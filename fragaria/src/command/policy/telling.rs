//! Explanations as people and machines read them.

use super::stand::Stand;
use engine::{Explanation, FieldSight, OfField, OfRule, Standing, Told};
use serde_json::{Value, json};

/// An explanation for a machine: with the place of each rule.
pub(super) fn machine(stand: &Stand, explanation: &Explanation) -> Value {
    let mut told = json!(explanation);
    let place = |rule: usize| stand.place(&explanation.type_name, rule);
    for (rule, told) in explanation.rules.iter().zip(items(&mut told["rules"])) {
        told["place"] = json!(place(rule.rule));
    }
    for (field, told) in explanation.fields.iter().zip(items(&mut told["fields"])) {
        let places: Vec<_> = field.by.iter().map(|rule| place(*rule)).collect();
        told["by"] = json!(places);
    }
    told
}

fn items(list: &mut Value) -> &mut [Value] {
    list.as_array_mut().map_or(&mut [], Vec::as_mut_slice)
}

/// A key as people write it.
pub(super) fn key(id: &Value) -> String {
    match id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An explanation for a person.
pub(super) fn lines(stand: &Stand, explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![verdict(explanation).to_owned()];
    lines.extend(explanation.not_offered.iter().map(|why| format!("  {why}")));
    if explanation.whole == Some(false) {
        lines.push("  a part of the row that another table holds is not seen".to_owned());
    }
    lines.push(String::new());
    lines.extend(rules(stand, explanation));
    if !explanation.fields.is_empty() {
        lines.push(String::new());
        let width = explanation
            .fields
            .iter()
            .map(|field| field.field.chars().count());
        let width = width.max().unwrap_or(0);
        let fields = explanation.fields.iter();
        lines.extend(fields.map(|field| of_field(stand, explanation, (field, width))));
    }
    lines
}

/// What becomes of it, in a sentence.
pub(super) fn verdict(explanation: &Explanation) -> &'static str {
    let done = explanation.action;
    match (explanation.is_there, explanation.allowed, done) {
        (Some(false), _, _) => "There is no such row.",
        (None, _, _) if explanation.not_offered.is_some() => "Rows may not be added.",
        (None, _, _) => "Rows may be added, if they are as a rule says.",
        (_, Some(true), "READ") => "The row is seen.",
        (_, _, "READ") => "The row is not seen.",
        (_, Some(true), "CREATE") => "A row like that may be added.",
        (_, _, "CREATE") => "A row like that may not be added.",
        (_, Some(true), "UPDATE") => "The row may be changed, as it is.",
        (_, _, "UPDATE") if explanation.seen == Some(false) => {
            "The row may not be changed: it is not seen."
        }
        (_, _, "UPDATE") => "The row may not be changed, as it is.",
        (_, Some(true), _) => "The row may be removed.",
        (_, _, _) if explanation.seen == Some(false) => {
            "The row may not be removed: it is not seen."
        }
        _ => "The row may not be removed.",
    }
}

/// What the rules come to, those that are for others last.
fn rules(stand: &Stand, explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in &explanation.rules {
        if !matches!(rule.standing, Standing::OtherRoles | Standing::OtherAction) {
            lines.extend(of_rule(stand, &explanation.type_name, rule));
        }
    }
    for rule in &explanation.rules {
        let why = match rule.standing {
            Standing::OtherRoles => "is for other roles",
            Standing::OtherAction => "is about something else than",
            _ => continue,
        };
        let place = stand.place(&explanation.type_name, rule.rule);
        let (roles, action) = (rule.roles.join(", "), rule.action);
        lines.push(match rule.standing {
            Standing::OtherAction => format!("{place}  {roles}: {why} {action}"),
            _ => format!("{place}  {roles}: {why}"),
        });
    }
    if lines.is_empty() {
        lines.push(format!("There is no rule for {}.", explanation.type_name));
    }
    lines
}

fn of_rule(stand: &Stand, type_name: &str, rule: &OfRule) -> Vec<String> {
    let place = stand.place(type_name, rule.rule);
    let (roles, action) = (rule.roles.join(", "), rule.action);
    let standing = match (rule.standing, rule.keeps) {
        (Standing::Lets, Some(false)) => "lets it be reached, and not be written so",
        (Standing::Lets, _) => "lets it",
        (Standing::HoldsBack, _) => "holds it back",
        (Standing::NoClaim, _) => "gives this caller nothing",
        _ => "was not asked",
    };
    let mut lines = vec![format!("{place}  {roles} {action}: {standing}")];
    lines.extend(rule.lacks.iter().map(|lack| format!("  {lack}")));
    match &rule.rows {
        Some(rows) => lines.push(format!("  where {rows}")),
        None if rule.action != "CREATE" => lines.push("  all rows".to_owned()),
        None => {}
    }
    let most = rule.rows_max.iter();
    lines.extend(most.map(|most| format!("  at most {most} rows at a time")));
    lines.extend(rule.parts.iter().flat_map(|part| of_part(part, 2)));
    lines.extend(rule.check.iter().map(|check| format!("  check {check}")));
    lines.extend(rule.check_parts.iter().flat_map(|part| of_part(part, 2)));
    lines
}

/// A part of a condition, and what it is made of below it.
fn of_part(part: &Told, depth: usize) -> Vec<String> {
    let holds = match part.holds {
        Some(true) => "yes",
        Some(false) => "no ",
        None => "?  ",
    };
    let indent = "  ".repeat(depth);
    let found = part.found.iter().map(|found| format!(": {found}"));
    let first = format!(
        "{indent}{holds}  {}{}",
        part.says,
        found.collect::<String>()
    );
    let inner = part.parts.iter().flat_map(|part| of_part(part, depth + 2));
    std::iter::once(first).chain(inner).collect()
}

/// How a field is seen, or written.
pub(super) fn sight(sight: Option<FieldSight>) -> &'static str {
    match sight {
        Some(FieldSight::Shown) => "is shown",
        Some(FieldSight::Masked) => "is masked",
        Some(FieldSight::Hidden) => "is not shown in this row",
        Some(FieldSight::NotOffered) => "is not in the API of this caller",
        Some(FieldSight::Written) => "may be given",
        Some(FieldSight::Preset) => "is given by the rules",
        Some(FieldSight::Kept) => "may not be given in this row",
        None => "was not asked",
    }
}

fn of_field(stand: &Stand, explanation: &Explanation, (field, width): (&OfField, usize)) -> String {
    let mask = field.mask.iter().map(|mask| format!(" {mask}"));
    let sight = sight(field.sight).to_owned() + &mask.collect::<String>();
    let value = field.value.iter().map(|value| format!(": {value}"));
    let places: Vec<_> = field
        .by
        .iter()
        .map(|rule| stand.place(&explanation.type_name, *rule))
        .collect();
    let by = match places.as_slice() {
        [] => String::new(),
        places => format!("  ({})", places.join(", ")),
    };
    let name = &field.field;
    format!("{name:<width$}  {sight}{}{by}", value.collect::<String>())
}
