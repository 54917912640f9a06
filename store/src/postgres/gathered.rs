//! A connection that lets others speak first, so that what many ask at the same time leaves in one
//! write.
//!
//! Whoever sends a statement wakes the connection, which the runtime then takes up at once: each
//! statement would have a system call of its own, here and in the database. A connection that goes
//! to the end of the queue once, before it works, finds there what all those before it have sent.

use std::pin::Pin;
use std::task::{Context, Poll};

/// The work of a connection.
pub(super) struct Gathered<C> {
    connection: C,
    /// Whether others had their turn since it was woken.
    waited: bool,
}

impl<C> Gathered<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection,
            waited: false,
        }
    }
}

impl<C: Future + Unpin> Future for Gathered<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::Output> {
        self.waited = !self.waited;
        if self.waited {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.connection).poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn what_several_send_in_a_turn_is_taken_in_one() {
        let (sender, mut receiver) = unbounded_channel();
        let (turns, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let connection = poll_fn({
            let (turns, taken) = (Arc::clone(&turns), Arc::clone(&taken));
            move |context| {
                let before = taken.load(Relaxed);
                while let Poll::Ready(Some(())) = receiver.poll_recv(context) {
                    taken.fetch_add(1, Relaxed);
                }
                turns.fetch_add(usize::from(taken.load(Relaxed) > before), Relaxed);
                Poll::<()>::Pending
            }
        });
        let connection = tokio::spawn(Gathered::new(connection));
        yield_now().await;
        let senders: Vec<_> = (0..10)
            .map(|_| {
                let sender = sender.clone();
                tokio::spawn(async move { sender.send(()).unwrap() })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        while taken.load(Relaxed) < 10 {
            yield_now().await;
        }
        assert_eq!(turns.load(Relaxed), 1);
        connection.abort();
    }
}
