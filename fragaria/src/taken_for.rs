//! Whom somebody wants to be taken for, who could do everything anyway.

use model::{Caller, Rights};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How it is written.
pub(crate) const EXAMPLE: &str = r#"{"roles": ["clerk"], "claims": {"tenant": 1}}"#;

/// The roles and claims of a caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakenFor {
    /// Names of roles; those that the schema does not have mean nothing.
    pub(crate) roles: Vec<String>,
    /// What is known of it.
    #[serde(default)]
    pub(crate) claims: Map<String, Value>,
}

impl TakenFor {
    /// The caller that has them.
    pub(crate) fn caller(self) -> Caller {
        Caller {
            rights: Rights::Of(self.roles.iter().map(String::as_str).collect()),
            claims: self.claims.into(),
            ..Caller::development()
        }
    }
}
