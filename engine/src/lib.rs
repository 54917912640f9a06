//! GraphQL text in, SQL out: the schema compiler, the generated API, and the planner.
//!
//! Synchronous and pure: nothing here waits, reads a file, or knows a driver. Reading order:
//! `sdl` and `compile` (files to schema), `scaffold` and `names` (a database to SDL), `drift` and
//! `diff` (what differs), `artefact` (a schema as hashed text), `trusted` (documents that are compiled with it), `api` (tables to a type system),
//! `cost` (what the API says it costs), `prepare` (text to an operation), `json` (what a parser lets pass), `input` (values to structure and leaves), `plan` (an
//! operation to a script of `sql` trees), `bind` (values to parameters), `engine` (all of it
//! behind two cached calls), `explain` (what the rules come to for a row and a caller), `rehearsal`
//! (scripts of which nothing stays), `advice` (what statements want of indexes).
//!
//! Invariants: no name and no value from a request enters SQL text; identifiers come from the
//! schema alone; a plan is made for one access shape and one structure of variables.

mod access;
mod advice;
mod api;
pub mod artefact;
mod bind;
mod compile;
mod config;
mod cost;
mod diff;
mod distinct;
mod drift;
mod engine;
mod explain;
mod input;
mod introspect;
mod json;
mod metrics;
mod names;
mod plan;
mod prepare;
mod proof;
mod rehearsal;
mod scaffold;
mod sdl;
mod search;
mod sql;
mod token;
pub mod trusted;
mod types;
mod ways;

pub use access::{HashKey, OfRole, OfRows, Report, report};
pub use advice::{Asked, Asker, Blocked, BlockedRule, Left, Obstacle, Question, Want, Why};
pub use bind::Bound;
pub use compile::{Compiled, Source, compile, locate, part_of_role};
pub use config::{Config, Introspection};
pub use diff::{Change, Sight, diff, diff_documents};
pub use drift::{Trial, UNPROTECTED, acted_as, drift, row_security, served, trials};
pub use engine::{Ahead, Ask, Engine, Error, Inexplicable, Inquiry, Named, Writing};
pub use explain::{Explaining, Explanation, OfField, OfRule, Sight as FieldSight, Standing, Told};
pub use json::{Flaw, flaw};
pub use plan::{Inserts, Keeping};
pub use prepare::{Operation, OperationKind};
pub use rehearsal::rehearsal;
pub use scaffold::{Scaffold, scaffold};
pub use types::natives;
pub use ways::{Shown, Unshown, prove};
