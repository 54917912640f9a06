//! Connections that a request holds alone: for transactions, for streams and for all writes.
//!
//! Only these are ever sent a cancel request. A connection goes back to the pool only when all
//! that was asked on it is answered and no cancel request is under way; any other is cleared up
//! in the background and dropped, keeping its place in the pool until the server is done with it.

use super::connector::Connector;
use super::session::Session;
use crate::line::{Connects, Line, Makers, Purpose, Taken};
use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use crate::{Config, Error};
use deadpool::managed::Object;
use model::metric::Gauge;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long the server is given to stop and to roll back.
const CLEARING: Duration = Duration::from_secs(5);

/// The pool.
pub(super) struct Exclusives {
    line: Line<Connector>,
    metrics: Metrics,
}

/// A connection held alone; dropping it unreleased stops what it does in the database.
pub(super) struct Exclusive {
    taken: Option<Taken<Makers<Connector>>>,
    metrics: Metrics,
    /// Whether its end is somebody's answer; if not, nobody waits for one any more.
    answered: bool,
}

impl Connects for Connector {
    type Session = Session;

    async fn connect(&self, open: &Gauge) -> Result<Session, Error> {
        self.connect(Some(open)).await
    }

    fn has_ended(session: &Session) -> bool {
        session.is_closed()
    }
}

impl Exclusives {
    pub(super) fn new(
        config: &Config,
        connector: Arc<Connector>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let postgres = &config.postgres;
        let connections = postgres.exclusive_connections_min..=postgres.exclusive_connections;
        Ok(Self {
            line: Line::new(config, (connector, connections), metrics.clone())?,
            metrics,
        })
    }

    /// Waits for a free connection, not longer than it may.
    pub(super) async fn take(&self, purpose: Purpose<'_>) -> Result<Exclusive, Error> {
        let taken = self.line.take(purpose).await?;
        self.metrics.in_use.inc();
        Ok(Exclusive {
            taken: Some(taken),
            metrics: self.metrics.clone(),
            answered: false,
        })
    }

    /// Opens those that are kept.
    pub(super) async fn warm(&self) -> Result<(), Error> {
        self.line.warm().await
    }

    /// A round trip.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let exclusive = self.take(Purpose::Work).await?;
        exclusive.check().await.map_err(|snag| snag.error)?;
        exclusive.release();
        Ok(())
    }

    /// Whether there is a connection, at work or not.
    pub(super) fn is_open(&self) -> bool {
        self.line.is_open()
    }

    /// Refuses new work and drops the connections, those at work when they are done.
    pub(super) fn close(&self) {
        self.line.close();
    }
}

impl Exclusive {
    /// Gives the connection back, with all that was asked on it answered.
    pub(super) fn release(mut self) {
        self.answered = true;
        self.taken = None;
    }

    /// Gives the connection back after a snag, rolled back if that is quickly done.
    pub(super) async fn recover(mut self, snag: &Snag) {
        self.answered = !matches!(snag.error, Error::Cancelled);
        match snag.kind {
            Kind::Refused | Kind::Late | Kind::Stale => {
                let rolled_back = timeout(CLEARING, self.client.batch_execute("ROLLBACK")).await;
                if matches!(rolled_back, Ok(Ok(()))) {
                    if snag.kind == Kind::Stale {
                        self.forget();
                    }
                    self.release();
                }
            }
            Kind::Lost | Kind::Abandoned => {}
        }
    }
}

impl Deref for Exclusive {
    type Target = Session;

    #[expect(
        clippy::expect_used,
        reason = "it is there until the drop or the release"
    )]
    fn deref(&self) -> &Session {
        &self.taken.as_ref().expect("held until dropped").object
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        self.metrics.in_use.dec();
        if !self.answered {
            self.metrics.cancelled.inc();
        }
        let Some(taken) = self.taken.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clear(taken))),
            Err(_) => Object::take(taken.object).abort(),
        }
    }
}

/// Stops what the connection does, waits until the server has, and drops it.
async fn clear(taken: Taken<Makers<Connector>>) {
    let object = &taken.object;
    let stopped =
        !object.is_closed() && matches!(timeout(CLEARING, stop(object)).await, Ok(Ok(())));
    let session = Object::take(taken.object);
    if !stopped {
        session.abort();
    }
}

async fn stop(session: &Session) -> Result<(), tokio_postgres::Error> {
    session.cancel().await;
    session.client.batch_execute("ROLLBACK").await
}
