//! The shipped binary, driven from outside: over HTTP, by its command line and by signals.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on panics, in its helpers too"
)]

mod access;
mod advice;
mod advise;
mod answers;
mod attack;
mod attacks;
mod bounds;
mod cache;
mod cases;
mod client;
mod collations;
mod command;
mod composites;
mod computed;
mod configuration;
mod constraints;
mod contention;
mod database;
mod dev;
mod differential;
mod documents;
mod extremes;
mod failover;
mod faults;
mod frames;
mod functions;
mod hostile;
mod http;
mod idempotency;
mod indexes;
#[path = "../../../store/tests/it/postgres/instance.rs"]
mod instance;
mod json;
mod kept;
mod kinds;
mod large_rows;
mod limits;
mod lists;
mod login;
mod long_sums;
mod many_rows;
mod mariadb;
#[path = "../../../store/tests/it/mariadb/instance.rs"]
#[expect(dead_code, reason = "the tests of the store do more with it")]
mod mariadb_instance;
mod mistakes;
mod numbers;
mod packing;
mod places;
mod pooler;
mod pools;
mod project;
mod rates;
mod readiness;
mod redis;
mod row_security;
mod rules;
mod search;
mod security;
mod server;
mod shutdown;
mod stage;
mod start;
mod statements;
mod streaming;
mod tenancy;
mod tls;
mod together;
mod trees;
mod trusted;
mod typed;
mod types;
mod unstorable;
mod vectors;
mod verify;
mod warm;
mod who;
mod writes;
