//! What the server tells about itself: logs, request metrics, and whether it is alive and ready.
//!
//! Reading order: [`logs`] sets up where events go; [`request`] is the one line every request
//! leaves in the log and in the counters; [`health`] is what the health addresses answer;
//! [`build`] names the running build; [`exposition`] renders all metrics.
//!
//! Invariants: no variable of a request and no secret is ever logged; a request is counted once,
//! when its last byte is handed over or it is given up.

pub mod build;
mod error;
pub mod exposition;
pub mod health;
pub mod logs;
pub mod request;

pub use error::Error;
