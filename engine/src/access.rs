//! What callers of some rights may see and do: the schema as it is shown to them, and the rules
//! that their plans carry.
//!
//! A caller sees a row, or a cell of one, that at least one of its roles lets it see. It writes a
//! cell that at least one of them lets it write, in the row as it was and in the row as it becomes.
//! A rule that needs a claim which the caller has not got gives nothing.

mod actor;
mod key;
mod literal;
mod refusals;
mod report;
mod rules;
mod shape;
mod standing;
pub(crate) mod unoffered;
mod view;

pub use key::HashKey;
pub use report::{OfRole, OfRows, Report, report};

pub(crate) use actor::{actor, lasting};
pub(crate) use literal::{Mistake, claims_of, condition, value};
pub(crate) use rules::{Access, Claim, Condition, Ruled, claims_of_rule};
pub(crate) use shape::{Shape, shown};
