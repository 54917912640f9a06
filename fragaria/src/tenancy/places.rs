//! Places for open databases, and who waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// As many places as there may be open databases.
pub(super) struct Places {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    closing: AtomicUsize,
    /// One was opened, or closed.
    news: Notify,
}

/// Somebody who waits, until it is dropped.
struct Waiting<'p>(&'p AtomicUsize);

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            waiting: AtomicUsize::new(0),
            closing: AtomicUsize::new(0),
            news: Notify::new(),
        }
    }

    /// A place that is free.
    pub(super) fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Waits for a place. As long as more wait than databases are being closed, one more is.
    pub(super) async fn next(&self, close_one: impl Fn()) -> Option<OwnedSemaphorePermit> {
        self.waiting.fetch_add(1, SeqCst);
        let _waiting = Waiting(&self.waiting);
        let mut free = Box::pin(Arc::clone(&self.free).acquire_owned());
        loop {
            let mut news = Box::pin(self.news.notified());
            news.as_mut().enable();
            if self.closing.load(SeqCst) < self.waiting.load(SeqCst) {
                close_one();
            }
            tokio::select! {
                place = &mut free => return place.ok(),
                () = news => {}
            }
        }
    }

    /// One was opened, which may be closed for somebody who waits.
    pub(super) fn opened(&self) {
        self.news.notify_waiters();
    }

    /// Closes one, while nobody waits for that.
    pub(super) fn close(self: &Arc<Self>, closing: impl Future<Output = ()> + Send + 'static) {
        self.closing.fetch_add(1, SeqCst);
        let places = Arc::clone(self);
        tokio::spawn(async move {
            closing.await;
            places.closing.fetch_sub(1, SeqCst);
            places.news.notify_waiters();
        });
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_has_one_closed_and_so_has_the_next() {
        let places = Places::new(1);
        let held = std::sync::Mutex::new(places.free());
        assert!(places.free().is_none());
        let give_up = || drop(held.lock().unwrap().take());
        let first = places.next(give_up);
        let second = places.next(give_up);
        let opened = async {
            let place = first.await.unwrap();
            *held.lock().unwrap() = Some(place);
            places.opened();
        };
        let ((), second) = tokio::join!(opened, second);
        assert!(second.is_some() && places.free().is_none());
    }
}
