//! `orderBy`: what was asked for, then the key.

use super::Reference;
use super::aggregate::{figure_order, first, only};
use crate::request::{Field, Input};
use crate::value::Value;
use std::cmp::Ordering;

impl Reference<'_> {
    /// Sorts rows as a field asks, rows that are equal in that by their key.
    pub(super) fn sort(&self, table: usize, rows: &mut [usize], field: &Field) {
        let items: &[Input] = match field.argument("orderBy") {
            Some(Input::List(_, items)) => items,
            _ => &[],
        };
        let declared = self.declared(table);
        rows.sort_by(|left, right| {
            let asked = items.iter().map(|item| {
                let (left, word) = self.sort_value(table, Some(*left), item);
                let (right, _) = self.sort_value(table, Some(*right), item);
                compare(&left, &right, word)
            });
            let key = declared.key.iter().map(|field| {
                let column = declared.column(field).expect("keys name columns");
                let (left, right) = (
                    self.value(table, *left, column),
                    self.value(table, *right, column),
                );
                compare(left, right, "ASC")
            });
            first(asked.chain(key))
        });
    }

    /// The value an item of `orderBy` looks at, NULL where a relation leads nowhere.
    fn sort_value(&self, table: usize, row: Option<usize>, item: &Input) -> (Value, &'static str) {
        let Input::Object(members) = item else {
            panic!("items of orderBy are objects");
        };
        let (name, below) = (&members[0].name, &members[0].value);
        if let Input::Word(word) = below {
            let column = self
                .declared(table)
                .column(name)
                .expect("directions are of columns");
            let value = row.map_or(Value::Null, |row| self.value(table, row, column).clone());
            return (value, word);
        }
        let declared = self.declared(table);
        let list = name.strip_suffix("Aggregate");
        let relation = declared.relation(list.unwrap_or(name));
        let relation = relation.expect("others are relations");
        let target = self.world.table(&declared.relations[relation].target);
        if list.is_some() {
            let (name, below) = only(below);
            let (figure, word) = figure_order(name, below);
            let value = row.map_or(Value::Null, |row| {
                let partners = self.world.partners(table, relation, row);
                self.figure(target, partners, figure).0
            });
            return (value, word);
        }
        let partner =
            row.and_then(|row| self.world.partners(table, relation, row).first().copied());
        self.sort_value(target, partner, below)
    }
}

/// NULL is larger than every value unless the direction says otherwise.
pub(super) fn compare(left: &Value, right: &Value, word: &str) -> Ordering {
    let descending = word.starts_with("DESC");
    let nulls_first = match word {
        "ASC_NULLS_FIRST" | "DESC_NULLS_FIRST" | "DESC" => Ordering::Less,
        _ => Ordering::Greater,
    };
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => nulls_first,
        (false, true) => nulls_first.reverse(),
        (false, false) => {
            let order = left.compare(right).unwrap_or(Ordering::Equal);
            if descending { order.reverse() } else { order }
        }
    }
}
