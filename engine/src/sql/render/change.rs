//! Statements that change rows, as text.

use super::Text;
use crate::sql::{Change, Conflict, Expr};

impl Text<'_> {
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::Insert {
                table,
                columns,
                rows,
                conflict,
                returning,
            } => {
                self.insert(*table, columns, rows);
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

    fn insert(&mut self, table: usize, columns: &[usize], rows: &[Vec<Expr>]) {
        self.push("INSERT INTO ");
        self.table(table);
        if columns.is_empty() {
            return self.push(" DEFAULT VALUES");
        }
        self.push(" (");
        self.list(columns, ", ", |text, column| {
            text.column_name(table, *column);
        });
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
        self.push(") DO UPDATE SET ");
        self.list(&conflict.set, ", ", |text, column| {
            text.column_name(table, *column);
            text.push(" = ");
            text.expr(&Expr::Excluded(table, *column));
        });
    }

    fn returning(&mut self, returning: &[Expr]) {
        if !returning.is_empty() {
            self.push(" RETURNING ");
            self.list(returning, ", ", Self::expr);
        }
    }
}
