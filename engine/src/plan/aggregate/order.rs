//! Orders by figures: of groups, and of rows by figures over their lists.

use super::super::order::{Sort, Way, direction, only};
use super::super::planner::Planner;
use super::super::read::Scope;
use super::figure::{Figure, family};
use super::group::Group;
use crate::input::Argument;
use crate::sql::{Expr, Order};
use apollo_compiler::executable::Field;
use model::schema::Relation;
use model::{Fault, Kind};

impl Planner<'_> {
    /// The order a field asks its groups in, made total by their keys.
    pub(super) fn group_order(
        &mut self,
        field: &Field,
        scope: &Scope,
        groups: &[Group],
    ) -> Result<Vec<Order>, Fault> {
        let mut orders: Vec<Order> = Vec::new();
        if let Some(Argument::List(items)) = self.given(field, "orderBy")? {
            for item in &items {
                let order = self.order_of(field, scope, groups, item)?;
                if orders.iter().all(|known| known.expr != order.expr) {
                    orders.push(order);
                }
                self.bound_order(field, orders.len())?;
            }
        }
        for group in groups {
            if orders.iter().all(|known| known.expr != group.order.expr) {
                orders.push(group.order.clone());
            }
        }
        Ok(orders)
    }

    fn order_of(
        &self,
        field: &Field,
        scope: &Scope,
        groups: &[Group],
        item: &Argument,
    ) -> Result<Order, Fault> {
        let wrong = |message: String| self.wrong(field, "orderBy", &message);
        let (name, member) = only(item).map_err(wrong)?;
        if name == "key" {
            return self.order_by_key(field, groups, member);
        }
        let (figure, word, _) = self.figure_named(scope, item).map_err(wrong)?;
        Ok(Order {
            expr: figure.compared(self.schema, figure.expr.clone()),
            direction: direction(word).ok_or_else(|| wrong("expected a direction".to_owned()))?,
            nullable: figure.nullable,
        })
    }

    fn order_by_key(
        &self,
        field: &Field,
        groups: &[Group],
        member: &Argument,
    ) -> Result<Order, Fault> {
        let wrong = |message: String| self.wrong(field, "orderBy", &message);
        let mut path = String::new();
        let mut member = member;
        let direction = loop {
            if let Some(direction) = direction(member) {
                break direction;
            }
            let (name, inner) = only(member).map_err(wrong)?;
            path = if path.is_empty() {
                name.to_string()
            } else {
                format!("{path}.{name}")
            };
            member = inner;
        };
        let Some(group) = groups.iter().find(|group| group.path == path) else {
            let message = format!("{path} is in orderBy but not in groupBy");
            return Err(self.fault(field, "engine.group", Kind::Invalid, message));
        };
        Ok(Order {
            direction,
            ..group.order.clone()
        })
    }

    /// The figure `{ count: … }` or `{ sum: { price: … } }` is about, what stands at its end, and
    /// its path.
    fn figure_named<'i>(
        &self,
        scope: &Scope,
        item: &'i Argument,
    ) -> Result<(Figure, &'i Argument, String), String> {
        let (name, member) = only(item)?;
        if name == "count" {
            return Ok((Figure::count(), member, name.to_string()));
        }
        let family = family(name).ok_or_else(|| format!("{name} is not a figure"))?;
        let (column, word) = only(member)?;
        let figure = self.figure(&family, column, scope);
        let path = format!("{name}.{column}");
        let figure = figure.ok_or_else(|| format!("{path} is not a figure"))?;
        Ok((figure, word, path))
    }

    /// The order of rows by a figure over the rows of a list they have.
    pub(crate) fn figure_sort(
        &mut self,
        way: &Way<'_>,
        relation: &Relation,
    ) -> Result<Sort, String> {
        let mut inner = self.related(way.alias, way.table, relation);
        let (figure, word, path) = self.figure_named(&inner, way.member)?;
        inner.select.column(figure.expr.clone());
        let value = Expr::Value(Box::new(inner.select));
        Ok(Sort {
            path: format!("{}.{path}", way.path),
            expr: figure.compared(self.schema, value.clone()),
            shown: figure.readable(value),
            codec: figure.codec,
            scalar: figure.scalar,
            cast: figure.cast,
            direction: direction(word).ok_or("expected a direction")?,
            nullable: figure.nullable,
        })
    }
}
