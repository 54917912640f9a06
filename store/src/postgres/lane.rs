//! Shared connections on which many requests pipeline their small reads.
//!
//! A request waits for nobody's client here: it takes its rows as they come, into a buffer of
//! bounded size, and what it leaves the driver throws away. No cancel request is ever sent, since
//! it could hit somebody else's statement. Nor does it wait long behind another's slow statement:
//! it is sent elsewhere then, as it has no effect.

use super::connector::Connector;
use super::session::{Prepared, Session, Way};
use super::settings::{Outcome, Settings};
use super::slot::{SLOW, Slot, Ticket};
use crate::Error;
use crate::answer::Answer;
use crate::job::Job;
use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::RowStream;

/// Bytes by which a result may outgrow the one before without a move in memory.
const SPARE: usize = 256;

/// A few connections of one size class.
pub(super) struct Lane {
    slots: Box<[Arc<Slot>]>,
    settings: Settings,
    /// Requests that may be under way on one connection.
    outstanding_max: u64,
}

impl Lane {
    pub(super) fn new(
        connections: usize,
        outstanding_max: usize,
        settings: &Settings,
        metrics: &Metrics,
    ) -> Self {
        Self {
            slots: (0..connections.max(1))
                .map(|_| Arc::new(Slot::new(metrics)))
                .collect(),
            settings: settings.clone(),
            outstanding_max: outstanding_max as u64,
        }
    }

    /// Runs the only step of a script that reads; `None` when it would have to wait for a slow one, or for
    /// a connection that the server does not take.
    ///
    /// It is tried again once when the connection turns out to be gone or the prepared statement
    /// out of date, by a way on which none can be: it has no effect, and nothing of it was handed out.
    pub(super) async fn run(
        &self,
        connector: &Connector,
        job: &Job,
    ) -> Result<Option<Outcome>, Snag> {
        let Some(mut ticket) = self.ticket()? else {
            return Ok(None);
        };
        match self.try_once(connector, job, &mut ticket, Way::Named).await {
            Err(Snag {
                kind: Kind::Lost | Kind::Stale,
                ..
            }) => {
                self.try_once(connector, job, &mut ticket, Way::Unnamed)
                    .await
            }
            outcome => outcome,
        }
    }

    /// A round trip; false when it would have to wait for a slow statement.
    pub(super) async fn check(&self, connector: &Connector) -> Result<bool, Error> {
        let Some(mut ticket) = self.ticket()? else {
            return Ok(false);
        };
        let session = self.session(connector, &mut ticket).await?;
        session.check().await.map_err(|snag| snag.error)?;
        Ok(true)
    }

    /// Opens the connections there are not, or not any more.
    pub(super) async fn warm(&self, connector: &Connector) -> Result<(), Error> {
        let opened = self.slots.iter().map(|slot| slot.open(connector));
        let opened = join_all(opened).await;
        opened.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }

    /// Drops the connections.
    pub(super) fn close(&self) {
        for slot in &self.slots {
            slot.close();
        }
    }

    /// A place on the first connection that has room, or else on the one with the least to do, if
    /// there is one that is not slow.
    fn ticket(&self) -> Result<Option<Ticket>, Error> {
        let has_room =
            |slot: &&Arc<Slot>| slot.outstanding() < self.outstanding_max && slot.has_room();
        if let Some(slot) = self.slots.iter().find(has_room) {
            return Ok(Some(slot.enter()));
        }
        let least = self
            .slots
            .iter()
            .min_by_key(|slot| (slot.is_slow(), slot.outstanding()))
            .ok_or_else(|| Error::Internal("a lane has no connection".into()))?;
        if least.outstanding() >= self.outstanding_max {
            return Err(Error::Busy(
                "all shared connections have a full queue".into(),
            ));
        }
        Ok((!least.is_slow()).then(|| least.enter()))
    }

    /// The connection for a ticket; one of another slot, with a place there, where none can be made.
    async fn session(
        &self,
        connector: &Connector,
        ticket: &mut Ticket,
    ) -> Result<Arc<Session>, Error> {
        let session = ticket.slot().session(connector).await;
        session.or_else(|error| {
            let (slot, session) = self.open().ok_or(error)?;
            *ticket = slot.enter();
            Ok(session)
        })
    }

    /// The slot with the least to do of those that have a connection, and room in their line.
    fn open(&self) -> Option<(&Arc<Slot>, Arc<Session>)> {
        let has_room =
            |slot: &&Arc<Slot>| slot.outstanding() < self.outstanding_max && !slot.is_slow();
        let rooms = self.slots.iter().filter(has_room);
        let open = rooms.filter_map(|slot| Some((slot, slot.live()?)));
        open.min_by_key(|(slot, _)| slot.outstanding())
    }

    async fn try_once(
        &self,
        connector: &Connector,
        job: &Job,
        ticket: &mut Ticket,
        way: Way,
    ) -> Result<Option<Outcome>, Snag> {
        let session = match self.session(connector, ticket).await {
            // A transaction's connection will do.
            Err(Error::Full(_)) => return Ok(None),
            session => session?,
        };
        ticket.sent(&session);
        let (step, _) = job.step(0)?;
        let answer = self.collect(&session, job, ticket, way);
        let answer = self.wait(ticket, &session, answer).await;
        let answer = answer.map_err(|snag| snag.at(step));
        match &answer {
            // It is still in the line.
            Ok(None) => return answer,
            Err(snag) if matches!(snag.error, Error::Busy(_)) => return answer,
            Ok(Some(_)) => {}
            Err(snag) => match snag.kind {
                Kind::Lost => ticket.slot().retire(&session),
                Kind::Stale => session.forget(),
                Kind::Refused | Kind::Late | Kind::Abandoned => {}
            },
        }
        ticket.answered();
        answer
    }

    /// Waits for an answer, but not behind a slow one; `None` where it would be.
    async fn wait(
        &self,
        ticket: &Ticket,
        session: &Arc<Session>,
        answer: impl Future<Output = Result<Outcome, Snag>>,
    ) -> Result<Option<Outcome>, Snag> {
        let mut answer = pin!(answer);
        let mut left = self.settings.patience.with(false, 1);
        while left > Duration::ZERO {
            let stretch = left.min(SLOW);
            if let Ok(outcome) = timeout(stretch, answer.as_mut()).await {
                return outcome.map(Some);
            }
            if ticket.is_held_up() {
                return Ok(None);
            }
            left -= stretch;
        }
        Err(self.overdue(ticket, session).into())
    }

    /// No answer came in time: those before it took a part of it, or its own statement all.
    fn overdue(&self, ticket: &Ticket, session: &Arc<Session>) -> Error {
        if ticket.slot().at_work() < self.settings.patience.with(false, 1) {
            return Error::Busy("the line before a shared connection is too long".into());
        }
        // The server's own timeout should have struck: it hangs, or the line is dead.
        ticket.slot().retire(session);
        Error::Timeout("no answer on a shared connection".into())
    }

    async fn collect(
        &self,
        session: &Arc<Session>,
        job: &Job,
        ticket: &Ticket,
        way: Way,
    ) -> Result<Outcome, Snag> {
        let (step, arguments) = job.step(0)?;
        let statement = &step.statement;
        let prepared = match way {
            Way::Named => session.prepare_to_the_end(statement).await?,
            Way::Unnamed => None,
        };
        if prepared.as_ref().is_some_and(Prepared::is_large) {
            return Ok(Outcome::Large);
        }
        let rows = match &prepared {
            Some(prepared) => session.execute(prepared, statement, arguments).await?,
            None => Box::pin(session.query_unnamed(statement, arguments, &statement.sql)).await?,
        };
        let mut rows = Box::pin(rows);
        let mut answer = Answer::new(
            &job.script,
            self.settings.bytes_max(false),
            self.settings.bounds,
        );
        let bytes = prepared.as_ref().map_or(0, Prepared::bytes);
        answer.sheet.text.reserve(bytes + SPARE);
        answer.open(0)?;
        while let Some(row) = rows.try_next().await? {
            match answer.row(0, &row) {
                Ok(()) => {}
                Err(Error::TooLarge(_)) => {
                    if let Some(prepared) = &prepared {
                        prepared.set_large();
                    }
                    tokio::spawn(drain(rows, ticket.another()));
                    return Ok(Outcome::Large);
                }
                Err(error) => return Err(error.into()),
            }
        }
        answer.close(0);
        let seen = answer.rows;
        let text = answer.finish()?;
        if let Some(prepared) = &prepared {
            prepared.set_bytes(text.len());
        }
        Ok(Outcome::Whole(text, seen))
    }
}

/// Takes the rest of a large result, so that its connection counts as busy until it is through.
async fn drain(mut rows: Pin<Box<RowStream>>, _ticket: Ticket) {
    while let Ok(Some(_)) = rows.try_next().await {}
}
