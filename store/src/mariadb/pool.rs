//! Connections, each held by one request alone.
//!
//! A connection goes back to the pool only when all that was asked on it is answered and no
//! transaction is open; any other is ended by the server, at our request.

use super::connector::Connector;
use super::session::Session;
use crate::line::{Connects, Line, Makers, Purpose, Taken};
use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use crate::{Config, Error};
use deadpool::managed::Object;
use model::metric::Gauge;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long the server is given to stop and to roll back.
const CLEARING: Duration = Duration::from_secs(5);

/// The pool.
pub(super) struct Pool {
    connector: Arc<Connector>,
    /// A connection for checks alone: a server that is busy is there nevertheless.
    spare: Mutex<Option<Session>>,
    line: Line<Connector>,
    metrics: Metrics,
}

/// A connection held alone; dropping it unreleased stops what it does in the database.
pub(super) struct Held {
    taken: Option<Taken<Makers<Connector>>>,
    connector: Arc<Connector>,
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

impl Pool {
    pub(super) fn new(
        config: &Config,
        connector: Arc<Connector>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let connections = config.mariadb.connections_min..=config.mariadb.connections;
        Ok(Self {
            line: Line::new(
                config,
                (Arc::clone(&connector), connections),
                metrics.clone(),
            )?,
            connector,
            spare: Mutex::default(),
            metrics,
        })
    }

    /// Waits for a free connection, not longer than it may.
    pub(super) async fn take(&self, purpose: Purpose<'_>) -> Result<Held, Error> {
        let taken = self.line.take(purpose).await?;
        self.metrics.in_use.inc();
        Ok(Held {
            taken: Some(taken),
            connector: Arc::clone(&self.connector),
            metrics: self.metrics.clone(),
            answered: false,
        })
    }

    /// Opens those that are kept.
    pub(super) async fn warm(&self) -> Result<(), Error> {
        self.line.warm().await
    }

    /// Drops the connections nobody holds: one of them was gone, so the others are likely to be.
    pub(super) fn retire(&self) {
        self.line.retire();
    }

    /// A round trip, on another connection where that for checks was ended; none where the server says that it takes no further connection than those that
    /// others have.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let mut spare = self.spare.lock().await;
        // Whoever stops waiting in the middle leaves none behind.
        if let Some(mut session) = spare.take_if(|session| !session.is_closed()) {
            if session.control("SELECT 1").await.is_ok() {
                *spare = Some(session);
                return Ok(());
            }
            self.retire();
        }
        let session = match self.connector.connect(None).await {
            Err(Error::Full(_)) if self.line.is_open() => return Ok(()),
            connected => connected?,
        };
        *spare = Some(session);
        Ok(())
    }

    /// Refuses new work and drops the connections, those at work when they are done.
    pub(super) async fn close(&self) {
        self.line.close();
        *self.spare.lock().await = None;
    }
}

impl Held {
    /// Gives the connection back, if all that was asked on it is answered.
    pub(super) fn release(mut self) {
        self.answered = true;
        if self.is_free() {
            self.taken = None;
        }
    }

    /// Gives the connection up, whatever it is doing; somebody has an answer, or will.
    pub(super) fn abandon(mut self) {
        self.answered = true;
    }

    /// Gives the connection back after a snag, rolled back and as it was if that is quickly done.
    pub(super) async fn recover(mut self, snag: &Snag, restore: &str) {
        self.answered = !matches!(snag.error, Error::Cancelled);
        if matches!(snag.kind, Kind::Refused | Kind::Late) && self.is_settled() {
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
        reason = "it is there until the drop or the release"
    )]
    fn deref(&self) -> &Session {
        &self.taken.as_ref().expect("held until dropped").object
    }
}

impl DerefMut for Held {
    #[expect(
        clippy::expect_used,
        reason = "it is there until the drop or the release"
    )]
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.taken.as_mut().expect("held until dropped").object
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.in_use.dec();
        if !self.answered {
            self.metrics.cancelled.inc();
        }
        let Some(taken) = self.taken.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clear(taken, Arc::clone(&self.connector)))),
            Err(_) => drop(Object::take(taken.object)),
        }
    }
}

/// Ends the connection in the server; hanging up alone it would notice only when it next sends
/// something.
async fn clear(taken: Taken<Makers<Connector>>, connector: Arc<Connector>) {
    if !taken.object.is_settled() {
        let killed = timeout(CLEARING, connector.kill(&taken.object)).await;
        if !matches!(killed, Ok(Ok(()))) {
            tracing::debug!("a connection could not be ended in the database");
        }
    }
    drop(Object::take(taken.object));
}
