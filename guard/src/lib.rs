//! Who is calling, and how much they may.
//!
//! What a caller may see is not decided here but in the plans of `engine`, which are made for the
//! [`model::Rights`] this room finds out.

mod config;
pub mod load;

pub use config::Config;
