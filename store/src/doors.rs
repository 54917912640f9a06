//! Who is inside, so that closing can wait until the last one has left.

use crate::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Counts the work under way; once closed it lets no more in.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    closed: AtomicBool,
    inside: AtomicUsize,
    left: Notify,
}

/// Work under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Inside(Arc<Doors>);

impl Doors {
    /// Lets work in, unless closed.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Inside, Error> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside(Arc::clone(self));
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::Unavailable("the store is closed".into()));
        }
        Ok(inside)
    }

    /// Lets no more work in, and waits until all has left.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        loop {
            let left = self.left.notified();
            if self.inside.load(Ordering::SeqCst) == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Inside {
    /// The same for work that goes on when this one has ended.
    pub(crate) fn another(&self) -> Self {
        self.0.inside.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if self.0.inside.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.closed.load(Ordering::SeqCst)
        {
            self.0.left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closing_waits_for_the_last_one_inside() {
        let doors = Arc::new(Doors::default());
        let inside = doors.enter().unwrap();
        let closing = tokio::spawn({
            let doors = Arc::clone(&doors);
            async move { doors.close().await }
        });
        while !doors.closed.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        assert!(doors.enter().is_err(), "nobody enters any more");
        assert!(!closing.is_finished());
        drop(inside);
        closing.await.unwrap();
    }
}
