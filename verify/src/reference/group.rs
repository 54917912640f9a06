//! Groups of rows, by columns, by those of related rows, and by buckets of time.

use super::Reference;
use super::aggregate::{first, only};
use super::order::compare;
use crate::calendar::begin;
use crate::request::Input;
use crate::value::Value;

/// Rows that have their keys in common.
pub(super) struct Group {
    /// What they have in common, by item.
    pub(super) key: Vec<Value>,
    /// The key as each row spells it, by item.
    pub(super) values: Vec<Vec<Value>>,
    /// The rows.
    pub(super) rows: Vec<usize>,
}

/// What rows are grouped by.
pub(super) struct Item<'i> {
    /// The relations to the column, and the column.
    pub(super) path: Vec<&'i str>,
    bucket: &'static str,
}

/// The items of a `groupBy`.
pub(super) fn items(input: Option<&Input>) -> Vec<Item<'_>> {
    match input {
        Some(Input::List(_, items)) => items.iter().map(item).collect(),
        _ => Vec::new(),
    }
}

fn item(input: &Input) -> Item<'_> {
    let (name, below) = only(input);
    match below {
        Input::Word(bucket) => Item {
            path: vec![name],
            bucket,
        },
        below => {
            let mut item = item(below);
            item.path.insert(0, name);
            item
        }
    }
}

impl Reference<'_> {
    /// The groups in the order of their keys; without items all rows are one group, even no rows.
    pub(super) fn groups(&self, table: usize, rows: Vec<usize>, items: &[Item<'_>]) -> Vec<Group> {
        if items.is_empty() {
            return vec![Group {
                key: Vec::new(),
                values: Vec::new(),
                rows,
            }];
        }
        let mut groups: Vec<Group> = Vec::new();
        for row in rows {
            let key = items.iter().map(|item| self.bucketed(table, row, item));
            let key: Vec<Value> = key.collect();
            let known = groups.iter_mut().find(|group| {
                let mut pairs = group.key.iter().zip(&key);
                pairs.all(|(ours, theirs)| ours.is_same(theirs))
            });
            match known {
                Some(group) => {
                    group.rows.push(row);
                    let values = group.values.iter_mut().zip(key);
                    values.for_each(|(values, value)| values.push(value));
                }
                None => groups.push(Group {
                    values: key.iter().map(|value| vec![value.clone()]).collect(),
                    key,
                    rows: vec![row],
                }),
            }
        }
        groups.sort_by(|left, right| {
            let pairs = left.key.iter().zip(&right.key);
            first(pairs.map(|(left, right)| compare(left, right, "ASC")))
        });
        groups
    }

    fn bucketed(&self, table: usize, row: usize, item: &Item<'_>) -> Value {
        let (column, relations) = item.path.split_last().expect("a path ends in a column");
        let mut place = Some((table, row));
        for name in relations {
            place = place.and_then(|(table, row)| {
                let declared = self.declared(table);
                let relation = declared.relation(name).expect("paths are of relations");
                let target = self.world.table(&declared.relations[relation].target);
                let partner = self.world.partners(table, relation, row).first();
                partner.map(|partner| (target, *partner))
            });
        }
        let value = place.map_or(Value::Null, |(table, row)| {
            let column = self.declared(table).column(column);
            self.value(table, row, column.expect("groups are of columns"))
                .clone()
        });
        match value {
            Value::Text(text) if item.bucket != "VALUE" => Value::Text(begin(&text, item.bucket)),
            value => value,
        }
    }
}
