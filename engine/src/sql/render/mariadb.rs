//! What MariaDB says in its own way: kept rows, casts, and where NULL stands.

use super::Text;
use crate::sql::walk::{Part, parts};
use crate::sql::{Alias, Cast, Change, Expr, From, ListParameter, Order, Reference};

/// A table, and what it is called in a statement.
type Aliased = (usize, Alias);

/// The columns of a key, and the rows of their values that are kept.
type Keyed<'k> = (&'k [Expr], &'k [ListParameter]);

impl Text<'_> {
    /// Kept rows as a table `k` with their place `n`.
    pub(super) fn kept_rows(&mut self, keys: &[ListParameter]) {
        self.push("JSON_TABLE(");
        if let Some(key) = keys.first() {
            self.parameter(key.index);
        }
        self.push(", '$[*]' COLUMNS (n FOR ORDINALITY");
        for (index, key) in keys.iter().enumerate() {
            self.push(&format!(", c{index} "));
            match &key.cast {
                Some(Cast::Native(native)) => self.push(native),
                _ => self.push("LONGTEXT"),
            }
            self.push(&format!(" PATH '$[{}]' ERROR ON ERROR", key.column));
        }
        self.push(")) AS k");
    }

    pub(super) fn kept_value(&mut self, index: usize, key: &ListParameter) {
        self.push(&if key.bytes {
            format!("UNHEX(k.c{index})")
        } else {
            format!("k.c{index}")
        });
    }

    /// A change of kept rows, as a join: the optimizer would look through the whole table for
    /// each of them if they were asked for in a subquery. Whether it was one.
    pub(super) fn change_by_kept_rows(&mut self, change: &Change) -> bool {
        let (table, alias, set, filter) = match change {
            Change::Update {
                table,
                alias,
                set,
                filter,
                ..
            } => (*table, *alias, set.as_slice(), filter),
            Change::Delete {
                table,
                alias,
                filter,
                ..
            } => (*table, *alias, [].as_slice(), filter),
            Change::Insert { .. } => return false,
        };
        let [Expr::InKeys(columns, keys), further @ ..] = filter.as_slice() else {
            return false;
        };
        if set.is_empty() {
            self.push("DELETE ");
            self.alias(alias);
            self.push(" FROM ");
            if further.iter().any(looks_elsewhere) {
                self.found_rows((table, alias), (columns, keys), further);
                return true;
            }
        } else {
            self.push("UPDATE ");
        }
        self.kept_of((table, alias), (columns, keys));
        if !set.is_empty() {
            self.push(" SET ");
            self.list(set, ", ", |text, (column, value)| {
                text.reference(Reference::new(alias, table, *column));
                text.push(" = ");
                text.expr(value);
            });
        }
        self.conditions(" WHERE ", further);
        true
    }

    /// A table with those of its rows that are kept.
    fn kept_of(&mut self, (table, alias): Aliased, (columns, keys): Keyed<'_>) {
        self.from(&From::Table(table, alias));
        self.push(" JOIN ");
        self.kept_rows(keys);
        for (index, (column, key)) in columns.iter().zip(keys).enumerate() {
            self.push(if index > 0 { " AND " } else { " ON " });
            self.expr(column);
            self.push(" = ");
            self.kept_value(index, key);
        }
    }

    /// Those of the kept rows of which the conditions hold, found in a table of their own: a delete
    /// may look into no table that it deletes from, however far its conditions lead.
    fn found_rows(&mut self, of: Aliased, (columns, keys): Keyed<'_>, conditions: &[Expr]) {
        self.push("(SELECT DISTINCT ");
        for (index, column) in columns.iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" });
            self.expr(column);
            self.push(&format!(" AS c{index}"));
        }
        self.push(" FROM ");
        self.kept_of(of, (columns, keys));
        self.conditions(" WHERE ", conditions);
        self.push(") AS found JOIN ");
        self.from(&From::Table(of.0, of.1));
        for (index, column) in columns.iter().enumerate() {
            self.push(if index > 0 { " AND " } else { " ON " });
            self.expr(column);
            self.push(&format!(" = found.c{index}"));
        }
    }

    pub(super) fn cast_call(&mut self, inner: &Expr, cast: &Cast) {
        self.push("CAST(");
        self.expr(inner);
        self.push(" AS ");
        self.push(match cast {
            Cast::Native(native) => native,
            Cast::Float => "DOUBLE",
            // Enums are text here, and lists and composite types are nowhere.
            Cast::Text | Cast::Enum(..) | Cast::List(_) | Cast::Document | Cast::Composite(_) => {
                "CHAR"
            }
        });
        self.push(")");
    }

    pub(super) fn one_of(&mut self, left: &Expr, values: &[Expr]) {
        if values.is_empty() {
            return self.push("FALSE");
        }
        self.operand(left);
        self.push(" IN (");
        self.list(values, ", ", Self::expr);
        self.push(")");
    }

    pub(super) fn order_with_nulls(&mut self, order: &Order) {
        self.order_of(order, false, |text| text.expr(&order.expr));
    }

    /// NULL is smaller than every value here, so its other place must be asked for. In the order of
    /// an aggregate it is some value, zero or empty, so there its place must always be.
    pub(super) fn order_of(
        &mut self,
        order: &Order,
        in_aggregate: bool,
        value: impl Fn(&mut Self),
    ) {
        let direction = order.direction;
        let is_other = direction.nulls_first == direction.descending;
        if order.nullable && (is_other || in_aggregate) {
            value(self);
            self.push(if direction.nulls_first {
                " IS NOT NULL, "
            } else {
                " IS NULL, "
            });
        }
        value(self);
        if direction.descending {
            self.push(" DESC");
        }
    }
}

/// Whether a condition looks into tables.
fn looks_elsewhere(condition: &Expr) -> bool {
    let mut looks = false;
    parts(condition, &mut |part| {
        looks |= match part {
            Part::Select(_) => true,
            Part::Expr(inner) => looks_elsewhere(inner),
        };
    });
    looks
}
