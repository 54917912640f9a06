//! Where the JSON of a script goes: held, refused past a bound, or streamed past one.

use super::Shared;
use super::watch::Watch;
use crate::json::{Bounds, Sheet};
use crate::reply::Feeder;
use crate::{Chunks, Error, Failure, Reply};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// JSON in the making, and the count of what went into it.
pub(super) struct Output {
    /// What has been written.
    pub(super) sheet: Sheet,
    /// Statements run.
    pub(super) statements: u64,
    /// Whether it is the answer of an earlier request.
    replayed: bool,
    rows: u64,
    /// How many bytes may be held.
    bytes_max: usize,
    full: Full,
    shared: Arc<Shared>,
}

/// What happens when more bytes are held than may be.
enum Full {
    /// The script fails, as a write must.
    Refuse,
    /// The budget is spent, and the script runs again on another thread.
    Spend(Arc<Watch>),
    /// The bytes go to whoever reads them.
    Stream(Box<Streaming>),
}

/// The way to the reader of a result.
pub(super) struct Streaming {
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    ticket: u64,
    runtime: Handle,
    begun: Instant,
    to: To,
}

/// Who waits for the next bytes.
enum To {
    /// The one who asked, for a reply.
    Asker(oneshot::Sender<Result<Reply, Failure>>),
    /// The reader of a stream.
    Reader(Feeder),
    /// Nobody.
    Nobody,
}

impl Output {
    /// Holds all of it, as a write must; too much is an error.
    pub(super) fn held(shared: &Arc<Shared>) -> Self {
        Self::new(shared, shared.config.write_bytes_max, Full::Refuse)
    }

    /// Holds all of it; too much spends the budget of the watch.
    pub(super) fn tried(shared: &Arc<Shared>, bytes_max: usize, watch: &Arc<Watch>) -> Self {
        Self::new(shared, bytes_max, Full::Spend(Arc::clone(watch)))
    }

    /// Holds up to `bytes_max`, and streams once it is more.
    pub(super) fn streamed(shared: &Arc<Shared>, bytes_max: usize, streaming: Streaming) -> Self {
        Self::new(shared, bytes_max, Full::Stream(Box::new(streaming)))
    }

    fn new(shared: &Arc<Shared>, bytes_max: usize, full: Full) -> Self {
        Self {
            sheet: Sheet::new(Bounds::new(&shared.config)),
            statements: 0,
            replayed: false,
            rows: 0,
            bytes_max,
            full,
            shared: Arc::clone(shared),
        }
    }

    /// Gives the answer of an earlier request.
    pub(super) fn replay(&mut self, answer: Vec<u8>) {
        self.sheet.text = answer;
        self.replayed = true;
    }

    /// To be called after each row: hands over what is held, if it is enough.
    pub(super) fn row_done(&mut self) -> Result<(), Error> {
        self.rows += 1;
        if self.sheet.text.len() < self.bytes_max {
            return Ok(());
        }
        match &mut self.full {
            Full::Refuse => {
                let message = format!("more than {} bytes before the commit", self.bytes_max);
                Err(Error::TooLarge(message))
            }
            Full::Spend(watch) => {
                watch.spend();
                Err(Error::Cancelled)
            }
            Full::Stream(streaming) => {
                self.bytes_max = self.shared.config.chunk_bytes;
                let portion = self.sheet.hand_out(self.bytes_max + self.bytes_max / 8)?;
                self.shared.metrics.bytes.inc_by(portion.len() as u64);
                streaming.send(portion.into())
            }
        }
    }

    /// The reply of a script that does not stream.
    pub(super) fn answer(mut self, result: Result<(), Failure>) -> Result<Reply, Failure> {
        self.count(result.as_ref().err().map(|failure| &failure.error));
        let text = std::mem::take(&mut self.sheet.text).into();
        let reply = if self.replayed {
            Reply::Replayed(text)
        } else {
            Reply::Whole(text)
        };
        result.map(|()| reply)
    }

    /// Gives a script's result, or the rest of it, to whoever waits for it.
    pub(super) fn deliver(mut self, result: Result<(), Failure>) {
        let rest = Bytes::from(std::mem::take(&mut self.sheet.text));
        self.shared.metrics.bytes.inc_by(rest.len() as u64);
        let full = std::mem::replace(&mut self.full, Full::Refuse);
        let Full::Stream(mut streaming) = full else {
            return;
        };
        if let To::Asker(asker) = streaming.to {
            self.count(result.as_ref().err().map(|failure| &failure.error));
            // Whoever asked may be gone, which is their right.
            asker.send(result.map(|()| Reply::Whole(rest))).ok();
            return;
        }
        let result = result.map_err(|failure| failure.error);
        let result = result.and_then(|()| streaming.send(rest));
        self.count(result.as_ref().err());
        self.shared.metrics.streams.inc();
        if let To::Reader(feeder) = streaming.to {
            feeder.finish(result);
        }
    }

    fn count(&self, error: Option<&Error>) {
        let metrics = &self.shared.metrics;
        metrics.statements.inc_by(self.statements);
        metrics.rows.inc_by(self.rows);
        metrics.bytes.inc_by(self.sheet.text.len() as u64);
        match error {
            Some(Error::Cancelled | Error::Stalled(_)) => _ = metrics.cancelled.inc(),
            Some(error) => metrics.stopped(error),
            None => {}
        }
    }
}

impl Streaming {
    pub(super) fn new(
        shared: &Arc<Shared>,
        watch: Arc<Watch>,
        ticket: u64,
        asker: oneshot::Sender<Result<Reply, Failure>>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            watch,
            ticket,
            runtime: Handle::current(),
            begun: Instant::now(),
            to: To::Asker(asker),
        }
    }

    /// Sends a portion; the first one turns the reply into a stream.
    fn send(&mut self, portion: Bytes) -> Result<(), Error> {
        self.to = match std::mem::replace(&mut self.to, To::Nobody) {
            To::Asker(asker) => {
                let (watch, ticket) = (Arc::clone(&self.watch), self.ticket);
                let (feeder, chunks) = Chunks::channel(move || watch.cancel(ticket));
                let sent = asker.send(Ok(Reply::Stream(chunks)));
                sent.map_err(|_| Error::Cancelled)?;
                // From here on it may take as long as a stream may.
                let config = &self.shared.config;
                let (stream, read) = (config.stream_timeout(), config.statement_timeout(false));
                self.watch.extend(stream.saturating_sub(read));
                To::Reader(feeder)
            }
            open => open,
        };
        let To::Reader(feeder) = &self.to else {
            return Err(Error::Cancelled);
        };
        let Some(portion) = feeder.offer(portion)? else {
            return Ok(());
        };
        let waited = Instant::now();
        let stall = self.shared.config.stall_timeout();
        self.runtime.block_on(feeder.feed(portion, stall))?;
        self.watch.extend(waited.elapsed());
        if self.begun.elapsed() > self.shared.config.stream_timeout() {
            return Err(Error::Timeout("the stream took too long in all".into()));
        }
        Ok(())
    }
}
