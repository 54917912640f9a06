//! Keyset conditions: the rows beyond a cursor in some order.

use super::order::Sort;
use super::planner::Planner;
use super::{CursorPart, Form};
use crate::input::Source;
use crate::plan::filter::conjunction;
use crate::plan::statement::cast;
use crate::sql::{Expr, Operator};
use model::{Codec, Parameter};
use std::sync::Arc;

impl Planner<'_> {
    /// The values of a cursor, as operands beside the columns of the order it was made for.
    pub(crate) fn cursor(&mut self, mark: &str, sorts: &[Sort], source: &Source) -> Vec<Expr> {
        let values = sorts.iter().enumerate().map(|(position, sort)| {
            let labels = match &sort.codec {
                Codec::Enum(labels) => Some(Arc::clone(labels)),
                _ => None,
            };
            let part = CursorPart {
                mark: mark.to_owned(),
                labels,
                position,
                count: sorts.len(),
                nullable: sort.nullable,
            };
            let form = Form::Cursor(Arc::new(part));
            let parameter = Parameter {
                scalar: sort.scalar,
                list: false,
            };
            let value = self.draft.parameter(parameter, source.clone(), form);
            let value = cast(Expr::Parameter(value), sort.cast.clone());
            match sort.expr {
                Expr::Rank(_, index) => Expr::Rank(Box::new(value), index),
                _ => value,
            }
        });
        values.collect()
    }
}

/// The rows after the cursor in that order.
pub(crate) fn beyond(sorts: &[Sort], cursor: &[Expr]) -> Expr {
    if let Some(operator) = uniform(sorts) {
        let columns = sorts.iter().map(|sort| sort.expr.clone()).collect();
        return Expr::CompareRows(operator, columns, cursor.to_vec());
    }
    let steps = (0..sorts.len()).map(|length| {
        let mut parts: Vec<_> = sorts[..length]
            .iter()
            .zip(cursor)
            .map(|(sort, value)| same(sort, value))
            .collect();
        parts.push(past(&sorts[length], &cursor[length]));
        conjunction(parts)
    });
    Expr::Or(steps.collect())
}

/// The rows before the cursor in that order, or at it.
pub(crate) fn up_to(sorts: &[Sort], cursor: &[Expr]) -> Expr {
    let reversed: Vec<_> = sorts.iter().map(Sort::reversed).collect();
    let at = sorts
        .iter()
        .zip(cursor)
        .map(|(sort, value)| same(sort, value));
    Expr::Or(vec![beyond(&reversed, cursor), conjunction(at.collect())])
}

/// The one comparison of rows that says it all, where no column can be NULL and all go one way.
fn uniform(sorts: &[Sort]) -> Option<Operator> {
    let first = sorts.first()?;
    let alike = sorts
        .iter()
        .all(|sort| !sort.nullable && sort.direction.descending == first.direction.descending);
    alike.then_some(if first.direction.descending {
        Operator::Less
    } else {
        Operator::Greater
    })
}

fn same(sort: &Sort, value: &Expr) -> Expr {
    let equal = compare(Operator::Equal, sort, value);
    if !sort.nullable {
        return equal;
    }
    Expr::Or(vec![
        equal,
        Expr::And(vec![is_null(&sort.expr), is_null(value)]),
    ])
}

fn past(sort: &Sort, value: &Expr) -> Expr {
    let operator = if sort.direction.descending {
        Operator::Less
    } else {
        Operator::Greater
    };
    let further = compare(operator, sort, value);
    if !sort.nullable {
        return further;
    }
    let (null, not_null) = if sort.direction.nulls_first {
        (value, &sort.expr)
    } else {
        (&sort.expr, value)
    };
    let over_null = Expr::And(vec![is_null(null), Expr::Not(Box::new(is_null(not_null)))]);
    Expr::Or(vec![further, over_null])
}

fn compare(operator: Operator, sort: &Sort, value: &Expr) -> Expr {
    Expr::Compare(
        operator,
        Box::new(sort.expr.clone()),
        Box::new(value.clone()),
    )
}

fn is_null(expr: &Expr) -> Expr {
    Expr::IsNull(Box::new(expr.clone()))
}
