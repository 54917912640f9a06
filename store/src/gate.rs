//! Who is asked before a connection is given to what keeps it as long as its receiver likes.

use crate::Error;
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::Instant;

/// Keeps somebody from having the connections of all others: it counts what is read in one's name, and
/// lets no more of that through than one may have.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Lets one more through once there is room for it, if that is soon enough; [`Error::Crowded`] else.
    fn enter(self: Arc<Self>, until: Instant) -> Entering;
}

/// What was let through, until this is dropped: its connection is free then.
pub type Admittance = Box<dyn Any + Send + Sync>;

/// What waits to be let through.
pub type Entering = Pin<Box<dyn Future<Output = Result<Admittance, Error>> + Send>>;

/// Passes a gate, if there is one.
pub(crate) async fn pass(
    gate: Option<&Arc<dyn Gate>>,
    until: Instant,
) -> Result<Option<Admittance>, Error> {
    match gate {
        Some(gate) => Arc::clone(gate).enter(until).await.map(Some),
        None => Ok(None),
    }
}
