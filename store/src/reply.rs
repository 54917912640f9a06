//! The answer to a script: the JSON text of its `data` object, whole or in portions.

use crate::Error;
use bytes::Bytes;
use futures_util::Stream;
use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Portions that may wait for their receiver.
pub(crate) const WAITING_MAX: usize = 4;

/// The JSON text of the `data` object.
#[derive(Debug)]
pub enum Reply {
    /// All of it.
    Whole(Bytes),
    /// In portions, as the rows arrive.
    Stream(Chunks),
    /// All of it, as it was when the same request came first; nothing was done this time.
    Replayed(Bytes),
}

/// Portions of a result, bounded in flight; dropping them stops the work in the database.
///
/// A result that broke off ends with an error, never as if it were complete.
pub struct Chunks {
    /// What was taken out of it, and put back.
    first: Option<Bytes>,
    receiver: mpsc::Receiver<Bytes>,
    ending: Option<oneshot::Receiver<Result<(), Error>>>,
    cancel: OnDrop,
}

/// Where a driver puts the portions.
pub(crate) struct Feeder {
    sender: mpsc::Sender<Bytes>,
    ending: oneshot::Sender<Result<(), Error>>,
}

impl Chunks {
    /// Both ends; `cancel` is called when the portions are dropped before their end.
    pub(crate) fn channel(cancel: impl FnOnce() + Send + Sync + 'static) -> (Feeder, Self) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let (ending, end) = oneshot::channel();
        let chunks = Self {
            first: None,
            receiver,
            ending: Some(end),
            cancel: OnDrop::new(cancel),
        };
        (Feeder { sender, ending }, chunks)
    }

    /// The same with a portion in front, which was taken out of it before.
    pub fn behind(self, portion: Bytes) -> Self {
        Self {
            first: Some(portion),
            ..self
        }
    }
}

impl Feeder {
    /// Hands a portion over, waiting no longer than `stall` for a receiver that takes nothing.
    pub(crate) async fn feed(&self, portion: Bytes, stall: Duration) -> Result<(), Error> {
        match timeout(stall, self.sender.send(portion)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Error::Cancelled),
            Err(_) => Err(Error::Stalled(stall.as_millis())),
        }
    }

    /// Hands a portion over if there is room for it, and gives it back if there is none.
    pub(crate) fn offer(&self, portion: Bytes) -> Result<Option<Bytes>, Error> {
        match self.sender.try_send(portion) {
            Ok(()) => Ok(None),
            Err(mpsc::error::TrySendError::Full(portion)) => Ok(Some(portion)),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Error::Cancelled),
        }
    }

    /// Waits until the receiver is gone.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Says how it ended. The receiver may be gone, which is its right.
    pub(crate) fn finish(self, result: Result<(), Error>) {
        self.ending.send(result).ok();
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(portion) = self.first.take() {
            return Poll::Ready(Some(Ok(portion)));
        }
        if let Some(portion) = ready!(self.receiver.poll_recv(context)) {
            return Poll::Ready(Some(Ok(portion)));
        }
        let Some(ending) = &mut self.ending else {
            return Poll::Ready(None);
        };
        let ended = ready!(Pin::new(ending).poll(context));
        self.ending = None;
        self.cancel.disarm();
        Poll::Ready(match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => Some(Err(Error::Internal("a stream broke off".into()))),
        })
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chunks")
    }
}

/// Something to be done when it is dropped, unless it was disarmed before.
pub(crate) struct OnDrop(Option<Box<dyn FnOnce() + Send + Sync>>);

impl OnDrop {
    pub(crate) fn new(action: impl FnOnce() + Send + Sync + 'static) -> Self {
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
