//! Conditions that can fail look at no value of a row that is not seen.
//!
//! A database looks at the conditions of a statement in an order of its own. One of the caller's
//! that fails on the value of a hidden row would tell that the row is there; so what it looks at
//! is NULL there, by a `CASE`, whose order is told. Beside that the rules come first.

use crate::plan::planner::Planner;
use crate::sql::walk::{self, Inside, Part};
use crate::sql::{self, Alias, Cast, Expr, Operator};
use model::Dialect;

/// Rows that a condition looks at.
pub(super) struct Rows {
    /// Those that a function gave: all of their columns are calculated.
    given: Option<Alias>,
    /// When rows of an alias are seen, of which something was put under that.
    seen: Vec<(Alias, Option<Expr>)>,
}

impl Rows {
    pub(super) fn new(given: Option<Alias>) -> Self {
        Self {
            given,
            seen: Vec::new(),
        }
    }
}

impl Planner<'_> {
    /// Puts the values that a condition can fail on under the rules of their rows. The selects in it
    /// are seen to by themselves.
    pub(super) fn screen(&mut self, condition: &mut Expr, rows: &mut Rows) {
        if self.access.is_some() {
            self.screen_part(condition, false, rows);
        }
    }

    /// Brings the rules before conditions of which something was put under them.
    pub(super) fn arrange(&self, filter: &mut [Expr]) {
        if !filter.iter().any(has_guard) {
            return;
        }
        filter.sort_by_key(|condition| !matches!(condition, Expr::Rule(_)));
        if self.schema.dialect == Dialect::Sqlite {
            for condition in filter {
                self.keep_columns(condition);
            }
        }
    }

    /// Has SQLite look at a column that must be equal to a value wherever it is named: else it would
    /// put the value in its place, and the `CASE` would look at no row. It does so with no value that
    /// has an affinity.
    fn keep_columns(&self, condition: &mut Expr) {
        match condition {
            Expr::Rule(inner) => self.keep_columns(inner),
            Expr::And(parts) => parts.iter_mut().for_each(|part| self.keep_columns(part)),
            Expr::Compare(Operator::Equal, left, right) => {
                if let (Expr::Column(reference), Expr::Parameter(_)) = (&**left, &**right) {
                    let table = &self.schema.tables[reference.table];
                    let native = sql::affinity(&table.columns[reference.column]).to_owned();
                    **right = Expr::Cast(Box::new((**right).clone()), Cast::Native(native));
                }
            }
            _ => {}
        }
    }

    fn screen_part(&mut self, expr: &mut Expr, can_fail: bool, rows: &mut Rows) {
        match expr {
            // A rule is not the caller's, and what is guarded is so by a rule.
            Expr::Rule(_) | Expr::Guarded(..) | Expr::InKeys(..) => {}
            Expr::Column(reference) => {
                let reference = *reference;
                let is_given = reference.alias == rows.given && rows.given.is_some();
                let is_calculated = is_given || sql::is_calculated(self.schema, reference);
                let Some(alias) = reference.alias.filter(|_| can_fail || is_calculated) else {
                    return;
                };
                if let Some(seen) = self.seen_once((reference.table, alias), rows) {
                    *expr = Expr::Guarded(Box::new(seen), Box::new(Expr::Column(reference)));
                }
            }
            _ => {
                let can_fail = can_fail || sql::can_fail(self.schema.dialect, expr);
                walk::parts_mut(expr, &mut |inside| {
                    if let Inside::Expr(inner) = inside {
                        self.screen_part(inner, can_fail, rows);
                    }
                });
            }
        }
    }

    fn seen_once(&mut self, (table, alias): (usize, Alias), rows: &mut Rows) -> Option<Expr> {
        if let Some((_, known)) = rows.seen.iter().find(|(known, _)| *known == alias) {
            return known.clone();
        }
        let seen = self.seen(table, alias);
        rows.seen.push((alias, seen.clone()));
        seen
    }
}

/// Whether a condition, itself no rule, looks at something under one.
fn has_guard(expr: &Expr) -> bool {
    match expr {
        Expr::Rule(_) => false,
        Expr::Guarded(..) => true,
        _ => {
            let mut has = false;
            walk::parts(expr, &mut |part| {
                if let Part::Expr(inner) = part {
                    has |= has_guard(inner);
                }
            });
            has
        }
    }
}
