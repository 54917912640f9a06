//! The body of a response: it closes the request's line when its last byte is handed over.

use super::answers;
use super::packing::Packer;
use super::pulse::InFlight;
use super::room;
use bytes::Bytes;
use futures_util::Stream as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use model::Fault;
use observe::request::{Line, Outcome};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use store::{Chunks, Reply};

/// The code of an answer whose client took nothing of it for too long.
const STALLED: &str = "http.stalled";

/// A response body. Dropped before its end it leaves the line as cancelled, or as stalled
/// where its client was cut off.
pub(crate) struct Body {
    content: Content,
    /// What packs it, until it has packed all.
    packer: Option<Packer>,
    /// What is packed and not handed over yet.
    packed: Bytes,
    /// Whether something of a packed answer is to be handed over.
    packs: bool,
    /// What begins and ends a stream.
    opening: &'static [u8],
    closing: Bytes,
    /// How the request is counted when all was handed over.
    outcome: Outcome,
    line: Line,
    in_flight: InFlight,
    /// The room that it takes, where its parts are made up as they are asked for.
    taken: Option<Arc<Taken>>,
}

/// The room that an answer takes.
pub(super) struct Taken {
    /// Among those that tell of the API.
    told: Option<room::Held>,
    /// Among all.
    counted: Option<answers::Held>,
}

impl Taken {
    pub(super) fn new(told: Option<room::Held>, counted: Option<answers::Held>) -> Self {
        Self { told, counted }
    }

    /// Gives back what is not needed for so many bytes.
    fn shrink(&mut self, bytes: usize) {
        if let Some(told) = &mut self.told {
            told.shrink(bytes);
        }
        if let Some(counted) = &mut self.counted {
            counted.shrink(bytes);
        }
    }
}

/// Bytes that hold their room until the last of them is taken, not only handed over.
struct Roomy<T> {
    bytes: Bytes,
    _taken: T,
}

impl<T> AsRef<[u8]> for Roomy<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

enum Content {
    Whole(Parts),
    Opening(Chunks),
    Rows(Chunks),
    /// The rest of a chunk, and the chunks behind it.
    Rest(Bytes, Chunks),
    End,
}

/// A whole answer as it is handed over: what stands before it, it itself, and what stands behind it.
struct Parts([Bytes; 3]);

impl Parts {
    fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(Bytes::is_empty)
    }

    /// What is next of it.
    fn first(&mut self) -> &mut Bytes {
        let [opening, data, closing] = &mut self.0;
        if !opening.is_empty() {
            opening
        } else if !data.is_empty() {
            data
        } else {
            closing
        }
    }
}

/// The answer could not be finished: the connection is to be aborted, so that no client takes the
/// part for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct Aborted;

impl Body {
    /// The body of an answer, what stands before and behind it, the room it takes and what packs it; the line it
    /// closes, and the sign that its connection is in use.
    pub(super) fn new(
        (opening, reply, mut closing): (&'static [u8], Reply, Bytes),
        (mut taken, packer): (Taken, Option<Packer>),
        outcome: Outcome,
        (line, in_flight): (Line, InFlight),
    ) -> Self {
        let (content, taken) = match reply {
            Reply::Stream(chunks) => (Content::Opening(chunks), Some(Arc::new(taken))),
            Reply::Whole(bytes) | Reply::Replayed(bytes) => {
                taken.shrink(opening.len() + bytes.len() + closing.len());
                let (bytes, taken) = if packer.is_some() {
                    (bytes, Some(Arc::new(taken)))
                } else {
                    (roomy(bytes, taken), None)
                };
                let closing = std::mem::take(&mut closing);
                let parts = Parts([Bytes::from_static(opening), bytes, closing]);
                (Content::Whole(parts), taken)
            }
        };
        let mut body = Self {
            content,
            packs: packer.is_some(),
            packer,
            packed: Bytes::new(),
            opening,
            closing,
            outcome,
            line,
            in_flight,
            taken,
        };
        if body.is_end_stream() {
            body.finish();
        } else {
            body.in_flight.handed();
        }
        body
    }

    /// There is no more of the answer.
    fn finish(&mut self) {
        self.content = Content::End;
        self.settle();
    }

    /// Whether everything was handed over decides how the request is counted.
    fn settle(&mut self) {
        if self.is_end_stream() {
            self.line.entry().outcome = self.outcome;
        }
    }

    /// The next part of the packed answer.
    fn next_packed(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        while self.packed.is_empty() {
            let Some(mut packer) = self.packer.take() else {
                self.packs = false;
                self.settle();
                return Poll::Ready(None);
            };
            let packed = match self.next(context) {
                Poll::Pending => {
                    self.packer = Some(packer);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Err(aborted))) => return Poll::Ready(Some(Err(aborted))),
                Poll::Ready(None) => packer.finish(),
                Poll::Ready(Some(Ok(plain))) => {
                    let packed = packer.pack(&plain);
                    self.packer = Some(packer);
                    packed
                }
            };
            self.packed = packed.map_err(|error| self.abort(&error, "server.internal"))?;
        }
        let mut packed = std::mem::take(&mut self.packed);
        let part = self.part(&mut packed);
        self.packed = packed;
        self.packs = self.packer.is_some() || !self.packed.is_empty();
        self.settle();
        Poll::Ready(Some(Ok(part)))
    }

    /// The answer cannot be finished.
    fn abort(&mut self, error: &dyn fmt::Display, code: &'static str) -> Aborted {
        let request_id = self.line.request_id();
        tracing::warn!(request_id, detail = %error, "the answer broke off");
        let entry = self.line.entry();
        entry.outcome = Outcome::Aborted;
        entry.code = Some(code);
        Aborted
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        match std::mem::replace(&mut self.content, Content::End) {
            Content::Whole(mut parts) => {
                let part = if self.packs {
                    Packer::portion(parts.first())
                } else {
                    self.part(parts.first())
                };
                if parts.is_empty() {
                    self.finish();
                } else {
                    self.content = Content::Whole(parts);
                }
                Poll::Ready(Some(Ok(part)))
            }
            Content::Opening(chunks) => {
                self.content = Content::Rows(chunks);
                Poll::Ready(Some(Ok(Bytes::from_static(self.opening))))
            }
            Content::Rows(chunks) => self.rows(chunks, context),
            Content::Rest(bytes, chunks) => Poll::Ready(Some(Ok(self.chunk(bytes, chunks)))),
            Content::End => Poll::Ready(None),
        }
    }

    /// Takes as much as may be handed over at once.
    fn part(&self, bytes: &mut Bytes) -> Bytes {
        bytes.split_to(bytes.len().min(self.in_flight.part_bytes()))
    }

    fn chunk(&mut self, mut bytes: Bytes, chunks: Chunks) -> Bytes {
        let part = self.part(&mut bytes);
        self.content = if bytes.is_empty() {
            Content::Rows(chunks)
        } else {
            Content::Rest(bytes, chunks)
        };
        part
    }

    fn rows(
        &mut self,
        mut chunks: Chunks,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Aborted>>> {
        match Pin::new(&mut chunks).poll_next(context) {
            Poll::Pending => {
                self.content = Content::Rows(chunks);
                Poll::Pending
            }
            Poll::Ready(Some(Ok(bytes))) => Poll::Ready(Some(Ok(self.chunk(bytes, chunks)))),
            Poll::Ready(Some(Err(error))) => {
                let told = error.to_string();
                let aborted = self.abort(&told, Fault::from(error).code);
                Poll::Ready(Some(Err(aborted)))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(Some(Ok(std::mem::take(&mut self.closing))))
            }
        }
    }
}

impl Drop for Body {
    /// Whoever was cut off did not go away.
    fn drop(&mut self) {
        let is_cut = self.in_flight.is_cut();
        let entry = self.line.entry();
        if is_cut && entry.outcome == Outcome::Cancelled {
            entry.outcome = Outcome::Aborted;
            entry.code = Some(STALLED);
        }
    }
}

fn roomy(bytes: Bytes, taken: impl Send + Sync + 'static) -> Bytes {
    Bytes::from_owner(Roomy {
        bytes,
        _taken: taken,
    })
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        self.in_flight.asked();
        let next = if self.packs {
            ready!(self.next_packed(context))
        } else {
            ready!(self.next(context))
        };
        if let Some(Ok(bytes)) = &next {
            self.line.entry().bytes += bytes.len() as u64;
            self.in_flight.handed();
        }
        let taken = &self.taken;
        let held = |bytes| match taken {
            Some(taken) => roomy(bytes, Arc::clone(taken)),
            None => bytes,
        };
        Poll::Ready(next.map(|bytes| bytes.map(|bytes| Frame::data(held(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        if self.packs {
            return false;
        }
        match &self.content {
            Content::Whole(parts) => parts.is_empty(),
            Content::End => true,
            Content::Opening(_) | Content::Rows(_) | Content::Rest(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        if self.packs {
            return SizeHint::default();
        }
        match &self.content {
            Content::Whole(parts) => SizeHint::with_exact(parts.len() as u64),
            Content::End => SizeHint::with_exact(0),
            Content::Opening(_) | Content::Rows(_) | Content::Rest(..) => SizeHint::default(),
        }
    }
}
