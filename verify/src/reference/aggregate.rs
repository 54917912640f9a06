//! Aggregates: figures over all rows, or over groups.

use super::condition::has;
use super::group::{Group, Item, items};
use super::order::compare;
use super::{Reference, below, collect};
use crate::answer::Answer;
use crate::catalogue::{Kind, capitalized};
use crate::request::{Field, Input, Selection};
use crate::value::Value;
use std::cmp::Ordering;

/// A figure over rows: its family, and the column it is of unless it counts rows.
type Figure<'f> = (&'f str, Option<&'f str>);

impl Reference<'_> {
    pub(super) fn aggregate(&self, table: usize, all: Vec<usize>, fields: &[&Field]) -> Answer {
        let field = fields[0];
        let rows = self.narrowed(table, all, field);
        let items = items(field.argument("groupBy"));
        let mut groups = self.groups(table, rows, &items);
        if let Some(condition) = field.argument("having") {
            groups.retain(|group| {
                let figure = |family: &str, name: Option<&str>| {
                    self.figure(table, &group.rows, (family, name)).0
                };
                has(condition, &figure) == Some(true)
            });
        }
        if let Some(Input::List(_, orders)) = field.argument("orderBy") {
            groups.sort_by(|left, right| {
                let orders = orders
                    .iter()
                    .map(|order| self.group_order(table, order, (left, right, &items)));
                first(orders)
            });
        }
        let offset = field.count("offset").unwrap_or(0);
        let limit = field.count("limit").unwrap_or(usize::MAX);
        let groups = groups.iter().skip(offset).take(limit);
        Answer::List(
            groups
                .map(|group| self.figures(table, (group, &items), &below(fields)))
                .collect(),
        )
    }

    pub(super) fn figures_of_groups(
        &self,
        all: Vec<usize>,
        field: &Field,
        figure: Figure<'_>,
    ) -> (Kind, Vec<Value>) {
        let rows = self.narrowed(0, all, field);
        let groups = self.groups(0, rows, &items(field.argument("groupBy")));
        let figures = groups
            .iter()
            .map(|group| self.figure(0, &group.rows, figure));
        let (mut values, kinds): (Vec<_>, Vec<_>) = figures.unzip();
        values.retain(|value| !value.is_null());
        let kind = kinds.first().copied().unwrap_or(Kind::Int);
        (kind, distinct(values))
    }

    /// How two groups stand to each other by an item of `orderBy`.
    fn group_order(
        &self,
        table: usize,
        order: &Input,
        (left, right, items): (&Group, &Group, &[Item]),
    ) -> Ordering {
        let (name, below) = only(order);
        if name == "key" {
            let (path, word) = direction(below);
            let index = items.iter().position(|item| item.path == path);
            let index = index.expect("orders are of what is grouped by");
            return compare(&left.key[index], &right.key[index], word);
        }
        let (figure, word) = figure_order(name, below);
        let value = |group: &Group| self.figure(table, &group.rows, figure).0;
        compare(&value(left), &value(right), word)
    }

    fn figures(&self, table: usize, of: (&Group, &[Item]), sets: &[&[Selection]]) -> Answer {
        let type_name = format!("{}Aggregate", self.declared(table).type_name);
        let members = collect(sets, &type_name);
        let members = members.iter().map(|fields| {
            let field = fields[0];
            let answer = match field.name.as_str() {
                "__typename" => Answer::Leaf(type_name.as_str().into()),
                "key" => self.key(table, of, &[], &below(fields)),
                name => {
                    let rows = self.narrowed(table, of.0.rows.clone(), field);
                    match name {
                        "count" => Answer::Leaf(rows.len().into()),
                        family => self.family(table, &rows, family, &below(fields)),
                    }
                }
            };
            (field.key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    /// What the rows of a group have in common, below a path of relations.
    fn key(
        &self,
        table: usize,
        of: (&Group, &[Item]),
        path: &[&str],
        sets: &[&[Selection]],
    ) -> Answer {
        let declared = self.declared(table);
        let type_name = format!("{}GroupKey", declared.type_name);
        let members = collect(sets, &type_name);
        let members = members.iter().map(|fields| {
            let name = fields[0].name.as_str();
            let path: Vec<&str> = path.iter().copied().chain([name]).collect();
            let answer = if name == "__typename" {
                Answer::Leaf(type_name.as_str().into())
            } else if let Some(relation) = declared.relation(name) {
                let target = self.world.table(&declared.relations[relation].target);
                self.key(target, of, &path, &below(fields))
            } else {
                let (group, items) = of;
                let index = items.iter().position(|item| item.path == path);
                let index = index.expect("keys are of what is grouped by");
                let column = declared.column(name).expect("keys are of columns");
                let kind = declared.columns[column].kind;
                spelled(&group.key[index], &group.values[index], kind)
            };
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    fn family(&self, table: usize, rows: &[usize], family: &str, sets: &[&[Selection]]) -> Answer {
        let suffix = capitalized(family);
        let suffix = match suffix.strip_suffix("Distinct") {
            Some(suffix) if suffix != "Count" => suffix,
            _ => &suffix,
        };
        let type_name = format!("{}{suffix}", self.declared(table).type_name);
        let members = collect(sets, &type_name);
        let members = members.iter().map(|fields| {
            let answer = match fields[0].name.as_str() {
                "__typename" => Answer::Leaf(type_name.as_str().into()),
                name => {
                    let (value, kind) = self.figure(table, rows, (family, Some(name)));
                    match family {
                        "min" | "max" => spelled(&value, &self.values(table, rows, name), kind),
                        _ => Answer::Leaf(value.json(kind)),
                    }
                }
            };
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    fn values(&self, table: usize, rows: &[usize], name: &str) -> Vec<Value> {
        let column = self.declared(table).column(name);
        let column = column.expect("figures are of columns");
        let values = rows.iter().map(|row| self.value(table, *row, column));
        values.cloned().collect()
    }

    /// A figure, and what kind of value it is.
    pub(super) fn figure(
        &self,
        table: usize,
        rows: &[usize],
        (family, name): Figure<'_>,
    ) -> (Value, Kind) {
        let Some(name) = name else {
            let count = i64::try_from(rows.len()).expect("groups are small");
            return (Value::Integer(count), Kind::Int);
        };
        let declared = self.declared(table);
        let column = declared.column(name).expect("figures are of columns");
        let kind = declared.columns[column].kind;
        let mut values = self.values(table, rows, name);
        values.retain(|value| !value.is_null());
        if family.ends_with("Distinct") {
            values = distinct(values);
        }
        match family {
            "countDistinct" => {
                let count = i64::try_from(values.len()).expect("groups are small");
                (Value::Integer(count), Kind::Int)
            }
            "sum" | "sumDistinct" => (sum(&values), kind.sum().expect("sums are of numbers")),
            "avg" | "avgDistinct" => (
                average(&values),
                kind.average().expect("averages are of numbers"),
            ),
            "min" => (extreme(&values, Ordering::Less), kind),
            "max" => (extreme(&values, Ordering::Greater), kind),
            other => panic!("{other} is no figure"),
        }
    }
}

/// The one member of an object.
pub(super) fn only(input: &Input) -> (&str, &Input) {
    match input {
        Input::Object(members) => match members.as_slice() {
            [member] => (&member.name, &member.value),
            _ => panic!("exactly one member is given"),
        },
        _ => panic!("members stand in objects"),
    }
}

/// The path to a column in an order, and the direction.
fn direction(input: &Input) -> (Vec<&str>, &'static str) {
    let (name, below) = only(input);
    match below {
        Input::Word(word) => (vec![name], word),
        below => {
            let (mut path, word) = direction(below);
            path.insert(0, name);
            (path, word)
        }
    }
}

/// The figure of a member of an order, and the direction.
pub(super) fn figure_order<'i>(name: &'i str, below: &'i Input) -> (Figure<'i>, &'static str) {
    match below {
        Input::Word(word) => ((name, None), word),
        below => {
            let (path, word) = direction(below);
            ((name, path.first().copied()), word)
        }
    }
}

/// The first order that tells two things apart.
pub(super) fn first(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    let found = orders.find(|order| *order != Ordering::Equal);
    found.unwrap_or(Ordering::Equal)
}

/// A value; where equal ones are spelled in several ways, it may be any of them.
fn spelled(value: &Value, among: &[Value], kind: Kind) -> Answer {
    let equal = among.iter().filter(|other| other.is_same(value));
    let mut spellings: Vec<_> = equal.map(|value| value.json(kind)).collect();
    spellings.dedup();
    match spellings.as_slice() {
        [] => Answer::Leaf(value.json(kind)),
        [one] => Answer::Leaf(one.clone()),
        _ => Answer::OneOf(spellings),
    }
}

fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    for value in values {
        if seen.iter().all(|known| !known.is_same(&value)) {
            seen.push(value);
        }
    }
    seen
}

fn sum(values: &[Value]) -> Value {
    let exact = |value: &Value| value.decimal().map_or(value.clone(), Value::Decimal);
    let sum = values
        .iter()
        .map(exact)
        .reduce(|left, right| match (left, right) {
            (Value::Float(left), Value::Float(right)) => Value::Float(left + right),
            (Value::Decimal(left), Value::Decimal(right)) => Value::Decimal(left.plus(&right)),
            _ => panic!("sums are of numbers"),
        });
    sum.unwrap_or(Value::Null)
}

fn average(values: &[Value]) -> Value {
    let sum = match sum(values) {
        Value::Null => return Value::Null,
        #[expect(clippy::cast_precision_loss, reason = "groups are small")]
        Value::Float(sum) => return Value::Float(sum / values.len() as f64),
        sum => sum.decimal().expect("sums are numbers"),
    };
    Value::Decimal(sum.over(values.len()))
}

fn extreme(values: &[Value], wanted: Ordering) -> Value {
    let best = values.iter().reduce(|best, value| {
        if value.compare(best) == Some(wanted) {
            value
        } else {
            best
        }
    });
    best.cloned().unwrap_or(Value::Null)
}
