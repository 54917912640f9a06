//! What stands inside an expression, one level down.

use super::{Expr, Select};

/// A part of an expression, as it is read.
pub(crate) enum Part<'e> {
    Expr(&'e Expr),
    Select(&'e Select),
}

/// A part of an expression that may be changed.
pub(crate) enum Inside<'e> {
    Expr(&'e mut Expr),
    Select(&'e mut Select),
}

/// The one list of what stands in which expression, for both ways to walk.
macro_rules! hand_over {
    ($expr:expr, $each:expr, $inside:ident) => {
        match $expr {
            Expr::Column(_)
            | Expr::Parameter(_)
            | Expr::Number(_)
            | Expr::NumberAndOne(_)
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
            | Expr::Must(inner)
            | Expr::Masked(inner, _)
            | Expr::Count(Some(inner))
            | Expr::Aggregate(_, inner)
            | Expr::Distinct(inner)
            | Expr::Bucket(inner, ..)
            | Expr::Next(inner) => $each($inside::Expr(inner)),
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
                $each($inside::Expr(left));
                $each($inside::Expr(right));
            }
            Expr::OneOf(left, items) => {
                $each($inside::Expr(left));
                for item in items {
                    $each($inside::Expr(item));
                }
            }
            Expr::CompareRows(_, left, right) => {
                for item in left {
                    $each($inside::Expr(item));
                }
                for item in right {
                    $each($inside::Expr(item));
                }
            }
            Expr::InKeys(items, _)
            | Expr::And(items)
            | Expr::Or(items)
            | Expr::First(items)
            | Expr::Call(_, items) => {
                for item in items {
                    $each($inside::Expr(item));
                }
            }
            Expr::Exists(select) | Expr::Value(select) | Expr::Rows(select) => {
                $each($inside::Select(select));
            }
        }
    };
}

/// Reads each part of an expression.
pub(crate) fn parts(expr: &Expr, each: &mut dyn FnMut(Part<'_>)) {
    hand_over!(expr, each, Part);
}

/// Hands over each part of an expression to be changed.
pub(crate) fn parts_mut(expr: &mut Expr, each: &mut dyn FnMut(Inside<'_>)) {
    hand_over!(expr, each, Inside);
}
