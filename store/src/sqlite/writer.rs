//! Writes that wait are committed together, so that the disk is waited for once for all of them.
//!
//! Whoever has the one connection that writes takes on those who wait for it. Each runs within a
//! savepoint of its own, so one that fails undoes nothing but itself, and none is answered before all
//! are committed. Where all of them were undone for one's sake, each runs again by itself.

use super::output::Output;
use super::overruns::Overruns;
use super::pool::Lease;
use super::script::{self, Work};
use super::session::Session;
use super::watch::Watch;
use super::{Shared, looked_at};
use crate::{Error, Failure, Reply};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Bytes of answers that may wait for a commit when one more is taken on.
const BYTES: usize = 1024 * 1024;

/// The writes that nobody has taken on yet.
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Job>>,
    /// Scripts that took long, or undid others.
    slow: Overruns,
}

/// A write, and who waits for it.
struct Job {
    work: Work,
    asker: oneshot::Sender<Result<Reply, Failure>>,
    stage: Ticket,
    /// Whether it has a transaction for itself.
    is_alone: bool,
}

/// What a write is known by.
pub(super) type Ticket = Arc<Mutex<Stage>>;

/// How far a write is.
pub(super) enum Stage {
    Waiting,
    /// On the connection of that watch, by that ticket.
    Begun(Arc<Watch>, u64),
    /// Nobody waits for it.
    Left,
}

/// The one who waits for a write; once it is dropped, what was not committed is undone.
pub(super) struct Waiter<'q> {
    queue: &'q Queue,
    stage: Ticket,
    answer: oneshot::Receiver<Result<Reply, Failure>>,
}

/// A write that ran, and what came of it.
struct Done {
    job: Job,
    output: Output,
    result: Result<(), Failure>,
}

/// Whoever has the connection.
struct Leader<'l> {
    queue: &'l Queue,
    session: &'l Session,
    shared: &'l Arc<Shared>,
    timeout: Duration,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            slow: Overruns::new(),
        }
    }

    /// Puts a write behind the others.
    pub(super) fn enter(&self, work: Work) -> Waiter<'_> {
        let (asker, answer) = oneshot::channel();
        let stage = Arc::new(Mutex::new(Stage::Waiting));
        let is_alone = work.script.undone || self.slow.pass_over(&*work.script);
        self.jobs().push_back(Job {
            work,
            asker,
            stage: Arc::clone(&stage),
            is_alone,
        });
        Waiter {
            queue: self,
            stage,
            answer,
        }
    }

    /// Takes on the write of whoever has the connection, and others with it.
    ///
    /// Where another one had taken it on, nothing is done: each of those that are left waits for the
    /// connection by itself.
    pub(super) fn lead(&self, own: &Ticket, lease: &Lease, shared: &Arc<Shared>) {
        let (Ok(session), Some(first)) = (lease.session(), self.take(own)) else {
            return;
        };
        let leader = Leader {
            queue: self,
            session,
            shared,
            timeout: lease.timeout(),
        };
        let all = looked_at(shared, session, || leader.run(first));
        // Who left while it was committed has counted it too early, so a reader may have kept what was before.
        let late = all.iter().any(Done::is_for_nobody);
        if let Some(look) = shared.look.get().filter(|_| late) {
            look.forget();
        }
        for done in all {
            let answer = done.output.answer(done.result);
            // Whoever asked may be gone, which is their right.
            done.job.asker.send(answer).ok();
        }
    }

    /// Takes a write out of the line, unless it was taken on or taken back.
    fn take(&self, own: &Ticket) -> Option<Job> {
        let mut jobs = self.jobs();
        let place = jobs.iter().position(|job| Arc::ptr_eq(&job.stage, own));
        place.and_then(|place| jobs.remove(place))
    }

    fn next(&self, fits: impl FnOnce(&Job) -> bool) -> Option<Job> {
        let mut jobs = self.jobs();
        let fits = fits(jobs.front()?);
        fits.then(|| jobs.pop_front()).flatten()
    }

    fn next_is(&self, fits: impl FnOnce(&Job) -> bool) -> bool {
        self.jobs().front().is_some_and(fits)
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter<'_> {
    /// Waits for the answer; may be dropped and called again.
    pub(super) async fn answer(&mut self) -> Result<Reply, Failure> {
        let answer = (&mut self.answer).await;
        answer.unwrap_or_else(|_| Err(Error::Internal("a writing thread broke off".into()).into()))
    }

    /// What the write is known by in the line.
    pub(super) fn ticket(&self) -> Ticket {
        Arc::clone(&self.stage)
    }

    /// Takes the write back, if nobody has taken it on.
    pub(super) fn withdraw(&self) -> bool {
        self.queue.take(&self.stage).is_some()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.withdraw() {
            return;
        }
        let stage = std::mem::replace(&mut *held(&self.stage), Stage::Left);
        if let Stage::Begun(watch, ticket) = stage {
            watch.cancel(ticket);
        }
    }
}

impl Job {
    /// Begins it on a connection, unless nobody waits for it.
    fn begin(&self, session: &Session, timeout: Duration) -> Result<(), Error> {
        let mut stage = held(&self.stage);
        if matches!(*stage, Stage::Left) {
            return Err(Error::Cancelled);
        }
        let ticket = session.watch.begin(timeout, None);
        *stage = Stage::Begun(Arc::clone(&session.watch), ticket);
        Ok(())
    }

    fn is_left(&self) -> bool {
        matches!(*held(&self.stage), Stage::Left)
    }
}

impl Done {
    /// Whether it succeeded, and nobody waits for it any more.
    fn is_for_nobody(&self) -> bool {
        self.result.is_ok() && self.job.is_left()
    }
}

impl Leader<'_> {
    fn run(&self, first: Job) -> Vec<Done> {
        let may_share = !first.is_alone && self.shared.config.sqlite.batch_max > 1;
        // Nobody is waited for: those that come while this one is committed are the next ones.
        if may_share && self.queue.next_is(|next| !next.is_alone) {
            return self.together(first);
        }
        vec![self.alone(first)]
    }

    /// One write in a transaction of its own.
    fn alone(&self, job: Job) -> Done {
        self.done(job, Work::perform)
    }

    /// What comes of a write that is done in some way.
    fn done(
        &self,
        job: Job,
        way: impl FnOnce(&Work, &Session, &mut Output) -> Result<(), Failure>,
    ) -> Done {
        let mut output = Output::held(self.shared);
        let begun = job.begin(self.session, self.timeout);
        let result = begun.map_err(Failure::from);
        let result = result.and_then(|()| way(&job.work, self.session, &mut output));
        Done {
            job,
            output,
            result,
        }
    }

    /// Several in one transaction.
    fn together(&self, first: Job) -> Vec<Done> {
        let begun = Instant::now();
        let opened = first.begin(self.session, self.timeout);
        if let Err(error) = opened.and_then(|()| script::begin(self.session)) {
            return vec![Done {
                output: Output::held(self.shared),
                result: Err(error.into()),
                job: first,
            }];
        }
        let (mut all, mut bytes) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(job) = next {
            let done = self.within(job);
            bytes += done.output.sheet.text.len();
            all.push(done);
            let has_room = all.len() < self.shared.config.sqlite.batch_max
                && bytes < BYTES
                && !self.is_long(begun)
                && self.is_open();
            next = has_room.then(|| self.next()).flatten();
        }
        if self.is_open() && self.close(&all) {
            if all.len() > 1 {
                self.shared.metrics.grouped.inc_by(all.len() as u64);
            }
            return all;
        }
        script::roll_back(self.session);
        if all.len() > 1 {
            self.shared.metrics.ungrouped.inc();
        }
        all.into_iter().map(|done| self.again(done)).collect()
    }

    /// One write in the transaction of several.
    fn within(&self, job: Job) -> Done {
        let begun = Instant::now();
        let done = self.done(job, Work::perform_within);
        if self.is_long(begun) || !self.is_open() {
            self.queue.slow.note(&*done.job.work.script);
        }
        done
    }

    /// The next one that can be taken on.
    fn next(&self) -> Option<Job> {
        self.queue.next(|job| !job.is_alone)
    }

    /// Whether something took longer than others may have to wait for it.
    fn is_long(&self, begun: Instant) -> bool {
        begun.elapsed() >= Duration::from_millis(self.shared.config.sqlite.batch_ms)
    }

    /// Whether the transaction is still there: some errors undo all of it.
    fn is_open(&self) -> bool {
        !self.session.connection.is_autocommit()
    }

    /// Commits what succeeded; whether what all of them are told is true.
    fn close(&self, all: &[Done]) -> bool {
        if all.iter().all(|done| done.result.is_err()) {
            script::roll_back(self.session);
            return true;
        }
        if all.iter().any(Done::is_for_nobody) {
            return false;
        }
        let committed = script::commit(self.session);
        if let Err(error) = &committed {
            tracing::debug!(%error, "writes are not committed together");
        }
        committed.is_ok()
    }

    /// Runs one by itself of which nothing is left, unless it is known what came of it.
    fn again(&self, done: Done) -> Done {
        let is_known =
            |failure: &Failure| matches!(failure.error, Error::Timeout(_) | Error::Cancelled);
        if done.result.as_ref().is_err_and(is_known) {
            return done;
        }
        let seemed_done = done.result.is_ok();
        let again = self.alone(done.job);
        if seemed_done && again.result.is_err() {
            // It is not to undo others the next times.
            self.queue.slow.note(&*again.job.work.script);
        }
        again
    }
}

fn held(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::Sqlite;
    use super::*;
    use crate::Config;
    use crate::metrics::Metrics;
    use futures_util::FutureExt as _;
    use model::metric::Registry;
    use model::{Footprint, Script, Secret};

    fn memory() -> Sqlite {
        let config = Config {
            url: Secret::new("sqlite::memory:".to_owned()),
            ..Config::default()
        };
        Sqlite::open(&config, Metrics::register(&mut Registry::default())).unwrap()
    }

    /// A write of nothing.
    fn work(undone: bool) -> Work {
        let script = Script {
            writes: true,
            calls: false,
            undone,
            steps: Vec::new(),
            roots: Vec::new(),
            refusals: Arc::default(),
            footprint: Footprint::default().into(),
        };
        Work {
            script: Arc::new(script),
            arguments: Vec::new(),
            claim: None,
        }
    }

    #[tokio::test]
    async fn whoever_has_the_connection_is_answered_and_the_others_are_still_in_line() {
        let sqlite = memory();
        // It has a transaction for itself, and is ahead.
        let mut ahead = sqlite.writes.enter(work(true));
        let mut own = sqlite.writes.enter(work(false));
        let lease = sqlite.writer.lease().await.unwrap();
        let lead = |waiter: &Waiter<'_>| {
            sqlite.writes.lead(&waiter.ticket(), &lease, &sqlite.shared);
        };
        lead(&own);
        own.answer().now_or_never().unwrap().unwrap();
        assert!(ahead.answer().now_or_never().is_none());
        lead(&own);
        assert!(ahead.answer().now_or_never().is_none());
        lead(&ahead);
        ahead.answer().now_or_never().unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_is_not_taken_on_can_leave_the_line_and_who_is_cannot() {
        let sqlite = memory();
        let mut taken = sqlite.writes.enter(work(false));
        let waits = sqlite.writes.enter(work(true));
        let lease = sqlite.writer.lease().await.unwrap();
        sqlite.writes.lead(&taken.ticket(), &lease, &sqlite.shared);
        assert!(!taken.withdraw() && waits.withdraw());
        taken.answer().now_or_never().unwrap().unwrap();
        drop(sqlite.writes.enter(work(false)));
        assert!(sqlite.writes.jobs().is_empty());
    }
}
