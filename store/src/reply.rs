//! The answer to a script: the JSON text of its `data` object, whole or in portions.

use crate::Error;
use bytes::Bytes;
use futures_util::Stream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::Receiver;

/// The JSON text of the `data` object.
#[derive(Debug)]
pub enum Reply {
    /// All of it.
    Whole(Bytes),
    /// In portions, as the rows arrive.
    Stream(Chunks),
}

/// Portions of a result, bounded in flight; dropping them stops the work in the database.
pub struct Chunks {
    receiver: Receiver<Result<Bytes, Error>>,
    cancel: OnDrop,
}

impl Chunks {
    /// Portions from a channel; `cancel` is called when they are dropped before their end.
    pub(crate) fn new(
        receiver: Receiver<Result<Bytes, Error>>,
        cancel: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self {
            receiver,
            cancel: OnDrop::new(cancel),
        }
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.receiver.poll_recv(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.cancel.disarm();
        }
        polled
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chunks")
    }
}

/// Something to be done when it is dropped, unless it was disarmed before.
pub(crate) struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl OnDrop {
    pub(crate) fn new(action: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(action)))
    }

    pub(crate) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }
}
