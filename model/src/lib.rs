//! The words every room shares: no I/O and no policy, only what one room must say to another.
//!
//! Reading order: a live database is a [`Catalog`]; people edit it as SDL, which compiles to a
//! [`Schema`]; a request against the schema becomes a [`Script`] of [`Statement`]s with bound
//! [`Value`]s, whose rows are written as JSON after the plan of a [`Record`]. Whatever goes wrong
//! is a [`Fault`] on the wire and a [`Diagnostic`] in a terminal.
//!
//! Invariants: nothing here reads a file, a socket, a clock or the environment on its own; every
//! number that can exceed 53 bits is held as an integer or as its digits, never as a float.

mod access;
mod actor;
pub mod api_key;
mod caller;
pub mod catalog;
mod clock;
mod diagnostic;
mod dialect;
mod extract;
mod fault;
mod footprint;
pub mod metric;
mod once;
pub mod outward;
mod query_plan;
mod relation;
pub mod revocation;
pub mod row_security;
mod scalar;
pub mod schema;
mod secret;
mod signer;
mod statement;
mod statistics;
mod value;

pub use access::{Action, Grant, Mask, Role, Rule};
pub use actor::Actor;
pub use caller::{Caller, Claims, Rights, Roles};
pub use catalog::Catalog;
pub use clock::{Clock, SystemClock};
pub use diagnostic::{Diagnostic, Level, Place};
pub use dialect::Dialect;
pub use extract::{Extract, ExtractKind, ExtractMember, ExtractPart};
pub use fault::{Fault, Kind};
pub use footprint::{Act, Footprint};
pub use once::Once;
pub use query_plan::{Explained, PlanNode, QueryPlan, Work};
pub use relation::Relation;
pub use scalar::Scalar;
pub use schema::Schema;
pub use secret::{REDACTED, Secret};
pub use signer::Signer;
pub use statement::{
    Argument, Case, Cases, Cell, Codec, Content, Expectation, Field, Label, NOT_AS_IT_MUST, Page,
    PageField, PageInfo, PagePart, Parameter, Part, Record, Refusal, Root, Script, Statement, Step,
    Use, Weight,
};
pub use statistics::{Index, IndexPart, Statistics, TableStatistics};
pub use value::Value;
