//! Conditions on columns that hold lists.

use super::{conjunction, leaf};
use crate::input::{Argument, Source};
use crate::plan::Form;
use crate::plan::planner::Planner;
use crate::sql::{self, Expr, ListOperator, Operator, Reference};
use model::Parameter;

impl Planner<'_> {
    /// All conditions of a filter of lists.
    pub(super) fn list_conditions(
        &mut self,
        argument: &Argument,
        reference: Reference,
    ) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected comparisons, found null; to look for null use isNull".to_owned());
        };
        self.refuse_nothing(members.is_empty())?;
        let mut parts = Vec::with_capacity(members.len());
        for (name, value) in members {
            parts.push(self.list_comparison(name, leaf(name, value)?, reference)?);
        }
        Ok(conjunction(parts))
    }

    fn list_comparison(
        &mut self,
        name: &str,
        source: &Source,
        reference: Reference,
    ) -> Result<Expr, String> {
        let (list, cast) = sql::compared_list(self.schema, reference);
        let scalar = self.schema.tables[reference.table].columns[reference.column].scalar;
        let left = || Box::new(list.clone());
        let parameter = Parameter { scalar, list: true };
        let right = |index| Box::new(Expr::Cast(Box::new(Expr::Parameter(index)), cast.clone()));
        let (operator, of) = match name {
            "isNull" => return Ok(self.is_null(source, &list)),
            "isEmpty" => return Ok(self.is_so(source, Expr::IsEmpty(left()))),
            "eq" | "ne" => {
                let whole = self.draft.parameter(parameter, source.clone(), Form::Plain);
                let operator = if name == "eq" {
                    Operator::Equal
                } else {
                    Operator::NotEqual
                };
                return Ok(Expr::Compare(operator, left(), right(whole)));
            }
            // As a list of one, which an index on the items serves.
            "has" => (ListOperator::Contains, Source::List(vec![source.clone()])),
            "contains" => (ListOperator::Contains, source.clone()),
            "containedBy" => (ListOperator::ContainedBy, source.clone()),
            "overlaps" => (ListOperator::Overlaps, source.clone()),
            _ => return Err("there is no such comparison".to_owned()),
        };
        let of = self.draft.set(parameter, of);
        Ok(Expr::CompareLists(operator, left(), right(of)))
    }
}
