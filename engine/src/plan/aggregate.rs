//! Aggregates: figures over all rows of a table or a list, or over groups of them.

mod figure;
mod group;
mod having;
mod order;

use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::sql::{Alias, Expr, Tree};
use apollo_compiler::executable::Field;
use group::Group;
use model::schema::Relation;
use model::{Cell, Fault, Kind, Record, Use, Weight};

impl<'a> Planner<'a> {
    /// `productAggregate(…)`: one row for each group.
    pub(crate) fn aggregate(&mut self, chosen: &Chosen<'a>, table: usize) -> Result<usize, Fault> {
        let mut scope = Scope::new(self.draft.alias(), table);
        let record = self.figures_of(chosen, &mut scope)?;
        if let Some(limit) = &scope.select.limit {
            self.bounded_by(limit);
        }
        Ok(self.step(chosen, Tree::Select(scope.select), Use::Rows(record)))
    }

    /// `orderLinesAggregate(…)` of a row: its groups packed into one column.
    pub(crate) fn nested_aggregate(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        (table, relation): (usize, &'a Relation),
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let mut inner = self.related(alias, table, relation);
        let record = self.figures_of(chosen, &mut inner)?;
        Ok(Cell::Rows {
            column: scope.select.column(Expr::Rows(Box::new(inner.select))),
            record,
        })
    }

    /// Makes the rows of a scope figures over them.
    fn figures_of(&mut self, chosen: &Chosen<'a>, scope: &mut Scope) -> Result<Record, Fault> {
        self.weighs(Weight::Bounded);
        let field = chosen.field();
        self.narrow(field, scope)?;
        let groups = self.groups(field, scope)?;
        self.having(field, scope)?;
        scope.select.order = self.group_order(field, scope, &groups)?;
        // One row of figures is no list; each group tells of a row at least.
        scope.select.limit = match groups.as_slice() {
            [] => self.rows_argument(field, "limit")?,
            _ => self.rows_of_list(field, scope.table)?,
        };
        scope.select.offset = self.rows_argument(field, "offset")?;
        let record = self.deeper(field, |planner| planner.figures(scope, chosen, &groups))?;
        if groups.is_empty() && scope.select.columns.is_empty() {
            // Without a figure it would be no aggregate, but a row for each row.
            scope.select.column(Expr::Count(None));
        }
        Ok(record)
    }

    fn figures(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
        groups: &[Group],
    ) -> Result<Record, Fault> {
        let table = scope.table;
        let type_name = format!("{}Aggregate", self.schema.tables[table].type_name);
        let below = chosen.below();
        self.record_of(
            scope,
            &below,
            &type_name,
            |planner, scope, member| match member.field().name.as_str() {
                "count" => planner.count_cell(scope, member),
                "key" => planner.group_key(scope, member, (table, ""), groups),
                _ => planner.family_cell(scope, member),
            },
        )
    }

    fn unknown(&self, field: &Field) -> Fault {
        let message = format!("the field {} is not known here", field.name);
        self.fault(field, "engine.invalid", Kind::Invalid, message)
    }
}
