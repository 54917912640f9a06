//! A shared connection and the line of requests before it: how long it is, and since when it rests.
//!
//! Answers come in the order of the requests, so the first that is not answered is at work since
//! the one before it was. All of it is told by three numbers, without a lock.

use super::connector::Connector;
use super::session::Session;
use crate::Error;
use crate::metrics::{Counted, Crowd, Kind, Metrics};
use model::metric::Gauge;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long one request may be at work before others are kept from waiting behind it.
pub(super) const SLOW: Duration = Duration::from_millis(250);

/// How long the line before a connection may take while another one rests. Few connections with long
/// lines wake both sides least, and many let the database use more of its processors; a line that takes
/// longer than that is worth a connection more.
const LINE: Duration = Duration::from_micros(500);

/// The part of what a request took that changes how long requests are known to take: an eighth.
const SMOOTHING: u32 = 3;

/// How long the end of an abandoned request is waited for.
const CLEARING: Duration = Duration::from_secs(60);

/// A place for a connection.
pub(super) struct Slot {
    session: Mutex<Option<Arc<Session>>>,
    /// Held while connecting, so that only one does.
    opening: tokio::sync::Mutex<()>,
    made: Instant,
    /// Requests that ever got a place in the line.
    taken: AtomicU64,
    /// Those of them the connection is through with.
    done: AtomicU64,
    /// When it was last through with one, or began after a rest: nanoseconds since it was made.
    moved_ns: AtomicU64,
    /// How long it takes for a request, as of late.
    pace_ns: AtomicU64,
    /// Requests in any such line.
    in_flight: Gauge,
    crowd: Crowd,
}

/// A request in the line of a slot. It stays there until the connection is through with it, even
/// when nobody waits for its answer.
pub(super) struct Ticket {
    slot: Arc<Slot>,
    /// How many came before it.
    before: u64,
    /// The connection it was sent on and is not answered by.
    sent: Option<Arc<Session>>,
}

impl Slot {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            session: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            made: Instant::now(),
            taken: AtomicU64::new(0),
            done: AtomicU64::new(0),
            moved_ns: AtomicU64::new(0),
            pace_ns: AtomicU64::new(0),
            in_flight: metrics.in_flight.clone(),
            crowd: metrics.of(Kind::Shared),
        }
    }

    /// How many requests it is not through with.
    pub(super) fn outstanding(&self) -> u64 {
        let done = self.done.load(Relaxed);
        self.taken.load(Relaxed).saturating_sub(done)
    }

    /// For how long it has been at the same request.
    pub(super) fn at_work(&self) -> Duration {
        if self.outstanding() == 0 {
            return Duration::ZERO;
        }
        let moved = Duration::from_nanos(self.moved_ns.load(Relaxed));
        self.made.elapsed().saturating_sub(moved)
    }

    /// Whether to wait behind what it is at would take long.
    pub(super) fn is_slow(&self) -> bool {
        self.at_work() > SLOW
    }

    /// Whether one request more would wait for no longer than is worth it.
    pub(super) fn has_room(&self) -> bool {
        let line = Duration::from_nanos(self.pace_ns.load(Relaxed))
            .saturating_mul(u32::try_from(self.outstanding()).unwrap_or(u32::MAX));
        line < LINE && !self.is_slow()
    }

    /// A place at the end of its line.
    pub(super) fn enter(self: &Arc<Self>) -> Ticket {
        if self.outstanding() == 0 {
            self.moved();
        }
        self.in_flight.inc();
        Ticket {
            slot: Arc::clone(self),
            before: self.taken.fetch_add(1, Relaxed),
            sent: None,
        }
    }

    /// The connection here; made now if there is none that lives.
    pub(super) async fn session(&self, connector: &Connector) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let _waiting = Counted::new(&self.crowd.waiting);
        self.open(connector).await
    }

    /// The same before anybody waits for it.
    pub(super) async fn open(&self, connector: &Connector) -> Result<Arc<Session>, Error> {
        let _turn = self.opening.lock().await;
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let session = Arc::new(Box::pin(connector.connect(Some(&self.crowd.open))).await?);
        self.moved();
        *self.lock() = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Gives new requests another connection; those under way keep this one.
    pub(super) fn retire(&self, session: &Arc<Session>) {
        let mut here = self.lock();
        if here.as_ref().is_some_and(|here| Arc::ptr_eq(here, session)) {
            *here = None;
        }
    }

    /// Drops the connection.
    pub(super) fn close(&self) {
        self.lock().take();
    }

    /// The connection here, if there is one that lives.
    pub(super) fn live(&self) -> Option<Arc<Session>> {
        self.lock()
            .as_ref()
            .filter(|session| !session.is_closed())
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Session>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when it was at something else, in nanoseconds.
    fn moved(&self) -> u64 {
        let now = self.made.elapsed().as_nanos();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        now.saturating_sub(self.moved_ns.swap(now, Relaxed))
    }

    fn done(&self) {
        let (took, pace) = (self.moved(), self.pace_ns.load(Relaxed));
        // Two at a time may lose one of both: it is an estimate.
        let pace = pace - (pace >> SMOOTHING) + (took >> SMOOTHING);
        self.pace_ns.store(pace, Relaxed);
        self.done.fetch_add(1, Relaxed);
        self.in_flight.dec();
    }
}

impl Ticket {
    pub(super) fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Another one for the same line.
    pub(super) fn another(&self) -> Self {
        self.slot.enter()
    }

    /// It is sent on that connection.
    pub(super) fn sent(&mut self, session: &Arc<Session>) {
        self.sent = Some(Arc::clone(session));
    }

    /// Nothing of it is with the connection any more.
    pub(super) fn answered(&mut self) {
        self.sent = None;
    }

    /// Whether it waits for another that takes long.
    pub(super) fn is_held_up(&self) -> bool {
        self.slot.done.load(Relaxed) < self.before && self.slot.is_slow()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match (self.sent.take(), Handle::try_current()) {
            (Some(session), Ok(runtime)) => {
                runtime.spawn(pass(session, Arc::clone(&self.slot)));
            }
            _ => self.slot.done(),
        }
    }
}

/// Waits until the connection is through with all it was sent, an abandoned request among it.
async fn pass(session: Arc<Session>, slot: Arc<Slot>) {
    // An empty statement is answered in its turn; one that is not goes down with the connection.
    let _ = timeout(CLEARING, session.client.batch_execute("")).await;
    slot.done();
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::metric::Registry;

    fn slot() -> Slot {
        Slot::new(&Metrics::register(&mut Registry::default()))
    }

    fn slow() -> Arc<Slot> {
        let mut slot = slot();
        slot.made = Instant::now().checked_sub(SLOW * 4).unwrap();
        Arc::new(slot)
    }

    #[test]
    fn a_line_has_room_while_it_takes_little_time() {
        let slot = Arc::new(slot());
        assert!(slot.has_room(), "nobody knows how long one takes");
        let line: Vec<_> = (0..3).map(|_| slot.enter()).collect();
        slot.pace_ns.store(160_000, Relaxed);
        assert!(slot.has_room());
        slot.pace_ns.store(170_000, Relaxed);
        assert!(!slot.has_room());
        drop(line);
        assert!(slot.has_room());
    }

    #[test]
    fn a_slot_is_slow_while_its_first_request_takes_long() {
        let slot = slow();
        assert!(!slot.is_slow(), "it rests");
        let first = slot.enter();
        assert!(!slot.is_slow(), "it has only begun");
        slot.moved_ns.store(0, Relaxed);
        assert!(slot.is_slow());
        let second = slot.enter();
        assert!(second.is_held_up() && !first.is_held_up());
        drop(first);
        assert!(!slot.is_slow() && !second.is_held_up());
        slot.moved_ns.store(0, Relaxed);
        assert!(slot.is_slow() && !second.is_held_up(), "it is the slow one");
        drop(second);
        assert_eq!((slot.outstanding(), slot.is_slow()), (0, false));
        assert_eq!(slot.in_flight.get(), 0);
    }
}
