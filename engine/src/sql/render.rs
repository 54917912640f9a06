//! The tree as text, per dialect.

mod case;
mod change;
mod computed;
mod expr;
mod figure;
mod function;
mod json;
mod mariadb;
mod masked;
mod packed;
mod search;

use super::{Alias, From, Join, ListParameter, Order, Select, Tree};
use model::{Dialect, Schema};

/// The column of `json_each` that holds an item.
const VALUE: &str = "value";

/// A statement as text.
pub(crate) struct Rendered {
    pub(crate) sql: String,
    /// Which parameter each place of the text stands for, where places have no numbers.
    pub(crate) order: Option<Vec<usize>>,
}

/// Writes a statement out; parameters keep their indexes where the dialect can say them.
pub(crate) fn render(schema: &Schema, tree: &Tree) -> Rendered {
    let mut text = Text {
        schema,
        out: String::with_capacity(256),
        order: Vec::new(),
        returns: false,
    };
    match tree {
        Tree::Select(select) => text.select(select, Columns::Plain),
        Tree::Change(change) => text.change(change),
    }
    Rendered {
        sql: text.out,
        order: (schema.dialect == Dialect::Mariadb).then_some(text.order),
    }
}

/// Whether the columns of a select are named, so that an outer select can pack them.
#[derive(Clone, Copy, PartialEq)]
enum Columns {
    Plain,
    Named,
    /// All columns as one `ROW(…)`.
    Packed,
}

/// The text so far.
struct Text<'a> {
    schema: &'a Schema,
    out: String,
    /// The parameters in the order of their places.
    order: Vec<usize>,
    /// Whether it is at what a change gives back.
    returns: bool,
}

impl Text<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn postgres(&self) -> bool {
        self.schema.dialect == Dialect::Postgres
    }

    fn sqlite(&self) -> bool {
        self.schema.dialect == Dialect::Sqlite
    }

    fn mariadb(&self) -> bool {
        self.schema.dialect == Dialect::Mariadb
    }

    /// A quoted identifier; a quote inside is doubled.
    fn identifier(&mut self, name: &str) {
        let quote = if self.mariadb() { '`' } else { '"' };
        self.out.push(quote);
        for character in name.chars() {
            if character == quote {
                self.out.push(quote);
            }
            self.out.push(character);
        }
        self.out.push(quote);
    }

    fn alias(&mut self, alias: Alias) {
        self.push(&format!("t{}", alias.0));
    }

    fn table(&mut self, table: usize) {
        let schema = self.schema;
        let table = &schema.tables[table];
        self.qualified(table.schema.as_deref(), &table.name);
    }

    /// A name with its schema, where there is one.
    fn qualified(&mut self, schema: Option<&str>, name: &str) {
        if let Some(schema) = schema {
            self.identifier(schema);
            self.push(".");
        }
        self.identifier(name);
    }

    fn column_name(&mut self, table: usize, column: usize) {
        let schema = self.schema;
        self.identifier(&schema.tables[table].columns[column].name);
    }

    fn parameter(&mut self, index: usize) {
        if self.mariadb() {
            self.order.push(index);
            return self.push("?");
        }
        self.out.push(if self.postgres() { '$' } else { '?' });
        self.push(&(index + 1).to_string());
    }

    /// Writes items with a separator between them.
    fn list<'i, T: 'i>(
        &mut self,
        items: impl IntoIterator<Item = &'i T>,
        separator: &str,
        mut each: impl FnMut(&mut Self, &T),
    ) {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            each(self, item);
        }
    }

    fn select(&mut self, select: &Select, columns: Columns) {
        self.push("SELECT ");
        self.columns(select, columns);
        if let Some(from) = &select.from {
            self.push(" FROM ");
            self.from(from);
        }
        for join in &select.joins {
            self.join(join);
        }
        self.conditions(" WHERE ", &select.filter);
        if !select.group.is_empty() {
            self.push(" GROUP BY ");
            self.list(&select.group, ", ", Text::expr);
        }
        self.conditions(" HAVING ", &select.having);
        self.ordering(select);
        self.limit(select);
        if select.locking {
            self.locking(select);
        }
    }

    fn limit(&mut self, select: &Select) {
        if let Some(limit) = &select.limit {
            self.push(" LIMIT ");
            self.expr(limit);
        } else if select.offset.is_some() {
            self.push(match self.schema.dialect {
                Dialect::Sqlite => " LIMIT -1",
                Dialect::Postgres => "",
                Dialect::Mariadb => " LIMIT 18446744073709551615",
            });
        }
        if let Some(offset) = &select.offset {
            self.push(" OFFSET ");
            self.expr(offset);
        }
    }

    fn locking(&mut self, select: &Select) {
        match self.schema.dialect {
            // The one writer has the database for itself.
            Dialect::Sqlite => {}
            Dialect::Postgres => {
                self.push(" FOR UPDATE OF ");
                if let Some(From::Table(_, alias) | From::Keys { alias, .. }) = &select.from {
                    self.alias(*alias);
                }
            }
            Dialect::Mariadb => self.push(" FOR UPDATE"),
        }
    }

    fn columns(&mut self, select: &Select, columns: Columns) {
        match columns {
            Columns::Packed => {
                self.push("ROW(");
                self.list(&select.columns, ", ", Text::expr);
                self.push(")");
            }
            _ if select.columns.is_empty() => self.push("1 AS c0"),
            Columns::Plain => self.list(&select.columns, ", ", Text::expr),
            Columns::Named => {
                for (index, expr) in select.columns.iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "" });
                    self.expr(expr);
                    self.push(&format!(" AS c{index}"));
                }
            }
        }
    }

    fn conditions(&mut self, keyword: &str, conditions: &[super::Expr]) {
        if !conditions.is_empty() {
            self.push(keyword);
            self.list(conditions, " AND ", Text::operand);
        }
    }

    fn from(&mut self, from: &From) {
        match from {
            From::Table(table, alias) => {
                self.table(*table);
                self.push(" AS ");
                self.alias(*alias);
            }
            From::Call {
                function,
                arguments,
                alias,
                whole,
            } => {
                self.given_rows(*function, arguments, *whole);
                self.alias(*alias);
            }
            From::Keys {
                keys,
                table,
                alias,
                columns,
            } => {
                self.keys(keys);
                self.push(" JOIN ");
                self.table(*table);
                self.push(" AS ");
                self.alias(*alias);
                self.push(" ON ");
                let pairs: Vec<_> = columns.iter().copied().enumerate().collect();
                self.list(&pairs, " AND ", |text, (key, column)| {
                    text.alias(*alias);
                    text.push(".");
                    text.column_name(*table, *column);
                    text.push(" = ");
                    text.key(*key, keys);
                });
            }
        }
    }

    /// Rows of keys, `k`.
    fn keys(&mut self, keys: &[ListParameter]) {
        if self.mariadb() {
            return self.kept_rows(keys);
        }
        if self.postgres() {
            self.push("unnest(");
            self.list(keys, ", ", |text, key| text.parameter(key.index));
            self.push(") WITH ORDINALITY AS k(");
            for index in 0..keys.len() {
                self.push(&format!("c{index}, "));
            }
            self.push("n)");
            return;
        }
        // One list: of the only column, or of whole rows.
        if let Some(key) = keys.first() {
            self.push("json_each(");
            self.parameter(key.index);
            self.push(") AS k");
        }
    }

    /// A value of the key list.
    fn key(&mut self, index: usize, keys: &[ListParameter]) {
        let key = &keys[index];
        if self.mariadb() {
            return self.kept_value(index, key);
        }
        if self.postgres() {
            self.push(&format!("k.c{index}"));
            if let Some(cast) = &key.cast {
                self.cast_suffix(cast);
            }
            return;
        }
        self.push(if key.bytes { "unhex(" } else { "" });
        self.push(&match keys {
            [_] => format!("k.{VALUE}"),
            _ => format!("k.{VALUE} ->> '$[{}]'", key.column),
        });
        self.push(if key.bytes { ")" } else { "" });
    }

    fn join(&mut self, join: &Join) {
        self.push(if join.outer { " LEFT JOIN " } else { " JOIN " });
        self.table(join.table);
        self.push(" AS ");
        self.alias(join.alias);
        self.push(" ON ");
        self.list(&join.on, " AND ", |text, (left, right)| {
            text.reference(*left);
            text.push(" = ");
            text.reference(*right);
        });
        self.conditions(" AND ", &join.filter);
    }

    fn ordering(&mut self, select: &Select) {
        let by_key = matches!(select.from, Some(From::Keys { .. })) && select.order.is_empty();
        if by_key {
            self.push(if self.sqlite() {
                " ORDER BY k.key"
            } else {
                " ORDER BY k.n"
            });
        } else if !select.order.is_empty() {
            self.push(" ORDER BY ");
            self.list(&select.order, ", ", Self::order);
        }
    }

    fn order(&mut self, order: &Order) {
        if self.mariadb() {
            return self.order_with_nulls(order);
        }
        self.expr(&order.expr);
        let direction = order.direction;
        if direction.descending {
            self.push(" DESC");
        }
        let usual = if self.postgres() {
            direction.descending
        } else {
            !direction.descending
        };
        if order.nullable && direction.nulls_first != usual {
            self.push(if direction.nulls_first {
                " NULLS FIRST"
            } else {
                " NULLS LAST"
            });
        }
    }
}
