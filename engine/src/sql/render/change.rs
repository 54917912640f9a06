//! Statements that change rows, as text.

use super::Text;
use crate::sql::{Alias, Change, Conflict, Expr};

impl Text<'_> {
    pub(super) fn change(&mut self, change: &Change) {
        if self.mariadb() && self.change_by_kept_rows(change) {
            return;
        }
        match change {
            Change::Insert {
                table,
                alias,
                columns,
                rows,
                condition,
                conflict,
                returning,
            } => {
                self.insert((*table, *alias), columns, rows, condition.as_ref());
                if let Some(conflict) = conflict {
                    self.conflict(*table, conflict);
                }
                self.returning(returning);
            }
            Change::Update {
                table,
                alias,
                set,
                filter,
                returning,
            } => {
                self.push("UPDATE ");
                self.table(*table);
                self.push(" AS ");
                self.alias(*alias);
                self.push(" SET ");
                self.list(set, ", ", |text, (column, value)| {
                    text.column_name(*table, *column);
                    text.push(" = ");
                    text.expr(value);
                });
                self.conditions(" WHERE ", filter);
                self.returning(returning);
            }
            Change::Delete {
                table,
                alias,
                filter,
                returning,
            } => {
                self.push("DELETE FROM ");
                self.table(*table);
                self.push(" AS ");
                self.alias(*alias);
                self.conditions(" WHERE ", filter);
                self.returning(returning);
            }
        }
    }

    fn insert(
        &mut self,
        (table, alias): (usize, Option<Alias>),
        columns: &[usize],
        rows: &[Vec<Expr>],
        condition: Option<&Expr>,
    ) {
        self.push("INSERT INTO ");
        self.table(table);
        if let Some(alias) = alias {
            self.push(" AS ");
            self.alias(alias);
        }
        if columns.is_empty() && !self.mariadb() {
            return self.push(" DEFAULT VALUES");
        }
        self.push(" (");
        self.list(columns, ", ", |text, column| {
            text.column_name(table, *column);
        });
        if let (Some(condition), [row]) = (condition, rows) {
            self.push(") SELECT ");
            self.list(row, ", ", Self::expr);
            self.push(if self.mariadb() {
                " FROM DUAL WHERE "
            } else {
                " WHERE "
            });
            return self.expr(condition);
        }
        self.push(") VALUES ");
        self.list(rows, ", ", |text, row| {
            text.push("(");
            text.list(row, ", ", Self::expr);
            text.push(")");
        });
    }

    fn conflict(&mut self, table: usize, conflict: &Conflict) {
        self.push(" ON CONFLICT (");
        self.list(&conflict.key, ", ", |text, column| {
            text.column_name(table, *column);
        });
        if conflict.set.is_empty() {
            return self.push(") DO NOTHING");
        }
        self.push(") DO UPDATE SET ");
        self.list(&conflict.set, ", ", |text, (column, value)| {
            text.column_name(table, *column);
            text.push(" = ");
            text.expr(value);
        });
        self.conditions(" WHERE ", &conflict.filter);
    }

    fn returning(&mut self, returning: &[Expr]) {
        if !returning.is_empty() {
            self.push(" RETURNING ");
            self.returns = true;
            self.list(returning, ", ", Self::expr);
            self.returns = false;
        }
    }
}
