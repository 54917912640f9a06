//! The store room: the only one that knows drivers; it runs a [`model::Script`] and writes JSON.
//!
//! Reading order: [`Config`] says which database and within which bounds; [`Database`] is the door;
//! a script's answer is a [`Reply`], whole or in chunks, written by `json` straight from the
//! driver's bytes; `idempotency` is about writes that are asked for again, `keys` and `revocations`
//! about what callers show, `changes` about what others change meanwhile; what goes wrong is an [`Error`], for the log, and becomes a [`model::Fault`].
//!
//! Invariants: all of a script happens in one snapshot or one transaction; nothing of a write is
//! answered before its commit succeeded; every queue, buffer and wait has a bound; a dropped reply
//! or future stops the work it asked for, and never anybody else's; no tree is built of rows
//! or of the JSON in them.

mod address;
mod answer;
mod backoff;
mod breach;
mod changes;
mod config;
mod database;
mod digits;
mod doors;
mod error;
mod gate;
mod idempotency;
mod job;
mod json;
mod keys;
mod large;
mod line;
mod mariadb;
mod metrics;
mod ours;
mod patience;
mod postgres;
mod reply;
mod retries;
mod revocations;
mod shelf;
mod shown;
mod snag;
mod sqlite;
mod temporal;
mod tls;

pub use address::{dialect, with_password};
pub use changes::{Changes, Followed, Generation, State};
pub use config::{Config, Following, Idempotency, Mariadb, Pooler, Postgres, Sqlite};
pub use database::{Database, Manner};
pub use digits::hexadecimal;
pub use error::{Error, Failure};
pub use gate::{Admittance, Entering, Gate};
pub use keys::{Keys, PAGE};
pub use reply::{Chunks, Reply};
pub use revocations::{Revocations, TakenBack};
pub use shown::{serialize as serialize_address, without_password};
pub use sqlite::{sqlite_file, sqlite_url};
