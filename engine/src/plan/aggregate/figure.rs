//! One figure: how it is asked for, shown, compared and ordered by.

use super::super::filter::Operand;
use super::super::planner::Planner;
use super::super::read::Scope;
use super::super::selection::Chosen;
use crate::api::{Grouping, groupings};
use crate::plan::statement::as_float;
use crate::sql::{self, Aggregate, Cast, Expr, Reference, codec};
use apollo_compiler::executable::Field;
use model::schema::{Column, Schema};
use model::{Cell, Codec, Dialect, Fault, Scalar};

/// A count, or an aggregate of one column.
pub(crate) struct Figure {
    pub(crate) expr: Expr,
    pub(crate) scalar: Scalar,
    pub(crate) codec: Codec,
    /// How a value is converted before it is compared with the figure.
    pub(crate) cast: Option<Cast>,
    /// Whether it is NULL over no values.
    pub(crate) nullable: bool,
    /// Whether it leaves the database as text, which is not what it is compared as.
    as_text: bool,
}

impl Figure {
    /// The number of rows.
    pub(crate) fn count() -> Self {
        Self {
            expr: Expr::Count(None),
            scalar: Scalar::Int,
            codec: Codec::Scalar(Scalar::Int),
            cast: None,
            nullable: false,
            as_text: false,
        }
    }

    /// The figure of a family over a column; `None` where it has no meaning.
    pub(crate) fn of_column(
        schema: &Schema,
        family: &Grouping,
        reference: Reference,
    ) -> Option<Self> {
        let column = &schema.tables[reference.table].columns[reference.column];
        let scalar = (family.result)(column)?;
        let extreme = sql::extreme(schema, reference);
        let is_value = matches!(extreme, Expr::Column(_));
        let is_own = matches!(family.suffix, "Min" | "Max");
        Some(Self {
            codec: match family.suffix {
                "Sum" | "Min" | "Max" if scalar == column.scalar => codec(schema, column),
                _ => Codec::Scalar(scalar),
            },
            cast: match (is_own, is_value) {
                (false, _) => sql::figure_cast(schema, column, scalar),
                (true, true) => sql::parameter_cast(schema, column),
                (true, false) => None,
            },
            as_text: is_own && is_value && sql::readable(schema, reference) != extreme,
            expr: over_column(schema, family, (column, reference)),
            scalar,
            nullable: family.suffix != "CountDistinct",
        })
    }

    /// The left side of comparisons, where that expression gives the figure.
    pub(crate) fn compared(&self, schema: &Schema, expr: Expr) -> Expr {
        let decimal = schema.dialect == Dialect::Sqlite && self.scalar == Scalar::Decimal;
        match self.codec {
            Codec::Scaled(scale) if decimal => {
                Expr::Decimal(Box::new(Expr::Rounded(Box::new(expr), scale)))
            }
            _ if decimal => Expr::Decimal(Box::new(expr)),
            _ => expr,
        }
    }

    /// What leaves the database, where that expression gives the figure.
    pub(crate) fn readable(&self, expr: Expr) -> Expr {
        if self.as_text {
            Expr::Cast(Box::new(expr), Cast::Text)
        } else {
            expr
        }
    }

    /// The figure as an operand.
    pub(super) fn operand(self, schema: &Schema) -> Operand {
        Operand {
            compared: self.compared(schema, self.expr.clone()),
            text: self.readable(self.expr.clone()),
            scalar: self.scalar,
            cast: self.cast,
        }
    }
}

fn over_column(
    schema: &Schema,
    family: &Grouping,
    (column, reference): (&Column, Reference),
) -> Expr {
    let compared = sql::comparable(schema, reference);
    let plain = Expr::Column(reference);
    let (function, operand) = match (family.suffix, column.scalar) {
        ("CountDistinct", _) => return Expr::Count(Some(Box::new(compared))),
        ("Sum", Scalar::Float) => (Aggregate::Sum, as_float(plain)),
        ("Sum", Scalar::Int) => (Aggregate::Sum, plain),
        ("Sum", _) if family.distinct => (Aggregate::ExactSum, compared),
        ("Sum", _) => (Aggregate::ExactSum, plain),
        ("Avg", Scalar::Float) => (Aggregate::Average, as_float(plain)),
        ("Avg", _) if family.distinct => (Aggregate::ExactAverage, compared),
        ("Avg", _) => (Aggregate::ExactAverage, plain),
        ("Min", Scalar::String | Scalar::Float) => {
            (Aggregate::Minimum, sql::extreme(schema, reference))
        }
        ("Max", Scalar::String | Scalar::Float) => {
            (Aggregate::Maximum, sql::extreme(schema, reference))
        }
        ("Min", _) => (Aggregate::Minimum, compared),
        _ => (Aggregate::Maximum, compared),
    };
    let operand = Box::new(operand);
    let operand = if family.distinct {
        Box::new(Expr::Distinct(operand))
    } else {
        operand
    };
    Expr::Aggregate(function, operand)
}

/// The family of that field.
pub(crate) fn family(name: &str) -> Option<Grouping> {
    groupings().into_iter().find(|family| family.field == name)
}

impl<'a> Planner<'a> {
    /// The figure of a family over the column of that field.
    pub(crate) fn figure(&self, family: &Grouping, name: &str, scope: &Scope) -> Option<Figure> {
        let columns = &self.schema.tables[scope.table].columns;
        let column = columns.iter().position(|column| column.field == name)?;
        Figure::of_column(self.schema, family, scope.reference(column))
    }

    /// `count`.
    pub(super) fn count_cell(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let filter = self.figure_filter(chosen.field(), scope)?;
        Ok(shown(scope, Figure::count(), filter.as_ref()))
    }

    /// `sum { price }` and its like.
    pub(super) fn family_cell(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let field = chosen.field();
        let family = family(&field.name).ok_or_else(|| self.unknown(field))?;
        let filter = self.figure_filter(field, scope)?;
        let table = &self.schema.tables[scope.table].type_name;
        let type_name = format!("{table}{}", family.suffix);
        let below = chosen.below();
        let record = self.deeper(field, |planner| {
            planner.record_of(scope, &below, &type_name, |planner, scope, member| {
                let figure = planner.figure(&family, &member.field().name, scope);
                let figure = figure.ok_or_else(|| planner.unknown(member.field()))?;
                Ok(shown(scope, figure, filter.as_ref()))
            })
        })?;
        Ok(Cell::Object {
            present: None,
            record,
        })
    }

    /// The `where` of a figure: which rows of a group it is over.
    fn figure_filter(&mut self, field: &Field, scope: &Scope) -> Result<Option<Expr>, Fault> {
        let condition = self.condition_argument(field, "where", Some(scope.table))?;
        let Some(condition) = condition else {
            return Ok(None);
        };
        let condition = self.condition(&condition, scope.table, scope.alias);
        condition
            .map(Some)
            .map_err(|message| self.wrong(field, "where", &message))
    }
}

fn shown(scope: &mut Scope, figure: Figure, filter: Option<&Expr>) -> Cell {
    let over = figure.expr.clone();
    let expr = match filter {
        Some(condition) => Expr::Filtered(Box::new(over), Box::new(condition.clone())),
        None => over,
    };
    Cell::Scalar {
        column: scope.select.column(figure.readable(expr)),
        codec: figure.codec,
    }
}
