//! What can fail on a stored value: who asked would learn from the failure that the value is there.

use super::{Cast, Expr, Reference};
use model::Dialect;
use model::schema::Schema;

/// Whether what an expression does with its operands fails on values that a column may hold.
pub(crate) fn can_fail(dialect: Dialect, expr: &Expr) -> bool {
    match expr {
        // SQLite keeps any value in any column, and our functions take only those they are for.
        Expr::Like(..)
        | Expr::LikeAnyCase(..)
        | Expr::EqualAnyCase(..)
        | Expr::Rounded(..)
        | Expr::Masked(..) => dialect == Dialect::Sqlite,
        // PostgreSQL's columns hold JSON and lists; those of the others hold text that may be some.
        Expr::JsonEqual(..)
        | Expr::JsonContains(..)
        | Expr::JsonHasKey(..)
        | Expr::JsonAt(..)
        | Expr::CompareLists(..)
        | Expr::IsEmpty(_) => dialect != Dialect::Postgres,
        Expr::Cast(_, cast) => {
            let is_sure = matches!(cast, Cast::Text | Cast::Float | Cast::Document);
            dialect != Dialect::Sqlite && !is_sure
        }
        Expr::Call(..)
        | Expr::Json(_)
        | Expr::Fitted(..)
        | Expr::Aggregate(..)
        | Expr::Filtered(..)
        | Expr::Bucket(..)
        | Expr::Must(_)
        | Expr::Next(_) => true,
        Expr::Column(_)
        | Expr::Parameter(_)
        | Expr::Number(_)
        | Expr::NumberAndOne(_)
        | Expr::Excluded(..)
        | Expr::Again(..)
        | Expr::Decimal(_)
        | Expr::Bytewise(_)
        | Expr::Rank(..)
        | Expr::Compare(..)
        | Expr::CompareRows(..)
        | Expr::In(..)
        | Expr::OneOf(..)
        | Expr::InKeys(..)
        | Expr::BeginsLike(..)
        | Expr::Search(..)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::Not(_)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Row(_)
        | Expr::GivenRow(_)
        | Expr::Ordinal(_)
        | Expr::Exists(_)
        | Expr::Rule(_)
        | Expr::Guarded(..)
        | Expr::First(_)
        | Expr::Value(_)
        | Expr::Rows(_)
        | Expr::Count(_)
        | Expr::Distinct(_)
        | Expr::NoneKept(_) => false,
    }
}

/// Whether to read a column is to calculate, which can fail: an expression stands for it, or it is
/// one of a view, which its key is trusted not to be.
pub(crate) fn is_calculated(schema: &Schema, reference: Reference) -> bool {
    let table = &schema.tables[reference.table];
    let is_of_view = !table.writable && !table.key.contains(&reference.column);
    is_of_view || table.columns[reference.column].computed.is_some()
}
