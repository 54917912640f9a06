//! The header by which a client asks what its operation costs.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use model::{Fault, Kind};

const HEADER: HeaderName = HeaderName::from_static("graphql-cost");

/// Whether `extensions.cost` is asked for: `graphql-cost: report`.
pub(super) fn is_asked(headers: &HeaderMap) -> Result<bool, Fault> {
    let mut given = headers.get_all(&HEADER).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"report") => Ok(true),
        _ => {
            let message = "graphql-cost must be given once, as `report`";
            Err(Fault::new("request.graphql_cost", Kind::Malformed, message))
        }
    }
}
