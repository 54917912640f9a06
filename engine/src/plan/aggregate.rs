//! Aggregates: figures over all rows, or over groups.

use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::api::{Grouping, groupings};
use crate::input::Argument;
use crate::plan::filter::conjunction;
use crate::plan::statement::as_float;
use crate::sql::{self, Aggregate, Direction, Expr, Order, Reference, Tree, codec};
use apollo_compiler::executable::Field;
use model::schema::Column;
use model::{Cell, Codec, Dialect, Fault, Kind, Record, Scalar, Use, Weight};

impl<'a> Planner<'a> {
    /// `productAggregate(…)`: one row for each group.
    pub(crate) fn aggregate(&mut self, chosen: &Chosen<'a>, table: usize) -> Result<usize, Fault> {
        let field = chosen.field();
        let mut scope = Scope::new(self.draft.alias(), table);
        self.narrow(field, &mut scope)?;
        let groups = self.groups(field, &mut scope)?;
        self.having(field, &mut scope)?;
        self.limit_groups(field, &mut scope)?;
        let record = self.deeper(field, |planner| {
            planner.figures(&mut scope, chosen, &groups)
        })?;
        if groups.is_empty() && scope.select.columns.is_empty() {
            // Without a figure it would be no aggregate, but a row for each row.
            scope.select.column(Expr::Count(None));
        }
        Ok(self.step(chosen, &Tree::Select(scope.select), Use::Rows(record)))
    }

    fn limit_groups(&mut self, field: &Field, scope: &mut Scope) -> Result<(), Fault> {
        self.weighs(Weight::Bounded);
        if let Some(Argument::Leaf(source)) = self.given(field, "limit")? {
            let limit = self.draft.count(source, None);
            self.bounded_by(limit);
            scope.select.limit = Some(Expr::Parameter(limit));
        }
        if let Some(Argument::Leaf(source)) = self.given(field, "offset")? {
            scope.select.offset = Some(Expr::Parameter(self.draft.count(source, None)));
        }
        Ok(())
    }

    /// The columns of `groupBy`, which also order the groups.
    fn groups(&mut self, field: &Field, scope: &mut Scope) -> Result<Vec<usize>, Fault> {
        let mut groups = Vec::new();
        let Some(Argument::List(items)) = self.given(field, "groupBy")? else {
            return Ok(groups);
        };
        for item in &items {
            let column = self.group(scope, item);
            let column = column.ok_or_else(|| self.wrong(field, "groupBy", "no such column"))?;
            if groups.contains(&column) {
                continue;
            }
            let reference = scope.reference(column);
            scope
                .select
                .group
                .push(sql::comparable(self.schema, reference));
            scope.select.order.push(Order {
                expr: sql::sortable(self.schema, reference),
                direction: Direction::ASCENDING,
                nullable: self.schema.tables[scope.table].columns[column].nullable,
            });
            groups.push(column);
        }
        Ok(groups)
    }

    fn group(&self, scope: &Scope, item: &Argument) -> Option<usize> {
        let Argument::Object(members) = item else {
            return None;
        };
        let (name, _) = members.first()?;
        let columns = &self.schema.tables[scope.table].columns;
        columns.iter().position(|column| column.field == **name)
    }

    fn having(&mut self, field: &Field, scope: &mut Scope) -> Result<(), Fault> {
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
                let operand = self.figure_operand(Expr::Count(None), Scalar::Int);
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
        let family = groupings().into_iter().find(|family| family.field == name);
        let family = family.ok_or("there is no such figure")?;
        let Argument::Object(columns) = member else {
            return Err("expected an object of conditions, found null".to_owned());
        };
        let mut parts = Vec::with_capacity(columns.len());
        for (column, comparisons) in columns {
            let figure = self
                .figure(&family, column, scope)
                .ok_or("there is no such figure")?;
            let operand = self.figure_operand(figure.compared, figure.scalar);
            let part = self.comparisons(comparisons, &operand);
            parts.push(part.map_err(|message| format!("{column}: {message}"))?);
        }
        Ok(conjunction(parts))
    }

    fn figures(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
        groups: &[usize],
    ) -> Result<Record, Fault> {
        let type_name = format!("{}Aggregate", self.schema.tables[scope.table].type_name);
        let below = chosen.below();
        self.record_of(
            scope,
            &below,
            &type_name,
            |planner, scope, member| match member.field().name.as_str() {
                "count" => Ok(Cell::Scalar {
                    column: scope.select.column(Expr::Count(None)),
                    codec: Codec::Scalar(Scalar::Int),
                }),
                "key" => planner.deeper(member.field(), |planner| {
                    planner.group_key(scope, member, groups)
                }),
                _ => planner.deeper(member.field(), |planner| planner.family(scope, member)),
            },
        )
    }

    fn group_key(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
        groups: &[usize],
    ) -> Result<Cell, Fault> {
        let table = &self.schema.tables[scope.table];
        let type_name = format!("{}GroupKey", table.type_name);
        let below = chosen.below();
        let record = self.record_of(scope, &below, &type_name, |planner, scope, member| {
            let name = member.field().name.as_str();
            let mut groups = groups.iter();
            let Some(column) = groups.find(|column| table.columns[**column].field == name) else {
                let message = format!("{name} is selected but not in groupBy");
                let code = "engine.group";
                return Err(planner.fault(member.field(), code, Kind::Invalid, message));
            };
            Ok(planner.scalar(scope, scope.reference(*column)))
        })?;
        Ok(Cell::Object {
            present: None,
            record,
        })
    }

    /// `sum { price }` and its like.
    fn family(&mut self, scope: &mut Scope, chosen: &Chosen<'a>) -> Result<Cell, Fault> {
        let field = chosen.field();
        let unknown = |planner: &Self, field: &Field| {
            let message = format!("the field {} is not known here", field.name);
            planner.fault(field, "engine.invalid", Kind::Invalid, message)
        };
        let family = groupings()
            .into_iter()
            .find(|family| field.name == family.field);
        let family = family.ok_or_else(|| unknown(self, field))?;
        let table = &self.schema.tables[scope.table].type_name;
        let type_name = format!("{table}{}", family.suffix);
        let below = chosen.below();
        let record = self.record_of(scope, &below, &type_name, |planner, scope, member| {
            let figure = planner.figure(&family, &member.field().name, scope);
            let figure = figure.ok_or_else(|| unknown(planner, member.field()))?;
            Ok(Cell::Scalar {
                column: scope.select.column(figure.shown),
                codec: figure.codec,
            })
        })?;
        Ok(Cell::Object {
            present: None,
            record,
        })
    }

    fn figure(&self, family: &Grouping, field: &str, scope: &Scope) -> Option<Figure> {
        let columns = &self.schema.tables[scope.table].columns;
        let index = columns.iter().position(|column| column.field == field)?;
        let column = &columns[index];
        let scalar = (family.result)(column)?;
        let expr = self.figure_of(family.field, column, scope.reference(index));
        let codec = match family.field {
            "sum" | "min" | "max" if scalar == column.scalar => codec(self.schema, column),
            _ => Codec::Scalar(scalar),
        };
        let compared = match (self.schema.dialect, &codec) {
            (Dialect::Sqlite, Codec::Scaled(scale)) => {
                Expr::Rounded(Box::new(expr.clone()), *scale)
            }
            _ => expr.clone(),
        };
        Some(Figure {
            shown: expr,
            compared,
            scalar,
            codec,
        })
    }

    fn figure_of(&self, family: &str, column: &Column, reference: Reference) -> Expr {
        let compared = sql::comparable(self.schema, reference);
        let plain = Expr::Column(reference);
        let (function, operand) = match (family, column.scalar) {
            ("countDistinct", _) => return Expr::Count(Some(Box::new(compared))),
            ("sum", Scalar::Float) => (Aggregate::Sum, as_float(plain)),
            ("sum", Scalar::Int) => (Aggregate::Sum, plain),
            ("sum", _) => (Aggregate::ExactSum, plain),
            ("avg", Scalar::Float) => (Aggregate::Average, as_float(plain)),
            ("avg", _) => (Aggregate::ExactAverage, plain),
            ("min", Scalar::String) => (Aggregate::Minimum, sql::readable(self.schema, reference)),
            ("max", Scalar::String) => (Aggregate::Maximum, sql::readable(self.schema, reference)),
            ("min", _) => (Aggregate::Minimum, compared),
            _ => (Aggregate::Maximum, compared),
        };
        Expr::Aggregate(function, Box::new(operand))
    }
}

/// An aggregate of one column.
struct Figure {
    shown: Expr,
    compared: Expr,
    scalar: Scalar,
    codec: Codec,
}
