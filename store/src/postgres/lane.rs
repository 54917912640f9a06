//! Shared connections on which many requests pipeline their small reads.
//!
//! A request waits for nobody's client here: it takes its rows as they come, into a buffer of
//! bounded size, and what it leaves the driver throws away. No cancel request is ever sent, since
//! it could hit somebody else's statement.

use super::connector::Connector;
use super::session::Session;
use super::settings::{Outcome, Settings};
use super::snag::{Kind, Snag};
use crate::Error;
use crate::answer::Answer;
use crate::job::Job;
use futures_util::TryStreamExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::timeout;
use tokio_postgres::RowStream;

/// Bytes by which a result may outgrow the one before without a move in memory.
const SPARE: usize = 256;

/// A few connections of one size class.
pub(super) struct Lane {
    slots: Box<[Arc<Slot>]>,
    settings: Settings,
    /// Requests that may be under way on one connection.
    outstanding_max: usize,
}

/// A place for a connection.
#[derive(Default)]
struct Slot {
    session: Mutex<Option<Arc<Session>>>,
    /// Held while connecting, so that only one does.
    opening: tokio::sync::Mutex<()>,
    outstanding: AtomicUsize,
}

/// A request under way, counted while it lives.
struct Ticket(Arc<Slot>);

impl Lane {
    pub(super) fn new(connections: usize, outstanding_max: usize, settings: &Settings) -> Self {
        Self {
            slots: (0..connections.max(1)).map(|_| Arc::default()).collect(),
            settings: settings.clone(),
            outstanding_max,
        }
    }

    /// Runs the only step of a script that reads.
    ///
    /// It is tried again once when the connection turns out to be gone or the prepared statement
    /// out of date: it has no effect, and nothing of it was handed out.
    pub(super) async fn run(&self, connector: &Connector, job: &Job) -> Result<Outcome, Snag> {
        let ticket = self.ticket()?;
        match self.try_once(connector, job, &ticket).await {
            Err(Snag {
                kind: Kind::Lost | Kind::Stale,
                ..
            }) => self.try_once(connector, job, &ticket).await,
            outcome => outcome,
        }
    }

    /// A round trip.
    pub(super) async fn check(&self, connector: &Connector) -> Result<(), Error> {
        let ticket = self.ticket()?;
        let session = ticket.0.session(connector).await?;
        let answer = session.client.batch_execute("SELECT 1").await;
        answer.map_err(|error| Snag::from(error).error)
    }

    /// Drops the connections.
    pub(super) fn close(&self) {
        for slot in &self.slots {
            slot.lock().take();
        }
    }

    /// A place on the connection with the least to do.
    fn ticket(&self) -> Result<Ticket, Error> {
        let least = self
            .slots
            .iter()
            .min_by_key(|slot| slot.outstanding.load(Ordering::Relaxed))
            .ok_or_else(|| Error::Internal("a lane has no connection".into()))?;
        if least.outstanding.fetch_add(1, Ordering::Relaxed) >= self.outstanding_max {
            least.outstanding.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy(
                "all shared connections have a full queue".into(),
            ));
        }
        Ok(Ticket(Arc::clone(least)))
    }

    async fn try_once(
        &self,
        connector: &Connector,
        job: &Job,
        ticket: &Ticket,
    ) -> Result<Outcome, Snag> {
        let session = ticket.0.session(connector).await?;
        let answer = timeout(
            self.settings.patience(1),
            self.collect(&session, job, ticket),
        )
        .await;
        match answer {
            Ok(Err(snag)) => {
                match snag.kind {
                    Kind::Lost => ticket.0.retire(&session),
                    Kind::Stale => session.forget(),
                    Kind::Refused | Kind::Abandoned => {}
                }
                Err(snag)
            }
            Ok(outcome) => outcome,
            Err(_) => {
                // The server's own timeout should have struck: it hangs, or the line is dead.
                ticket.0.retire(&session);
                Err(Error::Timeout("no answer on a shared connection".into()).into())
            }
        }
    }

    async fn collect(
        &self,
        session: &Arc<Session>,
        job: &Job,
        ticket: &Ticket,
    ) -> Result<Outcome, Snag> {
        let (step, arguments) = job.step(0)?;
        let statement = &step.statement;
        let prepared = session.prepare(statement).await?.ok_or_else(unnamed)?;
        if prepared.is_large() {
            return Ok(Outcome::Large);
        }
        let mut rows = Box::pin(session.execute(&prepared, statement, arguments).await?);
        let mut answer = Answer::new(
            &job.script,
            self.settings.bytes_max(false),
            self.settings.bounds,
        );
        answer.sheet.text.reserve(prepared.bytes() + SPARE);
        answer.open(0)?;
        while let Some(row) = rows.try_next().await? {
            match answer.row(0, &row) {
                Ok(()) => {}
                Err(Error::TooLarge(_)) => {
                    prepared.set_large();
                    tokio::spawn(drain(rows, ticket.another()));
                    return Ok(Outcome::Large);
                }
                Err(error) => return Err(error.into()),
            }
        }
        answer.close(0);
        let seen = answer.rows;
        let text = answer.finish()?;
        prepared.set_bytes(text.len());
        Ok(Outcome::Whole(text, seen))
    }
}

impl Slot {
    /// The connection here; made now if there is none that lives.
    async fn session(&self, connector: &Connector) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let _turn = self.opening.lock().await;
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let session = Arc::new(connector.connect().await?);
        *self.lock() = Some(Arc::clone(&session));
        Ok(session)
    }

    fn live(&self) -> Option<Arc<Session>> {
        self.lock()
            .as_ref()
            .filter(|session| !session.is_closed())
            .cloned()
    }

    /// Gives new requests another connection; those under way keep this one.
    fn retire(&self, session: &Arc<Session>) {
        let mut here = self.lock();
        if here.as_ref().is_some_and(|here| Arc::ptr_eq(here, session)) {
            *here = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Session>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    fn another(&self) -> Self {
        self.0.outstanding.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes the rest of a large result, so that its connection counts as busy until it is through.
async fn drain(mut rows: Pin<Box<RowStream>>, _ticket: Ticket) {
    while let Ok(Some(_)) = rows.try_next().await {}
}

fn unnamed() -> Error {
    Error::Internal("a lane needs prepared statements".into())
}
