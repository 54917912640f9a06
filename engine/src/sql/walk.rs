//! What stands inside an expression, one level down.

use super::{Expr, Select};

/// A part of an expression.
pub(crate) enum Inside<'e> {
    Expr(&'e mut Expr),
    Select(&'e mut Select),
}

/// Hands over each part of an expression.
pub(crate) fn parts(expr: &mut Expr, each: &mut dyn FnMut(Inside<'_>)) {
    match expr {
        Expr::Column(_)
        | Expr::Parameter(_)
        | Expr::Excluded(..)
        | Expr::Search(..)
        | Expr::Row(_)
        | Expr::GivenRow(_)
        | Expr::Ordinal(_)
        | Expr::Count(None)
        | Expr::NoneKept(_) => {}
        Expr::Cast(inner, _)
        | Expr::Again(_, inner)
        | Expr::Decimal(inner)
        | Expr::Bytewise(inner)
        | Expr::Rounded(inner, _)
        | Expr::Json(inner)
        | Expr::Fitted(inner, ..)
        | Expr::Rank(inner, _)
        | Expr::In(inner, _)
        | Expr::JsonAt(inner, _)
        | Expr::IsEmpty(inner)
        | Expr::IsNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::Not(inner)
        | Expr::Rule(inner)
        | Expr::Count(Some(inner))
        | Expr::Aggregate(_, inner)
        | Expr::Distinct(inner)
        | Expr::Bucket(inner, ..)
        | Expr::Next(inner) => each(Inside::Expr(inner)),
        Expr::Compare(_, left, right)
        | Expr::Like(left, right)
        | Expr::BeginsLike(left, right)
        | Expr::LikeAnyCase(left, right)
        | Expr::EqualAnyCase(left, right)
        | Expr::JsonEqual(left, right)
        | Expr::JsonContains(left, right)
        | Expr::JsonHasKey(left, right)
        | Expr::CompareLists(_, left, right)
        | Expr::Guarded(left, right)
        | Expr::Filtered(left, right) => {
            each(Inside::Expr(left));
            each(Inside::Expr(right));
        }
        Expr::OneOf(left, items) => {
            each(Inside::Expr(left));
            all(items, each);
        }
        Expr::CompareRows(_, left, right) => {
            all(left, each);
            all(right, each);
        }
        Expr::InKeys(items, _) | Expr::And(items) | Expr::Or(items) | Expr::Call(_, items) => {
            all(items, each);
        }
        Expr::Exists(select) | Expr::Value(select) | Expr::Rows(select) => {
            each(Inside::Select(select));
        }
    }
}

fn all(exprs: &mut [Expr], each: &mut dyn FnMut(Inside<'_>)) {
    for expr in exprs {
        each(Inside::Expr(expr));
    }
}
