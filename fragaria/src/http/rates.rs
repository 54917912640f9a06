//! Rate limits on the way of a request: what they are told of it, and what clients are told of them.

use super::admission::Admitted;
use super::answer::{Answer, Refusal};
use super::caller::Peer;
use crate::server::Server;
use engine::Operation;
use guard::Error;
use guard::rates::{Visit, Weight};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use model::Fault;
use observe::request::Line;

/// Judges a request by where it came from.
pub(crate) async fn arrive(
    server: &Server,
    peer: &Peer,
    headers: &HeaderMap,
    visit: &mut Visit,
) -> Result<(), Refusal> {
    let believed = server.rates.believed().into_iter();
    let lines = believed.flat_map(|name| headers.get_all(name));
    let lines: Vec<_> = lines.map(HeaderValue::as_bytes).collect();
    Ok(server.rates.arrive(visit, &peer.origin, &lines).await?)
}

/// Judges a request by its operation; one of our own is held to no limit.
pub(crate) async fn weigh(
    server: &Server,
    visit: Option<&mut Visit>,
    admitted: &Admitted,
    (operation, cost): (&Operation, u64),
) -> Result<(), Refusal> {
    let Some(visit) = visit else {
        return Ok(());
    };
    let weight = Weight {
        operation: operation.name().unwrap_or_default(),
        cost,
    };
    Ok(server.rates.weigh(visit, &admitted.caller, weight).await?)
}

/// The answer with what its client is told of the limits it met.
pub(crate) fn tell(server: &Server, visit: &Visit, line: &mut Line, answer: Answer) -> Answer {
    line.entry().limit = visit.passed().map(Into::into);
    let fields = server.rates.fields(visit).into_iter();
    fields.fold(
        answer,
        |answer, (name, value)| match HeaderValue::from_str(&value) {
            Ok(value) => answer.valued(HeaderName::from_static(name), value),
            Err(_) => answer,
        },
    )
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, retry_after) = match &error {
            Error::Exceeded { retry_after, .. } => (StatusCode::TOO_MANY_REQUESTS, *retry_after),
            Error::Forwarded => (StatusCode::BAD_REQUEST, None),
            Error::Redis(_) => (StatusCode::INTERNAL_SERVER_ERROR, None),
            _ => return Fault::from(error).into(),
        };
        Self::new(status, Fault::from(error)).retry_after(retry_after)
    }
}
