//! A pool of connections and the line before it: bounded, with something left for those who write.
//!
//! The pool has as many connections as are wanted at a time. Whoever comes takes the one that was used
//! last, so those that are not needed any more stay unused, and are closed after a time.

use crate::metrics::Metrics;
use crate::{Config, Error};
use deadpool::managed::{Manager, Object, Pool, PoolError, QueueMode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// What a connection is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What ends when the database is through with it.
    Work,
    /// What lasts until its receiver has taken all.
    Stream,
}

/// Waits for connections. Streams hold all but one at most, if there are several: however many
/// receivers take nothing, there is one for what does not depend on them.
pub(crate) struct Line<M: Manager> {
    pool: Pool<M>,
    shrinking: AbortHandle,
    /// Connections that streams may take.
    streams: Arc<Semaphore>,
    /// Streams that wait for one of those.
    waiting: AtomicUsize,
    length_max: usize,
    timeout: Duration,
    metrics: Metrics,
}

/// A connection out of the pool, to which it returns first, and then its place among the streams.
pub(crate) struct Taken<M: Manager> {
    pub(crate) object: Object<M>,
    _place: Option<OwnedSemaphorePermit>,
}

/// One that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<M: Manager<Error = Error, Type: Send> + Send + Sync + 'static> Line<M> {
    /// Before a pool of at most so many connections.
    pub(crate) fn new(
        config: &Config,
        (maker, connections): (M, usize),
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let connections = connections.max(1);
        let pool = Pool::builder(maker)
            .max_size(connections)
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        let shrinking = tokio::spawn(shrink(pool.clone(), config.idle()));
        Ok(Self {
            pool,
            shrinking: shrinking.abort_handle(),
            streams: Arc::new(Semaphore::new(connections.saturating_sub(1).max(1))),
            waiting: AtomicUsize::new(0),
            length_max: config.queue_length_max,
            timeout: config.queue_timeout(),
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
    }

    /// Waits for a free connection, not longer than it may.
    pub(crate) async fn take(&self, purpose: Purpose) -> Result<Taken<M>, Error> {
        let streams = match purpose {
            Purpose::Work => 0,
            Purpose::Stream => self.waiting.load(Ordering::Relaxed),
        };
        if self.pool.status().waiting + streams >= self.length_max {
            return Err(Error::Busy("the queue for connections is full".into()));
        }
        let asked = Instant::now();
        let taken = timeout(self.timeout, self.wait(purpose)).await;
        self.metrics
            .queue_wait
            .observe(asked.elapsed().as_secs_f64());
        taken.unwrap_or_else(|_| Err(Error::Busy("no connection came free".into())))
    }

    async fn wait(&self, purpose: Purpose) -> Result<Taken<M>, Error> {
        let place = match purpose {
            Purpose::Work => None,
            Purpose::Stream => Some(self.place().await?),
        };
        match self.pool.get().await {
            Ok(object) => Ok(Taken {
                object,
                _place: place,
            }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(closed()),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let streams = || Arc::clone(&self.streams);
        if let Ok(place) = streams().try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::new(&self.waiting);
        streams().acquire_owned().await.map_err(|_| closed())
    }
}

impl<M: Manager> Drop for Line<M> {
    fn drop(&mut self) {
        self.shrinking.abort();
    }
}

/// Closes connections that nobody has used for that time, and leaves one for whoever comes next.
async fn shrink<M: Manager>(pool: Pool<M>, idle: Duration) {
    loop {
        sleep(idle / 2).await;
        let mut open = pool.status().available;
        pool.retain(|_, used| {
            let stays = open == 1 || used.last_used() < idle;
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
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".into())
}
