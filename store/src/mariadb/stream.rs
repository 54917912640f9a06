//! A result of any size, read off the wire row by row and sent on in chunks.
//!
//! Nothing is read ahead: while the receiver takes nothing the server waits in the middle of its
//! sending, so a slow receiver costs a connection and a few chunks of memory, not more; one that
//! takes nothing for too long is dropped.

use super::pool::Held;
use super::session::Session;
use super::settings::Settings;
use super::transaction::complete;
use crate::answer::Answer;
use crate::doors::Inside;
use crate::job::Job;
use crate::json::Sheet;
use crate::large::Larges;
use crate::metrics::Metrics;
use crate::reply::{Chunks, Feeder};
use crate::snag::Snag;
use crate::{Error, Reply};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// What is known about an answer before its first byte is handed out.
enum Head {
    /// It is complete.
    Whole(Vec<u8>),
    /// Chunks follow.
    Chunks,
}

/// Tells whoever started a stream what is to come.
type Announce = oneshot::Sender<Result<Head, Snag>>;

/// What a stream is made with; it holds them until its end.
pub(super) struct Means {
    pub(super) held: Held,
    pub(super) settings: Settings,
    /// Closing the store waits for it.
    pub(super) _inside: Inside,
    pub(super) metrics: Metrics,
    /// Where it is remembered whose results are large.
    pub(super) large: Arc<Larges>,
}

/// Starts a stream; an answer that fits one chunk is given whole.
pub(super) async fn run(means: Means, job: Job) -> Result<Reply, Snag> {
    let (feeder, chunks) = Chunks::channel(|| {});
    let (head, begun) = oneshot::channel();
    tokio::spawn(produce(means, job, head, feeder));
    match begun.await {
        Ok(Ok(Head::Whole(text))) => Ok(Reply::Whole(text.into())),
        Ok(Ok(Head::Chunks)) => Ok(Reply::Stream(chunks)),
        Ok(Err(snag)) => Err(snag),
        Err(_) => Err(Error::Internal("a stream ended before it began".into()).into()),
    }
}

/// Runs to the end or until nobody listens any more.
///
/// Whoever waits for the head holds the chunks too, so the feeder knows when all are gone.
async fn produce(mut means: Means, job: Job, head: Announce, feeder: Feeder) {
    let mut sink = Sink {
        head: Some(head),
        feeder: &feeder,
        settings: &means.settings,
        metrics: &means.metrics,
        handed: 0,
    };
    let outcome = tokio::select! {
        biased;
        () = feeder.closed() => Err(Error::Cancelled.into()),
        () = sleep(means.settings.stream_timeout) => Err(overdue()),
        outcome = read(&mut means.held, &job, &mut sink) => outcome,
    };
    let (head, handed) = (sink.head.take(), sink.handed);
    match outcome {
        Ok(rest) => {
            if handed + rest.len() <= means.settings.bytes_max(false) {
                for step in &job.script.steps {
                    means.large.unseen(&step.statement.sql);
                }
            }
            means.held.release();
            means.metrics.bytes.inc_by(rest.len() as u64);
            if let Some(head) = head {
                drop(head.send(Ok(Head::Whole(rest))));
                return;
            }
            let fed = feeder.feed(rest.into(), means.settings.stall).await;
            feeder.finish(fed);
        }
        Err(snag) => {
            let restore = format!("ROLLBACK; {}", means.settings.shorten());
            means.held.recover(&snag, &restore).await;
            if let Some(head) = head {
                drop(head.send(Err(snag)));
                return;
            }
            means.metrics.stopped(&snag.error);
            feeder.finish(Err(snag.error));
        }
    }
}

/// Runs all steps in one snapshot; gives what is left of the JSON text.
async fn read<'s>(
    session: &mut Session,
    job: &'s Job,
    sink: &mut Sink<'s>,
) -> Result<Vec<u8>, Snag> {
    let settings = sink.settings;
    let transacts = job.script.transacts();
    let mut before = settings.lengthen();
    let mut after = settings.shorten();
    if transacts {
        before = format!("{before}; {}", settings.begin(false));
        after = format!("COMMIT; {after}");
    }
    within(settings, session.control(&before)).await?;
    let mut answer = Answer::new(&job.script, usize::MAX, settings.bounds);
    for index in 0..job.script.steps.len() {
        let (step, _) = job.step(index)?;
        let read = read_step(session, job, index, &mut answer, sink).await;
        read.map_err(|snag| snag.at(step))?;
    }
    within(settings, session.control(&after)).await?;
    sink.metrics.rows.inc_by(answer.rows);
    Ok(answer.finish()?)
}

/// Takes the rows of a step as they come, and hands out each full chunk.
async fn read_step(
    session: &mut Session,
    job: &Job,
    index: usize,
    answer: &mut Answer<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), Snag> {
    let settings = sink.settings;
    let (step, arguments) = job.step(index)?;
    let running = session.execute(&step.statement, arguments, &answer.kept);
    within(settings, running).await?;
    answer.open(index)?;
    while let Some(row) = within(settings, session.next()).await? {
        answer.row(index, &row)?;
        if answer.sheet.text.len() >= settings.chunk_bytes {
            sink.flush(&mut answer.sheet).await?;
        }
    }
    answer.close(index);
    within(settings, complete(session, &step.rows)).await
}

fn overdue() -> Snag {
    Error::Timeout("a stream took longer in all than it may".into()).into()
}

/// Waits for the server as long as a statement may take.
async fn within<T>(
    settings: &Settings,
    waiting: impl Future<Output = Result<T, Snag>>,
) -> Result<T, Snag> {
    match timeout(settings.patience.read, waiting).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(Error::Timeout("no row came for longer than a statement may take".into()).into())
        }
    }
}

/// Where the text goes.
struct Sink<'a> {
    /// Until the first byte is handed out.
    head: Option<Announce>,
    feeder: &'a Feeder,
    settings: &'a Settings,
    metrics: &'a Metrics,
    /// Bytes that were handed out.
    handed: usize,
}

impl Sink<'_> {
    /// Hands out what there is.
    async fn flush(&mut self, sheet: &mut Sheet) -> Result<(), Error> {
        let room = sheet.text.capacity();
        let chunk = Bytes::from(sheet.hand_out(room)?);
        if let Some(head) = self.head.take() {
            head.send(Ok(Head::Chunks)).map_err(|_| Error::Cancelled)?;
        }
        self.metrics.bytes.inc_by(chunk.len() as u64);
        self.handed += chunk.len();
        self.feeder.feed(chunk, self.settings.stall).await
    }
}
