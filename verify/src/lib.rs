//! What an API must answer, told by an evaluator that knows neither `engine` nor `store`.
//!
//! Reading order: `catalogue` says what tables are like, `value` and `decimal` what is in them,
//! `world` which rows they have; `request` is what GraphQL would say, `render` its text;
//! `reference` walks a request over a world and gives the `answer` that must come.
//!
//! Invariants: nothing here reads what the product made; the same tables, rows and request give
//! the same answer. A request that names what its tables do not have is a mistake of the one who
//! made it up, and panics.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "requests are made up by the one who asks for their answers"
)]

pub mod answer;
pub mod bed;
mod calendar;
pub mod catalogue;
pub mod decimal;
pub mod matrix;
pub mod natives;
pub mod offered;
pub mod reference;
pub mod render;
pub mod request;
pub mod value;
pub mod world;
