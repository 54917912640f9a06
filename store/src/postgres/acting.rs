//! Acting as a role of the database until the transaction ends.
//!
//! All is set for the transaction alone, by bound values, so the connection has nothing of it left
//! for the next request. What is ours in the same transaction is done as the login.

use super::session::{Request, Session};
use crate::Error;
use crate::idempotency::statement;
use crate::snag::{Kind, Snag};
use futures_util::TryStreamExt;
use model::{Actor, Scalar, Value};
use std::pin::pin;

/// The role comes last: what is before it is set as the login.
const ACT: &str = "SELECT pg_catalog.set_config('fragaria.claims', $1, true), \
     pg_catalog.set_config('fragaria.caller', $2, true), \
     pg_catalog.set_config('fragaria.tenant', $3, true), \
     pg_catalog.set_config('role', $4, true)";

const BECOME: &str = "SELECT pg_catalog.set_config('role', $1, true)";

/// Whoever the connection was made as.
const LOGIN: &str = "SET LOCAL role TO DEFAULT";

/// Acts as somebody from here on, if as anybody.
pub(super) async fn act(session: &Session, actor: Option<&Actor>) -> Result<(), Snag> {
    let Some(actor) = actor else { return Ok(()) };
    let Actor {
        role,
        claims,
        caller,
        tenant,
    } = actor;
    set(session, ACT, [claims, caller, tenant, role]).await
}

/// Takes on a role, and nothing else.
pub(super) async fn become_role(session: &Session, role: &str) -> Result<(), Snag> {
    set(session, BECOME, [role]).await
}

/// Does something as the login in the midst of what is done as somebody.
pub(super) async fn as_login<T>(
    session: &Session,
    actor: Option<&Actor>,
    work: impl Future<Output = Result<T, Snag>>,
) -> Result<T, Snag> {
    let Some(actor) = actor else {
        return work.await;
    };
    session.send(Request::Control(LOGIN)).await?;
    let done = work.await?;
    // Triggers that wait for the commit are the caller's.
    become_role(session, &actor.role).await?;
    Ok(done)
}

async fn set<const N: usize>(session: &Session, sql: &str, values: [&str; N]) -> Result<(), Snag> {
    let given = values.map(|text| (Scalar::String, Value::Text(text.into())));
    let (statement, arguments) = statement(sql, given);
    let rows = session.query_unnamed(&statement, &arguments, sql).await;
    let mut rows = pin!(rows.map_err(denied)?);
    while rows
        .try_next()
        .await
        .map_err(|error| denied(error.into()))?
        .is_some()
    {}
    Ok(())
}

/// A role that is not there, or that the login may not act as, is the operator's to mend.
fn denied(snag: Snag) -> Snag {
    let is_away = snag.error.is_away() || matches!(snag.error, Error::Serialization(_));
    if snag.kind != Kind::Refused || is_away {
        return snag;
    }
    Snag::refused(Error::Denied(format!(
        "to act as the role of the caller: {}",
        snag.error
    )))
}
