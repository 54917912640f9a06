//! What MariaDB says in its own way: packed rows, kept rows, casts, and where NULL stands.

use super::Text;
use crate::sql::{Cast, Change, Expr, From, ListParameter, Order, Reference, Select};
use model::Scalar;

impl Text<'_> {
    /// All rows of a select as one text, as `model` describes it. A list that the server could
    /// not hold is NULL, which the reader takes for the error it is; one without rows is `[]`.
    pub(super) fn packed_text(&mut self, select: &Select) {
        self.push("(SELECT CONCAT('[', COALESCE(GROUP_CONCAT(CONCAT('('");
        for (index, column) in select.columns.iter().enumerate() {
            self.push(if index > 0 { ", ',', " } else { ", " });
            self.packed_cell(column);
        }
        self.push(", ')')");
        if !select.order.is_empty() {
            self.push(" ORDER BY ");
            self.list(&select.order, ", ", |text, order| {
                text.order_with_nulls(order, true);
            });
        }
        self.push(" SEPARATOR ''");
        self.limit(select);
        self.push("), IF(COUNT(*) = 0, '', NULL)), ']')");
        if let Some(from) = &select.from {
            self.push(" FROM ");
            self.from(from);
        }
        for join in &select.joins {
            self.join(join);
        }
        self.conditions(" WHERE ", &select.filter);
        self.push(")");
    }

    /// A cell in one character set: columns of several would refuse to be put together.
    fn packed_cell(&mut self, expr: &Expr) {
        let scalar = match expr {
            Expr::Rows(_) => return self.expr(expr),
            Expr::Column(Reference { table, column, .. }) => {
                Some(self.schema.tables[*table].columns[*column].scalar)
            }
            _ => None,
        };
        let (head, tail) = match scalar {
            Some(Scalar::Bytes) => ("QUOTE(HEX(", "))"),
            // A bit would be quoted as a byte.
            Some(Scalar::Boolean) => ("QUOTE(", " + 0)"),
            Some(Scalar::String | Scalar::Json) => ("QUOTE(CONVERT(", " USING utf8mb4))"),
            _ => ("QUOTE(", ")"),
        };
        self.push(head);
        self.expr(expr);
        self.push(tail);
    }

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
        } else {
            self.push("UPDATE ");
        }
        self.from(&From::Table(table, alias));
        self.push(" JOIN ");
        self.kept_rows(keys);
        for (index, (column, key)) in columns.iter().zip(keys).enumerate() {
            self.push(if index > 0 { " AND " } else { " ON " });
            self.expr(column);
            self.push(" = ");
            self.kept_value(index, key);
        }
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

    pub(super) fn cast_call(&mut self, inner: &Expr, cast: &Cast) {
        self.push("CAST(");
        self.expr(inner);
        self.push(" AS ");
        self.push(match cast {
            Cast::Native(native) => native,
            Cast::Float => "DOUBLE",
            // Enums are text here.
            Cast::Text | Cast::Enum(..) => "CHAR",
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

    /// NULL is smaller than every value here, so its other place must be asked for. In the order of
    /// an aggregate it is some value, zero or empty, so there its place must always be.
    pub(super) fn order_with_nulls(&mut self, order: &Order, in_aggregate: bool) {
        let direction = order.direction;
        let is_other = direction.nulls_first == direction.descending;
        if order.nullable && (is_other || in_aggregate) {
            self.operand(&order.expr);
            self.push(if direction.nulls_first {
                " IS NOT NULL, "
            } else {
                " IS NULL, "
            });
        }
        self.expr(&order.expr);
        if direction.descending {
            self.push(" DESC");
        }
    }
}
