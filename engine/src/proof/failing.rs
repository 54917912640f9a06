//! That no condition fails on the value of a row that is not seen, which would tell of it.

use super::{Gap, Proof};
use crate::sql::walk::{self, Part};
use crate::sql::{self, Alias, Expr, Operator};
use model::{Action, Dialect};

impl Proof<'_> {
    /// Shows of conditions that SQLite puts no value in the place of a column that guards look at: it
    /// does so with what a column must be equal to, and such a guard would look at no row.
    pub(super) fn guards_stay(&self, conditions: &[Expr]) -> Result<(), Gap> {
        let is_sqlite = self.schema.dialect == Dialect::Sqlite;
        if is_sqlite && conditions.iter().any(is_guarded) && conditions.iter().any(fixes) {
            let message = "a condition is under a rule that SQLite may take for true";
            return Err(message.to_owned());
        }
        Ok(())
    }

    /// Shows of a condition whose guards are known to be rules that all it can fail on is under one.
    /// Rows of `given` are such as a function gave.
    pub(super) fn fails_unseen(
        &self,
        expr: &Expr,
        can_fail: bool,
        given: Option<Alias>,
    ) -> Result<(), Gap> {
        match expr {
            Expr::Rule(_) | Expr::Guarded(..) | Expr::InKeys(..) => Ok(()),
            Expr::Column(reference) => {
                let is_given = given.is_some() && reference.alias == given;
                let is_calculated = is_given || sql::is_calculated(self.schema, *reference);
                let reading = self.rules(reference.table, Action::Read);
                let is_open = reading.iter().any(|rule| rule.rows.is_none());
                if is_open || !(can_fail || is_calculated) {
                    return Ok(());
                }
                let table = &self.schema.tables[reference.table];
                let (owner, name) = (&table.type_name, &table.columns[reference.column].field);
                Err(format!(
                    "a condition on {owner}.{name} can fail on rows that no rule shows"
                ))
            }
            _ => {
                let can_fail = can_fail || sql::can_fail(self.schema.dialect, expr);
                let mut outcome = Ok(());
                walk::parts(expr, &mut |part| {
                    if let (Part::Expr(inner), Ok(())) = (part, &outcome) {
                        outcome = self.fails_unseen(inner, can_fail, given);
                    }
                });
                outcome
            }
        }
    }
}

/// Whether something in a condition of the caller's is under a rule.
fn is_guarded(expr: &Expr) -> bool {
    if matches!(expr, Expr::Rule(_)) {
        return false;
    }
    let mut has = matches!(expr, Expr::Guarded(..));
    walk::parts(expr, &mut |part| {
        has |= matches!(part, Part::Expr(inner) if is_guarded(inner));
    });
    has
}

/// Whether a condition holds only where a column has a value that is given as it is.
fn fixes(expr: &Expr) -> bool {
    match expr {
        Expr::Rule(inner) => fixes(inner),
        Expr::And(parts) => parts.iter().any(fixes),
        Expr::Compare(Operator::Equal, left, right) => {
            matches!((&**left, &**right), (Expr::Column(_), Expr::Parameter(_)))
        }
        _ => false,
    }
}
