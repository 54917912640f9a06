//! Who is calling, and how much they may.
//!
//! What a caller may see is not decided here but in the plans of `engine`, which are made for the
//! [`model::Rights`] this room finds out. How often it may ask is: by [`rates`].
//!
//! Invariants: a credential that is no good is never nobody; what cannot be found out is refused; a
//! token is written nowhere.

mod address;
pub mod api_key;
mod config;
mod error;
pub mod load;
mod metrics;
pub mod rates;
pub mod seal;
pub mod share;
mod who;

pub use address::{Origin, counted, is_loopback};
pub use config::{
    Algorithm, ApiKeys, Certificate, Claim, Config, Introspection, Issuer, Revocations,
};
pub use error::{Blemish, Error, Flaw, INVALID, KeyFlaw};
pub use who::{API_KEY, Doorkeeper, Presented, World};
