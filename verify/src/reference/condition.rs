//! `where` and `having` in SQL's logic of three values; `None` is unknown.

use super::Reference;
use super::document;
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
                let Some(Operator::Is(fits)) = Operator::named(&comparison.name) else {
                    panic!("columns are compared by their order");
                };
                beside(value(&column.name), value(other)).map(fits)
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

/// Whether upper and lower case are alike.
#[derive(Clone, Copy, Debug)]
pub enum Case {
    /// They are not.
    Own,
    /// They are.
    Any,
}

/// A comparison of a filter.
#[derive(Clone, Copy, Debug)]
pub enum Operator {
    /// Whether it is NULL.
    IsNull,
    /// Whether it is one of a list, or not.
    In(bool),
    /// How it is ordered beside a value.
    Is(fn(Ordering) -> bool),
    /// What its letters are beside those of a text.
    Letters(Case, Found),
    /// What is inside of a document.
    Inside,
}

impl Operator {
    /// The comparison of that name, if it is known what it means.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "isNull" => Self::IsNull,
            "in" => Self::In(true),
            "notIn" => Self::In(false),
            "eq" => Self::Is(Ordering::is_eq),
            "ne" => Self::Is(Ordering::is_ne),
            "lt" => Self::Is(Ordering::is_lt),
            "lte" => Self::Is(Ordering::is_le),
            "gt" => Self::Is(Ordering::is_gt),
            "gte" => Self::Is(Ordering::is_ge),
            "hasKey" | "path" => Self::Inside,
            "ieq" => Self::Letters(Case::Any, |text, other| text == other),
            name => match name.strip_prefix('i') {
                Some(name) => Self::Letters(Case::Any, letters(name)?),
                None => Self::Letters(Case::Own, letters(name)?),
            },
        })
    }

    /// On a value that is no document.
    fn holds(self, value: &Value, operand: &Input) -> Option<bool> {
        match self {
            Self::IsNull => {
                Some(value.is_null() == matches!(operand, Input::Leaf(_, Value::Boolean(true))))
            }
            Self::In(wanted) => is_in(value, items(operand)).map(|is_in| is_in == wanted),
            Self::Is(wanted) => order(value, operand).map(wanted),
            Self::Letters(case, fits) => match (value, operand) {
                (
                    Value::Text(text) | Value::Placed { text, .. },
                    Input::Leaf(_, Value::Text(operand) | Value::Placed { text: operand, .. }),
                ) => Some(fits(&case.letters(text), &case.letters(operand))),
                _ => None,
            },
            Self::Inside => None,
        }
    }
}

impl Case {
    /// Letter by letter, so that `İ` is one as in PostgreSQL.
    fn letters(self, text: &str) -> Vec<char> {
        let lower = |letter: char| letter.to_lowercase().next();
        match self {
            Self::Own => text.chars().collect(),
            Self::Any => text.chars().filter_map(lower).collect(),
        }
    }
}

/// Whether a text is found by a part or a pattern.
pub type Found = fn(&[char], &[char]) -> bool;

fn letters(name: &str) -> Option<Found> {
    Some(match name {
        "like" => |text, pattern| matches(pattern, text),
        "startsWith" => |text, part| text.starts_with(part),
        "endsWith" => |text, part| text.ends_with(part),
        "contains" => {
            |text, part| part.is_empty() || text.windows(part.len()).any(|own| own == part)
        }
        _ => return None,
    })
}

fn compare(value: &Value, name: &str, operand: &Input) -> Option<bool> {
    match (value, name) {
        (Value::Json(document), name) if name != "isNull" => {
            document::holds(document, name, operand)
        }
        (Value::Null, "path") => document::leads(None, operand),
        _ => {
            let operator = Operator::named(name).expect("comparisons are known");
            operator.holds(value, operand)
        }
    }
}

/// The order of two columns, in which texts go by their bytes whatever the order of each is.
fn beside(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Placed { text: one, .. }, Value::Placed { text: other, .. }) => {
            Some(one.cmp(other))
        }
        _ => one.compare(other),
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

pub(super) fn members(input: &Input) -> &[Given] {
    match input {
        Input::Object(members) => members,
        _ => panic!("conditions are objects"),
    }
}

pub(super) fn items(input: &Input) -> &[Input] {
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

pub(super) fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<_> = parts.collect();
    if parts.contains(&Some(false)) {
        return Some(false);
    }
    (!parts.contains(&None)).then_some(true)
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|holds| !holds))).map(|none| !none)
}
