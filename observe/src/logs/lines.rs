//! Lines on their way to standard error: gathered by whoever logs, written by a thread of their own.
//!
//! The first line is written at once and those of the next moments together, so that a busy server
//! wakes the thread some fifty times a second and not for each line.

use model::metric::{Counter, Gauge, Registry, Unit};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait; who comes then waits for room, so no line is lost.
const BYTES_MAX: usize = 1 << 20;

/// How long lines are gathered behind some that were written.
const GATHERED: Duration = Duration::from_millis(20);

/// Where lines wait.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Desk>);

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    metrics: Metrics,
    /// Told when there is something to do for a thread that rests.
    work: Condvar,
    /// Told when there is room again.
    room: Condvar,
}

/// What is counted of lines on their way; all clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    waiting: Gauge,
    held_back: Counter,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    rests: bool,
    closed: bool,
}

/// The thread that writes; it has written all that waits when this is gone.
pub(super) struct Scribe {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

/// Takes the bytes of one event.
pub(super) struct Pen<'l>(&'l Desk);

impl Lines {
    /// Writes what comes to some place, on a thread of its own.
    pub(super) fn written_to(
        place: impl Write + Send + 'static,
        metrics: Metrics,
    ) -> io::Result<(Self, Scribe)> {
        let lines = Self(Arc::new(Desk {
            metrics,
            ..Desk::default()
        }));
        let desk = Arc::clone(&lines.0);
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || desk.write_all_to(place))?;
        let scribe = Scribe {
            lines: lines.clone(),
            thread: Some(thread),
        };
        Ok((lines, scribe))
    }
}

impl Metrics {
    /// Declares them.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "fragaria_log_waiting",
            "Lines of the log that wait to be written to standard error",
            Unit::Bytes,
            self.waiting.clone(),
        );
        registry.register(
            "fragaria_log_held_back",
            "Times that whoever logs had to wait, as a mebibyte of lines waited already",
            self.held_back.clone(),
        );
    }

    fn wait(&self, bytes: usize) {
        self.waiting.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: &[u8]) {
        let is_full = |state: &mut State| {
            let length = state.waiting.len();
            length > 0 && length + bytes.len() > BYTES_MAX && !state.closed
        };
        let mut state = self.state();
        if is_full(&mut state) {
            self.metrics.held_back.inc();
            let waited = self.room.wait_while(state, is_full);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.extend_from_slice(bytes);
        self.metrics.wait(state.waiting.len());
        if state.rests || state.waiting.len() > BYTES_MAX / 2 {
            state.rests = false;
            self.work.notify_one();
        }
    }

    fn write_all_to(&self, mut place: impl Write) {
        let mut taken = Vec::new();
        loop {
            let mut state = self.state();
            state.rests = state.waiting.is_empty();
            let is_idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
            let waited = self.work.wait_while(state, is_idle);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner);
            state.rests = false;
            if state.waiting.is_empty() {
                return;
            }
            std::mem::swap(&mut state.waiting, &mut taken);
            self.metrics.wait(0);
            self.room.notify_all();
            drop(state);
            // Where standard error is gone there is nobody left to tell.
            place.write_all(&taken).and_then(|()| place.flush()).ok();
            taken.clear();
            let gathers = |state: &mut State| state.waiting.len() <= BYTES_MAX / 2 && !state.closed;
            drop(
                self.work
                    .wait_timeout_while(self.state(), GATHERED, gathers),
            );
        }
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        let desk = &self.lines.0;
        desk.state().closed = true;
        desk.work.notify_one();
        desk.room.notify_all();
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and has nothing to say.
            thread.join().ok();
        }
    }
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Pen<'l>;

    fn make_writer(&'l self) -> Pen<'l> {
        Pen(&self.0)
    }
}

impl Write for Pen<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.add(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A place that takes a write only when it is let.
    struct Slow {
        lets: mpsc::Receiver<()>,
        page: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.lets.recv().ok();
            self.page.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_comes_when_there_is_no_room_waits_and_nothing_is_lost() {
        let (letting, lets) = mpsc::channel();
        let page = Arc::default();
        let slow = Slow {
            lets,
            page: Arc::clone(&page),
        };
        let metrics = Metrics::default();
        let (lines, scribe) = Lines::written_to(slow, metrics.clone()).unwrap();
        let line = vec![b'x'; 1_000];
        let count = 3 * BYTES_MAX / line.len();
        let writer = thread::spawn({
            let (lines, line) = (lines.clone(), line.clone());
            move || (0..count).for_each(|_| lines.make_writer().write_all(&line).unwrap())
        });
        let is_full = || lines.0.state().waiting.len() + line.len() > BYTES_MAX;
        while !is_full() {
            thread::yield_now();
        }
        assert!(!writer.is_finished());
        assert!(metrics.waiting.get() > 1_000_000);
        drop(letting);
        writer.join().unwrap();
        drop(scribe);
        assert_eq!(page.lock().unwrap().len(), count * line.len());
        assert_eq!(metrics.waiting.get(), 0);
        assert!(metrics.held_back.get() > 0);
    }

    #[test]
    fn a_line_is_written_though_nothing_follows_it() {
        let (letting, lets) = mpsc::channel();
        let page: Arc<Mutex<Vec<u8>>> = Arc::default();
        let slow = Slow {
            lets,
            page: Arc::clone(&page),
        };
        let (lines, _scribe) = Lines::written_to(slow, Metrics::default()).unwrap();
        for round in 1..=3 {
            lines.make_writer().write_all(b"a\n").unwrap();
            letting.send(()).unwrap();
            while page.lock().unwrap().len() < 2 * round {
                thread::yield_now();
            }
        }
    }
}
