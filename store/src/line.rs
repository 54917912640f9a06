//! The line before a pool of connections: bounded, and with something left for those who write.

use crate::metrics::Metrics;
use crate::{Config, Error};
use deadpool::managed::{Manager, Object, Pool, PoolError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

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
pub(crate) struct Line {
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

impl Line {
    /// Before a pool of so many connections.
    pub(crate) fn new(config: &Config, connections: usize, metrics: Metrics) -> Self {
        Self {
            streams: Arc::new(Semaphore::new(connections.saturating_sub(1).max(1))),
            waiting: AtomicUsize::new(0),
            length_max: config.queue_length_max,
            timeout: config.queue_timeout(),
            metrics,
        }
    }

    /// Waits for a free connection, not longer than it may.
    pub(crate) async fn take<M: Manager<Error = Error>>(
        &self,
        pool: &Pool<M>,
        purpose: Purpose,
    ) -> Result<Taken<M>, Error> {
        let streams = match purpose {
            Purpose::Work => 0,
            Purpose::Stream => self.waiting.load(Ordering::Relaxed),
        };
        if pool.status().waiting + streams >= self.length_max {
            return Err(Error::Busy("the queue for connections is full".into()));
        }
        let asked = Instant::now();
        let taken = timeout(self.timeout, self.wait(pool, purpose)).await;
        self.metrics
            .queue_wait
            .observe(asked.elapsed().as_secs_f64());
        taken.unwrap_or_else(|_| Err(Error::Busy("no connection came free".into())))
    }

    async fn wait<M: Manager<Error = Error>>(
        &self,
        pool: &Pool<M>,
        purpose: Purpose,
    ) -> Result<Taken<M>, Error> {
        let place = match purpose {
            Purpose::Work => None,
            Purpose::Stream => Some(self.place().await?),
        };
        match pool.get().await {
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
