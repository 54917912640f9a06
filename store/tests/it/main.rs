//! The store seen through its public door, over SQLite files and databases of its own on servers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail as the test itself may"
)]

mod bounds;
mod catalog;
mod changes;
mod codecs;
mod mariadb;
mod nesting;
mod postgres;
mod reads;
mod scripts;
mod shop;
mod writes;

use postgres::instance;
