//! Connections that a request holds alone: for transactions, for streams and for all writes.
//!
//! Only these are ever sent a cancel request. A connection goes back to the pool only when all
//! that was asked on it is answered and no cancel request is under way; any other is cleared up
//! in the background and dropped, keeping its place in the pool until the server is done with it.

use super::connector::Connector;
use super::session::Session;
use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use crate::{Config, Error};
use deadpool::managed::{self, Metrics as Use, Object, PoolError, RecycleError, RecycleResult};
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long the server is given to stop and to roll back.
const CLEARING: Duration = Duration::from_secs(5);

/// The pool.
pub(super) struct Exclusives {
    pool: managed::Pool<Makers>,
    queue_length_max: usize,
    queue_timeout: Duration,
    metrics: Metrics,
}

/// A connection held alone; dropping it unreleased stops what it does in the database.
pub(super) struct Exclusive {
    object: Option<Object<Makers>>,
    metrics: Metrics,
    /// Whether its end is somebody's answer; if not, nobody waits for one any more.
    answered: bool,
}

struct Makers(Arc<Connector>);

impl managed::Manager for Makers {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session, Error> {
        self.0.connect().await
    }

    async fn recycle(&self, session: &mut Session, _use: &Use) -> RecycleResult<Error> {
        if session.is_closed() {
            Err(RecycleError::message("the connection has ended"))
        } else {
            Ok(())
        }
    }
}

impl Exclusives {
    pub(super) fn new(
        config: &Config,
        connector: Arc<Connector>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let pool = managed::Pool::builder(Makers(connector))
            .max_size(config.postgres.exclusive_connections.max(1))
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            pool,
            queue_length_max: config.queue_length_max,
            queue_timeout: config.queue_timeout(),
            metrics,
        })
    }

    /// Waits for a free connection, not longer than it may.
    pub(super) async fn take(&self) -> Result<Exclusive, Error> {
        if self.pool.status().waiting >= self.queue_length_max {
            return Err(Error::Busy(
                "the queue for exclusive connections is full".into(),
            ));
        }
        let asked = Instant::now();
        let taken = timeout(self.queue_timeout, self.pool.get()).await;
        self.metrics
            .queue_wait
            .observe(asked.elapsed().as_secs_f64());
        match taken {
            Ok(Ok(object)) => {
                self.metrics.in_use.inc();
                Ok(Exclusive {
                    object: Some(object),
                    metrics: self.metrics.clone(),
                    answered: false,
                })
            }
            Ok(Err(PoolError::Backend(error))) => Err(error),
            Ok(Err(PoolError::Closed)) => Err(Error::Unavailable("the store is closed".into())),
            Ok(Err(error)) => Err(Error::Internal(error.to_string())),
            Err(_) => Err(Error::Busy("no exclusive connection came free".into())),
        }
    }

    /// A round trip.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let exclusive = self.take().await?;
        exclusive
            .client
            .batch_execute("SELECT 1")
            .await
            .map_err(|error| Snag::from(error).error)?;
        exclusive.release();
        Ok(())
    }

    /// Refuses new work and drops the connections, those at work when they are done.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

impl Exclusive {
    /// Gives the connection back, with all that was asked on it answered.
    pub(super) fn release(mut self) {
        self.answered = true;
        self.object = None;
    }

    /// Gives the connection back after a snag, rolled back if that is quickly done.
    pub(super) async fn recover(mut self, snag: &Snag) {
        self.answered = !matches!(snag.error, Error::Cancelled);
        match snag.kind {
            Kind::Refused | Kind::Stale => {
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
        reason = "the object is there until the drop or the release"
    )]
    fn deref(&self) -> &Session {
        self.object.as_deref().expect("held until dropped")
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        self.metrics.in_use.dec();
        if !self.answered {
            self.metrics.cancelled.inc();
        }
        let Some(object) = self.object.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clear(object))),
            Err(_) => Object::take(object).abort(),
        }
    }
}

/// Stops what the connection does, waits until the server has, and drops it.
async fn clear(object: Object<Makers>) {
    let stopped =
        !object.is_closed() && matches!(timeout(CLEARING, stop(&object)).await, Ok(Ok(())));
    let session = Object::take(object);
    if !stopped {
        session.abort();
    }
}

async fn stop(session: &Session) -> Result<(), tokio_postgres::Error> {
    session.cancel().await;
    session.client.batch_execute("ROLLBACK").await
}
