//! Whom somebody wants to be taken for, who could do everything anyway.

use model::{Caller, Claims, Rights};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How it is written.
pub(crate) const EXAMPLE: &str = r#"{"roles": ["clerk"], "claims": {"tenant": 1}}"#;

/// The roles and claims of a caller, and its tenant: a claim too, as with keys and certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakenFor {
    /// Names of roles; those that the schema does not have mean nothing.
    pub(crate) roles: Vec<String>,
    /// What is known of it.
    #[serde(default)]
    pub(crate) claims: Map<String, Value>,
    /// Whose data it works with.
    #[serde(default)]
    tenant: Option<String>,
}

/// Nobody else, in the place of a tenant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Within {
    tenant: String,
}

impl TakenFor {
    /// The caller that has them.
    pub(crate) fn caller(self) -> Caller {
        Caller {
            rights: Rights::Of(self.roles.iter().map(String::as_str).collect()),
            claims: Claims::of_tenant(self.claims, self.tenant.as_deref()),
            tenant: self.tenant.map(Into::into),
            ..Caller::development()
        }
    }
}

/// The caller that is meant: with nothing but a tenant, whoever develops, in its place.
pub(crate) fn read(wish: &[u8]) -> serde_json::Result<Caller> {
    if let Ok(Within { tenant }) = serde_json::from_slice(wish) {
        return Ok(Caller {
            tenant: Some(tenant.into()),
            ..Caller::development()
        });
    }
    serde_json::from_slice(wish).map(TakenFor::caller)
}
