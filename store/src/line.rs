//! A pool of connections and the line before it: bounded, with something left for those who write.
//!
//! The pool has as many connections as are wanted at a time. Whoever comes takes the one that was used
//! last, so those that are not needed any more stay unused, and are closed after a time, but for some
//! that are kept: these are opened before anybody asks, and again when they were lost. Where no
//! further one can be made, whoever comes waits for one of those there are.

use crate::gate::{self, Admittance, Gate};
use crate::metrics::{Counted, Crowd, Kind, Metrics};
use crate::{Config, Error};
use deadpool::managed::{
    Manager, Metrics as Use, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult,
    Timeouts,
};
use futures_util::future::join_all;
use model::metric::Gauge;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout, timeout_at};

/// How long a pool that could not grow waits before it tries again.
const GROWTH: Duration = Duration::from_millis(250);

/// What is there, and nothing to wait for.
const AT_ONCE: Timeouts = Timeouts {
    wait: Some(Duration::ZERO),
    create: None,
    recycle: None,
};

/// What a connection is taken for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'g> {
    /// What ends when the database is through with it.
    Work,
    /// What lasts until its receiver has taken all, and who is asked before.
    Stream(Option<&'g Arc<dyn Gate>>),
}

/// Connects to a database.
pub(crate) trait Connects: Send + Sync + 'static {
    /// A connection.
    type Session: Send;

    /// Makes one, if the database lets it; the gauge counts it while it is open.
    fn connect(&self, open: &Gauge) -> impl Future<Output = Result<Self::Session, Error>> + Send;

    /// Whether one is known to have ended.
    fn has_ended(session: &Self::Session) -> bool;
}

/// Makes the connections of a pool.
pub(crate) struct Makers<C: Connects> {
    connector: Arc<C>,
    open: Gauge,
    /// Those that were made ahead and nobody has yet: what is made next is one of them.
    ready: Mutex<Vec<C::Session>>,
}

impl<C: Connects> Makers<C> {
    async fn make(&self) -> Result<C::Session, Error> {
        self.connector.connect(&self.open).await
    }
}

impl<C: Connects> Manager for Makers<C> {
    type Type = C::Session;
    type Error = Error;

    async fn create(&self) -> Result<C::Session, Error> {
        let ready = locked(&self.ready).pop();
        match ready {
            Some(session) => Ok(session),
            None => self.make().await,
        }
    }

    async fn recycle(&self, session: &mut C::Session, _use: &Use) -> RecycleResult<Error> {
        if C::has_ended(session) {
            Err(RecycleError::message("the connection has ended"))
        } else {
            Ok(())
        }
    }
}

/// Waits for connections. Streams hold all but one at most, if there are several: however many
/// receivers take nothing, there is one for what does not depend on them.
pub(crate) struct Line<C: Connects> {
    pool: Pool<Makers<C>>,
    /// How many connections are kept open.
    kept: usize,
    shrinking: AbortHandle,
    /// One for each connection there may be; whoever has none of them asks the pool for nothing.
    places: Arc<Semaphore>,
    withheld: Withheld,
    /// Those who are being given a connection, or have one made.
    served: AtomicUsize,
    /// Connections that streams may take.
    streams: Arc<Semaphore>,
    /// Those who wait for a connection.
    waiting: AtomicUsize,
    /// Streams that wait for one of theirs.
    streams_waiting: AtomicUsize,
    length_max: usize,
    timeout: Duration,
    metrics: Metrics,
    crowd: Crowd,
}

/// A connection out of the pool, to which it returns first, and then its places.
pub(crate) struct Taken<M: Manager> {
    pub(crate) object: Object<M>,
    _place: OwnedSemaphorePermit,
    _stream: Option<OwnedSemaphorePermit>,
    _gate: Option<Admittance>,
}

/// Places that nobody has, as no connection could be made for them while others were there. One comes
/// back now and then, to try, and another with each connection that is made.
#[derive(Default)]
struct Withheld {
    count: AtomicUsize,
    /// When the next comes back.
    due: Mutex<Option<Instant>>,
}

/// How many of so many connections streams may have.
pub(crate) fn streams(connections: usize) -> usize {
    connections.saturating_sub(1).max(1)
}

/// One that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<C: Connects> Line<C> {
    /// Before a pool that keeps so many connections open, and has at most so many.
    pub(crate) fn new(
        config: &Config,
        (connector, connections): (Arc<C>, RangeInclusive<usize>),
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let (kept, connections) = (*connections.start(), *connections.end().max(&1));
        let kept = kept.min(connections);
        let crowd = metrics.of(Kind::Exclusive);
        let makers = Makers {
            connector,
            open: crowd.open.clone(),
            ready: Mutex::default(),
        };
        let pool = Pool::builder(makers)
            .max_size(connections)
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        let shrinking = tokio::spawn(shrink(pool.clone(), kept.max(1), config.idle()));
        Ok(Self {
            pool,
            kept,
            shrinking: shrinking.abort_handle(),
            places: Arc::new(Semaphore::new(connections)),
            withheld: Withheld::default(),
            served: AtomicUsize::new(0),
            streams: Arc::new(Semaphore::new(streams(connections))),
            waiting: AtomicUsize::new(0),
            streams_waiting: AtomicUsize::new(0),
            length_max: config.queue_length_max,
            timeout: config.queue_timeout(),
            crowd,
            metrics,
        })
    }

    /// Drops the connections nobody holds.
    pub(crate) fn retire(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Refuses new work and drops the connections, those at work when they are done.
    pub(crate) fn close(&self) {
        self.pool.close();
        self.places.close();
    }

    /// Whether there is a connection, at work or not.
    pub(crate) fn is_open(&self) -> bool {
        self.pool.status().size > 0
    }

    /// Opens connections until as many are open as are kept; fewer where all places are taken, or the
    /// database lets no more in. Meanwhile nobody is kept from those there are.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        self.pool.retain(|session, _| !C::has_ended(session));
        let missing = self.kept.saturating_sub(self.pool.status().size);
        let made = join_all((0..missing).map(|_| self.ahead())).await;
        // The pool makes another one only while all that it has are taken, which takes no time.
        let mut held = Vec::new();
        while !locked(&self.pool.manager().ready).is_empty() {
            let Ok(object) = self.pool.timeout_get(&AT_ONCE).await else {
                break;
            };
            if is_new(&object) {
                self.withheld.give_one_back(&self.places);
            }
            held.push(object);
        }
        locked(&self.pool.manager().ready).clear();
        drop(held);
        made.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }

    /// Makes a connection ahead, if there is a place for it, which is given.
    async fn ahead(&self) -> Result<Option<OwnedSemaphorePermit>, Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Ok(None);
        };
        let _served = Waiting::new(&self.served);
        let made = self.pool.manager().make().await?;
        locked(&self.pool.manager().ready).push(made);
        Ok(Some(place))
    }

    /// Waits for a free connection, not longer than it may.
    pub(crate) async fn take(&self, purpose: Purpose<'_>) -> Result<Taken<Makers<C>>, Error> {
        let streams = match purpose {
            Purpose::Work => 0,
            Purpose::Stream(_) => self.streams_waiting.load(Ordering::Relaxed),
        };
        if self.waiting.load(Ordering::Relaxed) + streams >= self.length_max {
            return Err(Error::Busy("the queue for connections is full".into()));
        }
        let asked = Instant::now();
        self.withheld.give_back(&self.places, asked);
        let until = asked + self.timeout;
        let _waiting = Counted::new(&self.crowd.waiting);
        let taken = timeout_at(until.into(), self.wait(purpose, until)).await;
        self.metrics
            .queue_wait
            .observe(asked.elapsed().as_secs_f64());
        taken.unwrap_or_else(|_| Err(Error::Busy("no connection came free".into())))
    }

    /// Whether another connection than the one that could not be made may come free: there is one, or the
    /// server may have let in others that came at the same time.
    fn may_wait(&self, error: &Error) -> bool {
        // Looked at first: one that was made between both looks is open.
        let others = self.served.load(Ordering::Acquire) > 0;
        self.is_open() || others && matches!(error, Error::Full(_))
    }

    /// One that is not used, or else a new one.
    async fn object(&self) -> Result<Object<Makers<C>>, PoolError<Error>> {
        let served = Waiting::new(&self.served);
        let object = self.pool.get().await;
        drop(served);
        if object.as_ref().is_ok_and(is_new) {
            self.withheld.give_one_back(&self.places);
        }
        object
    }

    async fn wait(&self, purpose: Purpose<'_>, until: Instant) -> Result<Taken<Makers<C>>, Error> {
        let (gate, stream) = match purpose {
            Purpose::Work => (None, None),
            Purpose::Stream(gate) => {
                let gate = gate::pass(gate, until.into()).await?;
                let stream = place(&self.streams, &self.streams_waiting, || ()).await?;
                (gate, Some(stream))
            }
        };
        let grow = || self.withheld.give_back(&self.places, Instant::now());
        loop {
            let place = place(&self.places, &self.waiting, grow).await?;
            match self.object().await {
                Ok(object) => {
                    return Ok(Taken {
                        object,
                        _place: place,
                        _stream: stream,
                        _gate: gate,
                    });
                }
                // Whoever has a connection, or has one made, has another place, which comes free.
                Err(PoolError::Backend(error)) if self.may_wait(&error) => {
                    self.withheld.take(place);
                }
                Err(PoolError::Backend(error)) => {
                    self.withheld.give_all_back(&self.places);
                    return Err(error);
                }
                Err(PoolError::Closed) => return Err(closed()),
                Err(error) => return Err(Error::Internal(error.to_string())),
            }
        }
    }
}

/// One of some places, waited for if there is none; meanwhile the pool may grow now and then.
async fn place(
    places: &Arc<Semaphore>,
    waiting: &AtomicUsize,
    grow: impl Fn(),
) -> Result<OwnedSemaphorePermit, Error> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Ok(place);
    }
    let _waiting = Waiting::new(waiting);
    let mut place = pin!(Arc::clone(places).acquire_owned());
    loop {
        if let Ok(place) = timeout(GROWTH, place.as_mut()).await {
            return place.map_err(|_| closed());
        }
        grow();
    }
}

impl Withheld {
    fn take(&self, place: OwnedSemaphorePermit) {
        self.count.fetch_add(1, Ordering::Relaxed);
        place.forget();
    }

    /// Gives one back if it is time to try again.
    fn give_back(&self, places: &Semaphore, now: Instant) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut due = locked(&self.due);
        if due.is_none_or(|due| due <= now) {
            *due = Some(now + GROWTH);
            self.give_one_back(places);
        }
    }

    fn give_one_back(&self, places: &Semaphore) {
        let less = |count: usize| count.checked_sub(1);
        let taken = self
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        places.add_permits(usize::from(taken.is_ok()));
    }

    fn give_all_back(&self, places: &Semaphore) {
        places.add_permits(self.count.swap(0, Ordering::Relaxed));
    }
}

impl<C: Connects> Drop for Line<C> {
    fn drop(&mut self) {
        self.shrinking.abort();
    }
}

/// Closes connections that nobody has used for that time, and leaves some for whoever comes next.
async fn shrink<M: Manager>(pool: Pool<M>, kept: usize, idle: Duration) {
    loop {
        sleep(idle / 2).await;
        let mut open = pool.status().available;
        pool.retain(|_, used| {
            let stays = open <= kept || used.last_used() < idle;
            open -= usize::from(!stays);
            stays
        });
    }
}

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

fn locked<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_new<M: Manager>(object: &Object<M>) -> bool {
    Object::metrics(object).recycle_count == 0
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".into())
}
