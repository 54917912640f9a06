//! The pulse of a connection: what moves on it, and since when nothing does.

use crate::config::Server as Config;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// No moment.
const NEVER: u64 = u64::MAX;

/// Bytes of a part of an answer over HTTP/2: a frame.
const PART: usize = 16 * 1024;

/// What is known of a connection. Moments are milliseconds since it was opened.
pub(super) struct Pulse {
    opened: Instant,
    /// Whether it was seen to speak HTTP/2.
    multiplexed: AtomicBool,
    /// Requests whose answers are not handed over yet.
    in_flight: AtomicUsize,
    /// Requests that ever came.
    requests: AtomicU64,
    /// Answers of which a part was handed over and the next was not asked for.
    waiting: Mutex<Vec<Waiting>>,
    /// When the last request came or ended.
    quiet_since: AtomicU64,
    /// When the first byte of an unfinished request head came.
    head_since: AtomicU64,
    /// Since when the client takes no byte.
    blocked_since: AtomicU64,
    /// When a byte was last written.
    written: AtomicU64,
    /// Whether it was cut because its client is too slow.
    is_cut: AtomicBool,
}

/// An answer whose client is to take what was handed over.
struct Waiting {
    /// The number of its request.
    number: u64,
    since: u64,
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Keep,
    /// Nothing is asked on it: it may close in good order.
    Close,
    /// Its client is too slow to be waited for.
    Abort,
}

impl Pulse {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            multiplexed: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            waiting: Mutex::default(),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(NEVER),
            written: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
        })
    }

    /// Whoever shook hands may begin now.
    pub(super) fn begin(&self) {
        self.head_since.store(self.now(), Relaxed);
        self.quiet_since.store(self.now(), Relaxed);
    }

    /// A request came in; it is in flight until the returned value is dropped.
    pub(super) fn request(self: &Arc<Self>, multiplexed: bool) -> InFlight {
        self.multiplexed.store(multiplexed, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        InFlight {
            pulse: self.clone(),
            number: self.requests.fetch_add(1, Relaxed),
            waiting: false,
        }
    }

    /// Whether it was seen to speak HTTP/2.
    pub(super) fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Relaxed)
    }

    /// It is not waited for any longer.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Relaxed);
    }

    /// Whether no request is in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    /// What the bounds say now.
    pub(super) fn verdict(&self, config: &Config) -> Verdict {
        let stall = config.stall_timeout();
        if self.passed(&self.blocked_since, stall) || self.is_stalled(stall) {
            return Verdict::Abort;
        }
        if !self.is_quiet() {
            return Verdict::Keep;
        }
        if !self.is_multiplexed() && self.passed(&self.head_since, config.header_timeout()) {
            return Verdict::Abort;
        }
        if self.passed(&self.quiet_since, config.idle_timeout()) {
            return Verdict::Close;
        }
        Verdict::Keep
    }

    /// Whether an answer is not taken. HTTP/2 writes much that is none, such as the answer to a
    /// PING, so there only what is asked of the answer itself counts.
    fn is_stalled(&self, limit: Duration) -> bool {
        let written = if self.is_multiplexed() {
            0
        } else {
            self.written.load(Relaxed)
        };
        let is_late = |answer: &Waiting| self.is_past(answer.since.max(written), limit);
        self.waiting().iter().any(is_late)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passed(&self, moment: &AtomicU64, limit: Duration) -> bool {
        self.is_past(moment.load(Relaxed), limit)
    }

    fn is_past(&self, moment: u64, limit: Duration) -> bool {
        moment != NEVER && self.now().saturating_sub(moment) > millis(limit)
    }

    fn now(&self) -> u64 {
        millis(self.opened.elapsed())
    }

    fn read(&self) {
        if self.is_quiet() && self.head_since.load(Relaxed) == NEVER {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        let now = self.now();
        if polled.is_ready() {
            self.blocked_since.store(NEVER, Relaxed);
            self.written.store(now, Relaxed);
        } else if self.blocked_since.load(Relaxed) == NEVER {
            self.blocked_since.store(now, Relaxed);
        }
    }
}

/// The sign that a request is in flight.
pub(super) struct InFlight {
    pulse: Arc<Pulse>,
    number: u64,
    /// Whether a part of the answer was handed over and the next not asked for.
    waiting: bool,
}

impl InFlight {
    /// The connection asks for the next part of the answer.
    pub(super) fn asked(&mut self) {
        if std::mem::take(&mut self.waiting) {
            let mut waiting = self.pulse.waiting();
            waiting.retain(|answer| answer.number != self.number);
        }
    }

    /// Whether the connection was cut because its client is too slow.
    pub(super) fn is_cut(&self) -> bool {
        self.pulse.is_cut.load(Relaxed)
    }

    /// In what parts the answer is to be handed over: over HTTP/2 small ones, since what the client
    /// takes of a part is not seen.
    pub(super) fn part_bytes(&self) -> usize {
        if self.pulse.is_multiplexed() {
            PART
        } else {
            usize::MAX
        }
    }

    /// The connection was handed a part of the answer, or is to ask for the first.
    pub(super) fn handed(&mut self) {
        self.asked();
        self.waiting = true;
        let (number, since) = (self.number, self.pulse.now());
        self.pulse.waiting().push(Waiting { number, since });
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.asked();
        self.pulse.quiet_since.store(self.pulse.now(), Relaxed);
        self.pulse.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A TCP stream whose pulse is felt.
pub(super) struct Wire {
    stream: TcpStream,
    pulse: Arc<Pulse>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() {
            self.pulse.read();
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pulse.wrote(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.pulse.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn config() -> Config {
        Config {
            header_timeout_ms: 100,
            idle_timeout_ms: 1_000,
            stall_timeout_ms: 200,
            ..Config::default()
        }
    }

    async fn pass(ms: u64) {
        advance(Duration::from_millis(ms)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_first_request_is_cut_after_the_header_timeout() {
        let pulse = Pulse::new();
        assert_eq!(pulse.verdict(&config()), Verdict::Keep);
        pass(101).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Abort);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_head_is_cut_and_an_idle_connection_is_closed() {
        let pulse = Pulse::new();
        drop(pulse.request(false));
        pass(500).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Keep);
        pulse.read();
        pass(101).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Abort);
        drop(pulse.request(false));
        pass(1_001).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Close);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_may_wait_for_us_but_not_we_for_its_client() {
        let pulse = Pulse::new();
        let mut request = pulse.request(true);
        pass(5_000).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Keep);
        request.asked();
        request.handed();
        pass(201).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Abort);
        request.asked();
        pass(201).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Keep);
    }

    #[tokio::test(start_paused = true)]
    async fn what_else_is_written_over_http_2_is_no_sign_that_an_answer_is_taken() {
        for multiplexed in [false, true] {
            let pulse = Pulse::new();
            let mut request = pulse.request(multiplexed);
            let mut other = pulse.request(multiplexed);
            request.handed();
            pass(150).await;
            pulse.wrote(&Poll::Ready(Ok(17)));
            other.asked();
            other.handed();
            pass(51).await;
            let verdict = pulse.verdict(&config());
            assert_eq!(verdict == Verdict::Abort, multiplexed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_no_byte_is_cut() {
        let pulse = Pulse::new();
        let _request = pulse.request(false);
        pulse.wrote(&Poll::Pending);
        pass(150).await;
        pulse.wrote(&Poll::Pending);
        pass(51).await;
        assert_eq!(pulse.verdict(&config()), Verdict::Abort);
        pulse.wrote(&Poll::Ready(Ok(1)));
        assert_eq!(pulse.verdict(&config()), Verdict::Keep);
    }
}
