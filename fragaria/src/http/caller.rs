//! Who sends a request.

use crate::server::{Server, Stage};
use guard::Presented;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use model::{Caller, Fault, Kind, Rights};
use observe::request::Line;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;

/// The header by which somebody who develops a project asks as if it were another.
const AS: &str = "fragaria-as";

/// The other end of a connection.
pub(crate) struct Peer {
    /// Where it is.
    pub(crate) address: IpAddr,
    /// The certificate it came with, where callers are told apart by theirs.
    pub(crate) certificate: Option<Presented>,
}

/// Who somebody wants to be taken for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct As {
    #[serde(default)]
    roles: Option<Vec<String>>,
    #[serde(default)]
    claims: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    tenant: Option<String>,
}

/// The caller of a request: whoever its credentials say, or in development whoever it wants to be
/// taken for. Why nobody knows is for the log.
pub(super) async fn of(
    server: &Server,
    (peer, headers): (&Peer, &HeaderMap),
    line: &Line,
) -> Result<Arc<Caller>, Fault> {
    let certificate = peer.certificate.as_ref();
    if let Some(wish) = wish(server, headers, certificate.is_some())? {
        return taken_for(wish.as_bytes()).map(Arc::new);
    }
    let caller = server.doorkeeper.identify(headers, certificate).await;
    caller.map_err(|error| {
        tracing::info!(request_id = line.request_id(), detail = %error, "the caller is not known");
        error.into()
    })
}

/// Whom the request wants to be taken for. That is a credential, too.
fn wish<'a>(
    server: &Server,
    headers: &'a HeaderMap,
    is_certified: bool,
) -> Result<Option<&'a HeaderValue>, Fault> {
    let mut wishes = headers.get_all(AS).iter();
    match (server.stage, wishes.next(), wishes.next()) {
        (_, None, _) => Ok(None),
        (Stage::Development, Some(_), None)
            if is_certified || server.doorkeeper.is_shown_any(headers) =>
        {
            Err(guard::Error::Ambiguous.into())
        }
        (Stage::Development, wish, None) => Ok(wish),
        (_, Some(_), _) => {
            let message = "fragaria-as is for `fragaria dev`, once in a request";
            Err(Fault::new("auth.as", Kind::Malformed, message))
        }
    }
}

fn taken_for(wish: &[u8]) -> Result<Caller, Fault> {
    let malformed = |why: String| {
        let message = format!(
            "fragaria-as is JSON such as {{\"roles\": [\"clerk\"], \"claims\": {{\"tenant\": 1}}}}: {why}"
        );
        Fault::new("auth.as", Kind::Malformed, message)
    };
    let wish = serde_json::from_slice(wish);
    let wish: As = wish.map_err(|error| malformed(error.to_string()))?;
    let rights = match (&wish.roles, &wish.tenant) {
        (Some(roles), _) => Rights::Of(roles.iter().map(String::as_str).collect()),
        // Whoever develops is held to no rule, in whichever tenant.
        (None, Some(_)) if wish.claims.is_empty() => Rights::All,
        (None, _) => return Err(malformed("missing field `roles`".to_owned())),
    };
    Ok(Caller {
        rights,
        claims: wish.claims.into(),
        tenant: wish.tenant.map(Into::into),
        ..Caller::development()
    })
}
