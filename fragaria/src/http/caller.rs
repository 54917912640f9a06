//! Who sends a request.

use crate::server::{Server, Stage};
use hyper::HeaderMap;
use model::{Caller, Claims, Fault, Kind, Rights, Roles};
use serde::Deserialize;

/// The header by which somebody who develops a project asks as if it were another.
const AS: &str = "fragaria-as";

/// Who somebody wants to be taken for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct As {
    roles: Vec<String>,
    #[serde(default)]
    claims: serde_json::Map<String, serde_json::Value>,
}

/// The caller of a request.
pub(super) fn of(server: &Server, headers: &HeaderMap) -> Result<Caller, Fault> {
    let mut wishes = headers.get_all(AS).iter();
    match (server.stage, wishes.next(), wishes.next()) {
        (Stage::Development, None, _) => Ok(Caller::development()),
        (Stage::Development, Some(wish), None) => taken_for(wish.as_bytes()),
        (Stage::Service, None, _) if server.config.auth.open => Ok(Caller::development()),
        (Stage::Service, None, _) => Ok(nobody()),
        (_, Some(_), _) => {
            let message = "fragaria-as is for `fragaria dev`, once in a request";
            Err(Fault::new("auth.as", Kind::Malformed, message))
        }
    }
}

/// Whoever holds no role.
fn nobody() -> Caller {
    Caller {
        name: "nobody".into(),
        rights: Rights::Of(Roles::default()),
        claims: Claims::default(),
        tenant: None,
    }
}

fn taken_for(wish: &[u8]) -> Result<Caller, Fault> {
    let wish: As = serde_json::from_slice(wish).map_err(|error| {
        let message = format!(
            "fragaria-as is JSON such as {{\"roles\": [\"clerk\"], \"claims\": {{\"tenant\": 1}}}}: {error}"
        );
        Fault::new("auth.as", Kind::Malformed, message)
    })?;
    Ok(Caller {
        rights: Rights::Of(wish.roles.iter().map(String::as_str).collect()),
        claims: wish.claims.into(),
        ..Caller::development()
    })
}
