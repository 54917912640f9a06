//! Desks for work that takes processor time: new documents, and what tells of a whole API. It is
//! done beside the threads that serve everybody, and no more of it at a time than there are
//! processors.

use model::metric::{Counter, Gauge, Registry};
use model::{Fault, Kind};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The desks there are, and who waits for one how long.
pub(crate) struct Desks {
    free: Arc<Semaphore>,
    patience: Duration,
    taken: Gauge,
    refused: Counter,
}

/// A desk that is taken, until it is dropped.
struct Taken {
    _permit: OwnedSemaphorePermit,
    gauge: Gauge,
}

impl Desks {
    /// One for each processor; declares the metrics.
    pub(crate) fn new(patience: Duration, registry: &mut Registry) -> Self {
        let desks = Self {
            free: Arc::new(Semaphore::new(
                available_parallelism().map_or(1, usize::from),
            )),
            patience,
            taken: Gauge::default(),
            refused: Counter::default(),
        };
        registry.register(
            "fragaria_http_desks_taken",
            "Requests whose new document is validated, or whose introspection is written, now",
            desks.taken.clone(),
        );
        registry.register(
            "fragaria_http_desks_refused",
            "Requests refused because no processor was free for a new document or introspection",
            desks.refused.clone(),
        );
        desks
    }

    /// Works at a desk, once one is free. The work goes on when nobody waits for it any more.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let free = Arc::clone(&self.free).acquire_owned();
        let Ok(Ok(permit)) = timeout(self.patience, free).await else {
            self.refused.inc();
            let message = "the server has too many new documents at a time, try again later";
            return Err(Fault::new("server.busy", Kind::Unavailable, message));
        };
        self.taken.inc();
        let desk = Taken {
            _permit: permit,
            gauge: self.taken.clone(),
        };
        let done = spawn_blocking(move || {
            let done = work();
            drop(desk);
            done
        });
        let failed = |_| {
            Fault::new(
                "server.internal",
                Kind::Internal,
                "the work at a desk failed",
            )
        };
        done.await.map_err(failed)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn there_are_no_more_desks_than_processors() {
        let desks = Desks::new(Duration::from_millis(50), &mut Registry::default());
        let desks = Arc::new(desks);
        let count = desks.free.available_permits();
        let (ends, _) = (0..count)
            .map(|_| {
                let (end, ended) = channel::<()>();
                let desks = Arc::clone(&desks);
                let work = tokio::spawn(async move { desks.work(move || ended.recv()).await });
                (end, work)
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        while desks.free.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = desks.work(|| ()).await.unwrap_err();
        assert_eq!((refused.code, desks.refused.get()), ("server.busy", 1));
        drop(ends);
        assert_eq!(desks.work(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_desk_is_free_again_when_its_work_fails() {
        let desks = Desks::new(Duration::from_secs(5), &mut Registry::default());
        let count = desks.free.available_permits();
        let failed = desks.work(|| panic!("on purpose")).await;
        assert_eq!(failed.map(|()| "done").unwrap_err().code, "server.internal");
        assert_eq!(
            (desks.free.available_permits(), desks.taken.get()),
            (count, 0)
        );
    }
}
