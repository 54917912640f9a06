//! How callers are told apart.

use serde::{Deserialize, Serialize};

/// How callers are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether everybody who reaches the server may read and write everything: for a schema without
    /// access rules, on loopback only.
    pub open: bool,
}
