//! `having`: conditions on the figures of groups. Errors are the rest of a sentence about it.

use super::super::filter::conjunction;
use super::super::planner::Planner;
use super::super::read::Scope;
use super::figure::{Figure, family};
use crate::input::Argument;
use crate::sql::Expr;
use apollo_compiler::executable::Field;
use model::Fault;

impl Planner<'_> {
    /// Applies the `having` argument of a field.
    pub(super) fn having(&mut self, field: &Field, scope: &mut Scope) -> Result<(), Fault> {
        if let Some(having) = self.condition_argument(field, "having", None)? {
            let condition = self.group_condition(&having, scope);
            let condition = condition.map_err(|message| self.wrong(field, "having", &message))?;
            scope.select.having.push(condition);
        }
        Ok(())
    }

    fn group_condition(&mut self, argument: &Argument, scope: &Scope) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected an object of conditions, found null".to_owned());
        };
        let mut parts = Vec::with_capacity(members.len());
        for (name, member) in members {
            let part = self.group_member(name, member, scope);
            parts.push(part.map_err(|message| format!("{name}: {message}"))?);
        }
        Ok(conjunction(parts))
    }

    fn group_member(
        &mut self,
        name: &str,
        member: &Argument,
        scope: &Scope,
    ) -> Result<Expr, String> {
        let list = |planner: &mut Self| match member {
            Argument::List(items) => items
                .iter()
                .map(|item| planner.group_condition(item, scope))
                .collect::<Result<Vec<_>, _>>(),
            _ => Err("expected a list of conditions, found null".to_owned()),
        };
        match name {
            "and" => list(self).map(Expr::And),
            "or" => list(self).map(Expr::Or),
            "not" => Ok(Expr::Not(Box::new(self.group_condition(member, scope)?))),
            "count" => {
                let operand = Figure::count().operand(self.schema);
                self.comparisons(member, &operand)
            }
            _ => self.family_condition(name, member, scope),
        }
    }

    fn family_condition(
        &mut self,
        name: &str,
        member: &Argument,
        scope: &Scope,
    ) -> Result<Expr, String> {
        let family = family(name).ok_or("there is no such figure")?;
        let Argument::Object(columns) = member else {
            return Err("expected an object of conditions, found null".to_owned());
        };
        let mut parts = Vec::with_capacity(columns.len());
        for (column, comparisons) in columns {
            let figure = self.figure(&family, column, scope);
            let figure = figure.ok_or("there is no such figure")?;
            let operand = figure.operand(self.schema);
            let part = self.comparisons(comparisons, &operand);
            parts.push(part.map_err(|message| format!("{column}: {message}"))?);
        }
        Ok(conjunction(parts))
    }
}
