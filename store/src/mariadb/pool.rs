//! Connections, each held by one request alone.
//!
//! A connection goes back to the pool only when all that was asked on it is answered and no
//! transaction is open; any other is ended by the server, at our request.

use super::connector::Connector;
use super::session::Session;
use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use crate::{Config, Error};
use deadpool::managed::{self, Metrics as Use, Object, PoolError, RecycleError, RecycleResult};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long the server is given to stop and to roll back.
const CLEARING: Duration = Duration::from_secs(5);

/// The pool.
pub(super) struct Pool {
    connections: managed::Pool<Makers>,
    connector: Arc<Connector>,
    /// A connection for checks alone: a server that is busy is there nevertheless.
    spare: Mutex<Option<Session>>,
    queue_length_max: usize,
    queue_timeout: Duration,
    metrics: Metrics,
}

/// A connection held alone; dropping it unreleased stops what it does in the database.
pub(super) struct Held {
    object: Option<Object<Makers>>,
    connector: Arc<Connector>,
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

impl Pool {
    pub(super) fn new(
        config: &Config,
        connector: Arc<Connector>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let connections = managed::Pool::builder(Makers(Arc::clone(&connector)))
            .max_size(config.mariadb.connections.max(1))
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            connections,
            connector,
            spare: Mutex::default(),
            queue_length_max: config.queue_length_max,
            queue_timeout: config.queue_timeout(),
            metrics,
        })
    }

    /// Waits for a free connection, not longer than it may.
    pub(super) async fn take(&self) -> Result<Held, Error> {
        if self.connections.status().waiting >= self.queue_length_max {
            return Err(Error::Busy("the queue for connections is full".into()));
        }
        let asked = Instant::now();
        let taken = timeout(self.queue_timeout, self.connections.get()).await;
        self.metrics
            .queue_wait
            .observe(asked.elapsed().as_secs_f64());
        match taken {
            Ok(Ok(object)) => {
                self.metrics.in_use.inc();
                Ok(Held {
                    object: Some(object),
                    connector: Arc::clone(&self.connector),
                    metrics: self.metrics.clone(),
                    answered: false,
                })
            }
            Ok(Err(PoolError::Backend(error))) => Err(error),
            Ok(Err(PoolError::Closed)) => Err(Error::Unavailable("the store is closed".into())),
            Ok(Err(error)) => Err(Error::Internal(error.to_string())),
            Err(_) => Err(Error::Busy("no connection came free".into())),
        }
    }

    /// Drops the connections nobody holds: one of them was gone, so the others are likely to be.
    pub(super) fn retire(&self) {
        self.connections.retain(|_, _| false);
    }

    /// A round trip.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let mut spare = self.spare.lock().await;
        let mut session = match spare.take_if(|session| !session.is_closed()) {
            Some(session) => session,
            None => self.connector.connect().await?,
        };
        session
            .control("SELECT 1")
            .await
            .map_err(|snag| snag.error)?;
        *spare = Some(session);
        Ok(())
    }

    /// Refuses new work and drops the connections, those at work when they are done.
    pub(super) async fn close(&self) {
        self.connections.close();
        *self.spare.lock().await = None;
    }
}

impl Held {
    /// Gives the connection back, if all that was asked on it is answered.
    pub(super) fn release(mut self) {
        self.answered = true;
        if self.is_free() {
            self.object = None;
        }
    }

    /// Gives the connection up, whatever it is doing; somebody has an answer, or will.
    pub(super) fn abandon(mut self) {
        self.answered = true;
    }

    /// Gives the connection back after a snag, rolled back and as it was if that is quickly done.
    pub(super) async fn recover(mut self, snag: &Snag, restore: &str) {
        self.answered = !matches!(snag.error, Error::Cancelled);
        if snag.kind == Kind::Refused && self.is_settled() {
            let rolled_back = timeout(CLEARING, self.control(restore)).await;
            if matches!(rolled_back, Ok(Ok(()))) {
                self.release();
            }
        }
    }
}

impl Deref for Held {
    type Target = Session;

    #[expect(
        clippy::expect_used,
        reason = "the object is there until the drop or the release"
    )]
    fn deref(&self) -> &Session {
        self.object.as_deref().expect("held until dropped")
    }
}

impl DerefMut for Held {
    #[expect(
        clippy::expect_used,
        reason = "the object is there until the drop or the release"
    )]
    fn deref_mut(&mut self) -> &mut Session {
        self.object.as_deref_mut().expect("held until dropped")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.in_use.dec();
        if !self.answered {
            self.metrics.cancelled.inc();
        }
        let Some(object) = self.object.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clear(object, Arc::clone(&self.connector)))),
            Err(_) => drop(Object::take(object)),
        }
    }
}

/// Ends the connection in the server; hanging up alone it would notice only when it next sends
/// something.
async fn clear(object: Object<Makers>, connector: Arc<Connector>) {
    if !object.is_settled() {
        let killed = timeout(CLEARING, connector.kill(&object)).await;
        if !matches!(killed, Ok(Ok(()))) {
            tracing::debug!("a connection could not be ended in the database");
        }
    }
    drop(Object::take(object));
}
