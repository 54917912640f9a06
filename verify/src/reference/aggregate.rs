//! Aggregates: figures over all rows, or over groups.

use super::condition::has;
use super::order::compare;
use super::{Reference, below, collect};
use crate::answer::Answer;
use crate::catalogue::{Kind, Table, capitalized};
use crate::request::{Field, Input, Selection};
use crate::value::Value;
use std::cmp::Ordering;

/// A group: its rows, the first of which shows its key.
type Group = Vec<usize>;

impl Reference<'_> {
    pub(super) fn aggregate(&self, table: usize, fields: &[&Field]) -> Answer {
        let field = fields[0];
        let all = (0..self.world.rows[table].len()).collect();
        let rows = self.narrowed(table, all, field);
        let columns = group_columns(self.declared(table), field);
        let mut groups = self.groups(table, rows, &columns);
        if let Some(condition) = field.argument("having") {
            groups.retain(|group| {
                let figure =
                    |family: &str, name: Option<&str>| self.figure(table, group, family, name).0;
                has(condition, &figure) == Some(true)
            });
        }
        let offset = field.count("offset").unwrap_or(0);
        let limit = field.count("limit").unwrap_or(usize::MAX);
        let groups = groups.iter().skip(offset).take(limit);
        Answer::List(
            groups
                .map(|group| self.figures(table, group, &below(fields)))
                .collect(),
        )
    }

    /// The groups in the order of their keys; without columns all rows are one group, even no rows.
    fn groups(&self, table: usize, rows: Vec<usize>, columns: &[usize]) -> Vec<Group> {
        if columns.is_empty() {
            return vec![rows];
        }
        let mut groups: Vec<Group> = Vec::new();
        for row in rows {
            let known = groups.iter_mut().find(|group| {
                let mut columns = columns.iter();
                columns.all(|column| {
                    let value = self.value(table, row, *column);
                    value.is_same(self.value(table, group[0], *column))
                })
            });
            match known {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        groups.sort_by(|left, right| {
            let mut orders = columns.iter().map(|column| {
                let value = |group: &Group| self.value(table, group[0], *column);
                compare(value(left), value(right), "ASC")
            });
            orders
                .find(|order| *order != Ordering::Equal)
                .unwrap_or(Ordering::Equal)
        });
        groups
    }

    fn figures(&self, table: usize, group: &Group, sets: &[&[Selection]]) -> Answer {
        let type_name = format!("{}Aggregate", self.declared(table).type_name);
        let members = collect(sets, &type_name);
        let members = members.iter().map(|fields| {
            let answer = match fields[0].name.as_str() {
                "__typename" => Answer::Leaf(type_name.as_str().into()),
                "count" => Answer::Leaf(group.len().into()),
                family => self.family(table, group, family, &below(fields)),
            };
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    fn family(&self, table: usize, group: &Group, family: &str, sets: &[&[Selection]]) -> Answer {
        let suffix = match family {
            "key" => "GroupKey".to_owned(),
            family => capitalized(family),
        };
        let type_name = format!("{}{suffix}", self.declared(table).type_name);
        let members = collect(sets, &type_name);
        let members = members.iter().map(|fields| {
            let answer = match fields[0].name.as_str() {
                "__typename" => Answer::Leaf(type_name.as_str().into()),
                name => self.shown(table, group, family, name),
            };
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    /// A figure; where equal decimals are spelled in several ways, it may be any of them.
    fn shown(&self, table: usize, group: &Group, family: &str, name: &str) -> Answer {
        let (value, kind) = self.figure(table, group, family, Some(name));
        if kind != Kind::Decimal || !matches!(family, "key" | "min" | "max") {
            return Answer::Leaf(value.json(kind));
        }
        let values = self.values(table, group, name);
        let equal = values.iter().filter(|other| other.is_same(&value));
        let mut spellings: Vec<_> = equal.map(|value| value.json(kind)).collect();
        if spellings.is_empty() {
            spellings.push(value.json(kind));
        }
        Answer::OneOf(spellings)
    }

    fn values(&self, table: usize, group: &Group, name: &str) -> Vec<Value> {
        let column = self.declared(table).column(name);
        let column = column.expect("figures are of columns");
        let values = group
            .iter()
            .map(|row| self.value(table, *row, column).clone());
        values.collect()
    }

    fn figure(
        &self,
        table: usize,
        group: &Group,
        family: &str,
        name: Option<&str>,
    ) -> (Value, Kind) {
        let Some(name) = name else {
            let count = i64::try_from(group.len()).expect("groups are small");
            return (Value::Integer(count), Kind::Int);
        };
        let mut values = self.values(table, group, name);
        let declared = self.declared(table);
        let column = declared.column(name).expect("figures are of columns");
        let kind = declared.columns[column].kind;
        if family == "key" {
            return (values.swap_remove(0), kind);
        }
        values.retain(|value| !value.is_null());
        match family {
            "countDistinct" => (distinct(&values), Kind::Int),
            "sum" => (sum(&values), kind.sum().expect("sums are of numbers")),
            "avg" => (
                average(&values),
                kind.average().expect("averages are of numbers"),
            ),
            "min" => (extreme(&values, Ordering::Less), kind),
            _ => (extreme(&values, Ordering::Greater), kind),
        }
    }
}

fn group_columns(table: &Table, field: &Field) -> Vec<usize> {
    let Some(Input::List(_, items)) = field.argument("groupBy") else {
        return Vec::new();
    };
    let columns = items.iter().map(|item| match item {
        Input::Object(members) => table.column(&members[0].name),
        _ => None,
    });
    columns
        .map(|column| column.expect("groups are of columns"))
        .collect()
}

fn distinct(values: &[Value]) -> Value {
    let mut seen: Vec<&Value> = Vec::new();
    for value in values {
        if seen.iter().all(|known| !known.is_same(value)) {
            seen.push(value);
        }
    }
    Value::Integer(i64::try_from(seen.len()).expect("groups are small"))
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
