//! Connections lent to one script at a time, opened ahead or when first needed, with a bounded queue.

use super::Shared;
use super::place::Place;
use super::session::{Role, Session};
use crate::Error;
use crate::gate::{self, Admittance, Gate};
use crate::metrics::{Counted, Crowd, Kind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// The connections of one role.
pub(super) struct Pool {
    place: Place,
    role: Role,
    shared: Arc<Shared>,
    size: u32,
    crowd: Crowd,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Session>>,
    /// Counts up when the file was replaced; connections to the old one are not used again.
    generation: AtomicU64,
}

/// A connection on loan; dropping it gives it back.
pub(super) struct Lease {
    /// Present until it is given back.
    session: Option<Session>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
    _gate: Option<Admittance>,
}

impl Pool {
    pub(super) fn new(place: Place, kind: Kind, size: u32, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            place,
            role: match kind {
                Kind::Writer => Role::Writer,
                _ => Role::Reader,
            },
            crowd: shared.metrics.of(kind),
            shared,
            size,
            permits: Arc::new(Semaphore::new(size as usize)),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            generation: AtomicU64::new(0),
        })
    }

    /// Borrows a connection, waiting for one within the bounds of the queue.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, Error> {
        self.lease_through(None).await
    }

    /// The same, once somebody who is asked before gives a place.
    pub(super) async fn lease_through(
        self: &Arc<Self>,
        gate: Option<&Arc<dyn Gate>>,
    ) -> Result<Lease, Error> {
        let until = Instant::now() + self.shared.config.queue_timeout();
        let gate = gate::pass(gate, until).await?;
        let permit = self.permit(until).await?;
        let mut lease = self.lend(permit, gate);
        lease.session = self.take();
        if lease.session.is_none() {
            lease.session = Some(self.open().await?);
        }
        Ok(lease)
    }

    /// Opens the connections there are not, as long as nobody is in want of their places.
    pub(super) async fn warm(self: &Arc<Self>) -> Result<(), Error> {
        while self.sessions().len() < self.permits.available_permits() {
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
                break;
            };
            let mut lease = self.lend(permit, None);
            lease.session = Some(self.open().await?);
        }
        Ok(())
    }

    /// Waits until all connections are back, closes them and lends no more.
    pub(super) async fn close(&self) {
        let all = self.permits.acquire_many(self.size).await;
        self.permits.close();
        drop(all);
        self.sessions().clear();
    }

    /// Turns away from the connections there are, because their file is not the one at the path.
    pub(super) fn renew(&self) {
        self.generation.fetch_add(1, Relaxed);
        self.sessions().clear();
    }

    /// A loan that has no connection yet.
    fn lend(self: &Arc<Self>, permit: OwnedSemaphorePermit, gate: Option<Admittance>) -> Lease {
        self.shared.metrics.in_use.inc();
        Lease {
            session: None,
            pool: Arc::clone(self),
            _permit: permit,
            _gate: gate,
        }
    }

    async fn permit(&self, until: Instant) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            self.shared.metrics.queue_wait.observe(0.0);
            return Ok(permit);
        }
        let _place = self.queue()?;
        let begun = Instant::now();
        let acquired = timeout_at(until, Arc::clone(&self.permits).acquire_owned()).await;
        self.shared
            .metrics
            .queue_wait
            .observe(begun.elapsed().as_secs_f64());
        match acquired {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Error::Unavailable("the store is closed".into())),
            Err(_) => Err(self.refuse("no connection came free".into())),
        }
    }

    fn queue(&self) -> Result<Waiting<'_>, Error> {
        let before = self.waiting.fetch_add(1, Relaxed);
        let waiting = Waiting(&self.waiting, Counted::new(&self.crowd.waiting));
        if before >= self.shared.config.queue_length_max {
            return Err(self.refuse(format!("{before} requests wait already")));
        }
        Ok(waiting)
    }

    fn refuse(&self, why: String) -> Error {
        self.shared.metrics.refused.inc();
        Error::Busy(why)
    }

    async fn open(&self) -> Result<Session, Error> {
        let (place, shared) = (self.place.clone(), Arc::clone(&self.shared));
        let (role, generation) = (self.role, self.generation.load(Relaxed));
        let opened = tokio::task::spawn_blocking(move || {
            let session = Session::open(&place, role, &shared.config)?;
            Ok::<_, Error>(session.counted(&shared.metrics.statements_kept))
        });
        let mut session = opened
            .await
            .map_err(|error| Error::Internal(error.to_string()))??;
        session.generation = generation;
        session.counted = Some(Counted::new(&self.crowd.open));
        Ok(session)
    }

    fn take(&self) -> Option<Session> {
        self.sessions().pop()
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection back unless something is wrong with it.
    fn give_back(&self, session: Session) {
        let current = session.generation == self.generation.load(Relaxed);
        let at_rest = session.connection.is_autocommit() && !std::thread::panicking();
        if current && at_rest && !self.permits.is_closed() {
            self.sessions().push(session);
        }
    }
}

impl Lease {
    /// The connection.
    pub(super) fn session(&self) -> Result<&Session, Error> {
        let lent = self.session.as_ref();
        lent.ok_or_else(|| Error::Internal("a lease without a connection".into()))
    }

    /// How long a script may keep it busy.
    pub(super) fn timeout(&self) -> Duration {
        let writes = self.pool.role == Role::Writer;
        self.pool.shared.config.statement_timeout(writes)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.shared.metrics.in_use.dec();
        if let Some(session) = self.session.take() {
            self.pool.give_back(session);
        }
    }
}

/// A place in the queue.
struct Waiting<'p>(
    &'p AtomicUsize,
    #[expect(dead_code, reason = "counts until it is dropped")] Counted,
);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
