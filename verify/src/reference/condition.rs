//! `where` and `having` in SQL's logic of three values; `None` is unknown.

use super::Reference;
use super::like::matches;
use crate::catalogue::Cardinality;
use crate::request::{Given, Input};
use crate::value::Value;
use std::cmp::Ordering;

impl Reference<'_> {
    /// Whether a row fulfils a `where`.
    pub(super) fn holds(&self, table: usize, row: usize, condition: &Input) -> Option<bool> {
        all(members(condition)
            .iter()
            .map(|member| match member.name.as_str() {
                "and" => all(items(&member.value)
                    .iter()
                    .map(|item| self.holds(table, row, item))),
                "or" => any(items(&member.value)
                    .iter()
                    .map(|item| self.holds(table, row, item))),
                "not" => self.holds(table, row, &member.value).map(|holds| !holds),
                "compare" => self.compares_columns(table, row, &member.value),
                name => match self.declared(table).column(name) {
                    Some(column) => compares(self.value(table, row, column), &member.value),
                    None => Some(self.relates(table, row, member)),
                },
            }))
    }

    fn compares_columns(&self, table: usize, row: usize, compared: &Input) -> Option<bool> {
        let value = |field: &str| {
            let column = self
                .declared(table)
                .column(field)
                .expect("a column is compared");
            self.value(table, row, column)
        };
        all(members(compared).iter().flat_map(|column| {
            members(&column.value).iter().map(|comparison| {
                let Input::Word(other) = comparison.value else {
                    panic!("columns are words");
                };
                let order = value(&column.name).compare(value(other));
                order.map(|order| fits(&comparison.name, order))
            })
        }))
    }

    fn relates(&self, table: usize, row: usize, member: &Given) -> bool {
        let declared = self.declared(table);
        let relation = declared.relation(&member.name);
        let relation = relation.expect("members are columns or relations");
        let target = self.world.table(&declared.relations[relation].target);
        let partners = self.world.partners(table, relation, row);
        let fulfils =
            |partner: &usize, condition| self.holds(target, *partner, condition) == Some(true);
        if declared.relations[relation].cardinality != Cardinality::Many {
            return partners
                .iter()
                .any(|partner| fulfils(partner, &member.value));
        }
        members(&member.value).iter().all(|quantifier| {
            let mut partners = partners.iter();
            let condition = &quantifier.value;
            match quantifier.name.as_str() {
                "some" => partners.any(|partner| fulfils(partner, condition)),
                "every" => partners.all(|partner| fulfils(partner, condition)),
                _ => !partners.any(|partner| fulfils(partner, condition)),
            }
        })
    }
}

/// All comparisons of a filter.
pub(super) fn compares(value: &Value, filter: &Input) -> Option<bool> {
    all(members(filter)
        .iter()
        .map(|comparison| compare(value, &comparison.name, &comparison.value)))
}

fn compare(value: &Value, operator: &str, operand: &Input) -> Option<bool> {
    match operator {
        "isNull" => {
            Some(value.is_null() == matches!(operand, Input::Leaf(_, Value::Boolean(true))))
        }
        "in" => is_in(value, items(operand)),
        "notIn" => is_in(value, items(operand)).map(|is_in| !is_in),
        "eq" | "ne" | "lt" | "lte" | "gt" | "gte" => {
            order(value, operand).map(|order| fits(operator, order))
        }
        _ => is_like(value, operator, operand),
    }
}

/// Whether two values of that order fulfil a comparison.
fn fits(operator: &str, order: Ordering) -> bool {
    match operator {
        "eq" => order.is_eq(),
        "ne" => order.is_ne(),
        "lt" => order.is_lt(),
        "lte" => order.is_le(),
        "gt" => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn order(value: &Value, operand: &Input) -> Option<Ordering> {
    match operand {
        Input::Leaf(_, operand) => value.compare(operand),
        _ => panic!("operands are values"),
    }
}

/// Nothing is in an empty list, not even the unknown.
fn is_in(value: &Value, list: &[Input]) -> Option<bool> {
    any(list
        .iter()
        .map(|item| order(value, item).map(|order| order == Ordering::Equal)))
}

fn is_like(value: &Value, operator: &str, operand: &Input) -> Option<bool> {
    let (Value::Text(text), Input::Leaf(_, Value::Text(operand))) = (value, operand) else {
        return None;
    };
    let characters = |text: &str| text.chars().collect::<Vec<_>>();
    let (operator, text, operand) = match operator.strip_prefix('i') {
        Some(operator) => (operator, lower(text), lower(operand)),
        None => (operator, characters(text), characters(operand)),
    };
    Some(match operator {
        "eq" => text == operand,
        "startsWith" => text.starts_with(&operand),
        "endsWith" => text.ends_with(&operand),
        "contains" => operand.is_empty() || text.windows(operand.len()).any(|part| part == operand),
        _ => matches(&operand, &text),
    })
}

/// Letter by letter, so that `İ` is one as in PostgreSQL.
fn lower(text: &str) -> Vec<char> {
    text.chars()
        .filter_map(|letter| letter.to_lowercase().next())
        .collect()
}

fn members(input: &Input) -> &[Given] {
    match input {
        Input::Object(members) => members,
        _ => panic!("conditions are objects"),
    }
}

fn items(input: &Input) -> &[Input] {
    match input {
        Input::List(_, items) => items,
        _ => panic!("lists are lists"),
    }
}

/// Whether a group fulfils a `having`; `figure` gives the value of a family and a column.
pub(super) fn has(
    condition: &Input,
    figure: &impl Fn(&str, Option<&str>) -> Value,
) -> Option<bool> {
    all(members(condition)
        .iter()
        .map(|member| match member.name.as_str() {
            "and" => all(items(&member.value).iter().map(|item| has(item, figure))),
            "or" => any(items(&member.value).iter().map(|item| has(item, figure))),
            "not" => has(&member.value, figure).map(|holds| !holds),
            "count" => compares(&figure("count", None), &member.value),
            family => all(members(&member.value)
                .iter()
                .map(|column| compares(&figure(family, Some(&column.name)), &column.value))),
        }))
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<_> = parts.collect();
    if parts.contains(&Some(false)) {
        return Some(false);
    }
    (!parts.contains(&None)).then_some(true)
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|holds| !holds))).map(|none| !none)
}
