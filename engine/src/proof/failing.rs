//! That no condition fails on the value of a row that is not seen, which would tell of it.

use super::{Gap, Proof};
use crate::sql::walk::{self, Part};
use crate::sql::{self, Alias, Expr};
use model::Action;

impl Proof<'_> {
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
