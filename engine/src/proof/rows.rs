//! How many rows a select brings: no more than the rules let be asked for at a time.

use super::{Gap, Proof};
use crate::input::Source;
use crate::plan::{Binding, Form, Slot};
use crate::sql::{Expr, From, Select};
use model::schema::Outcome;
use model::{Action, Value};

impl Proof<'_> {
    /// Shows it of the rows of a list, a page or groups.
    pub(super) fn bounded(&self, select: &Select) -> Result<(), Gap> {
        let Some(table) = self.brings(select) else {
            return Ok(());
        };
        let is_bounded = |most: i64| {
            let limit = select.limit.as_ref();
            limit.is_some_and(|limit| self.is_at_most(limit, most))
        };
        match self.most(table) {
            Some(most) if !select.is_total() && !is_bounded(most) => {
                let name = &self.schema.tables[table].type_name;
                Err(format!(
                    "more rows of {name} are brought than the rules let be asked for at a time"
                ))
            }
            _ => Ok(()),
        }
    }

    /// The table that a select brings rows of: that behind a junction where there is one, which is the
    /// only inner join there is. What a write found is counted where it was found.
    fn brings(&self, select: &Select) -> Option<usize> {
        let mut inner = select.joins.iter().filter(|join| !join.outer);
        match (&select.from, inner.next_back()) {
            (Some(From::Table(..)), Some(join)) => Some(join.table),
            (Some(From::Table(table, _)), None) => Some(*table),
            (Some(From::Call { function, .. }), _) => {
                match self.schema.functions[*function].outcome {
                    Outcome::Rows(table) => Some(table),
                    Outcome::Row(_) | Outcome::Value(_) => None,
                }
            }
            (Some(From::Keys { .. }) | None, _) => None,
        }
    }

    /// Most rows of a table that a list brings; `None` where one of its rules says none.
    fn most(&self, table: usize) -> Option<i64> {
        let rules = self.rules(table, Action::Read);
        let bounds: Option<Vec<_>> = rules.iter().map(|rule| rule.rows_max()).collect();
        bounds?.into_iter().max()
    }

    /// Whether a limit is refused where it is more than that, or is no more.
    fn is_at_most(&self, limit: &Expr, most: i64) -> bool {
        let index = match limit {
            Expr::Number(rows) | Expr::NumberAndOne(rows) => return *rows <= most,
            Expr::Parameter(index) => index,
            _ => return false,
        };
        let Some(Slot::Bound(Binding { source, form, .. })) = self.slots.get(*index) else {
            return false;
        };
        match (form, source) {
            (Form::Count(Some(held)) | Form::CountAndOne(Some(held)), _) => *held <= most,
            (
                Form::Count(None) | Form::CountAndOne(None),
                Source::Constant(Value::Integer(rows)),
            ) => *rows <= most,
            _ => false,
        }
    }
}
